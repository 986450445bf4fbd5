"""`papercards export`: cards in forms that need no papercards."""

from pathlib import Path
from typing import Annotated

import typer

from . import options, reading, terminal, wiring
from .cards import CARDS
from .papers import SOURCES, abstracts

app = typer.Typer(help="Cards in forms that need no papercards.", no_args_is_help=True)


@app.command("site")
def site(
    cards: CARDS,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for it, made if needed.", metavar="FOLDER")
    ],
    source: SOURCES = None,
    column: options.Columns = None,
    table: options.Table = None,
    sections: options.Sections = None,
) -> None:
    """Write a static site to browse the cards, which opens from disk or from any web server."""
    from ..errors import MissingExtra
    from ..pages.opening import open_index
    from ..sinks import read_cards

    try:
        from ..pages.static_site import export
    except ModuleNotFoundError as error:
        raise MissingExtra("The static site", "serve") from error
    asked = reading.asked(wiring.settings(), column, table=table, sections=sections)
    with open_index(cards, None) as index:
        index.add_papers(abstracts(source or [], asked))
        index.add(read_cards(cards), origin=0)
        size = export(cards.name, index, output)
        count = index.size
    terminal.note(f"{count} papers, {size / 1e6:.1f} MB → {output / 'index.html'}")
