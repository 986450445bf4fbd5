"""Semantic Scholar, asked for papers by any id that it knows, or by a query of its search.

By relevance it gives the first 999 papers of a query, newest first as many as it has. With
`SEMANTIC_SCHOLAR_API_KEY` it is less busy.

Plain GETs of the documented API, https://api.semanticscholar.org/api-docs/graph: its Python client logs the
key, keeps all that it has read, and honours no `Retry-After`.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from urllib.parse import quote, urlencode

from ..errors import BadInput, UsageError
from .columns import BadRecord, Columns
from .interface import Options, Records, Reference
from .records import paper
from .web import PAPER_S, Refused, Service, Web

SERVICE = Service(
    "semanticscholar",
    "Semantic Scholar",
    "https://api.semanticscholar.org",
    interval_s=1.0,
    key_header="x-api-key: {}",
    key_hint="A key helps: set SEMANTIC_SCHOLAR_API_KEY",
)

_FIELDS = "title,abstract,externalIds,url"
_PAGE = 100
_MOST_RELEVANT = 999
"""The service gives no more of one query by relevance."""

_QUERY = "s2-query:"
_KINDS = "CorpusId|DOI|ARXIV|MAG|ACL|PMID|PMCID|URL"
_ID = re.compile(rf"[0-9a-f]{{40}}|(?:{_KINDS}):\S+", re.IGNORECASE)
_NEXT = re.compile(rf",\s*(?=(?:[0-9a-f]{{40}}|(?:{_KINDS}):))", re.IGNORECASE)
"""Between two ids; a DOI may have commas in it."""
_URL = re.compile(
    r"https?://(?:www\.)?semanticscholar\.org/paper/(?:[^/?#]+/)?([0-9a-f]{40})/?(?:[?#].*)?", re.IGNORECASE
)


def takes(spec: str) -> bool:
    """Whether it begins as a name of Semantic Scholar papers does."""
    return spec.lower().startswith(("s2:", _QUERY)) or _URL.fullmatch(spec) is not None


def read(spec: str, options: Options) -> Records:
    """The papers of `s2:ID,ID`, an address or `s2-query:TEXT`.

    Raises UsageError for an id of no known form and for an empty query, MissingExtra without requests.
    """
    web = Web(SERVICE, options)
    if spec.lower().startswith(_QUERY):
        query = spec[len(_QUERY) :].strip()
        if not query:
            raise UsageError("the query is empty", where=spec, next_step=f"As {_QUERY}time series")
        return _search(web, query, options)
    if address := _URL.fullmatch(spec):
        return _by_id(web, [address[1].lower()])
    ids = [word.strip() for word in _NEXT.split(spec[len("s2:") :])]
    for one in ids:
        if not _ID.fullmatch(one):
            raise UsageError(
                f'"{one}" is no id that Semantic Scholar knows',
                where=spec,
                next_step=f"As s2: and 40 hex digits, or one of {_KINDS.replace('|', ' ')} and a colon",
            )
    return _by_id(web, ids)


def _by_id(web: Web, ids: list[str]) -> Records:
    for one in ids:
        where = f"s2:{one}"
        try:
            found = web.json(
                f"{web.base}/graph/v1/paper/{quote(one, safe=':')}?fields={quote(_FIELDS)}", PAPER_S
            )
        except Refused as error:
            yield BadRecord(where, error.message)
            continue
        if found is None:
            yield BadRecord(where, "Semantic Scholar has no such paper")
        else:
            yield paper(Columns(), found, where)


def _search(web: Web, query: str, options: Options) -> Records:
    most = options.limit
    found = _newest(web, query) if options.newest else _relevant(web, query, most)
    number = 0
    for number, record in enumerate(islice(found, most), start=1):  # noqa: B007
        own = record.get("paperId") if isinstance(record, dict) else None
        yield paper(Columns(), record, f"s2:{own}")
    if number == _MOST_RELEVANT and not options.newest and most != number:
        yield BadRecord(
            f"{_QUERY}{query}",
            f"Semantic Scholar gives the first {number} papers of a query alone: narrow it",
        )


def _relevant(web: Web, query: str, most: int | None) -> Iterator[object]:
    """The papers of a query by relevance."""
    size = min(most or _PAGE, _PAGE)
    offset = 0
    while offset < _MOST_RELEVANT:
        asked = {"query": query, "offset": offset, "limit": min(size, _MOST_RELEVANT - offset)}
        papers, answer = _page(web, "search", asked)
        yield from papers
        after = answer.get("next")
        if not papers or not isinstance(after, int) or after <= offset:
            return
        offset = after


def _newest(web: Web, query: str) -> Iterator[object]:
    """The papers of a query from the newest on, a thousand at a time."""
    asked: dict[str, object] = {"query": query, "sort": "publicationDate:desc"}
    while True:
        papers, answer = _page(web, "search/bulk", asked)
        yield from papers
        token = answer.get("token")
        if not papers or not isinstance(token, str):
            return
        asked["token"] = token


def _page(web: Web, path: str, asked: Mapping[str, object]) -> tuple[list[object], dict[str, object]]:
    found = web.json(
        f"{web.base}/graph/v1/paper/{path}?{urlencode({**asked, 'fields': _FIELDS})}", web.query_s
    )
    if isinstance(found, dict):
        papers = found.get("data", [])
        if isinstance(papers, list):
            return papers, found
    raise BadInput("Semantic Scholar answers with something that is no list of papers", where=web.base)


REFERENCE = Reference(
    "Semantic Scholar",
    ("s2:ID", "https://www.semanticscholar.org/paper/ID", "s2-query:TEXT"),
    takes,
    read,
    extra="sources",
)
