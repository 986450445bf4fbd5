"""Intervals of shares: against SciPy, by hand, and how often they hold the truth."""

import random

import numpy as np
import pytest
from scipy import stats as scipy_stats

from papercards.statistics.intervals import Estimate, Pair, prediction_powered, wilson


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 9, 10, 137, 100_000])
def test_wilsons_interval_is_that_of_scipy(n: int, level: float) -> None:
    for count in sorted({0, 1, n // 3, n - 1, n}):
        expected = scipy_stats.binomtest(count, n).proportion_ci(level, method="wilson")

        assert wilson(count, n, level) == pytest.approx((expected.low, expected.high), abs=1e-12)
        assert 0 <= wilson(count, n, level)[0] <= count / n <= wilson(count, n, level)[1] <= 1


TRUE, SENSITIVITY, SPECIFICITY = 0.3, 0.7, 0.8


def known_group(
    draw: random.Random, size: int, others: int, tune: bool = True
) -> tuple[Estimate | None, int]:
    """A group that is known, such as a year; the number of unlabelled cards with the feature."""

    def paper() -> tuple[float, float]:
        y = draw.random() < TRUE
        return float(y), float(draw.random() < (SENSITIVITY if y else 1 - SPECIFICITY))

    pairs = [Pair(y, 1.0, f, 1.0) for y, f in (paper() for _ in range(size))]
    positives = sum(paper()[1] == 1 for _ in range(others))
    return prediction_powered(pairs, size, others, positives, others, tune=tune), positives


def tagged_group(draw: random.Random, size: int, others: int) -> tuple[Estimate | None, tuple[int, int]]:
    """A group that the tagger decides, such as a task of 15% of the papers."""

    def paper() -> Pair:
        y_group, y = draw.random() < 0.15, draw.random() < TRUE
        f_group = draw.random() < (0.8 if y_group else 0.05)
        f = draw.random() < (SENSITIVITY if y else 1 - SPECIFICITY)
        return Pair(y_group and y, y_group, f_group and f, f_group)

    papers = [paper() for _ in range(size + others)]
    rest = papers[size:]
    counts = int(sum(one.card for one in rest)), int(sum(one.card_group for one in rest))
    pairs = [one for one in papers[:size] if one.label_group or one.card_group]
    return prediction_powered(pairs, size, others, *counts), counts


def holding(found: list[Estimate]) -> float:
    return sum(one.low <= TRUE <= one.high for one in found) / len(found)


@pytest.mark.parametrize("tune", [False, True])
@pytest.mark.parametrize(("size", "most"), [(20, 0.99), (100, 0.97)])
def test_in_a_known_group_19_of_20_intervals_hold_the_truth_which_counting_misses(
    size: int, most: float, tune: bool
) -> None:
    draw = random.Random(7)

    found, counted = zip(*(known_group(draw, size, 600, tune) for _ in range(600)), strict=True)

    estimates = [one for one in found if one is not None]
    assert len(estimates) == len(found)
    assert 0.93 <= holding(estimates) <= most
    assert sum(one.share for one in estimates) / len(found) == pytest.approx(TRUE, abs=0.015)
    assert sum(low <= TRUE <= high for low, high in (wilson(one, 600) for one in counted)) < 0.4 * len(found)


@pytest.mark.parametrize(("size", "most"), [(100, 0.99), (400, 0.98)])
def test_in_a_group_that_is_tagged_19_of_20_intervals_hold_the_truth(size: int, most: float) -> None:
    draw = random.Random(3)

    found, counted = zip(*(tagged_group(draw, size, 1000) for _ in range(500)), strict=True)

    estimates = [one for one in found if one is not None]
    assert len(estimates) > 0.99 * len(found)
    assert 0.93 <= holding(estimates) <= most
    if size > 100:
        assert sum(one.share for one in estimates) / len(estimates) == pytest.approx(TRUE, abs=0.015)
        assert sum(low <= TRUE <= high for low, high in (wilson(*one) for one in counted)) < 0.75 * len(found)


def test_tuning_narrows_the_interval() -> None:
    width = {}
    for tune in (False, True):
        draw = random.Random(3)
        found = [known_group(draw, 100, 600, tune)[0] for _ in range(100)]
        width[tune] = sum(one.high - one.low for one in found if one is not None)

    assert 0 < width[True] < 0.9 * width[False]


def of(*values: tuple[float, float]) -> list[Pair]:
    return [Pair(y, 1.0, f, 1.0) for y, f in values]


def estimated(pairs: list[Pair], positives: int, others: int, *, tune: bool = True) -> Estimate:
    found = prediction_powered(pairs, len(pairs), others, positives, others, tune=tune)
    assert found is not None
    return found


def test_the_formula_by_hand() -> None:
    found = estimated(of((1, 1), (1, 0), (0, 0), (0, 0)), 30, 100, tune=False)

    assert found.share == pytest.approx(0.3 + 1 / 4)
    # y - f of the four papers, and of one more that was missed and one that was wrong: 0, 1, 0, 0, 1, -1.
    half = 1.959964 * (0.3 * 0.7 / 100 + (3 - 6 * (1 / 6) ** 2) / 5 / 6) ** 0.5
    assert found.low == pytest.approx(max(0, 0.3 + 1 / 6 - half), abs=1e-6)
    assert found.high == pytest.approx(min(1, 0.3 + 1 / 6 + half), abs=1e-6)


def test_the_ends_of_a_tagged_group_are_where_the_test_of_the_share_changes() -> None:
    draw = random.Random(1)
    pairs = [
        Pair(float(y and g), float(g), float(f and h), float(h))
        for y, g, f, h in (
            (draw.random() < 0.4, n % 3 < 2, draw.random() < 0.5, n % 5 < 3) for n in range(60)
        )
    ]
    found = prediction_powered([one for one in pairs if one.label_group or one.card_group], 60, 500, 120, 280)
    assert found is not None and 0 < found.low < found.share < found.high < 1

    added = [*pairs, Pair(1.0, 1.0, 0.0, 1.0), Pair(0.0, 1.0, 1.0, 1.0)]
    rests = np.array(
        [
            (one.label - found.weight * one.card, one.label_group - found.weight * one.card_group)
            for one in added
        ]
    )
    cards = np.array([(1, 1)] * 120 + [(0, 1)] * 160 + [(0, 0)] * 220)
    means = found.weight * cards.mean(axis=0) + rests.mean(axis=0)
    spread = found.weight**2 * np.cov(cards.T, bias=True) / 500 + np.cov(rests.T) / 62
    for end in (found.low, found.high):
        at = np.array((1, -end))
        assert abs(at @ means) == pytest.approx(1.959964 * (at @ spread @ at) ** 0.5, rel=1e-6)


def test_no_error_in_few_labels_does_not_make_the_tagger_perfect() -> None:
    found = estimated(of(*[(1.0, 1.0)] * 10, *[(0.0, 0.0)] * 40), 2000, 10_000)

    assert found.high - found.low > 0.05


def test_a_useless_tagger_leaves_it_to_the_labels() -> None:
    found = estimated(of(*((float(n % 2), float(n % 4 < 2)) for n in range(40))), 900, 1000)

    assert found.weight == 0
    assert found.share == 0.5


def test_labels_alone_are_enough_where_all_papers_are_labelled() -> None:
    found = prediction_powered(of(*[(1.0, 0.0)] * 10, *[(0.0, 0.0)] * 10), 20, 0, 0, 0)

    assert found is not None
    assert (found.share, found.weight) == (0.5, 0)
    assert 0.25 < found.low < 0.35 and 0.65 < found.high < 0.75


@pytest.mark.parametrize(
    ("pairs", "size"),
    [([], 50), (of((1, 1)), 1), ([Pair(0.0, 0.0, 1.0, 1.0)] * 12, 12), ([Pair(1.0, 1.0, 0.0, 0.0)], 1000)],
)
def test_a_group_of_which_nothing_is_known_has_no_share(pairs: list[Pair], size: int) -> None:
    assert prediction_powered(pairs, size, 1000, 3, 5) is None
