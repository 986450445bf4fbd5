"""`papercards enrich`: a card for every paper of the sources."""

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options, terminal, wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..batch import Outcome
    from ..paper import Paper
    from ..sources import BadRecord

COUNTED_BYTES = 64 << 20
"""Sources up to this size are read once beforehand, so that the progress line knows the time left."""


def enrich(
    sources: Annotated[
        list[str],
        typer.Argument(help="Files with papers, or '-' (standard input).", metavar="SOURCE..."),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="Where the cards go, by extension: .jsonl, .md; may repeat. None: JSONL on standard output.",
            metavar="FILE",
        ),
    ] = None,
    limit: options.Limit = None,
    model: options.Model = None,
    base_url: options.BaseUrl = None,
    taxonomy: options.Taxonomy = None,
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = None,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    offline: options.Offline = None,
    column: options.Columns = None,
) -> None:
    """Write a card for every paper of the sources."""
    from itertools import chain, islice

    from ..batch import Done, Failed
    from ..errors import PapercardsError
    from ..sinks import open_sink
    from ..sinks.errors_file import ErrorsFile, errors_path
    from ..sources import open_source
    from .running import drive

    chosen = wiring.settings(
        model=model,
        base_url=base_url,
        taxonomy=taxonomy,
        concurrency=concurrency,
        timeout_s=timeout,
        cache_dir=cache_dir,
        no_cache=no_cache,
        offline=offline,
    )
    names = wiring.columns(column)

    def records() -> "Iterator[Paper | BadRecord]":
        return islice(chain.from_iterable(opened), limit)

    opened = [open_source(source, columns=names) for source in sources]
    total = _count(sources, names, limit)
    entry = wiring.choose_model(chosen)
    with wiring.session(chosen) as session:
        reader = session.reader(entry)
        sinks = []
        errors = None
        try:
            sinks = [open_sink(path) for path in output or []]
            errors = ErrorsFile(errors_path(output[0])) if output else None
            counter = terminal.Counter(total, free=entry.plan == "baseline")
            terminal.note(f"{total if total is not None else 'some'} papers with {entry.name}")

            def take(outcome: "Outcome") -> None:
                if isinstance(outcome, Done):
                    for sink in sinks:
                        sink.write(outcome.reading.card, outcome.paper)
                    if not sinks:
                        print(outcome.reading.card.to_json(), flush=True)
                elif isinstance(outcome, Failed):
                    if errors is not None:
                        errors.write(
                            outcome.id,
                            outcome.where,
                            outcome.error,
                            outcome.message,
                            outcome.attempts,
                        )
                    terminal.note(f"papercards: {outcome.where or outcome.id}: {outcome.message}")
                else:
                    terminal.note(f"papercards: {outcome.where}: {outcome.id} was there before")

            whole = drive(reader, records(), session.concurrency(entry), counter, take)
            if whole:
                for sink in sinks:
                    sink.close()
        except PapercardsError as error:
            if output and not error.next_step:
                error.next_step = "Run the same command again to go on"
            raise
        finally:
            for sink in sinks:
                sink.abandon()
            if errors is not None:
                errors.close()
    terminal.note(counter.summary([str(path) for path in output or []] if whole else []))
    if not whole:
        terminal.note("interrupted; run the same command again to go on where it stopped")
        raise typer.Exit(130)
    if counter.failed:
        if errors is not None:
            terminal.note(f"what failed is in {errors.path}")
        raise typer.Exit(1)


def _count(sources: list[str], names: dict[str, str], limit: int | None) -> int | None:
    from ..sources import open_source

    if "-" in sources:
        return limit
    found = [Path(source).stat() for source in sources]
    # A pipe can be read only once.
    if not all(stat.S_ISREG(one.st_mode) for one in found):
        return limit
    if sum(one.st_size for one in found) > COUNTED_BYTES:
        return limit
    count = 0
    for source in sources:
        for _ in open_source(source, columns=names):
            count += 1
            if count == limit:
                return count
    return count
