"""Papers in Parquet, SQLite, DuckDB and Hugging Face data sets: files that those libraries wrote."""

import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from papercards.errors import BadInput, MissingExtra, PapercardsError, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, count_records, is_file, open_source

ROWS = [(n, f"Títle {n}", f"We count to {n}. It works \u2028 well.") for n in range(600)]
Write = Callable[[Path, Sequence[tuple[int, str, str | None]]], Path]


def parquet(folder: Path, rows: Sequence[tuple[int, str, str | None]]) -> Path:
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {"key": columns[0], "Title": columns[1], "Abstract": columns[2], "year": [2024] * len(rows)}
    )
    pq.write_table(table, folder / "papers.parquet", row_group_size=250)
    return folder / "papers.parquet"


def sqlite(folder: Path, rows: Sequence[tuple[int, str, str | None]]) -> Path:
    with sqlite3.connect(folder / "papers.db") as connection:
        connection.execute("CREATE TABLE papers (key INTEGER, Title TEXT, Abstract TEXT, year INTEGER)")
        connection.execute("CREATE TABLE notes (title TEXT, note TEXT)")
        connection.executemany("INSERT INTO papers VALUES (?, ?, ?, 2024)", rows)
    connection.close()
    return folder / "papers.db"


def duck(folder: Path, rows: Sequence[tuple[int, str, str | None]]) -> Path:
    with duckdb.connect(folder / "papers.duckdb") as connection:
        connection.execute("CREATE TABLE papers (key INTEGER, Title TEXT, Abstract TEXT, year INTEGER)")
        connection.execute("CREATE TABLE notes (title TEXT, note TEXT)")
        connection.executemany("INSERT INTO papers VALUES (?, ?, ?, 2024)", [list(row) for row in rows])
    return folder / "papers.duckdb"


def saved(folder: Path, rows: Sequence[tuple[int, str, str | None]]) -> Path:
    parquet(folder, rows).rename(folder / "train.parquet")
    return folder


ALL = pytest.mark.parametrize(
    ("write", "where"),
    [(parquet, "{}:{}"), (sqlite, "{}:papers:{}"), (duck, "{}:papers:{}"), (saved, "hf-dataset:{}:{}")],
)


def read(path: Path | str, **options: object) -> list[Paper | BadRecord]:
    named = f"hf-dataset:{path}" if isinstance(path, Path) and path.is_dir() else str(path)
    return list(open_source(named, Options(**options)))  # type: ignore[arg-type]


@ALL
def test_every_row_is_a_paper_with_its_place(tmp_path: Path, write: Write, where: str) -> None:
    path = write(tmp_path, ROWS)

    found = read(path)

    assert found == [Paper(str(n), title, abstract) for n, title, abstract in ROWS]
    assert [one.where for one in found[:600:599]] == [where.format(path, 1), where.format(path, 600)]


@ALL
def test_a_bad_row_is_set_aside_and_the_rest_is_read(tmp_path: Path, write: Write, where: str) -> None:
    path = write(tmp_path, [(1, "A", "a."), (2, "B", None), (3, "", "c."), (4, "D", "d.")])

    found = read(path)

    assert found[1:3] == [
        BadRecord(where.format(path, 2), 'has no abstract: its field "Abstract" is null', "B"),
        BadRecord(where.format(path, 3), "has an empty title"),
    ]
    assert [type(one) for one in found] == [Paper, BadRecord, BadRecord, Paper]


@ALL
def test_columns_are_named_and_a_wrong_name_lists_them(tmp_path: Path, write: Write, where: str) -> None:
    path = write(tmp_path, ROWS[:3])

    named = read(path, columns={"title": "Abstract", "abstract": "Title"}, table=_table(path))
    with pytest.raises(UsageError, match=r'no column "Name".*Its columns: "key", "Title"'):
        read(path, columns={"title": "Name"}, table=_table(path))

    assert isinstance(named[0], Paper)
    assert named[0].abstract == "Títle 0"


def _table(path: Path) -> str | None:
    return None if path.suffix == ".parquet" or path.is_dir() else "papers"


def test_nested_columns_are_reached_by_their_path(tmp_path: Path) -> None:
    rows = [{"paper": {"name": "N", "text": {"en": "It works."}}, "views": 3, "title": "not this"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    with duckdb.connect(tmp_path / "p.duckdb") as connection:
        connection.execute("CREATE TABLE t AS SELECT * FROM read_parquet(?)", [str(tmp_path / "p.parquet")])
    (tmp_path / "set").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "set" / "train.parquet")
    named = {"title": "paper.name", "abstract": "paper.text.en"}

    for path in (tmp_path / "p.parquet", tmp_path / "p.duckdb", tmp_path / "set"):
        (found,) = read(path, columns=named)
        assert isinstance(found, Paper)
        assert (found.title, found.abstract) == ("N", "It works.")
        with pytest.raises(UsageError, match=r'no column "papers\.name"'):
            read(path, columns={"title": "papers.name", "abstract": "paper.text.en"})


def test_only_the_columns_of_a_paper_are_read(tmp_path: Path) -> None:
    path = parquet(tmp_path, ROWS[:1])
    (found,) = read(path, columns={"abstract": "year"})

    assert found == BadRecord(f"{path}:1", "its abstract is a number, not text")


@pytest.mark.parametrize("write", [sqlite, duck])
def test_several_tables_ask_for_one(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, ROWS[:2])
    _execute(path, "CREATE TABLE \"old; papers\" AS SELECT 'O' AS title, 'o.' AS abstract")

    with pytest.raises(
        UsageError, match=r"several tables.*--table.*\"papers\", \"notes\", \"old; papers\"|several"
    ):
        read(path)
    (old,) = read(path, table="old; papers")
    assert isinstance(old, Paper) and old.title == "O"
    with pytest.raises(UsageError, match=r'has no table "nothing"\. Its tables: '):
        read(path, table="nothing")


@pytest.mark.parametrize("write", [sqlite, duck])
def test_a_view_is_read_where_it_is_named_and_nowhere_else(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, ROWS[:2])
    _execute(
        path, "CREATE VIEW late AS SELECT Title AS title, Abstract AS abstract FROM papers WHERE key = 1"
    )

    assert len(read(path)) == 2
    assert [one.title for one in read(path, table="late") if isinstance(one, Paper)] == ["Títle 1"]
    _execute(path, "DROP VIEW late; ALTER TABLE papers RENAME COLUMN Title TO heading")
    _execute(path, "CREATE VIEW sole AS SELECT heading AS title, Abstract AS abstract FROM papers")
    with pytest.raises(UsageError, match=r'only a view has a title and an abstract: "sole"'):
        read(path)
    assert len(read(path, table="sole")) == 2


@pytest.mark.parametrize("write", [sqlite, duck])
def test_no_table_with_papers_lists_what_is_there(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, ROWS[:1])
    _execute(path, "DROP TABLE papers; CREATE TABLE other (a INTEGER)")

    with pytest.raises(UsageError, match=r'no table has a title and an abstract.*"notes", "other"'):
        read(path)


def _execute(path: Path, sql: str) -> None:
    if path.suffix == ".db":
        connection = sqlite3.connect(path)
        connection.executescript(sql)
        connection.close()
    else:
        with duckdb.connect(path) as database:
            database.execute(sql)


def test_a_table_in_another_schema_has_both_names(tmp_path: Path) -> None:
    path = tmp_path / "p.duckdb"
    _execute(path, "CREATE SCHEMA s; CREATE TABLE s.p AS SELECT 'T' AS title, 'a.' AS abstract, uuid() AS id")
    _execute(path, "CREATE TABLE \"s.q\" AS SELECT 'Q' AS title, 'q.' AS abstract")

    (found,) = read(path, table="s.p")
    (dotted,) = read(path, table="s.q")
    assert isinstance(found, Paper) and isinstance(dotted, Paper)
    assert uuid.UUID(found.id)
    assert dotted.title == "Q"


def test_a_view_of_a_database_reaches_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    path = tmp_path / "p.duckdb"
    file = tmp_path / "secret.txt"
    _execute(path, f"CREATE VIEW v AS SELECT 'T' AS title, content AS abstract FROM read_text('{file}')")

    with pytest.raises(BadInput) as caught:
        read(path, table="v")
    assert "secret" not in str(caught.value).replace("secret.txt", "")


@pytest.mark.parametrize("write", [sqlite, duck])
def test_the_file_is_not_changed_and_a_read_only_folder_will_do(tmp_path: Path, write: Write) -> None:
    path = write(tmp_path, ROWS[:2])
    before = path.read_bytes()
    tmp_path.chmod(0o500)
    try:
        assert len(read(path)) == 2
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_text_that_is_no_utf8_spoils_its_row_alone(tmp_path: Path) -> None:
    db = sqlite(tmp_path, ROWS[:2])
    _execute(db, "INSERT INTO papers VALUES (3, CAST(x'ff41' AS TEXT), 'a.', 1), (4, x'00ff', 'a.', 1)")
    bad = pa.array([b"A", b"\xff\xfe", b"C"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"title": bad, "abstract": ["a.", "b.", "c."]}), tmp_path / "bad.parquet")

    assert [one.reason for one in read(db) if isinstance(one, BadRecord)] == [
        "has characters that are not valid Unicode",
        "its title is binary data, not text",
    ]
    found = read(tmp_path / "bad.parquet")
    assert [type(one) for one in found] == [Paper, BadRecord, Paper]
    assert found[1] == BadRecord(f"{tmp_path}/bad.parquet:2", "is not valid UTF-8")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"no parquet"),
        ("a.parquet", b"PAR1" + b"\0" * 50 + b"PAR1"),
        ("a.parquet", b"PAR1 cut off"),
        ("a.db", b"SQLite format 3\0" + b"\xff" * 2000),
        ("a.db", b"text"),
        ("a.sqlite3", b"\x01\x02\x00" * 99),
        ("a.duckdb", b"01234567DUCK" + b"\xff" * 5000),
        ("a.duckdb", b"\0" * 5000),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(PapercardsError) as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/{name}: ")


def test_a_parquet_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    path = parquet(tmp_path, ROWS)
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(2).column(1).dictionary_page_offset or 0
    data[start : start + 200] = b"\xff" * 200
    path.write_bytes(data)

    found = []
    with pytest.raises(BadInput, match=r"papers\.parquet:\d+: cannot (be read any further|read further)"):
        for one in open_source(str(path)):
            found.append(one)
    assert len(found) == 500


def test_the_kind_is_known_by_content_too(tmp_path: Path) -> None:
    sqlite(tmp_path, ROWS[:2]).rename(tmp_path / "export")
    duck(tmp_path, ROWS[:2]).rename(tmp_path / "other.db")

    assert len(read(tmp_path / "export")) == len(read(tmp_path / "other.db")) == 2


@pytest.mark.parametrize("write", [parquet, sqlite, duck])
def test_a_pipe_is_refused(tmp_path: Path, write: Write) -> None:
    piped = write(tmp_path, ROWS[:2]).open("rb")

    with piped, pytest.raises(UsageError, match="cannot be read from a pipe"):
        list(open_source("-", stdin=piped))


def test_rows_are_counted_without_reading_them(tmp_path: Path) -> None:
    assert count_records(str(parquet(tmp_path, ROWS))) == 600
    assert count_records(str(sqlite(tmp_path, ROWS))) == 600


def test_a_missing_library_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [parquet(tmp_path, ROWS[:1]), duck(tmp_path, ROWS[:1])]
    for name in ("pyarrow", "pyarrow.parquet", "duckdb", "datasets"):
        monkeypatch.setitem(sys.modules, name, None)

    for path in files:
        with pytest.raises(MissingExtra, match=r"papercards\[tables\]"):
            read(path)
    with pytest.raises(MissingExtra, match=r"papercards\[datasets\]"):
        open_source(f"hf-dataset:{tmp_path}")


def dataset(folder: Path) -> Path:
    """A folder as people share it: a README that says which files are which split."""
    (folder / "data").mkdir(parents=True)
    for split, rows in (("train", ROWS[:300]), ("test", ROWS[300:310])):
        parquet(folder / "data", rows).rename(folder / "data" / f"{split}-00000-of-00001.parquet")
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - {split: train, path: data/train-*}\n  - {split: test, path: data/test-*}\n---\n"
    )
    return folder


def test_a_split_of_a_data_set_is_read(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "papers")

    assert len(read(f"hf-dataset:{folder}:train")) == 300
    assert len(read(f"hf-dataset:{folder}:test")) == 10
    assert not is_file(f"hf-dataset:{folder}:test")
    with pytest.raises(UsageError, match=r'has several splits.*"train", "test"'):
        read(f"hf-dataset:{folder}")
    with pytest.raises(UsageError, match='has no split "dev"'):
        read(f"hf-dataset:{folder}:dev")


def test_what_save_to_disk_leaves_is_read(tmp_path: Path) -> None:
    import datasets

    rows = datasets.Dataset.from_dict({"title": ["A", "B"], "abstract": ["a.", "b."]})
    rows.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict({"x": rows, "y": rows}).save_to_disk(str(tmp_path / "two"))

    assert len(read(f"hf-dataset:{tmp_path / 'one'}")) == 2
    assert len(read(f"hf-dataset:{tmp_path / 'two'}:y")) == 2


def test_json_lines_of_a_data_set_are_read(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"title": "A", "abstract": "a.", "n": 1}\n')

    (found,) = read(f"hf-dataset:{tmp_path}")
    assert isinstance(found, Paper)
    assert found.title == "A"


def test_a_folder_without_data_is_one_line_and_a_name_is_not_fetched_offline(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no data files") as caught:
        read(f"hf-dataset:{tmp_path}")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="offline"):
        read("hf-dataset:owner/name", offline=True)
    with pytest.raises(UsageError, match="no data set given"):
        read("hf-dataset:")


def test_the_program_reads_a_data_set_and_ends_well(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "papers")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "papercards",
            "enrich",
            f"hf-dataset:{folder}:test",
            "-m",
            "baseline",
            "--no-cache",
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 10
