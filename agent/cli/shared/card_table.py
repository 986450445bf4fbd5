"""Shows a table of cards, for `papercards show`."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ...card_fields import NUMBERS, TAGGED, Value, value
from ...text.wording import label_words
from . import terminal

if TYPE_CHECKING:
    from ...card import Card

DEFAULT = ("title", "byline", "year", "main_task", "modalities", "contributions", "code", "claims")
"""Columns that are shown if none are chosen, and if some card has a value for them."""

_WIDE = {"title": 44, "tldr": 60, "authors": 40, "venue": 24, "contributions": 24, "claims": 24}
_WIDTH = 30
_CUT = {"no_wrap": True, "overflow": "ellipsis"}


def print_records(rows: "Iterable[Sequence[str | float | None]]") -> None:
    """Print rows whose first is the header; columns without any value are left out."""
    header, *lines = [list(row) for row in rows]
    used = [at for at in range(1, len(header)) if any(row[at] not in (None, "") for row in lines)]
    columns = []
    for at in used:
        name = str(header[at]).replace("_", " ")
        longest = max(len(name), *(len(str(row[at])) for row in lines))
        columns.append((name, {**_CUT, "min_width": min(10, longest), "max_width": _WIDTH}))
    terminal.print_table(
        columns, (["-" if row[at] is None else str(row[at]) for at in used] for row in lines)
    )


def print_cards(cards: "Iterable[Card]", columns: Sequence[str] | None) -> None:
    """Print one row per card, with these columns or else those of `DEFAULT` that are not empty."""
    names = columns or DEFAULT
    rows = [[_shown(name, value(card, name)) for name in names] for card in cards]
    if not rows:
        terminal.note("no cards match")
        return
    used = [at for at in range(len(names)) if columns or any(row[at] != "-" for row in rows)]
    shown = []
    for name in (names[at] for at in used):
        side = "right" if name in NUMBERS or name == "claims" else "left"
        how = {**_CUT, "max_width": _WIDE.get(name, _WIDTH), "justify": side}
        shown.append((name.replace("_", " "), how))
    terminal.print_table(shown, ([row[at] for at in used] for row in rows))


def _shown(name: str, held: Value) -> str:
    if name == "claims" and isinstance(held, tuple):
        return str(len(held))
    if name in TAGGED:
        held = tuple(map(label_words, held)) if isinstance(held, tuple) else label_words(str(held or ""))
    if isinstance(held, tuple):
        return "; ".join(held) or "-"
    if isinstance(held, float):
        return f"{held:.2f}" if name in NUMBERS else f"{held:.12g}"
    return "-" if held is None or held == "" else str(held)
