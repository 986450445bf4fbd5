"""Reads papers from arXiv by id, by URL, or by a search query.

Ids are requested a hundred at a time and papers come in the order of the ids; results of a query come by
relevance, or newest first. An id with a version gives that version; otherwise the latest. Requests are three
seconds apart, as arXiv asks, and if it throttles, by 406, 429, 503 or in words, the first wait is a minute.

The API: https://info.arxiv.org/help/api/user-manual.html
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ...errors import BadInput, importing
from ...paper import Paper
from ...text.identifiers import arxiv_id, unversioned
from ..categories import Wanted
from ..columns import BadRecord, Columns
from ..interface import Options, Records, Reference
from ..xml_stream import text_of
from .arxiv_text import SITE
from .halving import by_halves
from .ids import Asker, ids_of, in_parts, newest, query_of
from .titles import ByTitle, Record, by_title, searched
from .web import PAPER_S, Keep, Refused, Web

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SERVICE = replace(SITE, url="https://export.arxiv.org")

IDS_AT_ONCE, TITLES_AT_ONCE = 100, 10
_RESULTS_OF_TITLE = 5
_SLICE = 2_000
_NEWEST_SLICE = 500
"""The same for the newest papers, of which few are wanted."""
_MOST_RESULTS = 30_000
"""Maximum results of one query, in slices of 2,000; see arXiv's manual, section 3.1.1.2."""

_QUERY = "arxiv-query:"
_TAKEN = re.compile(r"arxiv:|arxiv-query:|https?://(?:[a-z]{2,9}\.)?arxiv\.org/", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z]+:", re.IGNORECASE)
_HUB = re.compile(r"https?://(?:www\.)?(?:huggingface|hf)\.co/", re.IGNORECASE)

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
_UNREADABLE = "arXiv returned an unreadable answer"
_ERROR = re.compile(rb"<id>\s*+https?://arxiv\.org/api/errors")
_SUMMARY = re.compile(rb"<summary[^<>]*>([^<]*)<")
_NONE = re.compile(rb"<opensearch:totalResults[^>]*>\s*0\s*<")


def takes(spec: str) -> bool:
    """Whether it starts like an arXiv id or query, or is an address of arXiv."""
    if _TAKEN.match(spec):
        return True
    return _SCHEME.match(spec) is not None and not _HUB.match(spec) and arxiv_id(spec) is not None


def is_id(word: str) -> bool:
    """Whether a word is an arXiv id, or an address without its scheme."""
    return arxiv_id(word) is not None and not word.lower().endswith(".pdf")


def read(spec: str, options: Options) -> Records:
    """The papers of `arxiv:ID,ID`, an address or `arxiv-query:QUERY`.

    Raises UsageError for an invalid id or an empty query, MissingExtra without requests.
    """
    if query := query_of(spec, _QUERY, "cat:cs.LG"):
        return _search(Web(SERVICE, options), query, options)
    words = re.sub(r"(?i)^arxiv:(?!//)", "", spec).split(",")
    ids = ids_of(spec, words, arxiv_id, "an arXiv id", "arxiv:2401.03955")
    return in_parts(asker(options), ((f"arxiv:{one}", one) for one in ids), IDS_AT_ONCE)


def asker(options: Options) -> Asker:
    """A function that requests up to a hundred ids at a time. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)
    wanted = Wanted(options.categories)

    def ask(ids: Sequence[tuple[str, str]]) -> list[Paper | BadRecord | None]:
        names = list(dict.fromkeys(one for _, one in ids))
        found = by_halves(lambda some: _ask(web, some), names, lambda error: BadRecord("", error.message))
        return [_answer(found.get(one), where, wanted) for where, one in ids]

    return ask


def _answer(record: Record | BadRecord | None, where: str, wanted: Wanted) -> Paper | BadRecord | None:
    if record is None:
        return BadRecord(where, "not found on arXiv")
    if isinstance(record, BadRecord):
        return BadRecord(where, record.reason)
    return Columns().paper(record, where) if wanted.has_record(record) else None


def _ask(web: Web, names: list[str]) -> dict[str, Record | BadRecord]:
    """The records of these ids, by each of the requested names."""

    def keep(body: bytes) -> float | None:
        if not _is_feed(body):
            return None
        # An answer that lacks a paper is not for long: it may be there tomorrow.
        return PAPER_S if body.count(b"<entry") >= len(names) else web.query_s

    found: dict[str, Record | BadRecord] = {}
    # The latest of several versions of a paper answers to its name without one.
    for record in sorted(_records(web, keep, len(names), ids=names), key=_version):
        own = str(record["arxiv_id"])
        name = arxiv_id(own) or own
        found[name] = found[unversioned(name)] = record
    return found


def titles(options: Options) -> ByTitle:
    """A function that looks up ten papers by title. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def keep(body: bytes) -> float | None:
        return web.absent_s if _is_feed(body) else None

    def query(*some: str) -> str:
        return " OR ".join(f'ti:"{searched(title)}"' for title in some)

    def ask(some: list[str]) -> list[dict[str, object]]:
        most = TITLES_AT_ONCE * _RESULTS_OF_TITLE
        return list(islice(_records(web, keep, most, query(*some)), most))

    def address(title: str) -> str:
        return f"{web.base}/api/query?{urlencode({'search_query': query(title)})}"

    return by_title(web, address, ask)


def _is_feed(body: bytes) -> bool:
    return b"<feed" in body and body.rstrip().endswith(b"</feed>")


def _version(record: Record) -> int:
    found = re.search(r"v(\d+)$", str(record["url"]))
    return int(found[1]) if found else 0


def _search(web: Web, query: str, options: Options) -> Records:
    wanted = Wanted(options.categories)
    if wanted.names:
        query = f"({query}) AND ({' OR '.join(f'cat:{name}' for name in wanted.names)})"

    def keep(body: bytes) -> float | None:
        # At times a page comes empty that is not; asked again, it is there.
        return web.query_s if _is_feed(body) and (b"<entry" in body or _NONE.search(body)) else None

    most = min(options.limit or _MOST_RESULTS, _MOST_RESULTS)
    number, page = 0, min(most, _NEWEST_SLICE if options.newest else _SLICE)
    found = islice(_records(web, keep, page, query, newest=options.newest), most)
    for number, record in enumerate(found, start=1):  # noqa: B007
        if wanted.has_record(record):
            yield Columns().paper(record, f"arxiv:{record['arxiv_id']}")
    if number == _MOST_RESULTS and options.limit != number:
        yield BadRecord(
            f"{_QUERY}{query}",
            f"arXiv returns only the first {number:,} papers of a query; narrow it, for example with "
            "submittedDate",
        )


def _records(
    web: Web, keep: Keep, page: int, query: str = "", *, ids: Sequence[str] = (), newest: bool = False
) -> Iterator[Record]:
    """The records of a query or of some ids, `page` at a time."""
    order = "submittedDate" if newest else "relevance"
    asked = {"search_query": query, "id_list": ",".join(ids), "sortBy": order, "sortOrder": "descending"}
    start, total = 0, 1
    while start < total:
        address = urlencode({**asked, "start": start, "max_results": page})
        feed = _feed(web, f"{web.base}/api/query?{address}", keep)
        entries = feed.findall(f"{_ATOM}entry")
        if not entries:
            if start:
                raise BadInput(_UNREADABLE, where=web.base)
            return
        yield from map(_record, entries)
        said = (text_of(feed, f"{_OPENSEARCH}totalResults") or "").strip()
        start, total = start + len(entries), int(said) if said.isdecimal() else 0


def _feed(web: Web, url: str, keep: Keep) -> "Element":
    with importing("Reading from arXiv", "sources"):
        from lxml import etree
    body = web.get(url, keep)
    if body is None:
        raise BadInput("no arXiv API at this address", where=web.base)
    if (error := _ERROR.search(body)) and (found := _SUMMARY.search(body, error.end())):
        said = " ".join(found[1].decode("utf-8", "replace").split())
        raise Refused(f"arXiv rejected the query: {said[:200]}", said=said[:200])
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise BadInput(_UNREADABLE, where=web.base) from error


def _record(entry: "Element") -> Record:
    address = text_of(entry, f"{_ATOM}id") or ""
    return {
        "title": text_of(entry, f"{_ATOM}title") or "",
        "abstract": text_of(entry, f"{_ATOM}summary") or "",
        "arxiv_id": address.rpartition("arxiv.org/abs/")[2],
        "url": address,
        "authors": [text_of(one, f"{_ATOM}name") or "" for one in entry.iterfind(f"{_ATOM}author")],
        "date": text_of(entry, f"{_ATOM}published"),
        "venue": text_of(entry, f"{_ARXIV}journal_ref"),
        "doi": text_of(entry, f"{_ARXIV}doi"),
        "categories": [one.get("term", "") for one in entry.iterfind(f"{_ATOM}category")],
        "pdf_url": next((one.get("href") for one in entry.iterfind(f"{_ATOM}link[@title='pdf']")), None),
    }


REFERENCE = Reference(
    "arXiv",
    ("arxiv:ID,ID", "https://arxiv.org/abs/ID", "arxiv-query:QUERY"),
    takes,
    read,
    is_id=is_id,
    listing=newest(_QUERY),
    texts=True,
    extra="sources",
)
