"""Reads feeds and archives by address: `feed:URL` for Atom and RSS, `oai:URL` for OAI-PMH.

A feed is one page with its newest entries. An archive is harvested with `ListRecords`, page by page by its
resumption tokens, from a date on if `Options.since` says so; `set`, `metadataPrefix`, `from` and `until` may
stand in the address.

Knows addresses. What is in an answer is read by the formats of files.
"""

import io
import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..errors import BadInput, UsageError
from ..safety.redact import without_secrets
from .columns import Columns
from .files import atom, oai
from .interface import Input, Listing, Options, Records, Reference
from .services.service import Service
from .services.web import Web
from .xml_stream import root_of

_HEAD_BYTES = 1 << 16
_TOKEN = re.compile(rb"<(?:\w+:)?resumptionToken\b[^<>]*>([^<]*)</")
_NONE = re.compile(rb"<(?:\w+:)?error\b[^<>]*\bcode\s*=\s*[\"']noRecordsMatch[\"']")
_KEPT = ("set", "metadataPrefix", "from", "until")
_MOST_PAGES = 100_000
"""Pages of one harvest; an archive that gives the same token again and again must end, too."""


def _address(spec: str, scheme: str, example: str) -> str:
    """The address behind a scheme. Raises UsageError if it is none."""
    url = spec[len(scheme) :].strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            "is not an http or https address", where=spec, next_step=f"Use a form such as {scheme}{example}"
        )
    if parts.username or parts.password:
        raise UsageError(
            "has a password, which would be written into records of the run",
            where=without_secrets(url),
            next_step="Use an address without",
        )
    return url


def _web(url: str, what: str, options: Options) -> Web:
    host = urlsplit(url).hostname or ""
    return Web(Service(f"{what}:{host}", host, url, interval_s=1.0), options)


def read_feed(spec: str, options: Options) -> Records:
    """The entries of a feed.

    Raises UsageError for what is no address, MissingExtra without the HTTP library.
    """
    url = _address(spec, "feed:", "https://rss.arxiv.org/rss/cs.LG")
    return _feed(url, _web(url, "feed", options), options)


def _feed(url: str, web: Web, options: Options) -> Records:
    body = web.get(url, _fresh(web, atom.looks_like))
    if body is None:
        raise BadInput("no feed at this address (404)", where=without_secrets(url))
    yield from atom.read(Input(without_secrets(url), io.BytesIO(body), Columns(), options))


def read_oai(spec: str, options: Options) -> Records:
    """The records of an archive.

    Raises UsageError for what is no address of one, MissingExtra without the HTTP library.
    """
    url = _address(spec, "oai:", "https://export.arxiv.org/oai2?set=cs&metadataPrefix=arXiv")
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    if strange := sorted(asked.keys() - {*_KEPT, "verb"}):
        raise UsageError(
            f'"{strange[0]}" is no argument of a harvest', where=spec, next_step=f"Use {', '.join(_KEPT)}"
        )
    base = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    first = {"verb": "ListRecords", "metadataPrefix": "oai_dc"} | {k: asked[k] for k in _KEPT if k in asked}
    if options.since is not None:
        first["from"] = max(options.since, asked.get("from", ""))
    return _harvest(base, first, _web(base, "oai", options), options)


def _harvest(base: str, first: dict[str, str], web: Web, options: Options) -> Records:
    query = first
    for number in range(1, _MOST_PAGES + 1):
        url = f"{base}?{urlencode(query)}"
        body = web.get(url, _fresh(web, oai.looks_like))
        if body is None:
            raise BadInput("no archive at this address (404)", where=without_secrets(base))
        if _NONE.search(body):
            return
        name = f"{without_secrets(base)}, page {number}"
        yield from oai.read(Input(name, io.BytesIO(body), Columns(), options))
        tokens: list[bytes] = _TOKEN.findall(body)
        token = unescape(tokens[-1].decode("utf-8", "replace")).strip() if tokens else ""
        if not token:
            return
        query = {"verb": "ListRecords", "resumptionToken": token}


def _fresh(web: Web, looks_like: Callable[[bytes], bool]) -> Callable[[bytes], float | None]:
    """How long an answer counts; None if it is no such document, or cut off."""

    def keep(body: bytes) -> float | None:
        root = root_of(body[:_HEAD_BYTES])[1].encode()
        whole = body.rstrip()[-200:]
        good = looks_like(body[:_HEAD_BYTES]) and root and root in whole[whole.rfind(b"</") :]
        return web.query_s if good else None

    return keep


FEED = Reference(
    "Feeds",
    ("feed:URL",),
    lambda spec: spec.lower().startswith("feed:"),
    read_feed,
    listing=lambda _: Listing.WINDOW,
    extra="sources",
)
OAI = Reference(
    "OAI-PMH",
    ("oai:URL",),
    lambda spec: spec.lower().startswith(("oai:http://", "oai:https://")),
    read_oai,
    listing=lambda _: Listing.DATED,
    extra="sources",
)
