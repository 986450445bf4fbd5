"""`papercards eval`: cards measured against labels."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import eval_labels, options, reading, terminal, wiring

if TYPE_CHECKING:
    from ..card import Card
    from ..evals.labels import Labelled
    from ..evals.run import RunResult
    from ..models import Model
    from ..paper import Paper
    from ..reader import Reader

app = typer.Typer(help="Measure cards against labels.", no_args_is_help=True)
app.add_typer(eval_labels.app, name="labels")

Labels = Annotated[
    Path | None, typer.Option("--labels", help="A label file; none: the one shipped.", metavar="FILE")
]
Split = Annotated[str, typer.Option(help="train, dev or test.")]


@app.callback()
def _check(context: typer.Context) -> None:
    """Say at once what is missing, not after papers were read."""
    import importlib.util

    from ..errors import MissingExtra

    if context.invoked_subcommand != "labels" and importlib.util.find_spec("scipy") is None:
        raise MissingExtra("Evaluation", "eval")


@app.command("run")
def run(
    labels: Labels = None,
    papers: Annotated[
        str | None,
        typer.Option(help="Where the labelled papers are; none: the shipped corpus.", metavar="SOURCE"),
    ] = None,
    split: Split = "dev",
    limit: options.Limit = None,
    model: options.Models = None,
    repeat: Annotated[
        int, typer.Option(min=1, help="Really ask so many times, and say how far answers agree.", metavar="K")
    ] = 1,
    gate: Annotated[
        Path | None, typer.Option(help="A TOML file of lower bounds; exit 3 below them.", metavar="FILE")
    ] = None,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="result.json; a folder for several models; result.xml for the gate as JUnit. May repeat.",
            metavar="FILE",
        ),
    ] = None,
    by_label: Annotated[bool, typer.Option("--by-label", help="A row for each label, too.")] = False,
    base_url: options.BaseUrl = None,
    taxonomy: options.Taxonomy = None,
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = None,
    answer_tokens: options.AnswerTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    offline: options.Offline = None,
    column: options.Columns = None,
) -> None:
    """Enrich the labelled papers and score the cards, beside the baseline that asks no model."""
    from ..evals.gate import check, read_gate, require, write_junit
    from ..evals.labels import SEED_CORPUS, SEED_LABELS, join, labels_version, read_labels
    from ..evals.run import to_json
    from ..evals.sheet import sheet
    from ..models import BASELINE
    from ..sources import BadRecord, open_source
    from . import eval_output, eval_tables

    _check_split(split)
    bounds = read_gate(gate) if gate is not None else None
    chosen = wiring.settings(
        base_url=base_url,
        taxonomy=taxonomy,
        concurrency=concurrency,
        timeout_s=timeout,
        answer_tokens=answer_tokens,
        reasoning_effort=reasoning_effort,
        cache_dir=cache_dir,
        no_cache=no_cache,
        offline=offline,
    )
    names: list[str | None] = [*model] if model else [chosen.model]
    entries = [wiring.choose_model(replace(chosen, model=name)) for name in names]
    files = eval_output.plan(output or [], [entry.name for entry in entries], gated=bounds is not None)
    path = labels or SEED_LABELS
    outcomes = {}
    with wiring.session(chosen) as session:
        labelled = read_labels(path, split=split, taxonomy=session.taxonomy)[:limit]
        records = open_source(papers or str(SEED_CORPUS), reading.asked(chosen, column))
        pairs = [
            (replace(item, abstract=paper.abstract), paper)
            for item, paper in join(labelled, (one for one in records if not isinstance(one, BadRecord)))
        ]
        version = labels_version(path, labelled)
        floor = _measure(session, BASELINE, pairs, split, version)
        for entry in entries:
            result = floor
            if entry != BASELINE:
                result = _measure(session, entry, pairs, split, version, floor, repeat)
            page = sheet(result)
            eval_tables.print_sheet(page, by_label=by_label)
            if entry.name in files.results:
                eval_output.write(files.results[entry.name], to_json(result, page.to_data()))
            if bounds is not None:
                outcomes[entry.name] = check(bounds, result.values(), page.intervals())
    for target in files.junit:
        write_junit(target, outcomes)
        terminal.note(f"gate → {target}")
    for name, lines in outcomes.items():
        require(lines, model=name, where=str(gate))
        terminal.note(f"{name}: all {len(lines)} bounds of {gate} reached")


@app.command("compare")
def compare(
    first: Annotated[Path, typer.Argument(help="A result of eval run.", metavar="A.json")],
    second: Annotated[Path, typer.Argument(help="Another, over the same papers.", metavar="B.json")],
    fail_if_worse: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit 3 if FIELD (its F1, or FIELD.FIGURE) is worse beyond chance, or by more than MARGIN. "
            "May repeat.",
            metavar="FIELD[:MARGIN]",
        ),
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Papers that changed to show.", metavar="N")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare two results, paired by paper."""
    from ..evals.compare import compare as compared
    from ..evals.compare import parse_guard, require_no_worse
    from ..evals.run import read_result
    from . import eval_tables

    guards = [parse_guard(text) for text in fail_if_worse or []]
    found = compared(read_result(first), read_result(second))
    if as_json:
        eval_tables.print_json(found)
    else:
        eval_tables.print_comparison(found, show)
    require_no_worse(found, guards)


@app.command("report")
def report(
    results: Annotated[list[Path], typer.Argument(help="Results of eval run.", metavar="RUN.json...")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file.", metavar="FILE")] = Path(
        "report.html"
    ),
) -> None:
    """Write one HTML page about one or more results; it needs no network."""
    from ..evals.report import write
    from ..evals.run import read_result
    from ..evals.sheet import sheet

    runs = [read_result(path) for path in results]
    write(output, [(one, sheet(one)) for one in runs])
    terminal.note(f"report → {output}")


@app.command("thresholds")
def thresholds(
    fitted: Annotated[Path, typer.Argument(help="A result to fit on, as of train.", metavar="FIT.json")],
    checked: Annotated[Path, typer.Argument(help="A result to check on, as of dev.", metavar="CHECK.json")],
    precision: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of answers that must be right.")
    ] = 0.9,
) -> None:
    """Find the confidence from which on answers are right that often, and say what it does elsewhere."""
    from ..evals.calibration import transfer
    from ..evals.run import read_result
    from . import eval_tables

    one, other = read_result(fitted), read_result(checked)
    eval_tables.print_thresholds(
        transfer(precision, one.judged, other.judged), precision, one.split, other.split
    )


@app.command("prevalence")
def prevalence(
    cards: Annotated[Path, typer.Argument(help="Cards of the whole corpus.", metavar="CARDS.jsonl")],
    labels: Labels = None,
    split: Split = "dev",
    labelled_cards: Annotated[
        Path | None,
        typer.Option(help="Cards of labelled papers that are not in the corpus.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimates as JSON.")] = False,
) -> None:
    """Say how many papers carry each label, corrected for what the model gets wrong."""
    from ..card import read_cards
    from ..evals.labels import SEED_LABELS, read_labels
    from ..evals.prevalence import prevalence as estimated
    from . import eval_tables

    _check_split(split)
    known = read_labels(labels or SEED_LABELS)
    others = read_cards(labelled_cards) if labelled_cards is not None else ()
    corpus = estimated(read_cards(cards), known, split=split, labelled_cards=others)
    if as_json:
        eval_tables.print_json(corpus)
    else:
        eval_tables.print_prevalence(corpus)


def _check_split(split: str) -> None:
    from ..errors import UsageError

    if split not in ("train", "dev", "test"):
        raise UsageError(f'there is no split "{split}"', next_step="Use train, dev or test")


def _measure(
    session: wiring.Session,
    entry: "Model",
    pairs: "list[tuple[Labelled, Paper]]",
    split: str,
    version: str,
    floor: "RunResult | None" = None,
    repeats: int = 1,
) -> "RunResult":
    from ..evals.run import score_run

    cards, failed = {}, {}
    again = []
    for repeat in range(repeats):
        made, lost = _cards(session.reader(entry, repeat=repeat), session, entry, pairs)
        if repeat == 0:
            cards, failed = made, lost
        else:
            again.append(made)
    labelled = [item for item, _ in pairs]
    return score_run(
        cards, failed, labelled, model=entry.name, split=split, labels=version, again=again, floor=floor
    )


def _cards(
    reader: "Reader", session: wiring.Session, entry: "Model", pairs: "list[tuple[Labelled, Paper]]"
) -> "tuple[dict[str, Card], dict[str, str]]":
    """Cards, and why there is none, by the id of the label record."""
    from ..batch import Done, Failed, Outcome
    from .running import drive

    names = {paper.id: item.id for item, paper in pairs}
    cards: dict[str, Card] = {}
    failed: dict[str, str] = {}
    counter = terminal.Counter(len(pairs), free=entry.plan == "baseline")

    def take(outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Done):
                cards[names[outcome.paper.id]] = outcome.reading.card
            elif isinstance(outcome, Failed):
                failed[names[outcome.id]] = outcome.message

    whole = drive(reader, (paper for _, paper in pairs), session.concurrency(entry), counter, take)
    if not whole:
        raise KeyboardInterrupt
    terminal.note(f"{entry.name}: {counter.summary([])}")
    return cards, failed
