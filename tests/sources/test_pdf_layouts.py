"""What makes title and abstract of a PDF hard to tell: one test a kind, several looks of each."""

from pathlib import Path

import pytest
from fpdf import FPDF

from papercards.paper import Paper
from papercards.sources import BadRecord, Options, open_source
from tests.sources.pdf_set.measure import documents, judged, read_by, unpacked

TITLE = "Small Models Forecast the Load of Cities"
SENTENCES = (
    "We study how small models forecast hourly energy demand in four cities.",
    "A shared encoder reads the load of the past week and a light head gives the next day.",
    "On three public data sets the error falls by five percent, while training takes a tenth of the time.",
    "An ablation shows that the calendar features matter most.",
    "Code is available at https://example.org/load.",
)
ABSTRACT = " ".join(SENTENCES)
BODY = (
    "Energy systems need forecasts that are quick and cheap. Many teams train large networks on data that few"
    " others may see. In this text we ask how far a small model goes when it is given a good calendar."
    " We describe the data first, then the model, and then what went wrong. Earlier work looked at single"
    " buildings and at whole countries. We look at cities, as their load has both weather and working hours."
)


class Sheet(FPDF):
    """A letter page on which text is put where it is wanted."""

    def __init__(self, title: str = "") -> None:
        super().__init__(format="letter", unit="pt")
        self.set_margins(72, 72)
        self.set_auto_page_break(True, 72)
        if title:
            self.set_title(title)
        self.add_page()

    def say(self, words: str, size: float = 10, style: str = "", align: str = "L", gap: float = 6) -> "Sheet":
        self.set_font("Times", style, size)
        self.multi_cell(0, 1.2 * size, words, align=align, new_x="LMARGIN", new_y="NEXT")
        self.ln(gap)
        return self

    def front(self, title: str = TITLE, size: float = 17) -> "Sheet":
        self.say(title, size, "B", "C")
        return self.say("Ann Author and Bob Author", 11, align="C").say(
            "Example University", align="C", gap=20
        )

    def body(self, heading: str = "1 Introduction", times: int = 3) -> "Sheet":
        if heading:
            self.say(heading, 12, "B")
        for _ in range(times):
            self.say(BODY)
        return self

    def column(self, x: float, y: float, lines: list[str], size: float = 10, leading: float = 12) -> "Sheet":
        self.set_font("Times", size=size)
        for n, line in enumerate(lines):
            self.text(x, y + leading * n, line)
        return self

    def cut(self, words: str, width: float, size: float = 10) -> list[str]:
        self.set_font("Times", size=size)
        return list(self.multi_cell(width, 12, words, dry_run=True, output="LINES", align="L"))


def read(tmp_path: Path, sheet: FPDF) -> Paper | BadRecord:
    file = tmp_path / "paper.pdf"
    file.write_bytes(bytes(sheet.output()))
    (found,) = open_source(str(file), Options())
    return found


def numbered(x: float, size: float, step: int, start: int = 1, leading: float = 12) -> Sheet:
    """Every line with its number beside it."""
    sheet = Sheet().front().say("Abstract", 12, "B", "C")
    top = sheet.get_y() + 10
    lines = [
        *sheet.cut(ABSTRACT, 330),
        "",
        "1 Introduction",
        "",
        *sheet.cut(BODY, 330),
        "",
        *sheet.cut(BODY, 330),
        *sheet.cut(BODY, 330),
    ]
    sheet.column(100, top, lines, leading=leading)
    sheet.set_font("Helvetica", size=size)
    for n in range(len(lines)):
        if (n + start) % step == 0:
            sheet.text(x, top + leading * n, str(n + start))
    return sheet


@pytest.mark.parametrize(
    "sheet",
    [
        numbered(60, 7, 1),
        numbered(60, 5, 5),
        numbered(85, 7, 1, start=96),
        numbered(500, 7, 1),
        numbered(72, 10, 1, leading=24),
    ],
    ids=["each", "every-fifth", "near", "right", "double-spaced"],
)
def test_line_numbers_are_no_part_of_the_abstract(tmp_path: Path, sheet: Sheet) -> None:
    paper = read(tmp_path, sheet)

    assert isinstance(paper, Paper), paper
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


def test_a_column_of_a_table_is_no_ruler(tmp_path: Path) -> None:
    sheet = Sheet().front().say("Abstract", 12, "B").say(ABSTRACT).body().say("2 Results", 12, "B")
    top = sheet.get_y() + 10
    sheet.column(90, top, [str(n) for n in range(1, 9)]).column(
        150, top, [f"Musterstadt upon the river {n}" for n in "ABCDEFGH"]
    )
    file = tmp_path / "paper.pdf"
    file.write_bytes(bytes(sheet.output()))

    from papercards.sources.full_text.pdf.document import read_document

    (results,) = read_document(str(file), ("results",))["sections"]
    assert "4 Musterstadt upon the river D 5 Musterstadt" in results["text"]


@pytest.mark.parametrize("gap", [0, 6, 24], ids=["indent", "gap", "wide-gap"])
def test_without_a_heading_after_it_the_abstract_is_the_first_paragraph(tmp_path: Path, gap: float) -> None:
    sheet = Sheet().front().say("Abstract", 12, "B", "C").say(ABSTRACT, gap=gap)
    for _ in range(12):
        sheet.say(("      " if not gap else "") + BODY + " " + BODY, gap=gap)

    paper = read(tmp_path, sheet)

    assert isinstance(paper, Paper), paper
    assert paper.abstract == ABSTRACT


@pytest.mark.parametrize("at", ["begin", "middle", "end", "whole"])
def test_a_line_with_small_capitals_stays(tmp_path: Path, at: str) -> None:
    sheet = Sheet().front().say("Abstract", 12, "B", "C")
    name = "LOADREADERONE"
    parts = {
        "begin": [(7.5, name), (10, " is the system that lowers the error by five")],
        "middle": [(10, "The resulting system, "), (7.5, name), (10, ", lowers the error by five")],
        "end": [(10, "The error is lowered by five percent with "), (7.5, name)],
        "whole": [(10, "L"), (7.5, "OADREADERONEANDITSYOUNGERBROTHER AND ALL SISTERS")],
    }[at]
    lines = [SENTENCES[0], "", SENTENCES[1], SENTENCES[3]]
    top = sheet.get_y() + 10
    for n, line in enumerate(lines):
        x = 85.0
        for size, words in parts if not line else [(10.0, line)]:
            sheet.set_font("Times", size=size)
            sheet.text(x, top + 12 * n, words)
            x += sheet.get_string_width(words)
    sheet.set_y(top + 70)

    paper = read(tmp_path, sheet.body())

    assert isinstance(paper, Paper), paper
    said = "".join(words for _, words in parts)
    assert paper.abstract == " ".join([SENTENCES[0], said, SENTENCES[1], SENTENCES[3]])


@pytest.mark.parametrize(
    ("own", "printed_again"),
    [
        ("Proceedings of the 3rd Example Meeting on Forecasts", True),
        ("Journal of Examples", True),
        ("Example University", True),
        ("Abstract", False),
        ("load_final_v3", False),
        ("Another paper that was here before", False),
    ],
)
def test_particulars_that_name_something_else_are_no_title(
    tmp_path: Path, own: str, printed_again: bool
) -> None:
    sheet = Sheet(own).front().say("Abstract", 12, "B").say(ABSTRACT).body()
    if printed_again:
        sheet.say(f"{own}, pages 1-8, 2007", 8)

    paper = read(tmp_path, sheet)

    assert isinstance(paper, Paper), paper
    assert paper.title == TITLE


def test_particulars_know_the_capitals_of_a_title(tmp_path: Path) -> None:
    sheet = Sheet(TITLE).front(TITLE.upper()).say("Abstract", 12, "B").say(ABSTRACT).body()

    paper = read(tmp_path, sheet)

    assert isinstance(paper, Paper), paper
    assert paper.title == TITLE


@pytest.mark.parametrize(
    "venue",
    [
        "Journal of Examples",
        "Proceedings of the 3rd Example Meeting",
        "University of Somewhere",
        "nature examples",
        "RESEARCH ARTICLE",
        "The 12th International Conference on Examples",
    ],
)
def test_what_is_larger_than_the_title_need_not_be_it(tmp_path: Path, venue: str) -> None:
    sheet = Sheet().say(venue, 24, "B").front().say("Abstract", 12, "B").say(ABSTRACT).body()
    sheet.say(f"{venue.upper()} | (2020) 11:1234", 7)

    paper = read(tmp_path, sheet)

    assert isinstance(paper, Paper), paper
    assert paper.title == TITLE


@pytest.mark.parametrize("right", [False, True], ids=["left", "right"])
@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("A R T I C L E   I N F O", "A B S T R A C T"),
        ("Article info", "Abstract"),
        ("a r t i c l e  i n f o", "a b s t r a c t"),
        ("Citation: Author, A.; Author, B.", "ABSTRACT"),
    ],
)
def test_a_box_beside_the_abstract_is_none_of_it(tmp_path: Path, head: str, name: str, right: bool) -> None:
    sheet = Sheet().front()
    top = sheet.get_y() + 10
    box = ["Keywords:", "Energy forecasting", "Small models", "Calendar features", "City load"]
    at, beside = (60, 410) if right else (210, 60)
    sheet.column(beside, top, [head], 9).column(beside, top + 18, box, 8, 11)
    sheet.column(at, top, [name], 9).column(at, top + 18, sheet.cut(ABSTRACT, 300, 9), 9, 11)
    sheet.set_y(top + 110)

    paper = read(tmp_path, sheet.body("1. Introduction"))

    assert isinstance(paper, Paper), paper
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


@pytest.mark.parametrize(
    "cover",
    [
        (
            (
                18,
                "This may be the author's version of a work that was accepted for publication in a journal:",
            ),
            (11, f"Author, A. and Author, B. (2020) {TITLE}. Journal of Examples, 1(1), pp. 1-8."),
            (11, "This file was downloaded from: https://eprints.example.edu/1/"),
        ),
        (
            (24, "Example Repository"),
            (14, "Peer reviewed version"),
            (11, "Link to publication"),
            (9, f"General rights. {BODY} Take down policy. {BODY}"),
        ),
        (
            (9, "See discussions, stats, and author profiles for this publication at: https://example.org/1"),
            (20, "Small models forecast..."),
            (9, "All content following this page was uploaded by Ann Author on 7 May 2020."),
        ),
    ],
    ids=["eprints", "rights", "network"],
)
def test_a_cover_of_a_repository_is_passed_over(tmp_path: Path, cover: tuple[tuple[float, str], ...]) -> None:
    sheet = Sheet()
    for size, words in cover:
        sheet.say(words, size, "B" if size > 15 else "")
    sheet.add_page()

    paper = read(tmp_path, sheet.front().say("Abstract", 12, "B").say(ABSTRACT).body())

    assert isinstance(paper, Paper), paper
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


@pytest.mark.parametrize(
    "terms",
    [
        ("Categories and Subject Descriptors D.3.4 [Software]: Tools", "General Terms Design, Measurement."),
        (
            "CCS Concepts: Computing methodologies, Neural networks.",
            "Keywords energy, forecasts, small models.",
        ),
        (
            "Additional Key Words and Phrases: energy, forecasts",
            "ACM Reference Format: A. Author. 2020. Loads.",
        ),
        ("Index Terms - energy, forecasts", "MSC codes. 62M10"),
        ("\u00a9 2020 Example Press Ltd. All rights reserved.", "Keywords: energy"),
        (
            "Copyright 2020 by the authors. Permission to make digital copies is granted.",
            "Received 3 March 2020",
        ),
    ],
)
def test_terms_and_rights_below_the_abstract_are_none_of_it(tmp_path: Path, terms: tuple[str, ...]) -> None:
    sheet = Sheet().front().say("Abstract", 11, "B").say(ABSTRACT)
    for one in terms:
        sheet.say(one)

    paper = read(tmp_path, sheet.body())

    assert isinstance(paper, Paper), paper
    assert paper.abstract == ABSTRACT


@pytest.mark.parametrize(
    "word", ["received", "Received", "supported by", "copyright", "published by", "available online", "MSC"]
)
def test_words_of_such_lines_may_begin_a_line_of_the_abstract(tmp_path: Path, word: str) -> None:
    lines = [SENTENCES[0], "The forecasts that a city of half a million people has", f"{word} 12 answers."]
    sheet = Sheet().front().say("Abstract", 11, "B").say("\n".join([*lines, *SENTENCES[1:3]]))

    paper = read(tmp_path, sheet.body())

    assert isinstance(paper, Paper), paper
    assert " ".join(paper.abstract.split()) == " ".join([*lines, *SENTENCES[1:3]])


@pytest.mark.parametrize(
    "name", ["Abstract.", "Abstract--", "ABSTRACT:", "Abstract -", "Summary.", "Abstract"]
)
@pytest.mark.parametrize("size", [8, 10, 12])
def test_a_heading_in_the_line_of_the_abstract(tmp_path: Path, name: str, size: float) -> None:
    sheet = Sheet().front()
    words = f"{name}{'' if name.endswith('--') else ' '}{ABSTRACT}"

    paper = read(tmp_path, sheet.say(words, size).body())

    assert isinstance(paper, Paper), paper
    assert paper.abstract == ABSTRACT


@pytest.mark.parametrize("names", ["A. Author", "I. Author", "A. B. Author and C. Writer", "C. Author"])
def test_initials_of_authors_head_no_section(tmp_path: Path, names: str) -> None:
    sheet = (
        Sheet().say(TITLE, 17, "B", "C").say(names, 12, "B", "C").say("Example University", align="C", gap=20)
    )

    paper = read(tmp_path, sheet.say(ABSTRACT).body())

    assert isinstance(paper, Paper), paper
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


@pytest.mark.parametrize("style", ["B", ""])
def test_a_title_set_as_the_text_ends_where_people_are_named(tmp_path: Path, style: str) -> None:
    sheet = Sheet()
    for line in (TITLE, "A. Author, B. Author", "Department of Examples, Example University", ABSTRACT):
        sheet.say(line, 11, style, gap=0)

    paper = read(tmp_path, sheet.say("", gap=10).body("Results"))

    assert isinstance(paper, Paper), paper
    assert paper.title == TITLE
    assert paper.abstract == ABSTRACT


def test_a_title_without_an_end_is_an_error(tmp_path: Path) -> None:
    sheet = Sheet()
    for _ in range(6):
        sheet.say(ABSTRACT, 11, "B", gap=0)

    bad = read(tmp_path, sheet.say("Abstract", 11).say(ABSTRACT).body())

    assert isinstance(bad, BadRecord)
    assert bad.reason == "no title found on its first page"


@pytest.fixture(scope="module")
def papers() -> dict[str, bytes]:
    return unpacked()


KNOWN_MISSES: set[tuple[str, str]] = set()
"""What is read wrong of the set; empty is best."""


def test_of_the_set_of_typeset_papers_every_part_is_read(papers: dict[str, bytes]) -> None:
    read_one = read_by()
    wrong = {
        (truth["file"], field)
        for truth in documents()
        for field, good in judged(truth, read_one(papers[truth["file"]])).items()
        if not good
    }

    assert len(papers) >= 110
    assert wrong == KNOWN_MISSES


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("dev/scan-1.pdf", "has no text: its pages are images"),
        ("held/scan-2.pdf", "has no text: its pages are images"),
        ("dev/scan-3.pdf", "has no text except a cover: its pages are images"),
        ("dev/bitmaps-3.pdf", "has unreadable text: its fonts (Type 3, or without Unicode)"),
        ("held/bitmaps-4.pdf", "has unreadable text: its fonts (Type 3, or without Unicode)"),
        ("dev/slides-1.pdf", "looks like slides"),
        ("dev/slides-3.pdf", "looks like slides"),
    ],
)
def test_what_holds_no_paper_is_named(papers: dict[str, bytes], file: str, reason: str) -> None:
    assert read_by()(papers[file])["error"].startswith(reason)
