"""A file of cards while it is written, finished, replaced and cut off."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from papercards.errors import BadInput, UsageError
from papercards.pages.index.database import Index
from papercards.pages.index.follow import Follower
from papercards.pages.index.index_file import open_index
from papercards.paper import Paper
from papercards.sinks import open_sink
from tests.pages.conftest import wait_for, write_cards
from tests.sinks.cards import card


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "index.db")
    yield index
    index.close()


def ids(index: Index) -> list[str]:
    return [one.id for one in index.page(index.find())]


def line(name: str, title: str = "T") -> bytes:
    return card(id=name, title=title).to_json().encode() + b"\n"


def test_cards_of_a_run_appear_as_whole_lines_and_its_end_changes_nothing(
    tmp_path: Path, index: Index
) -> None:
    cards = tmp_path / "cards.jsonl"
    sink = open_sink(cards)
    sink.write(card(id="a"), None)
    follower = Follower(cards, index)
    follower.read_all()
    assert ids(index) == ["a"]

    with cards.with_name("cards.jsonl.partial").open("ab") as partial:
        partial.write(line("b")[:50])
    follower.read_all()
    assert ids(index) == ["a"]

    with cards.with_name("cards.jsonl.partial").open("ab") as partial:
        partial.write(line("b")[50:])
    follower.read_all()
    assert ids(index) == ["a", "b"]

    sink.close()
    follower.read_all()
    assert ids(index) == ["a", "b"]
    assert not cards.with_name("cards.jsonl.partial").exists()


def test_a_new_run_takes_the_place_of_the_old_file_card_by_card(tmp_path: Path, index: Index) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a", title="old"), card(id="gone")])
    follower = Follower(cards, index)
    follower.read_all()

    sink = open_sink(cards)
    sink.write(card(id="a", title="new"), None)
    follower.read_all()
    assert ids(index) == ["gone", "a"]
    assert index.card("a") == card(id="a", title="new")

    sink.close()
    follower.read_all()
    assert ids(index) == ["a"]
    assert index.size == 1


def test_a_file_that_was_replaced_cut_off_or_written_anew_is_read_anew(tmp_path: Path, index: Index) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a"), card(id="b")])
    follower = Follower(cards, index)
    follower.read_all()

    write_cards(tmp_path / "other", [card(id="x"), card(id="y"), card(id="z")]).replace(cards)
    follower.read_all()
    assert ids(index) == ["x", "y", "z"]

    with cards.open("r+b") as file:
        file.truncate(len(card(id="x").to_json()) + 1)
    follower.read_all()
    assert ids(index) == ["x"]

    with cards.open("r+b") as file:  # the same file, longer than it was, and all of it other
        file.write(line("1") + line("2"))
    follower.read_all()
    assert ids(index) == ["1", "2"]


def test_the_last_line_may_lack_its_end(tmp_path: Path, index: Index) -> None:
    cards = tmp_path / "cards.jsonl"
    cards.write_bytes(line("a") + line("b").rstrip(b"\n"))
    follower = Follower(cards, index)
    follower.read_all()
    assert ids(index) == ["a", "b"]

    with cards.open("ab") as file:
        file.write(b"\n" + line("c"))
    follower.read_all()
    assert ids(index) == ["a", "b", "c"]


def test_a_line_that_is_no_card_is_named_and_the_rest_is_read(tmp_path: Path, index: Index) -> None:
    cards = tmp_path / "cards.jsonl"
    cards.write_bytes(line("a") + b'{"id": 5}\n\n' + line("b"))
    follower = Follower(cards, index)

    follower.read_all()

    assert ids(index) == ["a", "b"]
    assert f"{cards}:2" in follower.fault


def test_what_is_no_file_of_cards_is_said_at_once(tmp_path: Path, index: Index) -> None:
    papers = tmp_path / "papers.jsonl"
    papers.write_text(json.dumps({"title": "A", "abstract": "B."}) + "\n")

    with pytest.raises(UsageError, match="no such file"):
        Follower(tmp_path / "cards.jsonl", index)
    with pytest.raises(BadInput, match=r"papers\.jsonl:1: not a card"):
        Follower(papers, index)
    with pytest.raises(UsageError, match="unknown format"):
        Follower(tmp_path / "cards", index)


def test_a_kept_index_goes_on_where_it_was(tmp_path: Path) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a"), card(id="b")])
    kept = tmp_path / "kept"
    with open_index(cards, kept) as index:
        Follower(cards, index, [Paper("a", "T", "A zebra.")], "one").read_all()
        made = index.changes
        assert made > 0

    with cards.open("ab") as file:
        file.write(line("c"))
    with open_index(cards, kept) as index:
        assert index.size == 2
        Follower(cards, index, [Paper("a", "T", "Never asked for.")], "one").read_all()
        assert ids(index) == ["a", "b", "c"]
        assert [one.id for one in index.page(index.find("zebra"))] == ["a"]

    with open_index(cards, kept) as index:
        Follower(cards, index, [Paper("a", "T", "A lion.")], "another source").read_all()
        assert index.find("zebra").count == 0
        assert index.find("lion").count == 1


def test_two_at_once_do_not_share_an_index(tmp_path: Path) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a")])
    with open_index(cards, tmp_path / "kept") as one, open_index(cards, tmp_path / "kept") as other:
        assert one.path != other.path
        passing = other.path
    assert not passing.exists()
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a")])
    with open_index(cards, tmp_path / "kept") as index:
        path = index.path
    path.write_bytes(b"no database at all" * 500)

    with open_index(cards, tmp_path / "kept") as index:
        Follower(cards, index).read_all()
        assert ids(index) == ["a"]


def test_the_thread_reads_on_by_itself(tmp_path: Path, index: Index) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a")])
    follower = Follower(cards, index)
    follower.start()
    wait_for(lambda: index.size == 1)

    with cards.open("ab") as file:
        file.write(line("b"))
    wait_for(lambda: index.size == 2)

    follower.stop()
    assert not follower.busy
