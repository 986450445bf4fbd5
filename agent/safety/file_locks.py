"""File locks, where the operating system and file system support them.

Windows does not have this kind of lock, nor do Lustre as mounted on most clusters and NFS without a lock
service. There, no process is kept out, and a warning is printed once.

Knows open files. Knows no formats.
"""

import errno
import logging
from pathlib import Path
from types import ModuleType
from typing import IO

_fcntl: ModuleType | None
try:
    import fcntl as _fcntl
except ImportError:  # pragma: no cover  (Windows)
    _fcntl = None

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})


def lock(file: int | IO[bytes], where: Path, *, shared: bool = False, wait: bool = True) -> bool:
    """Lock an open file until it is closed; `where` is its path. Returns False if locks are not supported.

    Without `wait`, raises BlockingIOError if another process holds the lock. Raises OSError for other errors.
    """
    if _fcntl is None:
        return False
    kind = _fcntl.LOCK_SH if shared else _fcntl.LOCK_EX
    try:
        _fcntl.flock(file, kind if wait else kind | _fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _say_once(
            f"{where.absolute().parent}: this file system has no locks; do not write there from two runs at "
            "once"
        )
        return False
    return True


def can_lock_ranges(file: IO[bytes]) -> bool:
    """Whether SQLite's locks work on this file system; if not, it would wait forever."""
    if _fcntl is None:
        return True
    try:
        _fcntl.lockf(file, _fcntl.LOCK_SH | _fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    return True


_said: list[str] = []


def _say_once(text: str) -> None:
    if not _said:
        _said.append(text)
        logging.getLogger("papercards").warning("papercards: %s", text)
