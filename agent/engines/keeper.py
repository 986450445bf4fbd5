"""What the workers of a run share: who asks which question, who reads which paper, how far each is.

A `Keeper` owns some shelves of the answers (`buckets`) and some of the papers' ids; a `Board` hears from
every worker and grants the limits of endpoints. Each is one process of the cluster that all workers call.
Both may die and come back: what matters is on disk.

Knows keys, marks and numbers. Knows no engine; `cluster` makes actors of these.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..id_set import IdMap
from ..model.lease_book import Lease, LeaseBook, Report
from .buckets import Buckets
from .done import Done
from .place import Place

SILENT_S = 10.0
"""Seconds after which a worker that says nothing is taken for dead."""

NEW, EARLIER, AGAIN = range(3)
"""What a paper is: to be read in this batch; with a card of an earlier run; in another batch of this run."""


class Keeper:
    """One owner of answers and ids. Raises StorageError if their places cannot be read or written."""

    def __init__(
        self, cache: str | None, shelves: str, done: str | None, run: int, share: tuple[int, int]
    ) -> None:
        """`cache`: address of the answers, None for none; `done`: of the output, None for no ids.

        `share`: this one's number and the number of keepers; a mark is that of keeper `mark % keepers`.
        """
        self._buckets = Buckets(Place(cache), shelves) if cache is not None else None
        self._claims: dict[str, str] = {}
        self._alive: dict[str, float] = {}
        self._new: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._batches = IdMap()
        """For each row of this run the batch that reads it."""
        number, keepers = share
        earlier = []
        for its_run, batch, marks in Done(Place(done)).all() if done is not None else ():
            every = np.frombuffer(marks, dtype=np.uint64)
            mine = every[every % np.uint64(keepers) == number]
            if its_run != run:
                earlier.append(mine)
                continue
            for mark in mine.tolist():
                self._batches.put(mark, _number(batch))
        self._earlier = np.sort(np.concatenate([np.empty(0, np.uint64), *earlier]))
        """The rows with a card of an earlier run, eight bytes each."""

    async def known(self) -> bool:
        """Whether there may be answers of earlier runs."""
        return self._buckets is not None and await asyncio.to_thread(lambda: self._buckets.known)  # type: ignore[union-attr]

    async def admit(self, batch: int, marks: bytes) -> bytes:
        """What each paper of a batch is; asking again gives the same."""
        own, found, asked = _number(batch), bytearray(), np.frombuffer(marks, dtype=np.uint64)
        places = np.searchsorted(self._earlier, asked)
        for mark, place in zip(asked.tolist(), places.tolist(), strict=True):
            if place < len(self._earlier) and self._earlier[place] == mark:
                found.append(EARLIER)
                continue
            self._batches.put(mark, own)
            found.append(NEW if self._batches.get(mark) == own else AGAIN)
        return bytes(found)

    async def ask(self, worker: str, looks: list[str], claims: list[str]) -> tuple[dict[str, str], list[str]]:
        """The answers that are there, and those of the claimed keys that another worker is asking for now.

        The rest of the claimed keys are the worker's to ask, until it puts or lets go.
        """
        await self.beat(worker)
        found: dict[str, str] = {}
        if self._buckets is not None:
            async with self._lock:
                found = await asyncio.to_thread(self._buckets.get, [*looks, *claims])
        theirs = []
        for key in claims:
            if key not in found and self._is_alive(self._claims.setdefault(key, worker), worker):
                theirs.append(key)
            elif key not in found:
                self._claims[key] = worker
        return found, theirs

    async def put(self, worker: str, rows: Mapping[str, str]) -> None:
        """Keep answers; they are on disk when this returns. Those that come together are written together."""
        await self.beat(worker)
        self._new.update(rows)
        async with self._lock:
            if self._buckets is not None and any(key in self._new for key in rows):
                new, self._new = self._new, {}
                try:
                    await asyncio.to_thread(self._buckets.put, new)
                except BaseException:
                    self._new = new | self._new
                    raise
        await self.let_go(worker, list(rows))

    async def let_go(self, worker: str, keys: Iterable[str]) -> None:
        """Give up claims of a worker."""
        for key in keys:
            if self._claims.get(key) == worker:
                del self._claims[key]

    async def beat(self, worker: str) -> None:
        """Hear that a worker lives."""
        self._alive[worker] = time.monotonic()

    async def finish(self) -> None:
        """Write the buckets with new answers."""
        if self._buckets is not None:
            async with self._lock:
                await asyncio.to_thread(self._buckets.write_back)

    def _is_alive(self, other: str, worker: str) -> bool:
        return other != worker and time.monotonic() - self._alive.get(other, 0.0) < SILENT_S


def _number(batch: int) -> int:
    return batch & 0xFFFFFFFF or 1


class Board:
    """How far each worker is, and what it may use of the limits that all share."""

    def __init__(self) -> None:
        self._reports: dict[str, dict[str, Any]] = {}
        self._book = LeaseBook()
        self._stopped = False

    async def beat(self, worker: str, report: dict[str, Any]) -> bool:
        """Take a worker's report; whether it must stop."""
        self._reports[worker] = report | {"at": time.monotonic()}
        return self._stopped

    async def renew(self, worker: str, endpoint: str, report: Report) -> Lease:
        """Grant a worker its share of an endpoint's limits."""
        return self._book.renew(worker, endpoint, report)

    async def stop(self) -> None:
        """Let the workers finish what is in flight and begin nothing."""
        self._stopped = True

    async def reports(self) -> dict[str, dict[str, Any]]:
        """The last report of each worker; `silent_s` is how long ago it came."""
        now = time.monotonic()
        return {name: one | {"silent_s": now - one["at"]} for name, one in self._reports.items()}
