"""Finished lines under `enrich`: the same bytes with and without, whatever happens in between."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import papercards
from tests.cli.test_enrich import cards, hosted, some, timeless, write
from tests.clocks import PATIENCE_S
from tests.conftest import SEED, Run
from tests.stub import Stub

__all__ = ["hosted"]


def table(tmp_path: Path) -> Path:
    return tmp_path / "c" / "answers" / "finished.db"


def forget(tmp_path: Path, name: str) -> None:
    for file in (tmp_path / "c" / "answers").glob(f"{name}.db*"):
        file.unlink()


def test_the_baseline_s_bytes_are_the_same_with_lines_without_and_without_a_cache(
    run: Run, tmp_path: Path
) -> None:
    command = ["enrich", SEED, "-m", "baseline", "--limit", "60", "--cache-dir", "c", "-o"]
    run(*command, "cold.jsonl")
    warm = run(*command, "warm.jsonl", "-o", "warm.md")
    forget(tmp_path, "finished")
    run(*command, "again.jsonl", "-o", "again.md", "--no-cache")

    assert json.loads((tmp_path / "warm.run.json").read_text())["counts"]["cached"] == 60, warm.stderr
    assert len(cards(tmp_path / "cold.jsonl")) == 60
    for name in ("warm", "again"):
        assert (tmp_path / f"{name}.jsonl").read_bytes() == (tmp_path / "cold.jsonl").read_bytes()
    assert (tmp_path / "warm.md").read_bytes() == (tmp_path / "again.md").read_bytes()
    assert not table(tmp_path).exists(), "--no-cache wrote lines"


def test_an_endpoint_s_bytes_are_the_same_from_lines_and_from_answers(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(5))
    command = ["enrich", source, "--cache-dir", "c", "-o"]
    run(*command, "cold.jsonl", **hosted)
    shutil.copytree(tmp_path / "c", tmp_path / "kept")
    forget(tmp_path, "cache")
    lines = run(*command, "lines.jsonl", "--offline", **hosted)
    shutil.rmtree(tmp_path / "c")
    shutil.move(tmp_path / "kept", tmp_path / "c")
    forget(tmp_path, "finished")
    answers = run(*command, "answers.jsonl", "--offline", **hosted)

    assert lines.returncode == answers.returncode == 0, lines.stderr + answers.stderr
    assert len(stub.bodies) == 5
    assert "0 new, 5 cached" in lines.stderr
    for name in ("lines", "answers"):
        assert (tmp_path / f"{name}.jsonl").read_bytes() == (tmp_path / "cold.jsonl").read_bytes()


def test_another_program_does_not_use_this_one_s_lines(
    tmp_path: Path, run: Run, run_process: Run, environment: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(5))
    package = Path(papercards.__file__).parent
    other = tmp_path / "other"
    shutil.copytree(package, other / "papercards", ignore=shutil.ignore_patterns("__pycache__"))
    evidence = other / "papercards" / "reading" / "evidence.py"
    evidence.write_text(evidence.read_text().replace("tldr=draft.tldr", "tldr=draft.tldr.upper()"))
    path = os.pathsep.join(filter(None, [str(other), environment.get("PYTHONPATH")]))
    command = ["enrich", source, "-m", "baseline", "--cache-dir", "c", "-o"]
    run(*command, "old.jsonl")
    run_process(*command, "new.jsonl", PYTHONPATH=path)

    old, new = cards(tmp_path / "old.jsonl"), cards(tmp_path / "new.jsonl")
    assert [card["tldr"] for card in new] == [card["tldr"].upper() for card in old]
    with closing(sqlite3.connect(table(tmp_path))) as rows:
        assert rows.execute("SELECT count(*) FROM lines").fetchone() == (5,), "old lines are dropped"


@pytest.mark.slow
def test_killed_in_the_middle_and_run_again_it_gives_what_an_undisturbed_run_gives(
    run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(1500))
    command = ["enrich", source, "-m", "baseline", "--cache-dir", "c", "-o", "k.jsonl"]
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", *command],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    partial = tmp_path / "k.jsonl.partial"
    while not partial.exists() or partial.stat().st_size < 400_000:
        assert child.poll() is None
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "k.jsonl").exists()
    run(*command)
    run("enrich", source, "-m", "baseline", "--no-cache", "-o", "whole.jsonl")

    counts = json.loads((tmp_path / "k.run.json").read_text())["counts"]
    assert 0 < counts["cached"] < 1500, counts
    assert (tmp_path / "k.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.slow
def test_four_processes_share_one_cache(
    tmp_path: Path, stub: Stub, hosted: dict[str, str], environment: dict[str, str], run: Run
) -> None:
    source = write(tmp_path / "p.jsonl", *some(40))
    stub.latency_s = 0.02
    command = [sys.executable, "-m", "papercards", "enrich", str(source), "--cache-dir", "c", "-j", "4"]
    children = [
        subprocess.Popen(
            [*command, "-o", f"{n}.jsonl"],
            cwd=tmp_path,
            env=environment | hosted,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(4)
    ]
    said = [child.communicate(timeout=PATIENCE_S)[1] for child in children]
    warm = run(*command[3:], "-o", "warm.jsonl", "--offline", **hosted)

    assert [child.returncode for child in children] == [0] * 4, said
    assert not any("locked" in text for text in said)
    assert 40 <= len(stub.bodies) <= 4 * 40
    assert "0 new, 40 cached" in warm.stderr
    assert all(timeless(tmp_path / f"{n}.jsonl") == timeless(tmp_path / "warm.jsonl") for n in range(4))


@pytest.mark.parametrize("model", ["baseline", "stub"])
def test_a_slow_pipe_gives_each_card_at_once_and_ctrl_c_ends_the_wait(
    tmp_path: Path, environment: dict[str, str], hosted: dict[str, str], model: str
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", "enrich", "-", *(["-m", model] if model == "baseline" else [])],
        cwd=tmp_path,
        env=environment | hosted,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin and child.stdout
    try:
        for burst in ([0], [1, 2, 3], [4]):
            lines = [json.dumps(record) for record in (some(5)[n] for n in burst)]
            child.stdin.write(("\n".join(lines) + "\n").encode())
            child.stdin.flush()
            for n in burst:
                assert json.loads(child.stdout.readline())["title"] == f"Paper {n}"
        child.send_signal(signal.SIGINT)
        child.wait(60)
    finally:
        child.kill()
    said = child.stderr.read().decode() if child.stderr else ""
    assert child.returncode == 130, said
    assert "Traceback" not in said and "Fatal" not in said
