"""Reads the sections of HTML that LaTeXML made, as arXiv shows papers.

The classes of LaTeXML say what an element is: a section, its number, a footnote. Formulas in a line are read
by their signs (`95%`); displayed ones, tables, figures and text that a reader does not see are left out. No
script is run and nothing is fetched.
"""

import re
from collections.abc import Iterator
from typing import Any

from ...errors import importing
from ...reading.instructions import is_order
from ..html_unseen import take_out
from .outline import Block, Heading, Paragraph

_LEVELS = {
    "ltx_part": 1,
    "ltx_chapter": 1,
    "ltx_section": 1,
    "ltx_appendix": 1,
    "ltx_bibliography": 1,
    "ltx_acknowledgements": 1,
    "ltx_subsection": 2,
    "ltx_subsubsection": 3,
    "ltx_paragraph": 4,
    "ltx_subparagraph": 5,
}
_ASIDE = frozenset(
    (
        "ltx_figure ltx_table ltx_float ltx_equation ltx_equationgroup ltx_listing ltx_algorithm ltx_ERROR "
        "ltx_abstract ltx_authors ltx_TOC ltx_bibitem ltx_page_navbar ltx_page_footer ltx_pagination"
    ).split()
)
_UNREAD = frozenset(
    ("script", "style", "nav", "footer", "svg", "figure", "table", "img", "annotation", "annotation-xml")
)
_LICENCE = re.compile(rb'id="license-tr"[^>]*>\s*License:\s*CC (BY(?:-[A-Z]{2}){0,2}) (\d\.\d)\s*<')


def licence(page: bytes) -> str | None:
    """The address of the Creative Commons licence that the head of arXiv's page names."""
    found = _LICENCE.search(page)
    return (
        f"http://creativecommons.org/licenses/{found[1].decode().lower()}/{found[2].decode()}/"
        if found
        else None
    )


def blocks(page: bytes) -> tuple[list[Block], bool]:
    """The headings and paragraphs after the abstract, and whether text was left out that nobody sees.

    There are none for a page that LaTeXML did not make. Raises MissingExtra without lxml.
    """
    with importing("reading HTML", "sources"):
        from lxml import etree, html
    try:
        root = html.document_fromstring(page, parser=html.HTMLParser(encoding="utf-8", no_network=True))
    except etree.ParserError:
        return [], False
    unseen = any(
        is_order(text) or (_of_paper(one) and any(map(str.isalpha, text))) for one, text in take_out(root)
    )
    document = root.find_class("ltx_document")
    return list(_walk(document[0], 0, titled=False)) if document else [], unseen


def _of_paper(element: Any) -> bool:
    return any("ltx_document" in str(one.get("class") or "").split() for one in element.iterancestors())


def _walk(element: Any, level: int, *, titled: bool) -> Iterator[Block]:
    """What an element holds; `titled`: it is a section, whose title is a heading, and no theorem."""
    for child in element:
        marks = _marks(child)
        if marks is None:
            continue
        if "ltx_title" in marks:
            if titled and (text := _words(child)):
                yield Heading(text, level)
        elif "ltx_p" in marks or child.tag == "p":
            if text := _words(child):
                yield Paragraph(text)
            for note in child.find_class("ltx_note_content"):
                yield Paragraph(_words(note), note=True)
        else:
            own = next((_LEVELS[one] for one in marks if one in _LEVELS), None)
            yield from _walk(child, own or level, titled=own is not None)


def _marks(element: Any) -> list[str] | None:
    """The classes of an element; None for one that is not read."""
    if not isinstance(element.tag, str) or element.tag in _UNREAD:
        return None
    marks = str(element.get("class") or "").split()
    return None if not _ASIDE.isdisjoint(marks) else marks


def _words(element: Any) -> str:
    text = " ".join("".join(_pieces(element)).split())
    return re.sub(r" ([,.;:])", r"\1", text)


def _pieces(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        marks = _marks(child)
        if marks is None or "ltx_note" in marks or "ltx_note_mark" in marks or "ltx_tag_note" in marks:
            pass
        elif child.tag == "math":
            yield "".join(_signs(child))
        elif "ltx_break" in marks or child.tag == "br":
            yield " "
        else:
            yield from _pieces(child)
            if "ltx_tag" in marks:
                yield " "
        yield child.tail or ""


def _signs(element: Any) -> Iterator[str]:
    """The signs of a formula as they stand in a line; a power as `^2`, an index as `_i`."""
    if not isinstance(element.tag, str) or element.tag in _UNREAD:
        return
    mark = {"msup": "^", "msub": "_", "mfrac": "/"}.get(element.tag, "")
    yield (element.text or "").strip().replace("\u2062", "").replace("\u2061", "")
    for number, child in enumerate(element):
        if number and mark:
            yield mark
        yield from _signs(child)
