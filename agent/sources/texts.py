"""Adds the wanted sections to papers of services: fetches their full texts and reads them.

A paper on arXiv is read from its HTML, else from its PDF; a paper in PubMed Central from its JATS. The
licence of the text goes into the publication. A paper whose text is not available keeps its abstract and gets
a flag.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ..errors import BadInput, MissingExtra
from ..paper import Paper, Section
from ..text import identifiers
from .columns import Columns
from .full_text import jats, latexml, pdf
from .full_text.outline import pick
from .interface import Format, Input, Options, Records
from .services import europe_pmc
from .services.arxiv_text import ArxivText
from .services.web import Web

MISSING = "no-full-text"
"""Flag of a paper whose sections were wanted, and whose text cannot be had."""
_HIDDEN = "hidden-text"
_MOST_FAILURES = 3
"""Failures of a service in a row after which it is not asked again in this run."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Text:
    """The wanted part of a full text."""

    sections: tuple[Section, ...]
    licence: str | None
    hidden: bool
    """Whether it has text that nobody sees, which is not read."""

    @classmethod
    def of(cls, paper: Paper, licence: str | None) -> "Text":
        """The text of a paper that was read from a file."""
        return cls(paper.sections, licence, _HIDDEN in paper.flags)


def with_sections(records: Records, options: Options) -> Records:
    """The records, each paper with its sections if any are wanted. Raises what sources raise."""
    if not set(options.sections) - {"abstract"}:
        return records
    texts = _Texts(options)
    return (texts.added(record) if isinstance(record, Paper) else record for record in records)


class _Texts:
    """Full texts by id."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._arxiv = ArxivText(options)
        self._pmc = Web(europe_pmc.SERVICE, options)
        self._failures: dict[str, int] = {}

    def added(self, paper: Paper) -> Paper:
        """The paper with its sections, or with the flag."""
        name = paper.publication.arxiv_id
        pmcid = identifiers.pmcid(paper.id) or identifiers.pmcid(paper.url or "")
        found: Text | None = None
        if name:
            # The version of the abstract.
            given = identifiers.arxiv_id(paper.url or "")
            exact = given if given and identifiers.unversioned(given) == name else name
            found = self._tried("arXiv", paper, lambda: self._of_arxiv(paper, name, exact))
        if not found and pmcid:
            found = self._tried("Europe PMC", paper, lambda: self._of_pmc(pmcid))
        if found is None:
            return replace(paper, flags=(*paper.flags, MISSING))
        flags = (*paper.flags, *((_HIDDEN,) if found.hidden else ()))
        read = replace(paper, sections=found.sections, flags=flags)
        return read.retold(license=found.licence) if found.licence else read

    def _tried(self, service: str, paper: Paper, fetch: Callable[[], T | None]) -> T | None:
        if self._failures.get(service, 0) >= _MOST_FAILURES:
            return None
        try:
            found = fetch()
        except (BadInput, MissingExtra) as error:
            failures = self._failures[service] = self._failures.get(service, 0) + 1
            if self._options.remark is not None and not self._options.offline:
                more = f"; {service} is not asked for more texts" if failures >= _MOST_FAILURES else ""
                self._options.remark(f"{paper.id}: cannot fetch its text: {error}{more}")
            return None
        self._failures[service] = 0
        return found

    def _of_arxiv(self, paper: Paper, name: str, exact: str) -> Text | None:
        page = self._arxiv.html(exact)
        blocks, hidden = latexml.blocks(page) if page else ([], False)
        if page and blocks:
            licence = latexml.licence(page) or self._licence(paper, name)
            return Text(pick(blocks, self._options.sections), licence, hidden)
        if file := self._arxiv.pdf(exact):
            found = self._read(pdf.FORMAT, file, f"arxiv:{exact}")
            return Text.of(found, self._licence(paper, name)) if found else None
        return None

    def _licence(self, paper: Paper, name: str) -> str | None:
        return self._tried("arXiv's metadata", paper, lambda: self._arxiv.licence(name))

    def _of_pmc(self, pmcid: str) -> Text | None:
        file = europe_pmc.full_text(self._pmc, pmcid)
        found = self._read(jats.FORMAT, file, pmcid) if file else None
        return Text.of(found, found.publication.license) if found else None

    def _read(self, kind: Format, data: bytes, name: str) -> Paper | None:
        """The paper in a file; None if it cannot be read."""
        source = Input(name, io.BytesIO(data), Columns(), self._options)
        found = next(kind.read(source), None)
        return found if isinstance(found, Paper) else None
