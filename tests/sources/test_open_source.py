"""Choosing a format, and what happens to sources that are none."""

import io
import os
import threading
from pathlib import Path

import pytest

from papercards.errors import BadInput, PapercardsError, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, count_records, open_source

RECORD = '{"title": "T", "abstract": "A."}'


def papers(spec: Path | str, **options: object) -> list[Paper]:
    found = list(open_source(str(spec), **options))  # type: ignore[arg-type]
    assert all(isinstance(one, Paper) for one in found), found
    return [one for one in found if isinstance(one, Paper)]


def one_line(error: PapercardsError, *words: str) -> None:
    assert "\n" not in str(error)
    assert "Error" not in str(error)
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", RECORD),
        ("a.NDJSON", RECORD + "\n"),
        ("a.json", RECORD),
        ("a.json", RECORD + "\n" + RECORD.replace("T", "U")),
        ("a.json", f"[{RECORD}]"),
        ("a.json", f'{{"papers": [{RECORD}]}}'),
        ("a.json", f'{{\n "count": 1,\n "data": [\n{RECORD}\n]\n}}'),
        ("a.csv", "title,abstract\nT,A."),
        ("a.csv", "Title;Abstract\nT;A.\n"),
        ("a.tsv", "title\tabstract\nT\tA."),
        ("a.txt", "T\n\nA."),
        ("a.md", "# T\n\nA.\n"),
        ("a.txt", "Get trending papers in your email inbox!\nSubscribeT\nA.\n"),
        ("noextension", RECORD + "\n"),
        ("noextension", "T\n\nA.\n"),
        ("a.unknown", RECORD + "\n"),
    ],
)
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reads_each_kind_with_any_line_end_and_byte_order_mark(
    tmp_path: Path, name: str, content: str, bom: str, end: str
) -> None:
    path = tmp_path / name
    path.write_bytes((bom + content.replace("\n", end)).encode())

    first = papers(path)[0]

    assert (first.title, first.abstract) == ("T", "A.")


@pytest.mark.parametrize(
    "content",
    [
        RECORD + "\n",
        f"[{RECORD}]",
        '{\n"title": "T",\n"abstract": "A."\n}',
        f'{{"papers": [{RECORD}]}}',
        "T\n\nA.\n",
        "\ufeffT\n\nA.\n",
        "Get trending papers in your email inbox!\nSubscribeT\nA.\n",
    ],
)
def test_standard_input_is_sniffed(content: str) -> None:
    (paper,) = papers("-", stdin=io.BytesIO(content.encode()))

    assert (paper.title, paper.abstract) == ("T", "A.")
    assert paper.where.startswith("<stdin>:")


def test_a_pipe_gives_its_first_paper_before_the_writer_is_done() -> None:
    read_fd, write_fd = os.pipe()
    with os.fdopen(read_fd, "rb") as stdin, os.fdopen(write_fd, "wb", buffering=0) as writer:
        writer.write(RECORD.encode() + b"\n")
        found = open_source("-", stdin=stdin)
        first: list[object] = []
        reader = threading.Thread(target=lambda: first.append(next(found)), daemon=True)
        reader.start()
        reader.join(5)
        arrived_early = bool(first)
        writer.write(RECORD.encode() + b"\n")
        writer.close()

        assert arrived_early
        assert len(list(found)) == 1


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    fifo = tmp_path / "papers.jsonl"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_text, args=((RECORD + "\n") * 3,), daemon=True)
    writer.start()

    assert len(papers(fifo)) == 3
    writer.join(5)


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(str(tmp_path / "none.jsonl"))

    one_line(caught.value, "none.jsonl", "no such file")
    assert caught.value.exit_code == 2


def test_a_folder_gives_the_papers_of_its_files_and_goes_on_after_a_bad_one(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name, content in [
        ("c.jsonl", RECORD),
        ("b/a.json", RECORD.replace("T", "U")),
        ("a.jsonl", ""),
        (".hidden/a.jsonl", RECORD),
        ("notes.md", "What I think of them."),
    ]:
        (tmp_path / name).write_text(content)

    bad, first, second = list(open_source(str(tmp_path)))
    assert bad == BadRecord(str(tmp_path / "a.jsonl"), "is empty")
    assert isinstance(first, Paper) and isinstance(second, Paper)
    assert (first.title, second.title) == ("U", "T")
    assert first.where == f"{tmp_path / 'b/a.json'}:1"


def test_a_folder_without_papers_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("What I think of them.")
    with pytest.raises(UsageError) as caught:
        open_source(str(tmp_path))
    one_line(caught.value, "the folder has no readable files", ".jsonl")


def test_a_pattern_gives_the_papers_of_the_files_that_fit(tmp_path: Path) -> None:
    for name in ("a1.jsonl", "a2.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(RECORD.replace("T", name))

    assert [one.title for one in papers(tmp_path / "a*.jsonl")] == ["a1.jsonl", "a2.jsonl"]
    with pytest.raises(UsageError) as caught:
        open_source(str(tmp_path / "c*.jsonl"))
    one_line(caught.value, "no file matches")


@pytest.mark.parametrize("spec", ["a\0b.jsonl", "x" * 5000, "https://example.org/papers.jsonl", ""])
def test_what_cannot_be_a_file_is_wrong_usage(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(spec)

    one_line(caught.value)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a", "a.pdf"])
@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_bad_input(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BadInput) as caught:
        open_source(str(path))
    one_line(caught.value, name, "is empty")


def test_empty_standard_input_is_bad_input() -> None:
    with pytest.raises(BadInput, match="<stdin>: is empty"):
        open_source("-", stdin=io.BytesIO())


@pytest.mark.parametrize(("name", "content"), [("a.json", "[]"), ("a.csv", "title,abstract\n")])
def test_a_source_without_any_record_is_bad_input(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)

    with pytest.raises(BadInput, match="has no papers"):
        list(open_source(str(path)))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt", "a", "a.pdf"])
@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 20,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "標題與摘要都在這裡".encode("big5"),
    ],
    ids=["bytes", "png", "big5"],
)
def test_a_binary_file_is_bad_input(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BadInput) as caught:
        open_source(str(path))
    one_line(caught.value, name)


def test_an_unknown_extension_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "paper.tex"
    path.write_text("\\title{T}\n\nMore text.\n")

    with pytest.raises(UsageError) as caught:
        open_source(str(path))
    one_line(caught.value, ".tex", ".jsonl", ".csv", ".bib")


def test_an_unknown_column_name_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(RECORD)

    with pytest.raises(UsageError) as caught:
        open_source(str(path), Options(columns={"titel": "Name"}))
    one_line(caught.value, "titel", "title, abstract, id, doi, arxiv_id, url")


def test_files_are_closed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(RECORD)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for _ in range(20):
        list(open_source(str(path)))

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_bad_records_are_values() -> None:
    assert BadRecord("a:1", "x") == BadRecord("a:1", "x")
    with pytest.raises(AttributeError):
        BadRecord("a:1", "x").where = "b"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.csv", "p.txt"])
def test_counting_gives_as_many_as_reading(tmp_path: Path, name: str) -> None:
    content = {
        "p.jsonl": f"\ufeff{RECORD}\n\n  \nnot json\n{RECORD}",
        "p.json": f"[{RECORD}, 3, {RECORD}]",
        "p.csv": "title,abstract\nT,A.\nT,\nT,A.\n",
        "p.txt": "T\n\nA.\n",
    }[name]
    (tmp_path / name).write_text(content, encoding="utf-8")
    whole = len(list(open_source(str(tmp_path / name))))

    assert count_records(str(tmp_path / name)) == whole
    assert count_records(str(tmp_path / name), 1) >= 1
