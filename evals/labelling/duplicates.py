"""Finds near-duplicate texts, which must not be in two splits.

Two papers are near-duplicates when their titles are equal but for case, punctuation and white space, or when
their abstracts share at least 80 % of their runs of three words (Jaccard index of word shingles, Broder
1997). Only pairs that share one of their rarest shingles are compared; by the prefix filter of Chaudhuri,
Ganti and Kaushik (2006) no pair above the threshold is lost.

Knows no labels and no files.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

THRESHOLD = 0.8
"""Minimum Jaccard index of two abstracts that count as the same."""

_RUN = 3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two near-duplicates, by their positions in the input; `first` is the smaller one."""

    first: int
    second: int
    same_title: bool
    overlap: float | None
    """Jaccard index of the abstracts; None if one of them is missing."""

    @property
    def reason(self) -> str:
        """The reason as text: "same title", "abstracts 93 % the same"."""
        said = ["same title"] if self.same_title else []
        if self.overlap is not None and self.overlap >= THRESHOLD:
            said.append(f"abstracts {self.overlap:.0%} the same")
        return ", ".join(said)


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words of a text, ignoring case and punctuation; a shorter text is one run."""
    found = _words(text)
    if len(found) < _RUN:
        return frozenset([found] if found else [])
    return frozenset(found[i : i + _RUN] for i in range(len(found) - _RUN + 1))


def jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """The number of shared members divided by all members; 0 for two empty sets."""
    every = len(one | other)
    return len(one & other) / every if every else 0.0


def near_duplicates(texts: Sequence[tuple[str, str | None]]) -> Iterator[Pair]:
    """The near-duplicates among (title, abstract), each pair once, in order of its second member."""
    sets = [shingles(abstract) if abstract else frozenset() for _, abstract in texts]
    frequency = Counter(run for runs in sets for run in runs)
    by_title: dict[tuple[str, ...], list[int]] = defaultdict(list)
    by_run: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, (title, _) in enumerate(texts):
        name = _words(title)
        twins = set(by_title[name]) if name else set()
        runs = sets[place]
        rarest = sorted(runs, key=lambda run: (frequency[run], run))
        rarest = rarest[: len(runs) - math.ceil(THRESHOLD * len(runs)) + 1] if runs else []
        for other in sorted(twins.union(*(by_run[run] for run in rarest))):
            overlap = jaccard(runs, sets[other]) if runs and sets[other] else None
            if other in twins or (overlap is not None and overlap >= THRESHOLD):
                yield Pair(other, place, other in twins, overlap)
        by_title[name].append(place)
        for run in rarest:
            by_run[run].append(place)


def groups(texts: Sequence[tuple[str, str | None]]) -> list[list[int]]:
    """The positions of the texts, grouped by near-duplicates, also transitive ones."""
    leader = list(range(len(texts)))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for pair in near_duplicates(texts):
        one, other = sorted((find(pair.first), find(pair.second)))
        leader[other] = one
    together: dict[int, list[int]] = defaultdict(list)
    for place in range(len(texts)):
        together[find(place)].append(place)
    return list(together.values())


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))
