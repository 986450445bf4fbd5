"""Writes outcomes: cards to the sinks, failures to the errors file, the run to its record."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .running import drive
from .terminal import Counter, note, shown

if TYPE_CHECKING:
    from ..batch import Outcome
    from ..finished import Finished
    from ..paper import Paper
    from ..reader import Reader
    from ..sinks import Sink
    from ..sinks.errors_file import ErrorsFile
    from ..sources import BadRecord
    from .recording import Recording, Status

SHOWN_FAILURES = 20
"""Maximum number of failures printed, so that they do not push everything else off the screen."""


def write_cards(
    reader: "Reader",
    records: "Iterable[Paper | BadRecord]",
    concurrency: int,
    counter: Counter,
    output: Sequence[Path],
    *,
    finished: "Finished | None" = None,
    shards: int | None = None,
    sources: Sequence[str] = (),
    record: "Recording | None" = None,
) -> bool:
    """Write a card for each paper to every output, or to standard output if there is none.

    Failures go to the errors file beside the first output. Returns False if Ctrl-C ended the run early.
    Raises BudgetSpent if the budget did.
    """
    from ..errors import BudgetSpent, PapercardsError
    from ..sinks import RemarkingSink, destination, open_sink
    from ..sinks.errors_file import ErrorsFile, errors_path

    sinks: list[Sink] = []
    errors: ErrorsFile | None = None
    status: Status = "failed"
    said: str | None = None
    try:
        for path in output:
            sinks.append(open_sink(path, shards, tuple(sources)))
        errors = ErrorsFile(errors_path(destination(output[0])[1])) if output else None
        writer = Writer(sinks, errors)
        whole = drive(reader, records, concurrency, counter, writer.take, finished)
        if whole:
            for sink in sinks:
                sink.close()
                if isinstance(sink, RemarkingSink):
                    for remark in sink.remarks:
                        note(f"papercards: {remark}")
        status = "complete" if whole else "interrupted"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    except PapercardsError as error:
        if isinstance(error, BudgetSpent):
            note(counter.summary([]))
        elif output and not error.next_step:
            error.next_step = "Run the same command again to continue"
        said = str(error)
        raise
    finally:
        counter.stop()
        for sink in sinks:
            sink.abandon()
        if errors is not None:
            errors.close()
        if sinks and record is not None:
            record.write(sinks, counter, status, said)
    return whole


class Writer:
    """Writes outcomes to the sinks and to the errors file, and prints failures."""

    def __init__(self, sinks: "Sequence[Sink]", errors: "ErrorsFile | None") -> None:
        self._sinks = sinks
        self._errors = errors
        self._failed = 0

    def take(self, outcomes: "list[Outcome]") -> None:
        """Write the outcomes in order."""
        from ..batch import Done
        from ..sinks import LineSink

        done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
        lines = [outcome.reading.line for outcome in done]
        for sink in self._sinks:
            if isinstance(sink, LineSink):
                sink.write_lines(lines)
            else:
                for outcome in done:
                    sink.write(outcome.reading.card, outcome.paper)
        if not self._sinks:
            sys.stdout.buffer.writelines(shown(line) + b"\n" for line in lines)
            sys.stdout.buffer.flush()
        if len(done) < len(outcomes):
            for other in outcomes:
                if not isinstance(other, Done):
                    self._set_aside(other)

    def _set_aside(self, outcome: "Outcome") -> None:
        from ..batch import Duplicate, Failed

        if isinstance(outcome, Duplicate):
            note(f"papercards: {outcome.where}: duplicate of {outcome.id}, skipped")
        elif isinstance(outcome, Failed):
            self._failed += 1
            errors = self._errors
            if errors is not None:
                errors.write(outcome.id, outcome.where, outcome.error, outcome.message, outcome.attempts)
            if errors is None or self._failed <= SHOWN_FAILURES:
                note(f"papercards: {outcome.where or outcome.id}: {outcome.message}")
            elif self._failed == SHOWN_FAILURES + 1:
                note(f"papercards: further failures are only in {errors.path}")


def finish(counter: Counter, output: Sequence[Path], *, whole: bool, shards: int | None = None) -> None:
    """Print the summary; exit with 1 if papers failed, with 130 if Ctrl-C ended the run."""
    from ..sinks import destination, shard_path
    from ..sinks.errors_file import errors_path

    names = [str(path) for path in output]
    if shards is not None:
        ends = [(shard_path(path, 0, shards), shard_path(path, shards - 1, shards)) for path in output]
        names = [f"{first} … {last.name}" for first, last in ends]
    note(counter.summary(names if whole else []))
    if not whole:
        note("interrupted; run the same command again to continue where it stopped")
        raise typer.Exit(130)
    if counter.failed:
        if output:
            note(f"failures are listed in {errors_path(destination(output[0])[1])}")
        raise typer.Exit(1)
