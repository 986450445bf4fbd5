"""Running a batch from the command line: Ctrl-C, progress, counting."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from .terminal import Counter, note

if TYPE_CHECKING:
    from ..batch import Batch, Outcome
    from ..paper import Paper
    from ..reader import Reader
    from ..sources import BadRecord


def drive(
    reader: "Reader",
    records: "Iterable[Paper | BadRecord]",
    concurrency: int,
    counter: Counter,
    take: "Callable[[Outcome], None]",
) -> bool:
    """Run to the end and hand each outcome to `take`, in order; gives False where Ctrl-C ended it early.

    The first Ctrl-C lets what is in flight finish; the second ends at once.
    """
    from ..batch import Batch

    return asyncio.run(_drive(Batch(reader, concurrency), reader, records, counter, take))


async def _drive(
    batch: "Batch",
    reader: "Reader",
    records: "Iterable[Paper | BadRecord]",
    counter: Counter,
    take: "Callable[[Outcome], None]",
) -> bool:
    from ..batch import Done, Duplicate, Failed

    loop = asyncio.get_running_loop()

    def stop() -> None:
        if batch.stopped:
            signal.default_int_handler(signal.SIGINT, None)
        note("\nfinishing what is in flight; Ctrl-C again ends at once")
        batch.stop()

    with suppress(NotImplementedError):  # no such thing on Windows: Ctrl-C ends at once there
        loop.add_signal_handler(signal.SIGINT, stop)
    try:
        async for outcome in batch.run(records):
            match outcome:
                case Done(reading=reading):
                    counter.done += 1
                    counter.cached += reading.calls == 0
                    counter.calls += reading.calls
                    counter.prompt_tokens += reading.prompt_tokens
                    counter.completion_tokens += reading.completion_tokens
                    if counter.cost_usd is not None:
                        known = reading.cost_usd
                        counter.cost_usd = None if known is None else counter.cost_usd + known
                case Failed():
                    counter.failed += 1
                case Duplicate():
                    counter.duplicates += 1
            take(outcome)
            counter.show()
    finally:
        counter.show(last=True)
        await reader.close()
    return not batch.stopped
