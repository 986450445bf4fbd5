"""Reads OAI-PMH, the protocol for harvesting arXiv and other archives; one record per paper.

Of a record's metadata, `arXiv`, `arXivRaw` and `oai_dc` (Dublin Core) are read, in an answer as the protocol
gives it or in a file of `record` elements. Deleted records are skipped. Dublin Core names no arXiv
categories; there the sets of the header do, as `cs:cs:LG`.

The protocol: https://www.openarchives.org/OAI/openarchivesprotocol.html
"""

from functools import partial
from typing import TYPE_CHECKING

from ...errors import BadInput
from ..categories import Wanted
from ..columns import BadRecord, Columns
from ..interface import Format, Input, Records
from ..xml_stream import elements, root_of, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_OAI = "http://www.openarchives.org/OAI/2.0/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_TERMS = "http://purl.org/dc/terms/"
_FEW_WORDS = 20
"""A shorter description counts as an abstract only if there is no longer one."""
_DC = "http://purl.org/dc/elements/1.1/"
_RECORD, _ERROR = f"{{{_OAI}}}record", f"{{{_OAI}}}error"
_ARXIV = ("http://arxiv.org/OAI/arXiv/", "http://arxiv.org/OAI/arXivRaw/")
_TEXTS = {
    "title": "title",
    "abstract": "abstract",
    "id": "arxiv_id",
    "doi": "doi",
    "categories": "categories",
    "created": "date",
    "journal-ref": "venue",
}
"""Elements of arXiv's own metadata, and our names for them."""
_ROOTS = frozenset({"OAI-PMH", "ListRecords", "GetRecord", "record"})


def read(source: Input) -> Records:
    """The papers of a harvest; `where` counts records from 1. Raises BadInput for an error of the archive."""
    wanted = Wanted(source.options.categories)
    columns = Columns()
    for number, record in enumerate(elements(source.stream, source.name, _RECORD, _ERROR), start=1):
        where = f"{source.name}, record {number}"
        if isinstance(record, str):
            yield BadRecord(where, record)
            continue
        if record.tag == _ERROR:
            said = f"{record.get('code')}: {''.join(record.itertext())}"
            raise BadInput(f"contains an error of the archive: {said}", where=source.name)
        header = record.find(f"{{{_OAI}}}header")
        if header is not None and header.get("status") == "deleted":
            continue
        metadata = record.find(f"{{{_OAI}}}metadata/*")
        if metadata is None:
            yield BadRecord(where, "has no metadata")
            continue
        fields, categories = _fields(metadata, header)
        if wanted.has(categories):
            yield columns.paper(fields, where)


def _fields(metadata: "Element", header: "Element | None") -> tuple[dict[str, object], list[str]]:
    """A record with fields of ours, and its categories."""
    for namespace in _ARXIV:
        if metadata.tag.startswith(f"{{{namespace}}}"):
            start = len(namespace) + 2
            # The first of a name counts; of the versions of `arXivRaw`, that is the oldest.
            found = {str(one.tag)[start:]: one for one in reversed(metadata)}
            texts = {name: "".join(found[name].itertext()) for name in _TEXTS if name in found}
            fields: dict[str, object] = {ours: texts.get(theirs) for theirs, ours in _TEXTS.items()}
            if (authors := found.get("authors")) is not None:
                fields["authors"] = partial(_names, authors)
            if (version := found.get("version")) is not None:
                fields["date"] = text_of(version, f"{{{namespace}}}date")
            fields["categories"] = categories = (texts.get("categories") or "").split()
            return fields, categories
    return _dublin_core(metadata), _sets(header)


def _names(authors: "Element") -> object:
    """The authors as family name, given names and suffix each; the text of an element without any."""
    if not len(authors):
        return authors.text
    return [
        [part.text or "" for part in author if not str(part.tag).endswith("affiliation")]
        for author in authors
    ]


def _dublin_core(metadata: "Element") -> dict[str, object]:
    def every(tag: str) -> list[str]:
        return ["".join(one.itertext()) for one in metadata.iterfind(f"{{{_DC}}}{tag}")]

    identifiers = [text.strip() for text in every("identifier")]
    links = (text for text in identifiers if text.startswith(("http://", "https://")))
    dois = (text for text in identifiers if text.lower().startswith(("doi:", "10.")) or "doi.org/10." in text)
    title = next(metadata.iterfind(f"{{{_DC}}}title"), None)
    return {
        "title": None if title is None else "".join(title.itertext()),
        "abstract": _description(metadata, None if title is None else title.get(_LANG)),
        "doi": next(dois, None),
        "url": next(links, None),
        "authors": every("creator"),
        "date": next(iter(every("date")), None),
        "keywords": every("subject"),
        "venue": next(iter(every("publisher")), None),
    }


def _description(metadata: "Element", language: str | None) -> str | None:
    """The abstract among several descriptions: notes and other languages stand beside it."""
    abstracts = list(metadata.iterfind(f"{{{_TERMS}}}abstract"))
    found = abstracts or list(metadata.iterfind(f"{{{_DC}}}description"))
    texts = [(one.get(_LANG) == language, "".join(one.itertext())) for one in found]
    # arXiv puts the comments of the authors into a further description.
    texts = [
        (same, text) for same, text in texts if text.strip() and not text.lstrip().startswith("Comment:")
    ]
    whole = [(same, text) for same, text in texts if len(text.split()) >= _FEW_WORDS] or [
        max(texts, key=lambda one: len(one[1]), default=(True, ""))
    ]
    return next((text for same, text in whole if same), whole[0][1]) or None


def _sets(header: "Element | None") -> list[str]:
    """The categories that a header's sets name: `cs:cs:LG` is cs.LG, `physics:hep-th` is hep-th."""
    found = []
    for one in header.iterfind(f"{{{_OAI}}}setSpec") if header is not None else ():
        match (one.text or "").strip().split(":"):
            case [_, archive, subject]:
                found.append(f"{archive}.{subject}")
            case [_, archive]:
                found.append(archive)
    return found


def looks_like(head: bytes) -> bool:
    """Whether the root is an answer of the protocol, or a part of one."""
    namespace, name = root_of(head)
    return namespace == _OAI and name in _ROOTS


FORMAT = Format("OAI-PMH", (".xml",), read, looks_like, extra="sources")
