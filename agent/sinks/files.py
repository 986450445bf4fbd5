"""Files that never hold half a record: whole appends, and a name that appears when all is there.

Knows bytes and disks. Knows no format.
"""

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from ..errors import StorageError
from ..safety.file_locks import lock
from ..safety.safe_files import make_folders, open_derived

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space and run the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space and run the same command again"),
    errno.EFBIG: ("the file would be larger than is allowed here", "Raise the limit (ulimit -f)"),
    errno.EROFS: ("the file system is read-only", "Choose another folder with -o"),
    errno.EACCES: ("no permission to write there", "Choose another folder with -o"),
    errno.EPERM: ("no permission to write there", "Choose another folder with -o"),
    errno.ENOTDIR: ("is a file, but a folder is needed", "Choose another folder with -o"),
    errno.EMFILE: ("too many files are open", "Use fewer shards, or raise the limit (ulimit -n)"),
    errno.EEXIST: ("is a file, but a folder is needed", "Choose another folder with -o"),
}


class RecordFile:
    """A file that grows by whole records.

    A write that fails is taken back to the last whole record. One process writes to it at a time. Raises
    StorageError, here and in every method, if the file cannot be written.
    """

    def __init__(self, path: Path, *, keep: bool = False, derived: bool = False) -> None:
        """`keep`: what is in it stays, and records are added to it.

        `derived`: the user did not type this name, so that no link is followed that lies there.
        """
        self.path = path
        self.size = 0
        """Size of the complete records in bytes."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise StorageError("is a folder, not a file", where=str(path), next_step="Give a file in it")
            # Emptied only under the lock: another run may be writing to it.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._fd = open_derived(path) if derived else os.open(path, flags, 0o666)
        except OSError as error:
            refuse(path, error)
        try:
            lock(self._fd, path, wait=False)
            if keep:
                self.size = os.lseek(self._fd, 0, os.SEEK_END)
            else:
                os.ftruncate(self._fd, 0)
        except BlockingIOError as error:
            os.close(self._fd)
            raise StorageError(
                "in use by another run",
                where=str(path),
                next_step="Wait for that run, or give each output once",
            ) from error
        except OSError as error:
            os.close(self._fd)
            refuse(path, error)
        self._open = True

    def append(self, record: bytes) -> None:
        """Add the whole of it, or nothing."""
        left = memoryview(record)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except BaseException as error:
            with contextlib.suppress(OSError):
                self._cut(self.size)
            if isinstance(error, OSError):
                refuse(self.path, error)
            raise
        self.size += len(record)

    def cut(self, size: int) -> None:
        """Leave only so many bytes of it."""
        try:
            self._cut(size)
        except OSError as error:
            refuse(self.path, error)

    def _cut(self, size: int) -> None:
        os.ftruncate(self._fd, size)
        os.lseek(self._fd, size, os.SEEK_SET)
        self.size = size

    def finish(self) -> None:
        """Flush the file to disk and close it."""
        if not self._open:
            return
        try:
            os.fsync(self._fd)
        except OSError as error:
            refuse(self.path, error)
        finally:
            self.release()

    def release(self) -> None:
        """Close the file without changes."""
        if self._open:
            self._open = False
            os.close(self._fd)
            self._fd = -1  # the system soon gives the number to another file


class PartialFile:
    """A file that is `NAME.partial` until it is complete; an older file NAME stays until then."""

    def __init__(self, path: Path, *, derived: bool = False, within: Path | None = None) -> None:
        """`derived`: the user did not type this name, so that a link that lies there is replaced.

        `within` is a folder that the user named, in which this name was derived: no folder between them
        may be a link, either.
        """
        self.path = path
        self._hash = hashlib.sha256()
        if within is not None:
            try:
                make_folders(path.parent, within)
            except OSError as error:
                refuse(path.parent, error)
        self._target = _target(path, follow=not derived and within is None)
        self._records = RecordFile(_beside(self._target, ".partial"), derived=True)
        self._done = False
        self.whole = False
        """Whether it has its name."""

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._records.size

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes so far, in hex."""
        return self._hash.hexdigest()

    def append(self, record: bytes) -> None:
        """Add the whole of it, or nothing."""
        self._records.append(record)
        self._hash.update(record)

    def settle(self) -> None:
        """Flush it to disk; nothing more is added."""
        if not self._done:
            self._records.finish()

    def commit(self, last: bytes = b"") -> None:
        """Add `last`, settle, and give it its name. A second call does nothing."""
        if self._done:
            return
        if last:
            self.append(last)
        self.settle()
        self._done = True
        try:
            self._records.path.replace(self._target)
        except OSError as error:
            refuse(self._target, error)
        self.whole = True
        sync_folder(self._target.parent)

    def abandon(self) -> None:
        """Leave `NAME.partial` behind, unless it is empty."""
        if self._done:
            return
        self._done = True
        self._records.release()
        if self._records.size == 0:
            with contextlib.suppress(OSError):
                self._records.path.unlink()


class LibraryFile:
    """A file that a library opens and writes itself, at `place`; it gets its name when it is complete.

    `NAME.partial` is empty meanwhile and tells other runs that somebody writes. Raises StorageError, here and
    in every method, if the file cannot be written.
    """

    def __init__(self, path: Path, beside: tuple[str, ...] = ()) -> None:
        """`beside` are the ends of names that the library gives to files of its own next to it."""
        self.path = path
        self._target = _target(path)
        # A lock of ours on the file itself might be in the way of the library's, on some systems.
        self._lock = RecordFile(_beside(self._target, ".partial"), derived=True)
        self.place = _beside(self._target, ".writing")
        """Where the library writes; nothing is there yet."""
        self._beside = tuple(_beside(self.place, end) for end in beside)
        self._done = False
        self.whole = False
        """Whether it has its name."""
        self.size = 0
        """Final size in bytes."""
        self.sha256 = hashlib.sha256().hexdigest()
        """SHA-256 of these bytes, in hex."""
        try:
            for left in (self.place, *self._beside):
                left.unlink(missing_ok=True)
        except OSError as error:
            self._lock.release()
            refuse(self.place, error)

    def commit(self) -> None:
        """Flush it to disk and give it its name; the library has closed it.

        A second call does nothing.
        """
        if self._done:
            return
        try:
            self._measure(sync=True)
            self.place.replace(self._target)
        except OSError as error:
            refuse(self._target, error)
        self._done = self.whole = True
        self._lock.release()
        with contextlib.suppress(OSError):
            self._lock.path.unlink()
        sync_folder(self._target.parent)

    def abandon(self, *, keep: bool) -> None:
        """Leave it as `NAME.partial`, or nothing; the library has closed it."""
        if self._done:
            return
        self._done = True
        with contextlib.suppress(OSError):
            if keep:
                self._measure(sync=False)
                self.place.replace(self._lock.path)
            else:
                self._lock.path.unlink()
        self._lock.release()
        for left in (self.place, *self._beside):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)

    def _measure(self, *, sync: bool) -> None:
        with self.place.open("rb+") as file:
            if sync:
                os.fsync(file.fileno())
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self.size = file.tell()


def _target(path: Path, *, follow: bool = True) -> Path:
    """The file that a name stands for: a link that is followed stays, and what is behind it is replaced."""
    if not follow and path.is_symlink():
        return path
    if path.is_dir():
        raise StorageError("is a folder, not a file", where=str(path), next_step="Give a file in it")
    return path.resolve() if path.is_symlink() else path


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def replace_file(path: Path, data: bytes) -> None:
    """Replace the content of a file atomically. The old content stays until the new content is on disk.

    Raises StorageError. Files that held nothing before are not waited for: who makes thousands can make them
    again.
    """
    temporary = path.with_name(".papercards.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        # A file of its own: a link that lies there under this name leads nowhere.
        with temporary.open("xb") as file:
            file.write(data)
            if path.exists():
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        refuse(path, error)


def refuse(path: Path, error: OSError) -> NoReturn:
    """Raise the StorageError for an error of the system."""
    reason = f"cannot write: {error.strerror or error}"
    message, next_step = _REASONS.get(error.errno or 0, (reason, ""))
    raise StorageError(message, where=str(path), next_step=next_step) from error


def sync_folder(folder: Path) -> None:
    """Flush a new file name to disk, where the system supports it."""
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def write_file(
    path: Path, parts: Iterable[bytes], *, derived: bool = False, within: Path | None = None
) -> int:
    """Write a file atomically, see `PartialFile`; returns its size in bytes. Raises StorageError."""
    file = PartialFile(path, derived=derived, within=within)
    try:
        for part in parts:
            file.append(part)
        file.commit()
    finally:
        file.abandon()
    return file.size


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file of lines atomically. Raises StorageError."""
    write_file(path, (line.encode() + b"\n" for line in lines))
