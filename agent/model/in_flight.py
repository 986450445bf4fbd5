"""Locks on cache keys, so that processes sharing a cache do not send the same request twice.

A process that uses a cache alone writes nothing. Once there are several, each locks a file in `asking/` for
each of its requests, and waits for the answer if another process holds that lock. The OS releases the locks
of a dead process; that a process is there is known from a locked file in `running/`.

Knows keys. Knows no questions and no answers.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from ..errors import StorageError
from ..safety.file_locks import lock

T = TypeVar("T")

LOOK_S = 0.2
"""Seconds between checks for other processes and for their answers."""


class InFlight:
    """The locks of one cache directory. Raises StorageError if it cannot be written."""

    def __init__(self, directory: Path) -> None:
        self._running = directory / "running"
        self._asking = directory / "asking"
        self._own = self._running / f"{os.getpid()}-{time.time_ns():x}"
        self._looked = 0.0
        self._others = False
        self._without_locks = False
        self._held: dict[Path, int] = {}
        """Descriptors of locked files."""

    async def ask_once(self, key: str, look_up: Callable[[], T | None]) -> T | None:
        """The answer that another process got in the meantime; None if this process must send the request.

        In the second case call `settle` when the answer is in the cache, or has failed.
        """
        if self._without_locks or not self._has_company():
            return None
        while not self._take(self._asking / key):
            await asyncio.sleep(LOOK_S)
            if (found := look_up()) is not None:
                return found
        if (found := look_up()) is not None:
            self.settle(key)
        return found

    def settle(self, key: str) -> None:
        """Release the lock on a key."""
        self._let_go(self._asking / key)

    def close(self) -> None:
        """Release all locks."""
        for file in list(self._held):
            self._let_go(file)

    def _has_company(self) -> bool:
        now = time.monotonic()
        if self._own not in self._held or now - self._looked >= LOOK_S:
            self._looked = now
            if not self._show():
                return False
            with self._locking():
                files = [file for file in self._running.iterdir() if file != self._own]
            self._others = any(map(self._is_locked, files))
        return self._others

    def _show(self) -> bool:
        """Announce this process to the others; False without file locks, so every process is alone."""
        while self._own not in self._held and not self._without_locks:
            # Where it fails, somebody saw the file before it was locked, and took it for a dead one's.
            self._take(self._own)
        return not self._without_locks

    def _is_locked(self, file: Path) -> bool:
        """Whether the process of a file is still running; the file of a dead one is removed."""
        if not self._take(file):
            return True
        self._let_go(file)
        return False

    def _take(self, file: Path) -> bool:
        """Lock a file, unless another process holds it or removes it at this moment."""
        with self._locking():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            try:
                fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            except PermissionError:
                if file.exists():
                    return True  # another user's, who cannot be asked
                raise
            try:
                self._without_locks = not lock(fd, file, wait=False)
                taken = self._without_locks or _is_at(fd, file)
            except BlockingIOError:
                taken = False
            except BaseException:
                os.close(fd)
                raise
            if taken:
                self._held[file] = fd
            else:
                os.close(fd)
        return taken

    def _let_go(self, file: Path) -> None:
        if (fd := self._held.pop(file, None)) is not None:
            with suppress(OSError):
                file.unlink(missing_ok=True)
            os.close(fd)

    @contextmanager
    def _locking(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(
                f"cannot lock the cache: {error.strerror or error}",
                where=str(self._running),
                next_step="Free disk space or choose another folder with --cache-dir; cached answers are "
                "kept",
            ) from error


def _is_at(fd: int, file: Path) -> bool:
    """Whether an open file is the one at a path, which somebody else may have removed or made anew."""
    try:
        return os.path.samestat(os.fstat(fd), file.stat())
    except FileNotFoundError:
        return False
