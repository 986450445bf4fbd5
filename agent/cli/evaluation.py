"""`papercards eval`: cards measured against labels."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..resources import choose_model
from . import eval_labels, options, reading, terminal, wiring

if TYPE_CHECKING:
    from ..card import Card
    from ..errors import PapercardsError
    from ..evals.labels import Labelled
    from ..evals.run import RunResult
    from ..models import Model
    from ..paper import Paper
    from ..reader import Reader
    from ..resources import Resources

T = TypeVar("T")

SHOWN_REASONS = 8
"""Different reasons for papers without a card that are told, at most."""

app = typer.Typer(help="Measure cards against labels.", no_args_is_help=True)
app.add_typer(eval_labels.app, name="labels")

Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="A label file, or arxiv-dev or arxiv-train once fetched; none: the seed corpus's.",
        metavar="FILE",
    ),
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
    insecure: options.Insecure = None,
    taxonomy: options.Taxonomy = None,
    concurrency: options.Concurrency = None,
    timeout: options.Timeout = None,
    answer_tokens: options.AnswerTokens = None,
    reasoning_effort: options.ReasoningEffort = None,
    rpm: options.Rpm = None,
    tpm: options.Tpm = None,
    max_cost: options.MaxCost = None,
    price: options.Price = None,
    cache_dir: options.CacheDir = None,
    no_cache: options.NoCache = None,
    offline: options.Offline = None,
    column: options.Columns = None,
) -> None:
    """Enrich the labelled papers and score the cards, beside the baseline that asks no model.

    Papers for which the endpoint failed are in no figure, and the exit code is 1 where a paper got no card.
    """
    from ..errors import BudgetSpent
    from ..evals.gate import check, read_gate, require, write_junit
    from ..evals.label_texts import label_file
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
        insecure=insecure,
        taxonomy=taxonomy,
        concurrency=concurrency,
        timeout_s=timeout,
        answer_tokens=answer_tokens,
        reasoning_effort=reasoning_effort,
        rpm=rpm,
        tpm=tpm,
        max_cost=max_cost,
        price=price,
        cache_dir=cache_dir,
        no_cache=no_cache,
        offline=offline,
    )
    names: list[str | None] = [*model] if model else [chosen.model]
    entries = [choose_model(replace(chosen, model=name)) for name in names]
    files = eval_output.plan(output or [], [entry.name for entry in entries], gated=bounds is not None)
    path = label_file(labels or SEED_LABELS)
    outcomes = {}
    lost = 0
    with wiring.resources(chosen) as session:
        labelled = read_labels(path, split=split, taxonomy=session.taxonomy)[:limit]
        records = open_source(papers or str(SEED_CORPUS), reading.asked(chosen, column))
        pairs = [
            (replace(item, abstract=paper.abstract), paper)
            for item, paper in join(labelled, (one for one in records if not isinstance(one, BadRecord)))
        ]
        version = labels_version(path, labelled)
        for entry in entries:
            session.budget(entry)
            if entry != BASELINE:
                terminal.note(wiring.first_line(len(pairs), entry))
        floor, _ = _measure(session, BASELINE, pairs, split, version)
        for entry in entries:
            result, ended = floor, None
            if entry != BASELINE:
                result, ended = _measure(session, entry, pairs, split, version, floor, repeat)
                lost += sum(paper.card is None for paper in result.papers) + len(result.unanswered)
            page = sheet(result)
            eval_tables.print_sheet(page, by_label=by_label)
            if entry.name in files.results:
                text = to_json(result, page.to_data())
                eval_output.write(files.results[entry.name], text, derived=files.in_folder)
            if bounds is not None:
                outcomes[entry.name] = check(bounds, result.values(), page.intervals())
            if isinstance(ended, BudgetSpent):
                raise ended
    for target in files.junit:
        write_junit(target, outcomes)
        terminal.note(f"gate → {target}")
    for name, lines in outcomes.items():
        require(lines, model=name, where=str(gate))
        terminal.note(f"{name}: all {len(lines)} bounds of {gate} reached")
    if lost:
        raise typer.Exit(1)


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
    cards: Annotated[Path, typer.Argument(help="Cards of the whole corpus.", metavar="CARDS")],
    labels: Labels = None,
    split: Split = "dev",
    labelled_cards: Annotated[
        Path | None,
        typer.Option(help="Cards of labelled papers that are not in the corpus.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimates as JSON.")] = False,
) -> None:
    """Say how many papers carry each label, corrected for what the model gets wrong."""
    from ..evals.label_texts import label_file
    from ..evals.labels import SEED_LABELS, read_labels
    from ..evals.prevalence import prevalence as estimated
    from ..sinks import read_cards
    from . import eval_tables

    _check_split(split)
    known = read_labels(label_file(labels or SEED_LABELS))
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
    session: "Resources",
    entry: "Model",
    pairs: "list[tuple[Labelled, Paper]]",
    split: str,
    version: str,
    floor: "RunResult | None" = None,
    repeats: int = 1,
) -> "tuple[RunResult, PapercardsError | None]":
    """The scored run, and what ended it early.

    Raises what ended it before any paper was answered.
    """
    from ..evals.run import score_run

    asked = [_Asked() for _ in range(repeats)]
    for repeat, one in enumerate(asked):
        _ask(session.reader(entry, repeat=repeat), session, entry, pairs, one)
        if one.ended is not None:
            if not asked[0].cards:
                raise one.ended
            break
    ended = next((one.ended for one in asked if one.ended is not None), None)
    if ended is not None:
        # What was not reached has no answer; where repeats are missing, the first answers still count.
        asked = asked[:1]
        first = asked[0]
        for item, _ in pairs:
            if item.id not in first.cards and item.id not in first.failed:
                first.unanswered.setdefault(item.id, str(ended))
    unanswered = {name: why for one in reversed(asked) for name, why in one.unanswered.items()}
    _tell_failures([*asked[0].failed.values(), *unanswered.values()])
    result = score_run(
        _left(asked[0].cards, unanswered),
        _left(asked[0].failed, unanswered),
        [item for item, _ in pairs],
        model=entry.name,
        split=split,
        labels=version,
        again=[_left(one.cards, unanswered) for one in asked[1:]],
        floor=floor,
        unanswered=unanswered,
    )
    return result, ended


@dataclass(slots=True)
class _Asked:
    """What one round of asking gave, by the id of the label record."""

    cards: "dict[str, Card]" = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Why the model made no card."""
    unanswered: dict[str, str] = field(default_factory=dict)
    """Why the endpoint gave no answer."""
    ended: "PapercardsError | None" = None
    """What ended it early."""


def _left(table: "dict[str, T]", gone: Collection[str]) -> "dict[str, T]":
    return {name: value for name, value in table.items() if name not in gone}


def _tell_failures(reasons: list[str]) -> None:
    """Say why papers have no card, each reason once with its count."""
    from collections import Counter

    counted = Counter(reasons).most_common()
    for reason, count in counted[:SHOWN_REASONS]:
        terminal.note(f"  {count} without a card: {reason}")
    if rest := sum(count for _, count in counted[SHOWN_REASONS:]):
        terminal.note(f"  {rest} without a card for other reasons")


def _ask(
    reader: "Reader",
    session: "Resources",
    entry: "Model",
    pairs: "list[tuple[Labelled, Paper]]",
    found: _Asked,
) -> None:
    from ..batch import Done, Failed, Outcome
    from ..errors import BudgetSpent, EndpointError
    from .running import Screen, driving

    names = {paper.id: item.id for item, paper in pairs}
    screen = Screen(len(pairs), free=entry.plan == "baseline")

    def take(outcomes: list[Outcome]) -> None:
        screen.took(outcomes)
        for outcome in outcomes:
            if isinstance(outcome, Done):
                found.cards[names[outcome.paper.id]] = outcome.reading.card
            elif isinstance(outcome, Failed):
                kept = found.unanswered if outcome.unanswered else found.failed
                kept[names[outcome.id]] = outcome.message

    papers = (paper for _, paper in pairs)
    try:
        whole = driving(screen.progress)(reader, papers, session.concurrency(entry), take, None)
    except (BudgetSpent, EndpointError) as error:
        found.ended = error
        whole = True
    if not whole:
        raise KeyboardInterrupt
    terminal.note(f"{entry.name}: {screen.progress.summary([])}")
