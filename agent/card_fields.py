"""The fields of a card by name, and conditions on them: what `show` and `stats` choose, sort and count by.

Knows cards. Knows no files and no terminal.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, eq, ge, gt, le, lt
from typing import Any

from .card import Card, Scalar, shown
from .errors import UsageError
from .text.wording import did_you_mean, label_words

Value = str | float | None | tuple[str, ...]


def _at(*paths: str) -> dict[str, Callable[[Card], Value]]:
    """Fields that stand at these places of a card, by the last part of the place."""
    return {path.rpartition(".")[2]: attrgetter(path) for path in paths}


_READ: Mapping[str, Callable[[Card], Value]] = {
    **_at("id", "title", "publication.byline"),
    "authors": lambda card: tuple(one.inverted for one in card.publication.authors),
    **_at("about.year", "about.date", "publication.venue", "publication.citation_key"),
    **_at("about.arxiv_id", "about.doi", "publication.categories", "publication.keywords"),
    "url": lambda card: card.page,
    **_at("publication.pdf_url", "publication.source", "publication.license", "publication.abstract_source"),
    **_at("tldr", "main_task"),
    "tasks": lambda card: tuple(one.label for one in card.tasks),
    "modalities": lambda card: tuple(one.label for one in card.modalities),
    "contributions": lambda card: tuple(one.label for one in card.contributions),
    "claims": lambda card: tuple(one.kind for one in card.claims),
    "code": lambda card: _status(card, "code"),
    "data": lambda card: _status(card, "data"),
    "weights": lambda card: _status(card, "weights"),
    "confidence": lambda card: card.tasks[0].confidence if card.tasks else None,
    **_at("flags", "provenance.model", "provenance.seconds", "provenance.cost_usd"),
}


def _status(card: Card, name: str) -> str | None:
    return None if name in card.unasked else card.reproducibility.artifact(name).status


NUMBERS = ("year", "confidence", "seconds", "cost_usd")
TAGGED = ("main_task", "tasks", "modalities", "contributions", "claims", "code", "data", "weights")
"""Fields that a model decides; the others come from the source, or are facts of the card."""
COUNTABLE = ("year", "date", "venue", "authors", "categories", "keywords", *TAGGED, "flags", "model")
"""Fields with values that many cards share."""
_SINGULAR = {"modalities": "modality", "categories": "category", "weights": "weights"}

_CONDITION = re.compile(r"([\w.-]+)\s*(>=|<=|!=|==|!~|=|>|<|~)(.*)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<": lt,
    ">": gt,
    "<=": le,
    ">=": ge,
    "~": lambda one, other: str(other) in str(one),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field, such as `year>=2023`."""

    field: str
    operator: str
    value: str | float
    negated: bool

    def holds(self, card: Card) -> bool:
        """Whether a card fulfils it: of a list, one item is enough; what is unknown fulfils no comparison."""
        return self.fits(values(card, self.field))

    def fits(self, items: Iterable[str | float]) -> bool:
        """Whether these values of its field fulfil it. A label may be given as it is shown, in words."""
        compare = _COMPARE[self.operator]
        if self.field in TAGGED and self.operator == "=":
            asked = str(self.value)
            found = (asked in (str(one).casefold(), label_words(str(one)).casefold()) for one in items)
            return any(found) != self.negated
        return any(compare(*_alike(one, self.value)) for one in items) != self.negated


def _alike(one: str | float, other: str | float) -> tuple[object, object]:
    """Two values as numbers if both are, else as texts without regard to case."""
    if isinstance(one, str):
        return one.casefold(), str(other)
    if isinstance(other, str):
        try:
            return one, float(other)
        except ValueError:
            return str(one), other
    return one, other


def value(card: Card, name: str) -> Value:
    """The value of a field, shipped or own: a text, a number, a tuple of texts, or None if unknown.

    Of an own list, `results.value` is a part of each record.
    """
    if name in _READ:
        return _READ[name](card)
    own, _, part = name.partition(".")
    held = card.fields.get(own)
    if held is None:
        return None
    if part:
        return tuple(shown(row.values.get(part)) for row in held.rows)
    if held.type in ("number", "quantity") and isinstance(held.value, int | float):
        return float(held.value)
    return held.texts if held.type in ("labels", "list") else "; ".join(held.texts) or None


def own_fields(cards: Iterable[Card]) -> frozenset[str]:
    """The names of all own fields of some cards, and of the parts of lists as `field.part`."""
    names: set[str] = set()
    for card in cards:
        for name, held in card.fields.items():
            names.add(name)
            names.update(f"{name}.{part}" for row in held.rows for part in row.values)
    return frozenset(names)


def records_of(cards: Iterable[Card], name: str) -> Iterator[tuple[str | float | None, ...]]:
    """The records of an own list as rows, with the paper's data and the sentence of each; the header first.

    Raises UsageError if no card has records of that name.
    """
    parts: tuple[str, ...] = ()
    for card in cards:
        value = card.fields.get(name)
        for row in value.rows if value is not None else ():
            if not parts:
                parts = tuple(part for part in row.values if part.removesuffix("_unit") == part)
                # A number has a column for its unit, whether or not the first record has one.
                numeric = [part for part in parts if isinstance(row.values[part], int | float)]
                wide = [one for part in parts for one in (part, f"{part}_unit")[: 1 + (part in numeric)]]
                yield ("id", "title", "year", *wide, "sentence")
            cells = (_cell(row.values.get(part)) for part in wide)
            said = row.evidence.text if row.evidence else None
            yield (card.id, card.title, card.about.year, *cells, said)
    if not parts:
        raise UsageError(f"no card has records of {name}", where="--records")


def _cell(value: Scalar) -> str | float | None:
    return shown(value) if isinstance(value, bool) else value


def values(card: Card, name: str) -> tuple[str | float, ...]:
    """The values of a field; one at most, unless it is a list. Blank texts are none."""
    held = value(card, name)
    every = held if isinstance(held, tuple) else () if held is None else (held,)
    return tuple(one for one in every if not isinstance(one, str) or one.strip())


def singular(name: str) -> str:
    """The name of one value of a field: `task`, `modality`, `year`; own fields keep theirs."""
    return _SINGULAR.get(name) or (name.removesuffix("s") if name in _READ else name)


def known_fields() -> str:
    """The names of all fields, for the help and for messages."""
    return ", ".join(_READ)


def field(name: str, option: str, own: Callable[[], frozenset[str]] = frozenset) -> str:
    """The field of that name, singular or plural; `own` gives those of the cards themselves.

    Raises UsageError if there is none.
    """
    plain = name.strip().replace("-", "_").casefold()
    for one in (plain, f"{plain}s", {"modality": "modalities", "category": "categories"}.get(plain, "")):
        if one in _READ:
            return one
    theirs = own()
    if plain in theirs:
        return plain
    near = did_you_mean(plain, [*_READ, *theirs])
    known = ", ".join([known_fields(), *sorted(theirs)])
    raise UsageError(
        f'unknown field "{name.strip()}"', where=option, next_step=f"{near} Fields: {known}".lstrip()
    )


def condition(text: str, option: str = "--where", own: Callable[[], frozenset[str]] = frozenset) -> Condition:
    """Parse a condition. Raises UsageError, which names the option, for anything else."""
    found = _CONDITION.fullmatch(text.strip())
    if found is None or not found[3].strip():
        raise UsageError(
            f'"{text}" is not a condition',
            where=option,
            next_step="Use a form such as year>=2023, venue~neurips or code=released",
        )
    name, operator = field(found[1], option, own), found[2].replace("==", "=")
    negated = operator in ("!=", "!~")
    wanted: str | float = found[3].strip().casefold()
    if name in NUMBERS and operator not in ("~", "!~"):
        try:
            wanted = float(wanted)
        except ValueError as error:
            raise UsageError(f'{name} is a number, not "{found[3]}"', where=option) from error
    return Condition(name, {"!=": "=", "!~": "~"}.get(operator, operator), wanted, negated)


def selected(
    cards: Iterable[Card], where: Sequence[Condition], sort: str | None, limit: int | None
) -> Iterator[Card]:
    """The cards that fulfil all conditions, sorted by a field (`-year`: descending), at most `limit`.

    `sort` is a name that `field` gave. Cards without a value come last. Sorted without a limit, they are all
    in memory.
    """
    found = (card for card in cards if all(one.holds(card) for one in where))
    if sort is None:
        for number, card in enumerate(found, start=1):
            yield card
            if number == limit:
                return
        return
    name, descending = sort.removeprefix("-"), sort.startswith("-")

    def key(numbered: tuple[int, Card]) -> tuple[object, ...]:
        held = value(numbered[1], name)
        if isinstance(held, tuple):
            held = "; ".join(held)
        if held is None or held == "":
            return (1,)
        if isinstance(held, str):
            held = held.casefold()
        # What is equal stays in the order of the file, whichever way it is sorted.
        return (0, _Descending(held) if descending else held, numbered[0])

    numbered = enumerate(found)
    ordered = sorted(numbered, key=key) if limit is None else heapq.nsmallest(limit, numbered, key=key)
    yield from (card for _, card in ordered)


class _Descending:
    """A value that is the smaller, the larger it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.value == other.value
