"""`papercards show`, `verify` and `schema`: show and check card files."""

from pathlib import Path
from typing import Annotated

import typer

from ..text.wording import counted
from .shared import options, source_options, terminal, wiring

SHOWN = 20
"""Maximum number of papers without a card that are named."""

CARDS = Annotated[Path, typer.Argument(help="A file with cards.", metavar="CARDS")]


def show(cards: CARDS) -> None:
    """Print a table of the cards in a file."""
    from ..sinks import read_cards

    terminal.print_table(read_cards(cards))


@options.grouped
def verify(
    cards: CARDS,
    source: Annotated[
        list[str], typer.Option(help="A source of the papers; may be given several times.", metavar="SOURCE")
    ],
    limit: options.Limit = None,
    cache_dir: options.CacheDir = None,
    offline: options.Offline = None,
    *,
    source_flags: options.SourceFlags,
    category: options.Categories = None,
) -> None:
    """Check the quotes, offsets, links and numbers of cards, and name papers without a card."""
    from ..errors import VerifyFailed
    from ..paper import identity
    from ..reading.evidence import check
    from ..runs.job import Job
    from ..sinks import read_cards
    from ..sources import BadRecord

    chosen = wiring.settings(cache_dir=cache_dir, offline=offline)
    asked = source_options.asked(chosen, source_flags, category=category, limit=limit)
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
        found = check(card, paper) if paper else ["not found in any source"]
        if (first := places.setdefault(name, count)) != count:
            found.append(f"appears twice, as card {first} and card {count}")
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
        raise VerifyFailed(f"{counted(faults, 'fault')} in {counted(count, 'card')}", where=str(cards))
    missing = ""
    if without:
        missing = f"; {counted(len(without), 'paper')} {'has' if len(without) == 1 else 'have'} no card"
    print(f"{counted(count, 'card')}, {counted(spans, 'quoted sentence')}: all match the papers{missing}")


def schema() -> None:
    """Print the JSON schema of a card, which is one line of a card file."""
    import json

    from ..card import json_schema

    print(json.dumps(json_schema(), indent=2))
