"""`papercards review`: the corrections of a review file made into new files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..resources import load_taxonomy
from . import options, terminal, wiring
from .cards import CARDS
from .papers import SOURCE, SPLIT, beside, papers, written

if TYPE_CHECKING:
    from ..review.merging import Outcome

app = typer.Typer(help="Make new files of cards and their corrections.", no_args_is_help=True)

REVIEW = Annotated[
    Path | None,
    typer.Argument(help="The review file; none: the one beside the cards.", metavar="REVIEW.jsonl"),
]


@app.command("apply")
def apply(
    cards: CARDS,
    review: REVIEW = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file of corrected cards.", metavar="FILE")
    ],
    source: SOURCE = None,
    column: options.Columns = None,
    table: options.Table = None,
    sections: options.Sections = None,
) -> None:
    """Write the cards with their corrections; exit 1 if one is for a card that has changed since."""
    from ..errors import UsageError
    from ..review.merging import apply as applied
    from ..review.review_file import ReviewFile
    from ..sinks import destination, open_sink

    path = _there(review or beside(cards))
    if destination(output)[1].resolve() in (destination(cards)[1].resolve(), path.resolve()):
        raise UsageError("the output would take the place of what it is made of", where=str(output))
    known = {paper.id: paper for paper in papers(source, column, table, sections)}
    file = ReviewFile(path)
    sink = open_sink(output)
    try:
        outcome = applied(cards, file.overlay, sink, known)
        sink.close()
    finally:
        sink.abandon()
    terminal.note(f"{outcome.cards} cards, {outcome.changed} reviewed → {output}")
    _say(outcome)


@app.command("to-labels")
def to_labels(
    cards: CARDS,
    review: REVIEW = None,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The label file.", metavar="FILE")],
    split: SPLIT = "dev",
    source: SOURCE = None,
    taxonomy: options.Taxonomy = None,
    column: options.Columns = None,
    table: options.Table = None,
    sections: options.Sections = None,
) -> None:
    """Write labels of the papers that were reviewed to the end; with --source they bring their abstracts."""
    from ..review.merging import to_labels as made
    from ..review.review_file import ReviewFile

    labels = load_taxonomy(wiring.settings(taxonomy=taxonomy))
    known = {paper.id: paper for paper in papers(source, column, table, sections)}
    file = ReviewFile(_there(review or beside(cards)))
    outcome = written(output, lambda write: made(cards, file.overlay, split, labels, known, write))
    terminal.note(f"{outcome.changed} labelled papers → {output}")
    if outcome.skipped:
        terminal.note(f"{outcome.skipped} papers with corrections are not reviewed to the end: left out")
    if outcome.beyond:
        terminal.note(f"{outcome.beyond} claims stand in sections, and labels are about abstracts: left out")
    _say(outcome)


def _there(review: Path) -> Path:
    from ..errors import UsageError

    if not review.exists():
        raise UsageError(
            "there is no such file",
            where=str(review),
            next_step="papercards serve makes it at the first edit",
        )
    return review


def _say(outcome: "Outcome") -> None:
    for fault in outcome.faults:
        terminal.note(f"papercards: {fault}")
    if outcome.faults:
        raise typer.Exit(1)
