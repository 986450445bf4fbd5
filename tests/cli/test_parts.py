"""Runs in parts, for several machines, and what `merge` makes of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from papercards.paper import Paper
from papercards.runs.part import Part, part_of
from tests.conftest import Run
from tests.stub import Stub, error

PARTS = 3


def record(number: int, **more: Any) -> str:
    paper = {
        "id": f"p{number}",
        "title": f"Paper number {number}",
        "abstract": f"Counting is hard. We count to {number} with a new method. It is better than guessing.",
    }
    return json.dumps(paper | more)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """Papers, and what else stands in such files: broken lines, repeated papers, one id for two papers."""
    lines = [record(number) for number in range(40)]
    lines[5:5] = ["{broken", record(3), record(7, abstract="")]
    lines += [record(11), record(12, title="Another paper with this id"), "not json"]
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def in_parts(run: Run, papers: Path, *words: str, **variables: str) -> None:
    for number in range(1, PARTS + 1):
        done = run("enrich", papers, *words, "-o", "cards.jsonl", "--part", f"{number}/{PARTS}", **variables)
        assert done.returncode in (0, 1), done.stderr


def test_merged_parts_are_the_bytes_of_one_run(run: Run, papers: Path, tmp_path: Path) -> None:
    one = run("enrich", papers, "-m", "baseline", "-o", "one.jsonl", "-o", "one.csv", "-o", "one.md")
    in_parts(run, papers, "-m", "baseline")
    merged = run("merge", "cards.jsonl", "-o", "cards.jsonl", "-o", "cards.csv", "-o", "cards.md")
    assert merged.returncode == one.returncode == 1  # two broken lines
    for end in ("jsonl", "errors.jsonl", "csv", "md"):
        assert (tmp_path / f"cards.{end}").read_bytes() == (tmp_path / f"one.{end}").read_bytes(), end
    ours, theirs = (json.loads((tmp_path / f"{name}.run.json").read_text()) for name in ("cards", "one"))
    for name in ("done", "failed", "duplicates", "without_abstract"):
        assert ours["counts"][name] == theirs["counts"][name], name
    assert ours["outputs"][0]["sha256"] == theirs["outputs"][0]["sha256"]


def test_each_paper_is_in_one_part_wherever_it_stands() -> None:
    papers = [Paper.of(f"Paper {n}", "We count.") for n in range(3000)]
    dealt = [list(Part(number, 7).deal(papers)) for number in range(1, 8)]
    assert sorted(p.id for part in dealt for p in part) == sorted(p.id for p in papers)
    assert all(350 < len(part) < 510 for part in dealt)
    backwards = list(Part(2, 7).deal(reversed(papers)))
    assert backwards == dealt[1][::-1]
    assert part_of(papers[0], 7) == next(n for n, part in enumerate(dealt, 1) if papers[0] in part)


def test_failures_and_costs_of_parts_are_those_of_the_whole(
    run: Run, stub: Stub, papers: Path, tmp_path: Path
) -> None:
    stub.judge = lambda body: "this text is not allowed" if "count to 9 " in str(body) else None
    known = {"OPENAI_API_KEY": "sk-test-0123456789"}
    in_parts(run, papers, "-m", "openai/stub", "--base-url", stub.url, "--price", "1/1", **known)
    asked = len(stub.bodies)
    merged = run("merge", "cards.jsonl", **known)
    assert merged.returncode == 1
    assert len(stub.bodies) == asked  # nothing is asked again
    failed = [json.loads(line) for line in (tmp_path / "cards.errors.jsonl").read_text().splitlines()]
    assert [one["id"] for one in failed if one["error"] == "PaperFailed"] == ["p9"]
    parts = [
        json.loads((tmp_path / f"cards.part-{n}-of-{PARTS}.run.json").read_text())
        for n in range(1, PARTS + 1)
    ]
    whole = json.loads((tmp_path / "cards.run.json").read_text())
    for name in ("done", "new", "cached", "failed", "calls", "duplicates", "without_abstract"):
        assert whole["counts"][name] == sum(one["counts"][name] for one in parts), name
    assert whole["tokens"]["prompt"] == sum(one["tokens"]["prompt"] for one in parts)
    assert whole["cost_usd"] == pytest.approx(sum(one["cost_usd"] for one in parts))


def test_a_missing_part_is_named(run: Run, papers: Path, tmp_path: Path) -> None:
    in_parts(run, papers, "-m", "baseline")
    (tmp_path / "cards.part-2-of-3.jsonl").unlink()
    done = run("merge", "cards.jsonl")
    assert done.returncode == 2
    assert "1 of 3 parts are missing: 2/3" in done.stderr
    assert "--part 2/3" in done.stderr
    assert run("merge", "others.jsonl").returncode == 2


def test_a_part_that_was_stopped_is_not_merged(run: Run, papers: Path, stub: Stub, tmp_path: Path) -> None:
    known = {"OPENAI_API_KEY": "sk-test-0123456789"}
    in_parts(run, papers, "-m", "openai/stub", "--base-url", stub.url, **known)
    stub.script = [error(401)] * 9
    words = ("-m", "openai/stub", "--base-url", stub.url, "--no-cache", "-o", "cards.jsonl")
    assert run("enrich", papers, *words, "--part", "3/3", **known).returncode == 2
    done = run("merge", "cards.jsonl")
    assert done.returncode == 2
    assert "part 3/3 is not complete" in done.stderr


@pytest.mark.parametrize("what", ["lost", "double", "foreign"])
def test_a_card_too_few_or_too_many_is_found(run: Run, papers: Path, tmp_path: Path, what: str) -> None:
    in_parts(run, papers, "-m", "baseline")
    part = tmp_path / "cards.part-1-of-3.jsonl"
    lines = part.read_text().splitlines(keepends=True)
    changed = {
        "lost": lines[:1] + lines[2:],
        "double": lines[:2] + lines[1:],
        "foreign": [*lines, lines[0].replace('"id":"', '"id":"x')],
    }
    part.write_text("".join(changed[what]))
    done = run("merge", "cards.jsonl", "-o", "whole.jsonl")
    assert done.returncode == 1
    expected = "no part has it" if what == "lost" else "belongs to no paper of the sources"
    assert expected in done.stderr


def test_parts_of_different_runs_are_not_mixed(run: Run, papers: Path, tmp_path: Path) -> None:
    in_parts(run, papers, "-m", "baseline")
    run("enrich", papers, "-m", "baseline", "--limit", "9", "-o", "cards.jsonl", "--part", "2/3")
    done = run("merge", "cards.jsonl")
    assert done.returncode == 1
    assert "a setting differs from that of part 1/3" in done.stderr
    run("enrich", papers, "-m", "baseline", "-o", "cards.jsonl", "--part", "1/2")
    done = run("merge", "cards.jsonl")
    assert done.returncode == 2
    assert "parts of several runs" in done.stderr


def test_sources_that_changed_are_not_merged(run: Run, papers: Path) -> None:
    in_parts(run, papers, "-m", "baseline")
    with papers.open("a") as file:
        file.write(record(99) + "\n")
    done = run("merge", "cards.jsonl")
    assert done.returncode == 1
    assert "papers.jsonl has changed" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "cards.jsonl", "--part", "0/3"), "K/N"),
        (("-o", "cards.jsonl", "--part", "4/3"), "K/N"),
        (("-o", "cards.jsonl", "--part", "2"), "K/N"),
        (("--part", "1/3"), "one JSONL file"),
        (("-o", "cards.csv", "--part", "1/3"), "one JSONL file"),
        (("-o", "a.jsonl", "-o", "b.jsonl", "--part", "1/3"), "one JSONL file"),
        (("-o", "a.jsonl", "--shards", "2", "--part", "1/3"), "one JSONL file"),
    ],
)
def test_a_part_that_could_not_be_merged_is_refused(
    run: Run, papers: Path, words: tuple[str, ...], said: str
) -> None:
    done = run("enrich", papers, "-m", "baseline", *words)
    assert done.returncode == 2
    assert said in done.stderr
