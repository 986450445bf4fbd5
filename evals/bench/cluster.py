"""Runs on a Ray cluster of two nodes on this machine: speed, deaths, shared limits, memory, restoring.

    python evals/bench/cluster.py speed     # papers/s of 1, 2, 4 workers, 1,000 ms, 32 in flight each
    python evals/bench/cluster.py overhead  # 4 workers against one plain process, 128 in flight
    python evals/bench/cluster.py same      # 20,000 papers: the cards are the bytes of one process
    python evals/bench/cluster.py deaths    # a worker, a node, the endpoint and the driver are killed
    python evals/bench/cluster.py limit     # 4 workers under 300 requests a minute
    python evals/bench/cluster.py memory    # 200,000 papers, then the same command again
    python evals/bench/cluster.py ids       # loading the ids of 10 million cards: ours, and Ray Data's

The endpoint is `stub_server.py`. Each line of the result is a JSON object on standard output; the folder of
the run is deleted.
"""

import argparse
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import papers
from processes import Stub

IN_FLIGHT = 32
MODEL = ("-m", "openai/stub", "-j", str(IN_FLIGHT))


@contextmanager
def nodes(cpus: int = 2) -> Iterator[Any]:
    """A cluster of two nodes."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
    from ray.cluster_utils import Cluster

    head = {"num_cpus": cpus, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        cluster.add_node(num_cpus=cpus)
        yield cluster
    finally:
        cluster.shutdown()


def on(cluster: Any, workers: int = 4) -> tuple[str, ...]:
    """The words for a run on a cluster."""
    return "--engine", f"ray={cluster.address}", "--workers", str(workers)


def processes() -> list[Any]:
    """What psutil knows of this process and all that it started."""
    import ray  # noqa: F401  it brings psutil
    import psutil  # isort: skip

    return [psutil.Process(), *psutil.Process().children(recursive=True)]


class Run:
    """`papercards enrich` in a folder."""

    def __init__(self, folder: Path, output: str, *words: str, stub: Stub | None = None) -> None:
        model = (*MODEL, "--base-url", f"{stub.url}/v1") if stub else ("-m", "baseline")
        command = [sys.executable, "-m", "papercards", "enrich", "papers.jsonl", *model, "-o", output, *words]
        self.begin = time.time()
        self._log = (folder / f"{output}.log").open("w")
        self.process = subprocess.Popen(
            command, cwd=folder, stderr=self._log, env=os.environ | {"XDG_CACHE_HOME": str(folder / "home")}
        )

    def end(self) -> float:
        """Wait for it; seconds."""
        code = self.process.wait()
        if code not in (0, -signal.SIGKILL):
            sys.exit(f"exit code {code}: see {Path(self._log.name).read_text()[-600:]}")
        return time.time() - self.begin


def speed(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """Papers/s from the first request to the last answer."""
    with Stub(latency_ms=1000) as stub, nodes() as cluster:
        for workers in (1, 2, 4):
            rate = _speed(folder, workers, count or 1500 * workers, stub, cluster)
            say(workers=workers, in_flight=workers * IN_FLIGHT, **rate)


def overhead(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """The same number in flight, in 4 workers and in one process."""
    with Stub(latency_ms=1000) as stub:
        with nodes() as cluster:
            say(workers=4, **_speed(folder, 4, count or 8000, stub, cluster))
        say(plain_process=True, **_speed(folder, 4, count or 8000, stub, None))


def _speed(folder: Path, workers: int, count: int, stub: Stub, cluster: Any) -> dict[str, Any]:
    papers.write(folder / "papers.jsonl", count)
    stub.reset()
    name = f"cards-{workers}-{cluster is None}.jsonl"
    words = ("-j", str(workers * IN_FLIGHT)) if cluster is None else on(cluster, workers)
    whole = Run(folder, name, *words, stub=stub).end()
    found = stub.stats()
    took = found["last_answer"] - found["first_request"]
    ideal = workers * IN_FLIGHT
    return {
        "papers": count,
        "papers_per_s": round(count / took, 1),
        "of_ideal": round(count / took / ideal, 3),
        "most_in_flight": found["max_inflight"],
        "start_and_end_s": round(whole - took, 1),
    }


def same(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """Cards of 4 workers on two nodes, and of one process with the same answers."""
    papers.write(folder / "papers.jsonl", count := count or 20_000)
    with Stub(latency_ms=100) as stub:
        with nodes() as cluster:
            seconds = Run(folder, "cards.jsonl", *on(cluster), stub=stub).end()
        counted = stub.stats()
        with (folder / "answers.jsonl").open("wb") as answers:
            for bucket in sorted((folder / "cards.cache/answers").iterdir()):
                answers.write(gzip.decompress(bucket.read_bytes()))
        command = [sys.executable, "-m", "papercards", *"cache import answers.jsonl --cache-dir one".split()]
        subprocess.run(command, cwd=folder, check=True, stderr=subprocess.DEVNULL)
        Run(folder, "one.jsonl", "--cache-dir", "one", "--offline", stub=stub).end()
    lines = sorted(cards(folder))
    alike = lines == sorted((folder / "one.jsonl").read_bytes().splitlines())
    say(
        papers=count,
        cards=len(lines),
        requests=counted["requests"],
        cut_off=counted["client_gone"],
        same_bytes_as_one_process=alike,
        seconds=round(seconds, 1),
    )


def cards(folder: Path) -> Iterator[bytes]:
    """The lines of the shards."""
    for shard in sorted((folder / "cards.jsonl").glob("part-*")):
        yield from shard.read_bytes().splitlines()


def deaths(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """A worker, a node, the endpoint and the driver are killed in one run; it goes on to the end."""
    papers.write(folder / "papers.jsonl", count := count or 4_000)
    first = Stub(latency_ms=300)
    with nodes() as cluster:
        extra = cluster.add_node(num_cpus=2)
        words = on(cluster)
        run = Run(folder, "cards.jsonl", *words, stub=first)
        _until(first, count * 0.15)
        next(one for one in processes() if "".join(one.cmdline()).startswith("ray::MapWorker")).kill()
        _until(first, count * 0.3)
        cluster.remove_node(extra, allow_graceful=False)
        _until(first, count * 0.45)
        before = first.stats()
        first.kill()
        with Stub(latency_ms=300, port=first.port) as stub:
            _until(stub, count * 0.2)
            run.process.kill()
            run.end()
            time.sleep(2)
            Run(folder, "cards.jsonl", *words, stub=stub).end()
            after = stub.stats()
    ids = [json.loads(line)["id"] for line in cards(folder)]
    say(
        papers=count,
        cards=len(ids),
        double=len(ids) - len(set(ids)),
        requests_repeated=before["asked_again"] + after["asked_again"],
        requests=before["requests"] + after["requests"],
        beyond_papers=before["requests"] + after["requests"] - count,
        in_flight_at_the_kills=4 * 4 * IN_FLIGHT,
    )


def _until(stub: Stub, requests: float) -> None:
    while stub.stats()["requests"] < requests:
        time.sleep(0.2)


def limit(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """What the endpoint counts a minute while 4 workers share 300 requests a minute."""
    papers.write(folder / "papers.jsonl", count := count or 1_000)
    times: list[tuple[float, int]] = []
    with Stub(latency_ms=200) as stub, nodes() as cluster:
        run = Run(folder, "cards.jsonl", *on(cluster), "--rpm", "300", stub=stub)
        while run.process.poll() is None:
            times.append((time.time(), stub.stats()["requests"]))
            time.sleep(0.25)
        found = stub.stats()
    minutes = [
        later - sent for at, sent in times if sent for when, later in times if 59.8 <= when - at <= 60.0
    ]
    took = found["last_answer"] - found["first_request"]
    say(
        papers=count,
        most_in_any_minute=max(minutes),
        mean_per_minute=round(60 * count / took, 1),
        of_limit=round(60 * count / took / 300, 3),
    )


def memory(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """Resident memory of driver and workers over many papers, then of a restart with all of them done."""
    papers.write(folder / "papers.jsonl", count := count or 200_000)
    with Stub(latency_ms=20) as stub, nodes() as cluster:
        for what in ("run", "restored"):
            run = Run(folder, "cards.jsonl", *on(cluster, 2), stub=stub)
            samples = []
            while run.process.poll() is None:
                samples.append(_memory_mb(run.process.pid))
                with suppress(subprocess.TimeoutExpired):
                    run.process.wait(2)
            seconds = run.end()
            busy = [one for one in samples if "MapWorker" in one]
            early, late = busy[len(busy) // 4], busy[-2 if len(busy) > 1 else -1]
            say(
                what=what,
                papers=count,
                seconds=round(seconds, 1),
                **{
                    f"{kind}_mb": [round(one.get(kind, 0.0)) for one in (early, late)]
                    for kind in ("driver", "MapWorker", "Keeper")
                },
            )


def _memory_mb(driver: int) -> dict[str, float]:
    """Memory that is only theirs of the driver and of the largest process of each kind."""
    found: dict[str, float] = {}
    for one in processes()[1:]:
        # Some end meanwhile.
        with suppress(Exception):
            name = "".join(one.cmdline()[:1])
            kind = next((k for k in ("MapWorker", "Keeper") if k in name), None)
            kind = kind or ("driver" if one.pid == driver else None)
            if kind:
                found[kind] = max(found.get(kind, 0.0), one.memory_full_info().uss / 1e6)
    return found


def ids(folder: Path, count: int | None, say: Callable[..., None]) -> None:
    """Seconds and memory of loading the ids of that many cards: ours, then Ray Data's checkpoint."""
    count = count or 10_000_000
    for what in ("ours", "ray_data"):
        command = [sys.executable, __file__, "ids-of", "--papers", str(count)]
        command += ["--folder", str(folder), "--what", what]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        say(what=what, ids=count, **json.loads(said.splitlines()[-1]))


def ids_of(folder: Path, count: int, what: str) -> None:
    """One of the two, in a process of its own."""
    from papercards.engines.done import Done
    from papercards.engines.place import Place

    shard = 5_000
    if what == "ours":
        from papercards.engines.keeper import Keeper

        done = Done(Place(str(folder)))
        for at in range(0, count, shard):
            marks = array("Q", os.urandom(8 * min(shard, count - at)))
            done.add(f"part-{at}.jsonl", 1, at, marks)
        before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        Keeper(None, "", str(folder), 2, (0, 1))
        after = resource.getrusage(resource.RUSAGE_SELF)
    else:
        import numpy as np
        import pyarrow as pa
        import ray
        from pyarrow.parquet import write_table
        from ray.data.checkpoint import CheckpointConfig, IdColumnCheckpointManager

        (folder / "checkpoint").mkdir(parents=True)
        for at in range(0, count, shard):
            table = pa.table({"id": np.frombuffer(os.urandom(8 * min(shard, count - at)), dtype="int64")})
            write_table(table, folder / "checkpoint" / f"{at}.parquet")
        ray.init(address="local", include_dashboard=False, log_to_driver=False)
        before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        config = CheckpointConfig(id_column="id", checkpoint_path=str(folder / "checkpoint"))
        manager = IdColumnCheckpointManager(
            checkpoint_config=config, data_context=ray.data.DataContext.get_current()
        )
        reference, size = manager.load_checkpoint()
        assert len(ray.get(reference)) == count and size
        after = resource.getrusage(resource.RUSAGE_SELF)
    peak = sum(one.memory_info().rss for one in processes())
    found = {
        "seconds": round(time.perf_counter() - begin, 1),
        "cpu_s": round(after.ru_utime - before.ru_utime, 1),
        "rss_mb": round(peak / 1e6),
    }
    print(json.dumps(found))


SCENARIOS = {f.__name__: f for f in (speed, overhead, same, deaths, limit, memory, ids)}


def main() -> None:
    """Run one scenario."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("scenario", choices=[*SCENARIOS, "ids-of"])
    parser.add_argument("--papers", type=int, help="instead of the scenario's own number")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--what", help=argparse.SUPPRESS)
    given = parser.parse_args()
    os.environ |= {"OPENAI_API_KEY": "x", "PYTHONUTF8": "1"}
    if given.scenario == "ids-of":
        ids_of(given.folder / given.what, given.papers, given.what)
        return
    with tempfile.TemporaryDirectory(prefix="papercards-bench-") as folder:
        SCENARIOS[given.scenario](
            Path(folder), given.papers, lambda **found: print(json.dumps(found), flush=True)
        )


if __name__ == "__main__":
    main()
