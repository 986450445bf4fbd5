"""Reads papers from arXiv by id, by URL, or by a search query.

Ids are requested a hundred at a time and papers come in the order of the ids; results of a query come by
relevance, or newest first. An id with a version gives that version; otherwise the latest. Requests are three
seconds apart, as arXiv asks, and if it throttles, by 406, 429, 503 or in words, the first wait is a minute.

The API: https://info.arxiv.org/help/api/user-manual.html
"""

import io
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ...errors import BadInput, UsageError, importing
from ...paper import Paper
from ...text.identifiers import arxiv_id, unversioned
from ..categories import Wanted
from ..columns import BadRecord, Columns
from ..interface import Options, Records, Reference
from .arxiv_text import SITE
from .halving import by_halves
from .ids import Asker, in_parts, newest, query_of
from .titles import ByTitle, by_title, searched
from .web import PAPER_S, Keep, Refused, Web

if TYPE_CHECKING:
    import arxiv

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

    Raises UsageError for an invalid id or an empty query, MissingExtra without the library.
    """
    _library()
    if query := query_of(spec, _QUERY, "cat:cs.LG"):
        return _search(query, options)
    ids = []
    for word in re.sub(r"(?i)^arxiv:(?!//)", "", spec).split(","):
        if not (word := word.strip()):
            continue
        if (known := arxiv_id(word)) is None:
            raise UsageError(
                f'"{word}" is not an arXiv id', where=spec, next_step="Use a form such as arxiv:2401.03955"
            )
        ids.append((f"arxiv:{known}", known))
    if not ids:
        raise UsageError("no paper given", where=spec, next_step="Use a form such as arxiv:2401.03955")
    return in_parts(asker(options), ids, IDS_AT_ONCE)


def _library() -> None:
    with importing("Reading from arXiv", "sources"):
        import arxiv  # noqa: F401


def asker(options: Options) -> Asker:
    """A function that requests up to a hundred ids at a time. Raises MissingExtra without the library."""
    _library()
    web = Web(SERVICE, options)
    wanted = Wanted(options.categories)

    def ask(ids: Sequence[tuple[str, str]]) -> list[Paper | BadRecord | None]:
        names = list(dict.fromkeys(one for _, one in ids))
        found = by_halves(lambda some: _ask(web, some), names, lambda error: BadRecord("", error.message))
        return [_answer(found.get(one), where, wanted) for where, one in ids]

    return ask


def _answer(
    result: "arxiv.Result | BadRecord | None", where: str, wanted: Wanted
) -> Paper | BadRecord | None:
    if result is None:
        return BadRecord(where, "not found on arXiv")
    if isinstance(result, BadRecord):
        return BadRecord(where, result.reason)
    return _paper(result, where) if wanted.has(result.categories) else None


def _ask(web: Web, names: list[str]) -> "dict[str, arxiv.Result | BadRecord]":
    """The results for these ids, by each of the requested names."""
    import arxiv

    def keep(body: bytes) -> float | None:
        if not _is_feed(body):
            return None
        # An answer that lacks a paper is not for long: it may be there tomorrow.
        return PAPER_S if body.count(b"<entry") >= len(names) else web.query_s

    found: dict[str, arxiv.Result | BadRecord] = {}
    search = arxiv.Search(id_list=names, max_results=len(names))
    # The latest of several versions of a paper answers to its name without one.
    for result in sorted(_results(web, search, keep, len(names)), key=_version):
        name = arxiv_id(result.get_short_id()) or result.get_short_id()
        found[name] = found[unversioned(name)] = result
    return found


def titles(options: Options) -> ByTitle:
    """A function that looks up ten papers by title. Raises MissingExtra without the library."""
    _library()
    import arxiv

    web = Web(SERVICE, options)

    def keep(body: bytes) -> float | None:
        return web.absent_s if _is_feed(body) else None

    def query(*some: str) -> str:
        return " OR ".join(f'ti:"{searched(title)}"' for title in some)

    def ask(some: list[str]) -> list[dict[str, object]]:
        most = TITLES_AT_ONCE * _RESULTS_OF_TITLE
        found = _results(web, arxiv.Search(query(*some), max_results=most), keep, most)
        return [_record(result) for result in islice(found, most)]

    def address(title: str) -> str:
        return f"{web.base}/api/query?{urlencode({'search_query': query(title)})}"

    return by_title(web, address, ask)


def _is_feed(body: bytes) -> bool:
    return b"<feed" in body and body.rstrip().endswith(b"</feed>")


def _version(result: "arxiv.Result") -> int:
    found = re.search(r"v(\d+)$", result.entry_id)
    return int(found[1]) if found else 0


def _search(query: str, options: Options) -> Records:
    import arxiv

    web = Web(SERVICE, options)
    wanted = Wanted(options.categories)
    if wanted.names:
        query = f"({query}) AND ({' OR '.join(f'cat:{name}' for name in wanted.names)})"

    def keep(body: bytes) -> float | None:
        # At times a page comes empty that is not; asked again, it is there.
        return web.query_s if _is_feed(body) and (b"<entry" in body or _NONE.search(body)) else None

    most = min(options.limit or _MOST_RESULTS, _MOST_RESULTS)
    order = arxiv.SortCriterion.SubmittedDate if options.newest else arxiv.SortCriterion.Relevance
    search = arxiv.Search(query, max_results=most, sort_by=order)
    number, page = 0, min(most, _NEWEST_SLICE if options.newest else _SLICE)
    for number, result in enumerate(_results(web, search, keep, page), start=1):  # noqa: B007
        if wanted.has(result.categories):
            yield _paper(result, f"arxiv:{result.get_short_id()}")
    if number == _MOST_RESULTS and options.limit != number:
        yield BadRecord(
            f"{_QUERY}{query}",
            f"arXiv returns only the first {number:,} papers of a query; narrow it, for example with "
            "submittedDate",
        )


def _paper(result: "arxiv.Result", where: str) -> Paper | BadRecord:
    return Columns().paper(_record(result), where)


def _record(result: "arxiv.Result") -> dict[str, object]:
    return {
        "title": result.title,
        "abstract": result.summary,
        "arxiv_id": result.get_short_id(),
        "url": result.entry_id,
        "authors": [author.name for author in result.authors],
        "date": result.published.isoformat(),
        "venue": result.journal_ref,
        "doi": result.doi,
        "categories": result.categories,
        "pdf_url": result.pdf_url,
    }


def _results(web: Web, search: "arxiv.Search", keep: Keep, page: int) -> "Iterator[arxiv.Result]":
    """The library's results, with requests made by our client."""
    import arxiv
    import requests

    class Session(requests.Session):
        def get(self, url: str | bytes, **_: object) -> requests.Response:  # type: ignore[override]
            body = web.get(str(url), keep)
            if body is None:
                raise BadInput("no arXiv API at this address", where=web.base)
            if (error := _ERROR.search(body)) and (found := _SUMMARY.search(body, error.end())):
                said = " ".join(found[1].decode("utf-8", "replace").split())
                raise Refused(f"arXiv rejected the query: {said[:200]}", said=said[:200])
            response = requests.Response()
            response.status_code = 200
            response.raw = io.BytesIO(body)
            return response

    # Without a handler, its warnings of entries that it skips would go to standard error.
    logging.getLogger("arxiv").addHandler(logging.NullHandler())
    client = arxiv.Client(page_size=page, delay_seconds=0, num_retries=0)
    client.query_url_format = f"{web.base}/api/query?{{}}"
    client._session = Session()
    try:
        yield from client.results(search)
    except (arxiv.ArxivError, ValueError) as error:
        raise BadInput("arXiv returned an unreadable answer", where=web.base) from error


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
