"""Runs on a Ray cluster of two nodes on this machine, and what they do when parts of it die."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from papercards import Card, Paper, Session
from papercards.engines.cluster import nodes
from papercards.engines.place import Place
from tests.cli.test_parts import record
from tests.conftest import Run
from tests.stub import Stub

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with a CPU each, and this process connected to them."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    # A dead node is noticed within seconds.
    soon = {"health_check_period_ms": 1000, "health_check_failure_threshold": 5}
    head = {"num_cpus": 1, "include_dashboard": False, "_system_config": soon}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """Papers, a broken line, a paper without an abstract, and one that is there twice."""
    lines = [record(number) for number in range(400)]
    lines[7:7] = ["{broken", record(900, abstract=""), record(3)]
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def cards_of(folder: Path) -> list[str]:
    return sorted(line for shard in folder.glob("part-*.jsonl") for line in shard.read_text().splitlines())


def until(condition: Any, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def workers() -> list[int]:
    """Process ids of the workers that this process's cluster runs."""
    import psutil

    found = psutil.Process().children(recursive=True)
    return [one.pid for one in found if "".join(one.cmdline()).startswith("ray::MapWorker")]


WORDS = ("-m", "openai/stub-model", "-j", "8", "--engine", "ray", "--workers", "4")


def test_dead_workers_and_nodes_cost_what_was_in_flight(
    run: Run, papers: Path, stub: Stub, tmp_path: Path, cluster: Any
) -> None:
    stub.latency_s = 0.15
    known = {"OPENAI_BASE_URL": stub.url, "OPENAI_API_KEY": "sk-test"}
    extra = cluster.add_node(num_cpus=1)
    killed: list[int] = []

    def kill() -> None:
        until(lambda: len(stub.bodies) > 100)
        pid = workers()[0]
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)
        until(lambda: len(stub.bodies) > 180)
        cluster.remove_node(extra, allow_graceful=False)

    threading.Thread(target=kill, daemon=True).start()
    done = run("enrich", papers, *WORDS, "-o", "cards.jsonl", **known)
    assert done.returncode == 1, done.stderr  # the broken line
    assert killed
    cards = cards_of(tmp_path / "cards.jsonl")
    ids = [json.loads(card)["id"] for card in cards]
    assert sorted(ids) == sorted({f"p{number}" for number in range(400)})
    assert 400 <= len(stub.bodies) <= 400 + 3 * 8
    failures = [json.loads(line) for line in "".join(cards_of_errors(tmp_path)).splitlines()]
    assert sorted((one["error"], one["where"]) for one in failures) == [
        ("BadRecord", f"{papers}:8"),
        ("Duplicate", f"{papers}:10"),
        ("NoAbstract", f"{papers}:9"),
    ]
    told = json.loads((tmp_path / "cards.run.json").read_text())
    assert told["counts"]["done"] == 400 and len(told["engine"]["nodes"]) == 3
    assert "sk-test" not in (tmp_path / "cards.run.json").read_text()
    assert "made on a cluster" in run("rerun", "cards.run.json").stderr

    # The same bytes as one process gives with the same answers.
    import gzip

    answers = b"".join(
        map(
            gzip.decompress,
            (one.read_bytes() for one in sorted((tmp_path / "cards.cache/answers").iterdir())),
        )
    )
    (tmp_path / "answers.jsonl").write_bytes(answers)
    assert run("cache", "import", "answers.jsonl", "--cache-dir", "one").returncode == 0
    one = run("enrich", papers, *WORDS[:4], "-o", "one.jsonl", "--cache-dir", "one", "--offline", **known)
    assert one.returncode == 1, one.stderr
    assert sorted((tmp_path / "one.jsonl").read_text().splitlines()) == cards


def cards_of_errors(folder: Path) -> list[str]:
    return [shard.read_text() for shard in (folder / "cards.errors.jsonl").glob("part-*.jsonl")]


def test_a_killed_driver_goes_on_with_the_same_command(
    run: Run, papers: Path, stub: Stub, tmp_path: Path, cluster: Any, environment: dict[str, str]
) -> None:
    stub.latency_s = 0.1
    known = {"OPENAI_BASE_URL": stub.url, "OPENAI_API_KEY": "sk-test"}
    command = [
        sys.executable,
        "-m",
        "papercards",
        "enrich",
        str(papers),
        *WORDS[:5],
        f"ray={cluster.address}",
    ]
    driver = subprocess.Popen(
        [*command, *WORDS[6:], "-o", "cards.jsonl"],
        cwd=tmp_path,
        env=environment | known,
        stderr=subprocess.PIPE,
    )
    until(lambda: len(stub.bodies) > 200 or driver.poll() is not None)
    driver.kill()
    driver.communicate()
    time.sleep(1)  # requests of the dead driver's workers arrive no more
    before = len(stub.bodies)
    assert 200 < before < 400
    done = run("enrich", papers, *WORDS, "-o", "cards.jsonl", **known)
    assert done.returncode == 1, done.stderr
    ids = [json.loads(card)["id"] for card in cards_of(tmp_path / "cards.jsonl")]
    assert sorted(ids) == sorted({f"p{number}" for number in range(400)})
    assert len(stub.bodies) <= 400 + 4 * 8
    other = run("enrich", papers, "-m", "baseline", "--engine", "ray", "-o", "cards.jsonl")
    assert other.returncode == 2 and "cards that were made otherwise" in other.stderr


def test_a_session_and_a_dataset_use_the_cluster(papers: Path, tmp_path: Path, cluster: Any) -> None:
    from papercards.engines.ray import map_batches

    some = [Paper.of(f"Paper {n}", f"We count to {n}. It is better than guessing.") for n in range(50)]
    with Session(model="baseline", cache=False) as session:
        found = [one for one in session.run(some, engine="ray", workers=2) if isinstance(one, Card)]
        assert sorted(card.own_json() for card in found) == sorted(
            session.read(one).own_json() for one in some
        )
        rows = [{"t": one.title, "a": one.abstract, "more": n} for n, one in enumerate(some)] + [
            {"t": "x", "a": "", "more": 50}
        ]
        cards = map_batches(ray.data.from_items(rows), session, title="t", abstract="a", workers=1).take_all()
    assert {one["more"]: one["card_error"] for one in cards if one["card"] is None} == {50: "has no abstract"}
    assert len(cards) == 51 and Place(str(tmp_path)).files()


def test_a_node_that_died_since_it_was_listed_is_left_out(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = ray.nodes()
    gone = {**listed[0], "NodeID": "ab" * 28}
    monkeypatch.setattr(ray, "nodes", lambda: [gone, *listed])
    assert len(nodes(ray)) == len([one for one in listed if one["Alive"]])
