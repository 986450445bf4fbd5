"""What scenarios share: the load, command lines, running and checking a client, a small disk."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from figures import Row
from papers import mark, paper_id
from processes import HERE, Client, Ended, Stub


class Skipped(Exception):
    """The scenario cannot run on this machine; `str` of it says why."""


@dataclass(frozen=True)
class Load:
    """How much, at once, and how slow the endpoint is."""

    papers: int
    latency_ms: float
    in_flight: int

    @property
    def ideal(self) -> float | None:
        """Papers/s if the client cost nothing."""
        return self.in_flight / self.latency_ms * 1000 if self.latency_ms else None


@dataclass(frozen=True)
class Bench:
    """What a scenario works with."""

    name: str
    load: Load
    repeat: int
    folder: Path
    """Empty at first, removed at the end."""
    papers: Path
    task: Path
    flags: tuple[str, ...]
    """More flags for papercards."""
    say: Callable[[str], None]

    def papercards(self, stub: Stub, out: Path, cache: Path, *more: str) -> list[str]:
        """The command line of a run of papercards."""
        command = [sys.executable, "-m", "papercards", "enrich", str(self.papers), "-o", str(out)]
        command += ["-m", "openai/stub", "--base-url", f"{stub.url}/v1", "--cache-dir", str(cache)]
        return [*command, "-j", str(self.load.in_flight), *self.flags, *more]

    def naive(self, stub: Stub, out: Path, *more: str) -> list[str]:
        """The command line of a run of naive."""
        command = [sys.executable, str(HERE / "naive.py"), str(self.task), str(self.papers), str(out)]
        return [*command, "--base-url", f"{stub.url}/v1", "-j", str(self.load.in_flight), *more]

    def stub(self, *, faults: str = "", port: int = 0) -> Stub:
        """An endpoint with the load's latency."""
        return Stub(latency_ms=self.load.latency_ms, faults=faults, port=port)

    def folders(self) -> Iterator[Path]:
        """A folder for each repeat, removed after it."""
        for turn in range(self.repeat):
            folder = self.folder / str(turn)
            folder.mkdir()
            yield folder
            shutil.rmtree(folder)

    def measured(self, client: str, stub: Stub, folder: Path, *more: str) -> Row:
        """A timed run of `naive` or `papercards` in a folder."""
        name = " ".join((client, *more))
        out = folder / f"{name}.jsonl"
        ours = client == "papercards"
        command = self.papercards(stub, out, folder / "cache") if ours else self.naive(stub, out, *more)
        return self.row(name, stub, out, timed(command, folder / name, stub))

    def row(self, client: str, stub: Stub, out: Path, ended: Ended, note: str = "") -> Row:
        """A run that was alone with the endpoint since it counted from zero."""
        stats = stub.stats()
        found = right(out, self.load.papers)
        rate = None
        if stats["first_request"] and out.exists():
            rate = found / max(1e-3, out.stat().st_mtime_ns / 1e9 - stats["first_request"])
        ideal = self.load.ideal
        row = Row(
            scenario=self.name,
            client=client,
            papers=self.load.papers,
            right=found,
            papers_per_s=rate,
            of_ideal=rate / ideal if rate and ideal else None,
            seconds=ended.seconds,
            cpu_s_per_1000=(ended.cpu_s - ended.start_cpu_s) / self.load.papers * 1000,
            start_cpu_s=ended.start_cpu_s,
            rss_mb=ended.rss_mb,
            requests=stats["requests"],
            repeats=stats["repeated"],
            in_flight=stats["max_inflight"],
            note=(note or failure(ended)).replace(str(self.folder), "FOLDER"),
        )
        self.say(f"{self.name}: {client}: {found:,} right, {ended.seconds:.1f} s {row.note}")
        return row


def right(out: Path, count: int) -> int:
    """Papers of `count` whose record is about them."""
    if not out.exists():
        return 0
    wanted = {paper_id(number): mark(number) for number in range(count)}
    found = set()
    with out.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["tldr"].startswith(wanted.get(record["id"], "\0")):
                found.add(record["id"])
    return len(found)


def failure(ended: Ended) -> str:
    """What there is to say about an exit code that is not 0."""
    lines = ended.stderr.strip().splitlines() or [""]
    said = [line for line in lines if line.startswith("papercards:")] or lines
    return f"exit {ended.code}: {said[-1]}" if ended.code else ""


def run(command: Sequence[str], folder: Path) -> Ended:
    """A client from start to end."""
    with Client(command, folder) as client:
        return client.wait()


def timed(command: Sequence[str], folder: Path, stub: Stub) -> Ended:
    """The same with an endpoint that counts from zero; what the client's start costs stands apart."""
    stub.reset()
    with Client(command, folder) as client:
        while stub.stats()["first_request"] is None and client.runs:
            time.sleep(0.01)
        return client.wait(client.cpu_s())


def wait_for(stub: Stub, client: Client, answered: int) -> int:
    """Wait until so many papers are answered or the client has ended; gives how many are."""
    while (count := stub.stats()["answered_documents"]) < answered and client.runs:
        time.sleep(0.02)
    return int(count)


def whole(file: Path) -> bool:
    """Whether a JSONL file is whole records."""
    text = file.read_bytes()
    try:
        for line in text.splitlines():
            json.loads(line)
    except ValueError:
        return False
    return not text or text.endswith(b"\n")


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Callable[[int], None]]:
    """A disk of `size` bytes, mounted; gives the function that makes it larger. Raises Skipped."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Skipped("only root on Linux can mount a small disk")
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "papercards-bench", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise Skipped(f"no small disk can be mounted here: {made.stderr.strip()}")

    def resize(larger: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={larger}", str(folder)], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
