"""`papercards cache`: why an answer is not there, and rows that are summed up, deleted, and moved."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from papercards.model.cache import Answer, Cache, Kept, Part, key_of
from papercards.model.cache_misses import changes_of
from papercards.model.cache_rows import line_of, row_of_line, stored
from tests.cli.test_enrich import hosted, some, write
from tests.conftest import Run
from tests.stub import Stub

__all__ = ["hosted"]

PARTS: dict[str, Part] = {
    "endpoint": "local",
    "model": "m",
    "prefix": "0" * 64,
    "paper": "p",
    "max_tokens": 900,
}
NAMES = {"id": "arxiv:1", "model": "openai/m", "prompt": "card@1", "taxonomy": "t@1"}


def answer(created: str = "2026-01-01T00:00:00Z", cost_usd: float | None = None) -> Answer:
    return Answer("{}", "m", "stop", created, 1.5, 1, 10, 4, 3, cost_usd=cost_usd)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    return write(tmp_path / "p.jsonl", *some(5))


def ids(tmp_path: Path, name: str) -> list[str]:
    return [json.loads(line)["id"] for line in (tmp_path / name).read_text().splitlines()]


@pytest.fixture
def filled(run: Run, tmp_path: Path, papers: Path, stub: Stub, hosted: dict[str, str]) -> list[str]:
    """The ids of five papers whose answers are in the cache `c`."""
    done = run("enrich", papers, "--cache-dir", "c", "-o", "a.jsonl", **hosted)
    assert done.returncode == 0, done.stderr
    return ids(tmp_path, "a.jsonl")


def test_explain_says_that_an_answer_is_there_or_what_has_changed(
    run: Run, tmp_path: Path, papers: Path, filled: list[str], stub: Stub, hosted: dict[str, str]
) -> None:
    explain = ("cache", "explain", filled[2], "--cache-dir", "c")
    shipped = run("taxonomy", "show").stdout.splitlines()[0][2:]
    labels = "{a: one thing, b: another thing}"
    groups = "".join(
        f"{group}: {labels}\n" for group in ("tasks", "modalities", "contributions", "claim_kinds")
    )
    statuses = "artifact_status: {released: it is, promised: it will be, not-stated: neither}\n"
    (tmp_path / "mine.yaml").write_text(f"name: mine\n{groups}{statuses}")
    lines = papers.read_text().splitlines(keepends=True)
    (tmp_path / "other.jsonl").write_text("".join(lines).replace("We ", "Now we "))

    there = run(*explain, "--source", papers, **hosted)
    without_text = run(*explain, **hosted)
    tokens = run(*explain, "--source", papers, "--answer-tokens", "1200", **hosted)
    effort = run(*explain, "--source", papers, "--reasoning-effort", "low", **hosted)
    model = run(*explain, "--source", papers, "-m", "openai/another", **hosted)
    taxonomy = run(*explain, "--source", papers, "--taxonomy", "mine.yaml", **hosted)

    assert "is in the cache; nothing would be sent" in there.stdout
    assert "an answer is there" in without_text.stdout
    # A finished answer is the same under a higher limit.
    assert "is in the cache; nothing would be sent" in tokens.stdout
    assert "reasoning_effort" in effort.stdout
    assert any(
        line.startswith("  model changed: ") and line.endswith("→ openai/another")
        for line in model.stdout.splitlines()
    )
    assert f"  taxonomy changed: {shipped} → mine@" in taxonomy.stdout
    assert len(stub.bodies) == 5, "explaining asks nothing"


def test_explain_names_a_changed_text_and_a_paper_that_was_never_asked(
    run: Run, tmp_path: Path, filled: list[str], hosted: dict[str, str]
) -> None:
    record = {"id": filled[0], "title": "Another text", "abstract": "We counted to nine. It was hard."}
    (tmp_path / "new.jsonl").write_text(json.dumps(record))

    changed = run("cache", "explain", filled[0], "--source", "new.jsonl", "--cache-dir", "c", **hosted)
    never = run("cache", "explain", "arxiv:1111.22222", "--cache-dir", "c", **hosted)
    missing = run(
        "cache", "explain", "arxiv:1111.22222", "--source", "new.jsonl", "--cache-dir", "c", **hosted
    )
    baseline = run("cache", "explain", filled[0], "-m", "baseline", "--cache-dir", "c")

    assert "  the text of the paper changed, or how it is shown" in changed.stdout.splitlines()
    assert "arxiv:1111.22222: no answer of any model or prompt" in never.stdout
    assert missing.returncode == 1 and "no paper has the id" in missing.stderr
    assert baseline.returncode == 2 and "has no answers that can be explained" in baseline.stderr


def test_names_beside_an_answer_change_no_key_and_rows_without_them_are_read(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.put(PARTS, answer(), NAMES)
    cache.close()
    with closing(sqlite3.connect(tmp_path / "c" / "answers" / "cache.db")) as table:
        ((key, value),) = table.execute("SELECT key, value FROM Cache").fetchall()
        row = json.loads(value)
        del row["names"]
        table.execute("UPDATE Cache SET value = ?", (json.dumps(row),))
        table.commit()

    assert key == key_of(PARTS)
    (old,) = stored(tmp_path / "c")
    assert old.row == Kept(PARTS, answer(), {})
    assert (old.model, old.prompt) == ("m", "00000000")


def test_a_change_is_told_by_name_else_by_hash_and_never_with_what_users_hide() -> None:
    now: dict[str, Part] = PARTS | {"prefix": "1" * 64, "extra_body": '{"user": "secret"}'}

    named = list(changes_of(Kept(PARTS, answer(), NAMES), now, NAMES | {"prompt": "card@2"}))
    bare = list(changes_of(Kept(PARTS, answer(), {}), now, NAMES))

    more = list(changes_of(Kept(PARTS, answer(), {}), PARTS | {"reasoning_effort": "high"}, NAMES))
    assert more == ["reasoning_effort changed: default → high"]
    assert named == ["prompt changed: card@1 → card@2", "extra_body changed"]
    assert bare == ["prompt, taxonomy or fields changed: 00000000 → 11111111", "extra_body changed"]


def test_stats_sum_answers_by_model_and_prompt(run: Run, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    for number in range(3):
        cost = 0.5 if number else None
        cache.put(PARTS | {"paper": f"p{number}"}, answer(f"2026-01-0{number + 1}T00:00:00Z", cost), NAMES)
    cache.put(PARTS | {"model": "old"}, answer())
    cache.close()

    text = run("cache", "stats", "--cache-dir", "c").stdout
    data = json.loads(run("cache", "stats", "--cache-dir", "c", "--json").stdout)

    assert "4 answers" in text.splitlines()[0]
    assert "openai/m, card@1: 3 answers" in text
    assert "2026-01-01 to 2026-01-03, $1.00 saved (known for 2)" in text
    assert "old, 00000000: 1 answer" in text and "cost unknown" in text
    assert [(one["model"], one["answers"], one["cost_usd"]) for one in data] == [
        ("openai/m", 3, 1.0),
        ("old", 1, 0.0),
    ]


def test_prune_deletes_what_is_chosen_after_it_was_asked(
    run: Run, tmp_path: Path, papers: Path, filled: list[str], stub: Stub, hosted: dict[str, str]
) -> None:
    cache = Cache(tmp_path / "c")
    for number in range(4):
        cache.put(PARTS | {"paper": f"p{number}"}, answer(f"2020-01-0{number + 1}T00:00:00Z", 0.25), NAMES)
    cache.close()
    prune = ("cache", "prune", "--cache-dir", "c")

    nothing = run(*prune)
    dry = run(*prune, "--older-than", "365", "--dry-run")
    unasked = run(*prune, "--older-than", "365")
    other = run(*prune, "--older-than", "365", "--model", "openai/none", "--yes")
    kept = len(list(stored(tmp_path / "c")))
    done = run(*prune, "--older-than", "365", "--model", "openai/m", "--prompt", "card", "--yes")
    again = run("enrich", papers, "--cache-dir", "c", "-o", "b.jsonl", **hosted)

    assert nothing.returncode == 2
    assert dry.stdout.startswith("would delete 4 answers, ") and "which cost $1.00" in dry.stdout
    assert unasked.returncode == 2 and "--yes" in unasked.stderr
    assert other.stdout == "nothing to delete\n"
    assert kept == 9 and done.returncode == 0
    assert len(list(stored(tmp_path / "c"))) == 5
    assert again.returncode == 0 and "0 new, 5 cached" in again.stderr
    assert run(*prune, "--max-size", "0", "--yes").returncode == 0
    assert list(stored(tmp_path / "c")) == []
    run("enrich", papers, "--cache-dir", "c", "-o", "d.jsonl", **hosted)
    assert len(stub.bodies) == 10


def test_prune_by_size_takes_the_oldest(run: Run, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    for number in (3, 1, 2):
        cache.put(PARTS | {"paper": f"p{number}"}, answer(f"2020-01-0{number}T00:00:00Z"), NAMES)
    cache.close()
    size = sum(one.size for one in stored(tmp_path / "c"))

    run("cache", "prune", "--cache-dir", "c", "--max-size", str(size / 1e6 * 0.7), "--yes")

    left = [one.row.parts["paper"] for one in stored(tmp_path / "c") if one.row is not None]
    assert left == ["p3", "p2"]


def test_exported_answers_serve_another_cache(
    run: Run, tmp_path: Path, papers: Path, filled: list[str], stub: Stub, hosted: dict[str, str]
) -> None:
    run("cache", "export", "--cache-dir", "c", "-o", "rows.jsonl")
    done = run("cache", "import", "rows.jsonl", "--cache-dir", "d")
    twice = run("cache", "import", "rows.jsonl", "--cache-dir", "d")
    there = run("enrich", papers, "--cache-dir", "d", "-o", "b.jsonl", "--offline", **hosted)

    assert "5 answers added, 0 there already, 0 refused" in done.stderr
    assert "0 answers added, 5 there already, 0 refused" in twice.stderr
    assert there.returncode == 0, there.stderr
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    assert run("cache", "export", "--cache-dir", "d").stdout == (tmp_path / "rows.jsonl").read_text()
    assert "sk-" not in (tmp_path / "rows.jsonl").read_text()


def test_import_takes_no_row_that_does_not_match_its_key(run: Run, tmp_path: Path) -> None:
    good = line_of(Kept(PARTS, answer(), NAMES))
    assert good is not None
    row = json.loads(good)
    strange = {
        "its key is not that of its parts": [
            row | {"key": "f" * 64},
            row | {"parts": PARTS | {"model": "x"}},
        ],
        "its answer is none that papercards writes": [
            row | {"answer": row["answer"] | {"cost_usd": -1}},
            row | {"answer": row["answer"] | {"created": "<b>"}},
            row | {"answer": {}},
        ],
        "is not a row of a cache": [
            {},
            [],
            row | {"parts": {"model": ["m"]}},
            row | {"parts": {}},
            {"key": 1},
        ],
    }
    expected = [(reason, json.dumps(one)) for reason, rows in strange.items() for one in rows]
    expected += [
        ("is not JSON", "{"),
        ("is not JSON", "gASVJAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU"),
        ("is not JSON", "[" * 9999),
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join([*(line for _, line in expected), "", good]))

    done = run("cache", "import", "rows.jsonl", "--cache-dir", "c")

    assert done.returncode == 1
    assert f"1 answer added, 0 there already, {len(expected)} refused" in done.stderr
    for number, (reason, _) in enumerate(expected, start=1):
        assert f"rows.jsonl:{number}: {reason}" in done.stderr
    (one,) = stored(tmp_path / "c")
    assert one.row == row_of_line(good.encode())


def test_export_leaves_out_damaged_rows_and_those_with_a_key(run: Run, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    cache.put(PARTS, answer(), NAMES)
    cache.put(PARTS | {"extra_body": '{"api_key": "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"}'}, answer())
    cache.put(PARTS | {"extra_body": '{"user": "in-the-environment"}'}, answer())
    cache.put(PARTS | {"paper": "damaged"}, answer())
    cache.close()
    with closing(sqlite3.connect(tmp_path / "c" / "answers" / "cache.db")) as table:
        table.execute("UPDATE Cache SET value = '{}' WHERE value LIKE '%damaged%'")
        table.commit()

    done = run("cache", "export", "--cache-dir", "c", MY_API_KEY="in-the-environment")

    assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == [key_of(PARTS)]
    assert "2 answers with a key, left out" in done.stderr


def test_strange_names_are_not_believed() -> None:
    line = line_of(Kept(PARTS, answer(), NAMES))
    assert line is not None
    row = json.loads(line) | {
        "names": {"model": "\x1b]0;owned\x07", "prompt": ["x"], "id": "a" * 999, "evil": "y"}
    }

    assert row_of_line(json.dumps(row).encode()).names == {}
