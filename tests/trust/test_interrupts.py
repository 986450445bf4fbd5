"""Ctrl-C is heard, also while a library computes: the first one within 2 seconds, the second one at once."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import odd
from tests.servers.loopback import serving
from tests.servers.odd import RIGHT
from tests.trust import hostile_files

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for who computes"),
]

HANGING = pytest.mark.parametrize(
    ("make", "table"),
    [
        (hostile_files.hang_db, "papers"),
        (hostile_files.hang_duckdb, "papers"),
        (hostile_files.parquet_bomb, None),
        (hostile_files.workbook_bomb, None),
    ],
)
Make = Callable[[Path], Path]


def _start(command: list[str], folder: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "papercards", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background of a shell has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def _processor_s(process: "subprocess.Popen[str]") -> float:
    """What it and its children that ended, or that live, have computed."""
    total = 0
    pids = [process.pid]
    for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
        pids += map(int, task.read_text().split())
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


def _until_it_reads(process: "subprocess.Popen[str]", path: Path) -> None:
    """Wait until somebody in it has the file open, and has computed with it for a while."""
    pids: list[int] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        pids = [process.pid]
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            pids += map(int, task.read_text().split())
        if any(_has_open(pid, path) for pid in pids):
            begin = _processor_s(process)
            while process.poll() is None and _processor_s(process) < begin + 0.3:
                time.sleep(0.02)
            return
        time.sleep(0.02)
    raise AssertionError("it never opened the file")


def _has_open(pid: int, path: Path) -> bool:
    try:
        return any(fd.resolve() == path for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


@HANGING
@pytest.mark.parametrize("command", ["enrich", "summarize"])
def test_the_first_interrupt_ends_what_a_library_computes(
    tmp_path: Path, environment: dict[str, str], make: Make, table: str | None, command: str
) -> None:
    path = make(tmp_path)
    named = ["--table", table] if table and command == "enrich" else []
    if table and not named:
        pytest.skip("summarize names no table")
    process = _start([command, path.name, "-m", "baseline", *named], tmp_path, environment)
    _until_it_reads(process, path)

    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert time.monotonic() - begin < 2 + 3  # what a loaded machine takes to end a process
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "run the same command again" in said


@HANGING
def test_it_ends_while_papers_before_it_wait_for_answers(
    tmp_path: Path, environment: dict[str, str], make: Make, table: str | None
) -> None:
    """The hanging file comes second, so it is read in a thread beside requests: the second interrupt ends."""
    (tmp_path / "first.jsonl").write_text('{"title": "Counting", "abstract": "We count to four."}\n')
    path = make(tmp_path)
    named = ["--table", table] if table else []
    slow = odd.answering(lambda body, number: odd.right(body, delay_s=30))
    with serving(slow) as served:
        command = ["enrich", "first.jsonl", path.name, "-m", "m", "--base-url", served.url, *named]
        process = _start(command, tmp_path, environment)
        _until_it_reads(process, path)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert time.monotonic() - begin < 5
    assert process.returncode in (130, -signal.SIGINT), said
    assert "Traceback" not in said


def test_papers_before_a_file_that_hangs_have_their_cards(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "first.jsonl").write_text('{"title": "Counting", "abstract": "We count to four."}\n')
    path = hostile_files.hang_db(tmp_path)
    with serving(odd.answering(lambda body, number: RIGHT)) as served:
        command = ["enrich", "first.jsonl", path.name, "--table", "papers", "-m", "m", "-o", "cards.jsonl"]
        process = _start([*command, "--base-url", served.url], tmp_path, environment)
        _until_it_reads(process, path)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert "Traceback" not in said
