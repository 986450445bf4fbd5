"""Many papers in, outcomes out: in the order of the source, at most so many at a time, and nothing lost.

The source is read in chunks that grow. Cards that were finished before are looked up for a chunk at once;
the other papers go to workers over a bounded queue. A bounded window of outcomes, some still promised, keeps
the order, so memory does not grow with the corpus. A paper that fails is an outcome with a reason and the
rest goes on. What would meet every paper (the endpoint refuses the key, a disk is full, several papers in a
row failed alike) ends the run: nothing new is begun, and what is under way is finished and kept. The answers
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
from .errors import BudgetSpent, EndpointError, PapercardsError, PaperFailed, Stopped
from .finished import AT_ONCE, Finished
from .paper import Paper
from .reader import Reader, Reading
from .seen import Seen
from .sources import BadRecord
from .spent import NOTHING, Spent

REORDER = 8
"""Papers that may wait, finished, for a slower one before them, as a multiple of the papers in flight."""


class Recalled:
    """A card that was finished before, as its line; it costs a run nothing."""

    __slots__ = ("line",)

    spent = NOTHING
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
    spent: Spent = NOTHING
    """What they cost."""
    unanswered: bool = False
    """Whether it failed for the endpoint's sake."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A paper that was there before: it gets no second card."""

    id: str
    where: str


@dataclass(frozen=True, slots=True)
class Untouched:
    """A paper that was not read to its end, since the run had to stop before."""

    id: str
    where: str
    spent: Spent = NOTHING
    """What was paid for it until then."""


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
        self._alike = _Alike()
        self.ended: PapercardsError | None = None
        """Why it stopped, if that was not the user's wish."""

    def stop(self) -> None:
        """Begin no more papers and send no more requests; what was sent is waited for."""
        self._stopped = True
        self._reader.stop()
        if self._chunks is not None:
            self._chunks.close()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    async def run(self, records: Iterable[Paper | BadRecord]) -> AsyncIterator[list[Outcome]]:
        """The outcome of each record, in order, as many at a time as are there.

        Once it is through, `ended` is the error that ended it early, if there was one. Raises what breaks
        the source.
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
            if self._stopped:
                promise.set_result(Untouched(paper.id, paper.where))
                continue
            try:
                promise.set_result(await self._read(paper))
            except asyncio.CancelledError:
                promise.cancel()
                raise
            except BaseException as error:
                _fail(promise, error)
                raise

    async def _read(self, paper: Paper) -> Outcome:
        try:
            reading = await self._reader.read(paper)
            if self._finished is not None:
                self._finished.keep(paper, reading.line)
        except PaperFailed as error:
            self._ended_alike(error)
            return Failed(
                paper.id,
                paper.where,
                "PaperFailed",
                f"{error.message}. {error.next_step}" if error.next_step else error.message,
                error.attempts,
                error.spent or NOTHING,
                error.unanswered,
            )
        except Stopped as error:
            return Untouched(paper.id, paper.where, error.spent or NOTHING)
        except BudgetSpent as error:
            # What is in flight was counted at its worst, and may finish.
            self._end(error)
            return Untouched(paper.id, paper.where, error.spent or NOTHING)
        except PapercardsError as error:
            error.where = ", ".join(filter(None, (error.where, f"asked about {paper.where or paper.id}")))
            self._end(error)
            return Untouched(paper.id, paper.where, error.spent or NOTHING)
        self._alike.succeeded()
        return Done(paper, reading)

    def _end(self, error: PapercardsError) -> None:
        self.ended = self.ended or error
        self.stop()

    def _ended_alike(self, error: PaperFailed) -> None:
        """End the run if too many papers in a row failed in the same way."""
        if (count := self._alike.failed(error.alike)) is not None:
            self._end(
                EndpointError(
                    f"{count} papers in a row failed alike: {error.message}",
                    where=error.where,
                    next_step=error.next_step or "papercards models doctor says what this endpoint can do",
                )
            )


class _Alike:
    """Papers in a row that failed alike."""

    _ENOUGH = 5
    """While nobody was answered yet."""
    _ENOUGH_MORE = 20
    """Once some papers had their card: a stretch of odd papers is likelier than an endpoint that changed."""

    def __init__(self) -> None:
        self._kind = ""
        self._count = 0
        self._succeeded = False

    def succeeded(self) -> None:
        self._kind, self._count = "", 0
        self._succeeded = True

    def failed(self, kind: str) -> int | None:
        """How many failed alike in a row, if that is enough."""
        self._count = self._count + 1 if kind == self._kind else 1
        self._kind = kind
        if not kind or (kind == "too long" and self._succeeded):
            return None  # long papers may stand together; that none fits at all is another matter
        # The wrong answers of a weak model are no reason to stop before it had a fair chance.
        patient = self._succeeded or kind in ("wrong answer", "too long")
        return self._count if self._count >= (self._ENOUGH_MORE if patient else self._ENOUGH) else None


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


def _fail(promise: "asyncio.Future[Outcome]", error: BaseException) -> None:
    promise.set_exception(error)
    promise.exception()  # marked as seen: the run may end before its turn comes
