"""Columns for own fields: which a card has, and its cells.

Each card has all own fields of its run, so the first card of a file tells the columns. SQLite and DuckDB add
columns when they meet more; formats whose columns are fixed by then are told of all beforehand, in
`Output.fields`.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from ..card import Card, FieldValue, shown
from ..errors import BadInput
from .relational import Cell, Column


def cells_of(card: Card) -> dict[Column, Cell]:
    """The cells of a card's own fields, by column."""
    found: dict[Column, Cell] = {}
    for name, value in card.fields.items():
        found |= _cells(name, value)
    return found


def _cells(name: str, value: FieldValue) -> dict[Column, Cell]:
    evidence = {Column(f"{name}_evidence", "text", f"The sentence that states {name}"): _quoted(value)}
    if value.type in ("labels", "list"):
        many: Cell = list(value.texts) if value.texts or value.missing is None else None
        return {Column(name, "list", f"Own field: {value.type}"): many}
    if value.type in ("number", "quantity"):
        number = value.value if isinstance(value.value, int | float) else None
        found: dict[Column, Cell] = {
            Column(name, "real", f"Own field: {value.type}"): number,
            Column(f"{name}_high", "real", f"Upper end of {name}, where it is a range"): value.high,
        }
        if value.type == "quantity":
            found[Column(f"{name}_unit", "text", f"Unit of {name}, as the paper writes it")] = value.unit
        return {**found, **evidence}
    single = value.value if not isinstance(value.value, tuple) else None
    text = None if single is None else shown(single)
    return {Column(name, "text", f"Own field: {value.type}"): text, **evidence}


def _quoted(value: FieldValue) -> str | None:
    return value.evidence.text if value.evidence else None


class OwnColumns:
    """The columns of own fields of one file."""

    def __init__(self, fixed: Callable[[], Iterable[Column]] | None = None) -> None:
        """`fixed`: the columns are those that it gives and those of the first card, and no more."""
        self._columns: dict[Column, None] = {}
        self._told = fixed
        self._fixed = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns so far."""
        return tuple(self._columns)

    def meet(self, card: Card) -> tuple[Column, ...]:
        """Those columns of a card that are new. Raises BadInput if they are fixed."""
        if self._told is not None and not self._fixed:
            self._columns |= dict.fromkeys(self._told())
        new = tuple(one for one in cells_of(card) if one not in self._columns) if card.fields else ()
        if new and self._fixed:
            raise BadInput(
                f'has the field "{new[0].name}", for which earlier cards left no column',
                where=card.id,
                next_step="Write JSONL or SQLite, or cards that were all made with the same --fields",
            )
        self._columns |= dict.fromkeys(new)
        self._fixed = self._told is not None
        return new

    def cells(self, card: Card) -> list[Cell]:
        """The cells of a card, in the order of the columns."""
        if not self._columns:
            return []
        found = cells_of(card) if card.fields else {}
        return [found.get(one) for one in self._columns]


def columns_in(cards: Iterable[Card]) -> tuple[Column, ...]:
    """The columns that some cards need."""
    own = OwnColumns()
    for card in cards:
        own.meet(card)
    return own.columns


def columns_of_lines(path: Path) -> tuple[Column, ...]:
    """The columns that a JSONL file of cards needs; what is no card is passed over."""
    own: dict[Column, None] = {}
    with path.open("rb") as lines:
        for line in lines:
            if b'"fields":{"' not in line:
                continue
            try:
                fields = json.loads(line).get("fields") or {}
                values = {name: FieldValue.model_validate(value) for name, value in fields.items()}
            except (ValueError, AttributeError, TypeError, RecursionError):
                continue
            for name, value in values.items():
                own |= dict.fromkeys(_cells(name, value))
    return tuple(own)
