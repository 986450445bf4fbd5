"""Reads a saved web page of one paper, by the meta tags that academic search engines use.

`citation_title` and related tags come first, then Dublin Core (`dc.title`), then those for social networks
(`og:title`), which are often cut. An abstract without a tag is searched under its heading. Scripts are never
run; tags are removed and entities decoded. Tags:
https://scholar.google.com/intl/en/scholar/inclusion.html#indexing.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...bibliography.markup import plain as without_tags
from ...bibliography.markup import without_comments
from ...errors import BadInput, importing
from ...paper import Paper
from ...reading.instructions import is_order
from ..bounds import MAX_RECORD_BYTES
from ..columns import BadRecord, Columns
from ..html_unseen import take_out
from ..interface import Format, Input, Records
from .outline import Block, Heading, Paragraph, kind_of, pick

if TYPE_CHECKING:
    from lxml import html as lxml_html

_NAMES = {
    "title": tuple(
        (
            "citation_title dc.title dcterms.title bepress_citation_title eprints.title prism.title "
            "og:title twitter:title"
        ).split()
    ),
    "abstract": tuple(
        (
            "citation_abstract dcterms.abstract dc.description.abstract dc.description "
            "dcterms.description eprints.abstract bepress_citation_abstract"
        ).split()
    ),
    "doi": tuple(
        (
            "citation_doi bepress_citation_doi prism.doi dc.identifier.doi dc.identifier dcterms.identifier"
        ).split()
    ),
    "arxiv_id": ("citation_arxiv_id",),
    "date": (
        *("citation_publication_date", "citation_date", "citation_cover_date", "citation_online_date"),
        *("prism.publicationdate", "dc.date", "dcterms.issued", "dc.date.issued", "article:published_time"),
        *("bepress_citation_date", "citation_year"),
    ),
    "venue": (
        *(
            "citation_journal_title",
            "citation_conference_title",
            "citation_inbook_title",
            "prism.publicationname",
        ),
        *("citation_dissertation_institution", "dc.source", "bepress_citation_journal_title"),
    ),
    "pdf_url": ("citation_pdf_url", "bepress_citation_pdf_url"),
}
"""Tags for each field, the best first."""
_LISTS = {
    "authors": tuple(
        ("citation_author citation_authors bepress_citation_author dc.creator dc.contributor author").split()
    ),
    "keywords": ("citation_keywords", "citation_keyword", "dc.subject"),
}
"""Tags that come once for each of several."""
_LAST_RESORT = ("og:description", "twitter:description", "description")
_PAPER_TAG = re.compile(
    rb"(?:citation_(?:title|abstract|doi|arxiv_id)|dc(?:terms)?\.title|bepress_citation|eprints\.title)\b",
    re.IGNORECASE,
)
_DEAD = re.compile(r"<(script|style|noscript|template)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-z][\w:-]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
_LABEL = re.compile(r"^\s*(?i:abstract)\s*(?:[:.\u2014\u2013-]\s*|(?=[A-Z]))")
_SKIPPED = frozenset(
    (
        "script style noscript template nav footer aside form button svg math figure table head iframe select"
    ).split()
)
_MARKS = frozenset(("abstract", "abstract-text", "acl-abstract", "abstract-content"))
_MOST_MARKED = 20
"""Elements that are looked through for an abstract; each may hold all the others."""
_HEADINGS = {f"h{n}": n for n in range(2, 7)}
_PARAGRAPHS = frozenset(("p", "li", "blockquote", "dd"))


def read(source: Input) -> Records:
    """The paper of a page. Raises MissingExtra without lxml, BadInput for a page that is too long."""
    with importing("reading HTML", "sources"):
        from lxml import etree
        from lxml import html as lxml_html
    data = source.stream.read(MAX_RECORD_BYTES + 1)
    if len(data) > MAX_RECORD_BYTES:
        raise BadInput("is longer than 16 MB, too long for the page of one paper", where=source.name)
    parser = lxml_html.HTMLParser(
        encoding=_encoding(data), no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        page = lxml_html.document_fromstring(data, parser=parser, ensure_head_body=True)
    except etree.ParserError as error:
        raise BadInput("is empty or not HTML", where=source.name) from error
    return iter([_paper(page, source)])


def _encoding(data: bytes) -> str | None:
    """UTF-8 where it is that; else what the page itself says."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _paper(page: "lxml_html.HtmlElement", source: Input) -> Paper | BadRecord:
    tags = _tags(page)
    fields: dict[str, Any] = {
        ours: next((tags[name] for name in names if tags.get(name)), "") for ours, names in _NAMES.items()
    }
    for ours, names in _LISTS.items():
        fields[ours] = next((every for name in names if (every := _all_of(page, name))), [])
    if not fields["title"]:
        return BadRecord(
            source.name, "is not the page of a paper: it has no tag citation_title, dc.title or og:title"
        )
    unseen = _unseen(page)
    blocks = list(_blocks(page))
    fields["abstract"] = (
        without_statements(_LABEL.sub("", fields["abstract"], count=1))
        or _marked(page)
        or _under_heading(blocks)
        or next((tags[name] for name in _LAST_RESORT if _may_be_abstract(tags, name)), "")
    )
    if not fields["abstract"]:
        why = "has no abstract: it has no tag citation_abstract and no such heading"
        return Columns().without_abstract(fields, source.name, why)
    fields["url"] = tags.get("citation_abstract_html_url") or tags.get("og:url") or ""
    paper = Columns().paper(fields, source.name)
    if isinstance(paper, BadRecord):
        return paper
    return replace(
        paper,
        url=paper.url if _is_web(paper.url) else None,
        sections=pick(blocks, source.options.sections),
        flags=(*paper.flags, *(("hidden-text",) if unseen else ())),
    )


def _unseen(page: "lxml_html.HtmlElement") -> bool:
    """Take out what a browser does not show; whether any of it was among what is read, or speaks to a model.

    Menus and notices that wait for a click are hidden as well, and are nobody's concern.
    """
    return any(
        is_order(text) or (any(c.isalpha() for c in text) and _is_prose(element))
        for element, text in take_out(page)
    )


def _is_prose(element: Any) -> bool:
    tags = [element.tag, *(parent.tag for parent in element.iterancestors())]
    if not _SKIPPED.isdisjoint(tags):
        return False
    return not (_PARAGRAPHS - {"li"} | _HEADINGS.keys()).isdisjoint(tags) or "article" in tags


def _may_be_abstract(tags: dict[str, str], name: str) -> bool:
    """Where a page has tags for papers, a short description is of the volume or of the site."""
    text = tags.get(name, "")
    return bool(text) and (len(text.split()) >= 20 or "citation_title" not in tags)


def _is_web(url: str | None) -> bool:
    return url is not None and re.match(r"https?://\S+$", url) is not None


def _tags(page: "lxml_html.HtmlElement") -> dict[str, str]:
    """The first value of each meta tag, by its name in lower case."""
    found: dict[str, str] = {}
    for tag in page.iter("meta"):
        name = str(tag.get("name") or tag.get("property") or tag.get("itemprop") or "").strip().casefold()
        if name and (value := plain(str(tag.get("content") or ""))):
            found.setdefault(name, value)
    return found


def _all_of(page: "lxml_html.HtmlElement", name: str) -> list[str]:
    """The values of all meta tags of one name."""
    return [
        value
        for tag in page.iter("meta")
        if str(tag.get("name") or tag.get("property") or "").strip().casefold() == name
        and (value := plain(str(tag.get("content") or "")))
    ]


def plain(text: str) -> str:
    """Text of a tag's value, which may be HTML once more."""
    bare = without_tags(_DEAD.sub(" ", without_comments(text, " "))) if "<" in text else text
    bare = html.unescape(_TAG.sub(" ", bare) if "<" in bare else bare)
    # Some write tags of tags, with entities for their signs.
    return "\n".join(" ".join(line.split()) for line in without_tags(bare).split("\n")).strip()


_TOOLS = re.compile(
    r"(?:(?:export|copy|download|share|cite|save|print|view|get|show|hide|read|see|add"
    r"|expand)\b[\w ,/&:.-]{0,80})?"
    r"(?:\W*(?:bibtex|ris|endnote|pdf|citations?|abstract|references|more|less|metrics|full text|figures"
    r"|article|html|xml|email"
    r"|twitter|facebook|linkedin|permissions|google scholar|mendeley|zotero))+\W*",
    re.IGNORECASE,
)
"""A line of buttons."""
_STATEMENT = re.compile(
    r"(?:(?:competing|conflicts? of|declaration of)(?: competing)? interests?|funding|clinical trial"
    r"|author declarations?"
    r"|data availability|disclosures?|ethics|acknowledge?ments?|key ?words|index terms|how to cite"
    r"|copyright|footnotes"
    r"|supplementary (?:data|material)|(?:cite|citing) (?:this|as)|subjects?|publication (?:date|history)"
    r"|received|ccs concepts"
    r"|plain language summary|significance statement|graphical abstract|highlights)\b(?: (?:statement"
    r"|information|protocols"
    r"|registration))?\s*(?:$|[:\n])",
    re.IGNORECASE | re.MULTILINE,
)
"""What begins a statement that is no part of an abstract."""


def without_statements(text: str) -> str:
    """A text without what journals ask authors to declare, which begins with a line that names it."""
    found = _STATEMENT.search(text, 40)
    return text[: found.start()].rstrip() if found and text[found.start() - 1] == "\n" else text


def _under_heading(blocks: list[Block]) -> str:
    parts: list[str] = []
    inside = False
    for block in blocks:
        if isinstance(block, Heading):
            if inside and parts:
                break
            inside = kind_of(block.text) == "abstract"
        elif inside and not _TOOLS.fullmatch(block.text):
            if _STATEMENT.match(block.text):
                break
            parts.append(block.text)
    return "\n\n".join(parts)


def _marked(page: "lxml_html.HtmlElement") -> str:
    """What the page's own markup calls the abstract."""
    marked = filter(_is_marked, page.iter("div", "section", "blockquote", "p", "span"))
    for element in islice(marked, _MOST_MARKED):
        blocks = [block for block in _walk(element) if not isinstance(block, Heading)]
        texts = [block.text for block in blocks if not _TOOLS.fullmatch(block.text)]
        loose = " ".join([element.text or "", *(child.tail or "" for child in element)]).strip()
        text = "\n\n".join(texts) if texts and not loose else _words(element)
        if text := without_statements(_LABEL.sub("", text, count=1)):
            return text
    return ""


def _is_marked(element: Any) -> bool:
    marks = f"{element.get('id') or ''} {element.get('class') or ''}".casefold().split()
    return not _MARKS.isdisjoint(marks)


def _blocks(page: "lxml_html.HtmlElement") -> Iterator[Block]:
    body = next(page.iter("article"), None)
    if body is None:
        body = next(page.iter("main"), None)
    yield from _walk(page if body is None else body)


def _walk(element: Any) -> Iterator[Block]:
    for child in element:
        if not isinstance(child.tag, str) or child.tag in _SKIPPED:
            continue
        if child.tag in _HEADINGS:
            if text := _words(child):
                yield Heading(text, _HEADINGS[child.tag] - 1)
        elif child.tag in _PARAGRAPHS:
            if text := _words(child):
                yield Paragraph(text)
        else:
            yield from _walk(child)


def _words(element: Any) -> str:
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SKIPPED:
            apart = " " if child.tag in ("br", "p", "div", "li", *_HEADINGS) else ""
            yield apart
            yield from _pieces(child)
            yield apart
        yield child.tail or ""


def looks_like(head: bytes) -> bool:
    """Whether its tags are those of the page of a paper."""
    return _PAPER_TAG.search(head) is not None


FORMAT = Format("HTML page of a paper", (".html", ".htm", ".xhtml"), read, looks_like)
