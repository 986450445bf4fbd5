"""`enrich` as a user runs it: against a loopback endpoint, killed, interrupted, cached, with bad input."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from papercards.card import json_schema
from tests.clocks import PATIENCE_S, until
from tests.conftest import KEY, SEED, Run
from tests.stub import Fault, Stub, error


@pytest.fixture
def hosted(stub: Stub) -> dict[str, str]:
    """The environment of somebody with a key."""
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": stub.url, "PAPERCARDS_MODEL": "openai/gpt-4.1-mini"}


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def some(count: int) -> list[dict[str, str]]:
    return [{"title": f"Paper {n}", "abstract": f"We count to {n}. It works."} for n in range(count)]


def cards(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_seed_corpus_becomes_valid_cards_on_disk(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    done = run("enrich", SEED, "--limit", "20", "-o", "cards.jsonl", "-o", "cards.md", **hosted)

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "20 cards (20 new, 0 cached), 0 failed" in done.stderr
    made = cards(tmp_path / "cards.jsonl")
    assert len(made) == len(stub.bodies) == 20
    for card in made:
        jsonschema.validate(card, json_schema())
    assert (tmp_path / "cards.md").read_text(encoding="utf-8").count("Xmodel") >= 2
    assert not list(tmp_path.glob("*.partial")) and not list(tmp_path.glob("*.errors.jsonl"))
    verified = run("verify", "cards.jsonl", "--source", SEED)
    assert verified.returncode == 0, verified.stdout


def test_a_second_run_asks_nobody_and_gives_the_same_bytes(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(6))
    run("enrich", source, "-o", "a.jsonl", **hosted)
    again = run("enrich", source, "-o", "b.jsonl", "--offline", **hosted)

    assert again.returncode == 0, again.stderr
    assert len(stub.bodies) == 6
    assert "0 new, 6 cached" in again.stderr
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_without_an_output_the_cards_go_to_stdout_and_nothing_else_does(
    run: Run, tmp_path: Path, hosted: dict[str, str]
) -> None:
    done = run("enrich", "-", input="Counting\n\nWe count. It works.", **hosted)

    assert json.loads(done.stdout)["title"] == "Counting"


def timeless(path: Path) -> list[dict[str, Any]]:
    made = cards(path)
    for card in made:
        card["provenance"] |= {"created": "", "seconds": 0}
    return made


@pytest.mark.slow
def test_killed_twice_it_resumes_and_ends_as_if_nothing_happened(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str], environment: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(60))
    flight = 4
    asked = 0
    for goal in (15, 35):
        # What comes after that is never answered, however late the kill is.
        stub.script = [None] * (goal - len(stub.bodies)) + [Fault(delay_s=PATIENCE_S)] * flight
        child = subprocess.Popen(
            [sys.executable, "-m", "papercards", "enrich", source, "-o", "k.jsonl", "-j", str(flight)],
            cwd=tmp_path,
            env=environment | hosted,
            stderr=subprocess.DEVNULL,
        )
        until(lambda goal=goal: len(stub.bodies) >= goal)
        assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not (tmp_path / "k.jsonl").exists()
        asked = len(stub.bodies)
    stub.script = []
    done = run("enrich", source, "-o", "k.jsonl", "-j", str(flight), **hosted)

    assert done.returncode == 0, done.stderr
    assert len(stub.bodies) - 60 <= 2 * flight
    assert asked < 60
    stub.bodies.clear()
    run("enrich", source, "-o", "whole.jsonl", "--cache-dir", "other", **hosted)
    assert len(stub.bodies) == 60
    assert timeless(tmp_path / "k.jsonl") == timeless(tmp_path / "whole.jsonl")


@pytest.mark.slow
def test_ctrl_c_finishes_what_is_in_flight_and_says_how_to_go_on(
    tmp_path: Path, stub: Stub, hosted: dict[str, str], environment: dict[str, str], run: Run
) -> None:
    source = write(tmp_path / "p.jsonl", *some(200))
    stub.latency_s = 0.05
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", "enrich", source, "-o", "c.jsonl", "-j", "4"],
        cwd=tmp_path,
        env=environment | hosted,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(stub.bodies) >= 12)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=PATIENCE_S)

    assert child.returncode == 130
    assert "run the same command again" in said
    assert "Traceback" not in said
    kept = cards(tmp_path / "c.jsonl.partial")
    assert len(kept) == len(stub.bodies)
    run("enrich", source, "-o", "c.jsonl", "-j", "16", **hosted)
    assert len(stub.bodies) == 200


def test_what_fails_is_set_aside_and_the_rest_goes_on(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    source = tmp_path / "p.jsonl"
    records = some(5)
    lines = [json.dumps(record).encode() for record in records]
    lines[1:1] = [b"{not json", b'{"title": "No abstract"}', b'{"title": "T", "abstract": "\xff"}']
    lines.append(lines[0])
    source.write_bytes(b"\n".join(lines) + b"\n")
    stub.script = [error(400, "bad paper")]
    done = run("enrich", source, "-o", "out.jsonl", "-j", "1", **hosted)

    assert done.returncode == 1
    assert "4 cards" in done.stderr and "3 failed, 1 without an abstract, 1 duplicate skipped" in done.stderr
    failed = cards(tmp_path / "out.errors.jsonl")
    assert [one["where"].rsplit(":", 1)[1] for one in failed] == ["1", "2", "3", "4"]
    assert [one["attempts"] for one in failed] == [1, 0, 0, 0]
    assert failed[0]["error"] == "PaperFailed" and "bad paper" in failed[0]["message"]
    assert [card["title"] for card in cards(tmp_path / "out.jsonl")] == [
        record["title"] for record in records[1:]
    ]
    again = run("enrich", source, "-o", "out.jsonl", "-j", "1", **hosted)
    assert "5 cards (1 new, 4 cached), 2 failed, 1 without an abstract" in again.stderr


def one_line(done: "subprocess.CompletedProcess[str]", code: int, says: str) -> None:
    """Exit code, and one line that says it, without a traceback."""
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("papercards: ")]
    assert len(lines) == 1, done.stderr
    assert says in lines[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("none.jsonl", None, 2, "none.jsonl"),
        ("empty.jsonl", b"", 1, "empty"),
        ("binary.jsonl", bytes(range(256)) * 8, 1, "binary.jsonl"),
        ("wrong.csv", b"colour,size\nred,3\n", 2, "colour"),
        ("noabstract.jsonl", b'{"title": "T"}\n', 1, "noabstract.jsonl:1"),
        ("bytes.jsonl", b'{"title": "T", "abstract": "\xff\xfe"}\n', 1, "bytes.jsonl:1"),
    ],
)
def test_bad_input_is_one_line(
    run: Run, tmp_path: Path, hosted: dict[str, str], name: str, content: bytes | None, code: int, says: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    one_line(run("enrich", name, "-o", "out.jsonl", **hosted), code, says)


def test_a_duplicate_gets_no_second_card(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(2), *some(1))
    done = run("enrich", source, "-o", "out.jsonl", **hosted)

    assert done.returncode == 0
    assert "p.jsonl:3" in done.stderr
    assert len(cards(tmp_path / "out.jsonl")) == len(stub.bodies) == 2


def test_an_abstract_of_100_000_characters_is_no_trouble(
    run: Run, tmp_path: Path, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", {"title": "Long", "abstract": "It is a long story. " * 5000})
    aside = run("enrich", source, "-o", "out.jsonl", **hosted)
    assert aside.returncode == 1
    assert "its abstract has 100,000 characters" in aside.stderr
    done = run("enrich", source, "-o", "out.jsonl", "--force", **hosted)

    assert done.returncode == 0, done.stderr
    assert len(cards(tmp_path / "out.jsonl")) == 1


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        ([Fault(200, b"<html>welcome</html>")], "an HTML page"),
        ([error(401, f"bad key {KEY}")], "rejected the API key"),
        ([error(404, "no such model")], "no such model"),
    ],
)
def test_an_endpoint_that_serves_nobody_ends_the_run(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str], faults: list[Fault], says: str
) -> None:
    source = write(tmp_path / "p.jsonl", *some(50))
    stub.script = [*faults] * 60
    done = run("enrich", source, "-o", "out.jsonl", **hosted)

    one_line(done, 2, says)
    assert len(stub.bodies) <= 20
    assert KEY not in done.stderr


def test_a_dead_port_ends_the_run(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(50))

    done = run("enrich", source, "-m", "openai/x", "--base-url", "http://127.0.0.1:9/v1")
    one_line(done, 2, "cannot reach the endpoint")


def test_a_hosted_model_without_a_key_says_what_to_do(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))

    one_line(run("enrich", source, "-m", "openai/gpt-4.1-mini"), 2, "Set OPENAI_API_KEY")


def test_a_model_that_nobody_knows_says_what_to_write(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))

    one_line(run("enrich", source, "-m", "gpt-9"), 2, "provider/model")


def test_a_cache_directory_that_is_a_file_is_one_line(
    run: Run, tmp_path: Path, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))
    (tmp_path / "c").write_text("")

    one_line(run("enrich", source, "--cache-dir", "c", **hosted), 2, "the cache directory is a file")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; without the right to mount one, a file size limit would test something else."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk is not allowed here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_read_only_output_directory_is_one_line(
    run: Run, tmp_path: Path, hosted: dict[str, str], small_disk: Path
) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    one_line(run("enrich", source, "-o", small_disk / "out.jsonl", **hosted), 2, "out.jsonl")


@pytest.mark.slow
@pytest.mark.parametrize("full", ["output", "cache"])
def test_a_full_disk_is_one_line_and_loses_nothing(
    run_process: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str], small_disk: Path, full: str
) -> None:
    long = "The count goes on, " + "and on through the leaves of the wood, " * 520 + "to its end."
    papers = [{"title": f"P{n}", "abstract": f"We count to {n}. {long}"} for n in range(80)]
    stub.reply = lambda record, _: json.dumps(
        record | {"claims": [{"sentence": 2, "kind": record["claims"][0]["kind"]}]}
    )
    source = write(tmp_path / "p.jsonl", *papers)
    output = small_disk / "out.jsonl" if full == "output" else tmp_path / "out.jsonl"
    store = small_disk / "cache" if full == "cache" else tmp_path / "cache"
    filler = small_disk / "filler"
    filler.write_bytes(b"0" * (400_000 if full == "output" else 700_000))
    first = run_process("enrich", source, "-o", output, "--cache-dir", store, "-j", "2", **hosted)

    one_line(first, 2, "run the same command again" if full == "output" else "cache")
    asked = len(stub.bodies)
    kept = [json.loads(line) for line in output.with_name("out.jsonl.partial").read_text().splitlines()]
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    second = run_process("enrich", source, "-o", output, "--cache-dir", store, "-j", "2", **hosted)
    assert second.returncode == 0, second.stderr
    assert len(stub.bodies) <= 80 + 2 + 1, (asked, len(stub.bodies))
    assert len(cards(output)) == 80
    assert len(kept) < 80


@pytest.mark.slow
def test_the_flag_beats_the_environment_beats_the_file(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))
    (tmp_path / "papercards.toml").write_text('model = "openai/from-file"\n')
    del hosted["PAPERCARDS_MODEL"]
    run("enrich", source, "--no-cache", **hosted)
    run("enrich", source, "--no-cache", PAPERCARDS_MODEL="openai/from-environment", **hosted)
    run("enrich", source, "--no-cache", "-m", "openai/from-flag", PAPERCARDS_MODEL="openai/x", **hosted)

    assert [body["model"] for body in stub.bodies] == ["from-file", "from-environment", "from-flag"]


@pytest.mark.parametrize("number", ["-1", "0"])
def test_no_papers_in_flight_is_refused_and_does_not_hang(run: Run, tmp_path: Path, number: str) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))

    one_line(run("enrich", source, "-m", "baseline", PAPERCARDS_CONCURRENCY=number), 2, "above 0")


def test_a_pipe_with_a_name_is_read_once(run: Run, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    line = json.dumps(some(1)[0])
    writer = subprocess.Popen(["sh", "-c", f"echo '{line}' > {tmp_path / 'pipe.jsonl'}"])
    try:
        done = run("enrich", "pipe.jsonl", "-m", "baseline")
    finally:
        writer.kill()
        writer.wait()

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == "Paper 0"


def test_a_taxonomy_of_ones_own_goes_all_the_way(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str]
) -> None:
    from tests.test_taxonomy import SMALL

    (tmp_path / "small.yaml").write_text(SMALL)
    source = write(tmp_path / "p.jsonl", *some(1))
    done = run("enrich", source, "--taxonomy", "small.yaml", "-o", "out.jsonl", **hosted)

    assert done.returncode == 0, done.stderr
    card = cards(tmp_path / "out.jsonl")[0]
    assert card["tasks"] == [{"label": "oaks", "confidence": None}]
    assert card["provenance"]["taxonomy"].startswith("small@")
