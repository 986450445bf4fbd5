"""`papercards eval`: measures cards against labels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..errors import BudgetSpent, EndpointError, MissingExtra, PapercardsError
from ..model.catalogue import BASELINE, Model
from ..runs.resources import Resources, choose_model
from ..text.wording import counted
from . import eval_labels
from .command_help import Commands, example
from .shared import options, terminal, wiring
from .shared.papers import of_source

if TYPE_CHECKING:
    from ..card import Card
    from ..evals.label_file import Labelled
    from ..evals.scoring.run import RunResult
    from ..paper import Paper
    from ..reading.home import Distance
    from ..reading.reader import Reader

T = TypeVar("T")

SHOWN_REASONS = 8
"""Maximum number of different failure reasons to print."""

app = typer.Typer(cls=Commands, help="Measure cards against labels.", no_args_is_help=True)
app.add_typer(eval_labels.app, name="labels")

Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="Label file, or arxiv-dev or arxiv-train once fetched (default: the seed corpus).",
        metavar="FILE",
    ),
]
Split = Annotated[str, typer.Option(help="Split of the labels: train, dev or test.", metavar="SPLIT")]


@app.callback()
def _check(context: typer.Context) -> None:
    """Report missing packages at once, not after papers were read."""
    import importlib.util

    if context.invoked_subcommand != "labels" and importlib.util.find_spec("scipy") is None:
        raise MissingExtra("Evaluation", "eval")


@app.command("run", epilog=example("papercards eval run -m openai/gpt-4.1-mini --split dev -o result.json"))
@options.grouped
def run(
    labels: Labels = None,
    papers: Annotated[
        str | None,
        typer.Option(
            help="Source of the labelled papers (default: the corpus shipped with papercards).",
            metavar="SOURCE",
        ),
    ] = None,
    split: Split = "dev",
    limit: options.Limit = None,
    model: options.Models = None,
    repeat: Annotated[
        int,
        typer.Option(
            min=1, help="Query each paper K times, without the cache, and report self-agreement.", metavar="K"
        ),
    ] = 1,
    gate: Annotated[
        Path | None,
        typer.Option(help="A TOML file with lower bounds; exit 3 if one is missed.", metavar="FILE"),
    ] = None,
    output: Annotated[
        list[Path] | None,
        options.to_file(
            "result.json, a folder for several models, or result.xml for the gate as JUnit. May be "
            "given several times."
        ),
    ] = None,
    by_label: Annotated[bool, typer.Option("--by-label", help="Also print a row for each label.")] = False,
    *,
    flags: options.RunFlags,
    column: options.Columns = None,
) -> None:
    """Run models on labelled papers and score the cards, beside the baseline.

    Papers for which the endpoint failed are not counted in any figure; the exit code is 1 if a paper got no
    card.
    """
    from ..evals.label_file import SEED_CORPUS, SEED_LABELS, check_split, join, labels_version, read_labels
    from ..evals.labelling.label_texts import label_file
    from ..evals.reporting.sheet import sheet
    from ..evals.scoring.gate import check, read_gate, require, write_junit
    from ..evals.scoring.run import to_json
    from ..reading.home import told
    from .shared import eval_output, eval_tables

    check_split(split)
    bounds = read_gate(gate) if gate is not None else None
    chosen = wiring.settings(flags)
    names: list[str | None] = [*model] if model else [chosen.model]
    entries = [choose_model(replace(chosen, model=name)) for name in names]
    files = eval_output.plan(output or [], [entry.name for entry in entries], gated=bounds is not None)
    path = label_file(labels or SEED_LABELS)
    outcomes = {}
    lost = 0
    with wiring.resources(chosen) as session:
        labelled = read_labels(path, split=split, taxonomy=session.taxonomy)[:limit]
        found = join(labelled, of_source(papers or str(SEED_CORPUS), column, chosen))
        pairs = [(replace(item, abstract=paper.abstract), paper) for item, paper in found]
        version = labels_version(path, labelled)
        for entry in entries:
            session.budget(entry)
            if entry != BASELINE:
                terminal.note(wiring.first_line(len(pairs), entry, chosen.pool))
        floor, _ = _measure(session, BASELINE, pairs, split, version, tuned=BASELINE in entries)
        for entry in entries:
            result, ended = floor, None
            if entry != BASELINE:
                result, ended = _measure(session, entry, pairs, split, version, floor, repeat)
                lost += sum(paper.card is None for paper in result.papers) + len(result.unanswered)
            page = sheet(result)
            eval_tables.print_sheet(page, by_label=by_label)
            if result.distance is not None:
                terminal.note(told(result.distance))
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
        terminal.note(f"{name}: {counted(len(lines), 'bound')} of {gate} reached")
    if lost:
        raise typer.Exit(1)


@app.command("compare", epilog=example("papercards eval compare a.json b.json"))
def compare(
    first: Annotated[Path, typer.Argument(help="A result file of eval run.", metavar="A.json")],
    second: Annotated[Path, typer.Argument(help="Another result over the same papers.", metavar="B.json")],
    fail_if_worse: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit 3 if FIELD (its F1, or FIELD.FIGURE) is significantly worse, or worse by more than "
            "MARGIN. May be given several times.",
            metavar="FIELD[:MARGIN]",
        ),
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Number of changed papers to show.", metavar="N")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare two result files, paired by paper."""
    from ..evals.scoring.compare import compare as compared
    from ..evals.scoring.compare import parse_guard, require_no_worse
    from ..evals.scoring.run import read_result
    from .shared import eval_tables

    guards = [parse_guard(text) for text in fail_if_worse or []]
    found = compared(read_result(first), read_result(second))
    if as_json:
        eval_tables.print_json(found)
    else:
        eval_tables.print_comparison(found, show)
    require_no_worse(found, guards)


@app.command("report", epilog=example("papercards eval report a.json b.json -o report.html"))
def report(
    results: Annotated[list[Path], typer.Argument(help="Result files of eval run.", metavar="RUN.json")],
    output: Annotated[Path, options.to_file("HTML file to write.")] = Path("report.html"),
) -> None:
    """Write an HTML report on one or more results; it works offline."""
    from ..evals.reporting.report import write
    from ..evals.reporting.sheet import sheet
    from ..evals.scoring.run import read_result

    runs = [read_result(path) for path in results]
    write(output, [(one, sheet(one)) for one in runs])
    terminal.note(f"report → {output}")


@app.command("thresholds", epilog=example("papercards eval thresholds train.json dev.json --precision 0.9"))
def thresholds(
    fitted: Annotated[
        Path, typer.Argument(help="Result to fit on, such as one of the train split.", metavar="FIT.json")
    ],
    checked: Annotated[
        Path, typer.Argument(help="Result to check on, such as one of the dev split.", metavar="CHECK.json")
    ],
    precision: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Target precision: the share of answers that must be right.",
            metavar="SHARE",
        ),
    ] = 0.9,
) -> None:
    """Fit a confidence threshold for a target precision and check it on another split."""
    from ..evals.scoring.calibration import transfer
    from ..evals.scoring.run import read_result
    from .shared import eval_tables

    one, other = read_result(fitted), read_result(checked)
    eval_tables.print_thresholds(
        transfer(precision, one.judged, other.judged), precision, one.split, other.split
    )


def _measure(
    session: "Resources",
    entry: "Model",
    pairs: "list[tuple[Labelled, Paper]]",
    split: str,
    version: str,
    floor: "RunResult | None" = None,
    repeats: int = 1,
    *,
    tuned: bool = True,
) -> "tuple[RunResult, PapercardsError | None]":
    """The scored run, and the error that ended it early, if any.

    Raises that error if no paper was answered.
    """
    from ..evals.scoring.run import score_run

    asked = [_Asked() for _ in range(repeats)]
    for repeat, one in enumerate(asked):
        _ask(session.reader(entry, repeat=repeat, tuned=tuned), session, entry, pairs, one)
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
        distance=asked[0].distance,
    )
    return result, ended


@dataclass(slots=True)
class _Asked:
    """Results of one round of queries, by the id of the label record."""

    cards: "dict[str, Card]" = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Reasons why the model made no card."""
    unanswered: dict[str, str] = field(default_factory=dict)
    """Reasons why the endpoint gave no answer."""
    ended: "PapercardsError | None" = None
    """The error that ended the round early, if any."""
    distance: "Distance | None" = None
    """How far the papers are from those that the tagger was fitted on."""


def _left(table: "dict[str, T]", gone: Collection[str]) -> "dict[str, T]":
    return {name: value for name, value in table.items() if name not in gone}


def _tell_failures(reasons: list[str]) -> None:
    """Print why papers have no card, each reason once with its count."""
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
    from ..runs.batch import Done, Failed, Outcome
    from ..runs.job import Job
    from .shared.drive import Screen

    names = {paper.id: item.id for item, paper in pairs}

    class Answers(Screen):
        """Keeps the outcomes instead of printing them."""

        def took(self, outcomes: list[Outcome]) -> None:
            super().took(outcomes)
            for outcome in outcomes:
                if isinstance(outcome, Done):
                    found.cards[names[outcome.paper.id]] = outcome.reading.card
                elif isinstance(outcome, Failed):
                    kept = found.unanswered if outcome.unanswered else found.failed
                    kept[names[outcome.id]] = outcome.message

        def say(self, text: str) -> None:
            pass

        def lines(self, lines: Sequence[bytes]) -> None:
            pass

    screen = Answers(len(pairs), free=entry.plan == "baseline")
    papers = (paper for _, paper in pairs)
    try:
        whole = Job(()).run(session, entry, screen.drive, screen, papers, reader)
    except (BudgetSpent, EndpointError) as error:
        found.ended = error
        whole = True
    if not whole:
        raise KeyboardInterrupt
    found.distance = screen.distance
    terminal.note(f"{entry.name}: {screen.progress.summary([])}")
