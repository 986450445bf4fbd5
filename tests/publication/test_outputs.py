"""Authors, year, venue and key of a library arrive in every output, and come back where it can be read."""

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import python_calamine
import yaml

from papercards.bibliography import bibtex, csl, ris
from papercards.bibliography.entry import Kind
from papercards.card import parse_card
from papercards.pages.browse.selection import Selection
from papercards.pages.browse.views import listing
from papercards.pages.index.database import Index
from papercards.pages.index.facets import Tag
from papercards.paper import Paper
from papercards.publication import Person, Publication, json_of
from papercards.sinks import open_sink, read_cards
from papercards.sources import open_source
from tests.conftest import SEED, Run
from tests.sinks.cards import card

FAMILIES = ("Zhang", "Müller", "van der Berg", "García Márquez", "Şahin", "O'Neil")
GIVEN = ("Wei", "Jürgen", "Ana María", "Łukasz", "J. P.")
VENUES = ("NeurIPS", "Journal of Invented Results", "Proceedings of the ACL", "Small & Large")

ABOUT = Publication(
    authors=(Person("van der Berg", "Jan", "Jr"), Person("Müller", "Ö."), Person(literal="The {A} & B Team")),
    more_authors=True,
    year=2024,
    date="2024-03-05",
    venue="Journal of 100% Results & More",
    arxiv_id="2401.03955",
    doi="10.1000/x_y",
    citation_key="berg2024",
    categories=("cs.LG", "stat.ML"),
    keywords=("small models", "load"),
    url="https://example.org/p",
    pdf_url="https://example.org/p.pdf",
    source="library.bib:64",
    license="http://creativecommons.org/licenses/by/4.0/",
    abstract_source="OpenAlex: doi:10.1000/x",
)


def library(folder: Path, entries: int, without_abstract: int) -> dict[str, dict[str, Any]]:
    """Write `library.bib` with invented authors, years, venues and keys; what is in it, by key."""
    papers = [one for one in open_source(SEED) if isinstance(one, Paper)]
    step = entries // without_abstract
    made: dict[str, dict[str, Any]] = {}
    with (folder / "library.bib").open("w", encoding="utf-8") as file:
        for n in range(entries):
            paper, key = papers[n % len(papers)], f"key{2000 + n % 26}x{n}"
            authors = [
                f"{FAMILIES[(n + k) % len(FAMILIES)]}, {GIVEN[(n * k + k) % len(GIVEN)]}"
                for k in range(1 + n % 4)
            ]
            venue = VENUES[n % len(VENUES)]
            made[key] = {"authors": authors, "year": 2000 + n % 26, "venue": venue, "whole": n % step != 0}
            escaped = {name: re.sub(r"([%#&_])", r"\\\1", text) for name, text in (
                ("title", f"{paper.title} {n}"), ("abstract", paper.abstract), ("venue", venue))}  # fmt: skip
            abstract = f"  abstract = {{{escaped['abstract']}}},\n" if n % step else ""
            file.write(
                f"@article{{{key},\n  title = {{{escaped['title']}}},\n{abstract}"
                f"  author = {{{' and '.join(authors)}}},\n  year = {2000 + n % 26},\n"
                f"  journal = {{{escaped['venue']}}},\n}}\n\n"
            )
    return made


def told(one: Publication) -> dict[str, Any]:
    return {
        "authors": [each.inverted for each in one.authors],
        "year": one.year,
        "venue": one.venue,
        "whole": True,
    }


@pytest.mark.slow
def test_a_library_goes_whole_into_every_output(run: Run, tmp_path: Path) -> None:
    made = library(tmp_path, 300, 60)
    expected = {key: about for key, about in made.items() if about["whole"]}
    outputs = ("cards.jsonl", "t.csv", "t.xlsx", "notes/", "cards.db", "out.ris", "csl:out.json", "c.parquet")
    flags = [word for output in outputs for word in ("-o", output)]

    done = run("enrich", "library.bib", "-m", "baseline", *flags, "--name-notes", "citekey", "--excel")

    assert done.returncode == 0, done.stderr
    assert "240 cards, 0 failed, 60 without an abstract" in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("papercards: ")]
    assert len(lines) == 1
    assert "60 papers without an abstract got no card: key2000x0, key2005x5" in lines[0]
    errors = [json.loads(line) for line in (tmp_path / "cards.errors.jsonl").read_text("utf-8").splitlines()]
    assert {one["id"] for one in errors} == made.keys() - expected.keys()
    assert {one["error"] for one in errors} == {"NoAbstract"}

    assert {
        one.publication.citation_key: told(one.publication) for one in read_cards(tmp_path / "cards.jsonl")
    } == expected
    assert {
        one.publication.citation_key: told(one.publication) for one in read_cards(tmp_path / "c.parquet")
    } == expected

    text = (tmp_path / "t.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(text.decode("utf-8-sig").splitlines()))
    assert {row["citation_key"]: of_row(row) for row in rows} == expected
    sheet = python_calamine.CalamineWorkbook.from_path(tmp_path / "t.xlsx").get_sheet_by_index(0).to_python()
    rows = [dict(zip(sheet[0], row, strict=True)) for row in sheet[1:]]
    assert {row["citation_key"]: of_row(row) for row in rows} == expected

    database = sqlite3.connect(tmp_path / "cards.db")
    names = (
        "SELECT json_group_array(name) FROM "
        "(SELECT family || ', ' || given AS name FROM authors WHERE paper = number ORDER BY position)"
    )
    query = f"SELECT citation_key, year, venue, ({names}) FROM papers"
    found = {
        key: {"authors": json.loads(authors), "year": year, "venue": venue, "whole": True}
        for key, year, venue, authors in database.execute(query)
    }
    assert found == expected
    (plan,) = [
        row[3] for row in database.execute("EXPLAIN QUERY PLAN SELECT 1 FROM papers WHERE year = 2001")
    ]
    assert "papers_year" in plan

    notes = {
        path.stem: yaml.safe_load(path.read_text("utf-8").split("---\n")[1])
        for path in (tmp_path / "notes/papers").glob("*.md")
    }
    assert {f"@{key}" for key in expected} == notes.keys()
    for key, about in expected.items():
        front = notes[f"@{key}"]
        assert (front["citekey"], front["year"], front["venue"]) == (key, about["year"], about["venue"])
        assert [sorted(name.split()) for name in front["authors"]] == [
            sorted(name.replace(",", "").split()) for name in about["authors"]
        ]

    done = run("convert", "cards.jsonl", "new.bib", "c.atom")
    assert done.returncode == 0, done.stderr
    for name in ("new.bib", "out.ris", "out.json"):
        records = library_of(tmp_path / name)
        assert {key: told(one) for key, one in records.items()} == expected

    index = Index(tmp_path / "index.db")
    index.add(read_cards(tmp_path / "cards.jsonl"), 0)
    shown = listing(index, Selection(tags=(Tag("year", "2003"),)))
    assert shown.count == sum(about["year"] == 2003 for about in expected.values())
    years = next(facet for facet in shown.facets if facet.field == "year")
    assert years.shown[0].tag == Tag("year", "2003") and years.shown[0].chosen
    by_author = listing(index, Selection(words="sahin jurgen"))
    assert by_author.count
    assert all(
        any("Şahin" in one for one in told(each.publication)["authors"]) for each, _ in by_author.cards
    )
    index.close()


def of_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "authors": row["authors"].split("; "),
        "year": int(row["year"]),
        "venue": row["venue"],
        "whole": True,
    }


def library_of(path: Path) -> dict[str | None, Publication]:
    """The entries of a library as a reference manager reads them; they have no abstract, or one."""
    kind = {".bib": bibtex.KIND, ".ris": ris.KIND, ".json": csl.KIND}[path.suffix]
    return {one.citation_key: one for one in read_back(kind, path.read_text("utf-8"))}


def read_back(kind: Kind, text: str) -> Iterator[Publication]:
    from papercards.sources.columns import Columns

    for entry in kind.entries(text):
        record = entry.record()
        assert not isinstance(record, str), record
        paper = Columns().paper({"abstract": "A.", "citationkey": entry.key, **record}, "x")
        assert isinstance(paper, Paper), paper
        yield paper.publication


@pytest.mark.parametrize("kind", [bibtex.KIND, ris.KIND, csl.KIND], ids=lambda kind: kind.name)
def test_a_new_entry_of_a_library_can_be_cited_and_read_back(kind: Kind) -> None:
    made = card().model_copy(update={"publication": ABOUT})
    text = "".join(kind.joined([], [kind.new(made, None, "berg2024")]))

    (one,) = read_back(kind, text)
    assert one.authors == ABOUT.authors
    assert (one.year, one.date, one.venue) == (2024, "2024-03-05", ABOUT.venue)
    assert (one.arxiv_id, one.doi, one.citation_key) == (ABOUT.arxiv_id, ABOUT.doi, "berg2024")
    assert one.keywords[:2] == ABOUT.keywords
    assert one.more_authors == (kind is bibtex.KIND)


def test_a_venue_decides_about_the_type_of_an_entry() -> None:
    for venue, kind in (
        ("NeurIPS", "inproceedings"),
        ("Nature", "article"),
        (None, "misc"),
        ("CoRR", "misc"),
    ):
        made = card().model_copy(update={"publication": Publication(venue=venue)})
        assert bibtex.new(made, None, "k").startswith(f"@{kind}{{k,")


def test_two_papers_with_one_citation_key_get_two_keys(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "new.bib")
    for n in range(3):
        sink.write(card(id=f"x{n}").model_copy(update={"publication": Publication(citation_key="k")}), None)
    sink.close()

    keys = re.findall(r"@misc\{(.*),", (tmp_path / "new.bib").read_text("utf-8"))
    assert keys[0] == "k" and len(set(keys)) == 3


@pytest.mark.parametrize("name", ["c.jsonl", "c.json", "c.parquet", "c.db", "c.duckdb"])
def test_a_card_comes_back_with_its_publication(tmp_path: Path, name: str) -> None:
    cards = [
        card(id=f"x{n}").model_copy(update={"publication": about})
        for n, about in enumerate((ABOUT, Publication()))
    ]
    sink = open_sink(tmp_path / name)
    for one in cards:
        sink.write(one, None)
    sink.close()

    assert list(read_cards(tmp_path / name)) == cards


def test_parquet_has_typed_columns(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "c.parquet")
    sink.write(card().model_copy(update={"publication": ABOUT}), None)
    sink.close()

    field = pq.ParquetFile(tmp_path / "c.parquet").schema_arrow.field("publication").type
    assert str(field.field("year").type) == "int64"
    assert str(field.field("authors").type).startswith("list<element: struct<family: string, given: string")


HOSTILE = (
    '=HYPERLINK("http://e.vil")',
    "@SUM(1+1)",
    "<script>alert(1)</script>",
    "[[x]] `= 1` <% 1 %>",
    "a\x00b\u202ec",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_run_nowhere(tmp_path: Path, text: str) -> None:
    about = Publication(
        (Person(literal=text),), venue=text, citation_key=text, keywords=(text,), url="javascript:x"
    )
    made = card().model_copy(update={"publication": about})
    for name in ("c.csv", "c.xlsx", "vault:notes", "c.md", "c.atom", "c.rss", "c.bib"):
        sink = open_sink(tmp_path / name if ":" not in name else Path(f"vault:{tmp_path}/notes"))
        sink.write(made, None)
        sink.close()

    (row,) = csv.DictReader((tmp_path / "c.csv").read_text("utf-8").splitlines())
    for cell in (row["authors"], row["venue"], row["citation_key"], row["keywords"]):
        assert cell.lstrip()[:1] not in ("=", "@")
    book = tmp_path / "c.xlsx"
    assert (
        python_calamine.CalamineWorkbook.from_path(book)
        .get_sheet_by_index(0)
        .to_python()[1][1]
        .startswith(text[:1])
    )
    import zipfile

    with zipfile.ZipFile(book) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
        assert not any("hyperlink" in name.lower() for name in parts.namelist())
    for name in ("c.md", "c.atom", "c.rss", "notes/papers/Tiny Time Mixers.md"):
        said = (tmp_path / name).read_text("utf-8")
        assert "<script>" not in said and "\u202e" not in said
        if name.endswith(".md"):
            assert "[[x]]" not in said and "<%" not in said


def test_the_publication_is_the_end_of_the_line_as_pydantic_writes_it() -> None:
    for about in (ABOUT, Publication(), Publication(year=1999), Publication(venue='"\\\u2028\x7f é 🙂')):
        made = card().model_copy(update={"publication": about})
        assert made.to_json() == made.model_dump_json(by_alias=True)
        assert parse_card(made.to_json(), "x") == made
        assert made.to_json().endswith(f',"publication":{json_of(about)}}}') or not json_of(about)


@pytest.mark.parametrize(
    "paper",
    [
        Paper("arxiv:2401.03955", "T", "A", "/x/p.jsonl:3"),
        Paper("arxiv:math/0309136", "T", "A"),
        Paper("doi:10.1000/x", "T", "A", "ä.bib:1", 'https://e.org/"x'),
        Paper("k1", "T", "A", "p.csv:2"),
        Paper("k1", "T", "A", "b\udcff.csv:2"),
        Paper("k1", "T", "A"),
    ],
)
def test_the_short_way_to_a_publication_gives_the_same(paper: Paper) -> None:
    assert paper.publication_json == json_of(paper.publication)


# Cards of version 1, written by the program before it had publications

OLD = Path(__file__).parent / "schema_1"


@pytest.mark.parametrize("name", ["cards.jsonl", "cards.parquet"])
def test_cards_of_version_1_are_read_for_ever(name: str) -> None:
    cards = list(read_cards(OLD / name))

    assert [one.title for one in cards] == [
        "Small models forecast the load of cities", "A dataset of bridges", "Counting stars",
    ]  # fmt: skip
    assert {one.provenance.schema_version for one in cards} == {2}
    assert cards[0].publication == Publication()
    assert (cards[0].about.year, cards[0].about.arxiv_id, cards[1].about.doi) == (
        2024,
        "2401.00001",
        "10.1000/x",
    )


def test_convert_upgrades_cards_of_version_1(run: Run, tmp_path: Path) -> None:
    assert b'"schema":1' in (OLD / "cards.jsonl").read_bytes()
    sources = tmp_path / "more.jsonl"
    records = [json.loads(line) for line in (OLD / "papers.jsonl").read_text("utf-8").splitlines()]
    sources.write_text(
        "".join(json.dumps({**one, "authors": ["Wei Zhang"], "year": 2020}) + "\n" for one in records)
    )

    assert run("convert", OLD / "cards.jsonl", "plain.jsonl").returncode == 0
    assert run("convert", OLD / "cards.jsonl", "new.jsonl", "--source", sources).returncode == 0

    plain, new = (
        [json.loads(line) for line in (tmp_path / name).read_text("utf-8").splitlines()]
        for name in ("plain.jsonl", "new.jsonl")
    )
    assert all(one["provenance"]["schema"] == 2 for one in plain + new)
    assert plain[0]["publication"] == {
        "year": 2024, "date": "2024-01", "arxiv_id": "2401.00001", "url": "https://arxiv.org/abs/2401.00001",
    }  # fmt: skip
    assert [one["publication"]["authors"] for one in new] == [[{"family": "Zhang", "given": "Wei"}]] * 3
    assert run("verify", "new.jsonl", "--source", sources).returncode == 0


def test_a_card_of_a_later_version_is_one_line() -> None:
    from papercards.errors import BadInput

    line = card().to_json().replace('"schema":2', '"schema":3')
    with pytest.raises(BadInput, match="version 3 of the card format is not known; update papercards"):
        parse_card(line, "c.jsonl:1")


@pytest.mark.parametrize("name", ["c.db", "c.duckdb"])
def test_a_database_of_cards_is_a_source_of_papers_with_their_publications(tmp_path: Path, name: str) -> None:
    paper = Paper(
        "arxiv:2401.03955", "Tiny Time Mixers", "We train a small model. It works.", told=lambda: ABOUT
    )
    sink = open_sink(tmp_path / name)
    sink.write(card().model_copy(update={"publication": paper.publication}), paper)
    sink.close()

    (again,) = open_source(tmp_path / name)
    assert isinstance(again, Paper)
    expected = replace(ABOUT, more_authors=True, url=None, source=None, abstract_source=None)
    assert replace(again.publication, url=None, source=None) == expected
