"""`convert` and `formats` as a user runs them."""

import json
import sqlite3
from pathlib import Path

import pytest

from papercards.card import Card
from papercards.sinks import read_cards
from tests.conftest import SEED, Run
from tests.test_plugins import install

OUTPUTS = ("c.json", "c.csv", "c.tsv", "c.parquet", "c.db", "c.duckdb", "c.md", "dataset:c")


@pytest.fixture
def cards(run: Run, tmp_path: Path) -> list[Card]:
    """Cards of some seed papers, in `cards.jsonl`."""
    done = run(
        "enrich", SEED, "--limit", "30", "-m", "baseline", "--no-cache", "--no-record", "-o", "cards.jsonl"
    )
    assert done.returncode == 0, done.stderr
    return list(read_cards(tmp_path / "cards.jsonl"))


def test_cards_go_to_every_format_and_come_back(run: Run, tmp_path: Path, cards: list[Card]) -> None:
    done = run("convert", "cards.jsonl", *OUTPUTS)

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("30 cards, 0 failed")
    assert not list(tmp_path.rglob("*.partial")) and not list(tmp_path.rglob("*.writing"))
    for name in ("c.json", "c.db", "dataset:c"):
        assert run("convert", name, "back.jsonl").returncode == 0
        assert (tmp_path / "back.jsonl").read_bytes() == (tmp_path / "cards.jsonl").read_bytes()


@pytest.mark.slow
def test_enrich_writes_the_same_files_as_convert(run: Run, tmp_path: Path, cards: list[Card]) -> None:
    (tmp_path / "there").mkdir()
    flags = [word for name in OUTPUTS for word in ("-o", name)]
    done = run(
        "enrich", SEED, "--limit", "30", "-m", "baseline", "--no-cache", *flags, cwd=tmp_path / "there"
    )
    assert done.returncode == 0, done.stderr
    run("convert", "cards.jsonl", *OUTPUTS, "--source", SEED)

    for path in (tmp_path / "there").rglob("*"):
        if path.is_file() and path.suffix != ".duckdb" and not path.name.endswith(".run.json"):
            assert path.read_bytes() == (tmp_path / path.relative_to(tmp_path / "there")).read_bytes(), path
    record = json.loads((tmp_path / "there" / "c.run.json").read_text())
    assert [one["whole"] for one in record["outputs"]] == [True] * 7
    again = run("rerun", "c.run.json", cwd=tmp_path / "there")
    assert again.returncode == 0, again.stderr
    assert "identical to the recorded bytes" in again.stderr


def test_a_source_adds_the_abstracts(run: Run, tmp_path: Path, cards: list[Card]) -> None:
    run("convert", "cards.jsonl", "without.db")
    (tmp_path / "more.jsonl").write_text('{"title": "T"}\n{"title": "T", "abstract": "A.", "id": "x"}\n')
    done = run("convert", "cards.jsonl", "with.db", "--source", SEED, "--source", "more.jsonl")

    assert done.returncode == 0, done.stderr
    assert "1 record of the sources could not be read as a paper" in done.stderr
    for name, count in (("without.db", 0), ("with.db", 30)):
        with sqlite3.connect(tmp_path / name) as database:
            assert database.execute("SELECT count(*) FROM abstracts").fetchone() == (count,)
    none = run("convert", "cards.jsonl", "with.db", "--source", "more.jsonl")
    assert "the papers of 30 cards are in no source" in none.stderr


def test_a_broken_card_leaves_no_output(run: Run, tmp_path: Path, cards: list[Card]) -> None:
    lines = (tmp_path / "cards.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "cards.jsonl").write_text("".join([*lines[:9], "{}\n", *lines[9:]]))
    (tmp_path / "c.db").write_text("from an earlier run")
    done = run("convert", "cards.jsonl", "c.db", "c.parquet")

    assert done.returncode == 1
    assert done.stderr == "papercards: cards.jsonl:10: not a card: id: Field required\n"
    assert (tmp_path / "c.db").read_text() == "from an earlier run"
    assert not (tmp_path / "c.parquet").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("c.csv", "x.jsonl"), "cards cannot be read back from csv"),
        (("none.jsonl", "x.db"), "no such file"),
        (("dataset:none", "x.db"), "no such folder"),
        (("cards.jsonl", "x.docx"), 'unknown format ".docx"'),
        (("cards.jsonl", "x.db", "./cards.jsonl"), "is both an input and an output"),
        (("cards.jsonl", "x.db", "--source", "none.bib"), "no such file"),
        (("cards.jsonl",), "Missing argument 'OUT'"),
    ],
)
def test_what_cannot_be_is_one_line(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    for name in ("cards.jsonl", "c.csv"):
        (tmp_path / name).write_text("")
    done = run("convert", *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.db").exists()


def test_formats_lists_every_way_in_and_out(run_process: Run, tmp_path: Path) -> None:
    install(tmp_path)
    done = run_process("formats", PYTHONPATH=str(tmp_path))

    assert done.returncode == 0, done.stderr
    lines = {" ".join(line.split()) for line in done.stdout.splitlines()}
    assert {
        "JSONL .jsonl .ndjson .json",
        "SQLite .db .sqlite .sqlite3",
        "Parquet .parquet .pq papercards[tables]",
        "pipes .pipes",
        "parquet .parquet .pq parquet:FILE yes papercards[tables]",
        "csv .csv csv:FILE no",
        "dataset dataset:FOLDER yes papercards[tables]",
        "titles .titles titles:FILE no",
    } <= lines
    assert any(line.startswith("Hugging Face data set hf-dataset:NAME") for line in lines)
    assert any(line.startswith("shelf") or "shelf:NAME" in line for line in lines)
