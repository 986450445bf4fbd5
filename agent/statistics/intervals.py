"""Computes intervals of shares: Wilson's for counts, prediction-powered ones where papers have hand labels.

**Wilson** (Wilson 1927, "Probable inference, the law of succession, and statistical inference") is the share
+- z standard errors under each hypothetical share, so it stays within [0, 1] and holds for few papers.

**Prediction-powered.** Counting tags is biased by the tagger's errors. Prediction-powered inference measures
the bias on labelled papers and subtracts it (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023,
"Prediction-powered inference", Science 382). The share of papers with a feature in a group is A / B: A is the
share of all papers that are in the group and have the feature, B the share that are in the group; where the
group is known from the source, such as a year, all papers are those of the group, and B = 1. With f for the
card's answers and y for the labels, on n labelled and N other papers, each of A and B is estimated by

    lambda * mean of f over the N + mean of (y - lambda * f) over the n

and their covariances by lambda^2 * cov(f) / N + cov(y - lambda * f) / n. lambda = 1 is the original; it is
tuned to the least variance of the estimating function m = a - theta * b, so that a bad tagger does not make
it worse (Angelopoulos, Duchi and Zrnic 2023, "PPI++: efficient prediction-powered inference"):

    lambda = cov(m(y), m(f)) / ((1 + n / N) * var(m(f))), clipped to [0, 1]

The interval is the set of theta for which A - theta * B is within z standard errors of 0, which is
+- z * sqrt(variance) where B = 1, and Fieller's interval of a ratio otherwise.

With few labels the tagger's errors are rare events, and none in 50 papers does not mean none in the corpus.
So the interval counts two papers more, one where the tagger missed the feature and one where it was wrong to
give it, as Bonett and Price (2012, "Adjusted Wald confidence interval for a difference of binomial
proportions based on paired data") do for paired proportions; the point estimate does not.

The labelled papers must be drawn at random from the corpus and unknown to the tagger.

Knows numbers. Knows no cards.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled paper in one group: what its labels say and what its card says.

    A label on which two passes disagree counts half.
    """

    label: float
    """1 if it is in the group and has the feature, by its labels."""
    label_group: float
    """1 if it is in the group, by its labels."""
    card: float
    """1 if it is in the group and has the feature, by its card."""
    card_group: float
    """1 if it is in the group, by its card."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its interval, within [0, 1]."""

    share: float
    low: float
    high: float
    weight: float
    """Weight lambda of the cards; at 0 only the labels count."""


def wilson(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share, `count` of `n` papers; n is at least 1."""
    z = _z(level)
    share = count / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 and n the ends are exact, whatever the rounding.
    low = 0.0 if count == 0 else (centre - half) / (1 + z * z / n)
    return low, 1.0 if count == n else (centre + half) / (1 + z * z / n)


def prediction_powered(
    pairs: Sequence[Pair],
    size: int,
    others: int,
    positives: int,
    members: int,
    *,
    level: float = 0.95,
    tune: bool = True,
) -> Estimate | None:
    """The share by the formulas above.

    `pairs` are the labelled papers that are in the group by their labels or by their card, of `size` labelled
    papers in all. Of the `others`, which have no labels, `members` are in the group and `positives` of these
    have the feature, by their cards. None where so little is known that there may be no paper in the group.
    """
    if not pairs or size < 2:
        return None
    weight = _weight(pairs, size, others, positives, members) if tune else 1.0
    a, b = (positives / others, members / others) if others else (0.0, 0.0)
    rests = [(one.label - weight * one.card, one.label_group - weight * one.card_group) for one in pairs]
    below = weight * b + sum(rest for _, rest in rests) / size
    if below <= 0:
        return None
    share = _clip((weight * a + sum(rest for rest, _ in rests) / size) / below)
    # One paper that the tagger missed, and one where it is wrong.
    rests += [(1.0, 1.0 - weight), (-weight, 1.0 - weight)]
    size += 2
    top, bottom = (sum(rest[at] for rest in rests) / size for at in (0, 1))

    def covariance(i: int, j: int, means: float, of_cards: float) -> float:
        of_rests = (sum(rest[i] * rest[j] for rest in rests) - size * means) / (size - 1)
        return of_rests / size + (weight**2 * of_cards / others if others else 0.0)

    ends = _fieller(
        weight * a + top,
        weight * b + bottom,
        covariance(0, 0, top * top, a - a * a),
        covariance(0, 1, top * bottom, a - a * b),  # who has the feature is in the group
        covariance(1, 1, bottom * bottom, b - b * b),
        _z(level),
    )
    if ends is None:
        return None
    # The centre of the interval lies a little nearer to the middle than the estimate.
    return Estimate(share, min(_clip(ends[0]), share), max(_clip(ends[1]), share), weight)


def _weight(pairs: Sequence[Pair], size: int, others: int, positives: int, members: int) -> float:
    if not others:
        return 0.0
    total = others + size
    a = (positives + sum(one.card for one in pairs)) / total
    b = (members + sum(one.card_group for one in pairs)) / total
    if not b:
        return 0.0
    a_label, b_label = sum(one.label for one in pairs) / size, sum(one.label_group for one in pairs) / size
    theta = a_label / b_label if b_label else a / b
    of_labels = [one.label - theta * one.label_group for one in pairs]
    of_cards = [one.card - theta * one.card_group for one in pairs]
    products = sum(y * f for y, f in zip(of_labels, of_cards, strict=True))
    covariance = (products - sum(of_labels) * sum(of_cards) / size) / (size - 1)
    variance = a * (1 - theta) ** 2 + (b - a) * theta**2 - (a - theta * b) ** 2
    return _clip(covariance / ((1 + size / others) * variance)) if variance > 1e-12 else 0.0


def _fieller(
    top: float, bottom: float, aa: float, ab: float, bb: float, z: float
) -> tuple[float, float] | None:
    """The theta for which `top - theta * bottom` is within z standard errors of 0; None if `bottom` is."""
    square = bottom**2 - z**2 * bb
    if bottom <= 0 or square <= 0:
        return None
    middle = top * bottom - z**2 * ab
    root = math.sqrt(max(0.0, middle**2 - square * (top**2 - z**2 * aa)))
    return (middle - root) / square, (middle + root) / square


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
