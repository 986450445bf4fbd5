"""Labels of own fields beside those of the card: read, scored with intervals, ceilings, gates, compared."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from papercards.card import Card, FieldValue
from papercards.errors import BadInput, GateMissed
from papercards.evals.label_file import Labelled, labels_version, read_labels
from papercards.evals.labelling.agreement import ceiling
from papercards.evals.reporting.sheet import sheet
from papercards.evals.scoring.compare import Guard, compare, require_no_worse
from papercards.evals.scoring.gate import check, read_gate, require
from papercards.evals.scoring.run import RunResult, read_result, score_run, to_json
from tests.evals.records import card, reading, record, write

SIZE = 30


def own(size: int | None, design: str = "rct") -> dict[str, Any]:
    number = {"type": "number", "value": size} | ({"missing": "not-stated"} if size is None else {})
    return {"size": number, "design": {"type": "label", "value": design}}


def labelled_file(path: Path, *second: int | None) -> Path:
    """Papers with 100 to 129 participants in the first pass, and these in the second."""
    lines = []
    for n in range(SIZE):
        passes = [own(100 + n), *([own(second[n % len(second)] or 100 + n)] if second else [])]
        lines.append(record(f"p{n}", *(reading(own=one) for one in passes), fields=[]))
    return write(path, lines)


def run(items: tuple[Labelled, ...], wrong: int = 0, model: str = "m") -> RunResult:
    """A run whose first cards have another number."""
    cards: dict[str, Card] = {}
    for n, item in enumerate(items):
        size = 7 if n < wrong else 100 + n
        fields = {name: FieldValue.model_validate(value) for name, value in own(size).items()}
        cards[item.id] = card(item.id, "regression").model_copy(update={"fields": fields})
    return score_run(cards, {}, items, model=model, split="dev", labels="l@1")


def test_own_fields_are_scored_beside_the_others_with_intervals(tmp_path: Path) -> None:
    items = read_labels(labelled_file(tmp_path / "l.jsonl"))

    page = sheet(run(items, wrong=6))

    size = page.of("size")
    assert items[0].own_fields == ("size", "design") and items[0].fields == ()
    assert size.value == pytest.approx(0.8) == page.of("size", "accuracy").value
    assert size.interval is not None and size.interval.low < 0.8 < size.interval.high
    assert page.support["size"] == SIZE
    assert page.of("design").value == 1 and page.of("mean").value == pytest.approx(0.9)
    assert page.of("tasks").value is None


def test_results_keep_own_fields(tmp_path: Path) -> None:
    result = run(read_labels(labelled_file(tmp_path / "l.jsonl")), wrong=3)
    (tmp_path / "r.json").write_text(to_json(result, {}), encoding="utf-8")

    again = read_result(tmp_path / "r.json")

    assert again == result
    assert again.values()["size"]["f1"] == pytest.approx(0.9)


def test_the_agreement_of_passes_is_the_ceiling(tmp_path: Path) -> None:
    items = read_labels(labelled_file(tmp_path / "l.jsonl", None, 5))

    assert ceiling(items)["size"]["accuracy"] == pytest.approx(0.5)
    assert ceiling(items)["design"]["f1"] == 1


def test_a_gate_holds_own_fields_and_fails_where_they_are_not_measured(tmp_path: Path) -> None:
    items = read_labels(labelled_file(tmp_path / "l.jsonl"))
    (tmp_path / "gate.toml").write_text('[gate]\n"size.accuracy" = 0.7\n"outcome.f1" = 0.1\n')
    gate = read_gate(tmp_path / "gate.toml")

    outcomes = check(gate, run(items, wrong=6).values())

    assert [one.passed for one in outcomes] == [True, False]
    with pytest.raises(GateMissed, match=r"outcome\.f1"):
        require(outcomes, model="m")


def test_runs_are_compared_in_own_fields_that_both_have(tmp_path: Path) -> None:
    items = read_labels(labelled_file(tmp_path / "l.jsonl"))
    fewer = tuple(
        replace(item, readings=tuple(replace(one, own={"size": one.own["size"]}) for one in item.readings))
        for item in items
    )

    found = compare(run(items, model="a"), run(fewer, wrong=9, model="b"))

    assert found.fields == ("size",)
    assert "size in 30 papers" in found.narrowed
    assert found.of("size", "accuracy").difference == pytest.approx(-0.3)
    assert found.of("size").verdict == found.of("mean").verdict == "worse"
    assert {(one.field, one.first, one.second) for one in found.changes} >= {("size", "100", "7")}
    with pytest.raises(GateMissed, match="size F1"):
        require_no_worse(found, [Guard("size", "f1", None)])
    with pytest.raises(GateMissed, match="design was not compared"):
        require_no_worse(found, [Guard("design", "f1", None)])


def test_a_card_without_the_field_has_missed_it(tmp_path: Path) -> None:
    items = read_labels(labelled_file(tmp_path / "l.jsonl"))
    bare = score_run({one.id: card(one.id) for one in items}, {}, items, model="m", split="dev", labels="l")

    assert bare.values()["size"]["recall"] == 0
    assert bare.values()["size"]["accuracy"] == 0


def test_own_values_belong_to_the_version_and_leave_that_of_other_labels(tmp_path: Path) -> None:
    plain = read_labels(write(tmp_path / "a.jsonl", [record("p1")]))
    one, other = (
        read_labels(write(tmp_path / "a.jsonl", [record("p1", reading(own=own(n)))])) for n in (1, 2)
    )

    versions = {labels_version(Path("a.jsonl"), items) for items in (plain, one, other)}
    assert len(versions) == 3
    assert "own=" not in repr(plain[0].readings)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (record("p1", fields=[]), "labels no field"),
        (record("p1", reading(own={"size": {"type": "numbr", "value": 1}})), "own.size.type"),
        (record("p1", reading(own={"size": {"value": 1}})), "own.size.type"),
        (
            record("p1", reading(own=own(1)), reading(own={"size": {"type": "text", "value": "1"}})),
            "the passes have size in two types",
        ),
    ],
)
def test_a_wrong_label_of_an_own_field_is_named(tmp_path: Path, line: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_labels(write(tmp_path / "l.jsonl", [line]))


def test_the_report_shows_own_fields_and_their_mistakes(tmp_path: Path) -> None:
    from papercards.evals.reporting.report import render

    result = run(read_labels(labelled_file(tmp_path / "l.jsonl")), wrong=2)
    other = score_run(
        {}, {}, read_labels(write(tmp_path / "o.jsonl", [record("p1")])), model="o", split="dev", labels="o"
    )

    page = render([(result, sheet(result)), (other, sheet(other))])

    assert '<th rowspan="1" scope="rowgroup">size</th>' in page
    assert "<code>100</code>" in page and "<code>7</code>" in page
