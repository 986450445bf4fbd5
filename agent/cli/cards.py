"""`papercards show`, `verify` and `schema`: show and check card files."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError, VerifyFailed
from ..text.wording import counted
from .shared import options, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..card import Card
    from ..paper import Paper

SHOWN = 20
"""Maximum number of papers without a card that are named."""

CARDS = Annotated[Path, typer.Argument(help="A file with cards.", metavar="CARDS")]


def show(
    cards: CARDS,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Fields to show, separated by commas, such as year,authors,title; your own fields, too "
            "(default: a few).",
            metavar="FIELD,FIELD",
        ),
    ] = None,
    where: options.Where = None,
    sort: Annotated[
        str | None,
        typer.Option(help="Field to sort by; with a hyphen before it, descending: -year.", metavar="FIELD"),
    ] = None,
    limit: options.Limit = None,
    records: Annotated[
        str | None,
        typer.Option(
            help="Show a row for each record of this own list field, with its sentence; -o writes CSV or "
            "TSV.",
            metavar="FIELD",
        ),
    ] = None,
    output: Annotated[
        list[Path] | None,
        options.outputs(
            "Save these cards to a file instead; the extension sets the format. May be given several times."
        ),
    ] = None,
) -> None:
    """Print a table of the cards in a file, or save a selection of them."""
    from ..card_fields import condition, field, own_fields, records_of, selected
    from ..card_files import write_cards
    from ..sinks import read_cards
    from .shared import card_table
    from .shared.check_outputs import check_apart

    @cache
    def own() -> frozenset[str]:
        return own_fields(read_cards(cards))

    chosen = [field(name, "--columns", own) for name in columns.split(",")] if columns else None
    conditions = [condition(text, own=own) for text in where or ()]
    if sort is not None:
        sort = "-" * sort.startswith("-") + field(sort.removeprefix("-"), "--sort", own)
    found = selected(read_cards(cards), conditions, sort, limit)
    if records is not None:
        _show_records(records_of(found, records), output or [])
        return
    if not output:
        card_table.print_cards(found, chosen)
        return
    check_apart([cards], output)
    count = write_cards(found, *output, source=cards)
    terminal.note(f"{counted(count, 'card')} → {', '.join(map(str, output))}")


def _show_records(rows: "Iterator[Sequence[str | float | None]]", output: list[Path]) -> None:
    from ..sinks.delimited import CSV, TSV, write_table
    from .shared import card_table

    if not output:
        card_table.print_records(rows)
        return
    if len(output) > 1 or output[0].suffix.lower() not in (*CSV.extensions, *TSV.extensions):
        raise UsageError("records are written as CSV or TSV", where="-o", next_step="Use one FILE.csv")
    count = write_table(output[0], rows) - 1
    terminal.note(f"{counted(count, 'record')} → {output[0]}")


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
    from ..paper import identity
    from ..reading.evidence import cited
    from ..runs.job import Job
    from ..sinks import read_cards
    from ..sources import readable

    chosen = wiring.settings(cache_dir=cache_dir, offline=offline)
    asked = source_options.asked(chosen, source_flags, category=category, limit=limit)
    every = readable(Job(tuple(source), options=asked).papers())
    papers: dict[str, list[Paper]] = {}
    """By identity: several entries of a library may be of one paper."""
    for paper in every:
        papers.setdefault(identity(paper.id, paper.title), []).append(paper)
    by_id = {paper.id: name for name, (paper, *_) in papers.items()}
    count = spans = faults = 0
    places: dict[object, int] = {}
    for count, card in enumerate(read_cards(cards), start=1):
        name = identity(card.id, card.title)
        found = _faults(card, papers, name, by_id)
        if (first := places.setdefault(name, count)) != count and card.same_as is None:
            found.append(f"appears twice, as card {first} and card {count}")
        for fault in found:
            print(terminal.clean(f"{card.id}: {fault}"))
        faults += len(found)
        spans += len(cited(card))
    without = [paper for name, (paper, *_) in papers.items() if name not in places]
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


def _faults(
    card: "Card", papers: "Mapping[str, Sequence[Paper]]", name: str, by_id: Mapping[str, str]
) -> list[str]:
    """The faults of a card; one that repeats another is checked against the paper of that one."""
    from ..reading.evidence import check

    own = papers.get(name, ())
    if not own:
        return ["not found in any source"]
    if card.same_as is not None:
        read = papers.get(by_id.get(card.same_as, ""), ())
        if not read:
            return [f"repeats the card of {card.same_as}, which is not found in any source"]
        found = [check(card.model_copy(update={"title": paper.title}), paper) for paper in read]
        return min(found, key=len)
    return min((check(card, paper) for paper in own), key=len)


def schema() -> None:
    """Print the JSON schema of a card, which is one line of a card file."""
    import json

    from ..card import json_schema

    print(json.dumps(json_schema(), indent=2))
