"""Labelled papers among the cards: what labels and cards say of the same papers, by group and feature.

Papers and cards are matched by id, else by title. Labelled papers of the split `train` are left out, unless
it is the one that is asked for, since the tagger may have been fitted on them; those of other splits count as
papers without labels.

Knows cards and label files. Knows no intervals.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from ..card import UNCERTAIN, Card
from ..card_fields import TAGGED
from ..evals.label_file import ARTIFACTS, Labelled, Reading, fold
from .groups import Counts, Group, Share, Value, Values, features, groups, values
from .intervals import Estimate, Pair, prediction_powered

LEAST_LABELLED = 10
"""Labelled papers in a group from which its shares are corrected."""


class Labels:
    """A label file as it is matched with cards."""

    def __init__(self, labelled: Iterable[Labelled], split: str) -> None:
        self._known: dict[str, Labelled] = {}
        for item in labelled:
            self._known[item.id] = item
            if item.title:
                self._known.setdefault(fold(item.title), item)
        self._split = split

    def find(self, card: Card) -> Labelled | None:
        """The labels of this paper, whatever their split."""
        return self._known.get(card.id) or self._known.get(fold(card.title))

    def uses(self, item: Labelled) -> bool:
        """Whether labels are of the split that is asked for."""
        return item.split == self._split

    def leaves_out(self, item: Labelled) -> bool:
        """Whether the paper is not counted, since the tagger may have been fitted on it."""
        return item.split == "train" != self._split


@dataclass(frozen=True, slots=True)
class _Said:
    """The groups and features of a paper by one account: its card, or one pass of its labels."""

    groups: frozenset[Group]
    features: frozenset[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class _Paper:
    card: _Said
    passes: tuple[_Said, ...]
    asked: frozenset[int]
    """Indices of the shares for which there is all that is needed."""
    counted: bool
    """Whether its card is one of those that are counted."""


class LabelledPapers:
    """Labelled papers, by the groups that they are in by their labels or by their cards."""

    def __init__(self, counts: Counts) -> None:
        """`counts` of the cards, which go on being counted."""
        self._counts = counts
        self._ids: set[str] = set()
        self._by_group: dict[Group, list[_Paper]] = defaultdict(list)
        # By the part of the group that no model decides, and the index of the share: all counted cards,
        # labelled papers, and labelled papers with a counted card.
        self._all: Counter[tuple[Group, int]] = Counter()
        self._labelled: Counter[tuple[Group, int]] = Counter()
        self._both: Counter[tuple[Group, int]] = Counter()

    def __len__(self) -> int:
        return len(self._ids)

    def corrects(self, share: Share) -> bool:
        """Whether labels matter for a share: a model decides who has the feature, or who is in the group."""
        return share.tagged or any(name in TAGGED for name in self._counts.by)

    def count(self, of: Values) -> None:
        """Take note of a counted card with these values, labelled or not."""
        self._all.update(self._places(of, range(len(self._counts.shares))))

    def add(self, item: Labelled, card: Card, *, counted: bool) -> None:
        """Add a labelled paper, once; `counted`: its card is one of those that are counted."""
        if item.id in self._ids:
            return
        self._ids.add(item.id)
        of = values(card, self._counts.fields)
        paper = _Paper(
            self._said(of),
            tuple(self._said(_values(reading, of)) for reading in item.readings),
            frozenset(
                at
                for at, share in enumerate(self._counts.shares)
                if (_labelled(share.field, item) if share.tagged else share.told(of[share.field]))
                and all(_labelled(name, item) for name in self._counts.by if name in TAGGED)
            ),
            counted,
        )
        places = list(self._places(of, paper.asked))
        self._labelled.update(places)
        if counted:
            self._both.update(places)
        for group in paper.card.groups.union(*(one.groups for one in paper.passes)):
            self._by_group[group].append(paper)

    def features(self) -> set[tuple[int, str]]:
        """All features that are in the labels."""
        papers = (paper for some in self._by_group.values() for paper in some)
        return {one for paper in papers for said in paper.passes for one in said.features}

    def estimate(self, group: Group, at: int, feature: str, level: float) -> tuple[Estimate | None, int]:
        """The corrected share, None if it cannot be told, and the number of labelled papers in the group.

        These are in it by their labels or by their card.
        """
        counts, share = self._counts, self._counts.shares[at]
        papers = [one for one in self._by_group[group] if at in one.asked]
        pairs = [_pair(one, group, (at, feature)) for one in papers]
        if len(pairs) < LEAST_LABELLED:
            return None, len(pairs)
        known = [pair for pair, paper in zip(pairs, papers, strict=True) if paper.counted]
        place = (self._fixed(group), at)
        members = counts.papers[group] if share.tagged else counts.told[group, at]
        found = prediction_powered(
            pairs,
            self._labelled[place],
            self._all[place] - self._both[place],
            counts.having[group, at, feature] - round(sum(one.card for one in known)),
            members - round(sum(one.card_group for one in known)),
            level=level,
        )
        return found, len(pairs)

    def _fixed(self, group: Group) -> Group:
        return tuple(one for name, one in zip(self._counts.by, group, strict=True) if name not in TAGGED)

    def _places(self, of: Values, asked: Iterable[int]) -> Iterator[tuple[Group, int]]:
        shares = self._counts.shares
        known = [at for at in asked if shares[at].tagged or shares[at].told(of[shares[at].field])]
        fixed = [name for name in self._counts.by if name not in TAGGED]
        return product(groups(of, fixed), known)

    def _said(self, of: Values) -> _Said:
        return _Said(frozenset(groups(of, self._counts.by)), frozenset(features(of, self._counts.shares)))


def _labelled(name: str, item: Labelled) -> bool:
    return ("tasks" if name == "main_task" else name) in item.fields


def _pair(paper: _Paper, group: Group, feature: tuple[int, str]) -> Pair:
    def told(said: _Said) -> tuple[bool, bool]:
        member = group in said.groups
        return member and feature in said.features, member

    passes = [told(one) for one in paper.passes]
    has, member = (sum(column) / len(passes) for column in zip(*passes, strict=True))
    return Pair(has, member, *map(float, told(paper.card)))


def _values(reading: Reading, of: Values) -> Values:
    """The values by one pass of the labels; what is not labelled is as the card has it."""
    return {name: _labels(reading, name, held) if name in TAGGED else held for name, held in of.items()}


def _labels(reading: Reading, name: str, held: tuple[Value, ...]) -> tuple[Value, ...]:
    if name in ARTIFACTS:
        return (reading.status(name),)
    if name == "claims":
        return tuple(dict.fromkeys(one.kind for one in reading.claims)) or (None,)
    found = reading.tasks[:1] if name == "main_task" else reading.labels(name)
    # That a card is in doubt, or has nothing, is a fact of the card.
    return (*found, *(one for one in held if one in (None, UNCERTAIN)))
