"""An append-only file of lines that any number of windows and processes can write to.

An added line has been flushed to disk. Adding happens under a lock, after reading the lines that others have
added.

Knows bytes and disks. Knows no format.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..errors import StorageError
from ..safety.file_locks import lock
from ..sinks.files import sync_folder


class LineLog:
    """The lines of one file. Every method raises StorageError if the file cannot be read or written."""

    def __init__(self, path: Path, whole: Callable[[bytes], bool]) -> None:
        """`whole` tells whether a last line without a line end is a complete record."""
        self.path = path
        self._whole = whole
        self._lock = threading.RLock()
        self._inode = 0
        self._offset = 0
        self.lines = 0
        """Number of lines read, empty ones included."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock against other threads."""
        with self._lock:
            yield

    def read(self) -> tuple[bool, list[bytes]]:
        """The lines added since the last call, and whether the file was replaced.

        If it was replaced by another file, these are all lines of that file.
        """
        with self._lock:
            try:
                fd = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            except FileNotFoundError:
                anew = self._inode != 0
                self._inode = self._offset = self.lines = 0
                return anew, []
            except OSError as error:
                raise self._refused(error, "read") from error
            try:
                lock(fd, self.path, shared=True)  # else a write that is taken back could be seen
                return self._news(fd)
            except OSError as error:
                raise self._refused(error, "read") from error
            finally:
                os.close(fd)

    def append(self, decide: Callable[[bool, list[bytes]], Sequence[bytes]]) -> None:
        """Add lines and flush them to disk.

        `decide` is called with the result of `read` and returns the lines to add, without line ends. If it
        raises, nothing is added.
        """
        with self._lock:
            fd = self._open()
            try:
                lines = decide(*self._news(fd))
                if lines:
                    self._write(fd, b"".join(line + b"\n" for line in lines))
                    self.lines += len(lines)
            except OSError as error:
                raise self._refused(error, "written") from error
            finally:
                os.close(fd)

    def _open(self) -> int:
        """Open and lock the file."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while True:
                fresh = not self.path.exists()
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
                lock(fd, self.path)
                # Somebody may have put another file in its place while the lock was waited for.
                if self.path.exists() and self.path.stat().st_ino == os.fstat(fd).st_ino:
                    break
                os.close(fd)
            if fresh:
                sync_folder(self.path.parent)
        except OSError as error:
            raise self._refused(error, "written") from error
        return fd

    def _news(self, fd: int) -> tuple[bool, list[bytes]]:
        status = os.fstat(fd)
        anew = self._inode != 0 and (status.st_ino != self._inode or status.st_size < self._offset)
        if anew:
            self._offset = self.lines = 0
        self._inode = status.st_ino
        os.lseek(fd, self._offset, os.SEEK_SET)
        parts = []
        while part := os.read(fd, 1 << 20):
            parts.append(part)
        *whole, rest = b"".join(parts).split(b"\n")
        self._offset += sum(len(line) + 1 for line in whole)
        self.lines += len(whole)
        if rest.strip() and self._whole(rest):
            # A file that was put together by hand may lack its last line end.
            self._offset += len(rest)
            self.lines += 1
            whole.append(rest)
        return anew, whole

    def _write(self, fd: int, data: bytes) -> None:
        end = os.fstat(fd).st_size
        if end > self._offset:
            # Of a line that was being written when the power went; nobody was told that it is there.
            os.ftruncate(fd, self._offset)
            end = self._offset
        os.lseek(fd, max(0, end - 1), os.SEEK_SET)
        if end and os.read(fd, 1) != b"\n":
            data = b"\n" + data
        try:
            os.lseek(fd, end, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(fd, left) :]
            os.fsync(fd)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(fd, end)
            raise
        self._offset = end + len(data)

    def _refused(self, error: OSError, done: str) -> StorageError:
        return StorageError(
            f"cannot be {done}: {error.strerror or error}",
            where=str(self.path),
            next_step="Nothing saved is lost; fix the problem and try again",
        )


def now() -> str:
    """The current time in UTC, as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
