"""Reads feeds: Atom, as in the arXiv API and arXiv's feeds, and all versions of RSS; one entry per paper.

The abstract is the summary of the entry, without HTML; its categories are those of the paper. Ids are
searched in all addresses and names.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import BadInput
from ..categories import Wanted
from ..columns import BadRecord, Columns
from ..interface import Format, Input, Listing, Records
from ..xml_stream import elements, name_of, root_of, text_of, words_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_ATOM = "http://www.w3.org/2005/Atom"
_RSS1 = "http://purl.org/rss/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_ENTRIES = (f"{{{_ATOM}}}entry", "item", f"{{{_RSS1}}}item")
_ERRORS = "arxiv.org/api/errors"
_XHTML = "http://www.w3.org/1999/xhtml"

_ANNOUNCED = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*\S+\s+(?:Abstract:\s*)?", re.IGNORECASE)
_IN_TITLE = re.compile(r"(?:\.|(?<![\s.]))\s*+\(arXiv:[^()]*+\)\s*+$")
_ARXIV = re.compile(r"(?:oai:arXiv\.org:|arxiv\.org/(?:abs|pdf|html)/)([\w.-]+(?:/\d{7})?)", re.IGNORECASE)
_DOI = re.compile(
    r"(?:doi\.org/|doi:\s*|/doi/(?:abs/|full/|pdf/)?)?\b(10\.\d{4,9}/[^\s?#&<>\"]+)", re.IGNORECASE
)
_MAIL = re.compile(r"[^\s@]+@[^\s@]+(?:\s{1,9}\(([^()]*)\))?")
_DATES = ("published", "publicationDate", "pubDate", "date", "issued", "updated")
_SUMMARIES = ("summary", "encoded", "description", "abstract", "content")
_NAMES = ("doi", "identifier", "id", "guid", "link", "url")


def read(source: Input) -> Records:
    """The papers of a feed; `where` counts entries from 1."""
    wanted = Wanted(source.options.categories)
    columns = Columns()
    for number, entry in enumerate(elements(source.stream, source.name, *_ENTRIES), start=1):
        where = f"{source.name}, entry {number}"
        if isinstance(entry, str):
            yield BadRecord(where, entry)
        elif wanted.has(_terms(entry)):
            yield columns.paper(_record(entry, source.name), where)


def _terms(entry: "Element") -> list[str]:
    found = [one for one in entry if name_of(one) in ("category", "subject")]
    return [term for one in found if (term := one.get("term") or (one.text or "").strip())]


def _record(entry: "Element", name: str) -> dict[str, object]:
    if _ERRORS in (text_of(entry, f"{{{_ATOM}}}id") or ""):
        raise BadInput(f"contains an error of arXiv: {text_of(entry, f'{{{_ATOM}}}summary')}", where=name)
    title = next((one for one in entry if name_of(one) == "title"), None)
    said = {name_of(one): one for one in reversed(entry) if name_of(one) in _SUMMARIES}
    texts = [_shown(said[one]) for one in _SUMMARIES if one in said]
    # The text of some feeds is in `content`, beside a summary that is cut or says where it appeared.
    abstract = next((text for text in texts if len(text.split()) > 30), max(texts, key=len, default=""))
    if (found := _ANNOUNCED.match(abstract)) is not None:
        abstract = abstract[found.end() :]
    names = list(_names(entry))
    ids = (match[1] for one in names if (match := _ARXIV.search(one)))
    dois = (match[1] for one in names if (match := _DOI.search(one)))
    return {
        "title": None if title is None else _IN_TITLE.sub("", _shown(title)),
        "abstract": abstract,
        "arxiv_id": next(ids, None),
        "doi": next(dois, None),
        "url": next((one for one in names if one.startswith(("http://", "https://"))), None),
        "authors": [
            name for one in entry if name_of(one) in ("author", "creator") and (name := _author(one))
        ],
        "date": _first(entry, _DATES),
        "venue": _first(entry, ("journal_ref", "publicationName", "source")),
        "categories": _terms(entry),
        "pdf_url": next((one.get("href") for one in entry if one.get("title") == "pdf"), None),
    }


def _author(element: "Element") -> str:
    """The name of an author; of an address as RSS has it, the name in brackets."""
    name = next((one.text for one in element if name_of(one) == "name"), None) or element.text or ""
    found = _MAIL.fullmatch(name.strip())
    return (found[1] or "") if found else name.strip()


def _first(entry: "Element", names: tuple[str, ...]) -> str | None:
    said = {name_of(one): one.text for one in reversed(entry)}
    return next((text for name in names if (text := said.get(name))), None)


def _shown(element: "Element") -> str:
    """The unchanged text, or the text of XHTML."""
    if any(name_of(child) and str(child.tag).startswith(f"{{{_XHTML}}}") for child in element):
        return words_of(element)
    return "".join(element.itertext())


def _names(entry: "Element") -> Iterable[str]:
    """All possible addresses and identifiers: the page of the entry first, then by likelihood."""
    found: dict[str, list[str]] = {}
    for one in entry:
        value = (one.get("href") or one.text or "").strip() if isinstance(one.tag, str) else ""
        if value and one.get("rel", "alternate") == "alternate":
            found.setdefault(name_of(one), []).append(value)
    about = entry.get(f"{{{_RDF}}}about") or ""
    atom_id = next((one for one in found.get("id", []) if one.startswith("http")), None)
    links = [*found.get("link", []), *([atom_id] if atom_id and "arxiv.org/abs" in atom_id else []), about]
    order = [*found.get("doi", []), *(value for name in _NAMES for value in found.get(name, []))]
    if atom_id and "arxiv.org/abs" in atom_id:
        links = [atom_id, *links]
    return (one for one in (*links, *order) if one)


def looks_like(head: bytes) -> bool:
    """Whether the root element is that of a feed."""
    return root_of(head) in ((_ATOM, "feed"), (_ATOM, "entry"), ("", "rss")) or (
        root_of(head) == (_RDF, "RDF") and _RSS1.encode() in head
    )


FORMAT = Format(
    "Atom or RSS",
    (".xml", ".atom", ".rss"),
    read,
    looks_like,
    listing=Listing.WINDOW,
    extra="sources",
)
