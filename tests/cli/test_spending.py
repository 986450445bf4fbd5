"""Money and pace from the command line: an estimate before, a limit on the way, the sum at the end."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.cli.test_enrich import cards, hosted, some, write  # noqa: F401  (a fixture)
from tests.conftest import Run
from tests.stub import Stub, error


def test_an_estimate_sends_nothing_and_knows_the_cache(
    run: Run,
    tmp_path: Path,
    stub: Stub,
    hosted: dict[str, str],  # noqa: F811
) -> None:
    source = write(tmp_path / "p.jsonl", *some(30))
    run("enrich", source, "--limit", "10", "-o", "c.jsonl", **hosted)
    stub.bodies.clear()
    said = run("enrich", source, "--estimate", "--price", "1/10", **hosted)

    assert said.returncode == 0, said.stderr
    assert stub.bodies == []
    rows = {line[:18].strip(): line[18:].strip() for line in said.stdout.splitlines()}
    assert (rows["papers"], rows["cached"], rows["calls"]) == ("30", "10", "20")
    assert re.match(r"about \$0\.\d{4}, at most \$0\.\d{4}", rows["cost"])
    assert not list(tmp_path.glob("*.partial"))


def test_an_unknown_price_is_unknown(run: Run, tmp_path: Path, hosted: dict[str, str]) -> None:  # noqa: F811
    source = write(tmp_path / "p.jsonl", *some(3))
    said = run("enrich", source, "--estimate", **hosted)
    assert "unknown" in said.stdout and "$" not in said.stdout
    refused = run("enrich", source, "--max-cost", "1", **hosted)
    assert refused.returncode == 2
    assert "is unknown, so --max-cost cannot be enforced. Give it with --price" in refused.stderr
    done = run("enrich", source, "-o", "c.jsonl", **hosted)
    assert "cost unknown" in done.stderr
    assert cards(tmp_path / "c.jsonl")[0]["provenance"]["cost_usd"] is None


def test_cost_stands_in_the_card_and_in_the_summary(
    run: Run,
    tmp_path: Path,
    stub: Stub,
    hosted: dict[str, str],  # noqa: F811
) -> None:
    stub.script = [error(500), error(429)]
    source = write(tmp_path / "p.jsonl", *some(5))
    done = run("enrich", source, "-o", "c.jsonl", "--price", "1/0.5/10", **hosted)

    assert done.returncode == 0, done.stderr
    # 60 tokens at $1, 40 cached ones at $0.50, 10 of completion at $10, for a million.
    assert {card["provenance"]["cost_usd"] for card in cards(tmp_path / "c.jsonl")} == {0.00018}
    assert "$0.0009" in done.stderr
    again = run("enrich", source, "-o", "d.jsonl", "--price", "7/7", **hosted)
    assert "$0.00" in again.stderr
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "d.jsonl").read_bytes()


@pytest.mark.slow
def test_a_run_stops_before_it_may_cost_too_much_and_goes_on_later(
    run: Run,
    tmp_path: Path,
    stub: Stub,
    hosted: dict[str, str],  # noqa: F811
) -> None:
    source = write(tmp_path / "p.jsonl", *some(60))
    arguments = ("enrich", source, "-o", "c.jsonl", "-j", "4", "--price", "1/10")
    stopped = run(*arguments, "--max-cost", "0.02", **hosted)

    assert stopped.returncode == 1
    assert "Run the same command again with a higher --max-cost" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    sent = len(stub.bodies)
    assert 0 < sent < 60
    assert sent * 0.0002 <= 0.02
    partial = (tmp_path / "c.jsonl.partial").read_text(encoding="utf-8").splitlines()
    assert len(partial) == sent
    assert all(json.loads(line)["title"] for line in partial)
    done = run(*arguments, "--max-cost", "1", **hosted)
    assert done.returncode == 0, done.stderr
    assert len(stub.bodies) == 60
    assert [card["title"] for card in cards(tmp_path / "c.jsonl")] == [f"Paper {n}" for n in range(60)]


@pytest.mark.slow
def test_requests_a_minute_are_kept(run: Run, tmp_path: Path, hosted: dict[str, str]) -> None:  # noqa: F811
    source = write(tmp_path / "p.jsonl", *some(8))
    begin = time.monotonic()
    done = run("enrich", source, "-o", "c.jsonl", "-j", "8", "--rpm", "120", **hosted)

    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begin > 2  # 8 requests, half a second each, one second early at most


@pytest.mark.parametrize(
    ("flag", "value", "says"),
    [
        ("--rpm", "0", "rpm must be above 0"),
        ("--max-cost", "-1", "max_cost must be above 0"),
        ("--price", "cheap", "--price takes USD"),
        ("-j", "many", "concurrency is a number above 0 or auto"),
    ],
)
def test_nonsense_is_one_line(
    run: Run,
    tmp_path: Path,
    hosted: dict[str, str],  # noqa: F811
    flag: str,
    value: str,
    says: str,
) -> None:
    source = write(tmp_path / "p.jsonl", *some(1))
    done = run("enrich", source, flag, value, **hosted)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
