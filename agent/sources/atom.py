"""Atom, as the arXiv API answers and its feeds are: an entry a paper.

The abstract is `summary`, letter for letter; an entry's `category` terms are its categories. Any other Atom
feed whose entries have a summary is read as well.
"""

from typing import TYPE_CHECKING

from ..errors import BadInput
from .categories import Wanted
from .columns import BadRecord, Columns
from .interface import Format, Input, Records
from .xml_stream import Broken, elements, root_of, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_ATOM = "http://www.w3.org/2005/Atom"
_ENTRY = f"{{{_ATOM}}}entry"
_ERRORS = "arxiv.org/api/errors"


def read(source: Input) -> Records:
    """The papers of a feed; `where` counts entries from 1."""
    wanted = Wanted.of(source.options.categories)
    columns, number = Columns(), 0
    try:
        for number, entry in enumerate(elements(source.stream, source.name, _ENTRY), start=1):
            if wanted is not None and not wanted.has(_terms(entry)):
                continue
            yield columns.paper(_record(entry, source.name), f"{source.name}, entry {number}")
    except Broken as error:
        if not number:
            raise BadInput(str(error), where=source.name) from error
        yield BadRecord(f"{source.name}, after entry {number}", f"{error}; the rest is lost")


def _terms(entry: "Element") -> list[str]:
    return [term for one in entry.iterfind(f"{{{_ATOM}}}category") if (term := one.get("term"))]


def _record(entry: "Element", name: str) -> dict[str, object]:
    def text(tag: str, namespace: str = _ATOM) -> str | None:
        return text_of(entry, f"{{{namespace}}}{tag}")

    url = (text("id") or "").strip()
    if _ERRORS in url:
        raise BadInput(f"holds an error of arXiv: {text('summary')}", where=name)
    return {
        "title": text("title"),
        "abstract": text("summary"),
        "doi": text("doi", "http://arxiv.org/schemas/atom"),
        "url": url,
    }


def looks_like(head: bytes) -> bool:
    """Whether the root is an Atom feed."""
    return root_of(head) == (_ATOM, "feed")


FORMAT = Format("Atom", (".xml", ".atom"), read, looks_like, extra="sources")
