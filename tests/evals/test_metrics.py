"""The arithmetic, against scikit-learn on random answers and by hand where that gives no value."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from papercards.evals.scoring.metrics import (
    Counts,
    accuracy,
    brier,
    calibration_error,
    cohen_kappa,
    mean,
    quantile,
    ratio,
    total,
)

np = pytest.importorskip("numpy")
sk = pytest.importorskip("sklearn.metrics")

pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)
classes = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=40)


def counts(answers: list[tuple[bool, bool]]) -> Counts:
    """From pairs of truth and prediction."""
    return Counts(
        hits=sum(truth and said for truth, said in answers),
        wrong=sum(said and not truth for truth, said in answers),
        missed=sum(truth and not said for truth, said in answers),
    )


@given(pairs)
def test_precision_recall_and_f1_are_scikit_learns(answers: list[tuple[bool, bool]]) -> None:
    truth, said = zip(*answers, strict=True)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        truth, said, average="binary", zero_division=np.nan
    )
    ours = counts(answers)

    for mine, theirs in ((ours.precision, precision), (ours.recall, recall), (ours.f1, f1)):
        assert (mine is None and math.isnan(theirs)) or mine == pytest.approx(theirs)


@given(st.lists(pairs.filter(lambda p: len(p) >= 5), min_size=1, max_size=5))
def test_the_f1_of_summed_counts_is_the_micro_average(columns: list[list[tuple[bool, bool]]]) -> None:
    height = min(len(column) for column in columns)
    truth = np.array([[t for t, _ in column[:height]] for column in columns]).T
    said = np.array([[s for _, s in column[:height]] for column in columns]).T
    assume(truth.any() or said.any())

    ours = total(counts(column[:height]) for column in columns)

    if len(columns) > 1:
        micro = sk.f1_score(truth, said, average="micro")
    else:
        micro = sk.f1_score(truth[:, 0], said[:, 0])
    assert ours.f1 == pytest.approx(micro)


@given(st.lists(pairs, min_size=2, max_size=5).map(lambda c: [p[: min(map(len, c))] for p in c]))
def test_the_mean_of_the_labels_f1_is_the_macro_average(columns: list[list[tuple[bool, bool]]]) -> None:
    used = [column for column in columns if any(t or s for t, s in column)]
    assume(len(used) > 1)
    truth = np.array([[t for t, _ in column] for column in used]).T
    said = np.array([[s for _, s in column] for column in used]).T

    macro = sk.f1_score(truth, said, average="macro")

    assert mean(counts(column).f1 for column in columns) == pytest.approx(macro)


@given(classes)
def test_kappa_is_scikit_learns(answers: list[tuple[str, str]]) -> None:
    one, other = zip(*answers, strict=True)
    assume(len({*one, *other}) > 1)

    assert cohen_kappa(one, other) == pytest.approx(sk.cohen_kappa_score(one, other))


@given(classes)
def test_accuracy_is_scikit_learns(answers: list[tuple[str, str]]) -> None:
    one, other = zip(*answers, strict=True)

    assert accuracy(a == b for a, b in answers) == pytest.approx(sk.accuracy_score(one, other))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_brier_is_scikit_learns(forecasts: list[tuple[float, bool]]) -> None:
    chances, outcomes = zip(*forecasts, strict=True)
    theirs = sk.brier_score_loss(outcomes, chances, labels=[False, True])

    assert brier(forecasts) == pytest.approx(theirs)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0, 1))
def test_quantile_is_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-6)


def test_calibration_error_weighs_the_bins_by_their_size() -> None:
    forecasts = [(0.95, True)] * 3 + [(0.95, False)] + [(0.05, False)] * 4

    assert calibration_error(forecasts) == pytest.approx((4 * 0.20 + 4 * 0.05) / 8)
    assert calibration_error([(1.0, True), (0.0, False)]) == 0


def test_what_is_not_defined_is_none() -> None:
    assert Counts().precision is None
    assert Counts().recall is None
    assert Counts().f1 is None
    assert Counts(missed=2).precision is None
    assert Counts(missed=2).f1 == 0
    assert ratio(1, 0) is None
    assert mean([None, None]) is None
    assert mean([None, 0.5]) == 0.5
    assert quantile([], 0.5) is None
    assert cohen_kappa([], []) is None
    assert cohen_kappa("aaa", "aaa") is None
    assert brier([]) is None
    assert calibration_error([]) is None


def test_kappa_refuses_raters_of_different_items() -> None:
    with pytest.raises(ValueError, match="2 answers against 3"):
        cohen_kappa("ab", "abc")
