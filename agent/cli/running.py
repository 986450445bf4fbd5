"""Runs papers through a reader for a command: sources, Ctrl-C, progress, counting."""

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .terminal import Counter, note

if TYPE_CHECKING:
    from ..batch import Batch, Outcome
    from ..finished import Finished
    from ..paper import Paper
    from ..reader import Reader
    from ..sources import BadRecord, Options
    from ..sources.local_ids import LocalIds

COUNTED_BYTES = 64 << 20
"""Sources up to this size are counted first, so that the progress line can show the time left."""


def papers(
    sources: Sequence[str], options: "Options", ids: "LocalIds | None" = None
) -> "Iterator[Paper | BadRecord]":
    """The records of all sources in order, at most `options.limit`.

    Opens all sources at the call. `ids` are the ids of earlier papers. Raises what `open_source` raises.
    """
    from itertools import chain, islice

    from ..sources import open_source
    from ..sources.local_ids import LocalIds

    opened = [open_source(source, options) for source in sources]
    return islice((ids or LocalIds()).apart(chain.from_iterable(opened)), options.limit)


def count(sources: Sequence[str], options: "Options") -> int | None:
    """The number of records up to `options.limit`; the limit (or None) if counting is slow or impossible."""
    from ..sources import count_records, is_file

    limit = options.limit
    # A pipe can be read only once, what is named must be fetched, and a filter must see every paper.
    if options.categories or not all(is_file(source) for source in sources):
        return limit
    if sum(Path(source).stat().st_size for source in sources) > COUNTED_BYTES:
        return limit

    total = 0
    for source in sources:
        total += count_records(source, limit, options)
        if limit is not None and total >= limit:
            return limit
    return total


def drive(
    reader: "Reader",
    records: "Iterable[Paper | BadRecord]",
    concurrency: int,
    counter: Counter,
    take: "Callable[[list[Outcome]], None]",
    finished: "Finished | None" = None,
) -> bool:
    """Run to the end and pass the outcomes to `take` in order, in groups as they become available.

    The first Ctrl-C, SIGTERM or SIGHUP lets papers in flight finish; the second stops at once. Returns False
    if the run was stopped. Raises the error that ended the run early, after the last outcome.
    """
    from ..batch import Batch

    batch = Batch(reader, concurrency, finished)
    asyncio.run(_drive(batch, reader, records, counter, take))
    if batch.ended is not None:
        raise batch.ended
    return not batch.stopped


async def _drive(
    batch: "Batch",
    reader: "Reader",
    records: "Iterable[Paper | BadRecord]",
    counter: Counter,
    take: "Callable[[list[Outcome]], None]",
) -> None:
    from ..batch import Done, Duplicate, Failed, Untouched

    loop = asyncio.get_running_loop()

    asked_to_stop = False

    def stop() -> None:
        nonlocal asked_to_stop
        if asked_to_stop:
            signal.default_int_handler(signal.SIGINT, None)
        asked_to_stop = True
        note("\nfinishing papers in flight; press Ctrl-C again to stop at once")
        batch.stop()

    with suppress(NotImplementedError):  # no such thing on Windows: Ctrl-C ends at once there
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Under nohup a hang-up is to be ignored.
            if signal.getsignal(name) is not signal.SIG_IGN:
                loop.add_signal_handler(name, stop)
    try:
        async for outcomes in batch.run(records):
            take(outcomes)
            for outcome in outcomes:
                match outcome:
                    case Done(reading=reading):
                        counter.done += 1
                        counter.cached += reading.cached
                        counter.spent += reading.spent
                    case Failed(spent=spent):
                        counter.failed += 1
                        counter.spent += spent
                    case Untouched(spent=spent):
                        counter.spent += spent
                    case Duplicate():
                        counter.duplicates += 1
            counter.show()
    finally:
        counter.show(last=True)
        await reader.close()
