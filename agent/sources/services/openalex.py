"""Reads works from OpenAlex by id, by DOI, or by a search query.

Works are requested a hundred at a time; merged or missing ones are requested individually. An abstract comes
as an index of its words and is put back together; a work without one is a bad record. Without a key there is
a small daily budget, and the headers report what is left.

The API: https://developers.openalex.org
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from urllib.parse import quote, quote_plus

from ...text import identifiers
from ..columns import Columns
from ..interface import Options, Records, Reference
from ..patience import spoken
from ..service_records import paper, within
from .ids import Asker, by_id, ids_of, in_parts, newest, query_of
from .service import Service
from .titles import ByTitle, by_title, searched
from .web import PAPER_S, Web


def _spent(headers: Mapping[str, str]) -> str:
    """A message if the daily budget is too low for the request, with the time of its reset; else empty."""
    left, needed, whole, reset_s = (
        _number(headers.get(f"x-ratelimit-{name}"))
        for name in ("remaining-usd", "cost-required-usd", "limit-usd", "reset")
    )
    if left is None or left > (needed or 0.0) or (needed and left >= needed):
        return ""
    of = f" of ${whole:g}" if whole is not None else ""
    again = f"; it resets in {spoken(reset_s)}" if reset_s is not None else ""
    return f"has ${left:g}{of} left of today's budget{again}"


def _number(text: str | None) -> float | None:
    try:
        number = float((text or "").strip().removeprefix("$"))
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number < 1e9 else None


SERVICE = Service(
    "openalex",
    "OpenAlex",
    "https://api.openalex.org",
    interval_s=0.1,
    key_header="Authorization: Bearer {}",
    key_variables=("OPENALEX_API_KEY",),
    key_hint="A free key of openalex.org gives ten times the budget: set OPENALEX_API_KEY",
    spent=_spent,
)

_PAGE = 100
IDS_AT_ONCE, TITLES_AT_ONCE = _PAGE, 10
_FIELDS = (
    "id,doi,title,display_name,abstract_inverted_index,authorships,publication_date,publication_year,"
    "primary_location,best_oa_location,keywords,ids,locations"
)
_QUERY = "openalex-query:"
_WORK = re.compile(
    r"(?:https?://)?(?:(?:api\.|www\.)?openalex\.org/(?:works/)?)?(W\d+)/?(?:[?#].*)?", re.IGNORECASE
)
_TAKEN = re.compile(
    r"openalex:|openalex-query:|https?://(?:api\.|www\.)?openalex\.org/|doi:|https?://(?:dx\.|www\.)?doi\.org/",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[a-z]+:", re.IGNORECASE)
_NEXT = re.compile(r",\s*(?=(?:doi:|https?://|10\.\d{4,9}/|W\d+))", re.IGNORECASE)
"""Separator between two names; a DOI may contain commas."""
_FILTERED = re.compile(r"[^,|!<>\"\s]+")
"""DOIs that need no escaping in a filter."""


def takes(spec: str) -> bool:
    """Whether it starts like a work or a DOI, or is an address with a DOI."""
    if _TAKEN.match(spec):
        return True
    return _SCHEME.match(spec) is not None and identifiers.doi(spec) is not None


def is_id(word: str) -> bool:
    """Whether a word is a DOI, or an address without its scheme."""
    return identifiers.doi(word) is not None


def read(spec: str, options: Options) -> Records:
    """The works of `openalex:W1,W2`, an address, a DOI or several, or `openalex-query:TEXT`.

    Raises UsageError for an invalid name or an empty query, MissingExtra without requests.
    """
    if query := query_of(spec, _QUERY, "time series"):
        return _search(Web(SERVICE, options), query, options)
    words = _NEXT.split(re.sub(r"(?i)^openalex:", "", spec))
    form = "openalex:W2741809807 or doi:10.1000/182"
    ids = ids_of(spec, words, _known, "a work of OpenAlex or a DOI", form)
    names = ((f"doi:{one}" if one.startswith("10.") else f"openalex:{one}", one) for one in ids)
    return in_parts(asker(options), names, _PAGE)


def _known(word: str) -> str | None:
    work = _WORK.fullmatch(word)
    return identifiers.doi(word) or (work[1].upper() if work else None)


def asker(options: Options) -> Asker:
    """A function that requests up to 100 DOIs or ids at a time. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def address(name: str) -> str:
        return f"{web.base}/works/{quote_plus(f'doi:{name}' if name.startswith('10.') else name)}"

    return by_id(SERVICE, web, address, partial(_together, web))


def titles(options: Options) -> ByTitle:
    """A function that looks up ten works by title. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def address(*some: str) -> str:
        names = quote("|".join(map(searched, some)))
        return f"{web.base}/works?filter=title.search:{names}&select={_FIELDS}&per-page={_PAGE}"

    def ask(some: list[str]) -> list[dict[str, object]]:
        records = web.listed(within(web.json(address(*some), web.absent_s), "results"), "works")
        return [one for one in records if isinstance(one, dict)]

    return by_title(web, address, ask)


def _together(web: Web, names: list[str], urls: Mapping[str, str]) -> dict[str, object]:
    """The records of some names: of several by one request for DOIs and one for ids, else each by its own."""
    found: dict[str, object] = {}
    for field, prefix, some in (
        (
            "doi",
            "https://doi.org/",
            [one for one in names if one.startswith("10.") and _FILTERED.fullmatch(one)],
        ),
        ("openalex_id", "https://openalex.org/", [one for one in names if one.startswith("W")]),
    ):
        # A single work costs nothing, a list does.
        if len(some) < 2:
            continue
        wanted = f"filter={field}:{'|'.join(map(quote_plus, some))}&select={_FIELDS}&per-page={_PAGE}"
        answer = web.json(f"{web.base}/works?{wanted}", web.query_s)
        for record in web.listed(within(answer, "results"), "works"):
            value = record.get("doi" if field == "doi" else "id") if isinstance(record, dict) else None
            if isinstance(value, str):
                key = value.removeprefix(prefix)
                found[key.lower() if field == "doi" else key.upper()] = record
    return {name: found[name] if name in found else web.json(urls[name], PAPER_S) for name in names}


def _search(web: Web, query: str, options: Options) -> Records:
    for record in islice(_pages(web, query, options), options.limit):
        own = record.get("id") if isinstance(record, dict) else None
        yield paper(Columns(), record, f"openalex:{str(own).rpartition('/')[2]}")


def _pages(web: Web, query: str, options: Options) -> Iterator[object]:
    cursor = "*"
    size = min(options.limit or _PAGE, _PAGE)
    order = "&sort=publication_date:desc" if options.newest else ""
    asked = f"search={quote_plus(query)}&select={_FIELDS}{order}&per-page={size}"
    url = f"{web.base}/works?{asked}&cursor="
    while cursor:
        found = web.json(url + cursor, web.query_s)
        works = web.listed(within(found, "results"), "works")
        yield from works
        after = within(found, "meta", "next_cursor")
        cursor = after if works and isinstance(after, str) else ""


REFERENCE = Reference(
    "OpenAlex",
    ("openalex:ID,ID", "https://openalex.org/ID", "doi:DOI", "https://doi.org/DOI", "openalex-query:TEXT"),
    takes,
    read,
    is_id=is_id,
    listing=newest(_QUERY),
    texts=True,
    extra="sources",
)
