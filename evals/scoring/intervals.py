"""Computes 95% bootstrap intervals over papers: how much a figure would vary with other papers.

The papers are the sample, so papers are resampled, each with all its labels and claims, since answers within
one paper are correlated. Every figure is a sum over papers divided by a sum over papers, or a mean of such,
so a resample is one row of how often each paper was drawn and all resamples of all figures are two matrix
products.

BCa, bias-corrected and accelerated: Efron (1987), Better Bootstrap Confidence Intervals, J. Am. Stat. Assoc.
82:171-185; the computation is that of `scipy.stats.bootstrap` (the tests compare the two). The seed is fixed:
the same scores give the same intervals. Where the bootstrap is not applicable:

- fewer than two papers, or a figure that is undefined in more than 5% of the resamples (two papers or fewer
  have it at all): None;
- a figure that is 0 or 1 in every resample, since no paper speaks against it: the exact binomial interval
  for a share of the papers that have it (Clopper and Pearson 1934), since a bootstrap would give no width;
- any other figure that is the same in every resample: None.

Knows scores of papers. Knows no cards, no models and no files; needs the `eval` extra (NumPy and SciPy).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from .score import Columns, Name, PaperScore, columns, outcomes

Array = NDArray[np.float64]
Estimate = Callable[[Array], Array]
"""Maps a row per resample (how often each paper was drawn) to a row of figures; NaN if undefined."""

CONFIDENCE = 0.95
RESAMPLES = 9999
SEED = 20_261_123
MOST_UNDEFINED = 0.05
"""Maximum share of resamples in which a figure may be undefined; these are left out."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a 95% interval."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value is in the interval, ends included."""
        return self.low <= value <= self.high


Intervals = dict[str, dict[str, Interval | None]]
"""Intervals by field, then by figure; the mean over the fields is `["mean"]["f1"]`."""


@dataclass(frozen=True, slots=True)
class Design:
    """Figures of some papers, laid out so that drawing papers is a matrix product."""

    names: tuple[Name, ...]
    """Names of the ratios, then of the means."""
    parts: Array
    """Array of papers by ratios: each paper's part of the numerator; those of means come last."""
    wholes: Array
    """Array of papers by ratios: each paper's part of the denominator."""
    means: tuple[range, ...]
    """For each mean, its ratios; undefined ones are left out."""

    @classmethod
    def of(cls, found: Columns) -> "Design":
        """The figures with these columns."""
        every = list(found.ratios.values())
        means = []
        for members in found.means.values():
            means.append(range(len(every), len(every) + len(members)))
            every += members
        return cls(
            names=(*found.ratios, *found.means),
            parts=np.array([above for above, _ in every], dtype=np.float64).T,
            wholes=np.array([below for _, below in every], dtype=np.float64).T,
            means=tuple(means),
        )

    @property
    def size(self) -> int:
        """Number of papers."""
        return len(self.parts)

    @property
    def _named(self) -> int:
        """Number of ratios that are figures themselves."""
        return len(self.names) - len(self.means)

    def estimate(self, drawn: Array) -> Array:
        """The figures for each row of `drawn`, in the order of `names`."""
        above, below = drawn @ self.parts, drawn @ self.wholes
        ratios = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
        means = [_mean(ratios[:, list(chosen)])[:, None] for chosen in self.means]
        return np.concatenate([ratios[:, : self._named], *means], axis=1)

    def contributing(self) -> list[int]:
        """For each figure the number of papers that have it."""
        has = self.wholes > 0
        counts = [int(n) for n in has.sum(axis=0)[: self._named]]
        return counts + [int(has[:, list(chosen)].any(axis=1).sum()) for chosen in self.means]


def _mean(ratios: Array) -> Array:
    defined = ~np.isnan(ratios)
    size = defined.sum(axis=1)
    means: Array = np.where(defined, ratios, 0.0).sum(axis=1) / np.maximum(size, 1)
    means[size == 0] = np.nan
    return means


def design(scores: Sequence[PaperScore]) -> Design:
    """Every figure that applies to its field, and the mean F1, for these papers."""
    return Design.of(columns(scores))


def intervals(scores: Sequence[PaperScore], *, resamples: int = RESAMPLES, seed: int = SEED) -> Intervals:
    """The interval of every figure, by field and figure; the mean F1 is `["mean"]["f1"]`.

    The fields and their figures are those of `score.all_values`.
    """
    found: Intervals = {}
    if not scores:
        return found
    plan = design(scores)
    ends = bootstrap(plan.estimate, plan.contributing(), plan.size, resamples=resamples, seed=seed)
    for (name, figure), interval in zip(plan.names, ends, strict=True):
        found.setdefault(name, {})[figure] = interval
    return found


def interval(
    values: Sequence[float | bool | None], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval | None:
    """The interval of the mean of one value a paper: seconds, or whether it failed. None is skipped.

    Values that are all 0 or all 1 are treated as a share of papers.
    """
    if not values:
        return None
    plan = Design.of(Columns({("", ""): outcomes(values)}, {}))
    return bootstrap(plan.estimate, plan.contributing(), plan.size, resamples=resamples, seed=seed)[0]


def quantile_interval(values: Sequence[float], share: float) -> Interval | None:
    """An interval for a quantile (0.5: the median) from the order of the values alone.

    The narrowest pair of places around it by equal tails that hold the quantile in at least 95% of draws,
    whatever the distribution; David and Nagaraja (2003), Order Statistics, section 7.1. None where the values
    are too few for that, as for a 90th percentile of fewer than 36.
    """
    size = len(values)
    tail = (1 - CONFIDENCE) / 2
    low = int(stats.binom.ppf(tail, size, share)) - 1 if size else -1
    high = int(stats.binom.ppf(1 - tail, size, share)) if size else 0
    if low < 0 or high >= size:
        return None
    ordered = sorted(values)
    return Interval(float(ordered[low]), float(ordered[high]))


def bootstrap(
    estimate: Estimate,
    contributing: Sequence[int],
    size: int,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    shares: bool = True,
) -> list[Interval | None]:
    """The BCa interval of each figure that `estimate` gives for `size` papers.

    `contributing` has the number of papers behind each figure. `shares` says whether figures that are always
    0 or 1 are shares of papers; without it a figure that never moves gives an interval of no width, as the
    difference of two runs that never differ should.
    """
    if size < 2:
        return [None] * len(contributing)
    value = estimate(np.ones((1, size)))[0]
    left_out = estimate(1.0 - np.eye(size))
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=resamples)
    found = estimate(drawn.astype(np.float64))
    ends: list[Interval | None] = []
    for column, papers in enumerate(contributing):
        seen = found[:, column]
        seen = seen[~np.isnan(seen)]
        if np.isnan(value[column]) or len(seen) < (1 - MOST_UNDEFINED) * resamples:
            ends.append(None)
        elif np.ptp(seen) < 1e-12:
            ends.append(_unmoved(float(value[column]), papers, shares))
        else:
            ends.append(bca(float(value[column]), seen, left_out[:, column]))
    return ends


def _unmoved(value: float, papers: int, shares: bool) -> Interval | None:
    if not shares:
        return Interval(value, value)
    least = float(((1 - CONFIDENCE) / 2) ** (1 / papers))
    if value == 1:
        return Interval(least, 1.0)
    return Interval(0.0, 1 - least) if value == 0 else None


def bca(value: float, found: Array, left_out: Array) -> Interval:
    """The BCa interval from the value, its resamples and its jackknife: Efron (1987), equations 2.3 and 6.6.

    The resamples must not all be equal. Papers without which the figure is undefined do not take part in the
    acceleration.
    """
    below = ((found < value).mean() + (found <= value).mean()) / 2
    edge = 0.5 / len(found)
    bias = special.ndtri(np.clip(below, edge, 1 - edge))
    left_out = left_out[~np.isnan(left_out)]
    apart = left_out.mean() - left_out if len(left_out) else np.zeros(1)
    spread = (apart**2).sum() ** 1.5
    acceleration = (apart**3).sum() / (6 * spread) if spread > 0 else 0.0
    shifted = bias + special.ndtri([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    places = special.ndtr(bias + shifted / (1 - acceleration * shifted))
    low, high = np.quantile(found, places)
    return Interval(float(low), float(high))
