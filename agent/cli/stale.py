"""`papercards stale`: what of finished cards is out of date, why, and what asking it would cost."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInput
from ..runs.resources import choose_model
from ..text.wording import counted
from .shared import options, terminal, wiring


@options.grouped
def stale(
    cards: Annotated[Path, typer.Argument(help="A file with cards.", metavar="CARDS")],
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="Model (default: that of the first card).", metavar="MODEL"),
    ] = None,
    price: options.Price = None,
    *,
    flags: options.ModelFlags,
) -> None:
    """List the fields of cards that are out of date, and the cost of asking them again. Sends nothing."""
    from ..runs.stale import stale as looked_at
    from ..sinks import read_cards

    first = next(iter(read_cards(cards)), None)
    if first is None:
        raise BadInput("has no cards", where=str(cards))
    chosen = wiring.settings(flags, model=model or first.provenance.model, price=price)
    entry = choose_model(chosen)
    with wiring.resources(chosen) as resources:
        reader = resources.reader(entry)
        found = looked_at(read_cards(cards), reader, resources.fields, entry.name)
        rate = resources.price(entry)
    for (name, reason), count in found.fields.items():
        print(terminal.clean(f"{name:<24} {counted(count, 'card'):>12}  {reason}"))
    if found.is_current:
        print(f"{counted(found.cards, 'card')}: all up to date")
        return
    wanted = found.wanted
    if not wanted.calls:
        print(f"{wanted.papers:,} of {counted(found.cards, 'card')} would be made again, which sends nothing")
        return
    cost = "unknown price" if rate is None else f"about {terminal.money(wanted.cost(rate))}"
    tokens = wanted.prompt_tokens + wanted.completion_tokens
    print(
        f"{wanted.papers:,} of {counted(found.cards, 'card')}: {counted(wanted.calls, 'call')}, "
        f"about {tokens:,} tokens, {cost} with {entry.name}; run enrich again with the same options"
    )
