"""Saved web pages: meta tags of papers, and that nothing in them is more than text."""

from pathlib import Path

import pytest

from papercards.paper import Paper, Section
from papercards.sources import BadRecord, Options, open_source
from tests.conftest import Run

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8">
<title>[2401.03955] Counting to Four</title>
<script>document.title = "run"</script>
<meta name="citation_title" content="Counting to Four &amp; More"/>
<meta name="citation_author" content="Lovelace, Ada"/>
<meta name="citation_doi" content="10.48550/arXiv.2401.03955"/>
<meta name="citation_arxiv_id" content="2401.03955"/>
<meta name="citation_abstract" content="Counting is hard. We count to 4, for x &lt; 5 and y &gt; 2."/>
<meta property="og:title" content="Something else"/>
<meta property="og:description" content="Cut short&hellip;"/>
<meta property="og:url" content="https://arxiv.org/abs/2401.03955v1"/>
</head><body><article><h1>Counting to Four</h1>
<h2>1 Introduction</h2><p>Hard.</p>
<h2>2 Conclusion</h2><p>We counted <b>well</b>.<script>alert(1)</script></p>
<h3>2.1 More</h3><p>And fast.</p><h2>References</h2><p>Cited.</p></article></body></html>
"""


def read(tmp_path: Path, html: str | bytes, *sections: str) -> Paper | BadRecord:
    file = tmp_path / "paper.html"
    file.write_bytes(html if isinstance(html, bytes) else html.encode())
    (found,) = open_source(str(file), Options(sections=sections))
    return found


def test_the_tags_of_a_paper_are_read_and_sections_by_their_headings(tmp_path: Path) -> None:
    paper = read(tmp_path, PAGE, "conclusion")

    assert paper == Paper(
        "arxiv:2401.03955",
        "Counting to Four & More",
        "Counting is hard. We count to 4, for x < 5 and y > 2.",
        url="https://arxiv.org/abs/2401.03955v1",
        sections=(Section("Conclusion", "We counted well.\n\nAnd fast."),),
    )


@pytest.mark.parametrize(
    ("tags", "title", "abstract"),
    [
        (
            '<meta name="DC.Title" content="A Title"><meta name="dc.description" content="An abstract.">',
            "A Title",
            "An abstract.",
        ),
        (
            '<meta property="og:title" content="A Title">'
            '<meta property="og:description" content="An abstract.">',
            "A Title",
            "An abstract.",
        ),
        (
            '<meta content="A &lt;i&gt;Title&lt;/i&gt;" name="citation_title">'
            '<meta name="citation_abstract" content="&lt;p&gt;Abstract: One &amp;amp; two.&lt;/p&gt;">',
            "A Title",
            "One & two.",
        ),
        (
            '<meta name="citation_title" content="&lt;script&gt;alert(1)&lt;/script&gt;A Title">'
            '<meta name="citation_abstract" content="One&lt;img src=x onerror=alert(1)&gt; two.">',
            "A Title",
            "One two.",
        ),
    ],
    ids=["dublin-core", "social", "html-in-tags", "scripts"],
)
def test_tags_are_text_whatever_is_in_them(tmp_path: Path, tags: str, title: str, abstract: str) -> None:
    paper = read(tmp_path, f"<html><head>{tags}</head><body><p>Text.</p></body></html>")

    assert isinstance(paper, Paper), paper
    assert (paper.title, paper.abstract) == (title, abstract)


@pytest.mark.parametrize(
    "body",
    [
        "<h2>Abstract</h2><p>We count.</p><h2>Introduction</h2><p>Hard.</p>",
        '<blockquote class="abstract mathjax"><span>Abstract:</span> We count.</blockquote>',
        '<div id="abstract">We <b>count</b>.<script>x()</script></div>',
    ],
)
def test_an_abstract_that_is_in_no_tag_is_found_on_the_page(tmp_path: Path, body: str) -> None:
    tag = '<meta name="citation_title" content="A Title">'
    paper = read(tmp_path, f"<html><head>{tag}</head><body>{body}</body></html>")

    assert isinstance(paper, Paper), paper
    assert paper.abstract == "We count."


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (
            "<html><head><title>T</title></head></html>",
            "is not the page of a paper: it has no tag citation_title",
        ),
        ('<meta name="citation_title" content="T">', "has no abstract"),
        (
            '<meta name="citation_title" content=" ">',
            "is not the page of a paper: it has no tag citation_title",
        ),
    ],
)
def test_a_page_that_is_no_papers_says_what_it_lacks(tmp_path: Path, page: str, reason: str) -> None:
    bad = read(tmp_path, page)

    assert isinstance(bad, BadRecord)
    assert bad.reason.startswith(reason)


def test_a_page_in_another_encoding_says_so_itself(tmp_path: Path) -> None:
    page = (
        '<html><head><meta charset="iso-8859-1"><meta name="citation_title" content="Caf\u00e9 counting">'
        '<meta name="citation_abstract" content="We count caf\u00e9s."></head></html>'
    )
    paper = read(tmp_path, page.encode("latin-1"))

    assert isinstance(paper, Paper), paper
    assert paper.title == "Café counting"


def test_a_link_that_runs_something_is_no_url_of_a_paper(tmp_path: Path) -> None:
    paper = read(tmp_path, PAGE.replace("https://arxiv.org/abs/2401.03955v1", "javascript:alert(1)"))

    assert isinstance(paper, Paper)
    assert paper.url is None


def test_the_command_prints_its_card(run: Run, tmp_path: Path) -> None:
    (tmp_path / "paper.html").write_text(PAGE)

    done = run("summarize", "paper.html", "-m", "baseline")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Counting to Four & More\n")
