"""Who is asking what: so that processes that share a cache do not ask the same question twice.

While one process has a cache for itself, nothing is written down. Once there are several, each says what it
is about to ask in a small table beside the answers, and waits for the answer where another one says so. A
process that dies lets go of all it said: what stands for it being there is a lock on a file, which the
system takes back.

Knows keys. Knows no questions and no answers.
"""

import asyncio
import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .errors import StorageError

try:
    import fcntl
except ImportError:  # pragma: no cover  (Windows: every process is alone)
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")

NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""What a file system says that has no locks: there, every process is alone."""

LOOK_S = 0.2
"""How often a process looks whether it is alone, and whether another's answer has come."""


class Claims:
    """The claims on one cache directory. Raises StorageError where it cannot be written."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "running"
        self._database = directory / "claims.db"
        self._name = f"{os.getpid()}-{time.time_ns():x}"
        self._looked = 0.0
        self._others = False
        self._fd = -1
        self._without_locks = False
        self._table: sqlite3.Connection | None = None
        self._wanted: list[tuple[str, asyncio.Future[bool]]] = []
        self._settled: list[str] = []

    async def ask_once(self, key: str, look_up: Callable[[], T | None]) -> T | None:
        """The answer that another process got in the meantime; None: it is ours to ask.

        In the second case `settle` must be called when it is in the cache, or will not be.
        """
        if self._without_locks or not self._has_company():
            return None
        while True:
            if await self._claim(key):
                found = look_up()
                if found is not None:
                    self.settle(key)
                return found
            await asyncio.sleep(LOOK_S)
            if (found := look_up()) is not None:
                return found

    def settle(self, key: str) -> None:
        """Let go of a key."""
        if self._table is not None:
            self._settled.append(key)
            self._soon()

    def close(self) -> None:
        """Let go of everything."""
        with contextlib.suppress(OSError, sqlite3.Error, StorageError):
            if self._table is not None:
                self._flush()
                self._table.execute("DELETE FROM claims WHERE owner = ?", (self._name,))
                self._table.close()
            if self._fd >= 0:
                (self._folder / self._name).unlink(missing_ok=True)
                os.close(self._fd)
        self._table, self._fd = None, -1

    def _has_company(self) -> bool:
        now = time.monotonic()
        if fcntl is not None and (self._fd < 0 or now - self._looked >= LOOK_S):
            self._looked = now
            try:
                self._show()
                names = [file.name for file in self._folder.iterdir() if file.name != self._name]
            except OSError as error:
                if error.errno in NO_LOCKS:
                    self._without_locks = True
                    return False
                raise self._broken(error) from error
            self._others = any(self._is_there(name) for name in names)
        return self._others

    def _show(self) -> None:
        """Be seen by the others."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = self._folder / self._name
        while self._fd < 0:
            fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX)
            except OSError:
                os.close(fd)
                file.unlink(missing_ok=True)
                raise
            if file.exists():
                self._fd = fd
            else:
                os.close(fd)  # somebody saw it before it was locked, and took it for a dead one's

    def _is_there(self, name: str) -> bool:
        """Whether the process still is; the file of one that is not is removed."""
        file = self._folder / name
        try:
            fd = os.open(file, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            file.unlink(missing_ok=True)
            return False
        finally:
            os.close(fd)

    async def _claim(self, key: str) -> bool:
        """Whether the key is ours now."""
        ours: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._wanted.append((key, ours))
        self._soon()
        return await ours

    def _soon(self) -> None:
        if len(self._wanted) + len(self._settled) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """All that came together, in one transaction."""
        wanted, self._wanted = self._wanted, []
        settled, self._settled = self._settled, []
        try:
            owners = self._exchange([key for key, _ in wanted], settled)
        except (OSError, sqlite3.Error) as error:
            broken = self._broken(error)
            for _, ours in wanted:
                if not ours.done():
                    ours.set_exception(broken)
            return
        for key, ours in wanted:
            if not ours.done():
                ours.set_result(owners[key] == self._name)

    def _exchange(self, wanted: list[str], settled: list[str]) -> dict[str, str]:
        """Claim some keys and let go of others; gives who has the claimed ones."""
        if self._table is None:
            self._table = sqlite3.connect(self._database, timeout=60, isolation_level=None)
            # Nothing here outlives its process, so nothing need survive a power cut.
            self._table.execute("PRAGMA journal_mode = WAL")
            self._table.execute("PRAGMA synchronous = OFF")
            self._table.execute(
                "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID"
            )
        table = self._table
        table.execute("BEGIN IMMEDIATE")
        try:
            # Whoever was cancelled while it waited lets go, too, of what another holds.
            ours = [(key, self._name) for key in settled]
            table.executemany("DELETE FROM claims WHERE key = ? AND owner = ?", ours)
            owners = {}
            gone: dict[str, bool] = {}
            for key in wanted:
                row = table.execute("SELECT owner FROM claims WHERE key = ?", (key,)).fetchone()
                owner = str(row[0]) if row else None
                if owner is not None and owner != self._name:
                    if owner not in gone:
                        gone[owner] = not self._is_there(owner)
                    if gone[owner]:
                        owner = None
                if owner is None:
                    table.execute("REPLACE INTO claims VALUES (?, ?)", (key, self._name))
                    owner = self._name
                owners[key] = owner
            table.execute("COMMIT")
        except BaseException:
            table.execute("ROLLBACK")
            raise
        return owners

    def _broken(self, error: Exception) -> StorageError:
        return StorageError(
            f"cannot say in the cache what is asked: {getattr(error, 'strerror', None) or error}",
            where=str(self._folder),
            next_step="Free the disk or name another with --cache-dir; what was answered is kept",
        )
