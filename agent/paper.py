"""A paper as the rest of the program sees it: text with sentences, and a stable name.

The abstract is kept letter for letter as its source gave it, so that an offset in a card means the same
to whoever wrote the source. Knows nothing of where papers come from or of what is made of them.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from .text import Link, Span, digest, links, sentences

_ARXIV = re.compile(
    r"(?:arxiv:|https?://(?:export\.|www\.)?arxiv\.org/(?:abs|pdf)/"
    r"|(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?10\.48550/arxiv\.)?"
    r"((?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7}))(?:v\d+)?(?:\.pdf)?",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_PAGES = {"arxiv:": "https://arxiv.org/abs/", "doi:": "https://doi.org/"}


@dataclass(frozen=True)
class Paper:
    """One paper: title and abstract, with a name that is the same in every run."""

    id: str
    """`arxiv:…`, `doi:…`, the source's own id, else `sha256:` and 16 hex digits of the text."""
    title: str
    abstract: str
    """As given; offsets count its code points."""
    where: str = field(default="", compare=False)
    """Place in the source, as `papers.jsonl:12`."""
    url: str | None = None

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The abstract's sentences; a card's sentence numbers count them from 1."""
        return sentences(self.abstract)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The URLs in the abstract."""
        return links(self.abstract)

    def sentence_text(self, number: int) -> str:
        """The text of sentence `number`, counted from 1."""
        span = self.sentences[number - 1]
        return self.abstract[span.start : span.end]


def paper_id(
    title: str,
    abstract: str,
    *,
    given: str | None = None,
    arxiv_id: str | None = None,
    doi: str | None = None,
    url: str | None = None,
) -> str:
    """The stable name of a paper, from the first of its identifiers that is one.

    A version suffix of an arXiv id is dropped. Without any identifier: the hash of title and abstract
    after Unicode normalisation (NFKC), case folding and folding of white space.
    """
    for candidate in (arxiv_id, doi, url, given):
        if candidate and (match := _ARXIV.fullmatch(candidate.strip())):
            return f"arxiv:{match.group(1)}"
    for candidate in (doi, url, given):
        if candidate and (match := _DOI.fullmatch(candidate.strip())):
            return f"doi:{match.group(1).lower()}"
    if given and given.strip():
        return given.strip()
    return f"sha256:{digest(_fold(title), _fold(abstract))[:16]}"


def page_of(id: str, url: str | None = None) -> str | None:  # noqa: A002
    """Where a paper is to be read: at the address that its source gave, else where its id leads."""
    if url:
        return url
    return next(
        (base + id.removeprefix(prefix) for prefix, base in _PAGES.items() if id.startswith(prefix)), None
    )


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
