"""Locks on cache keys, so that processes sharing a cache do not send the same request twice.

A process that uses a cache alone writes nothing. Once there are several, each enters its requests in a small
table beside the answers, and waits for the answer if another process has entered the same request. A dead
process's locks lapse: each process holds a file lock in `running/`, which the OS releases.

Knows keys. Knows no questions and no answers.
"""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import StorageError
from ..safety.file_locks import lock
from .shared_tables import patiently

T = TypeVar("T")

LOOK_S = 0.2
"""Seconds between checks for other processes and for their answers."""


class InFlight:
    """The locks of one cache directory. Raises StorageError if it cannot be written."""

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
        """The answer that another process got in the meantime; None if this process must send the request.

        In the second case call `settle` when the answer is in the cache, or has failed.
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
        """Release the lock on a key."""
        if self._table is not None:
            self._settled.append(key)
            self._soon()

    def close(self) -> None:
        """Release all locks."""
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
        if self._fd < 0 or now - self._looked >= LOOK_S:
            self._looked = now
            try:
                if not self._show():
                    self._without_locks = True
                    return False
                names = [file.name for file in self._folder.iterdir() if file.name != self._name]
            except OSError as error:
                raise self._broken(error) from error
            self._others = any(self._is_there(name) for name in names)
        return self._others

    def _show(self) -> bool:
        """Announce this process to the others; False without file locks, so every process is alone."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = self._folder / self._name
        while self._fd < 0:
            fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                locked = lock(fd, file)
            except OSError:
                os.close(fd)
                raise
            if not locked:
                os.close(fd)
                file.unlink(missing_ok=True)
                return False
            if file.exists():
                self._fd = fd
            else:
                os.close(fd)  # somebody saw it before it was locked, and took it for a dead one's
        return True

    def _is_there(self, name: str) -> bool:
        """Whether a process is still running; the file of a dead one is removed."""
        file = self._folder / name
        try:
            fd = os.open(file, os.O_RDWR)
        except OSError:
            return False
        try:
            lock(fd, file, wait=False)
        except OSError:
            return True
        else:
            file.unlink(missing_ok=True)
            return False
        finally:
            os.close(fd)

    async def _claim(self, key: str) -> bool:
        """Whether this process now holds the lock on the key."""
        ours: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._wanted.append((key, ours))
        self._soon()
        return await ours

    def _soon(self) -> None:
        if len(self._wanted) + len(self._settled) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Send all pending changes in one transaction."""
        # Who has gone in the meantime would never let go of what it got.
        wanted, self._wanted = [(key, ours) for key, ours in self._wanted if not ours.done()], []
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
        """Lock some keys and release others; returns the owners of the wanted ones."""
        if self._table is None:
            opened = sqlite3.connect(self._database, timeout=60, isolation_level=None)
            # Nothing here outlives its process, so nothing need survive a power cut.
            patiently(opened, "PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = OFF")
            patiently(
                opened,
                "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID",
            )
            self._table = opened
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
            f"cannot lock the cache: {getattr(error, 'strerror', None) or error}",
            where=str(self._folder),
            next_step="Free disk space or choose another folder with --cache-dir; cached answers are kept",
        )
