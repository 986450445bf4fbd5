"""The Markdown page: what a viewer shows, and that strangers' text stays text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from papercards.card import Card
from papercards.paper import Paper
from papercards.sinks import open_sink
from papercards.sinks.escaping import address, code, link, plain, text, with_links, without_templates
from papercards.text.spans import links

from .cards import card

OURS = {
    "h1", "h2", "p", "ul", "li", "strong", "code", "a", "br", "sub", "hr",
}  # fmt: skip


class Page(HTMLParser):
    """What a browser finds: elements, addresses, text."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.hrefs: list[str] = []
        self.text = ""
        self.headings: list[str] = []
        self._in_heading = False
        viewer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
        self.html = viewer.render(markdown)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.hrefs += [value or "" for name, value in attrs if name == "href"]
        if tag == "h2":
            self._in_heading = True
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "h2":
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_heading:
            self.headings[-1] += data


def page(tmp_path: Path, *cards: Card, paper: Paper | None = None) -> Page:
    sink = open_sink(tmp_path / "cards.md")
    for one in cards:
        sink.write(one, paper)
    sink.close()
    return Page((tmp_path / "cards.md").read_text())


def test_a_page_shows_all_of_a_card(tmp_path: Path) -> None:
    shown = page(tmp_path, card(flag="number-not-in-source"), card(id="x"))

    assert shown.headings == ["Tiny Time Mixers", "Tiny Time Mixers"]
    for words in (
        "Small models forecast well.",
        "Tasks: time-series-forecasting",
        "Modalities: time-series",
        "Contributions: method dataset",
        "performance: “It is 40% better.”",
        "Code: released · “Code is at https://github.com/a/b_c.”",
        "Data: not stated",
        "Weights: promised · “We will release weights.”",
        "Links: https://github.com/a/b_c (code)",
        "number-not-in-source",
        "arxiv:2401.03955 · local/m · prompt card@1 · taxonomy t@1 · 2026-11-23",
        "2 papers.",
    ):
        assert words in shown.text
    assert set(shown.tags) <= OURS
    assert set(shown.hrefs) == {"https://arxiv.org/abs/2401.03955", "https://github.com/a/b_c"}


def test_a_page_without_cards_says_so(tmp_path: Path) -> None:
    assert "No papers." in page(tmp_path).text


def test_the_title_leads_to_the_paper(tmp_path: Path) -> None:
    paper = Paper(id="x", title="T", abstract="A", url="https://example.org/a?b=c&copy=1")

    assert (
        page(tmp_path, card(id="x").model_copy(update={"publication": paper.publication}), paper=paper).hrefs[
            0
        ]
        == paper.url
    )
    assert page(tmp_path, card(id="doi:10.1/a(b")).hrefs[0] == "https://doi.org/10.1/a(b"


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "](javascript:alert(1))",
    "[x](javascript:alert(1))",
    "![x](http://e.vil/pixel)",
    "<javascript:alert(1)>",
    "<http://e.vil>",
    "[x]: http://e.vil",
    "&lt;script&gt; &#60;b&#62;",
    "`code` ``two`` ```three",
    "| a | b |\n|---|---|\n| c | d |",
    "# heading",
    "1. list",
    "- list",
    "+ list",
    "> quote",
    "---",
    "===",
    "~~~",
    "~~struck~~ **bold** __bold__ *i* _i_",
    "$x$ $$y$$ {{ liquid }}",
    "ends with a backslash\\",
    "C #",
    "<!-- comment",
    "</sub></p><h1>x",
    "a\n\n# b\r\n\n<b>c</b>",
    "    indented",
    "\u202egnp.exe \u200b\u2066x\x00\x1b[31m",
    "<![CDATA[x]]> <?php x ?>",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_text_is_inert_wherever_it_stands(tmp_path: Path, words: str) -> None:
    clean = page(tmp_path, card(id="x", title="T"))
    shown = page(
        tmp_path,
        card(id="x", title=words),
        card(id="x", title="T", tldr=words),
        card(id="x", title="T", task=words),
        card(id="x", title="T", claim=words),
        card(id="x", title="T", code=words),
        card(id="x", title="T", flag=words),
        card(id=words, title="T"),
    )

    assert set(shown.tags) <= OURS
    assert shown.attributes <= {"href"}
    assert shown.tags.count("h1") == clean.tags.count("h1")
    assert shown.tags.count("h2") == 7
    assert shown.tags.count("hr") == 1
    assert shown.tags.count("li") <= 7 * clean.tags.count("li")
    assert all(href.startswith(("http://", "https://")) for href in shown.hrefs)
    assert shown.headings[0] == plain(words)


marks = st.sampled_from(list("\\`*_[]()<>&|~$@{}#+-=!:./\"' \n\t1a")) | st.sampled_from(HOSTILE)
anything = st.lists(marks | st.characters(exclude_categories=["Cs"]), max_size=12).map("".join)


@given(anything)
@example("www.example.org https://example.org a@example.org")
@example("1) a")
def test_text_is_shown_as_it_is_and_makes_nothing(raw: str) -> None:
    inert = text(raw)

    assert Page(f"# {inert}").tags == ["h1"]
    assert set(Page(f"- {inert}").tags) <= {"ul", "li"}
    for before in ("", "para\n\n", "> ", "- "):
        assert Page(before + inert).text.split() == Page(before).text.split() + plain(raw).split()
    assert "://" not in inert
    assert "@" not in inert
    assert not re.search(r"www\.", inert, re.IGNORECASE)
    assert "\n" not in inert


@given(anything)
def test_code_is_shown_as_it_is_and_makes_nothing(raw: str) -> None:
    shown = Page(f"a {code(raw)} b")

    assert set(shown.tags) <= {"p", "code"}
    inert = without_templates(plain(raw))
    inert = re.sub(r"(^|`)(?=[ $]*=)", r"\1'", inert)
    assert shown.text.split() == ["a", *inert.split(), "b"]


@given(anything, anything)
def test_a_link_has_one_address_and_it_is_http(label: str, rest: str) -> None:
    url = f"https://example.org/{rest}"

    shown = Page(f"- {link(label or 'x', url)}")

    assert len(shown.hrefs) <= 1
    assert set(shown.tags) <= {"ul", "li", "a"}
    assert all(href.startswith("https://example.org") for href in shown.hrefs)
    assert "|" not in (address(url) or "")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "//example.org",
        "http://",
        "http:example.org",
        "http://[bad",
        "vbscript:x",
        "",
        None,
    ],
)
def test_other_addresses_are_text(url: str | None) -> None:
    assert address(url) is None
    assert link("label", url) == "label"


@given(anything)
@example("See https://a.org/x_y_z, http://b.org/(c) and www.d.org.")
def test_a_sentence_with_links_reads_as_it_is(raw: str) -> None:
    shown = Page(f"“{with_links(raw, links(raw))}”")

    assert set(shown.tags) <= {"p", "a"}
    assert shown.text.strip() == f"“{plain(raw)}”"
    assert all(href.startswith(("http://", "https://")) for href in shown.hrefs)
