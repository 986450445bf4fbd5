"""Fetches the full text of an arXiv paper: its HTML, its PDF, and the licence that its author chose.

arXiv makes HTML with LaTeXML of papers with TeX sources, mostly those since December 2023; the others have a
PDF only. Requests are three seconds apart, as arXiv asks; a mirror has all of it at one address.
"""

import re
from dataclasses import replace
from urllib.parse import quote

from ..interface import Options
from .service import Service
from .web import PAPER_S, QUERY_S, Web

SITE = Service(
    "arxiv",
    "arXiv",
    "https://arxiv.org",
    interval_s=3.0,
    throttled=frozenset({406, 429, 503}),
    first_wait_s=60.0,
    wants_contact=True,
)
_RECORDS = replace(SITE, url="https://oaipmh.arxiv.org")
_HTML = frozenset(("text/html", "application/xhtml+xml"))
_PDF = frozenset(("application/pdf",))
_XML = frozenset(("application/xml", "text/xml"))
_LICENCE = re.compile(rb"<license>\s*(https?://[^<\s]{1,200})\s*</license>")


class ArxivText:
    """The texts of arXiv papers. Methods raise what `Web.get` raises, and give None for what is not there."""

    def __init__(self, options: Options) -> None:
        """Raises MissingExtra without the HTTP library."""
        self._texts, self._records = Web(SITE, options), Web(_RECORDS, options)

    def html(self, name: str) -> bytes | None:
        """The paper as HTML."""
        # A page of another kind says that there is none, or not yet.
        return self._texts.get(
            f"{self._texts.base}/html/{quote(name)}",
            lambda body: PAPER_S if b"ltx_" in body else QUERY_S,
            _HTML,
        )

    def pdf(self, name: str) -> bytes | None:
        """The paper as PDF."""
        return self._texts.get(f"{self._texts.base}/pdf/{quote(name)}", lambda _: PAPER_S, _PDF)

    def licence(self, name: str) -> str | None:
        """The address of the licence, from the metadata record. `name` has no version."""
        asked = f"verb=GetRecord&metadataPrefix=arXiv&identifier=oai:arXiv.org:{quote(name)}"
        record = self._records.get(f"{self._records.base}/oai?{asked}", lambda _: PAPER_S, _XML)
        found = _LICENCE.search(record) if record else None
        return found[1].decode("ascii", "replace") if found else None
