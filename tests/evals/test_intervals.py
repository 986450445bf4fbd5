from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference
from sklearn.preprocessing import MultiLabelBinarizer

from papercards.evals.scoring.intervals import (
    Interval,
    bca,
    bootstrap,
    design,
    interval,
    intervals,
    quantile_interval,
)
from papercards.evals.scoring.score import all_values, columns, score_labels
from tests.evals.scored import STATUSES, draw, labels, make_score, status

LABELS = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=4)
SOME = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=12)
ANSWERS = st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from(STATUSES)), min_size=1, max_size=12)


def defined(value: float) -> float | None:
    return None if np.isnan(value) else pytest.approx(float(value))


@given(SOME)
def test_label_figures_are_those_of_scikit_learn(answers: list[tuple[list[str], list[str]]]) -> None:
    scores = [
        make_score(str(n), tasks=score_labels(guess, [truth])) for n, (truth, guess) in enumerate(answers)
    ]
    used = sorted({label for pair in answers for side in pair for label in side})
    binary = MultiLabelBinarizer(classes=list("abcdefg"))
    truth = binary.fit_transform([truth for truth, _ in answers])
    guess = binary.transform([guess for _, guess in answers])
    mains = [(truth[0], guess[0] if guess else "") for truth, guess in answers if truth]

    ours = columns(scores).values()

    for name, of in {
        "precision": reference.precision_score,
        "recall": reference.recall_score,
        "f1": reference.f1_score,
    }.items():
        assert ours["tasks", name] == defined(of(truth, guess, average="micro", zero_division=np.nan))
    if used:
        places = ["abcdefg".index(label) for label in used]
        expected = reference.f1_score(truth, guess, labels=places, average="macro")
        assert ours["tasks", "macro_f1"] == defined(expected)
    assert ours["tasks", "exact_accuracy"] == defined(reference.accuracy_score(truth, guess))
    if mains:
        expected = reference.accuracy_score(*zip(*mains, strict=True))
        assert ours["tasks", "main_accuracy"] == defined(expected)
    else:
        assert ours["tasks", "main_accuracy"] is None


@given(ANSWERS)
def test_status_figures_are_those_of_scikit_learn(answers: list[tuple[str, str]]) -> None:
    truth, guess = zip(*answers, strict=True)
    scores = [make_score(code=status(g, t)) for t, g in answers]
    stated = [[s != "not-stated" for s in side] for side in (truth, guess)]

    ours = columns(scores).values()

    assert ours["code", "accuracy"] == defined(reference.accuracy_score(truth, guess))
    assert ours["code", "f1"] == defined(reference.f1_score(*stated, zero_division=np.nan))
    assert ours["code", "recall"] == defined(reference.recall_score(*stated, zero_division=np.nan))


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_figures_by_matrix_are_those_by_counting(seed: int, size: int) -> None:
    scores = draw(Random(seed), size)

    plan = design(scores)
    row = plan.estimate(np.ones((1, size)))[0]

    assert columns(scores).values() == {
        name: defined(value) for name, value in zip(plan.names, row, strict=True)
    }


def test_there_is_an_interval_for_every_figure_of_every_field() -> None:
    scores = draw(Random(1), 55)

    found = intervals(scores)
    table = all_values(scores)

    assert {name: set(ends) for name, ends in found.items()} == {
        name: set(row) for name, row in table.items()
    }
    for name, ends in found.items():
        for figure, one in ends.items():
            value = table[name][figure]
            assert value is not None
            assert one is not None, (name, figure)
            assert 0 <= one.low < value <= one.high <= 1, (name, figure)


def test_the_same_scores_give_the_same_intervals() -> None:
    scores = draw(Random(2), 30)

    assert intervals(scores) == intervals(scores)
    assert intervals(scores) != intervals(scores, seed=1)


def test_ends_are_those_of_scipy() -> None:
    plan = design(draw(Random(3), 55))
    place = plan.names.index(("tasks", "f1"))
    above, below = plan.parts[:, place], plan.wholes[:, place]
    drawn = np.random.default_rng(4).multinomial(55, np.full(55, 1 / 55), size=2000).astype(float)
    resampled = plan.estimate(drawn)[:, place]

    ours = bca(plan.estimate(np.ones((1, 55)))[0, place], resampled, plan.estimate(1 - np.eye(55))[:, place])
    theirs = stats.bootstrap(
        (above, below),
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        method="BCa",
        n_resamples=0,
        bootstrap_result=SimpleNamespace(bootstrap_distribution=resampled),
    ).confidence_interval

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.slow
def test_intervals_hold_the_true_value_in_92_to_98_percent_of_500_data_sets() -> None:
    random = Random(20_261_124)
    truth = columns(draw(random, 20_000)).values()
    asked = [(name, figure) for name, figure in truth if figure in ("f1", "main_accuracy", "exact_accuracy")]
    asked += [("tasks", "precision"), ("tasks", "recall"), ("claims", "kind_accuracy"), ("code", "accuracy")]
    held = dict.fromkeys(asked, 0)

    for _ in range(500):
        found = intervals(draw(random, 55), resamples=499)
        for name, figure in asked:
            one = found[name][figure]
            held[name, figure] += one is not None and one.holds(truth[name, figure] or 0)

    shares = {" ".join(name): count / 500 for name, count in held.items()}
    # A dozen papers have weights, often all of them right: there the exact interval is wider than it need be.
    assert shares.pop("weights f1") >= 0.92
    assert {name: share for name, share in shares.items() if not 0.92 <= share <= 0.98} == {}


def test_a_figure_that_no_paper_speaks_against_is_a_share_of_papers() -> None:
    found = intervals([make_score(str(n)) for n in range(30)])

    exact = stats.binomtest(30, 30).proportion_ci(method="exact")
    assert found["tasks"]["f1"] == Interval(pytest.approx(exact.low), 1.0)
    nothing = stats.binomtest(0, 30).proportion_ci(method="exact")
    assert interval([False] * 30) == Interval(0.0, pytest.approx(nothing.high))


@pytest.mark.parametrize("values", [[], [0.5], [None, None], [2.5] * 20, [0.7, 0.2, *[None] * 50]])
def test_too_little_to_go_by_gives_no_interval(values: list[float | None]) -> None:
    assert interval(values) is None


def test_what_is_undefined_for_most_papers_has_no_interval() -> None:
    one = make_score("one", code=status("released", "promised"))

    found = intervals([one, *[make_score(str(n)) for n in range(54)]])

    assert found["code"]["f1"] is None
    assert found["code"]["accuracy"] is not None
    assert intervals([]) == {}


def test_labels_that_only_some_readings_have_move_nothing() -> None:
    plain = [make_score(str(n), tasks=labels("a", "a" if n % 3 else "b")) for n in range(20)]
    more = [
        make_score(str(n), tasks=labels("a c", *(["a", "a c"] if n % 3 else ["b", "b c"]))) for n in range(20)
    ]

    assert intervals(plain)["tasks"]["f1"] == intervals(more)["tasks"]["f1"]


def test_the_mean_of_values_has_the_interval_of_scipy() -> None:
    seconds = np.random.default_rng(5).lognormal(1, 0.7, size=55)

    ours = interval([float(s) for s in seconds])
    theirs = stats.bootstrap((seconds,), np.mean, n_resamples=9999, rng=6).confidence_interval

    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.02)


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_quantile_lies_in_its_interval_in_95_percent_or_more(share: float) -> None:
    random = np.random.default_rng(7)
    draws = random.exponential(size=(2000, 55))

    held = [one.holds(-np.log(1 - share)) for row in draws if (one := quantile_interval(list(row), share))]

    assert len(held) == 2000
    assert 0.945 <= np.mean(held) <= 0.985
    assert quantile_interval([1.0, 2.0, 3.0], share) is None
    assert quantile_interval([], share) is None


def test_an_estimate_of_nothing_has_no_interval() -> None:
    assert bootstrap(lambda drawn: drawn[:, :1], [1], size=1) == [None]
