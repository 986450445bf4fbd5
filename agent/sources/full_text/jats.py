"""JATS and its forerunner, the NLM article DTD: articles as PubMed Central and publishers hand them on.

Articles are read one after the other, each let go of before the next. No DTD is loaded, no entity of a file
is expanded, nothing is fetched; the entities that DTDs of journals define are those of HTML.
Specification: https://jats.nlm.nih.gov/archiving/tag-library/1.3/.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...paper import Paper
from ..columns import BadRecord, Columns
from ..interface import Format, Input, Records
from ..xml_stream import doctype_of, elements, name_of, root_of
from .outline import Block, Heading, Paragraph, pick

if TYPE_CHECKING:
    from lxml import etree

_ROOTS = frozenset(("article", "pmc-articleset"))
_ASIDE = frozenset(
    (
        "fig fig-group table-wrap table-wrap-group disp-formula disp-formula-group boxed-text media graphic "
        "supplementary-material fn fn-group ref-list label tex-math annotation object-id permissions"
    ).split()
)
"""What is no running text."""
_POWER = re.compile(r"[-+\u2212]?(?:[\d.,]+|[a-z])")
"""Without a sign for it, 10 to the third would become 103."""
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_OTHER_ABSTRACTS = frozenset(
    (
        "graphical graphical-abstract toc teaser executive-summary plain-language-summary key-points "
        "highlights video short editor web-summary"
    ).split()
)
_KINDS = {
    "intro": "introduction",
    "introduction": "introduction",
    "materials": "method",
    "methods": "method",
    "materials|methods": "method",
    "results": "results",
    "discussion": "discussion",
    "conclusion": "conclusion",
    "conclusions": "conclusion",
    "data-availability": "availability",
    "supplementary-material": "appendix",
    "ack": "thanks",
    "glossary": "thanks",
    "ref-list": "references",
    "app": "appendix",
}
"""Kinds of parts by their `sec-type` or `notes-type`, else by their own name."""


def read(source: Input) -> Records:
    """The articles of a file; `where` is the line on which each ends. Raises MissingExtra without lxml."""
    line = 0
    for article in elements(source.stream, source.name, "{*}article", own_entities=True):
        if isinstance(article, str):
            yield BadRecord(f"{source.name}, after line {line}", article)
        else:
            line = article.sourceline or 1
            yield _paper(article, source)


def _paper(article: "etree._Element", source: Input) -> Paper | BadRecord:
    where = f"{source.name}:{article.sourceline or 1}"
    meta = _first(article, "article-meta")
    if meta is None:
        return BadRecord(where, "has no article-meta, so it is not a JATS article")
    ids = {str(one.get("pub-id-type")): _text(one) for one in _children(meta, "article-id")}
    title = _first(meta, "article-title")
    fields = {
        "title": "" if title is None else _text(title),
        "abstract": _abstract(meta, str(article.get(_LANG) or "")),
        "doi": ids.get("doi"),
        "arxiv_id": ids.get("arxiv"),
        "id": _pmc(ids),
        "authors": list(_authors(meta)),
        "date": _date(meta),
        "venue": next((_text(one) for one in article.iterfind(".//{*}journal-meta//{*}journal-title")), None),
        "license": _licence(meta),
        "keywords": [_text(one) for one in meta.iterfind(".//{*}kwd-group/{*}kwd")],
    }
    paper = Columns().paper(fields, where)
    if isinstance(paper, BadRecord):
        return paper
    return replace(paper, sections=pick(list(_blocks(article)), source.options.sections))


def _licence(meta: "etree._Element") -> str | None:
    """The address of the licence, else what the publisher calls it."""
    found = _first(meta, "license")
    if found is None:
        return None
    reference = _first(found, "license_ref")
    links = [reference.text] if reference is not None else []
    links += [
        value for one in found.iter() for name, value in one.attrib.items() if str(name).endswith("}href")
    ]
    addresses = (str(one).strip() for one in links)
    return next(
        (one for one in addresses if one.startswith(("http://", "https://"))), found.get("license-type")
    )


def _authors(meta: "etree._Element") -> Iterator[dict[str, str]]:
    for one in meta.iterfind(".//{*}contrib-group/{*}contrib"):
        if one.get("contrib-type", "author") != "author":
            continue
        name = _first(one, "name")
        if name is not None:
            yield {name_of(part): _text(part) for part in name}
        elif (group := _first(one, "collab")) is not None:
            yield {"literal": _text(group)}
        elif (text := _first(one, "string-name")) is not None:
            yield {"name": _text(text)}


def _date(meta: "etree._Element") -> dict[str, str] | None:
    """The earliest date of publication; those of other events are elsewhere."""
    dates = [
        {name: _text(part) for part in one if (name := name_of(part))} for one in meta.iterfind("{*}pub-date")
    ]
    known = [one for one in dates if one.get("year", "").isdecimal()]
    return min(known, key=lambda one: (one["year"], -len(one)), default=None)


def _pmc(ids: dict[str, str]) -> str | None:
    number = ids.get("pmcid") or ids.get("pmc")
    if number:
        return number if number.startswith("PMC") else f"PMC{number}"
    return f"PMID{ids['pmid']}" if ids.get("pmid") else None


def _abstract(meta: "etree._Element", language: str) -> str:
    """The abstract in the article's language, else in none that is named, else the first."""
    found = [
        one
        for one in _children(meta, "abstract")
        if str(one.get("abstract-type", "")).casefold() not in _OTHER_ABSTRACTS
    ]
    if not found:
        return ""
    languages = [str(one.get(_LANG) or "") for one in found]
    for wanted in (language, language[:2], ""):
        if wanted in languages:
            found = [found[languages.index(wanted)]]
            break
    parts: list[str] = []
    heading = ""
    for block in _section_blocks(found[0], 1):
        if isinstance(block, Heading):
            heading = (
                ""
                if block.kind == "abstract" or block.text.casefold() == "abstract"
                else f"{block.text.rstrip(' .:')}: "
            )
        else:
            parts.append(heading + block.text)
            heading = ""
    return "\n\n".join(parts) or _text(found[0])


def _blocks(article: "etree._Element") -> Iterator[Block]:
    for name in ("body", "back"):
        part = next(_children(article, name), None)
        if part is not None:
            yield from _section_blocks(part, 1)
    # Some publishers keep the statement beside the article's other particulars.
    for one in article.iterfind(".//{*}custom-meta"):
        heading, value = _first(one, "meta-name"), _first(one, "meta-value")
        if heading is not None and value is not None and "availability" in _text(heading).casefold():
            yield Heading(_text(heading), 1, "availability")
            yield Paragraph(_text(value))
    for note in article.iterfind(".//{*}fn"):
        yield Paragraph(_text(note), note=True)


_HOLDERS = frozenset("list list-item disp-quote statement def-list def-item def speech verse-group".split())
"""Elements of a section that hold paragraphs."""


def _section_blocks(part: "etree._Element", level: int) -> Iterator[Block]:
    """Headings and paragraphs, sections within sections."""
    for child in part:
        name = name_of(child)
        if name in ("sec", "app", "ack", "notes", "glossary", "app-group", "ref-list"):
            title = next(_children(child, "title"), None)
            said = str(child.get("sec-type") or child.get("notes-type") or "").casefold()
            kind = _KINDS.get(said) or _KINDS.get(name, "")
            text = "" if title is None else _text(title)
            if text or kind:
                yield Heading(text or kind.capitalize(), level, kind)
            if name != "ref-list":
                yield from _section_blocks(child, level + 1 if text or kind else level)
        elif name == "p":
            if text := _text(child):
                yield Paragraph(text)
        elif name in _HOLDERS:
            yield from _section_blocks(child, level)


def _text(element: "etree._Element") -> str:
    """Its words in one line, without what stands aside."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: "etree._Element") -> Iterator[str]:
    yield element.text or ""
    for child in element:
        name = name_of(child)
        if not name:  # an entity
            yield _entity(child)
        elif (name == "sup" and _only_citations(child)) or (name == "xref" and _is_mark(child)):
            pass
        elif name == "sup" and _POWER.fullmatch("".join(child.itertext()).strip()):
            yield f"^{''.join(child.itertext()).strip()}"
        elif name in ("break", "p", "list-item", "title"):
            yield " "
            yield from _pieces(child)
            yield " "
        elif name not in _ASIDE:
            yield from _pieces(child)
        yield child.tail or ""


def _is_mark(xref: "etree._Element") -> bool:
    """A raised number of a reference, or the sign of a footnote or an author's note."""
    kind = xref.get("ref-type")
    inner = "".join(xref.itertext()).strip()
    raised = len(xref) > 0 and all(name_of(one) == "sup" for one in xref)
    return kind in ("fn", "aff", "corresp", "author-notes", "table-fn") or (
        kind == "bibr" and raised and len(inner) < 12
    )


def _only_citations(sup: "etree._Element") -> bool:
    """`results<sup>12</sup>`: the number of a reference, glued to a word."""
    return len(sup) > 0 and all(name_of(one) == "xref" and one.get("ref-type") == "bibr" for one in sup)


def _entity(node: Any) -> str:
    name = str(node.name)
    found = html.unescape(f"&{name};")
    return found if found != f"&{name};" else ""


def _children(element: "etree._Element", name: str) -> "Iterator[etree._Element]":
    return (child for child in element if name_of(child) == name)


def _first(element: "etree._Element", name: str) -> "etree._Element | None":
    return element.find(f".//{{*}}{name}")


def looks_like(head: bytes) -> bool:
    """Whether its root, or what its document type says of it, is an article or a set of them."""
    return root_of(head)[1] in _ROOTS or doctype_of(head) in _ROOTS


FORMAT = Format("JATS", (".xml", ".nxml"), read, looks_like)
