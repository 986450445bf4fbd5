"""`papercards show`, `verify` and `schema`: show and check card files."""

from pathlib import Path
from typing import Annotated

import typer

from ..wording import counted
from . import options, reading, terminal, wiring

CARDS = Annotated[Path, typer.Argument(help="A file with cards.", metavar="CARDS")]


def show(cards: CARDS) -> None:
    """Print a table of the cards in a file."""
    from ..sinks import read_cards

    terminal.print_table(read_cards(cards))


def verify(
    cards: CARDS,
    source: Annotated[
        list[str], typer.Option(help="A source of the papers; may be given several times.", metavar="SOURCE")
    ],
    limit: options.Limit = None,
    cache_dir: options.CacheDir = None,
    offline: options.Offline = None,
    column: options.Columns = None,
    table: options.Table = None,
    category: options.Categories = None,
    sections: options.Sections = None,
) -> None:
    """Check the quotes, offsets, links and numbers of cards against their papers."""
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
        found = check(card, paper) if paper else ["not found in any source"]
        for fault in found:
            print(terminal.clean(f"{card.id}: {fault}"))
        faults += len(found)
        held = card.reproducibility
        spans += len(card.claims) + sum(
            artifact.evidence is not None for artifact in (held.code, held.data, held.weights)
        )
    if faults:
        raise VerifyFailed(f"{counted(faults, 'fault')} in {counted(count, 'card')}", where=str(cards))
    print(f"{counted(count, 'card')}, {counted(spans, 'quoted sentence')}: all match the papers")


def schema() -> None:
    """Print the JSON schema of a card, which is one line of a card file."""
    import json

    from ..card import json_schema

    print(json.dumps(json_schema(), indent=2))
