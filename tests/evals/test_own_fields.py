"""Own fields are scored by type: options, numbers, quantities, dates, texts, records."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.card import FieldRow, FieldType, FieldValue
from papercards.evals.label_file import read_labels
from papercards.evals.labelling.agreement import agree
from papercards.evals.scoring.own_fields import matched, score_value, word_f1
from papercards.evals.scoring.score import all_values, score
from papercards.evals.scoring.units import convert, parsed
from papercards.paper import Paper

from .records import reading, record, write


def value(kind: FieldType, said: Any = None, **more: Any) -> FieldValue:
    return FieldValue(type=kind, value=said, missing="not-stated" if said is None else None, **more)


def rows(*records: dict[str, Any]) -> FieldValue:
    return FieldValue(type="list", rows=tuple(FieldRow(values=record) for record in records))


def counts(predicted: FieldValue | None, *expected: FieldValue) -> tuple[int, int, int, bool]:
    found = score_value(predicted, expected)
    return found.counts.hits, found.counts.wrong, found.counts.missed, found.right


@pytest.mark.parametrize(
    ("kind", "said", "labelled", "right"),
    [
        ("number", 120, 120.0, True),
        ("number", 120, 121, True),
        ("number", 120, 122, False),
        ("number", 0, 0.0, True),
        ("number", -5, 5, False),
        ("boolean", True, True, True),
        ("boolean", False, True, False),
        ("date", "2024-05-01", "2024-05", True),
        ("date", "2024", "2024-05", False),
        ("text", "Adults with  diabetes", "adults with diabetes.", True),
        ("text", "diabetes with adults", "adults with diabetes", False),
        ("label", "rct", "rct", True),
        ("label", "rct", "cohort", False),
        ("labels", ("a", "b"), ("b", "a"), True),
    ],
)
def test_a_value_is_right_by_the_measure_of_its_type(
    kind: FieldType, said: Any, labelled: Any, right: bool
) -> None:
    found = counts(value(kind, said), value(kind, labelled))

    size = len(said) if kind == "labels" else 1
    assert found == ((size, 0, 0, True) if right else (0, size, size, False))


def test_what_is_not_stated_is_an_answer_and_a_failed_paper_is_none() -> None:
    nothing, number = value("number"), value("number", 7)

    assert counts(nothing, nothing) == (0, 0, 0, True)
    assert counts(number, nothing) == (0, 1, 0, False)
    assert counts(nothing, number) == (0, 0, 1, False)
    assert counts(None, nothing) == (0, 0, 0, False)
    assert counts(None, number) == (0, 0, 1, False)


def test_what_only_one_reading_has_is_acceptable() -> None:
    seven, eight, nothing = value("number", 7), value("number", 8), value("number")

    assert counts(seven, seven, eight) == counts(eight, seven, eight) == (1, 0, 0, True)
    assert counts(seven, seven, nothing) == (0, 0, 0, True)
    assert counts(nothing, seven, nothing) == (0, 0, 0, True)
    assert counts(value("number", 9), seven, nothing) == (0, 1, 0, False)
    assert counts(value("label", "a"), value("label", "a"), value("label", "b")) == (0, 0, 0, True)


def test_ranges_are_right_at_both_ends() -> None:
    assert counts(value("number", 5, high=9), value("number", 5, high=9))[3]
    assert not counts(value("number", 5, high=8), value("number", 5, high=9))[3]
    assert not counts(value("number", 5), value("number", 5, high=9))[3]


@pytest.mark.parametrize(
    ("said", "unit", "labelled", "other", "right"),
    [
        (12, "months", 1, "year", True),
        (52, "weeks", 12, "months", True),
        (300, "K", 26.85, "°C", True),
        (1.1, "eV", 1.76e-19, "J", True),
        (5, "mg kg-1", 5, "mg/kg", True),
        (30, "kg/m2", 30, "kg m\u22122", True),
        (80, "participants", 80, "Participants", True),
        (80, "participants", 80, "patients", False),
        (3, "eV", 3, "K", False),
        (3, "eV", 4, "eV", False),
        (3, None, 3, None, True),
        (3, "m", 3, None, False),
    ],
)
def test_quantities_are_compared_after_conversion(
    said: float, unit: str | None, labelled: float, other: str | None, right: bool
) -> None:
    found = counts(value("quantity", said, unit=unit), value("quantity", labelled, unit=other))

    assert found[3] is right


@pytest.mark.parametrize(
    "unit", ["m**9**9**9", "m**99999", "__import__('os')", "(" * 30, "m" * 5000, "m " * 40, ""]
)
def test_units_of_strangers_are_not_computed(unit: str) -> None:
    assert parsed(unit) is None
    assert convert(1.0, unit, "m") is None


def test_texts_overlap_by_their_words() -> None:
    assert word_f1("adults with type 2 diabetes", "Type 2 diabetes") == pytest.approx(2 * 3 / 8)
    assert word_f1("3.1", "1.3") == word_f1("a", "") == 0
    overlap = score_value(
        value("text", "type 2 diabetes"), [value("text", "adults"), value("text", "2 diabetes")]
    )
    assert overlap.overlap == pytest.approx(4 / 5)
    assert score_value(value("text"), [value("text")]).overlap is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_overlap_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert word_f1(one, other) == word_f1(other, one)
    assert 0 <= word_f1(one, other) <= 1


SQUAD = {"dataset": "SQuAD", "metric": "F1", "value": 91.2}
COCO = {"dataset": "COCO", "metric": "mAP", "value": 44}


def test_records_are_matched_by_the_best_assignment() -> None:
    nearly = {"dataset": "SQuAD", "metric": "F1", "value": 90.1}
    both = {"dataset": "COCO", "metric": "F1", "value": 91.2}

    assert counts(rows(COCO, SQUAD), rows(SQUAD, COCO)) == (2, 0, 0, True)
    assert counts(rows(SQUAD), rows(SQUAD, COCO)) == (1, 0, 1, False)
    assert counts(rows(SQUAD, nearly), rows(SQUAD)) == (1, 1, 0, False)
    assert counts(rows(), rows()) == (0, 0, 0, True)
    assert counts(rows(), rows(SQUAD)) == (0, 0, 1, False)
    # Record by record, the first would take its best match and leave the second without any.
    pairs = matched(rows(both, SQUAD).rows, rows(SQUAD, COCO).rows)
    assert [(i, j) for i, j, _ in pairs] == [(0, 1), (1, 0)]
    assert score_value(rows(nearly), [rows(SQUAD)]).overlap == pytest.approx(2 / 3)


def test_records_are_held_to_the_reading_that_they_agree_with() -> None:
    assert counts(rows(SQUAD), rows(COCO), rows(SQUAD)) == (1, 0, 0, True)


def test_parts_of_records_convert_their_units() -> None:
    one, other, third = (
        {"property": "band gap", "value": number, "value_unit": unit}
        for number, unit in ((1.1, "eV"), (1100, "meV"), (1.1, "K"))
    )

    assert counts(rows(one), rows(other)) == (1, 0, 0, True)
    assert counts(rows(one), rows(third)) == (0, 1, 1, False)


def test_what_a_model_does_not_answer_is_counted_apart(tmp_path: Path) -> None:
    (nothing,) = read_labels(write(tmp_path / "one.jsonl", [record("x")]))
    silent = FieldValue(type="number", missing="not-answered-by-this-model")
    scores = [
        replace(score(None, nothing), own={"people": score_value(said, [value("number", 7)])})
        for said in (silent, value("number", 7), value("number", 8), silent)
    ]
    figures = all_values(scores)["people"]

    assert (figures["accuracy"], figures["answered"], figures["accuracy_of_answered"]) == (0.25, 0.5, 0.5)
    assert not score_value(silent, [value("number")]).right


def test_two_passes_agree_in_own_fields_as_far_as_they_say_the_same(tmp_path: Path) -> None:
    passes = [(True, ("a",)), (False, ("a", "b")), (True, ("b",)), (True, ("b",))]
    records = [
        record(f"p{n}", *(
            reading(own={"proves": {"type": "boolean", "value": one},
                         "topics": {"type": "labels", "value": topics}})
            for one, topics in ((True, ("a",) if n < 2 else ("b",)), said)
        ))
        for n, said in enumerate(passes)
    ]  # fmt: skip
    labelled = read_labels(write(tmp_path / "two.jsonl", records))
    papers = [Paper(one.id, one.title, "It is so.") for one in labelled]
    rows = {one.field: one for one in agree(labelled, papers)}

    assert (rows["proves"].papers, rows["proves"].exact, rows["proves"].kappa) == (4, 0.75, 0)
    assert rows["topics"].exact == 0.75 and rows["topics"].alpha is not None
    assert rows["topics"].f1 == pytest.approx(8 / 9)
