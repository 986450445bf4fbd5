"""What a run on a cluster is made of, without a cluster."""

import asyncio
import json
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.engines.buckets import SHELVES, Buckets
from papercards.engines.done import Done
from papercards.engines.keeper import AGAIN, EARLIER, NEW, Keeper
from papercards.engines.place import Place
from papercards.engines.shards import Layout
from papercards.engines.sizing import batch_bytes, cpus_per_worker
from papercards.engines.units import records, starts, units
from papercards.engines.work import packed, unpacked
from papercards.errors import UsageError
from papercards.id_set import mark
from papercards.paper import Paper
from papercards.sources import Options, open_source
from tests.cli.test_parts import papers as papers  # a fixture
from tests.cli.test_parts import record


@pytest.mark.parametrize(
    ("nodes", "workers", "share"),
    [
        ([4.0], 4, 1.0),
        ([1.0, 1.0], 4, 0.5),
        ([1.0, 1.0], 3, 0.5),
        ([2.0, 1.0], 4, 0.6666),
        ([64.0, 0.0], 2, 1.0),
    ],
)
def test_all_workers_fit_on_the_nodes(nodes: list[float], workers: int, share: float) -> None:
    assert cpus_per_worker(nodes, workers) == share
    assert sum(int(cpus / share + 1e-9) for cpus in nodes) >= workers


def test_workers_without_a_cpu_are_refused() -> None:
    with pytest.raises(UsageError, match="2 workers do not fit on the 0 CPUs"):
        cpus_per_worker([0.0], 2)
    assert batch_bytes(10**12, 8) == 8 << 20 and batch_bytes(1000, 8) == 64 << 10


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("address", ["path", "memory"])
def test_pieces_of_a_file_are_read_as_the_whole_file(
    tmp_path: Path, papers: Path, suffix: str, address: str
) -> None:
    path = tmp_path / f"some.{suffix}"
    whole = [one for one in open_source(papers) if isinstance(one, Paper)]
    if suffix == "jsonl":
        papers.rename(path)
    elif suffix == "csv":
        path.write_text("id,title,abstract\n" + "".join(f'{p.id},{p.title},"{p.abstract}"\n' for p in whole))
    else:
        import pyarrow as pa
        from pyarrow.parquet import write_table

        rows = pa.table({name: [getattr(p, name) for p in whole] for name in ("id", "title", "abstract")})
        write_table(rows, path, row_group_size=7)
    expected = list(open_source(path, Options(judged=True)))
    source = str(path)
    if address == "memory":
        source = f"memory://{tmp_path.name}-{suffix}/some.{suffix}"
        place = Place(source.rpartition("/")[0])
        place.write(f"some.{suffix}", path.read_bytes())
    for limit in (100, 1000, 10**6):
        found, before = [], 0
        for unit in units(source, limit) or ():
            placed = replace(unit, name=str(path), before=unit.before or before)
            before += starts(unit) if suffix == "jsonl" and unit.stop is not None else 0
            found += [unpacked(packed(one)) for one in records(placed, Options(judged=True))]
        # Ids that are taken are told apart within a piece only.
        assert [(one.where, getattr(one, "title", None)) for one in found] == [
            (one.where, getattr(one, "title", None)) for one in expected
        ]
        for one, other in zip(found, expected, strict=True):
            if isinstance(one, Paper) and isinstance(other, Paper):
                assert one.publication_json == other.publication_json


def test_answers_outlive_a_kill_and_are_written_back_whole(tmp_path: Path) -> None:
    place, keys = Place(str(tmp_path / "cache")), [f"{n:02x}{'0' * 62}" for n in range(256)]
    first = Buckets(place, SHELVES)
    first.put({key: json.dumps({"answer": key}) for key in keys[:200]})
    del first  # nothing was written back
    torn = next((tmp_path / "cache/log").glob("a-*"))
    torn.write_bytes(torn.read_bytes() + b'{"key": "aa')
    second = Buckets(place, SHELVES)
    assert second.known and set(second.get(keys)) == set(keys[:200])
    second.put({key: json.dumps({"answer": key}) for key in keys[200:]})
    other = Buckets(place, "0")  # a run that shares the cache and ends first
    other.put({"00" + "f" * 62: '{"answer": 1}'})
    other.write_back()
    second.write_back()
    assert not list((tmp_path / "cache/log").iterdir())
    third = Buckets(place, SHELVES)
    assert set(third.get(keys)) == set(keys) and third.get(["00" + "f" * 62])
    assert json.loads(third.get(keys[:1])[keys[0]]) == {"answer": keys[0]}
    damaged = tmp_path / "cache/answers/00.jsonl.gz"
    damaged.write_bytes(damaged.read_bytes()[:20])
    assert set(Buckets(place, SHELVES).get(keys)) == set(keys[1:])


def test_a_question_is_one_workers_until_it_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        now = 0.0
        monkeypatch.setattr("time.monotonic", lambda: now)
        keeper, key = Keeper(str(tmp_path), SHELVES, None, 1, (0, 1)), "a" * 64
        assert await keeper.ask("one", [], [key]) == ({}, [])
        assert await keeper.ask("two", [], [key]) == ({}, [key])
        now = 9.0
        await keeper.beat("one")
        now = 18.0
        assert await keeper.ask("two", [], [key]) == ({}, [key])
        now = 29.0
        assert await keeper.ask("two", [], [key]) == ({}, [])
        await keeper.put("two", {key: "{}"})
        assert await keeper.ask("one", [], [key]) == ({key: "{}"}, [])

    asyncio.run(go())


def test_a_row_is_written_once_and_a_batch_may_be_read_again(tmp_path: Path) -> None:
    async def go() -> None:
        done = Done(Place(str(tmp_path / "cards.jsonl")))
        done.add("part-1.jsonl", 1, 100, [mark("a")])
        done.add("part-2.jsonl", 2, 200, [mark("b")])
        keeper = Keeper(None, "", str(tmp_path / "cards.jsonl"), 2, (0, 1))
        rows = array("Q", map(mark, "abc")).tobytes()
        assert list(await keeper.admit(200, rows)) == [EARLIER, NEW, NEW]  # the second time, as after a death
        assert list(await keeper.admit(200, rows)) == [EARLIER, NEW, NEW]
        assert list(await keeper.admit(300, rows)) == [EARLIER, AGAIN, AGAIN]

    asyncio.run(go())


def test_a_shard_without_its_ids_is_taken_up(tmp_path: Path) -> None:
    place = Place(str(tmp_path))
    place.write("part-7.jsonl", b'{"id":"a"}\n{"id":"b"}\n')
    assert (Done(place).mend(), Done(place).mend()) == (1, 0)
    assert [list(ids) for _, _, ids in Done(place).all()] == [[mark("a"), mark("b")]]


def test_outputs_are_folders_by_path_or_address(tmp_path: Path) -> None:
    assert (
        Layout.of(Path("s3://bucket/x/cards.parquet")).beside("errors.jsonl")
        == "s3://bucket/x/cards.errors.jsonl"
    )
    with pytest.raises(UsageError, match="folder of JSONL or Parquet"):
        Layout.of("cards.csv")
    assert record(1).startswith("{")
