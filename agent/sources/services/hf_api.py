"""Reads Hugging Face papers from the Hub: the daily papers of a day, a week or a month, and a paper by id.

`hf-daily:` alone gives the newest ones, a hundred unless more are wanted. The ids are those of arXiv.

The API: https://huggingface.co/docs/hub/api#paper-pages-api
"""

import re
from urllib.parse import quote, urlencode

from ...errors import UsageError
from ...text.identifiers import arxiv_id, unversioned
from ..columns import BadRecord, Columns
from ..interface import Listing, Options, Records, Reference
from ..service_records import paper, within
from .service import Service
from .web import PAPER_S, Web

SERVICE = Service(
    "huggingface",
    "Hugging Face",
    "https://huggingface.co",
    # 500 requests in five minutes are allowed, 1,000 with a token.
    interval_s=0.65,
    interval_with_key_s=0.35,
    key_header="Authorization: Bearer {}",
    key_variables=("HF_TOKEN",),
    key_hint="A token doubles the limit: set HF_TOKEN",
    # A mirror may be anybody's.
    key_stays=True,
)

_PAGE = 100
_DAILY = "hf-daily:"
_URL = re.compile(
    r"https?://(?:www\.)?(?:huggingface|hf)\.co/papers(?:/([^?#]*?))?/?(?:[?#].*)?", re.IGNORECASE
)
_PERIODS = {
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "week": re.compile(r"\d{4}-W\d\d"),
    "month": re.compile(r"\d{4}-\d\d"),
}


def takes(spec: str) -> bool:
    """Whether it starts like a name of Hugging Face papers."""
    return spec.lower().startswith(_DAILY) or _URL.fullmatch(spec) is not None


def read(spec: str, options: Options) -> Records:
    """The papers of `hf-daily:DAY`, or of the address of a paper or a day's page.

    Raises UsageError for an invalid day, MissingExtra without the HTTP library.
    """
    address = _URL.fullmatch(spec)
    rest = (address[1] or "") if address else spec[len(_DAILY) :].strip()
    if address and (known := arxiv_id(rest.removesuffix(".md"))):
        return _one(Web(SERVICE, options), unversioned(known))
    period = re.sub(r"^(?:date|week|month)/", "", rest) if address else rest
    for name, form in _PERIODS.items():
        if form.fullmatch(period):
            return _daily(Web(SERVICE, options), {name: period}, options)
    if rest:
        raise UsageError(
            f'"{rest}" is not a day, week or month' + (", and no paper" if address else ""),
            where=spec,
            next_step=f"Use a form such as {_DAILY}2026-11-24, {_DAILY}2026-W48 or {_DAILY}2026-11",
        )
    return _daily(Web(SERVICE, options), {}, options)


def _one(web: Web, number: str) -> Records:
    where = f"huggingface.co/papers/{number}"
    found = web.json(f"{web.base}/api/papers/{quote(number)}", PAPER_S)
    if found is None:
        yield BadRecord(where, "not found on Hugging Face")
    else:
        yield paper(Columns(), {"paper": found}, where)


def _daily(web: Web, period: dict[str, str], options: Options) -> Records:
    most = options.limit or (None if period or options.newest else _PAGE)
    seen: set[str] = set()
    page = 0
    while True:
        query = urlencode({**period, "limit": _PAGE if most is None else min(most, _PAGE), "p": page})
        found = web.json(f"{web.base}/api/daily_papers?{query}", web.query_s)
        before = len(seen)
        for record in web.listed(found, "papers"):
            name = f"huggingface.co/papers/{within(record, 'paper', 'id')}"
            # A list that moves while it is read gives papers twice.
            if name not in seen:
                seen.add(name)
                yield paper(Columns(), record, name)
        page += 1
        if len(seen) == before or (most is not None and len(seen) >= most):
            return


def _listing(spec: str) -> Listing:
    address = _URL.fullmatch(spec)
    rest = address[1] if address else spec[len(_DAILY) :].strip()
    return Listing.WHOLE if rest else Listing.NEWEST


REFERENCE = Reference(
    "Hugging Face papers",
    ("hf-daily:YYYY-MM-DD", "https://huggingface.co/papers/ID"),
    takes,
    read,
    listing=_listing,
    texts=True,
    extra="sources",
)
