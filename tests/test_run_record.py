"""A run's record: no secrets in it, paths that are found again, and what is not as it was."""

from pathlib import Path

import pytest

from papercards.errors import BadInput, UsageError
from papercards.run_record import (
    HASHED_BYTES,
    Counts,
    RunRecord,
    Settings,
    SourceFile,
    TokenCounts,
    differences,
    output_path,
    read_record,
    record_path,
    source_path,
)


def record(*sources: SourceFile, **made_by: str | int) -> RunRecord:
    return RunRecord(
        papercards="0",
        python="3",
        argv=(),
        folder=".",
        status="complete",
        error=None,
        model="m",
        model_sha256=None,
        prompt="p",
        taxonomy="t",
        made_by=made_by,
        settings=Settings(
            limit=None, shards=None, columns={}, taxonomy=None, endpoint=None, cache_dir=None, outputs=()
        ),
        sources=sources,
        outputs=(),
        counts=Counts(done=0, new=0, cached=0, failed=0, duplicates=0, calls=0),
        tokens=TokenCounts(prompt=0, completion=0),
        cost_usd=None,
        started="",
        seconds=0,
    )


def test_it_is_read_back_as_it_was(tmp_path: Path) -> None:
    one = record(SourceFile(path="-"), temperature=0)
    (tmp_path / "a.run.json").write_text(one.to_json())

    assert read_record(tmp_path / "a.run.json") == one


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"version": 2}'])
def test_what_is_no_record_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.run.json").write_bytes(content)

    with pytest.raises(BadInput, match="not a run record"):
        read_record(tmp_path / "a.run.json")
    with pytest.raises(UsageError, match="cannot read"):
        read_record(tmp_path / "b.run.json")


def test_paths_are_seen_from_the_run_s_folder_and_then_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there / "out"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(here)
    at = there / "out" / "cards.run.json"
    (there / "both.jsonl").touch()
    (here / "both.jsonl").touch()
    (here / "moved.jsonl").touch()

    assert source_path("both.jsonl", at, "..") == there / "both.jsonl"
    assert source_path("moved.jsonl", at, "..") == Path("moved.jsonl")
    assert source_path("none.jsonl", at, "..") == there / "none.jsonl"
    assert output_path("out/cards.jsonl", at, "..") == there / "out" / "cards.jsonl"
    assert output_path("out/cards.jsonl", here / "cards.run.json", "..") == Path("out/cards.jsonl")
    assert record_path(Path("out/cards.jsonl")) == Path("out/cards.run.json")


def test_a_source_is_known_by_its_hash_and_a_large_one_by_size_and_time(tmp_path: Path) -> None:
    small, large = tmp_path / "s", tmp_path / "l"
    small.write_bytes(b"x")
    with large.open("wb") as stream:
        stream.truncate(HASHED_BYTES + 1)

    found = SourceFile.of("s", small)
    assert (found.size, found.modified_ns) == (1, None)
    assert found.sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    found = SourceFile.of("l", large)
    assert found.sha256 is None and found.size == HASHED_BYTES + 1 and found.modified_ns
    assert SourceFile.of("-", Path("-")) == SourceFile(path="-")
    assert SourceFile.of("n", tmp_path / "n") == SourceFile(path="n")


def test_differences_name_what_is_not_as_it_was() -> None:
    was = [SourceFile(path=name, size=1, sha256="a") for name in ("same", "changed", "gone")]
    now = [was[0], SourceFile(path="changed", size=1, sha256="b"), SourceFile(path="gone")]
    old = record(*was, SourceFile(path="-"), prompt="card@1", temperature=0, odd="x" * 64)

    assert differences(old, [*now, SourceFile(path="-")], {"prompt": "card@2", "temperature": 0}) == [
        "changed has changed",
        "gone no longer exists",
        "- was not a file and cannot be read again",
        "odd was xxxxxxxxxxxx…, is None",
        "prompt was card@1, is card@2",
    ]
