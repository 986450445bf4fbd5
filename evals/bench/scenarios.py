"""The scenarios: each gives a row for each run. What they measure is in README.md."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from bench import Bench, Load, failure, right, run, small_disk, wait_for, whole
from figures import Row
from processes import Client

FAULTS = "429:0.05,500:0.03,malformed:0.01,hang:0.01"
FAULTS_TIMEOUT_S = "5"
STUB_AWAY_S = 0.5
RACING = 4
"""Processes that share one cache."""


def cold(bench: Bench) -> Iterator[Row]:
    """An empty cache, naive beside it."""
    with bench.stub() as stub:
        for folder in bench.folders():
            yield bench.measured("naive", stub, folder)
            yield bench.measured("papercards", stub, folder)


def warm(bench: Bench) -> Iterator[Row]:
    """Every answer is in the cache. Start-up is what a run over one paper takes."""
    with bench.stub() as stub:
        cache = bench.folder / "cache"
        stub.configure(latency_ms=0)
        run(bench.papercards(stub, bench.folder / "filled.jsonl", cache), bench.folder / "fill")
        stub.reset()
        for folder in bench.folders():
            out = folder / "cards.jsonl"
            one = run(bench.papercards(stub, folder / "one.jsonl", cache, "--limit", "1"), folder / "one")
            ended = run(bench.papercards(stub, out, cache), folder / "papercards")
            row = bench.row("papercards", stub, out, replace(ended, start_cpu_s=one.cpu_s))
            rate = (bench.load.papers - 1) / max(1e-3, ended.seconds - one.seconds)
            whole = bench.load.papers / ended.seconds
            note = row.note or f"start-up aside; {whole:,.0f} papers/s with it"
            yield replace(row, papers_per_s=rate, of_ideal=None, note=note)


def faults(bench: Bench) -> Iterator[Row]:
    """Refusals, errors, broken answers and hangs; naive without and with the same time-out."""
    cut = ("--timeout", FAULTS_TIMEOUT_S)
    with bench.stub(faults=FAULTS) as stub:
        for folder in bench.folders():
            yield bench.measured("naive", stub, folder)
            yield bench.measured("naive", stub, folder, *cut)
            yield bench.measured("papercards", stub, folder)


def kill(bench: Bench) -> Iterator[Row]:
    """SIGKILL to the client in the middle, then the same command again."""
    with bench.stub() as stub:
        for folder in bench.folders():
            out = folder / "cards.jsonl"
            command = bench.papercards(stub, out, folder / "cache")
            stub.reset()
            with Client(command, folder / "first") as client:
                answered = wait_for(stub, client, bench.load.papers // 2)
                client.kill()
                client.wait()
            ended = run(command, folder / "again")
            note = f"killed at {answered:,} answered; {failure(ended) or 'then whole'}"
            yield _without_rate(bench.row("papercards", stub, out, ended, note))


def restart(bench: Bench) -> Iterator[Row]:
    """The endpoint dies in the middle and is back on the same port after a moment."""
    for folder in bench.folders():
        out = folder / "cards.jsonl"
        with (
            bench.stub() as first,
            Client(bench.papercards(first, out, folder / "cache"), folder / "run") as client,
        ):
            wait_for(first, client, bench.load.papers // 2)
            before = first.stats()
            first.kill()
            time.sleep(STUB_AWAY_S)
            with bench.stub(port=first.port) as second:
                ended = client.wait()
                after = second.stats()
                answered = before["answered_documents"]
                note = f"endpoint gone at {answered:,} answered; {failure(ended) or 'went on'}"
                row = _without_rate(bench.row("papercards", second, out, ended, note))
        twice = max(0, answered + after["answered_documents"] - bench.load.papers)
        yield replace(
            row,
            requests=before["requests"] + after["requests"],
            repeats=twice,
            in_flight=max(before["max_inflight"], after["max_inflight"]),
        )


def full(bench: Bench) -> Iterator[Row]:
    """Cache and output on a disk that fills in the middle; then it is enlarged and the command runs again."""
    with bench.stub() as stub:
        usual = bench.folder / "usual"
        with Client(
            bench.papercards(stub, usual / "cards.jsonl", usual / "cache"), bench.folder / "run"
        ) as client:
            wait_for(stub, client, bench.load.papers // 2)
            size = sum(file.stat().st_size for file in usual.rglob("*") if file.is_file())
        for folder in bench.folders():
            disk = folder / "disk"
            out = disk / "cards.jsonl"
            command = bench.papercards(stub, out, disk / "cache")
            with small_disk(disk, size) as resize:
                stub.reset()
                stopped = run(command, folder / "first")
                answered = stub.stats()["answered_documents"]
                torn = sum(not whole(file) for file in disk.glob("*.jsonl*"))
                resize(size * 16)
                ended = run(command, folder / "again")
                said = failure(stopped) or "exit 0"
                said += ", with a traceback" * ("Traceback" in stopped.stderr)
                note = f"full at {answered:,} answered: {said}; "
                note += f"torn files: {torn}; {failure(ended) or 'then whole'}"
                yield _without_rate(bench.row("papercards", stub, out, ended, note))


def processes(bench: Bench) -> Iterator[Row]:
    """Several processes on one cache and one corpus at once."""
    with bench.stub() as stub:
        for folder in bench.folders():
            outs = [folder / f"cards-{number}.jsonl" for number in range(RACING)]
            stub.reset()
            with contextlib.ExitStack() as stack:
                clients = [
                    stack.enter_context(
                        Client(bench.papercards(stub, out, folder / "cache"), folder / out.stem)
                    )
                    for out in outs
                ]
                ends = [client.wait() for client in clients]
            stats = stub.stats()
            locked = sum(end.stderr.count("database is locked") for end in ends)
            failures = "".join(f"; {failure(end)}" for end in ends if end.code)
            row = Row(
                scenario=bench.name,
                client=f"papercards, {RACING} processes",
                papers=bench.load.papers * RACING,
                right=sum(right(out, bench.load.papers) for out in outs),
                seconds=max(end.seconds for end in ends),
                rss_mb=max(end.rss_mb for end in ends),
                requests=stats["requests"],
                repeats=stats["repeated"],
                in_flight=stats["max_inflight"],
                note=f'{bench.load.papers:,} papers each; "database is locked": {locked}{failures}',
            )
            bench.say(f"{row.scenario}: {row.right:,} right, {row.requests:,} requests; {row.note}")
            yield row


SCENARIOS: dict[str, tuple[Callable[[Bench], Iterator[Row]], Load]] = {
    "cold": (cold, Load(papers=2000, latency_ms=100, in_flight=64)),
    "slow": (cold, Load(papers=4000, latency_ms=1000, in_flight=256)),
    "warm": (warm, Load(papers=10000, latency_ms=100, in_flight=64)),
    "faults": (faults, Load(papers=500, latency_ms=100, in_flight=64)),
    "kill": (kill, Load(papers=1000, latency_ms=100, in_flight=64)),
    "restart": (restart, Load(papers=1000, latency_ms=100, in_flight=64)),
    "full": (full, Load(papers=1000, latency_ms=100, in_flight=64)),
    "processes": (processes, Load(papers=1000, latency_ms=100, in_flight=64)),
}


def _without_rate(row: Row) -> Row:
    """A run in two halves has no rates."""
    return replace(row, papers_per_s=None, of_ideal=None, cpu_s_per_1000=None, start_cpu_s=None)
