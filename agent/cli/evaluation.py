"""`papercards eval`: cards measured against labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import options, terminal, wiring

if TYPE_CHECKING:
    from ..evals.labels import Labelled
    from ..evals.run import RunResult
    from ..models import Model
    from ..paper import Paper

app = typer.Typer(help="Measure cards against labels.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `run` a command of its own name while it is the only one."""


@app.command("run")
def run(
    labels: Annotated[
        Path | None, typer.Option(help="A label file; none: the one shipped.", metavar="FILE")
    ] = None,
    papers: Annotated[
        str | None,
        typer.Option(help="Where the labelled papers are; none: the shipped corpus.", metavar="SOURCE"),
    ] = None,
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "dev",
    limit: options.Limit = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the result as JSON.", metavar="FILE")
    ] = None,
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
    """Enrich the labelled papers and score the cards, beside the baseline that asks no model."""
    from ..errors import StorageError, UsageError
    from ..evals.labels import SEED_CORPUS, SEED_LABELS, join, labels_version, read_labels
    from ..evals.run import to_json
    from ..models import BASELINE
    from ..sources import BadRecord, open_source

    if split not in ("train", "dev", "test"):
        raise UsageError(f'there is no split "{split}"', next_step="Use train, dev or test")
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
    entry = wiring.choose_model(chosen)
    file = labels or SEED_LABELS
    with wiring.session(chosen) as session:
        labelled = read_labels(file, split=split, taxonomy=session.taxonomy)[:limit]
        records = open_source(papers or str(SEED_CORPUS), columns=wiring.columns(column))
        pairs = join(labelled, (one for one in records if not isinstance(one, BadRecord)))
        version = labels_version(file, labelled)
        floor = _measure(session, BASELINE, pairs, split, version)
        result = floor if entry == BASELINE else _measure(session, entry, pairs, split, version)
    _table(result, None if result is floor else floor)
    if output is not None:
        try:
            output.write_text(to_json(result, floor), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot be written: {error.strerror}", where=str(output)) from error
        terminal.note(f"result → {output}")


def _measure(
    session: wiring.Session,
    entry: "Model",
    pairs: "list[tuple[Labelled, Paper]]",
    split: str,
    version: str,
) -> "RunResult":
    from ..batch import Done, Failed, Outcome
    from ..evals.run import score_run
    from .running import drive

    names = {paper.id: item.id for item, paper in pairs}
    cards, failed = {}, {}
    counter = terminal.Counter(len(pairs), free=entry.plan == "baseline")

    def take(outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            cards[names[outcome.paper.id]] = outcome.reading.card
        elif isinstance(outcome, Failed):
            failed[names[outcome.id]] = outcome.message

    reader = session.reader(entry)
    whole = drive(reader, (paper for _, paper in pairs), session.concurrency(entry), counter, take)
    if not whole:
        raise KeyboardInterrupt
    terminal.note(f"{entry.name}: {counter.summary([])}")
    labelled = [item for item, _ in pairs]
    return score_run(cards, failed, labelled, model=entry.name, split=split, labels=version)


def _table(result: "RunResult", floor: "RunResult | None") -> None:
    from ..evals.run import rows

    def figure(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    cost = result.cost()
    print(f"{result.model} on {result.split}, {len(result.papers)} papers, {result.labels}")
    head = f"{'field':<15}{'n':>5}{'precision':>11}{'recall':>8}{'F1':>6}"
    print(head + (f"{'baseline F1':>13}" if floor else "") + "  more")
    for row in rows(result, floor):
        line = f"{row.field:<15}{'' if row.n is None else row.n:>5}"
        line += f"{figure(row.precision) if row.n is not None else '':>11}"
        line += f"{figure(row.recall) if row.n is not None else '':>8}{figure(row.f1):>6}"
        line += f"{figure(row.baseline_f1):>13}" if floor else ""
        more = ", ".join(f"{name} {figure(value)}" for name, value in row.extra)
        print(f"{line}  {more}".rstrip())
    tokens = cost.prompt_tokens + cost.completion_tokens
    print(f"failed {cost.failed}, flagged {cost.flagged}, calls {cost.calls}, tokens {tokens:,}")
    if cost.calls and cost.seconds_median is not None and cost.seconds_p90 is not None:
        median, tail = terminal.duration(cost.seconds_median), terminal.duration(cost.seconds_p90)
        print(f"seconds a paper: median {median}, 90% within {tail}")
