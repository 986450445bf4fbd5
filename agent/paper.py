"""A paper: its text with sentences, and a stable id.

The abstract is kept exactly as in its source, so that offsets in a card are valid there too. The requested
sections of a full text come after it. Knows nothing of sources, models and outputs.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from json.encoder import encode_basestring
from typing import Any

from .publication import NOTHING, Publication, arxiv_date, json_of, place
from .text import identifiers
from .text.spans import Link, Span, digest, links, sentences

_PAGES = {
    "arxiv:": "https://arxiv.org/abs/",
    "doi:": "https://doi.org/",
    "acl:": "https://aclanthology.org/",
    "openreview:": "https://openreview.net/forum?id=",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a full text that is read in addition to the abstract."""

    name: str
    """Heading without its number, such as `Conclusion`; unique within the paper."""
    text: str
    """Text; offsets count its code points."""
    pages: tuple[tuple[int, int], ...] = ()
    """Start offset and number (from 1) of each page, ascending; empty if there are no pages."""
    whole: bool = True
    """Whether the section is complete; False if it was too long and its end was cut."""

    def page_at(self, offset: int) -> int | None:
        """The page of a character."""
        return next((page for start, page in reversed(self.pages) if start <= offset), None)


@dataclass(frozen=True)
class Paper:
    """One paper: title, abstract, optional sections, and an id that is the same in every run."""

    id: str
    """Id: `arxiv:…`, `doi:…`, the source's own id, or `sha256:` and 16 hex digits of the text."""
    title: str
    abstract: str
    """Abstract as given; offsets count its code points."""
    where: str = field(default="", compare=False)
    """Position in the source, such as `papers.jsonl:12`."""
    url: str | None = None
    sections: tuple[Section, ...] = ()
    """Sections read in addition to the abstract, in the order of the paper."""
    flags: tuple[str, ...] = ()
    """Warnings of the source for readers of the card, such as `hidden-text`."""
    told: Callable[[], Publication] | None = field(default=None, compare=False, repr=False)
    """Reads what the source says of the publication; not called before it is needed."""
    also: Callable[[], tuple[str, ...]] | None = field(default=None, compare=False, repr=False)
    """Reads the other ids that the source knows it by; not called before they are needed."""

    @classmethod
    def of(
        cls,
        title: str,
        abstract: str,
        *,
        id: str | None = None,  # noqa: A002
        url: str | None = None,
        publication: Publication | None = None,
    ) -> "Paper":
        """A paper from its text; `id`: an arXiv id, a DOI or a name of your own (default: a hash)."""
        name = paper_id(title, abstract, given=id, url=url)
        told = None if publication is None else lambda: publication
        return cls(name, title, abstract, url=url, told=told)

    @cached_property
    def parts(self) -> tuple[tuple[Section | None, tuple[Span, ...]], ...]:
        """The abstract (None), then the sections, each with its sentences."""
        abstract = (None, sentences(self.abstract))
        return (abstract, *((section, sentences(section.text)) for section in self.sections))

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The sentences of all parts, each a span of its own part; a card's numbers count them from 1."""
        return tuple(span for _, spans in self.parts for span in spans)

    @property
    def text(self) -> str:
        """Everything that is read except the title."""
        return "\n\n".join((self.abstract, *(section.text for section in self.sections)))

    @cached_property
    def publication(self) -> Publication:
        """Authors, date, venue and more: what the source says, completed from the paper's id."""
        told = self.told() if self.told is not None else NOTHING
        return _completed(told, self.id, self.url, place(self.where))

    def retold(self, **known: Any) -> "Paper":
        """The paper with these fields of its publication; the others are still read when they are needed."""
        told = self.told
        return replace(self, told=lambda: replace(told() if told is not None else NOTHING, **known))

    @property
    def publication_json(self) -> str:
        """The publication as JSON; empty if nothing is known."""
        if self.told is not None:
            return json_of(self.publication)
        # Without a word from the source there is little to write, and a rerun writes it for every paper.
        id_, url, found = self.id, self.url, ""
        if id_.startswith("arxiv:") and (arxiv := id_[6:]):
            if date := arxiv_date(arxiv):
                found = f'"year":{date[:4]},"date":"{date}",'
            found += f'"arxiv_id":{encode_basestring(arxiv)},'
            url = url or _PAGES["arxiv:"] + arxiv
        elif id_.startswith("doi:") and len(id_) > 4:
            found = f'"doi":{encode_basestring(id_[4:])},'
        if url := url or page_of(id_):
            found += f'"url":{encode_basestring(url)},'
        if source := place(self.where):
            found += f'"source":{encode_basestring(source)},'
        return f"{{{found[:-1]}}}" if found else ""

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The URLs in the abstract."""
        return links(self.abstract)

    def section_of(self, number: int) -> Section | None:
        """The section of sentence `number`, counted from 1; None for the abstract."""
        for section, spans in self.parts:
            if number <= len(spans):
                return section
            number -= len(spans)
        return None

    def sentence_text(self, number: int) -> str:
        """The text of sentence `number`, counted from 1."""
        span, section = self.sentences[number - 1], self.section_of(number)
        text = self.abstract if section is None else section.text
        return text[span.start : span.end]

    def left_out(self, number: int) -> str:
        """The flag for a paper whose sentences from `number` on were not read."""
        return "abstract-cut" if self.section_of(number) is None else "sections-cut"


def paper_id(
    title: str,
    abstract: str,
    *,
    given: str | None = None,
    arxiv_id: str | None = None,
    doi: str | None = None,
    url: str | None = None,
) -> str:
    """The stable id of a paper, from the first valid one of its identifiers.

    A version suffix of an arXiv id is dropped. `acl:…` and `openreview:…` come from the address of a page.
    Without any identifier, it is the hash of title and abstract after Unicode normalisation (NFKC), case
    folding and folding of white space.
    """
    if name := identifiers.first_name(filter(None, (arxiv_id, doi, url, given))):
        return name
    if given and given.strip():
        return given.strip()
    return f"sha256:{digest(_fold(title), _fold(abstract))[:16]}"


_GLOBAL = re.compile(
    r"(?:arxiv|doi|sha256|openalex|s2|zotero|pmid|pmcid|pmc|acl|hdl|isbn):\S|PM(?:C|ID)\d|https?://",
    re.IGNORECASE,
)
_MARKED = re.compile(r"~[0-9a-f]{8}$")


def is_global(id: str) -> bool:  # noqa: A002
    """Whether an id is globally unique; row numbers and citation keys are unique only in their file."""
    return _GLOBAL.match(id) is not None


def marked(paper: Paper) -> str:
    """A new id for a paper whose id is taken: its own plus eight digits of its text's hash."""
    return f"{paper.id}~{digest(_fold(paper.title), _fold(paper.abstract))[:8]}"


def identity(id: str, title: str) -> str:  # noqa: A002
    """The key by which two papers, or a paper and its card, are matched.

    It is the id if that is global. Other ids may occur in two files for different papers, so the title is
    added; a mark of `marked` is ignored.
    """
    return id if is_global(id) else f"{_MARKED.sub('', id)}\n{_fold(title)}"


def page_of(id: str, url: str | None = None) -> str | None:  # noqa: A002
    """The web address of a paper: the one from its source, else the one of its id."""
    if url:
        return url
    for prefix, base in _PAGES.items():
        if id.startswith(prefix):
            return base + id[len(prefix) :]
    return None


def completed(told: Publication, id: str) -> Publication:  # noqa: A002
    """The publication of a paper with what its id says: arXiv id with its month, DOI, web page."""
    return _completed(told, id, told.url, told.source)


def _completed(told: Publication, id: str, url: str | None, source: str | None) -> Publication:  # noqa: A002
    arxiv = told.arxiv_id or (id[6:] or None if id.startswith("arxiv:") else None)
    date = told.date or (None if told.year else arxiv_date(arxiv))
    # Several times as fast as `replace`, and done for every paper.
    return Publication(
        told.authors,
        told.more_authors,
        told.year or (int(date[:4]) if date else None),
        date,
        told.venue,
        arxiv,
        told.doi or (id[4:] or None if id.startswith("doi:") else None),
        told.citation_key,
        told.categories,
        told.keywords,
        page_of(id, url),
        told.pdf_url,
        source,
        told.license,
        told.abstract_source,
    )


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
