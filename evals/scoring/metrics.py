"""Evaluation metrics on plain values.

An undefined figure is `None`, never 0 or 1: without predictions there is no precision, with nothing to find
there is no recall. Agrees with scikit-learn wherever that defines a value (the tests compare the two).

Knows no papers, no cards and no files.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of right, wrong and missed answers."""

    hits: int = 0
    """Number of true positives."""
    wrong: int = 0
    """Number of false positives."""
    missed: int = 0
    """Number of false negatives."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.hits + other.hits, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def support(self) -> int:
        """Number of items to find."""
        return self.hits + self.missed

    @property
    def precision(self) -> float | None:
        """Share of answers that are right; None without answers."""
        return ratio(self.hits, self.hits + self.wrong)

    @property
    def recall(self) -> float | None:
        """Share of items that were found; None if there was nothing to find."""
        return ratio(self.hits, self.hits + self.missed)

    @property
    def f1(self) -> float | None:
        """2 hits / (2 hits + wrong + missed); None if there was nothing to find and nothing found."""
        return ratio(2 * self.hits, 2 * self.hits + self.wrong + self.missed)


def total(counts: Iterable[Counts]) -> Counts:
    """The sum: its figures are the micro-averages."""
    return sum(counts, Counts())


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`; None for a `whole` of 0."""
    return part / whole if whole else None


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the defined values; None if there are none. Over F1 of labels: the macro-average."""
    defined = [value for value in values if value is not None]
    return ratio(sum(defined), len(defined))


def accuracy(outcomes: Iterable[bool | None]) -> float | None:
    """Share of outcomes that are true; None values are skipped."""
    return mean(None if outcome is None else float(outcome) for outcome in outcomes)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of the values lie, interpolated linearly; None without values.

    Hyndman and Fan (1996), type 7: what NumPy computes by default.
    """
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Agreement of two raters beyond chance (Cohen 1960): 1 for always, 0 for as often as chance.

    None without items, and where both raters only ever gave one and the same answer. Raises ValueError for
    sequences of different lengths.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} answers against {len(second)}")
    size = len(first)
    if not size:
        return None
    agree = sum(a == b for a, b in zip(first, second, strict=True)) / size
    left, right = Counter(first), Counter(second)
    chance = sum(left[label] * right[label] for label in left) / size**2
    return ratio(agree - chance, 1 - chance) if chance < 1 else None


def brier(forecasts: Iterable[tuple[float, bool]]) -> float | None:
    """Mean squared difference between probability and outcome (Brier 1950): 0 is best."""
    return mean((probability - outcome) ** 2 for probability, outcome in forecasts)


def calibration_error(forecasts: Iterable[tuple[float, bool]], bins: int = 10) -> float | None:
    """Expected calibration error: |confidence - accuracy| by bin of equal width, weighted by size.

    Naeini, Cooper and Hauskrecht (2015). A probability of 1 falls into the last bin.
    """
    cells: dict[int, list[tuple[float, bool]]] = {}
    size = 0
    for probability, outcome in forecasts:
        cells.setdefault(min(int(probability * bins), bins - 1), []).append((probability, outcome))
        size += 1
    gaps = (abs(sum(p for p, _ in cell) - sum(o for _, o in cell)) for cell in cells.values())
    return ratio(sum(gaps), size)
