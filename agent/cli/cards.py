"""`papercards show`, `verify` and `schema`: card files, looked at and checked."""

from pathlib import Path
from typing import Annotated

import typer

from . import options, reading, terminal, wiring

SHOWN = 20
"""Papers without a card that are named."""

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
    """Check every offset, quote, link and number of cards against the papers, and name papers without one."""
    from ..errors import VerifyFailed
    from ..evidence import check
    from ..job import Job
    from ..paper import identity
    from ..sinks import read_cards
    from ..sources import BadRecord

    chosen = wiring.settings(cache_dir=cache_dir, offline=offline)
    asked = reading.asked(chosen, column, table=table, category=category, sections=sections, limit=limit)
    papers = {
        identity(record.id, record.title): record
        for record in Job(tuple(source), options=asked).papers()
        if not isinstance(record, BadRecord)
    }
    count = spans = faults = 0
    places: dict[object, int] = {}
    for count, card in enumerate(read_cards(cards), start=1):
        name = identity(card.id, card.title)
        paper = papers.get(name)
        found = check(card, paper) if paper else ["no source has this paper"]
        if (first := places.setdefault(name, count)) != count:
            found.append(f"comes twice, as card {first} and card {count}")
        for fault in found:
            print(terminal.clean(f"{card.id}: {fault}"))
        faults += len(found)
        held = card.reproducibility
        spans += len(card.claims) + sum(
            artifact.evidence is not None for artifact in (held.code, held.data, held.weights)
        )
    without = [paper for name, paper in papers.items() if name not in places]
    for paper in without[:SHOWN]:
        print(terminal.clean(f"{paper.id}: has no card ({paper.where})"))
    if len(without) > SHOWN:
        print(f"… and {len(without) - SHOWN:,} more papers without a card")
    if faults:
        raise VerifyFailed(f"{faults} faults in {count} cards", where=str(cards))
    missing = f"; {len(without):,} paper{'s have' if len(without) > 1 else ' has'} no card" if without else ""
    print(f"{count} cards, {spans} quoted sentences: all as the papers have them{missing}")


def schema() -> None:
    """Print the JSON schema of one line of a card file."""
    import json

    from ..card import json_schema

    print(json.dumps(json_schema(), indent=2))
