"""Reads lines of bytes with a maximum length, so that memory is bounded.

Knows no format.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from ..bibliography.charset import decoded, readable
from .bounds import MAX_RECORD_BYTES

BOM = b"\xef\xbb\xbf"

_UNDECODED = re.compile("[\\udc80-\\udcff]")
_SKIPPED_AT_ONCE = 1 << 16


def raw_lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Each line with its end, without byte order mark; None for a line that is too long."""
    readline = stream.readline
    line = readline(MAX_RECORD_BYTES + 1).removeprefix(BOM)
    while line:
        if len(line) <= MAX_RECORD_BYTES or line.endswith(b"\n"):
            yield line
        else:
            del line
            while (rest := readline(_SKIPPED_AT_ONCE)) and not rest.endswith(b"\n"):
                pass
            yield None
        line = readline(MAX_RECORD_BYTES + 1)


def text_of(line: bytes) -> str | None:
    """A line as text: UTF-8, else Windows-1252 if possible; None if neither."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        text = readable(decoded(line))
        return None if _UNDECODED.search(text) else text


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason for a record that is not UTF-8."""
    return f"is not valid UTF-8 (byte {error.start + 1} of the line); save it as UTF-8"
