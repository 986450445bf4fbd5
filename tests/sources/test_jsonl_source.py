"""JSONL: one bad line costs one record, and no line costs much memory."""

import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.paper import Paper
from papercards.sources import BadRecord, Options, open_source
from papercards.sources.bounds import MAX_RECORD_BYTES

GOOD = b'{"title": "T", "abstract": "A."}'


def read(tmp_path: Path, content: bytes, **columns: str) -> list[Paper | BadRecord]:
    path = tmp_path / "p.jsonl"
    path.write_bytes(content)
    return [
        BadRecord(one.where.rpartition("/")[2], one.reason) if isinstance(one, BadRecord) else one
        for one in open_source(str(path), Options(columns=columns or {}))
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"title": "T"}', 'has no abstract; its fields are: "title"'),
        (b'{"abstract": "A."}', 'has no title; its fields are: "abstract"'),
        (b'{"title": "T", "abstract": null}', 'has no abstract: its field "abstract" is null'),
        (b'{"title": "T", "abstract": " "}', "has an empty abstract"),
        (b'{"title": "", "abstract": "A."}', "has an empty title"),
        (b'{"title": 3, "abstract": "A."}', "its title is a number, not text"),
        (b'{"title": [1], "abstract": "A."}', "its title is a list, not text"),
        (b'{"title": {"en": "T"}, "abstract": "A."}', "its title is an object, not text"),
        (b'{"title": "T", "abstract": {}}', "its abstract is an object, not text"),
        (b'{"title": "T", "abstract": "A.", "doi": ["10.1/a", "10.1/b"]}', "its doi is a list"),
        (
            b'{"title": "T", "abstract": "A.", "id": 2401.1}',
            "its id is a number, which may have lost zeros at its end; write that column as text",
        ),
        (b"[]", "is a list, not an object with named fields"),
        (b"null", "is null, not an object with named fields"),
        (b'"text"', "is text, not an object with named fields"),
        (b"{}", "has no title; its fields are: none"),
        (b"not json", "is not valid JSON: Expecting value at column 1"),
        (b'{"title": "T", "abstr', "is not valid JSON: Invalid control character at column 22"),
        (b'{"title": "T", "abstract": "\xff"}', "is not valid UTF-8 (byte 29 of the line)"),
        (b'{"title": "\\ud800", "abstract": "A."}', "has characters that are not valid Unicode"),
        (b'{"title": "T", "abstract": "\\udfff."}', "has characters that are not valid Unicode"),
        (b'{"id": "\\ud800", "title": "T", "abstract": "A"}', "its id has characters that cannot"),
        (b'{"\\ud800": "T"}', 'has no title; its fields are: "?"'),
        (b'{"\\u001b[31mred": "T"}', 'has no title; its fields are: "?[31mred"'),
        (b'{"id": "\\u001b[2J", "title": "T", "abstract": "A"}', "its id has characters that"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"title": ' + b"9" * 5000 + b"}", "has a number with too many digits"),
    ],
)
def test_a_bad_line_is_reported_with_its_place_and_the_rest_goes_on(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    before, bad, after = read(tmp_path, GOOD + b"\n" + line + b"\n" + GOOD + b"\n")

    assert isinstance(before, Paper)
    assert isinstance(after, Paper)
    assert isinstance(bad, BadRecord)
    assert bad.where == "p.jsonl:2"
    assert bad.reason.startswith(reason)
    assert bad.reason.isprintable()


def test_blank_lines_count_but_are_no_records(tmp_path: Path) -> None:
    found = read(tmp_path, b"\n" + GOOD + b"\n\n  \n" + GOOD)

    assert [one.where.rpartition("/")[2] for one in found] == ["p.jsonl:2", "p.jsonl:5"]


def test_the_abstract_is_kept_letter_for_letter_and_the_title_is_on_one_line(
    tmp_path: Path,
) -> None:
    abstract = "  Two\n  lines,\ttabs, é, e\u0301, \U0001f600 and \u00a0spaces. "
    record = {"title": "A\n  wrapped  title ", "abstract": abstract}

    (paper,) = read(tmp_path, json.dumps(record).encode())

    assert isinstance(paper, Paper)
    assert paper.abstract == abstract
    assert paper.title == "A wrapped title"


@pytest.mark.parametrize(
    ("fields", "id_"),
    [
        ({"id": "0704.0001", "doi": "10.1103/x"}, "arxiv:0704.0001"),
        ({"arXiv": "arXiv:2401.03955v2"}, "arxiv:2401.03955"),
        ({"eprint": "hep-th/9901001"}, "arxiv:hep-th/9901001"),
        ({"DOI": "10.1000/ABC"}, "doi:10.1000/abc"),
        ({"link": "https://arxiv.org/abs/2401.03955"}, "arxiv:2401.03955"),
        ({"Paper ID": 17}, "17"),
        ({"key": " smith\n2020 "}, "smith 2020"),
        ({"id": None, "doi": ""}, "sha256:"),
    ],
)
def test_ids_are_found_under_their_usual_names(tmp_path: Path, fields: dict[str, object], id_: str) -> None:
    record = {"Name": "T", "SUMMARY": "A.", **fields}

    (paper,) = read(tmp_path, json.dumps(record).encode())

    assert isinstance(paper, Paper)
    assert paper.id.startswith(id_)


def test_columns_can_be_given_also_as_a_path(tmp_path: Path) -> None:
    record = {
        "title": "wrong",
        "paper": {"heading": "T", "text": "A."},
        "external.id": "x1",
        "external": {"id": "wrong"},
    }

    (paper,) = read(
        tmp_path,
        json.dumps(record).encode(),
        title="paper.heading",
        abstract="paper.text",
        id="external.id",
    )

    assert isinstance(paper, Paper)
    assert (paper.title, paper.abstract, paper.id) == ("T", "A.", "x1")


def test_a_given_column_that_is_not_there_spoils_the_record(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, GOOD, abstract="paper.text")

    assert isinstance(bad, BadRecord)
    assert bad.reason == 'has no abstract in "paper.text"; its fields are: "title", "abstract"'


class Endless(io.RawIOBase):
    """A line of any length that is nowhere in memory, then a good record."""

    def __init__(self, length: int, prefix: bytes = b"") -> None:
        self._parts = [prefix, b"x" * 65536] if prefix else [b"x" * 65536]
        self._left = length
        self._tail = b"\n" + GOOD + b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        if self._left > 0:
            part = self._parts.pop(0) if len(self._parts) > 1 else self._parts[0]
            chunk = part[: min(len(buffer), self._left)]
            self._left -= len(chunk)
        else:
            chunk, self._tail = self._tail[: len(buffer)], self._tail[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def test_a_line_of_a_gigabyte_is_skipped_in_bounded_memory() -> None:
    stream = io.BufferedReader(Endless(1 << 30, prefix=b'{"title": "'))
    tracemalloc.start()

    bad, good = open_source("-", stdin=stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert bad == BadRecord("<stdin>:1", "is longer than 16 MB and was skipped")
    assert isinstance(good, Paper)
    assert good.where == "<stdin>:2"
    assert peak < 3 * MAX_RECORD_BYTES


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    line = json.dumps({"title": "T", "abstract": "A sentence. " * 100, "id": "x"}) + "\n"
    path.write_text(line * 20_000)
    tracemalloc.start()

    count = sum(isinstance(one, Paper) for one in open_source(str(path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 20_000
    assert peak < path.stat().st_size / 5  # modules that are loaded on first use included


def test_records_with_ever_new_fields_do_not_fill_memory(tmp_path: Path) -> None:
    from papercards.sources.columns import _REMEMBERED, Columns

    columns = Columns()
    for number in range(3 * _REMEMBERED):
        columns.choose(("title", f"field{number}"))

    assert len(columns._chosen) <= _REMEMBERED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["title", "Abstract", "id", "doi", "url", "papers"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.lists(json_values | st.binary(), min_size=1, max_size=6))
def test_any_line_gives_a_paper_or_a_reason(values: list[object]) -> None:
    lines = [
        value.replace(b"\n", b" ") if isinstance(value, bytes) else json.dumps(value).encode()
        for value in values
    ]
    content = GOOD + b"\n" + b"\n".join(lines)

    found = jsonl_read(io.BytesIO(content))

    assert len(found) == 1 + sum(not line.isspace() and line != b"" for line in lines)
    for one in found:
        if isinstance(one, Paper):
            assert one.title.strip()
            assert one.abstract.strip()
            (one.title + one.abstract + one.id).encode()
        else:
            assert one.reason.isprintable()
            one.reason.encode()


def jsonl_read(stream: io.BytesIO) -> list[Paper | BadRecord]:
    from papercards.sources.columns import Columns
    from papercards.sources.files.jsonl import read as read_lines
    from papercards.sources.interface import Input

    return list(read_lines(Input("p.jsonl", stream, Columns())))
