"""Reads papers from Semantic Scholar by any id that it knows, or by a search query.

It returns the first 999 papers of a query by relevance, or all of them newest first.
`SEMANTIC_SCHOLAR_API_KEY` raises the rate limit.

Papers are requested 500 at a time. Plain requests to the documented API,
https://api.semanticscholar.org/api-docs/graph: its Python client logs the key, keeps all that it has read,
and honours no `Retry-After`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from urllib.parse import quote, urlencode

from ...text import identifiers
from ..columns import BadRecord, Columns
from ..interface import Options, Records, Reference
from ..service_records import paper
from .halving import by_halves
from .ids import Asker, by_id, ids_of, in_parts, newest, query_of
from .service import Service
from .titles import ByTitle, by_title, searched
from .web import PAPER_S, Refused, Web

SERVICE = Service(
    "semanticscholar",
    "Semantic Scholar",
    "https://api.semanticscholar.org",
    # One request a second is allowed with a key, and 1.0 s sharp is now and then a second too early.
    interval_s=1.1,
    key_header="x-api-key: {}",
    key_variables=("SEMANTIC_SCHOLAR_API_KEY", "S2_API_KEY"),
    key_hint="A key helps: set SEMANTIC_SCHOLAR_API_KEY",
)

_FIELDS = (
    "title,abstract,externalIds,url,authors,year,publicationDate,venue,journal,openAccessPdf,fieldsOfStudy"
)
_PAGE = 100
IDS_AT_ONCE, TITLES_AT_ONCE = 500, 1
_NONE_KNOWN = "no valid paper ids"
"""The service's answer if it knows none of the ids."""
_MOST_RELEVANT = 999
"""Maximum results of one query by relevance."""

_QUERY = "s2-query:"
_KINDS = "CorpusId|DOI|ARXIV|MAG|ACL|PMID|PMCID|URL"
_ID = re.compile(rf"[0-9a-f]{{40}}|(?:{_KINDS}):\S+", re.IGNORECASE)
_NEXT = re.compile(rf",\s*(?=(?:[0-9a-f]{{40}}|(?:{_KINDS}):))", re.IGNORECASE)
"""Separator between two ids; a DOI may contain commas."""
_URL = re.compile(
    r"https?://(?:www\.)?semanticscholar\.org/paper/(?:[^/?#]+/)?([0-9a-f]{40})/?(?:[?#].*)?", re.IGNORECASE
)


def takes(spec: str) -> bool:
    """Whether it begins as a name of Semantic Scholar papers does."""
    return spec.lower().startswith(("s2:", _QUERY)) or _URL.fullmatch(spec) is not None or is_id(spec)


def is_id(word: str) -> bool:
    """Whether a word is an address of the ACL Anthology, whose ids it knows."""
    return (identifiers.name(word) or "").startswith("acl:")


def read(spec: str, options: Options) -> Records:
    """The papers of `s2:ID,ID`, an address or `s2-query:TEXT`.

    Raises UsageError for an invalid id or an empty query, MissingExtra without requests.
    """
    if query := query_of(spec, _QUERY, "time series"):
        return _search(Web(SERVICE, options), query, options)
    if address := _URL.fullmatch(spec):
        return _by_ids([address[1].lower()], options)
    if is_id(spec):
        return _by_ids([(identifiers.name(spec) or "").replace("acl:", "ACL:", 1)], options)
    form = f"s2:HASH of 40 hex digits, or s2:KIND:ID with a KIND among {_KINDS.replace('|', ' ')}"
    words = _NEXT.split(spec[len("s2:") :])
    return _by_ids(ids_of(spec, words, _known, "an id of Semantic Scholar", form), options)


def _known(word: str) -> str | None:
    """A word as an id that the service knows, also one of another kind: `2401.03955`, a DOI."""
    kind, _, rest = word.partition(":")
    if kind.upper() == "ARXIV" and (arxiv := identifiers.arxiv_id(rest)):
        return f"ARXIV:{identifiers.unversioned(arxiv)}"
    if kind.upper() == "DOI" and (doi := identifiers.doi(rest)):
        return f"DOI:{doi}"
    if _ID.fullmatch(word):
        return word
    if arxiv := identifiers.arxiv_id(word):
        return f"ARXIV:{identifiers.unversioned(arxiv)}"
    scheme, _, id_ = (identifiers.name(word) or "").partition(":")
    return f"{scheme.upper()}:{id_}" if scheme in ("doi", "acl") else None


def asker(options: Options) -> Asker:
    """What it has of up to 500 ids at a time: its own, with a kind before them, or of the ACL Anthology.

    Raises MissingExtra without requests.
    """
    web = Web(SERVICE, options)

    def address(name: str) -> str:
        return f"{web.base}/graph/v1/paper/{quote(name, safe=':')}?fields={quote(_FIELDS)}"

    ask = by_id(SERVICE, web, address, partial(_together, web))
    return lambda ids: ask([(where, one if _ID.fullmatch(one) else f"ACL:{one}") for where, one in ids])


def titles(options: Options) -> ByTitle:
    """A function that looks up one title. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def address(title: str) -> str:
        asked = urlencode({"query": searched(title), "fields": _FIELDS})
        return f"{web.base}/graph/v1/paper/search/match?{asked}"

    def ask(some: list[str]) -> list[dict[str, object]]:
        found = web.json(address(some[0]), web.absent_s)
        records = found.get("data") if isinstance(found, dict) else []
        return [one for one in web.listed(records, "papers") if isinstance(one, dict)]

    return by_title(web, address, ask)


def _together(web: Web, names: list[str], urls: Mapping[str, str]) -> dict[str, object]:
    """The records of some ids, in one request where there are several."""

    def one(name: str) -> object:
        try:
            return web.json(urls[name], PAPER_S)
        except Refused as error:
            return error

    def several(some: list[str]) -> dict[str, object]:
        if len(some) == 1:
            return {some[0]: one(some[0])}
        try:
            found = web.post(f"{web.base}/graph/v1/paper/batch?fields={quote(_FIELDS)}", {"ids": some})
        except Refused as error:
            if _NONE_KNOWN in error.said.lower():
                return dict.fromkeys(some)
            raise
        whole = found if isinstance(found, list) and len(found) == len(some) else None
        return dict(zip(some, web.listed(whole, "papers"), strict=True))

    return by_halves(several, names, lambda error: error)


def _by_ids(ids: Sequence[str], options: Options) -> Records:
    return in_parts(asker(options), [(f"s2:{one}", one) for one in ids], IDS_AT_ONCE)


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
            f"Semantic Scholar returns only the first {number} papers of a query; narrow it",
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
    answer: dict[str, object] = found if isinstance(found, dict) else {"data": None}
    return web.listed(answer.get("data", []), "papers"), answer


REFERENCE = Reference(
    "Semantic Scholar",
    ("s2:ID", "https://www.semanticscholar.org/paper/ID", "s2-query:TEXT"),
    takes,
    read,
    is_id=is_id,
    listing=newest(_QUERY),
    texts=True,
    extra="sources",
)
