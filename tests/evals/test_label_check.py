from pathlib import Path

import pytest

from papercards.errors import BadInput
from papercards.evals.label_file import SEED_LABELS, read_labels, seed_papers, seed_taxonomy
from papercards.evals.labelling.label_check import check
from papercards.paper import Paper
from papercards.taxonomy import Taxonomy

from .records import reading, record, write

LONG = " ".join(f"word{n}" for n in range(60))


def two(**changed: object) -> list[dict[str, object]]:
    return [reading(**changed), reading(annotator="b")]


def span(start: int, end: int) -> dict[str, object]:
    return {"start": start, "end": end, "kind": "finding"}


def test_the_shipped_labels_have_no_fault() -> None:
    assert check(SEED_LABELS, seed_taxonomy(), seed_papers()) == []


FAULTS = [
    (
        record("b", *two(tasks=["regresion"])),
        'pass a: "regresion" is not one of the tasks of the taxonomy ml-papers (Did you mean "regression"?)',
    ),
    (
        record("b", *two(claims=[{"start": 0, "end": 5, "kind": "fact"}])),
        'pass a: "fact" is not one of the claim_kinds of the taxonomy ml-papers',
    ),
    (
        record("b", *two(claims=[span(3, 999)])),
        "pass a: the claim 3-999 ends after the abstract, which has 43 characters",
    ),
    (record("b", *two(claims=[span(3, 3)])), "pass a: the claim 3-3 is empty"),
    (
        record("b", *two(claims=[span(0, 12), span(11, 20)])),
        "pass a: the claims 0-12 and 11-20 overlap",
    ),
    (record("a", split="test"), "the paper a is in two splits: test here, dev on line 1"),
    (record("a"), "duplicate of the paper a on line 1"),
    (record("b", reading()), "only 1 of the 2 passes that other papers have"),
    ('{"id": "b", "title": "B",}', "not JSON: trailing comma at column 26"),
    (
        record("b", *two(code="maybe")),
        "not a label record: labels.0.code: Input should be 'released', 'promised' or 'not-stated'",
    ),
    (
        record("b", title="the PAPER a", split="test"),
        "b (test) is a near-duplicate of a (dev) on line 1: same title",
    ),
    (record("b", *two(tasks=["regression"] * 2)), 'pass a: "regression" is given twice in tasks'),
    (record("b", *two(tasks=[])), "pass a: 0 tasks, not 1 to 3"),
]


@pytest.mark.parametrize(("line", "message"), FAULTS, ids=[message[:40] for _, message in FAULTS])
def test_one_fault_is_one_line_with_its_place(
    tmp_path: Path, taxonomy: Taxonomy, line: dict[str, object] | str, message: str
) -> None:
    path = write(tmp_path / "labels.jsonl", [record("a"), "", line])

    assert [str(fault) for fault in check(path, taxonomy)] == [f"{path}:3: {message}"]


def test_every_fault_is_told_not_only_the_first(tmp_path: Path, taxonomy: Taxonomy) -> None:
    lines = [record("a"), *(line for line, _ in FAULTS)]
    path = write(tmp_path / "labels.jsonl", lines)

    found = [fault.where for fault in check(path, taxonomy)]

    assert set(found) == {f"{path}:{number}" for number in range(2, len(lines) + 1)}


def test_offsets_are_checked_against_the_papers_too(tmp_path: Path, taxonomy: Taxonomy) -> None:
    line = record("b", *two(claims=[span(3, 999)]), abstract=None)
    other = record("c", abstract=None)
    path = write(tmp_path / "labels.jsonl", [line, other])

    found = [fault.message for fault in check(path, taxonomy, [Paper("x", "The  paper B", "Short.")])]

    assert found == [
        "pass a: the claim 3-999 ends after the abstract, which has 6 characters",
        'no paper has the id c or the title "The paper c"',
    ]


def test_nearly_the_same_abstract_on_both_sides_of_a_split_is_a_leak(tmp_path: Path) -> None:
    lines = [
        record("a", split="train", abstract=LONG),
        record("b", split="test", abstract=LONG.replace("word7 ", "")),
    ]

    (fault,) = check(write(tmp_path / "labels.jsonl", lines))

    assert "b (test) is a near-duplicate of a (train) on line 1: abstracts" in fault.message


def test_one_pass_throughout_is_a_note_and_no_fault(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.jsonl", [record("a", reading()), record("b", reading())])

    (note,) = check(path)

    assert not note.severe
    assert len(read_labels(path)) == 2


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read the labels"):
        check(tmp_path / "none.jsonl")
