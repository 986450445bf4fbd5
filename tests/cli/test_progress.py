"""What a run shows while it runs: on a terminal, in a pipe, with -q and with -v."""

import itertools
import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from papercards.cli.shared import terminal
from papercards.cli.shared.progress import Progress
from papercards.paper import Paper
from papercards.runs.batch import Done, Failed
from papercards.runs.counts import Counts
from tests.clocks import PATIENCE_S, until
from tests.conftest import Run
from tests.stub import Stub, error, good

KEY = {"OPENAI_API_KEY": "sk-test-0123456789"}


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    path = tmp_path / "papers.jsonl"
    records = [
        {
            "title": f"Paper [number] {n}",
            "abstract": f"Counting is hard. We count to {n} with a new method, which is better.",
        }
        for n in range(3)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


def answers_once(stub: Stub, *conditions: Callable[[], object]) -> None:
    """Each request is answered as soon as its condition holds; those that follow at once."""
    left = iter(conditions)

    def answered(body: dict[str, Any]) -> dict[str, Any]:
        until(next(left, lambda: True))
        return good(body)

    stub.answer = answered


def on_a_terminal(arguments: list[str], environment: dict[str, str], cwd: Path, pieces: list[bytes]) -> None:
    """Run the program to its end; `pieces` grows by what it writes to a terminal of 160 columns."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "papercards", *arguments],
        env=environment | {"TERM": "xterm-256color", "COLUMNS": "160"},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=follower,
    )
    os.close(follower)

    def read() -> None:
        while True:
            try:
                pieces.append(os.read(leader, 65536))
            except OSError:  # the other end is closed
                return

    thread = threading.Thread(target=read)
    thread.start()
    try:
        assert process.wait(3 * PATIENCE_S) == 0
    finally:
        process.kill()
    thread.join(PATIENCE_S)
    os.close(leader)


def test_a_terminal_shows_a_bar_that_goes_on_while_no_paper_ends(
    papers: Path, stub: Stub, environment: dict[str, str], tmp_path: Path
) -> None:
    pieces: list[bytes] = []
    begin = time.monotonic()

    def shown() -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(pieces).decode(errors="replace"))

    answers_once(
        stub,
        lambda: len(set(re.findall(r"0/3 · ([\d.]+) s", shown()))) >= 2,
        # What ends within a tenth of the time until the first paper counts as part of the start.
        lambda: time.sleep(max(1.2, (time.monotonic() - begin) / 5)) is None,
        lambda: re.search(r"2/3 · [\d.]+ s a paper · .*left", shown()),
    )
    words = ["enrich", str(papers), "-m", "openai/stub", "--base-url", stub.url, "-j", "1", "-o", "c.jsonl"]
    on_a_terminal([*words, "--timeout", "300"], environment | KEY, tmp_path, pieces)
    assert len(stub.bodies) == 3, "what an answer waited for was not shown"
    assert "Paper [number] 1" in shown()  # the title in work, brackets and all
    assert shown().rstrip().splitlines()[-1].startswith("3 cards (3 new, 0 cached), 0 failed")


def test_a_pipe_gets_plain_lines_without_controls(
    papers: Path, stub: Stub, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("papercards.cli.shared.progress.QUIET_S", 0.5)
    said, note = threading.Event(), terminal.note

    def heard(text: str) -> None:
        note(text)
        if text.startswith("0/3"):
            said.set()

    monkeypatch.setattr(terminal, "note", heard)
    answers_once(stub, said.is_set)
    done = run("enrich", papers, "-m", "openai/stub", "--base-url", stub.url, "-j", "1", **KEY)
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    assert re.search(r"^0/3 · [\d.]+ s$", done.stderr, re.MULTILINE)


def test_quiet_leaves_problems_alone_in_any_place(papers: Path, stub: Stub, run: Run) -> None:
    words = ("enrich", papers, "-m", "openai/stub", "--base-url", stub.url, "-o", "c.jsonl")
    assert run(*words, "-q", **KEY).stderr == ""
    stub.script = [error(422, "this one is odd")] * 20
    done = run("--quiet", *words, "--no-cache", **KEY)
    assert done.returncode != 0
    assert done.stderr
    assert all(line.startswith("papercards: ") for line in done.stderr.splitlines())
    assert "cards (" in run(*words, **KEY).stderr  # it holds for one run alone


def test_verbose_says_each_paper(papers: Path, stub: Stub, run: Run) -> None:
    words = ("enrich", papers, "-m", "openai/stub", "--base-url", stub.url, "-o", "c.jsonl", "-v")
    first = run(*words, **KEY).stderr
    assert re.search(r"^Paper \[number\] 0: language-modeling, \d\.\d s, cost unknown$", first, re.MULTILINE)
    again = run(*words, **KEY).stderr
    assert "Paper [number] 2: language-modeling, cached" in again


def test_the_rate_leaves_out_the_start_and_cached_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("papercards.runs.counts.time.monotonic", lambda: now)

    class Card:
        cached = True
        spent = Failed("", "", "", "").spent

    counts = Counts()
    counts.add([Done(Paper.of("a", "b"), Card())] * 1000)  # type: ignore[arg-type]
    assert counts.rate is None
    now = 22.0  # the model was loaded
    counts.add([Failed("a", "", "PaperFailed", "no")])
    assert counts.rate is None
    now = 32.0
    counts.add([Failed("b", "", "PaperFailed", "no")] * 5)
    assert counts.rate == pytest.approx(0.5)


def test_the_time_left_goes_down_between_papers_of_a_steady_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("papercards.runs.counts.time.monotonic", lambda: now)
    counts = Counts()
    left = []
    for now in range(20, 60):  # two at once every 4 s, after the model was loaded
        if now % 4 == 0:
            counts.add([Failed("a", "", "PaperFailed", "no")] * 2)
        left.append(counts.left_s(40))
    known = [one for one in left if one is not None]
    assert known[0] == pytest.approx(72)
    assert [round(one - other) for one, other in itertools.pairwise(known)] == [1] * (len(known) - 1)
    now = 100.0
    assert counts.rate is not None and counts.rate < 0.3  # a paper takes longer than ever before


def test_the_bar_says_what_is_waited_for_instead_of_a_title(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(Counts(), 3, free=True, at=lambda: "Deep Sets")
    terminal.note("starting local/model \u2026")
    assert progress.title() == "starting local/model \u2026"
    terminal.note("local/model is ready")
    assert progress.title() == "Deep Sets"
    assert capsys.readouterr().err.splitlines() == ["starting local/model \u2026", "local/model is ready"]
