"""Runs a batch from the command line: progress on the terminal, and Ctrl-C."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

from ...errors import BudgetSpent
from ...model.catalogue import Model
from ...runs.batch import Batch, Done, Outcome
from ...runs.job import Job, Watcher
from ...runs.resources import Resources
from . import terminal
from .progress import Progress
from .terminal import note, shown


class Screen(Watcher):
    """Shows a run on the terminal."""

    def __init__(self, total: int | None, *, free: bool) -> None:
        """`total` is None if unknown; `free` leaves out tokens and cost."""
        super().__init__()
        self.progress = Progress(self.counts, total, free=free)

    def took(self, outcomes: "list[Outcome]") -> None:
        """Count the outcomes and update the progress line."""
        super().took(outcomes)
        if terminal.loudness is terminal.Loudness.VERBOSE:
            for outcome in outcomes:
                if isinstance(outcome, Done):
                    note(_finished(outcome))
        self.progress.show()

    def say(self, text: str) -> None:
        """Print a line on standard error."""
        note(text)

    def cluster(self, text: str) -> None:
        """Show what the workers do beside the counts."""
        self.progress.cluster = text

    def lines(self, lines: Sequence[bytes]) -> None:
        """Print cards on standard output."""
        sys.stdout.buffer.writelines(shown(line) + b"\n" for line in lines)
        sys.stdout.buffer.flush()

    def drive(self, batch: "Batch", work: "Callable[[], Awaitable[None]]") -> None:
        """Run the batch to its end or until Ctrl-C, then clear the progress line."""
        self.progress.at = lambda: batch.at
        try:
            asyncio.run(_stoppable(batch, work, self.progress.show))
        finally:
            self.progress.show(last=True)


def _finished(outcome: "Done") -> str:
    """`Deep Sets: uncertain, 1.2 s, $0.0010`; of a card that was there already, `cached`."""
    card, reading = outcome.reading.card, outcome.reading
    parts = [card.main_task or "no task"]
    if reading.cached:
        parts.append("cached")
    elif reading.spent.calls:
        parts += [terminal.duration(card.provenance.seconds), terminal.money(reading.spent.cost_usd)]
    return f"{card.title}: {', '.join(parts)}"


async def _stoppable(
    batch: "Batch", work: "Callable[[], Awaitable[None]]", show: "Callable[[], None]"
) -> None:
    """The first Ctrl-C, SIGTERM or SIGHUP lets papers in flight finish; the second stops at once."""
    loop = asyncio.get_running_loop()

    asked_to_stop = False

    def stop() -> None:
        nonlocal asked_to_stop
        if asked_to_stop:
            signal.default_int_handler(signal.SIGINT, None)
        asked_to_stop = True
        note("\nfinishing started papers; press Ctrl-C again to stop at once")
        batch.stop()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a hang-up is to be ignored.
        if signal.getsignal(name) is not signal.SIG_IGN:
            loop.add_signal_handler(name, stop)

    async def tick() -> None:
        while True:
            await asyncio.sleep(1)
            show()

    ticking = asyncio.create_task(tick())
    try:
        await work()
    finally:
        ticking.cancel()


def run(job: "Job", resources: "Resources", model: "Model") -> int:
    """Run a job on the terminal, from its first line to its last; returns the exit code."""
    from . import wiring

    records, total = job.records(), job.count()
    resources.budget(model)
    note(wiring.first_line(total, model, resources.settings.pool))
    screen = Screen(total, free=model.plan == "baseline")
    try:
        whole = job.run(resources, model, screen.drive, screen, records)
    except BudgetSpent:
        note(screen.progress.summary([]))
        raise
    code = finish(screen.progress, job, whole=whole)
    if screen.distance is not None:
        from ...reading.home import told

        note(told(screen.distance))
    return code


def finish(progress: Progress, job: "Job", *, whole: bool) -> int:
    """Print the summary; returns 0, 130 after Ctrl-C, or 1 if papers failed or none had an abstract."""
    from ...sinks import destination, shard_path
    from ...sinks.errors_file import errors_path

    names = [str(path) for path in job.outputs]
    if (shards := job.shards) is not None:
        ends = [(shard_path(path, 0, shards), shard_path(path, shards - 1, shards)) for path in job.outputs]
        names = [f"{first} … {last.name}" for first, last in ends]
    if job.options.fill_abstracts:
        note(progress.counts.looked_up)
    errors = str(errors_path(destination(job.outputs[0])[1])) if job.outputs else ""
    return end(progress, names, errors, whole=whole)


def end(progress: Progress, outputs: Sequence[str], errors: str, *, whole: bool) -> int:
    """Print the summary of a run with these outputs, and where its failures are; returns the exit code."""
    note(progress.summary(outputs if whole else []))
    if not whole:
        note("interrupted; run the same command again and it will go on")
        return 130
    if progress.counts.failed and errors:
        note(f"failures are listed in {errors}")
    return 1 if progress.counts.wanting else 0
