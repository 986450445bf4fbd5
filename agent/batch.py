"""Many papers in, outcomes out: in the order of the source, at most so many at a time, and nothing lost.

The source is read in chunks that grow. Cards that were finished before are looked up for a chunk at once;
the other papers go to workers over a bounded queue. A bounded window of outcomes, some still promised, keeps
the order, so memory does not grow with the corpus. A paper that fails is an outcome with a reason and the
rest goes on; only an error that would meet every paper (the endpoint, a full disk) ends the run. The answers
are in the cache before an outcome is given out.

Knows no prompts, formats or terminal.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass

from .card import Card
from .chunks import Chunks
from .errors import BudgetSpent, PaperFailed
from .finished import AT_ONCE, Finished
from .paper import Paper
from .reader import Reader, Reading
from .seen import Seen
from .sources import BadRecord

REORDER = 8
"""Papers that may wait, finished, for a slower one before them, as a multiple of the papers in flight."""


class Recalled:
    """A card that was finished before, as its line; it costs a run nothing."""

    __slots__ = ("line",)

    calls = prompt_tokens = completion_tokens = 0
    cost_usd: float | None = 0.0
    cached = True

    def __init__(self, line: bytes) -> None:
        self.line = line

    @property
    def card(self) -> Card:
        """The card, parsed anew each time."""
        return Card.model_validate_json(self.line)


@dataclass(frozen=True, slots=True)
class Done:
    """A paper that has its card."""

    paper: Paper
    reading: Reading | Recalled


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


@dataclass(frozen=True, slots=True)
class Untouched:
    """A paper that was not read, since the run had to stop before."""

    id: str
    where: str


Outcome = Done | Failed | Duplicate | Untouched


class Batch:
    """One run over a source. `stop()` lets what is in flight finish and takes no more."""

    def __init__(self, reader: Reader, concurrency: int, finished: Finished | None = None) -> None:
        """`finished` None: every card is made."""
        self._reader = reader
        self._concurrency = concurrency
        self._finished = finished
        self._seen = Seen()
        self._chunks: Chunks[Paper | BadRecord] | None = None
        self._todo: asyncio.Queue[tuple[Paper, asyncio.Future[Outcome]]] = asyncio.Queue(concurrency)
        self._window = _Window(concurrency * REORDER)
        self._stopped = False
        self.spent: BudgetSpent | None = None
        """Why it stopped, if that was for the money."""

    def stop(self) -> None:
        """Take no more papers."""
        self._stopped = True
        if self._chunks is not None:
            self._chunks.close()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    async def run(self, records: Iterable[Paper | BadRecord]) -> AsyncIterator[list[Outcome]]:
        """The outcome of each record, in order, as many at a time as are there.

        Raises what would meet every paper.
        """
        self._chunks = Chunks(records)
        tasks = [asyncio.create_task(self._feed(self._chunks))]
        tasks += [asyncio.create_task(self._work()) for _ in range(self._concurrency)]
        try:
            while outcomes := await self._window.take():
                yield outcomes
        finally:
            self._chunks.close()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def _feed(self, chunks: Chunks[Paper | BadRecord]) -> None:
        size = 1
        try:
            while not self._stopped and (records := await chunks.next(size)):
                await self._hand_out(records)
                await self._window.room()
                size = min(2 * size, AT_ONCE)
        except Exception as error:  # given out in its place, after the papers before it
            promise: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            _fail(promise, error)
            self._window.put(promise)
        self._window.end()

    async def _hand_out(self, records: list[Paper | BadRecord]) -> None:
        """Put a chunk into the window: what is known as it is, the rest as promises of the workers."""
        new: list[Paper] = []
        slots: list[Paper | Outcome] = []
        for record in records:
            if isinstance(record, BadRecord):
                slots.append(Failed("", record.where, "BadRecord", record.reason))
            elif self._seen.add(record.id):
                new.append(record)
                slots.append(record)
            else:
                slots.append(Duplicate(record.id, record.where))
        lines = iter(self._finished.recall(new) if self._finished is not None else [None] * len(new))
        put = self._window.put
        for slot in slots:
            if not isinstance(slot, Paper):
                put(slot)
            elif (line := next(lines)) is not None:
                put(Done(slot, Recalled(line)))
            else:
                await self._window.room()
                if self._stopped:
                    return
                promise: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
                put(promise)
                await self._todo.put((slot, promise))

    async def _work(self) -> None:
        while True:
            paper, promise = await self._todo.get()
            if self.spent is not None:
                promise.set_result(Untouched(paper.id, paper.where))
                continue
            try:
                reading = await self._reader.read(paper)
                if self._finished is not None:
                    self._finished.keep(paper, reading.line)
                promise.set_result(Done(paper, reading))
            except PaperFailed as error:
                promise.set_result(
                    Failed(paper.id, paper.where, "PaperFailed", error.message, error.attempts)
                )
            except BudgetSpent as error:
                # What is in flight was counted at its worst, and may finish.
                self.spent = self.spent or error
                self.stop()
                promise.set_result(Untouched(paper.id, paper.where))
            except asyncio.CancelledError:
                promise.cancel()
                raise
            except Exception as error:
                _fail(promise, error)
                return


class _Window:
    """Outcomes in order, some still promised."""

    def __init__(self, most: int) -> None:
        """`most` outcomes may wait; a chunk of known ones may come on top."""
        self._most = most
        self._waiting: deque[Outcome | asyncio.Future[Outcome]] = deque()
        self._over = False
        self._changed = asyncio.Event()
        self._roomy = asyncio.Event()

    def put(self, outcome: "Outcome | asyncio.Future[Outcome]") -> None:
        """Add the next one."""
        self._waiting.append(outcome)
        self._changed.set()

    def end(self) -> None:
        """No more will come."""
        self._over = True
        self._changed.set()

    async def room(self) -> None:
        """Wait until fewer than `most` wait."""
        while len(self._waiting) >= self._most:
            self._roomy.clear()
            await self._roomy.wait()

    async def take(self) -> list[Outcome]:
        """The next outcome as soon as it is there, with those that are there behind it; none at the end."""
        waiting = self._waiting
        while not waiting:
            if self._over:
                return []
            self._changed.clear()
            await self._changed.wait()
        first = waiting.popleft()
        outcomes = [await first if isinstance(first, asyncio.Future) else first]
        while waiting:
            outcome = waiting[0]
            if isinstance(outcome, asyncio.Future):
                if not outcome.done() or outcome.exception() is not None:
                    break
                outcome = outcome.result()
            outcomes.append(outcome)
            waiting.popleft()
        self._roomy.set()
        return outcomes


def _fail(promise: "asyncio.Future[Outcome]", error: Exception) -> None:
    promise.set_exception(error)
    promise.exception()  # marked as seen: the run may end before its turn comes
