"""`papercards export`: exports cards in forms that do not need papercards."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError, importing
from ..text.wording import counted
from .cards import CARDS
from .command_help import Commands, example
from .shared import options, source_options, terminal, wiring
from .shared.papers import SOURCES, abstracts, beside

app = typer.Typer(cls=Commands, help="Export cards as a static site.", no_args_is_help=True)


@app.command("site", epilog=example("papercards export site cards.jsonl --source library.bib -o site/"))
@options.grouped
def site(
    cards: CARDS,
    output: Annotated[Path, options.to_file("Folder to write to, created if needed.", "FOLDER")],
    source: SOURCES = None,
    review: Annotated[
        Path | None,
        typer.Option(
            help="Corrections to show (default: those beside the cards, if there are any).",
            metavar="FILE.jsonl",
        ),
    ] = None,
    *,
    source_flags: options.SourceFlags,
) -> None:
    """Write a static site to browse the cards; it opens from disk or any web server."""
    from ..pages.index.index_file import open_index
    from ..sinks import read_cards

    with importing("The static site", "serve"):
        from ..pages.review.corrections import Corrections
        from ..pages.static_site import export
    from ..review.review_file import ReviewFile

    if review is not None and not review.exists():
        raise UsageError("no such file", where=str(review))
    reviews = review or beside(cards)
    asked = source_options.asked(wiring.settings(), source_flags)
    with open_index(cards, None) as index:
        index.add_papers(abstracts(source or [], asked))
        index.add(read_cards(cards), origin=0)
        if reviews.exists():
            Corrections(index, ReviewFile(reviews)).apply()
        size = export(cards.name, index, output)
        count = index.size
        edited = index.corrections
    if edited:
        terminal.note(f"{counted(edited, 'paper')} corrected or reviewed, from {reviews}")
    terminal.note(f"{counted(count, 'paper')}, {size / 1e6:.1f} MB → {output / 'index.html'}")
