"""Lays papers out on a plane: papers whose titles and abstracts share words lie close together.

A paper is the TF-IDF vector of its words, as the baseline weighs them. The axes are the two directions in
which a sample of papers differs most: the principal components, found by orthogonal iteration. Distances on
a plane are a rough picture of those between vectors: it shows regions, not neighbours.

Knows texts. Knows no files.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from random import Random

from .baseline.features import weigh
from .baseline.parameters import fitted
from .baseline.tags import count

SIDE = 65_535
"""The greatest coordinate; the least is 0."""

SAMPLE = 2_000
"""Papers that the axes are found from: more would hardly turn them."""

_ROUNDS = 40
_STILL = 1e-4
"""An axis that turns less than this in a round has been found."""

Text = tuple[str, str]
"""Title and abstract."""
Axis = dict[str, float]
_Row = tuple[list[int], list[float]]


@dataclass(frozen=True, slots=True)
class Plane:
    """The axes, and where their middle and ends lie."""

    axes: tuple[Axis, Axis]
    """A weight for each term."""
    middles: tuple[float, float]
    """Median of the sample along each axis."""
    widths: tuple[float, float]
    """Distance between the tenth and the ninetieth percentile; never 0."""

    def place(self, text: Text) -> tuple[int, int]:
        """Where a paper lies, from 0 to `SIDE`; those far out are drawn in, so that all have room."""
        words = _words(text)
        x, y = (
            0.5 + 0.5 * math.tanh((_along(words, axis) - middle) / width)
            for axis, middle, width in zip(self.axes, self.middles, self.widths, strict=True)
        )
        return round(SIDE * x), round(SIDE * y)


def fit(texts: Sequence[Text]) -> Plane:
    """The plane of some papers; the same papers in the same order give the same plane."""
    vectors = [_words(text) for text in texts]
    numbers = {term: number for number, term in enumerate(sorted(set().union(*vectors)))}
    rows = [([numbers[term] for term in one], list(one.values())) for one in vectors]
    mean = [0.0] * len(numbers)
    for places, weights in rows:
        for place, weight in zip(places, weights, strict=True):
            mean[place] += weight / len(rows)
    found: list[list[float]] = []
    for seed in (1, 2):
        found.append(_component(rows, mean, found, Random(seed)))
    axes = [dict(zip(numbers, one, strict=True)) for one in found]
    middles, widths = [], []
    for axis in axes:
        along = sorted(_along(one, axis) for one in vectors) or [0.0]
        low, middle, high = (along[int(part * (len(along) - 1))] for part in (0.1, 0.5, 0.9))
        middles.append(middle)
        widths.append(high - low or 1.0)
    return Plane((axes[0], axes[1]), (middles[0], middles[1]), (widths[0], widths[1]))


def _words(text: Text) -> dict[str, float]:
    rarity = fitted().rarity
    known = {term: n for term, n in count(*text).items() if term in rarity}
    return dict(weigh(known, rarity, 1.0))


def _along(words: dict[str, float], axis: Axis) -> float:
    return sum(weight * axis[term] for term, weight in words.items() if term in axis)


def _component(
    rows: Sequence[_Row], mean: Sequence[float], earlier: Sequence[Sequence[float]], random: Random
) -> list[float]:
    """The direction of greatest variance that is at right angles to earlier ones."""
    axis = _straight([random.gauss(0, 1) for _ in mean], earlier)
    for _ in range(_ROUNDS):
        offset = sum(map(mul, mean, axis))
        turned = [0.0] * len(axis)
        # The weights sum to 0, so the mean need not be taken off the rows.
        for places, weights in rows:
            score = sum(map(mul, weights, map(axis.__getitem__, places))) - offset
            for place, weight in zip(places, weights, strict=True):
                turned[place] += score * weight
        turned = _straight(turned, earlier)
        moved = sum((one - other) ** 2 for one, other in zip(axis, turned, strict=True))
        axis = turned
        if moved < _STILL**2:
            break
    # Which way an axis points is by chance.
    return [-one for one in axis] if sum(one**3 for one in axis) < 0 else axis


def _straight(axis: list[float], earlier: Sequence[Sequence[float]]) -> list[float]:
    for other in earlier:
        shared = sum(map(mul, axis, other))
        axis = [one - shared * two for one, two in zip(axis, other, strict=True)]
    length = math.sqrt(sum(map(mul, axis, axis)))
    return [one / length for one in axis] if length else axis
