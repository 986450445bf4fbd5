"""`papercards show`, `verify` and `schema`: card files, looked at and checked."""

from pathlib import Path
from typing import Annotated

import typer

from . import options, reading, terminal, wiring

CARDS = Annotated[Path, typer.Argument(help="A file of cards.", metavar="CARDS")]


def show(cards: CARDS) -> None:
    """Print a table of the cards in a file."""
    from ..sinks import read_cards

    terminal.print_table(read_cards(cards))


def verify(
    cards: CARDS,
    source: Annotated[
        list[str], typer.Option(help="Where the papers came from; may repeat.", metavar="SOURCE")
    ],
    limit: options.Limit = None,
    cache_dir: options.CacheDir = None,
    offline: options.Offline = None,
    column: options.Columns = None,
    table: options.Table = None,
    category: options.Categories = None,
    sections: options.Sections = None,
) -> None:
    """Check every offset, quote, link and number of a card file against its papers."""
    from ..errors import VerifyFailed
    from ..evidence import check
    from ..paper import identity
    from ..sinks import read_cards
    from ..sources import BadRecord
    from .running import papers as records

    chosen = wiring.settings(cache_dir=cache_dir, offline=offline)
    asked = reading.asked(chosen, column, table=table, category=category, sections=sections, limit=limit)
    papers = {
        identity(record.id, record.title): record
        for record in records(source, asked)
        if not isinstance(record, BadRecord)
    }
    count = spans = faults = 0
    for count, card in enumerate(read_cards(cards), start=1):  # noqa: B007
        paper = papers.get(identity(card.id, card.title))
        found = check(card, paper) if paper else ["no source has this paper"]
        for fault in found:
            print(terminal.clean(f"{card.id}: {fault}"))
        faults += len(found)
        held = card.reproducibility
        spans += len(card.claims) + sum(
            artifact.evidence is not None for artifact in (held.code, held.data, held.weights)
        )
    if faults:
        raise VerifyFailed(f"{faults} faults in {count} cards", where=str(cards))
    print(f"{count} cards, {spans} quoted sentences: all as the papers have them")


def schema() -> None:
    """Print the JSON schema of one line of a card file."""
    import json

    from ..card import json_schema

    print(json.dumps(json_schema(), indent=2))
