"""OpenAlex, asked for works by id, by DOI, or by a query of its search.

An abstract comes as an index of its words and is put back together; a work without one is a bad record. With
`OPENALEX_API_KEY` there is more to be had in a day.

The API: https://developers.openalex.org
"""

import re
from collections.abc import Iterator
from itertools import islice

from ..errors import BadInput, MissingExtra, UsageError
from .columns import BadRecord, Columns
from .interface import Options, Records, Reference
from .records import paper
from .web import PAPER_S, Service, Web

SERVICE = Service(
    "openalex",
    "OpenAlex",
    "https://api.openalex.org",
    interval_s=0.1,
    key_header="Authorization: Bearer {}",
    key_hint="A key, free at openalex.org, gives more: set OPENALEX_API_KEY",
)

_PAGE = 100
_FIELDS = ["id", "doi", "title", "display_name", "abstract_inverted_index"]
_QUERY = "openalex-query:"
_WORK = re.compile(r"(?:https?://(?:api\.)?openalex\.org/(?:works/)?)?(W\d+)", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)(10\.\d{4,9}/\S+)", re.IGNORECASE)
_TAKEN = re.compile(
    r"openalex:|openalex-query:|https?://(?:api\.)?openalex\.org/|doi:|https?://(?:dx\.)?doi\.org/",
    re.IGNORECASE,
)


def takes(spec: str) -> bool:
    """Whether it begins as a name of a work, or as a DOI."""
    return _TAKEN.match(spec) is not None


def read(spec: str, options: Options) -> Records:
    """The works of `openalex:W1,W2`, an address, a DOI or `openalex-query:TEXT`.

    Raises UsageError for a name that can be none and for an empty query, MissingExtra without the library.
    """
    if spec.lower().startswith(_QUERY):
        query = spec[len(_QUERY) :].strip()
        if not query:
            raise UsageError("the query is empty", where=spec, next_step=f"As {_QUERY}time series")
        _url(query=query)
        return _search(Web(SERVICE, options), query, options)
    if doi := _DOI.fullmatch(spec.strip()):
        names = [f"doi:{doi[1].lower()}"]
    else:
        words = [word.strip() for word in re.sub(r"(?i)^openalex:", "", spec).split(",")]
        found = [_WORK.fullmatch(word) for word in words if word]
        names = [one[1].upper() for one in found if one]
        if len(names) < len(found) or not names:
            raise UsageError(
                "is no work of OpenAlex and no DOI",
                where=spec,
                next_step="As openalex:W2741809807 or doi:10.1000/182",
            )
    _url()
    return _by_name(Web(SERVICE, options), names)


def _url(name: str | None = None, query: str = "", newest: bool = False) -> str:
    """The path of a request, as the library writes it."""
    try:
        from pyalex import Works
    except ImportError as error:
        raise MissingExtra("Reading from OpenAlex", "sources") from error

    works = Works(name) if name is not None else Works().search(query).select(_FIELDS)
    if newest:
        works = works.sort(publication_date="desc")
    found: str = works.url
    return found.removeprefix(SERVICE.url)


def _by_name(web: Web, names: list[str]) -> Records:
    for name in names:
        where = name if name.startswith("doi:") else f"openalex:{name}"
        found = web.json(web.base + _url(name), PAPER_S)
        if found is None:
            yield BadRecord(where, "OpenAlex has no such work")
        else:
            yield paper(Columns(), found, where)


def _search(web: Web, query: str, options: Options) -> Records:
    for record in islice(_pages(web, query, options), options.limit):
        own = record.get("id") if isinstance(record, dict) else None
        yield paper(Columns(), record, f"openalex:{str(own).rpartition('/')[2]}")


def _pages(web: Web, query: str, options: Options) -> Iterator[object]:
    cursor = "*"
    size = min(options.limit or _PAGE, _PAGE)
    url = f"{web.base}{_url(query=query, newest=options.newest)}&per-page={size}&cursor="
    while cursor:
        found = web.json(url + cursor, web.query_s)
        works = found.get("results") if isinstance(found, dict) else None
        if not isinstance(found, dict) or not isinstance(works, list):
            raise BadInput("OpenAlex answers with something that is no list of works", where=web.base)
        yield from works
        meta = found.get("meta")
        after = meta.get("next_cursor") if isinstance(meta, dict) and works else None
        cursor = after if isinstance(after, str) else ""


REFERENCE = Reference(
    "OpenAlex",
    ("openalex:ID,ID", "https://openalex.org/ID", "doi:DOI", "https://doi.org/DOI", "openalex-query:TEXT"),
    takes,
    read,
    extra="sources",
)
