from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from papercards.card import Artifact, Card, Claim, Evidence, Label, Reproducibility
from papercards.evals.calibration import (
    Forecast,
    calibration,
    curve,
    curves,
    decisions,
    forecasts,
    held,
    reliability,
    transfer,
)
from papercards.evals.labels import FIELDS, Labelled, read_labels
from tests.evals.records import card, reading, record, write

ANSWERS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.35, 0.5, 0.8, 1.0]), st.booleans()), max_size=30)


def labelled(tmp_path: Path, *readings: dict[str, object]) -> Labelled:
    (one,) = read_labels(write(tmp_path / "labels.jsonl", [record("p", *readings)]))
    return one


def tagged(*tags: tuple[str, float | None]) -> Card:
    labels = tuple(Label(label=label, confidence=confidence) for label, confidence in tags)
    return card("p").model_copy(update={"tasks": labels})


def claiming(*claims: tuple[int, int, str]) -> Card:
    said = tuple(
        Claim(kind=kind, confidence=0.5, evidence=Evidence(start=a, end=b, sentence=1, text="x" * (b - a)))
        for a, b, kind in claims
    )
    return card("p").model_copy(update={"claims": said})


def test_a_label_of_some_readings_only_is_no_forecast(tmp_path: Path) -> None:
    truth = labelled(tmp_path, reading(tasks=["a", "b"]), reading(tasks=["a"]))

    found = forecasts([(tagged(("a", 0.9), ("b", 0.6), ("c", 0.2), ("d", None)), truth)])

    assert found["tasks"] == [(0.9, True), (0.2, False)]
    assert set(found) == set(FIELDS)


def test_a_claim_is_right_with_a_place_of_all_readings_and_a_kind_of_any(tmp_path: Path) -> None:
    first = [{"start": 0, "end": 10, "kind": "method"}, {"start": 20, "end": 30, "kind": "method"}]
    truth = labelled(
        tmp_path,
        reading(claims=first),
        reading(claims=[{"start": 0, "end": 9, "kind": "resource"}]),
    )

    made = claiming((0, 10, "resource"), (0, 10, "theory"), (21, 30, "method"), (35, 40, "method"))

    assert forecasts([(made, truth)])["claims"] == [(0.5, True), (0.5, False), (0.5, False)]


def test_a_status_is_right_if_any_reading_gives_it(tmp_path: Path) -> None:
    truth = labelled(tmp_path, reading(code="promised"), reading(code="released"))
    artifact = Artifact(status="not-stated", confidence=0.7)
    made = Reproducibility(code=Artifact(status="released", confidence=0.7), data=artifact, weights=artifact)

    found = forecasts([(card("p").model_copy(update={"reproducibility": made}), truth)])

    assert found["code"] == [(0.7, True)]
    assert found["data"] == [(0.7, True)]


def test_what_carries_no_confidence_has_no_calibration(tmp_path: Path) -> None:
    truth = labelled(tmp_path)
    pairs = [(card("p", "regression"), truth), (None, truth)]

    for table in calibration(pairs).values():
        assert (table.n, table.ece, table.brier) == (0, None, None)
    assert all(one.points == () for one in curves(pairs).values())
    assert curves(pairs)["tasks"].line() == "tasks: no answer carries a confidence"


@given(ANSWERS)
def test_reliability_adds_up(answers: list[Forecast]) -> None:
    table = reliability("tasks", answers)

    assert sum(cell.n for cell in table.bins) == table.n == len(answers)
    assert all((cell.n == 0) == (cell.right is None) for cell in table.bins)
    if answers:
        gaps = [c.n * abs((c.confidence or 0) - (c.right or 0)) for c in table.bins]
        assert table.ece == pytest.approx(sum(gaps) / len(answers))
        confidences, outcomes = zip(*answers, strict=True)
        assert table.brier == pytest.approx(brier_score_loss(outcomes, confidences, labels=[False, True]))


def test_honest_confidence_has_little_error_and_boasting_much() -> None:
    random = Random(8)
    honest = [(p, random.random() < p) for p in (random.random() for _ in range(20_000))]
    boasting = [(1 - (1 - p) / 4, right) for p, right in honest]

    assert (reliability("tasks", honest).ece or 1) < 0.02
    assert (reliability("tasks", boasting).ece or 0) > 0.3


@given(ANSWERS, st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_a_threshold_reaches_its_precision_and_no_lower_one_does(
    answers: list[Forecast], precision: float
) -> None:
    best = curve("tasks", answers).at(precision)
    threshold = best.threshold if best else None
    reached = [c for c, _ in answers if np.mean([r for d, r in answers if d >= c]) >= precision]

    assert threshold == (min(reached) if reached else None)
    if threshold is not None:
        assert (held(threshold, answers).precision or 0) >= precision


def test_a_threshold_fitted_on_honest_forecasts_holds_elsewhere() -> None:
    random = Random(9)
    train, dev = ([(p, random.random() < p) for p in (random.random() for _ in range(4000))] for _ in "ab")

    best = curve("tasks", train).at(0.9)

    assert best is not None
    assert best.threshold == pytest.approx(0.8, abs=0.04)
    assert held(best.threshold, dev).precision == pytest.approx(0.9, abs=0.02)
    assert held(best.threshold, dev).coverage == pytest.approx(0.2, abs=0.04)


def test_equal_confidences_are_answered_together() -> None:
    found = curve("tasks", [(0.9, True), (0.5, True), (0.5, False), (0.2, False)], total=8)

    assert [(p.threshold, p.answered, p.coverage, p.precision) for p in found.points] == [
        (0.9, 1, 1 / 8, 1.0),
        (0.5, 3, 3 / 8, 2 / 3),
        (0.2, 4, 4 / 8, 2 / 4),
    ]
    assert found.line(0.6) == (
        "tasks: at 60% precision this model answers 38% of the papers (confidence from 0.50)"
    )
    assert curve("tasks", [(0.9, False)]).line() == "tasks: no confidence is high enough for 90% precision"


def test_nothing_reaches_a_threshold_above_all() -> None:
    none = held(0.99, [(0.5, True)])

    assert (none.answered, none.coverage, none.precision) == (0, 0.0, None)


def test_coverage_is_of_all_papers_that_have_an_answer(tmp_path: Path) -> None:
    two = labelled(tmp_path, reading(tasks=["a", "b"]), reading(tasks=["b"]))
    silent = labelled(tmp_path, reading(tasks=[]), reading(tasks=[]))

    found = decisions(
        [(tagged(("b", 0.8), ("a", 0.9)), two), (tagged(("c", 0.4)), two), (None, two), (tagged(), silent)]
    )

    assert found["tasks"] == ([(0.8, True), (0.4, False)], 3)
    assert found["code"][1] == 4
    assert (
        curves([(claiming((0, 9, "method")), two)])["claims"]
        .line(0.0)
        .endswith("100% of the claims it makes (confidence from 0.50)")
    )


@pytest.mark.slow
def test_a_perfect_forecaster_stays_within_chance_and_a_boaster_does_not(tmp_path: Path) -> None:
    truth = labelled(tmp_path, reading(tasks=["a"]))
    random = Random(3)
    inside = boasts = 0
    for _ in range(15):
        sure = [random.uniform(0.3, 1.0) for _ in range(60)]
        perfect = [(tagged(("a" if random.random() < c else "z", c)), truth) for c in sure]
        boaster = [(tagged(("a" if random.random() < c - 0.3 else "z", c)), truth) for c in sure]
        one, other = calibration(perfect)["tasks"], calibration(boaster)["tasks"]
        assert one.ece is not None and one.ece_by_chance is not None
        assert other.ece is not None and other.ece_by_chance is not None
        inside += one.ece_by_chance.holds(one.ece)
        boasts += other.ece > other.ece_by_chance.high
        assert one.brier is not None and one.brier_interval is not None
        assert one.brier_interval.holds(one.brier)

    assert inside >= 12
    assert boasts >= 13


def test_a_field_that_is_not_labelled_makes_no_forecast(tmp_path: Path) -> None:
    lines = [record("p", fields=["code"])]
    (truth,) = read_labels(write(tmp_path / "labels.jsonl", lines))
    made = card("p", "robotics", confidence=0.9)

    assert {field for field, answers in forecasts([(made, truth)]).items() if answers} == {"code"}
    assert {field: total for field, (_, total) in decisions([(made, truth)]).items() if total} == {"code": 1}


def test_a_threshold_is_carried_to_other_papers(tmp_path: Path) -> None:
    truth = labelled(tmp_path, reading(tasks=["a"]))
    fitted = [(tagged(("a", 0.9)), truth), (tagged(("z", 0.4)), truth), (None, truth)]
    checked = [(tagged(("a", 0.95)), truth), (tagged(("z", 0.9)), truth)]

    (found,) = [one for one in transfer(0.9, fitted, checked) if one.field == "tasks"]

    assert found.fitted is not None and found.checked is not None
    assert (found.fitted.threshold, found.fitted.coverage) == (0.9, pytest.approx(1 / 3))
    assert (found.checked.answered, found.checked.precision) == (2, 0.5)
