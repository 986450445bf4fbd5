"""A paper as the rest of the program sees it: text with sentences, and a stable name.

The abstract is kept letter for letter as its source gave it, so that an offset in a card means the same
to whoever wrote the source. Of a full text, the sections that were asked for come after it. Knows nothing
of where papers come from or of what is made of them.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

from . import identifiers
from .text import Link, Span, digest, links, sentences

_PAGES = {
    "arxiv:": "https://arxiv.org/abs/",
    "doi:": "https://doi.org/",
    "acl:": "https://aclanthology.org/",
    "openreview:": "https://openreview.net/forum?id=",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a full text that is read beside the abstract."""

    name: str
    """As the paper heads it, its number off: `Conclusion`; no other section of the paper has it."""
    text: str
    """Offsets count its code points."""
    pages: tuple[tuple[int, int], ...] = ()
    """Offset at which each page begins, and its number from 1, ascending; none where there are no pages."""
    whole: bool = True
    """False: it was too long, and its end is left out."""

    def page_at(self, offset: int) -> int | None:
        """The page on which a character stands."""
        return next((page for start, page in reversed(self.pages) if start <= offset), None)


@dataclass(frozen=True)
class Paper:
    """One paper: title and abstract, perhaps sections, with a name that is the same in every run."""

    id: str
    """`arxiv:…`, `doi:…`, the source's own id, else `sha256:` and 16 hex digits of the text."""
    title: str
    abstract: str
    """As given; offsets count its code points."""
    where: str = field(default="", compare=False)
    """Place in the source, as `papers.jsonl:12`."""
    url: str | None = None
    sections: tuple[Section, ...] = ()
    """What is read beside the abstract, in the order of the paper."""
    flags: tuple[str, ...] = ()
    """What its source noticed and a reader of its card should know, as `hidden-text`."""

    @classmethod
    def of(cls, title: str, abstract: str, *, id: str | None = None, url: str | None = None) -> "Paper":  # noqa: A002
        """A paper from its text; `id`: an arXiv id, a DOI or a name of your own (default: a hash)."""
        return cls(paper_id(title, abstract, given=id, url=url), title, abstract, url=url)

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
        """All that is read beside the title."""
        return "\n\n".join((self.abstract, *(section.text for section in self.sections)))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """The URLs in the abstract."""
        return links(self.abstract)

    def section_of(self, number: int) -> Section | None:
        """Where sentence `number` stands, counted from 1; None: in the abstract."""
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
        """The flag for a reader to whom the sentences from `number` on were not shown."""
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
    """The stable name of a paper, from the first of its identifiers that is one.

    A version suffix of an arXiv id is dropped. `acl:…` and `openreview:…` come from the address of a page.
    Without any identifier: the hash of title and abstract after Unicode normalisation (NFKC), case folding
    and folding of white space.
    """
    names = []
    for candidate in (arxiv_id, doi, url, given):
        if candidate and (name := identifiers.name(candidate)):
            if name.startswith("arxiv:"):
                return name
            names.append(name)
    if names:
        # A DOI goes before the page of a conference.
        return next((name for name in names if name.startswith("doi:")), names[0])
    if given and given.strip():
        return given.strip()
    return f"sha256:{digest(_fold(title), _fold(abstract))[:16]}"


_GLOBAL = re.compile(
    r"(?:arxiv|doi|sha256|openalex|s2|zotero|pmid|pmcid|pmc|acl|hdl|isbn):\S|PM(?:C|ID)\d|https?://",
    re.IGNORECASE,
)
_MARKED = re.compile(r"~[0-9a-f]{8}$")


def is_global(id: str) -> bool:  # noqa: A002
    """Whether an id means the same paper everywhere; row numbers and citation keys do so in their file."""
    return _GLOBAL.match(id) is not None


def marked(paper: Paper) -> str:
    """The id of a paper whose own was another's before it: its own and eight digits of its text's hash."""
    return f"{paper.id}~{digest(_fold(paper.title), _fold(paper.abstract))[:8]}"


def identity(id: str, title: str) -> str:  # noqa: A002
    """What two papers, or a paper and its card, must have in common to be one.

    That is the id where it is a global one. Any other may be in two files for two papers, so the title
    belongs to it; whether it is marked does not matter.
    """
    return id if is_global(id) else f"{_MARKED.sub('', id)}\n{_fold(title)}"


def page_of(id: str, url: str | None = None) -> str | None:  # noqa: A002
    """Where a paper is to be read: at the address that its source gave, else where its id leads."""
    if url:
        return url
    return next(
        (base + id.removeprefix(prefix) for prefix, base in _PAGES.items() if id.startswith(prefix)), None
    )


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
