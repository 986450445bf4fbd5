"""Cards dealt out to shards: which goes where, names only when all are whole, and what cannot be sharded."""

from pathlib import Path

import pytest

from papercards.errors import StorageError, UsageError
from papercards.sinks import LineSink, open_sink, read_cards

from .cards import card


def shard(folder: Path, n: int, of: int) -> Path:
    return folder / f"cards-{n:05d}-of-{of:05d}.jsonl"


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 10])
def test_card_k_goes_to_shard_k_mod_n(tmp_path: Path, at_once: int) -> None:
    sink = open_sink(tmp_path / "cards.jsonl", 3)
    assert isinstance(sink, LineSink)
    lines = [card(id=f"x{k}").to_json().encode() for k in range(10)]
    for begin in range(0, 10, at_once):
        sink.write_lines(lines[begin : begin + at_once])
    sink.close()

    for n in range(3):
        assert [one.id for one in read_cards(shard(tmp_path, n, 3))] == [f"x{k}" for k in range(n, 10, 3)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [shard(tmp_path, n, 3).name for n in range(3)]


def test_no_shard_has_its_name_before_all_are_whole(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "cards.jsonl", 2)
    sink.write(card(), None)
    sink.abandon()

    assert [path.name for path in tmp_path.iterdir()] == ["cards-00000-of-00002.jsonl.partial"]


def test_a_shard_that_cannot_be_opened_leaves_nothing_behind(tmp_path: Path) -> None:
    shard(tmp_path, 1, 2).mkdir()

    with pytest.raises(StorageError, match="is a folder"):
        open_sink(tmp_path / "cards.jsonl", 2)
    assert [path.name for path in tmp_path.iterdir()] == [shard(tmp_path, 1, 2).name]


def test_more_shards_than_open_files_are_allowed_is_one_line(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        with pytest.raises(StorageError, match="Use fewer shards"):
            open_sink(tmp_path / "cards.jsonl", 500)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_page_has_no_shards(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"markdown cannot be split into shards.*--shards with \.jsonl"):
        open_sink(tmp_path / "cards.md", 2)
