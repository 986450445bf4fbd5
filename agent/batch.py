"""Many papers in, outcomes out: in the order of the source, at most so many at a time, and nothing lost.

Workers take papers from a bounded queue; a second bounded queue of promises keeps the order, so memory does
not grow with the corpus. A paper that fails is an outcome with a reason and the rest goes on; only an error
that would meet every paper (the endpoint, a full disk) ends the run. The answers are in the cache before an
outcome is given out.

Knows no prompts, formats or terminal.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from .errors import PaperFailed
from .paper import Paper
from .reader import Reader, Reading
from .sources import BadRecord

REORDER = 8
"""Papers that may wait, finished, for a slower one before them, as a multiple of the papers in flight."""


@dataclass(frozen=True, slots=True)
class Done:
    """A paper that has its card."""

    paper: Paper
    reading: Reading


@dataclass(frozen=True, slots=True)
class Failed:
    """A record or a paper that has none."""

    id: str
    where: str
    error: str
    """Class of the error: `BadRecord`, `PaperFailed`."""
    message: str
    attempts: int = 0
    """Requests that were sent for it."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A paper that was there before: it gets no second card."""

    id: str
    where: str


Outcome = Done | Failed | Duplicate


class Batch:
    """One run over a source. `stop()` lets what is in flight finish and takes no more."""

    def __init__(self, reader: Reader, concurrency: int) -> None:
        self._reader = reader
        self._concurrency = concurrency
        self._stopped = False

    def stop(self) -> None:
        """Take no more papers."""
        self._stopped = True

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    async def run(self, records: Iterable[Paper | BadRecord]) -> AsyncIterator[Outcome]:
        """The outcome of each record, in order. Raises what would meet every paper."""
        todo: asyncio.Queue[tuple[Paper, asyncio.Future[Outcome]]] = asyncio.Queue(self._concurrency)
        ordered: asyncio.Queue[asyncio.Future[Outcome] | None] = asyncio.Queue(self._concurrency * REORDER)
        tasks = [asyncio.create_task(self._feed(iter(records), todo, ordered))]
        tasks += [asyncio.create_task(self._work(todo)) for _ in range(self._concurrency)]
        try:
            while (promise := await ordered.get()) is not None:
                yield await promise
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def _feed(
        self,
        records: Iterator[Paper | BadRecord],
        todo: asyncio.Queue[tuple[Paper, asyncio.Future[Outcome]]],
        ordered: asyncio.Queue[asyncio.Future[Outcome] | None],
    ) -> None:
        loop = asyncio.get_running_loop()
        seen: set[int] = set()
        while not self._stopped:
            promise: asyncio.Future[Outcome] = loop.create_future()
            try:
                record = next(records, None)
            except Exception as error:  # given out in its place, after the papers before it
                _fail(promise, error)
                await ordered.put(promise)
                break
            if record is None:
                break
            if isinstance(record, BadRecord):
                promise.set_result(Failed("", record.where, "BadRecord", record.reason))
            elif (name := hash(record.id)) in seen:
                promise.set_result(Duplicate(record.id, record.where))
            else:
                seen.add(name)
                await todo.put((record, promise))
            await ordered.put(promise)
        await ordered.put(None)

    async def _work(self, todo: asyncio.Queue[tuple[Paper, asyncio.Future[Outcome]]]) -> None:
        while True:
            paper, promise = await todo.get()
            try:
                promise.set_result(Done(paper, await self._reader.read(paper)))
            except PaperFailed as error:
                promise.set_result(
                    Failed(paper.id, paper.where, "PaperFailed", error.message, error.attempts)
                )
            except asyncio.CancelledError:
                promise.cancel()
                raise
            except Exception as error:
                _fail(promise, error)
                return


def _fail(promise: "asyncio.Future[Outcome]", error: Exception) -> None:
    promise.set_exception(error)
    promise.exception()  # marked as seen: the run may end before its turn comes
