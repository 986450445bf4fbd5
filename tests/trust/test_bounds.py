"""What a stranger's file may take of time and memory ends, whatever its format; the rest is read."""

import bz2
import gzip
import json
import lzma
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from papercards.errors import BadInput, PapercardsError, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, open_source
from papercards.sources.bounds import (
    CUT,
    MAX_ABSTRACT,
    MAX_RECORD_BYTES,
    MAX_TITLE,
    TOO_LONG,
    computed,
    cut,
    expands,
)
from papercards.sources.columns import Columns
from papercards.sources.confined import Broken, Child
from papercards.sources.files import parquet
from tests.trust import hostile_files

Records = list[Paper | BadRecord]
LONG = "We count well. " * 8_000


def read(path: Path, **options: object) -> Records:
    return list(open_source(str(path), Options(**options)))  # type: ignore[arg-type]


def _sqlite(path: Path, title: str, abstract: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE papers (title TEXT, abstract TEXT)")
        connection.executemany("INSERT INTO papers VALUES (?, ?)", [(title, abstract), ("Last", "We do it.")])
    connection.close()


def _duckdb(path: Path, title: str, abstract: str) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE papers (title TEXT, abstract TEXT)")
        connection.executemany("INSERT INTO papers VALUES (?, ?)", [[title, abstract], ["Last", "We do it."]])


def _parquet(path: Path, title: str, abstract: str) -> None:
    pq.write_table(pa.table({"title": [title, "Last"], "abstract": [abstract, "We do it."]}), path)


def _xlsx(path: Path, title: str, abstract: str) -> None:
    cell = hostile_files.cell
    hostile_files.workbook(
        path.parent,
        path.name,
        hostile_files.HEADER,
        f'<row r="2">{cell("A2", title)}{cell("B2", abstract)}</row>',
        f'<row r="3">{cell("A3", "Last")}{cell("B3", "We do it.")}</row>',
    )


def _text(template: str, whole: str = "{}") -> Callable[[Path, str, str], None]:
    def write(path: Path, title: str, abstract: str) -> None:
        records = [
            template.replace("TITLE", one).replace("ABSTRACT", two).replace("KEY", one[:4])
            for one, two in ((title, abstract), ("Last", "We do it."))
        ]
        path.write_text(whole.format("".join(records)))

    return write


FORMATS: dict[str, Callable[[Path, str, str], None]] = {
    "p.jsonl": _text('{"title": "TITLE", "abstract": "ABSTRACT"}\n'),
    "p.json": _text('{"title": "TITLE", "abstract": "ABSTRACT"},', "[{}null]"),
    "p.csv": _text("TITLE,ABSTRACT\n", "title,abstract\n{}"),
    "p.bib": _text("@article{KEY, title = {TITLE}, abstract = {ABSTRACT}}\n"),
    "p.ris": _text("TY  - JOUR\nTI  - TITLE\nAB  - ABSTRACT\nER  - \n\n"),
    "p.nbib": _text("PMID- 1\nOWN - NLM\nTI  - TITLE\nAB  - ABSTRACT\n\n"),
    "p.atom": _text(
        "<entry><title>TITLE</title><summary>ABSTRACT</summary></entry>",
        '<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>',
    ),
    "p.xml": _text(
        "<article><front><article-meta><title-group><article-title>TITLE</article-title></title-group>"
        "<abstract><p>ABSTRACT</p></abstract></article-meta></front></article>",
        "<pmc-articleset>{}</pmc-articleset>",
    ),
    "p.db": _sqlite,
    "p.duckdb": _duckdb,
    "p.parquet": _parquet,
    "p.xlsx": _xlsx,
}
ALL = pytest.mark.parametrize("name", FORMATS)


def _written(folder: Path, name: str, title: str, abstract: str) -> Records:
    FORMATS[name](folder / name, title, abstract)
    return [one for one in read(folder / name) if "null" not in getattr(one, "reason", "")]


@ALL
def test_a_title_that_is_too_long_is_set_aside_and_the_next_paper_is_read(tmp_path: Path, name: str) -> None:
    first, last = _written(tmp_path, name, "Counting " * 250, "We count.")

    assert isinstance(first, BadRecord)
    assert "title is longer than 2,000 characters" in first.reason
    assert isinstance(last, Paper) and last.title == "Last"


@ALL
def test_of_a_long_abstract_the_beginning_is_read_and_the_paper_says_so(tmp_path: Path, name: str) -> None:
    if name == "p.xlsx":
        pytest.skip("a cell holds 32,767 characters")
    first, last = _written(tmp_path, name, "Counting", LONG)

    assert isinstance(first, Paper)
    assert first.flags == (CUT,)
    assert MAX_ABSTRACT - 1_000 < len(first.abstract) <= MAX_ABSTRACT
    assert LONG.startswith(first.abstract)
    assert isinstance(last, Paper) and not last.flags


@ALL
def test_a_record_of_more_than_sixteen_megabytes_is_set_aside(tmp_path: Path, name: str) -> None:
    if name in ("p.xml", "p.atom"):
        pytest.skip("libxml2 refuses such a file itself")
    found = _written(tmp_path, name, "Counting", "We count well. " * (MAX_RECORD_BYTES // 15 + 10_000))

    first, last = found
    assert isinstance(first, BadRecord), first
    assert first.reason == TOO_LONG or name == "p.bib"
    assert isinstance(last, Paper) and last.title == "Last"


def test_a_long_table_row_behind_others_costs_no_other_row(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "p.db") as connection:
        connection.execute("CREATE TABLE papers (title TEXT, abstract TEXT)")
        long = (0, 300, 301, 511, 512, 699)
        rows = [(f"T{n}", "x" * 17_000_000 if n in long else "We do it.") for n in range(700)]
        connection.executemany("INSERT INTO papers VALUES (?, ?)", rows)
    connection.close()

    found = read(tmp_path / "p.db")

    assert [n for n, one in enumerate(found) if isinstance(one, BadRecord)] == list(long)
    assert [one.title for one in found if isinstance(one, Paper)][297:301] == ["T298", "T299", "T302", "T303"]
    assert found[300] == BadRecord(f"{tmp_path}/p.db:papers:301", TOO_LONG)


@pytest.mark.slow
def test_an_article_of_many_small_elements_is_bounded_too(tmp_path: Path) -> None:
    body = "<sec><p>word</p></sec>" * (MAX_RECORD_BYTES // 22 + 10_000)
    front = "<front><article-meta><title-group><article-title>T</article-title></title-group>"
    front += "<abstract><p>We do it."
    end = "</p></abstract></article-meta></front>"
    good = f"<article>{front}{end}</article>"
    (tmp_path / "p.xml").write_text(
        f"<pmc-articleset>{good}<article>{front}{end}<body>{body}</body></article>{good}</pmc-articleset>"
    )

    first, second, third = read(tmp_path / "p.xml")

    assert isinstance(first, Paper) and isinstance(third, Paper)
    assert isinstance(second, BadRecord) and second.reason == TOO_LONG


@pytest.mark.slow
def test_a_row_of_many_quoted_lines_is_bounded(tmp_path: Path) -> None:
    cell = '"' + "a\n" * 1000 + '",'
    with (tmp_path / "p.csv").open("w") as file:
        file.write("title,abstract\nFirst,We do it.\n")
        file.write(cell * (MAX_RECORD_BYTES // len(cell) + 10) + "x\nLast,We do it.\n")

    found = read(tmp_path / "p.csv")

    assert isinstance(found[0], Paper)
    assert isinstance(found[1], BadRecord) and found[1].reason == TOO_LONG
    assert all(isinstance(one, BadRecord) for one in found[1:])


def test_a_tagged_record_that_never_ends_is_bounded(tmp_path: Path) -> None:
    with (tmp_path / "p.nbib").open("w") as file:
        file.write("PMID- 1\nOWN - NLM\nTI  - One\nAB  - We do it.\n\nPMID- 2\nTI  - Two\n")
        for _ in range(20):
            file.write("AB  - " + "x" * 1_000_000 + "\n")
        file.write("\nPMID- 3\nTI  - Three\nAB  - We do it.\n")

    first, second, third = read(tmp_path / "p.nbib")

    assert isinstance(first, Paper) and isinstance(third, Paper)
    assert isinstance(second, BadRecord) and second.reason == TOO_LONG


@pytest.mark.parametrize(
    "index",
    [
        {"x" * 100_000: list(range(500))},
        {"x" * 4_000_000: [1, 2, 3, 4, 5]},
        {f"w{n}": [n] for n in range(10)} | {"y" * 1_000: list(range(20_000))},
    ],
)
def test_an_inverted_index_is_measured_in_letters(tmp_path: Path, index: dict[str, list[int]]) -> None:
    records = [{"title": "T", "abstract_inverted_index": index}, {"title": "Last", "abstract": "We do it."}]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))

    first, last = read(tmp_path / "p.jsonl")

    assert isinstance(first, BadRecord) and "16 MB" in first.reason
    assert isinstance(last, Paper)


def _zstd(data: bytes) -> bytes:
    zstd = pytest.importorskip("backports.zstd")
    packed: bytes = zstd.compress(data)
    return packed


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        ("gz", partial(gzip.compress, compresslevel=1)),
        ("bz2", partial(bz2.compress, compresslevel=1)),
        ("xz", partial(lzma.compress, preset=0)),
        ("zst", _zstd),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "p.jsonl",
        "p.bib",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("p.json", "p.csv", "p.txt", "p.xml")),
    ],
)
def test_compressed_data_that_expands_without_end_is_refused(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes], name: str
) -> None:
    begin = {
        "p.jsonl": b'{"title": "T", "abstract": "',
        "p.json": b'[{"title": "',
        "p.csv": b"title,abstract\nT,",
    }
    path = tmp_path / f"{name}.{ending}"
    path.write_bytes(pack(begin.get(name, b"@article{k, title={") + b" " * (90 << 20)))

    try:
        found = read(path)
        said = "; ".join(one.reason for one in found if isinstance(one, BadRecord))
        assert not any(isinstance(one, Paper) for one in found)
    except PapercardsError as error:
        said = str(error)

    assert "expands more than" in said or "16 MB" in said or "is no" in said or "not" in said


@pytest.mark.slow
def test_a_large_compressed_file_of_real_text_is_read_whole(tmp_path: Path) -> None:
    line = b'{"title": "Number %d", "abstract": "We count to %d, which nobody did before %d."}\n'
    with gzip.open(tmp_path / "p.jsonl.gz", "wb", compresslevel=9) as file:
        for n in range(300_000):
            file.write(line % (n, n * 7919, n * 104_729))
    size = (tmp_path / "p.jsonl.gz").stat().st_size

    assert not expands(size, 300 << 20)
    assert sum(1 for _ in open_source(str(tmp_path / "p.jsonl.gz"))) == 300_000


def test_what_the_names_of_columns_mean_is_not_remembered_without_end() -> None:
    columns = Columns()
    for n in range(2_000):
        columns.choose((*(f"k{n}_{i}" for i in range(100)), "title", "abstract"))
        columns.choose((f"{'n' * 5_000}{n}", "title", "abstract"))

    remembered = sum(len(name) for names in columns._chosen for name in names)

    assert remembered < 512 * 64 * 64
    assert columns.choose(("title", "abstract")).title == "title"


def test_what_computes_too_long_is_told_to_stop() -> None:
    import threading

    stopped = threading.Event()

    with pytest.raises(BadInput, match=r"p\.db: takes more than 0\.05 s to compute a row"):
        computed(lambda: stopped.wait(60), "p.db", stopped.set, seconds=0.05)

    assert stopped.is_set()


def test_what_a_library_raises_is_raised() -> None:
    def fails() -> None:
        raise sqlite3.OperationalError("no such table")

    with pytest.raises(sqlite3.OperationalError):
        computed(fails, "p.db")


@pytest.mark.parametrize("text", ["x" * 150_000, "word " * 30_000, "a " * 49_999 + "bc" * 5_000])
def test_a_text_is_cut_at_a_word_where_there_is_one(text: str) -> None:
    kept = cut(text)

    assert text.startswith(kept)
    assert MAX_ABSTRACT - 1_000 <= len(kept) <= MAX_ABSTRACT
    assert kept == kept.rstrip()
    if " " in text[MAX_ABSTRACT - 900 : MAX_ABSTRACT]:
        assert text[len(kept)].isspace()


def test_views_are_read_by_name_alone(tmp_path: Path) -> None:
    for path in (hostile_files.hang_db(tmp_path), hostile_files.hang_duckdb(tmp_path)):
        with pytest.raises(UsageError, match="only a view has a title and an abstract"):
            read(path)


_MEASURE = """
import re, resource, sys
from papercards.sources import open_source, BadRecord
from papercards.errors import PapercardsError
papers = bad = 0
try:
    for one in open_source(sys.argv[1]):
        bad += isinstance(one, BadRecord)
        papers += not isinstance(one, BadRecord)
except PapercardsError as error:
    print(error, file=sys.stderr)
# What getrusage says of a process begins with what its parent held.
own = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
print(papers, bad, peak >> 10)
"""


def measured(path: Path) -> tuple[int, int, int, str]:
    """Papers, bad records, megabytes and what was said, of reading a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    papers, bad, peak = map(int, done.stdout.split())
    return papers, bad, peak, done.stderr


def _pages(folder: Path) -> Path:
    table = pa.table({"title": ["T"] * 4, "abstract": ["We do. " + "x" * 50_000_000] * 4})
    pq.write_table(table, folder / "pages.parquet", compression="zstd", use_dictionary=False)
    return folder / "pages.parquet"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
@pytest.mark.parametrize(
    ("make", "said", "most_mb"),
    [
        (hostile_files.parquet_bomb, "", 700),
        (_pages, "unpacks to", 300),
        (hostile_files.workbook_bomb, "crashed its reader", 3100),
        (hostile_files.far_workbook, "crashed its reader", 300),
    ],
)
def test_files_that_fill_memory_are_refused_in_bounded_memory(
    tmp_path: Path, make: Callable[[Path], Path], said: str, most_mb: int
) -> None:
    papers, _, peak, error = measured(make(tmp_path))

    assert papers == 0
    assert said in error
    assert peak < most_mb


@pytest.mark.parametrize("name", ["p.xml", "p.atom"])
def test_what_a_library_refuses_for_its_size_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="Text node too long"):
        _written(tmp_path, name, "Counting", "We count well. " * (MAX_RECORD_BYTES // 5))


def test_a_number_of_pages_that_is_no_number_is_an_error_of_ours(tmp_path: Path) -> None:
    """Headers of pages are read before the library reads them: nothing in them may end the run."""
    pq.write_table(pa.table({"title": ["T"] * 9, "abstract": ["We do it."] * 9}), tmp_path / "p.parquet")
    whole = (tmp_path / "p.parquet").read_bytes()
    child = Child(parquet._COMMAND, parquet.MEMORY_BYTES)  # one for all of them: each takes a while to start
    questions = ({"path": str(tmp_path / "q.parquet")}, {"columns": ["title", "abstract"]}, {"more": True})
    for at in range(4, 80):
        (tmp_path / "q.parquet").write_bytes(whole[:at] + b"\xff\xff" + whole[at + 2 :])
        try:
            for question in questions:
                child.get(question)
        except Broken:
            if at % 16:
                continue
            with pytest.raises(PapercardsError):
                read(tmp_path / "q.parquet")
    child.close()


def test_bounds_are_those_that_docs_name() -> None:
    assert (MAX_TITLE, MAX_ABSTRACT, MAX_RECORD_BYTES) == (2_000, 100_000, 16 << 20)


def test_rows_of_megabytes_are_answered_a_few_at_a_time(tmp_path: Path) -> None:
    from papercards.sources.files.sheet_child import Sheets

    cell = hostile_files.cell
    rows = [
        f'<row r="{n}">{cell(f"A{n}", "T")}{cell(f"B{n}", "We do it. " * 600_000)}</row>' for n in range(2, 9)
    ]
    path = hostile_files.workbook(tmp_path, "p.xlsx", hostile_files.HEADER, *rows)
    sheets = Sheets()
    sheets.answer({"path": str(path)})
    sheets.answer({"sheet": "S"})

    taken = []
    while some := sheets.answer({"rows": 64})["rows"]:
        assert sum(len(text) for row in some for text in row or []) < 2 * MAX_RECORD_BYTES
        taken += some

    assert len(taken) == 8
