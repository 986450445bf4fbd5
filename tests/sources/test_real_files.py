"""Files as people have them: exports, downloads and pages, each with what is to be read from it.

The inputs in `real_files/` are written by hand after reports of real ones; names, DOIs and numbers are made
up. Each stands for a kind.
"""

import shutil
import sqlite3
from pathlib import Path

import pytest

from papercards.paper import Paper
from papercards.sources import BadRecord, open_source
from tests.conftest import Run

FILES = Path(__file__).parent / "real_files"
LOAD, KIDNEYS = "Small models forecast the load of cities", "Kidneys in CT scans"
CALENDARS = "Calendars in four cities"
PRINTED = "Small Models Forecast the Load of Cities"


def read(name: str) -> tuple[list[Paper], list[BadRecord]]:
    records = list(open_source(str(FILES / name)))
    papers = [one for one in records if isinstance(one, Paper)]
    return papers, [one for one in records if isinstance(one, BadRecord)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("01-ris-in-txt.txt", [("doi:10.1000/load.1", LOAD), ("doi:10.1000/kidney.2", KIDNEYS)]),
        ("05-wos-tab.txt", [("doi:10.1000/load.1", LOAD), ("doi:10.1000/kidney.2", KIDNEYS)]),
        ("23-pretty-objects.json", [(None, LOAD), (None, KIDNEYS)]),
        ("25-nan.json", [(None, LOAD), ("doi:10.1000/kidney.2", KIDNEYS)]),
        ("27-float-ids.parquet", [("101", LOAD), ("102", KIDNEYS)]),
        ("28-arxiv-py.json", [("arxiv:2401.00001", LOAD)]),
        ("28-s2-bulk.jsonl", [("arxiv:2401.00001", LOAD)]),
        (
            "30-jats-tags.bib",
            [
                ("doi:10.1000/pump.1", "Load of H2O pumps"),
                ("doi:10.1000/species.1", "A new species of Exemplum"),
            ],
        ),
        ("33-one-space.ris", [("doi:10.1000/cal.1", CALENDARS)]),
        ("35-between-records.ris", [(None, CALENDARS), (None, KIDNEYS)]),
        ("36-name-column.csv", [(None, LOAD)]),
        ("37-sep-line.csv", [("doi:10.1000/load.1", LOAD)]),
        ("38-windows-1252.csv", [("doi:10.1000/foret.1", "Forêts aléatoires pour la charge")]),
        ("40-arxiv-feed.atom", [("arxiv:2401.00001", LOAD)]),
        (
            "41-journal-feed.xml",
            [("doi:10.1000/load.1", "Small models in four cities"), ("doi:10.1000/kidney.2", KIDNEYS)],
        ),
        ("42-anthology.xml", [("doi:10.1000/ex.1", "Small Models")]),
        ("42-arxiv-rss.xml", [("arxiv:2401.00001", LOAD)]),
        ("42-pubmed.xml", [("PMID90000001", CALENDARS)]),
        ("44-two-languages.xml", [("doi:10.1000/cal.1", CALENDARS)]),
        ("46-newline-before-brace.bib", [("author2020", LOAD), ("author2021", KIDNEYS)]),
        (
            "48-arxiv-ids.bib",
            [
                (f"arxiv:2401.0000{n}", title)
                for n, title in enumerate(("One", "Two", "Three", "Four", "Five"), start=1)
            ],
        ),
        ("51-anthology-page.html", [("doi:10.1000/ex.1", "Small Models")]),
        ("53-export-links.html", [("doi:10.1000/x1", "Small Models")]),
        ("54-preprint-page.html", [("doi:10.1101/2024.01.01.000001", "Small cells see CO2")]),
        ("55-mentions-hub.html", [("arxiv:2401.00001", "Small Models")]),
        ("56-ids-a.csv.gz", [("1", LOAD), ("2", KIDNEYS)]),
    ],
)
def test_every_paper_is_read_and_nothing_else(name: str, expected: list[tuple[str | None, str]]) -> None:
    papers, bad = read(name)
    assert bad == []
    assert [paper.title for paper in papers] == [title for _, title in expected]
    for paper, (id_, _) in zip(papers, expected, strict=True):
        assert paper.id == id_ if id_ is not None else paper.id.startswith("sha256:")


@pytest.mark.parametrize(
    ("name", "begins", "ends", "never"),
    [
        ("06-review-line-numbers.pdf", "We study how", "example.org/load.", "Our numbers"),
        ("08-letter-no-headings.pdf", "We study how", "", "Our numbers"),
        ("12-article-info-box.pdf", "We study how", "", "Energy forecasting"),
        ("16-acm-terms.pdf", "We study how", "example.org/load.", "General Terms"),
        ("32-repeated-ab.ris", "BACKGROUND: Calendars are cheap.", "", "AB  -"),
        ("40-arxiv-feed.atom", "We forecast hourly energy demand.", "", "Announce Type"),
        ("41-journal-feed.xml", "We forecast demand (p < 0.05).", "", "<p>"),
        ("44-two-languages.xml", "We asked 40 clinics.", "", "cliniques"),
        ("51-anthology-page.html", "We forecast hourly energy demand", "", "Proceedings of Example"),
        ("53-export-links.html", "We forecast hourly", "", "BibTeX"),
        ("54-preprint-page.html", "We show that small cells see CO2 (p < 0.05).", "3 seconds.", "Competing"),
    ],
)
def test_an_abstract_is_all_of_it_and_no_more(name: str, begins: str, ends: str, never: str) -> None:
    [paper, *_], _ = read(name)
    text = " ".join(paper.abstract.split())
    assert text.startswith(begins)
    assert text.endswith(ends)
    assert never not in text


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("10-metadata-title-proceedings.pdf", PRINTED),
        ("14-repository-cover.pdf", PRINTED),
        ("18-title-swallows-abstract.pdf", "Ability of small models to forecast the load of cities"),
    ],
)
def test_a_title_is_the_papers(name: str, title: str) -> None:
    [paper], _ = read(name)
    assert paper.title == title


def test_a_line_of_small_capitals_is_not_lost() -> None:
    [paper], _ = read("09-small-caps-line.pdf")
    assert "The resulting system, LOADREADERONE, lowers the error by five" in " ".join(paper.abstract.split())


def test_all_parts_of_an_abstract_on_lines_of_their_own_are_read() -> None:
    [paper], _ = read("32-repeated-ab.ris")
    assert paper.abstract.count("\n") == 2 or len(paper.abstract) > 60
    assert any("http" in link.url for link in paper.links)


def test_placeholders_are_no_abstracts(run: Run, tmp_path: Path) -> None:
    done = run("enrich", FILES / "22-placeholders.csv", "-m", "baseline", "-o", "c.jsonl")
    assert done.returncode == 1
    assert len((tmp_path / "c.jsonl").read_text().splitlines()) == 1
    assert len((tmp_path / "c.errors.jsonl").read_text().splitlines()) == 3


def test_row_numbers_of_two_files_are_no_common_ids(run: Run, tmp_path: Path) -> None:
    both = (FILES / "20-ids-a.csv", FILES / "20-ids-b.csv")
    run("enrich", *both, "-m", "baseline", "-o", "c.jsonl")
    run("watch", *both, "--once", "-m", "baseline", "-o", "w.jsonl")
    for name in ("c.jsonl", "w.jsonl"):
        assert len((tmp_path / name).read_text().splitlines()) == 4


def test_another_paper_under_the_same_key_gets_no_tags(run: Run) -> None:
    run("enrich", FILES / "21-key-mine.bib", "-m", "baseline", "-o", "k.jsonl")
    done = run("annotate", FILES / "21-key-theirs.bib", "--cards", "k.jsonl", "--dry-run")
    assert done.returncode != 0
    assert "no entry matches any of these cards" in done.stderr


def test_a_reading_list_is_asked_for_and_becomes_no_card(run: Run) -> None:
    done = run(
        "enrich", FILES / "03-reading-list.md", "-m", "baseline", PAPERCARDS_ARXIV_URL="http://127.0.0.1:9"
    )
    assert done.returncode != 0
    assert done.stdout == ""
    assert "arXiv" in done.stderr


def test_a_copyright_line_is_no_claim(run: Run, tmp_path: Path) -> None:
    run("enrich", FILES / "50-copyright-lines.ris", "-m", "baseline", "-o", "c.jsonl", "-o", "c.db")
    text = (tmp_path / "c.jsonl").read_text()
    assert "©" not in text and "rights reserved" not in text and "Database Record" not in text


def test_a_folder_reads_what_would_be_read_alone_and_not_its_own_outputs(run: Run, tmp_path: Path) -> None:
    shutil.copytree(FILES / "57-folder", tmp_path / "f")
    command = ("enrich", "f", "-m", "baseline", "-o", "f/cards.jsonl", "-o", "f/cards.csv")
    first = run(*command)
    before = (tmp_path / "f" / "cards.jsonl").read_bytes()
    again = run(*command)
    assert first.returncode == again.returncode == 0, again.stderr
    assert len(before.splitlines()) == 3
    assert (tmp_path / "f" / "cards.jsonl").read_bytes() == before


@pytest.mark.parametrize("spelling", ["p.jsonl", "./p.jsonl", "sub/../p.jsonl", "link.jsonl"])
def test_papers_are_not_replaced_by_their_cards(run: Run, tmp_path: Path, spelling: str) -> None:
    (tmp_path / "sub").mkdir()
    papers = tmp_path / "p.jsonl"
    papers.write_bytes((FILES / "28-s2-bulk.jsonl").read_bytes())
    (tmp_path / "link.jsonl").symlink_to("p.jsonl")
    before = papers.read_bytes()
    done = run("enrich", "p.jsonl", "-o", spelling, "-m", "baseline")
    assert done.returncode == 2
    assert "is both a source and an output" in done.stderr
    assert papers.read_bytes() == before


def test_one_output_is_named_once(run: Run) -> None:
    done = run("enrich", FILES / "28-s2-bulk.jsonl", "-o", "a.jsonl", "-o", "./a.jsonl", "-m", "baseline")
    assert done.returncode == 2
    assert "given twice" in done.stderr


def test_abstracts_reach_a_database_as_they_were_read(run: Run, tmp_path: Path) -> None:
    run("enrich", FILES / "41-journal-feed.xml", "-m", "baseline", "-o", "out.db")
    with sqlite3.connect(tmp_path / "out.db") as table:
        rows = table.execute("SELECT abstract FROM abstracts").fetchall()
    assert len(rows) == 2 and all("<" not in row[0].replace("p < 0.05", "") for row in rows)
