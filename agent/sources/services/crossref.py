"""Looks up works in Crossref by DOI or by title.

DOIs are requested fifty at a time. Clients with a contact address are served better. Abstracts come as JATS
markup; publishers deposit them for a part of the works.

The API: https://www.crossref.org/documentation/retrieve-metadata/rest-api/
"""

import re
from collections.abc import Mapping
from functools import partial
from urllib.parse import quote, urlencode

from ..interface import Options
from ..service_records import within
from .ids import Asker, by_id
from .service import Service
from .titles import ByTitle, by_title, searched
from .web import PAPER_S, Web

SERVICE = Service(
    "crossref",
    "Crossref",
    "https://api.crossref.org",
    # Lists may be requested once a second.
    interval_s=1.0,
    wants_contact=True,
)

IDS_AT_ONCE, TITLES_AT_ONCE = 50, 1
_RESULTS_OF_TITLE = 5
_FIELDS = "DOI,title,subtitle,abstract,author,issued,container-title,URL"
_FILTERED = re.compile(r"[^,\s]+")
"""DOIs that can stand in a filter."""


def asker(options: Options) -> Asker:
    """A function that requests up to fifty DOIs at a time. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def address(doi: str) -> str:
        return f"{web.base}/works/{quote(doi, safe='')}"

    return by_id(SERVICE, web, address, partial(_together, web))


def _together(web: Web, dois: list[str], urls: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    listed = [doi for doi in dois if _FILTERED.fullmatch(doi)]
    if len(listed) > 1:
        asked = {"filter": ",".join(f"doi:{doi}" for doi in listed), "rows": len(listed), "select": _FIELDS}
        found = {str(one["DOI"]).lower(): one for one in _works(web, asked)}
        dois = [doi for doi in dois if doi not in listed]
    for doi in dois:
        answer = web.json(urls[doi], PAPER_S)
        if isinstance(record := within(answer, "message"), dict):
            found[doi] = _record(record)
    return found


def titles(options: Options) -> ByTitle:
    """A function that looks up one title. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def asked(title: str) -> dict[str, object]:
        words = searched(title)
        return {"query.bibliographic": words, "rows": _RESULTS_OF_TITLE, "select": _FIELDS}

    def address(title: str) -> str:
        return f"{web.base}/works?{urlencode(asked(title))}"

    return by_title(web, address, lambda some: _works(web, asked(some[0])))


def _works(web: Web, asked: dict[str, object]) -> list[dict[str, object]]:
    answer = web.json(f"{web.base}/works?{urlencode(asked)}", web.absent_s)
    items = web.listed(within(answer, "message", "items"), "works")
    return [_record(one) for one in items if isinstance(one, dict) and "DOI" in one]


def _record(work: dict[str, object]) -> dict[str, object]:
    """A work with its whole title, and without what is not read."""
    names = _FIELDS.split(",")
    record = {name: work[name] for name in names if name in work}
    parts = [
        one
        for name in ("title", "subtitle")
        if isinstance(found := record.pop(name, None), list)
        for one in found[:1]
    ]
    return {**record, "title": ": ".join(map(str, parts))}
