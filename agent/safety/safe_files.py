"""Opens files whose names the program chose itself, in folders that may not be trusted.

A folder from an archive or a repository may contain links. A name that the user typed may be a link, and is
followed. A name that was derived from it (`NAME.partial`, a lock, a note of a vault) is never followed: a
link there is removed, and its target is left unchanged.

Knows names and descriptors. Knows no formats.
"""

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_derived(path: Path, mode: int = 0o666) -> int:
    """A descriptor to read and write the file at a derived name, created if missing.

    Its content is kept. Raises OSError, also if it is not a regular file.
    """
    drop_link(path)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | _NONBLOCK | _NOFOLLOW | _BINARY, mode)
    try:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink > 1:
            raise OSError(errno.EINVAL, "is not a regular file, or has hard links", str(path))
    except BaseException:
        os.close(fd)
        raise
    return fd


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Create a folder at a derived name; its parent is the user's and must exist.

    Raises NotADirectoryError for a link.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=mode)
    if path.is_symlink() or not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "is a link or a file, not a folder", str(path))


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write the file at a derived name atomically; a link at that name is replaced by a file.

    Raises OSError.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def make_folders(path: Path, within: Path) -> None:
    """Create the folders from `within`, which the user named, down to `path`; none of these may be a link.

    Raises OSError.
    """
    within.mkdir(parents=True, exist_ok=True)
    step = within
    for name in path.relative_to(within).parts:
        step = step / name
        make_folder(step)


def drop_link(path: Path) -> None:
    """Remove a link at a derived name; a regular file is kept. Raises OSError."""
    try:
        state = path.lstat()
    except OSError:
        return
    if stat.S_ISLNK(state.st_mode) or (stat.S_ISREG(state.st_mode) and state.st_nlink > 1):
        path.unlink()


def exists(word: str) -> bool:
    """Whether there is a file or folder of this name; a word that cannot be a name is none."""
    try:
        return Path(word).exists()
    except (OSError, ValueError):
        return False
