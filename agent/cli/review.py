"""`papercards review`: applies the corrections of a review file, or turns them into labels."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..runs.resources import load_taxonomy
from ..text.wording import counted
from .cards import CARDS
from .command_help import Commands, example
from .shared import options, terminal, wiring
from .shared.papers import SOURCE, SPLIT, beside, papers, written

if TYPE_CHECKING:
    from ..review.merging import Outcome

app = typer.Typer(
    cls=Commands, help="Apply corrections to cards, or turn them into labels.", no_args_is_help=True
)

REVIEW = Annotated[
    Path | None,
    typer.Argument(help="Review file (default: the one beside the cards).", metavar="REVIEW.jsonl"),
]


@app.command("apply", epilog=example("papercards review apply cards.jsonl -o corrected.jsonl"))
@options.grouped
def apply(
    cards: CARDS,
    review: REVIEW = None,
    *,
    output: Annotated[Path, options.to_file("File to write the corrected cards to.")],
    source: SOURCE = None,
    source_flags: options.SourceFlags,
) -> None:
    """Write the corrected cards; exit 1 if a corrected card has changed since."""
    from ..review.merging import apply as applied
    from ..review.review_file import ReviewFile
    from ..sinks import open_sink
    from .shared.check_outputs import check_apart

    path = _there(review or beside(cards))
    check_apart([cards, path], [output])
    known = {paper.id: paper for paper in papers(source, source_flags)}
    file = ReviewFile(path)
    sink = open_sink(output, cards=cards)
    try:
        outcome = applied(cards, file.overlay, sink, known)
        sink.close()
    finally:
        sink.abandon()
    terminal.note(f"{counted(outcome.cards, 'card')}, {outcome.changed:,} reviewed → {output}")
    _say(outcome)


@app.command("to-labels", epilog=example("papercards review to-labels cards.jsonl -o labels.jsonl"))
@options.grouped
def to_labels(
    cards: CARDS,
    review: REVIEW = None,
    *,
    output: Annotated[Path, options.to_file("Label file to write.")],
    split: SPLIT = "dev",
    source: SOURCE = None,
    taxonomy: options.Taxonomy = None,
    source_flags: options.SourceFlags,
) -> None:
    """Export labels of fully reviewed papers; --source adds the abstracts."""
    from ..review.merging import to_labels as made
    from ..review.review_file import ReviewFile

    labels = load_taxonomy(wiring.settings(taxonomy=taxonomy))
    known = {paper.id: paper for paper in papers(source, source_flags)}
    file = ReviewFile(_there(review or beside(cards)))
    outcome = written(output, lambda write: made(cards, file.overlay, split, labels, known, write))
    terminal.note(f"{counted(outcome.changed, 'labelled paper')} → {output}")
    if outcome.skipped:
        terminal.note(f"{counted(outcome.skipped, 'partly reviewed paper')} skipped")
    if outcome.beyond:
        terminal.note(
            f"{counted(outcome.beyond, 'claim')} outside the abstract skipped: labels are about abstracts"
        )
    _say(outcome)


def _there(review: Path) -> Path:
    if not review.exists():
        raise UsageError(
            "no such file",
            where=str(review),
            next_step="papercards serve creates it at the first edit",
        )
    return review


def _say(outcome: "Outcome") -> None:
    for fault in outcome.faults:
        terminal.note(f"papercards: {fault}")
    if outcome.faults:
        raise typer.Exit(1)
