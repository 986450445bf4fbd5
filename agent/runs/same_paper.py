"""Finds out which papers are one: a preprint and its publication, two versions, two entries of a library.

They share an id that sources give (arXiv id without version, DOI, PMID, a relation to another version), or
title, first author and year: equal titles apart from case, accents and punctuation, the same family name, at
most two years apart. Titles that many papers have, such as "Editorial", do not count, nor does an id that is
valid only in its file. Two different arXiv ids are two papers, whatever they are called.

Knows papers. Knows no models and no outputs.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..id_set import IdMap, mark
from ..paper import Paper
from ..sources import BadRecord
from ..text import identifiers

YEARS = 2
"""Maximum number of years between two publications of a paper."""

AHEAD_BYTES = 8 << 20
"""Size of sources that are read whole before the first paper is asked about, so that of several abstracts of
a paper the longest is taken; of larger sources, the first."""

_PMID = re.compile(r"(?:pmid:|PMID)(\d{1,12})", re.IGNORECASE)
_PREPRINT = re.compile(r"(doi:10\.(?:1101|20944|21203|26434|31219|31234|31235|36227)/.+?)[/._-]?v\d{1,2}")
"""DOIs of preprint servers that give each version its own."""
_NOT_A_WORD = re.compile(r"[\W_]+")
_COMMON = re.compile(
    r"(?:(?:guest )?editorial|errat(?:um|a)|addend(?:um|a)|corrigend(?:um|a)|retract(?:ion|ed)"
    r"|(?:author |publisher )?corrections? (?:to|for)|expression of concern|comments? on|commentary on"
    r"|(?:repl(?:y|ies)|responses?|letters?) (?:to|by|from)|book reviews?|in memoriam|obituary"
    r"|call for papers|table of contents|(?:front|back) matter|(?:introduction|preface|foreword)"
    r" (?:to|of|for) (?:the|this) (?:special|theme|focus|book|volume|proceedings|issue))\b"
)
"""Beginnings of titles that are no name of a paper."""
_LEAST_WORDS = 3
_LEAST_CHARACTERS = 15

_STEP = 0x9E3779B97F4A7C15
_ALL = (1 << 64) - 1
_OTHER = 0x5851F42D4C957F2D
"""Tells the mark of an id that a paper has beside its own from that of a paper's own id."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What papers are matched by."""

    ids: tuple[str, ...]
    """Its ids, the one of the paper first."""
    title: str = ""
    """Title and first author, folded; empty if they are unknown or no name of one paper."""
    year: int = 0
    arxiv: str = ""
    """The arXiv id; empty if there is none."""


def traits(paper: Paper) -> Traits:
    """What a paper is matched by."""
    if paper.told is None and paper.also is None:
        return Traits((_one_form(paper.id),), arxiv=paper.id if paper.id.startswith("arxiv:") else "")
    about = paper.publication
    names = [paper.id]
    if about.arxiv_id:
        names.append(f"arxiv:{about.arxiv_id}")
    if about.doi:
        names.append(identifiers.name(about.doi) or f"doi:{about.doi}")
    if paper.also is not None:
        names += paper.also()
    ids = tuple(dict.fromkeys(map(_one_form, names)))
    arxiv = next((one for one in ids if one.startswith("arxiv:")), "")
    title = ""
    if about.authors and about.year:
        words, author = _folded(paper.title), _folded(about.authors[0].short)
        enough = words.count(" ") + 1 >= _LEAST_WORDS and len(words) >= _LEAST_CHARACTERS
        if author and enough and not _COMMON.match(words):
            title = f"{words}\n{author}"
    return Traits(ids, title, about.year or 0, arxiv)


class SamePapers:
    """The papers of a run so far: 12 bytes for each id and each title with an author, at two thirds full."""

    def __init__(self, *, by_id_only: bool = False) -> None:
        """`by_id_only`: nothing but the same id again makes two records one paper."""
        self._numbers = IdMap()
        self._by_id_only = by_id_only
        self.count = 0
        """Number of different papers."""

    def add(self, paper: Paper) -> tuple[int | None, bool]:
        """Add a paper: the number of an earlier record of it, from 0, or None; and whether it is that again.

        It is if it has the same id and, in a library, the same citation key.
        """
        numbers, own = self._numbers, mark(paper.id)
        key = paper.publication.citation_key if paper.told is not None else None
        entry = mark(f"{paper.id}\n{key}") if key else own
        if (number := numbers.get(entry)) is not None:
            return number, True
        marks = [own] if entry == own else [own, entry]
        if self._by_id_only:
            number = None if key else numbers.get(own)
        else:
            found = traits(paper)
            others = [mark(one) for one in found.ids]
            number = numbers.get(own)
            if number is None:
                number = self._matched(found, others)
            marks += (one ^ _OTHER for one in others if one != own)
            if number is None and found.title:
                # A title stands for the first paper alone: what is like the second may not be like the first.
                marks.append(_at(_titled(found.title, found.arxiv), found.year))
        new = number is None
        if number is None:
            number = self.count
            self.count += 1
        for one in marks:
            numbers.put(one, number)
        return (None if new else number), False

    def find(self, paper: Paper) -> int | None:
        """The number of a paper that this one is another record of; adds nothing."""
        found = traits(paper)
        return self._matched(found, list(map(mark, found.ids)))

    def _matched(self, found: Traits, ids: Sequence[int]) -> int | None:
        get = self._numbers.get
        for one in ids:
            for place in (one, one ^ _OTHER):
                if (number := get(place)) is not None:
                    return number
        # Papers with an arXiv id are matched by title to those without one only.
        for arxiv in (("",) if found.arxiv else ("", "arxiv")) if found.title else ():
            title = _titled(found.title, arxiv)
            for year in range(found.year - YEARS, found.year + YEARS + 1):
                if (number := get(_at(title, year))) is not None:
                    return number
        return None


def ahead(records: Iterable[Paper | BadRecord]) -> Iterator[Paper | BadRecord]:
    """The records in order, but of the records of one paper that with the longest text comes first.

    Reads all of them before it gives the first. An error of the source is raised in its place.
    """
    every: list[Paper | BadRecord] = []
    error: Exception | None = None
    try:
        every.extend(records)
    except Exception as raised:
        error = raised
    first = _mains(every)
    moved = set(map(id, first.values()))
    for place, record in enumerate(every):
        if place in first:
            yield first[place]
        if id(record) not in moved:
            yield record
    if error is not None:
        raise error


def _mains(records: Sequence[Paper | BadRecord]) -> dict[int, Paper]:
    """For the place of a paper's first record the one with the longest text, if that comes later."""
    same, groups = SamePapers(), dict[int, list[int]]()
    for place, record in enumerate(records):
        if isinstance(record, Paper):
            number, _ = same.add(record)
            groups.setdefault(same.count - 1 if number is None else number, []).append(place)
    mains: dict[int, Paper] = {}
    for places in groups.values():
        papers = [paper for place in places if isinstance(paper := records[place], Paper)]
        main = max(papers, key=lambda one: (bool(one.sections), len(one.abstract)))
        if main is not papers[0]:
            mains[places[0]] = main
    return mains


def _one_form(name: str) -> str:
    """An id in the one form of all its spellings and versions."""
    if name.startswith("doi:"):
        if name.startswith("doi:10.48550/"):
            return identifiers.name(name) or name
        found = _PREPRINT.fullmatch(name)
        return found[1] if found is not None else name
    if name[:1] in ("P", "p") and (found := _PMID.fullmatch(name)) is not None:
        return f"pmid:{found[1].lstrip('0')}"
    return name


def _folded(text: str) -> str:
    """Words without case, accents and punctuation."""
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _NOT_A_WORD.sub(" ", text.casefold()).strip()


def _titled(title: str, arxiv: str) -> int:
    return mark(f"{'preprint' if arxiv else 'title'} {title}")


def _at(title: int, year: int) -> int:
    return (title ^ (year * _STEP)) & _ALL or 1
