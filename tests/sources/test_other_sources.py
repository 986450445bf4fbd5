"""JSON documents, CSV and TSV, plain text, and the Hugging Face listing."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import papercards.evals
from papercards.errors import BadInput, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, open_source
from papercards.sources.columns import Columns
from papercards.sources.files.delimited import read as read_csv
from papercards.sources.interface import Input


def read(path: Path, content: str | bytes, **columns: str) -> list[Paper | BadRecord]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(open_source(str(path), Options(columns=columns or {})))


def places(found: list[Paper | BadRecord]) -> list[tuple[str, str]]:
    return [
        (one.where.rpartition("/")[2], one.reason if isinstance(one, BadRecord) else one.title)
        for one in found
    ]


# JSON


def test_json_records_have_their_lines(tmp_path: Path) -> None:
    content = '{"note": [1, 2],\n"papers": [\n{"title": "T",\n "abstract": "A"},\n\n{"title": "U"}]}'

    found = read(tmp_path / "p.json", content)

    assert places(found) == [
        ("p.json:3", "T"),
        ("p.json:6", 'has no abstract; its fields are: "title"'),
    ]


def test_bytes_that_are_not_utf8_spoil_one_json_record(tmp_path: Path) -> None:
    content = b'[{"title": "T", "abstract": "\xff"},\n{"title": "U", "abstract": "A"}]'

    assert places(read(tmp_path / "p.json", content)) == [
        ("p.json:1", "has characters that are not valid Unicode"),
        ("p.json:2", "U"),
    ]


def test_a_document_cut_off_keeps_the_papers_before_the_cut(tmp_path: Path) -> None:
    content = '[{"title": "T", "abstract": "A"},\n{"title": "U", "abs'

    first, second = places(read(tmp_path / "p.json", content))

    assert first == ("p.json:1", "T")
    assert second[0] == "p.json:2"
    assert second[1].endswith("the rest of the file was skipped")


@pytest.mark.parametrize("content", ["{", "[", "nonsense", "3", '{"a"\n 1}', "[[" * 100_000])
def test_what_is_no_json_at_all_is_bad_input(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadInput, match=r"p\.json:[12]: is not valid JSON") as caught:
        read(tmp_path / "p.json", content)
    assert "\n" not in str(caught.value)


def test_one_record_with_a_field_called_data_is_one_paper(tmp_path: Path) -> None:
    content = '{"title": "T",\n"data": ["a.csv"],\n"abstract": "A"}'

    assert places(read(tmp_path / "p.json", content)) == [("p.json:1", "T")]


# CSV


def test_lines_are_right_after_quoted_line_breaks(tmp_path: Path) -> None:
    content = 'title,abstract\n"T","one\ntwo\nthree"\n\nU,\nV,fine\n'

    found = read(tmp_path / "p.csv", content)

    assert places(found) == [
        ("p.csv:2", "T"),
        ("p.csv:6", "has an empty abstract"),
        ("p.csv:7", "V"),
    ]
    assert isinstance(found[0], Paper)
    assert found[0].abstract == "one\ntwo\nthree"


def test_a_missing_column_says_which_there_are_and_how_to_name_one(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("Titel,Text\nT,A\n")

    with pytest.raises(UsageError) as caught:
        open_source(str(path))

    assert str(caught.value).endswith(
        'p.csv: no column looks like the title; its columns are: "Titel", "Text". '
        "Choose it with --column title=NAME"
    )
    assert caught.value.exit_code == 2


def test_columns_can_be_named(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "Titel,Text\nT,A\n", title="Titel", abstract="text")

    assert places(found) == [("p.csv:2", "T")]


def test_a_named_column_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'no column "a\.b"') as caught:
        read(tmp_path / "p.csv", "title,abstract\nT,A\n", abstract="a.b")
    assert '"title", "abstract"' in str(caught.value)


def test_a_comma_without_quotes_does_not_cut_an_abstract_unnoticed(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", "title,abstract\nT,We show, that\nU,A,,\n")

    assert places(found) == [
        ("p.csv:2", "the row has 3 cells, the header 2: a cell that contains a comma needs quotes"),
        ("p.csv:3", "U"),
    ]


def test_a_row_that_is_not_utf8_is_set_aside(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", b'title,abstract\nT,"a\n\xd6\xd0\xce\xc4\nb"\nU,A\n')

    assert places(found) == [("p.csv:2", "is not valid UTF-8; save it as UTF-8"), ("p.csv:5", "U")]


def test_a_header_that_is_not_utf8_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the header is not valid UTF-8"):
        read(tmp_path / "p.csv", b"title,abstract,\xd6\xd0\xce\xc4\nT,A,\n")


def test_a_quote_that_never_closes_is_reported_where_it_opens(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", 'title,abstract\nT,A\nU,"open\nV,A\n')

    assert places(found) == [
        ("p.csv:2", "T"),
        ("p.csv:3", "a quote opens in this row and never closes; the rest was skipped"),
    ]


def test_a_quoted_last_row_without_line_end_is_whole(tmp_path: Path) -> None:
    assert places(read(tmp_path / "p.csv", 'title,abstract\nT,"A"')) == [("p.csv:2", "T")]


def test_the_beginning_of_a_cell_of_a_megabyte_is_read(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", f"title,abstract\nT,{'a' * 1_000_000}\n")

    assert isinstance(found[0], Paper)
    assert len(found[0].abstract) == 100_000
    assert found[0].flags == ("abstract-cut",)


def test_a_line_that_is_too_long_costs_one_row(tmp_path: Path) -> None:
    found = read(tmp_path / "p.csv", f"title,abstract\nT,{'a' * (17 << 20)}\nU,A\n")

    assert places(found) == [("p.csv:2", "is longer than 16 MB and was skipped"), ("p.csv:3", "U")]


def test_the_columns_of_a_zotero_export_are_known(tmp_path: Path) -> None:
    content = '"Key","Title","Url","DOI","Abstract Note"\n"K1","T","http://x.org","","A"\n'

    (paper,) = read(tmp_path / "p.csv", content)

    assert isinstance(paper, Paper)
    assert (paper.id, paper.url) == ("K1", "http://x.org")


def test_the_first_of_two_columns_with_one_name_counts(tmp_path: Path) -> None:
    (paper,) = read(tmp_path / "p.csv", "title,abstract,abstract,\nT,A,B,C\n")

    assert isinstance(paper, Paper)
    assert paper.abstract == "A"


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)


@given(
    st.lists(st.tuples(cells, cells).filter(lambda row: all(c.strip() for c in row)), min_size=1),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[tuple[str, str]], separator: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([("title", "abstract"), *rows])

    found = list(read_csv(Input("p.csv", io.BytesIO(text.getvalue().encode()), Columns())))

    assert [one.abstract for one in found if isinstance(one, Paper)] == [row[1] for row in rows]
    starts = [2]
    for title, abstract in rows:
        starts.append(starts[-1] + 1 + (title + abstract).count("\n"))
    assert [one.where for one in found] == [f"p.csv:{line}" for line in starts[:-1]]


# plain text


@pytest.mark.parametrize(
    ("content", "title", "abstract"),
    [
        ("T\n\nA.\n", "T", "A."),
        ("\n\nT\n\n\nA.\n\nMore.\n\n", "T", "A.\n\nMore."),
        ("A title\non two lines\n\nA.", "A title on two lines", "A."),
        ("T\nA right below.", "T", "A right below."),
        ("T\n" + "A long one. " * 50 + "\n\nMore.", "T", ("A long one. " * 50).strip()),
    ],
)
def test_plain_text_is_title_and_abstract(tmp_path: Path, content: str, title: str, abstract: str) -> None:
    (paper,) = read(tmp_path / "p.txt", content)

    assert isinstance(paper, Paper)
    assert paper.title == title
    assert paper.abstract.startswith(abstract)


def test_plain_text_without_abstract_is_a_bad_record(tmp_path: Path) -> None:
    (bad,) = read(tmp_path / "p.txt", "Only a title\n")

    assert isinstance(bad, BadRecord)
    assert "has no abstract" in bad.reason


def test_plain_text_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    found = read(tmp_path / "p.txt", b"Title\n\nAn abstract with four bytes \xd6\xd0\xce\xc4 of GBK.\n")

    assert places(found) == [("p.txt:3", "is not valid UTF-8; save it as UTF-8")]


# the listing


def listing() -> Path:
    return Path(next(iter(papercards.evals.__path__))) / "corpus" / "hf-papers-listing.txt"


def test_the_seed_listing_has_215_papers() -> None:
    found = list(open_source(str(listing())))

    assert len(found) == 215
    assert all(isinstance(one, Paper) for one in found)
    assert len({one.id for one in found if isinstance(one, Paper)}) == 215
    assert places(found)[0] == ("hf-papers-listing.txt:3", "Xmodel-1.5: An 1B-scale Multilingual LLM")
    assert places(found)[-1][0] == "hf-papers-listing.txt:431"
    assert isinstance(found[0], Paper)
    assert found[0].abstract.startswith("We introduce Xmodel-1.5")


BANNER = "Get trending papers in your email inbox once a day!\nGet trending papers in your email inbox!\n"


def test_only_the_glued_word_of_the_first_title_is_removed(tmp_path: Path) -> None:
    content = BANNER + "SubscribeOne\nA.\nSubscribeTwo\nA.\n"

    assert [title for _, title in places(read(tmp_path / "p.txt", content))] == [
        "One",
        "SubscribeTwo",
    ]


def test_a_title_that_begins_with_subscribe_keeps_it(tmp_path: Path) -> None:
    found = read(tmp_path / "p.txt", BANNER + "Subscribe to Learn\nA.\n")

    assert places(found) == [("p.txt:3", "Subscribe to Learn")]


def test_a_bad_pair_of_a_listing_does_not_shift_the_next(tmp_path: Path) -> None:
    content = (BANNER + "SubscribeOne\nA.\nTwo\n\nThree\nA\n").encode() + b"\xff\nA.\nFour\nA.\nEnd"

    assert places(read(tmp_path / "p.txt", content)) == [
        ("p.txt:3", "One"),
        ("p.txt:5", "has an empty abstract"),
        ("p.txt:7", "Three"),
        ("p.txt:9", "is not valid UTF-8 (byte 1 of the line); save it as UTF-8"),
        ("p.txt:11", "Four"),
        ("p.txt:13", "has an empty abstract"),
    ]
