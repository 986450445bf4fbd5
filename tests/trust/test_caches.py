"""Rows of a cache that papercards did not write, or not there, are misses; `cache verify` names them."""

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from papercards.model.cache import Answer, Cache, decode, key_of
from papercards.paper import Paper
from papercards.runs import seal
from papercards.runs.card_lines import CardLines
from tests.trust.conftest import Program

ENRICH = ("enrich", "papers.jsonl", "-m", "baseline", "--cache-dir", "c", "-o")


@pytest.fixture
def lines(program: Program) -> Callable[..., None]:
    """Changes a finished line as somebody would who can write the file: `lines("p2", new_line)`."""
    papers = [
        {
            "id": f"p{n}",
            "title": f"Paper {n} about sets",
            "abstract": f"We study {n} sets with care. Accuracy is {n}2% better than before on SQuAD.",
        }
        for n in range(1, 6)
    ]
    Path("papers.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    assert program(*ENRICH, "before.jsonl").code == 0

    def change(name: str, new: Callable[[dict[str, str]], str]) -> None:
        with closing(sqlite3.connect("c/answers/finished.db")) as table, table:
            rows = {
                json.loads(line)["id"]: (row, line)
                for row, line in table.execute("SELECT rowid, line FROM lines")
            }
            line = new({one: text for one, (_, text) in rows.items()})
            for checksum in (zlib.crc32(line.encode()), None):
                table.execute(
                    "UPDATE lines SET line = ?, checksum = coalesce(?, checksum) WHERE rowid = ?",
                    (line, checksum, rows[name][0]),
                )

    return change


TAMPERED: dict[str, Callable[[dict[str, str]], str]] = {
    "another paper's card": lambda found: found["p3"],
    "two lines": lambda found: found["p2"] + "\n" + found["p2"].replace('"p2"', '"ghost"'),
    "a carriage return": lambda found: found["p2"] + "\r",
    "no JSON": lambda found: "{" + found["p2"],
    "no card": lambda found: '{"id":"p2","title":1}',
    "an escape": lambda found: found["p2"].replace("Paper 2", "Paper \x1b]0;owned\x07 2"),
    "another summary": lambda found: json.dumps(json.loads(found["p2"]) | {"tldr": "Forged."}),
    "other tags": lambda found: found["p2"].replace(
        '"tasks":[', '"tasks":[{"label":"robotics","confidence":1.0},'
    ),
    "nothing": lambda found: "",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_finished_line_that_was_changed_is_made_again(
    how: str, lines: Callable[..., None], program: Program
) -> None:
    lines("p2", TAMPERED[how])
    again = program(*ENRICH, "after.jsonl", "-o", "after.md")

    assert again.code == 0, again.err
    assert Path("after.jsonl").read_bytes() == Path("before.jsonl").read_bytes()
    assert program("verify", "after.jsonl", "--source", "papers.jsonl").code == 0


def test_a_sealed_row_in_another_place_is_a_miss(lines: Callable[..., None], program: Program) -> None:
    with closing(sqlite3.connect("c/answers/finished.db")) as table, table:
        rows = table.execute("SELECT rowid, line, checksum FROM lines ORDER BY rowid").fetchall()
        for (row, *_), (_, line, checksum) in zip(rows, rows[1:] + rows[:1], strict=True):
            table.execute("UPDATE lines SET line = ?, checksum = ? WHERE rowid = ?", (line, checksum, row))
    assert program(*ENRICH, "after.jsonl").code == 0
    assert Path("after.jsonl").read_bytes() == Path("before.jsonl").read_bytes()


def test_a_line_with_another_id_or_a_line_end_is_not_recalled_whoever_kept_it(tmp_path: Path) -> None:
    paper = Paper('quoted "id" \u00e9\x7f', "Title", "Abstract.", "p:1")
    good = json.dumps({"id": paper.id, "title": "Title"}, ensure_ascii=False, separators=(",", ":")).encode()
    for line in (good, good + b"\n", good.replace(b"quoted", b"other"), b"", b'{"title":"x"}', b'{"id":1}'):
        finished = CardLines(tmp_path, {})
        finished.keep(paper, line)
        finished.close()
        assert CardLines(tmp_path, {}).recall([paper]) == [line if line == good else None]


def test_lines_of_another_user_are_misses_and_stay(
    lines: Callable[..., None], program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def count() -> int:
        with closing(sqlite3.connect("c/answers/finished.db")) as table:
            return int(table.execute("SELECT count(*) FROM lines").fetchone()[0])

    assert count() == 5
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "another"))
    assert program(*ENRICH, "theirs.jsonl").code == 0 and count() == 10
    assert Path("theirs.jsonl").read_bytes() == Path("before.jsonl").read_bytes()


def test_the_key_of_the_seal_is_the_user_s_and_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    first, second = seal.user_seal(), seal.user_seal()
    file = tmp_path / "config" / "papercards" / "seal.key"
    assert first.of(b"a", b"bc") == second.of(b"a", b"bc") != first.of(b"ab", b"c")
    assert file.stat().st_mode & 0o777 == 0o600 and [one.name for one in file.parent.iterdir()] == [
        "seal.key"
    ]


PARTS = {"model": "m", "prompt": "p"}
GOOD = Answer('{"a": 1}', "m", "stop", "2026-01-01T00:00:00Z", 1.5, 1, 10, 4, 3, cost_usd=0.01)


def row(**changes: Any) -> str:
    fields = {name: getattr(GOOD, name) for name in Answer.__slots__}
    return json.dumps({"answer": fields | changes, "parts": PARTS})


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "\n<b>"},
        {"created": "2026-01-01T00:00:00Z<script>"},
        {"created": "yesterday"},
        {"created": "2026-01-01T00:00:0\u0660Z"},
        {"created": 1},
        {"cost_usd": -5},
        {"cost_usd": float("inf")},
        {"cost_usd": float("nan")},
        {"cost_usd": "1"},
        {"cost_usd": True},
        {"model": "x\x1b]0;owned\x07"},
        {"model": ["m"]},
        {"finish_reason": "\u202estop"},
        {"text": {"a": 1}},
        {"seconds": -1.0},
        {"calls": -1},
        {"calls": 1.5},
        {"prompt_tokens": True},
        {"completion_tokens": None},
        {"logprobs": [[["a", "b"]]]},
        {"logprobs": 1},
        {"more": 1},
    ],
)
def test_an_answer_that_was_edited_is_a_miss(changes: dict[str, Any]) -> None:
    assert decode(key_of(PARTS), row()) == GOOD
    assert decode(key_of(PARTS), row(**changes)) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"answer": 1, "parts": 2}', "[" * 100_000, '{"answer": null}']
)
def test_what_is_no_answer_is_a_miss(text: str) -> None:
    assert decode(key_of(PARTS), text) is None


def test_an_answer_in_another_question_s_place_is_a_miss_and_is_named(program: Program) -> None:
    cache = Cache(Path("c"))
    for n in range(3):
        cache.put(PARTS | {"n": n}, GOOD)
    cache.close()
    whole = program("cache", "verify", "--cache-dir", "c")
    assert whole.code == 0 and "3 answers, 0 of them damaged" in whole.out and "no damage found" in whole.out
    with closing(sqlite3.connect("c/answers/cache.db")) as table, table:
        key = key_of(PARTS | {"n": 1})
        other = table.execute(
            "SELECT value FROM Cache WHERE key = ?", (key_of(PARTS | {"n": 2}),)
        ).fetchone()[0]
        table.execute("UPDATE Cache SET value = ? WHERE key = ?", (other, key))
    cache = Cache(Path("c"))
    assert [cache.get(PARTS | {"n": n}) is not None for n in range(3)] == [True, False, True]
    cache.close()

    damaged = program("cache", "verify", "--cache-dir", "c")
    assert damaged.code == 1 and key[:16] in damaged.out and "1 of them damaged" in damaged.out
    assert "Nothing needs to be done" in damaged.err


def test_cache_verify_and_stats_say_what_there_is(lines: Callable[..., None], program: Program) -> None:
    lines("p2", TAMPERED["another summary"])
    said = program("cache", "verify", "--cache-dir", "c")
    assert said.code == 0 and "5 finished cards, 1 of them changed or made by another user" in said.out
    assert "5 finished cards" in program("cache", "stats", "--cache-dir", "c").out
    assert program("cache", "verify", "--cache-dir", "nowhere").code == 0 and not Path("nowhere").exists()
    Path("c/answers/finished.db").write_bytes(b"not a table at all" * 100)
    broken = program("cache", "verify", "--cache-dir", "c")
    assert broken.code == 1 and "finished.db: cannot read" in broken.err and "Delete this file" in broken.err


def test_verify_names_papers_without_a_card_and_cards_that_come_twice(
    lines: Callable[..., None], program: Program
) -> None:
    first, second, third, *rest = Path("before.jsonl").read_text().splitlines(keepends=True)
    Path("cards.jsonl").write_text("".join([first, third, third, *rest]))
    found = program("verify", "cards.jsonl", "--source", "papers.jsonl")
    assert found.code == 1 and "p3: appears twice, as card 2 and card 3" in found.out
    assert "p2: has no card (papers.jsonl:2)" in found.out

    Path("cards.jsonl").write_text("".join([first, third, *rest]))
    found = program("verify", "cards.jsonl", "--source", "papers.jsonl")
    assert found.code == 0 and "p2: has no card" in found.out and "1 paper has no card" in found.out
    assert second
