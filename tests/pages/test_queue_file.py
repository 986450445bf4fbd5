"""The file of the review queue: order, reasons, neighbours; files that are damaged or of another format."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from papercards.pages.review.queue_file import Queued, QueueFile
from papercards.review.edits import Key, Place
from papercards.review.worries import Worry

WORRIES = {"a": {"unsure": 0.5}, "b": {}, "c": {"check": 1.0, "flag": 0.5}, "d": {"unsure": 0.5}}


def queued(name: str) -> Queued:
    worries = [Worry(kind, Place("paper"), "", kind, weight) for kind, weight in WORRIES[name].items()]
    return Queued(Key(name, "v"), name.upper(), worries)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[QueueFile]:
    one = QueueFile(tmp_path / "q.db")
    one.put([(queued(name), f"judged {name}") for name in WORRIES])
    yield one
    one.close()


def test_the_most_worrying_come_first_and_each_reason_has_its_cards(file: QueueFile) -> None:
    assert [one.key.card for one in file.cards()] == ["c", "a", "d", "b"]
    assert [one.key.card for one in file.cards("unsure")] == ["a", "d"]
    assert list(file.cards("other")) == []
    assert file.counts() == {"unsure": 2, "baseline": 0, "other": 0, "flag": 1, "check": 1}
    assert file.of("c") == queued("c")
    assert file.of("x") is None
    assert file.judged("a") == "judged a"


def test_neighbours_are_those_of_the_order(file: QueueFile) -> None:
    assert [one.key.card for one in file.around("a")] == ["d", "b"]
    assert [one.key.card for one in file.around("d", back=True)] == ["a", "c"]
    assert list(file.around("x")) == []


def test_a_card_that_is_judged_again_takes_its_new_place(file: QueueFile) -> None:
    file.put([(Queued(Key("c", "w"), "C", []), "again")])

    assert [one.key.card for one in file.cards()] == ["a", "d", "b", "c"]
    assert file.counts()["check"] == 0


def test_a_damaged_file_and_one_of_another_format_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "damaged.db").write_bytes(b"no database at all" * 100)
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("CREATE TABLE queue (id TEXT, kinds TEXT)")
    old.close()

    for name in ("damaged.db", "old.db"):
        file = QueueFile(tmp_path / name)
        file.put([(queued("a"), "judged")])
        assert [one.key.card for one in file.cards("unsure")] == ["a"]
        file.close()
