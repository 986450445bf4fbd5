"""The fields of a card by name, and conditions on them: what `show` and `stats` choose, sort and count by.

Knows cards. Knows no files and no terminal.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .card import Card
from .errors import UsageError
from .text.wording import did_you_mean

Value = str | float | None | tuple[str, ...]

_READ: Mapping[str, Callable[[Card], Value]] = {
    "id": lambda card: card.id,
    "title": lambda card: card.title,
    "byline": lambda card: card.publication.byline,
    "authors": lambda card: tuple(one.inverted for one in card.publication.authors),
    "year": lambda card: card.about.year,
    "date": lambda card: card.about.date,
    "venue": lambda card: card.publication.venue,
    "citation_key": lambda card: card.publication.citation_key,
    "arxiv_id": lambda card: card.about.arxiv_id,
    "doi": lambda card: card.about.doi,
    "categories": lambda card: card.publication.categories,
    "keywords": lambda card: card.publication.keywords,
    "url": lambda card: card.page,
    "pdf_url": lambda card: card.publication.pdf_url,
    "source": lambda card: card.publication.source,
    "license": lambda card: card.publication.license,
    "abstract_source": lambda card: card.publication.abstract_source,
    "tldr": lambda card: card.tldr,
    "main_task": lambda card: card.main_task,
    "tasks": lambda card: tuple(one.label for one in card.tasks),
    "modalities": lambda card: tuple(one.label for one in card.modalities),
    "contributions": lambda card: tuple(one.label for one in card.contributions),
    "claims": lambda card: tuple(one.kind for one in card.claims),
    "code": lambda card: card.reproducibility.code.status,
    "data": lambda card: card.reproducibility.data.status,
    "weights": lambda card: card.reproducibility.weights.status,
    "confidence": lambda card: card.tasks[0].confidence if card.tasks else None,
    "flags": lambda card: card.flags,
    "model": lambda card: card.provenance.model,
    "seconds": lambda card: card.provenance.seconds,
    "cost_usd": lambda card: card.provenance.cost_usd,
}
NUMBERS = ("year", "confidence", "seconds", "cost_usd")
TAGGED = ("main_task", "tasks", "modalities", "contributions", "claims", "code", "data", "weights")
"""Fields that a model decides; the others come from the source, or are facts of the card."""
COUNTABLE = ("year", "date", "venue", "authors", "categories", "keywords", *TAGGED, "flags", "model")
"""Fields with values that many cards share."""
_SINGULAR = {"modalities": "modality", "categories": "category", "weights": "weights"}

_CONDITION = re.compile(r"([\w-]+)\s*(>=|<=|!=|==|!~|=|>|<|~)(.*)", re.DOTALL)
_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,  # type: ignore[operator]
    ">": lambda one, other: one > other,  # type: ignore[operator]
    "<=": lambda one, other: one <= other,  # type: ignore[operator]
    ">=": lambda one, other: one >= other,  # type: ignore[operator]
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
        """Whether these values of its field fulfil it."""
        compare = _COMPARE[self.operator]
        folded = (one.casefold() if isinstance(one, str) else one for one in items)
        return any(compare(one, self.value) for one in folded) != self.negated


def value(card: Card, name: str) -> Value:
    """The value of a field: a text, a number, a tuple of texts, or None if unknown."""
    return _READ[name](card)


def values(card: Card, name: str) -> tuple[str | float, ...]:
    """The values of a field; one at most, unless it is a list. Blank texts are none."""
    held = _READ[name](card)
    every = held if isinstance(held, tuple) else () if held is None else (held,)
    return tuple(one for one in every if not isinstance(one, str) or one.strip())


def singular(name: str) -> str:
    """The name of one value of a field: `task`, `modality`, `year`."""
    return _SINGULAR.get(name) or name.removesuffix("s")


def known_fields() -> str:
    """The names of all fields, for the help and for messages."""
    return ", ".join(_READ)


def field(name: str, option: str) -> str:
    """The field of that name, singular or plural. Raises UsageError if there is none."""
    plain = name.strip().replace("-", "_").casefold()
    for one in (plain, f"{plain}s", {"modality": "modalities", "category": "categories"}.get(plain, "")):
        if one in _READ:
            return one
    near = did_you_mean(plain, list(_READ))
    raise UsageError(
        f'unknown field "{name.strip()}"', where=option, next_step=f"{near} Fields: {known_fields()}".lstrip()
    )


def condition(text: str, option: str = "--where") -> Condition:
    """Parse a condition. Raises UsageError, which names the option, for anything else."""
    found = _CONDITION.fullmatch(text.strip())
    if found is None or not found[3].strip():
        raise UsageError(
            f'"{text}" is not a condition',
            where=option,
            next_step="Use a form such as year>=2023, venue~neurips or code=released",
        )
    name, operator = field(found[1], option), found[2].replace("==", "=")
    negated = operator in ("!=", "!~")
    value: str | float = found[3].strip().casefold()
    if name in NUMBERS and operator not in ("~", "!~"):
        try:
            value = float(value)
        except ValueError as error:
            raise UsageError(f'{name} is a number, not "{found[3]}"', where=option) from error
    return Condition(name, {"!=": "=", "!~": "~"}.get(operator, operator), value, negated)


def selected(
    cards: Iterable[Card], where: Sequence[Condition], sort: str | None, limit: int | None
) -> Iterator[Card]:
    """The cards that fulfil all conditions, sorted by a field (`-year`: descending), at most `limit`.

    Cards without a value come last. Sorted without a limit, they are all in memory. Raises UsageError for an
    unknown field.
    """
    found = (card for card in cards if all(one.holds(card) for one in where))
    if sort is None:
        for number, card in enumerate(found, start=1):
            yield card
            if number == limit:
                return
        return
    name, descending = field(sort.removeprefix("-"), "--sort"), sort.startswith("-")

    def key(numbered: tuple[int, Card]) -> tuple[object, ...]:
        value = _READ[name](numbered[1])
        if isinstance(value, tuple):
            value = "; ".join(value)
        if value is None or value == "":
            return (1,)
        if isinstance(value, str):
            value = value.casefold()
        # What is equal stays in the order of the file, whichever way it is sorted.
        return (0, _Descending(value) if descending else value, numbered[0])

    numbered = enumerate(found)
    ordered = sorted(numbered, key=key) if limit is None else heapq.nsmallest(limit, numbered, key=key)
    yield from (card for _, card in ordered)


class _Descending:
    """A value that is the smaller, the larger it is."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)  # type: ignore[operator]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]
