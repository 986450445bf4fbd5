"""Locks on files, as far as the system and the file system have them.

Windows has none of this kind, nor have Lustre as most clusters mount it and NFS without a lock service. There
everybody is alone: nobody is kept out, and that is said once.

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
    """Lock an open file until it is closed; `where` is its path. Gives False where there are no locks.

    `wait` False: raises BlockingIOError where somebody else has it. Raises OSError for what else the disk
    says.
    """
    if _fcntl is None:
        return False
    kind = _fcntl.LOCK_SH if shared else _fcntl.LOCK_EX
    try:
        _fcntl.flock(file, kind if wait else kind | _fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _say_once(f"{where.absolute().parent}: no locks on this file system; let no two runs write there")
        return False
    return True


def can_lock_ranges(file: IO[bytes]) -> bool:
    """Whether SQLite finds the locks that it needs; without, it waits for them in vain."""
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
