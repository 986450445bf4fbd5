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


class Converted(io.RawIOBase):
    """Bytes as something makes them of a stream, in pieces."""

    def __init__(self, stream: BinaryIO, before: bytes = b"") -> None:
        """`before` comes before the first piece."""
        self.stream = stream
        self._left = before

    def more(self, most: int) -> bytes:
        """The next piece, empty at the end; `most` is how many bytes are asked for."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer with what is there of a piece; the number of bytes."""
        view = memoryview(buffer).cast("B")
        if not self._left:
            self._left = self.more(len(view))
        data = self._left[: len(view)]
        self._left = self._left[len(data) :]
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close it and the stream."""
        super().close()
        self.stream.close()


class _Replayed(Converted):
    """A pipe that starts again from its first bytes."""

    def more(self, most: int) -> bytes:
        return _some(self.stream, most)


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
    return head, io.BufferedReader(_Replayed(stream, head), _HEAD_BYTES)


def _some(stream: BinaryIO, most: int) -> bytes:
    """What a stream has now, so that a slow writer's first paper does not wait for its last."""
    if isinstance(stream, io.BufferedIOBase):
        return stream.read1(most)
    return stream.read(most)
