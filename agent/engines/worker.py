"""A worker of a cluster: reads batches of papers with the reader of one process, several batches at a time.

Ray Data makes an actor of `Worker` and calls it with a block of rows. A batch ends as a shard and a row of
counts (`enrich`), or as a row for each paper (`run`, `map_batches`).

Knows papers, readers and outcomes. Knows the engine by the handles that it is given.
"""

import asyncio
import json
import socket
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..errors import PapercardsError, UsageError
from ..id_set import mark
from ..paper import Paper
from .keeper import AGAIN, NEW
from .place import Place
from .shards import Layout, Shards
from .shared_cache import Fetching, Keepers, SharedCache
from .work import RECORD, Recipe, Record, batch_mark, records_of, row_mark

if TYPE_CHECKING:
    from ..model.catalogue import Model
    from ..model.lease_book import Lease, Report
    from ..reading.reader import Reader
    from ..runs.batch import Duplicate, Failed, Outcome, Untouched
    from ..runs.resources import Resources

BEAT_S = 1.0
"""Seconds between two reports of a worker."""
SAID = 20
"""Different messages of a worker that the driver is told of."""
SHOWN = 5
"""Failures of a batch that the driver is told of; all are in the errors files."""


@dataclass(frozen=True, slots=True)
class Team:
    """The processes that the workers of a run share, and where they write."""

    board: Any
    keepers: Sequence[Any]
    notes: str | None
    """Address of notes beside the answers; None without a cache."""
    layout: Layout | None
    """None if cards are handed back and not written."""
    run: int
    version: str
    """Version of papercards on the driver."""


class Worker:
    """Makes cards in a process of a cluster."""

    def __init__(self, recipe: Recipe, team: Team, columns: Mapping[str, str] | None = None) -> None:
        """`columns`: those of title, abstract and id, in rows that are no packed records."""
        mine = metadata.version("papercards")
        if mine != team.version:
            raise UsageError(
                f"papercards {mine} is installed on {socket.gethostname()}, and {team.version} here",
                next_step="Install the same version on all nodes",
            )
        self._recipe, self._team, self._columns = recipe, team, columns
        self._name = f"{socket.gethostname()}-{uuid4().hex[:8]}"
        self._opened: asyncio.Future[None] | None = None
        self._resources: Resources | None = None
        self._model: Model | None = None
        self._reader: Reader | None = None
        self._batches: set[Any] = set()
        self._counts: Any = None
        self._stopped = False
        self._said: list[str] = []
        self._beating: asyncio.Task[None] | None = None

    async def __call__(self, rows: Mapping[str, Any]) -> dict[str, list[Any]]:
        """What came of a block of rows."""
        await self._open()
        records = list(records_of(rows, self._columns))
        if self._team.layout is not None:
            return {"batch": [json.dumps(await self._write(records))]}
        outcomes: list[Outcome] = []
        if (ended := await self._follow(records, outcomes.extend)) is not None:
            raise ended
        return _handed_back(rows, outcomes, whole=self._columns is None)

    async def _open(self) -> None:
        """Open reader and cache once, in the loop that uses them."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            from ..runs.counts import Counts

            self._counts = Counts()
            self._keepers = Keepers(self._team.keepers, self._name)
            notes = self._team.notes
            cache = SharedCache(self._keepers, Place(notes)) if notes is not None else None
            try:
                self._resources, self._model, reader = self._recipe.open(
                    self._said.append, self._renew, cache
                )
                if cache is not None and await self._keepers.known():
                    reader = Fetching(reader, self._keepers, cache)
                self._reader = reader
                self._resources.budget(self._model)
            except BaseException as error:
                self._opened.set_exception(error)
                raise
            self._beating = asyncio.get_running_loop().create_task(self._beat())
            self._opened.set_result(None)
        await asyncio.shield(self._opened)

    async def _renew(self, worker: str, endpoint: str, report: "Report") -> "Lease":
        lease: Lease = await self._team.board.renew.remote(worker, endpoint, report)
        return lease

    async def _beat(self) -> None:
        while True:
            report = {
                "node": socket.gethostname(),
                "batches": len(self._batches),
                **self._counts.figures(),
                "said": list(dict.fromkeys(self._said))[:SAID],
                "waits": self._resources.waits() if self._resources is not None else "",
            }
            with suppress(Exception):  # one that is being started again hears the next
                stopped = await self._team.board.beat.remote(self._name, report)
                if stopped and not self._stopped:
                    self._stopped = True
                    for batch in self._batches:
                        batch.stop()
                await self._keepers.beat()
            await asyncio.sleep(BEAT_S)

    async def _follow(
        self, records: Sequence[Record], take: "Callable[[list[Outcome]], None]"
    ) -> PapercardsError | None:
        """Hand on the outcome of each record, in order; the error that ended the batch early, if any."""
        from ..runs.batch import Batch

        assert self._reader is not None and self._resources is not None and self._model is not None
        batch = Batch(self._reader, self._resources.concurrency(self._model), keep_duplicates=True)
        self._batches.add(batch)
        if self._stopped:
            batch.stop()
        try:
            async for some in batch.run(records):
                take(some)
                self._counts.add(some)
        finally:
            self._batches.discard(batch)
        return batch.ended

    async def _write(self, records: Sequence[Record]) -> dict[str, Any]:
        """Write the shard of a batch; its counts."""
        from ..runs.batch import Done, Duplicate, Untouched
        from ..runs.counts import Counts

        assert self._team.layout is not None
        marks = [row_mark(one) if isinstance(one, Paper) else mark(one.where) for one in records]
        papers = [at for at, one in enumerate(records) if isinstance(one, Paper)]
        states = [NEW] * len(records)
        found = await self._admitted(batch_mark(marks), [marks[at] for at in papers])
        for at, state in zip(papers, found, strict=True):
            states[at] = state
        todo = [one for one, state in zip(records, states, strict=True) if state == NEW]
        ids = [one for one, state in zip(marks, states, strict=True) if state == NEW]
        again = [one for one, state in zip(records, states, strict=True) if state == AGAIN]
        counts, lines, done = Counts(), list[bytes](), list[int]()
        failures = [_failure(Duplicate(one.id, one.where)) for one in again if isinstance(one, Paper)]
        left = iter(ids)

        def take(outcomes: "list[Outcome]") -> None:
            counts.add(outcomes)
            # Cards become lines at once: many batches of objects would be large.
            for outcome, one in zip(outcomes, left, strict=False):
                if isinstance(outcome, Done):
                    lines.append(outcome.reading.line)
                    done.append(one)
                elif not isinstance(outcome, Untouched):
                    failures.append(_failure(outcome))

        ended = await self._follow(todo, take) if todo else None
        shards = Shards(self._team.layout, self._team.run)
        size = await asyncio.to_thread(
            shards.write, (batch_mark(ids), batch_mark(marks)), lines, done, failures
        )
        return {
            "papers": len(records),
            "earlier": len(records) - len(todo) - len(again),
            **counts.figures(),
            "duplicates": counts.duplicates + len(again),
            "bytes": size,
            "shards": int(bool(lines)),
            "failures": failures[:SHOWN],
            "node": socket.gethostname(),
            "ended": _told(ended),
        }

    async def _admitted(self, batch: int, marks: Sequence[int]) -> list[int]:
        """What each row is."""
        keepers, states = self._team.keepers, [NEW] * len(marks)
        for number, keeper in enumerate(keepers):
            places = [at for at, one in enumerate(marks) if one % len(keepers) == number]
            if places:
                asked = array("Q", (marks[at] for at in places)).tobytes()
                for at, state in zip(places, await keeper.admit.remote(batch, asked), strict=True):
                    states[at] = state
        return states


def _handed_back(
    rows: Mapping[str, Any], outcomes: "Sequence[Outcome]", *, whole: bool
) -> dict[str, list[Any]]:
    """The rows with the columns `card` (its JSON) and `card_error`, of which one is None.

    `whole`: the error is JSON of all that is known of it, not only its message.
    """
    from ..runs.batch import Done

    back = {name: list(values) for name, values in rows.items() if name != RECORD}
    back["card"] = [one.reading.line.decode() if isinstance(one, Done) else None for one in outcomes]
    back["card_error"] = [
        None if isinstance(one, Done) else json.dumps(_failure(one)) if whole else one.message
        for one in outcomes
    ]
    return back


def _failure(outcome: "Failed | Duplicate | Untouched") -> dict[str, Any]:
    return {name: getattr(outcome, name) for name in ("id", "where", "error", "message", "attempts")}


def _told(error: PapercardsError | None) -> dict[str, str] | None:
    if error is None:
        return None
    return {
        "kind": type(error).__name__,
        "message": error.message,
        "where": error.where,
        "next_step": error.next_step,
    }
