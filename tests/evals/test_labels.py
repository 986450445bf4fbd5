"""Label files: what is read, what is refused and where it says so."""

import json
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import BadInput
from papercards.evals.label_file import SEED_LABELS, join, labels_version, read_labels, seed_papers
from papercards.paper import Paper
from papercards.taxonomy import Taxonomy


def record(**changes: Any) -> dict[str, Any]:
    reading = {
        "annotator": "a",
        "tasks": ["regression"],
        "modalities": ["agnostic"],
        "contributions": ["theory"],
        "claims": [{"start": 0, "end": 9, "kind": "theoretical"}],
        "code": "not-stated",
        "data": "not-stated",
        "weights": "not-stated",
        "tldr": "Short.",
    }
    return {"id": "p1", "title": "A title", "split": "dev", "labels": [reading]} | changes


def write(path: Path, *records: dict[str, Any] | str) -> Path:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_seed_labels_have_165_papers_in_three_splits_and_all_their_texts(taxonomy: Taxonomy) -> None:
    labelled = read_labels(SEED_LABELS, taxonomy=taxonomy)
    pairs = join(labelled, seed_papers())

    sizes = {split: sum(item.split == split for item in labelled) for split in ("train", "dev", "test")}
    assert sizes == {"train": 60, "dev": 55, "test": 50}
    assert all(len(item.readings) == 2 for item in labelled)
    assert all(paper.title == item.title for item, paper in pairs)


def test_a_split_is_chosen(tmp_path: Path) -> None:
    file = write(tmp_path / "l.jsonl", record(), record(id="p2", split="test"))

    assert [item.id for item in read_labels(file, split="test")] == ["p2"]


def test_a_record_may_bring_its_abstract(tmp_path: Path) -> None:
    file = write(tmp_path / "l.jsonl", record(abstract="We prove it. More."))

    ((item, paper),) = join(read_labels(file), [])

    assert (paper.id, paper.title, paper.abstract) == ("p1", "A title", "We prove it. More.")
    assert item.readings[0].claims[0].kind == "theoretical"


def test_papers_are_found_by_id_before_title_and_by_title_without_regard_to_case(tmp_path: Path) -> None:
    labelled = read_labels(write(tmp_path / "l.jsonl", record()))
    by_id = Paper("p1", "Another title", "Some abstract.")
    by_title = Paper("sha256:0", "a  TITLE", "Some abstract.")

    assert join(labelled, [by_title, by_id])[0][1] is by_id
    assert join(labelled, [by_title])[0][1] is by_title


def test_the_version_follows_what_the_labels_say(tmp_path: Path) -> None:
    def version(*records: dict[str, Any]) -> str:
        file = write(tmp_path / "l.jsonl", *records)
        return labels_version(file, read_labels(file))

    other = record(labels=[record()["labels"][0] | {"code": "released"}])
    assert version(record()) == version(record())
    assert version(record()) != version(other)
    assert version(record()).startswith("l.jsonl@")


READING = record()["labels"][0]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{not json", "not a label record"),
        (json.dumps(record()) + ",", "not a label record: Invalid JSON"),
        (record(split="validation"), "split: Input should be 'train', 'dev' or 'test'"),
        (record(labels=[]), "labels: "),
        (record(extra=1), "extra: Extra inputs are not permitted"),
        (record(labels=[READING | {"code": "yes"}]), "labels.0.code: "),
        (record(labels=[{k: v for k, v in READING.items() if k != "tasks"}]), "labels.0.tasks: "),
        (record(labels=[READING | {"tasks": ["knitting"]}]), '"knitting" is not one of the tasks'),
        (
            record(labels=[READING | {"claims": [{"start": 0, "end": 4, "kind": "boast"}]}]),
            '"boast" is not one of the claim_kinds',
        ),
        (
            record(labels=[READING | {"claims": [{"start": 5, "end": 5, "kind": "finding"}]}]),
            "the claim 5-5 is empty",
        ),
        (record(abstract="Short."), "the claim 0-9 ends after the abstract, which has 6 characters"),
        (record(id="p0"), "duplicate of the paper p0 at"),
    ],
)
def test_a_bad_record_is_one_line_with_file_and_line_number(
    tmp_path: Path, taxonomy: Taxonomy, bad: dict[str, Any] | str, said: str
) -> None:
    file = write(tmp_path / "l.jsonl", record(id="p0"), "", bad)

    with pytest.raises(BadInput) as caught:
        read_labels(file, taxonomy=taxonomy)
    message = str(caught.value)
    assert message.startswith(f"{file}:3: ")
    assert said in message
    assert "\n" not in message


def test_a_claim_beyond_the_abstract_of_a_joined_paper_is_refused(tmp_path: Path) -> None:
    labelled = read_labels(write(tmp_path / "l.jsonl", record()))

    with pytest.raises(BadInput, match=r"l\.jsonl:1: the claim 0-9 ends after the abstract"):
        join(labelled, [Paper("p1", "A title", "Short.")])


def test_a_label_without_a_paper_is_refused_with_its_title(tmp_path: Path) -> None:
    labelled = read_labels(write(tmp_path / "l.jsonl", record()))

    with pytest.raises(BadInput, match=r'no paper has the id p1 or the title "A title"'):
        join(labelled, [])


def test_files_that_cannot_be_labels(tmp_path: Path) -> None:
    binary = tmp_path / "b.jsonl"
    binary.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadInput, match="cannot read the labels"):
        read_labels(tmp_path / "missing.jsonl")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_labels(binary)
    with pytest.raises(BadInput, match="no labels"):
        read_labels(write(tmp_path / "e.jsonl", ""))
    with pytest.raises(BadInput, match=r'no papers in the split "test".*The file has: dev'):
        read_labels(write(tmp_path / "l.jsonl", record()), split="test")
