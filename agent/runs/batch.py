"""Processes many papers with bounded concurrency and gives their outcomes in the order of the source.

The source is read in chunks of growing size. Finished cards are looked up for a whole chunk at once; of the
others is judged whether they look like papers, and those that do go to workers through a bounded queue. A
bounded window of outcomes, some still pending, keeps the order, so memory does not grow with the corpus. A
paper that fails is an outcome with a reason, and the rest continues. An error that affects every paper (the
endpoint rejects the key, a disk is full, several papers in a row failed in the same way) ends the run: no new
papers are started, and papers in flight are finished and stored. Answers are in the cache before an outcome
is given out.

A paper is asked about once (see `same_paper`): its other records get the same card, which points at the
first.

Knows no prompts, formats or terminal.
"""

import asyncio
from array import array
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from ..card import Card, Tokens
from ..errors import BudgetSpent, EndpointError, PapercardsError, PaperFailed, Stopped
from ..paper import Paper
from ..publication import with_publication
from ..reading.reader import Reader, Reading
from ..sources import BadRecord, judgement
from ..sources.local_ids import LocalIds
from ..spent import NOTHING, Spent
from .card_lines import AT_ONCE
from .ordering import Alike, Window
from .read_ahead import ReadAhead
from .same_paper import SamePapers

REORDER = 8
"""Number of finished papers that may wait for a slower one before them, as a multiple of the papers in
flight.
"""

RECENT = 512
"""Number of papers whose outcome is at hand for further records of them; others are looked up on disk."""


class Recalled:
    """A card finished in an earlier run, as its line; it costs this run nothing."""

    __slots__ = ("line", "own_line")

    spent = NOTHING
    cached = True

    def __init__(self, line: bytes, paper: Paper) -> None:
        """`line` is the card without its publication, which is always that of the paper."""
        self.own_line = line
        self.line = with_publication(line, paper.publication_json)

    @property
    def card(self) -> Card:
        """The card, parsed at each access."""
        return Card.model_validate_json(self.line)


class Repeated(Recalled):
    """The card of another record of the same paper."""

    __slots__ = ()

    def __init__(self, main: bytes, paper: Paper) -> None:
        """`main` is the line of the other record's card, without its publication."""
        card = Card.model_validate_json(main)
        nothing = {"calls": 0, "reasked": 0, "tokens": Tokens(), "seconds": 0.0}
        if card.provenance.cost_usd is not None:
            nothing["cost_usd"] = 0.0
        own = card.model_copy(
            update={
                "id": paper.id,
                "title": paper.title,
                "same_as": card.same_as or card.id,
                "provenance": card.provenance.model_copy(update=nothing),
            }
        )
        super().__init__(own.own_json().encode(), paper)


@dataclass(frozen=True, slots=True)
class Done:
    """A paper with its card."""

    paper: Paper
    reading: Reading | Recalled


@dataclass(frozen=True, slots=True)
class Failed:
    """A record or paper without a card."""

    id: str
    where: str
    error: str
    """Class of the error, such as `BadRecord` or `PaperFailed`."""
    message: str
    attempts: int = 0
    """Number of requests sent for it."""
    spent: Spent = NOTHING
    """Cost of these requests."""
    unanswered: bool = False
    """Whether it failed because of the endpoint."""
    without_abstract: bool = False
    """Whether it is a paper without an abstract, of which no card can be made."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same paper under the same id again, which gets no second card."""

    id: str
    where: str
    error: str = "Duplicate"
    message: str = "another record has this id; it has the card"
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Untouched:
    """A paper that was not finished because the run stopped."""

    id: str
    where: str
    error: str = "Untouched"
    message: str = "the run was stopped before it"
    attempts: int = 0
    spent: Spent = NOTHING
    """Cost of its requests so far."""


Outcome = Done | Failed | Duplicate | Untouched


class Finished(Protocol):
    """Lines of cards that are already there."""

    def keys(self, papers: Sequence[Paper]) -> list[bytes]:
        """The key of each paper's line."""
        ...

    def recall(self, papers: Sequence[Paper], keys: Sequence[bytes]) -> list[bytes | None]:
        """For each paper the line of its card without its publication, or None."""
        ...

    def line(self, token: int) -> bytes | None:
        """The line of a card by the first eight bytes of its key, or None."""
        ...

    def keep(self, paper: Paper, line: bytes) -> None:
        """Keep the line of a new card."""
        ...


class NothingFinished:
    """No lines: every card is made."""

    def keys(self, papers: Sequence[Paper]) -> list[bytes]:
        """No keys."""
        return [b""] * len(papers)

    def recall(self, papers: Sequence[Paper], keys: Sequence[bytes]) -> list[bytes | None]:
        """No lines."""
        return [None] * len(papers)

    def line(self, token: int) -> bytes | None:
        """Nothing."""

    def keep(self, paper: Paper, line: bytes) -> None:
        """Nothing."""


class Batch:
    """One run over a source. `stop()` lets papers in flight finish and starts no more."""

    def __init__(
        self,
        reader: Reader,
        concurrency: int,
        finished: Finished | None = None,
        *,
        judge: bool = False,
        ids: LocalIds | None = None,
        keep_duplicates: bool = False,
    ) -> None:
        """Without `finished`, every card is made again; its lines must be those of runs that judged alike.

        `judge`: set aside papers that do not look like papers. `ids`: gives different papers different ids.
        `keep_duplicates`: ask about each record of a paper, unless its id is the same.
        """
        self._reader = reader
        self._judge = judge
        self._ids = ids
        self._concurrency = concurrency
        self._finished = finished or NothingFinished()
        self._same = SamePapers(by_id_only=keep_duplicates)
        self._tokens = array("Q")
        """For each different paper the number under which `finished` has its card."""
        self._recent: OrderedDict[int, Done | asyncio.Future[Outcome]] = OrderedDict()
        self._copies: set[asyncio.Task[None]] = set()
        self._chunks: ReadAhead[Paper | BadRecord] | None = None
        self._todo: asyncio.Queue[tuple[Paper, asyncio.Future[Outcome]]] = asyncio.Queue(concurrency)
        self._workers: list[asyncio.Task[None]] = []
        self._idle = 0
        """Workers that wait for a paper."""
        self._window: Window[Outcome] = Window(concurrency * REORDER)
        self._stopped = False
        self._alike = Alike()
        self.at = ""
        """Title of the paper that was begun last."""
        self.ended: PapercardsError | None = None
        """The error that ended the run, unless the user stopped it."""

    def stop(self) -> None:
        """Start no more papers and send no more requests; requests in flight are waited for."""
        self._stopped = True
        self._reader.stop()
        if self._chunks is not None:
            self._chunks.close()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    async def run(self, records: Iterable[Paper | BadRecord]) -> AsyncIterator[list[Outcome]]:
        """The outcome of each record, in order, in groups as they become available.

        At the end, `ended` is the error that ended the run early, if any. Raises errors of the source.
        """
        self._chunks = ReadAhead(records)
        feeder = asyncio.create_task(self._feed(self._chunks))
        try:
            while outcomes := await self._window.take():
                yield outcomes
        finally:
            self._chunks.close()
            tasks = [feeder, *self._workers, *self._copies]
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task

    async def _feed(self, chunks: ReadAhead[Paper | BadRecord]) -> None:
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
        """Put a chunk into the window: known outcomes as they are, the rest as futures of the workers."""
        new: list[Paper] = []
        found: list[bytes | None] = []
        slots: list[Paper | Outcome | tuple[Paper, int]] = []
        number = self._same.count
        for record, line in self._admitted(records):
            if isinstance(record, BadRecord):
                slots.append(_bad(record))
                continue
            earlier, again = self._same.add(record)
            if earlier is None:
                new.append(record)
                found.append(line)
                slots.append(record)
            else:
                slots.append(Duplicate(record.id, record.where) if again else (record, earlier))
        self._tokens.extend(int.from_bytes(key[:8]) for key in self._finished.keys(new))
        lines = iter(found)
        for slot in slots:
            if isinstance(slot, Paper):
                line = next(lines)
                outcome = Done(slot, Recalled(line, slot)) if line is not None else await self._asked(slot)
                if outcome is None:
                    return
                self._recent[number] = outcome
                number += 1
                if len(self._recent) > RECENT:
                    self._recent.popitem(last=False)
                if isinstance(outcome, Done):
                    self._window.put(outcome)
            elif isinstance(slot, tuple):
                await self._repeat(*slot)
            else:
                self._window.put(slot)

    def _admitted(self, records: list[Paper | BadRecord]) -> Iterator[tuple[Paper | BadRecord, bytes | None]]:
        """The records, judged and told apart, each with its finished line."""
        lines = iter(self._recall([record for record in records if isinstance(record, Paper)]))
        for record in records:
            line = next(lines) if isinstance(record, Paper) else None
            # A paper whose card was finished under these very rules has passed them.
            if self._judge and line is None and isinstance(record, Paper):
                record = judgement(record)
            if self._ids is not None and isinstance(record, Paper):
                own = self._ids.own(record)
                if own is not record:
                    [line] = self._recall([own])
                record = own
            yield record, line

    def _recall(self, papers: list[Paper]) -> list[bytes | None]:
        return self._finished.recall(papers, self._finished.keys(papers))

    async def _asked(self, paper: Paper) -> "asyncio.Future[Outcome] | None":
        """The outcome of a paper that goes to the workers, put into the window; None after a stop."""
        await self._window.room()
        if self._stopped:
            return None
        promise: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._window.put(promise)
        await self._hand_on(paper, promise)
        return promise

    async def _hand_on(self, paper: Paper, promise: "asyncio.Future[Outcome]") -> None:
        """Give a paper to a worker, a new one if all are busy and there may be more."""
        await self._todo.put((paper, promise))
        if self._todo.qsize() > self._idle and len(self._workers) < self._concurrency:
            self._workers.append(asyncio.create_task(self._work()))

    async def _repeat(self, paper: Paper, number: int) -> None:
        """Give a paper the card of an earlier record of it; if that has none, it is asked about itself."""
        main = self._recent.get(number)
        if isinstance(main, asyncio.Future):
            await self._window.room()
            promise: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
            self._window.put(promise)
            copy = asyncio.create_task(self._after(main, paper, promise))
            self._copies.add(copy)
            copy.add_done_callback(self._copies.discard)
            return
        line = main.reading.own_line if main is not None else self._finished.line(self._tokens[number])
        if line is not None:
            self._window.put(Done(paper, Repeated(line, paper)))
        else:
            await self._asked(paper)

    async def _after(
        self, main: "asyncio.Future[Outcome]", paper: Paper, promise: "asyncio.Future[Outcome]"
    ) -> None:
        """Settle the promise once the first record of the paper has its outcome."""
        try:
            await asyncio.wait([main])
            outcome = None if main.cancelled() or main.exception() is not None else main.result()
            if isinstance(outcome, Done):
                promise.set_result(Done(paper, Repeated(outcome.reading.own_line, paper)))
            elif isinstance(outcome, Failed):
                await self._hand_on(paper, promise)
            else:
                promise.set_result(Untouched(paper.id, paper.where))
        except asyncio.CancelledError:
            promise.cancel()
            raise
        except Exception as error:  # else nobody would ever settle it
            _fail(promise, error)

    async def _work(self) -> None:
        while True:
            self._idle += 1
            paper, promise = await self._todo.get()
            self._idle -= 1
            if self._stopped:
                promise.set_result(Untouched(paper.id, paper.where))
                continue
            self.at = paper.title
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
            self._finished.keep(paper, reading.own_line)
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
            return Untouched(paper.id, paper.where, spent=error.spent or NOTHING)
        except BudgetSpent as error:
            # What is in flight was counted at its worst, and may finish.
            self._end(error)
            return Untouched(paper.id, paper.where, spent=error.spent or NOTHING)
        except PapercardsError as error:
            error.where = ", ".join(
                filter(None, (error.where, f"while processing {paper.where or paper.id}"))
            )
            self._end(error)
            return Untouched(paper.id, paper.where, spent=error.spent or NOTHING)
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
                    f"{count} papers in a row failed in the same way: {error.message}",
                    where=error.where,
                    next_step=error.next_step or "Run papercards models doctor to test this endpoint",
                )
            )


def _bad(record: BadRecord) -> Failed:
    name = record.without_abstract
    error = "NoAbstract" if name else "BadRecord"
    return Failed(name, record.where, error, record.reason, without_abstract=bool(name))


def _fail(promise: "asyncio.Future[Outcome]", error: BaseException) -> None:
    promise.set_exception(error)
    promise.exception()  # marked as seen: the run may end before its turn comes
