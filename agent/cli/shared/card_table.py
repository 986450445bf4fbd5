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


def print_records(rows: "Iterable[Sequence[str | float | None]]") -> None:
    """Print rows whose first is the header; columns without any value are left out."""
    from rich.table import Table
    from rich.text import Text

    header, *lines = [list(row) for row in rows]
    used = [at for at in range(1, len(header)) if any(row[at] not in (None, "") for row in lines)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for at in used:
        name = str(header[at]).replace("_", " ")
        longest = max(len(name), *(len(str(row[at])) for row in lines))
        least = min(10, longest)
        table.add_column(name, min_width=least, max_width=_WIDTH, overflow="ellipsis", no_wrap=True)
    for row in lines:
        table.add_row(*(Text(terminal.clean("-" if row[at] is None else str(row[at]))) for at in used))
    terminal.print_plain(table)


def print_cards(cards: "Iterable[Card]", columns: Sequence[str] | None) -> None:
    """Print one row per card, with these columns or else those of `DEFAULT` that are not empty."""
    from rich.table import Table
    from rich.text import Text

    rows = [[_shown(name, value(card, name)) for name in columns or DEFAULT] for card in cards]
    used = [at for at in range(len(columns or DEFAULT)) if columns or any(row[at] != "-" for row in rows)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ((columns or DEFAULT)[at] for at in used):
        right = name in NUMBERS or name == "claims"
        table.add_column(
            name.replace("_", " "),
            max_width=_WIDE.get(name, _WIDTH),
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if right else "left",
        )
    for row in rows:
        table.add_row(*(Text(terminal.clean(row[at])) for at in used))
    if rows:
        terminal.print_plain(table)
    else:
        terminal.note("no cards match")


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
