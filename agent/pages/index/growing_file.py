"""Reads the complete lines of a file that another process appends to.

A file is recognised by its inode and by the bytes before the current position, so that a replaced, truncated
or rewritten file is told from one that grew.

Knows bytes. Knows no cards.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_MARK_BYTES = 4096
"""Number of bytes in the mark: more than the end of a card, which is the same in all cards of a run."""
_CHUNK_BYTES = 1 << 20


@dataclass
class Place:
    """A position in a file."""

    inode: int = 0
    """Inode of the file; 0 if nothing was read."""
    offset: int = 0
    """Offset in bytes, always just after a line end."""
    marked: int = 0
    """Number of bytes before `offset` that the mark covers."""
    mark: str = ""
    """SHA-256 of these bytes in hex."""
    lines: int = 0
    """Number of lines read, for messages."""


@dataclass
class Tail:
    """The lines of one file as they are appended."""

    path: Path
    place: Place = field(default_factory=Place)

    def inode(self) -> int:
        """Inode of the file as it is now; 0 if there is no file."""
        try:
            return self.path.stat().st_ino
        except OSError:
            return 0

    def grew_only(self) -> bool:
        """Whether everything read so far is still in the file."""
        place = self.place
        if place.inode == 0:
            return True
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != place.inode or status.st_size < place.offset:
                    return False
                file.seek(place.offset - place.marked)
                return not place.marked or _digest(file.read(place.marked)) == place.mark
        except OSError:
            return False

    def read(self, most: int = 500) -> Iterator[list[tuple[int, bytes]]]:
        """The complete lines after `place`, each with its number, in lists of at most `most`.

        `place` is moved past a list before the list is yielded.
        """
        try:
            file = self.path.open("rb")
        except OSError:
            return
        with file:
            self.place.inode = os.fstat(file.fileno()).st_ino
            file.seek(self.place.offset)
            rest = b""
            while chunk := file.read(_CHUNK_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                for start in range(0, len(whole), most):
                    yield self._take(whole[start : start + most])

    def unfinished(self) -> bytes:
        """The bytes after the last line end."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.place.offset)
                return file.read(_CHUNK_BYTES)
        except OSError:
            return b""

    def skip(self, rest: bytes) -> None:
        """Mark the result of `unfinished` as read."""
        self._move(rest, 1)

    def _take(self, lines: list[bytes]) -> list[tuple[int, bytes]]:
        numbered = list(enumerate(lines, start=self.place.lines + 1))
        self._move(b"\n".join(lines) + b"\n", len(lines))
        return numbered

    def _move(self, over: bytes, lines: int) -> None:
        last = over[-_MARK_BYTES:]
        self.place.offset += len(over)
        self.place.marked, self.place.mark = len(last), _digest(last)
        self.place.lines += lines

    def saved(self) -> dict[str, Any]:
        """The position as JSON data."""
        return asdict(self.place)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
