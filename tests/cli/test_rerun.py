"""The run record and what it is for: `rerun` gives the same bytes, and says what is not as it was."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_enrich import cards, hosted, one_line, some, write
from tests.clocks import PATIENCE_S, until
from tests.conftest import KEY, Run
from tests.stub import Stub, error
from tests.test_taxonomy import SMALL

__all__ = ["hosted"]


def record(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_record_says_what_was_asked_and_done_and_holds_no_key(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    import hashlib

    source = write(tmp_path / "p.jsonl", *some(4), {"title": "No abstract"}, *some(1))
    stub.script = [error(400, f"bad paper {KEY}")]
    url = stub.url.replace("http://", "http://me:secret-word@")
    arguments = ["--column", "title=title", "--limit", "6", "--base-url", url, "-m", "openai/m", "-j", "1"]
    run("enrich", source, "-o", "out/a.jsonl", "-o", "a.md", *arguments, **hosted)
    text = (tmp_path / "out" / "a.run.json").read_text()
    found = record(tmp_path / "out" / "a.run.json")

    assert KEY not in text and "secret-word" not in text
    kept = b"".join(f.read_bytes() for f in tmp_path.rglob("*") if f.is_file() and f.name != "p.jsonl")
    assert KEY.encode() not in kept and b"secret-word" not in kept
    assert found["version"] == 1 and found["status"] == "complete" and found["error"] is None
    assert found["argv"][:2] == ["enrich", str(source)] and stub.url in found["argv"]
    assert found["folder"] == ".."
    assert found["model"] == "openai/m" and found["model_sha256"] is None
    assert found["prompt"].startswith("card@") and found["taxonomy"].startswith("ml-papers@")
    assert found["made_by"]["temperature"] == 0 and found["made_by"]["max_tokens"] == 900
    assert found["settings"] == {
        "limit": 6,
        "shards": None,
        "part": None,
        "keep_duplicates": False,
        "columns": {"title": "title"},
        "table": None,
        "categories": [],
        "sections": [],
        "fill_abstracts": False,
        "taxonomy": None,
        "fields": None,
        "only": None,
        "tuned": None,
        "plan": None,
        "endpoint": stub.url,
        "cache_dir": str(tmp_path / "home" / "cache" / "papercards"),
        "outputs": ["out/a.jsonl", "a.md"],
    }
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    assert found["sources"] == [
        {
            "path": str(source),
            "named": False,
            "size": source.stat().st_size,
            "sha256": sha256,
            "modified_ns": None,
        }
    ]
    assert [(one["path"], one["whole"]) for one in found["outputs"]] == [
        ("out/a.jsonl", True),
        ("a.md", True),
    ]
    for one in found["outputs"]:
        content = (tmp_path / one["path"]).read_bytes()
        assert (one["size"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert found["counts"] == {
        "done": 3,
        "new": 3,
        "cached": 0,
        "failed": 1,
        "without_abstract": 1,
        "duplicates": 1,
        "calls": 3,
    }
    assert found["tokens"] == {"prompt": 300, "completion": 30}
    assert 0 < found["seconds"] < 60


def test_rerun_gives_the_same_bytes_from_the_cache_here_and_elsewhere(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "small.yaml").write_text(SMALL)
    write(project / "p.jsonl", *some(6))
    options = ["--taxonomy", "small.yaml", "--cache-dir", "c", "--limit", "5"]
    run("enrich", "p.jsonl", "-o", "out/a.jsonl", "-o", "out/a.md", *options, cwd=project, **hosted)
    first = {name: (project / name).read_bytes() for name in ("out/a.jsonl", "out/a.md", "out/a.run.json")}
    moved = tmp_path / "moved"
    shutil.move(project, moved)
    for name in ("out/a.jsonl", "out/a.md"):
        (moved / name).unlink()
    refused = run("rerun", moved / "out" / "a.run.json", "--offline", **hosted)
    kept = ("--offline", "--cache-dir", moved / "c")
    done = run("rerun", moved / "out" / "a.run.json", *kept, **hosted)

    one_line(refused, 2, "a file cannot choose the cache")

    assert done.returncode == 0, done.stderr
    assert "identical to the recorded bytes" in done.stderr
    assert {name: (moved / name).read_bytes() for name in first} == first
    other = run("rerun", "out/a.run.json", "-o", "b.jsonl", *kept, cwd=moved, **hosted)
    assert other.returncode == 0, other.stderr
    assert (moved / "b.jsonl").read_bytes() == first["out/a.jsonl"]
    assert record(moved / "b.run.json")["counts"]["cached"] == 5
    assert len(stub.bodies) == 5


def test_rerun_says_what_has_changed_and_goes_on_only_anyway(run: Run, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    source = write(tmp_path / "p.jsonl", *some(3))
    run("enrich", "p.jsonl", "-m", "baseline", "--taxonomy", "small.yaml", "-o", "a.jsonl")
    before = (tmp_path / "a.jsonl").read_bytes()
    write(source, *some(2))
    (tmp_path / "small.yaml").write_text(SMALL.replace("oaks:", "pines:"))
    done = run("rerun", "a.run.json")

    one_line(done, 2, "changed since: p.jsonl has changed; taxonomy was small@")
    assert (tmp_path / "a.jsonl").read_bytes() == before
    anyway = run("rerun", "a.run.json", "--anyway")
    assert anyway.returncode == 1
    assert "a.jsonl: differs from the bytes that papercards" in anyway.stderr
    assert len(cards(tmp_path / "a.jsonl")) == 2
    source.unlink()
    one_line(run("rerun", "a.run.json"), 2, "p.jsonl no longer exists")


def test_standard_output_and_no_record_write_none_and_standard_input_cannot_be_rerun(
    run: Run, tmp_path: Path
) -> None:
    text = "Counting\n\nWe count. It works.\n"
    run("enrich", "-", "-m", "baseline", input=text)
    run("enrich", "-", "-m", "baseline", "-o", "a.jsonl", "--no-record", input=text)
    assert not list(tmp_path.glob("*.run.json"))
    run("enrich", "-", "-m", "baseline", "-o", "a.jsonl", input=text)

    one_line(run("rerun", "a.run.json"), 2, "- was not a file and cannot be read again")


@pytest.mark.slow
def test_an_interrupted_and_a_failed_run_have_their_records(
    tmp_path: Path, stub: Stub, hosted: dict[str, str], environment: dict[str, str], run: Run
) -> None:
    source = write(tmp_path / "p.jsonl", *some(60))
    stub.latency_s = 0.05
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", "enrich", source, "-o", "a.jsonl", "-j", "2"],
        cwd=tmp_path,
        env=environment | hosted,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: len(stub.bodies) >= 6)
    child.send_signal(signal.SIGINT)
    child.wait(PATIENCE_S)
    stub.latency_s = 0
    stub.script = [error(401, f"bad key {KEY}")] * 60
    interrupted = record(tmp_path / "a.run.json")
    run("enrich", source, "-o", "a.jsonl", **hosted)
    failed = record(tmp_path / "a.run.json")

    assert interrupted["status"] == "interrupted"
    (output,) = interrupted["outputs"]
    assert not output["whole"]
    assert interrupted["counts"]["done"] >= 6
    assert failed["status"] == "failed"
    assert "rejected the API key" in failed["error"] and KEY not in failed["error"]


def test_shards_are_dealt_out_recorded_and_rerun(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(7))
    run("enrich", source, "-m", "baseline", "-o", "whole.jsonl", "--no-record")
    done = run("enrich", source, "-m", "baseline", "-o", "cards.jsonl", "--shards", "3")
    assert "→ cards-00000-of-00003.jsonl … cards-00002-of-00003.jsonl" in done.stderr
    again = run("rerun", "cards.run.json", "-o", "again.jsonl")

    assert done.returncode == again.returncode == 0, done.stderr + again.stderr
    assert "identical to the recorded bytes" in again.stderr
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    for n in range(3):
        name = f"-0000{n}-of-00003.jsonl"
        shard = (tmp_path / f"cards{name}").read_bytes()
        assert shard == b"".join(lines[n::3]) == (tmp_path / f"again{name}").read_bytes()
    assert not (tmp_path / "cards.jsonl").exists() and not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--shards", "0", "-o", "a.jsonl"], "'--shards'"),
        (["--shards", "-2", "-o", "a.jsonl"], "'--shards'"),
        (["--shards", "2"], "-o"),
        (["--shards", "2", "-o", "a.md"], "cannot be split into shards"),
    ],
)
def test_shards_that_cannot_be_are_wrong_usage(
    run: Run, tmp_path: Path, options: list[str], says: str
) -> None:
    done = run("enrich", write(tmp_path / "p.jsonl", *some(1)), "-m", "baseline", *options)

    assert done.returncode == 2
    assert says in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.glob("a*"))
