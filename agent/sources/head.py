"""Looks at the first bytes of a stream before it is read.

Knows bytes. Knows no format.
"""

import io
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput
from .lines import BOM

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEAD_BYTES = 1 << 16
"""Number of first bytes that formats may examine."""

_ODD_SHARE = 0.3
"""Maximum share of characters that do not occur in text; Latin-1 has about 5 %."""


def head_of(name: str, stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes without byte order mark, and a stream that still has them."""
    try:
        head, stream = _peek(stream)
    except OSError as error:
        raise BadInput(f"cannot read: {error.strerror}", where=name) from error
    head = head.removeprefix(BOM)
    if not head.strip():
        raise BadInput("is empty", where=name)
    return head, stream


def why_no_text(head: bytes) -> str:
    """Why this cannot be text in UTF-8, else empty; a few bad bytes only affect their records."""
    if head.startswith(b"%PDF-") or head.count(b"\0") > len(head) // 50:
        return "is a binary file, not text"
    text = head.decode("utf-8", "replace")
    odd = sum(c == "\ufffd" or (c < " " and c not in "\t\r\n\f\0") for c in text)
    if odd > _ODD_SHARE * len(text):
        return "is not text in UTF-8: a binary file, or another encoding"
    return ""


class _Replayed(io.RawIOBase):
    """A pipe that starts again from its first bytes."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._head[: len(view)] or _some(self._rest, len(view))
        self._head = self._head[len(data) :]
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        super().close()
        self._rest.close()


def _peek(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes, at least one whole line if it is short, and a stream that still has them."""
    if stream.seekable():
        start = stream.tell()
        head = stream.read(_HEAD_BYTES)
        stream.seek(start)
        return head, stream
    head = b""
    while b"\n" not in head.lstrip() and len(head) < _HEAD_BYTES:
        more = _some(stream, _HEAD_BYTES)
        if not more:
            break
        head += more
    return head, io.BufferedReader(_Replayed(head, stream), _HEAD_BYTES)


def _some(stream: BinaryIO, most: int) -> bytes:
    """What a stream has now, so that a slow writer's first paper does not wait for its last."""
    if isinstance(stream, io.BufferedIOBase):
        return stream.read1(most)
    return stream.read(most)
