"""Counts cards by groups: how many there are, and how many have each feature that is asked for.

Cards are read once and not kept; what grows is the number of groups. A card counts in each of its groups, as
one with two tasks does. Nothing is dropped: cards without a value of the grouping field are groups of their
own, and cards that do not say whether they have a feature are counted apart.

Knows cards. Knows no intervals and no labels.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

from .. import card_fields
from ..card import UNCERTAIN, Card, FieldType, shown
from ..card_fields import COUNTABLE, TAGGED, Condition, singular
from ..errors import UsageError
from ..taxonomy import LABEL_FIELDS

Value = str | float | None
"""A value of a grouping field: None if the card has none, `UNCERTAIN` if none is likely enough."""
Group = tuple[Value, ...]
"""A value for each grouping field."""
Values = Mapping[str, tuple[Value, ...]]
"""Values of some fields of a card, each once."""

DOUBTFUL = ("main_task", *LABEL_FIELDS)
"""Fields that have the value `UNCERTAIN` where no label is likely enough."""
_NONE_IS_AN_ANSWER = ("claims", "flags")


@dataclass(frozen=True, slots=True)
class Share:
    """A feature whose share is asked for: a condition, or every value of a field."""

    field: str
    condition: Condition | None = None

    @property
    def tagged(self) -> bool:
        """Whether a model decides it."""
        return self.field in TAGGED and not self._of_doubt

    @property
    def _of_doubt(self) -> bool:
        return self.field in DOUBTFUL and self.condition is not None and self.condition.value == UNCERTAIN

    def _known(self, values: tuple[Value, ...]) -> list[str | float]:
        answers = self._of_doubt or self.field not in DOUBTFUL
        return [one for one in values if one is not None and (answers or one != UNCERTAIN)]

    def told(self, values: tuple[Value, ...]) -> bool:
        """Whether the values of its field tell that a card has the feature or not."""
        return self.field in _NONE_IS_AN_ANSWER or bool(self._known(values))

    def features(self, values: tuple[Value, ...]) -> Iterator[str]:
        """The features that these values of its field are."""
        known = self._known(values)
        if self.condition is None:
            yield from (f"{singular(self.field)}={one}" for one in known)
        elif self.told(values) and self.condition.fits(known):
            yield self.name

    @property
    def name(self) -> str:
        """The feature as text, such as `code=released`; the field, if it stands for all its values."""
        one = self.condition
        if one is None:
            return singular(self.field)
        value = int(one.value) if isinstance(one.value, float) and one.value.is_integer() else one.value
        operator = {"=": "!=", "~": "!~"}[one.operator] if one.negated else one.operator
        return f"{singular(self.field)}{operator}{value}"


Own = Mapping[str, FieldType]
"""Own fields of the cards, by name."""
_OPTIONS = ("label", "labels", "boolean")
MOST_VALUES = 8
"""Different numbers that are groups by themselves; more are put together by quartiles."""


def grouping(words: Sequence[str], own: Own) -> tuple[str, ...]:
    """The grouping fields by their names, two at most. Raises UsageError for anything else."""
    numbers = frozenset(name for name, kind in own.items() if kind == "number")
    fields = tuple(
        dict.fromkeys(_countable(word, "--by", own, numbers) for text in words for word in text.split(","))
    )
    if len(fields) > 2:
        raise UsageError("more than two groupings", where="--by", next_step="Name one or two fields")
    return fields


def shares(words: Sequence[str], by: Sequence[str], own: Own) -> tuple[Share, ...]:
    """The features that are asked for: conditions, or fields that stand for all their values.

    Without any: released code, data and weights if there is a grouping, else all tags. Raises UsageError.
    """
    if not words:
        words = [f"{one}=released" for one in ("code", "data", "weights")] if by else [",".join(TAGGED[1:])]
    found = []
    for text in words:
        if set(text) & set("<>=~"):
            condition = card_fields.condition(text, "--share", lambda: frozenset(own))
            found.append(Share(condition.field, condition))
        else:
            found += [Share(_countable(word, "--share", own)) for word in text.split(",")]
    return tuple(dict.fromkeys(found))


def _countable(word: str, option: str, own: Own, also: Container[str] = ()) -> str:
    name = card_fields.field(word, option, lambda: frozenset(own))
    options = [one for one, kind in own.items() if kind in _OPTIONS or one in also]
    if name in COUNTABLE or name in options:
        return name
    near = f"a condition, such as {name}>=10" if own.get(name) in ("number", "quantity") else "one of"
    raise UsageError(
        f"{name} has another value in almost every card",
        where=option,
        next_step=f"Use {near}: {', '.join(map(singular, (*COUNTABLE, *options)))}"
        if near == "one of"
        else f"Use {near}{' with --share' if option == '--by' else ''}",
    )


def values(card: Card, fields: Iterable[str]) -> Values:
    """The values of these fields; a label field without a confident answer has the value `UNCERTAIN`."""
    return {
        name: tuple(dict.fromkeys(card_fields.values(card, name)))
        or ((UNCERTAIN,) if name in LABEL_FIELDS and card.unsure_of(name) else (None,))
        for name in fields
    }


def groups(of: Values, by: Sequence[str]) -> Iterator[Group]:
    """The groups of a card with these values."""
    return product(*(of[name] for name in by))


def features(of: Values, asked: Sequence[Share]) -> Iterator[tuple[int, str]]:
    """The features of a card with these values, each with the index of its share."""
    for index, share in enumerate(asked):
        for name in share.features(of[share.field]):
            yield index, name


@dataclass
class Counts:
    """Counts of cards by group and feature."""

    by: tuple[str, ...]
    """Grouping fields; without any, all cards are one group."""
    shares: tuple[Share, ...]
    cards: int = 0
    papers: Counter[Group] = field(default_factory=Counter)
    """Cards in each group."""
    told: Counter[tuple[Group, int]] = field(default_factory=Counter)
    """Cards that tell whether they have the feature, by group and index of the share."""
    having: Counter[tuple[Group, int, str]] = field(default_factory=Counter)
    """Cards that have the feature, by group, index of the share, and feature."""
    of_value: tuple[Counter[Value], ...] = ()
    """Cards with each value of each grouping field."""
    silent: Counter[int] = field(default_factory=Counter)
    """Cards that do not tell whether they have the feature, by index of the share."""

    def __post_init__(self) -> None:
        self.of_value = tuple(Counter() for _ in self.by)
        self._lowest: dict[str, Mapping[Value, Value]] = {}
        self.fields = tuple(dict.fromkeys((*self.by, *(one.field for one in self.shares))))

    def add(self, card: Card) -> Values:
        """Count a card; gives the values of its fields."""
        found = values(card, self.fields)
        self.cards += 1
        for counter, name in zip(self.of_value, self.by, strict=True):
            counter.update(found[name])
        told = [at for at, share in enumerate(self.shares) if share.told(found[share.field])]
        having = list(features(found, self.shares))
        self.silent.update(set(range(len(self.shares))).difference(told))
        for group in groups(found, self.by):
            self.papers[group] += 1
            for at in told:
                self.told[group, at] += 1
            for at, name in having:
                self.having[group, at, name] += 1
        return found

    def named(self, own: Own) -> None:
        """Name the groups of own numbers; those of many different ones are put together by quartiles."""
        for at, name in enumerate(self.by):
            if own.get(name) != "number":
                continue
            names = _quartiles(self.of_value[at])

            def renamed(group: Group, at: int = at, names: Mapping[Value, str] = names) -> Group:
                return (*group[:at], names.get(group[at], group[at]), *group[at + 1 :])

            self.papers = _merged((renamed(group), n) for group, n in self.papers.items())
            self.told = _merged(((renamed(group), i), n) for (group, i), n in self.told.items())
            self.having = _merged(
                ((renamed(group), i, feature), n) for (group, i, feature), n in self.having.items()
            )
            low: dict[Value, Value] = {text: one for one, text in reversed(names.items())}
            self.of_value[at].clear()
            for (value, *_), n in ((group[at:], n) for group, n in self.papers.items()):
                self.of_value[at][value] += n
            self._lowest[name] = low

    def ordered(self) -> list[Group]:
        """The groups: years and numbers in order, others by size, those without a value last."""
        places = [
            _places(name, counter, self._lowest.get(name))
            for name, counter in zip(self.by, self.of_value, strict=True)
        ]
        return sorted(self.papers, key=lambda group: [at[one] for at, one in zip(places, group, strict=True)])

    def features(self, also: Iterable[tuple[int, str]] = ()) -> list[tuple[int, str]]:
        """The features, each with the index of its share: those of a field by frequency, and `also`."""
        counted: Counter[tuple[int, str]] = Counter(dict.fromkeys(also, 0))
        for (_, at, name), count in self.having.items():
            counted[at, name] += count
        for at, share in enumerate(self.shares):
            if share.condition is not None:
                counted[at, share.name] += 0
        return sorted(counted, key=lambda one: (one[0], -counted[one], one[1]))


def _places(name: str, counter: Counter[Value], lowest: Mapping[Value, Value] | None) -> Mapping[Value, int]:
    last: dict[Value, int] = {UNCERTAIN: 1, None: 2}
    if lowest is not None:
        return _numbered(sorted(counter, key=lambda one: (last.get(one, 0), lowest.get(one) or 0)))
    if name in ("year", "date"):
        return _numbered(sorted(counter, key=lambda one: (last.get(one, 0), str(one))))
    return _numbered(sorted(counter, key=lambda one: (last.get(one, 0), -counter[one], str(one))))


def _quartiles(counter: Counter[Value]) -> dict[Value, str]:
    """The names of the groups of numbers, in their order; four at most if there are many numbers."""
    known = sorted((one, n) for one, n in counter.items() if isinstance(one, float))
    if len(known) <= MOST_VALUES:
        return {one: shown(one) for one, _ in known}
    total, below = sum(n for _, n in known), 0
    bins: dict[int, list[float]] = {}
    for one, n in known:
        bins.setdefault(4 * below // total, []).append(one)
        below += n
    return {one: f"{shown(some[0])} to {shown(some[-1])}" for some in bins.values() for one in some}


Key = TypeVar("Key")


def _merged(pairs: Iterable[tuple[Key, int]]) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for key, n in pairs:
        found[key] += n
    return found


def _numbered(ordered: Iterable[Value]) -> Mapping[Value, int]:
    return {one: at for at, one in enumerate(ordered)}
