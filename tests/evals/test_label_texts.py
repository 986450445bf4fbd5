"""Labels that ship without texts, and the texts that are fetched for them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from papercards.errors import BadInput
from papercards.evals.label_texts import SHIPPED, fetch
from papercards.evals.labels import join, read_labels, text_hash
from papercards.sources import Options
from tests.evals.records import reading, record, write
from tests.services import Shelf, Time, serving, works
from tests.stub import Fault

ABSTRACT = "We count to {} with care. It works."


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf(works(150))) as one:
        yield one


def hashed(number: int, **changed: object) -> dict[str, object]:
    """A record of the shelf's paper, without its text."""
    made = record(f"arxiv:2401.{number:05d}", reading())
    del made["title"], made["abstract"]
    return made | {"sha256": text_hash(f"Paper {number}", ABSTRACT.format(number))} | changed


def asked(shelf: Shelf) -> Options:
    return Options(endpoints=shelf.endpoints(), clock=Time().clock)


def test_texts_come_by_id_folded_and_in_the_order_of_the_labels(shelf: Shelf, tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.jsonl", [hashed(7), hashed(3)])

    found = fetch(labels, tmp_path / "texts.jsonl", asked(shelf))

    assert (found.there, found.new, found.changed, found.missing) == (2, 2, (), ())
    seven, three = read_labels(tmp_path / "texts.jsonl")
    assert (seven.id, seven.title, seven.abstract) == ("arxiv:2401.00007", "Paper 7", ABSTRACT.format(7))
    assert three.id == "arxiv:2401.00003" and three.readings[0].tasks == ("regression",)


def test_a_changed_text_and_one_that_is_not_there_are_named_and_left_out(
    shelf: Shelf, tmp_path: Path
) -> None:
    lines = [hashed(1), hashed(2, sha256="0" * 64), hashed(3) | {"id": "arxiv:2401.99999"}]
    labels = write(tmp_path / "labels.jsonl", lines)

    found = fetch(labels, tmp_path / "texts.jsonl", asked(shelf))

    assert found.changed == ("arxiv:2401.00002",)
    assert found.missing == ("arxiv:2401.99999: arXiv has no such paper",)
    assert [item.id for item in read_labels(tmp_path / "texts.jsonl")] == ["arxiv:2401.00001"]


def test_a_fetch_that_was_cut_off_goes_on_with_what_is_missing(shelf: Shelf, tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.jsonl", [hashed(number) for number in range(150)])
    target = tmp_path / "texts.jsonl"
    said: list[str] = []

    def break_after_the_first(line: str) -> None:
        said.append(line)
        shelf.faults += [Fault(400)] * 9

    with pytest.raises(BadInput):
        fetch(labels, target, asked(shelf), say=break_after_the_first)
    shelf.faults.clear()
    before = len(shelf.asked)
    found = fetch(labels, target, asked(shelf))

    assert said == ["100 of 150 texts"]
    assert (found.there, found.new) == (150, 50)
    assert len(shelf.asked) == before + 1
    assert fetch(labels, target, asked(shelf)).new == 0 and len(shelf.asked) == before + 1


def test_a_text_in_the_file_that_somebody_changed_is_asked_for_again(shelf: Shelf, tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.jsonl", [hashed(5)])
    target = tmp_path / "texts.jsonl"
    fetch(labels, target, asked(shelf))
    target.write_text(target.read_text().replace("It works", "It fails"))

    with pytest.raises(BadInput, match="is not the one that was labelled"):
        join(read_labels(target), ())
    assert fetch(labels, target, asked(shelf)).new == 1
    assert len(join(read_labels(target), ())) == 1


def test_texts_can_come_from_a_file_of_ones_own(tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.jsonl", [hashed(5), hashed(6)])
    mine = {"id": "arxiv:2401.00005", "title": "Paper  5", "abstract": ABSTRACT.format(5).replace(" ", "\n")}
    source = write(tmp_path / "mine.jsonl", [mine])

    found = fetch(labels, tmp_path / "texts.jsonl", Options(), source=str(source))

    assert found.there == 1 and found.missing[0].startswith("arxiv:2401.00006: ")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_labels_hold_no_text_and_cannot_be_scored_before_it_is_fetched(name: str) -> None:
    rows = [json.loads(line) for line in SHIPPED[name].read_text().splitlines()]
    given = {key for row in rows for key in row} | {
        key for row in rows for one in row["labels"] for key in one
    }

    assert not given & {"title", "abstract"}
    assert {row["split"] for row in rows} == {name.removeprefix("arxiv-")}
    with pytest.raises(BadInput, match="eval labels fetch"):
        join(read_labels(SHIPPED[name]), ())


def test_a_record_without_title_and_without_hash_is_no_record(tmp_path: Path) -> None:
    bare = hashed(1)
    del bare["sha256"]

    with pytest.raises(BadInput, match="needs a sha256"):
        read_labels(write(tmp_path / "labels.jsonl", [bare]))
