"""Looks up missing abstracts in arXiv, OpenAlex, Semantic Scholar, Crossref and Europe PMC.

Papers are requested by their ids first, many at once; what is left is searched by title. The answer must be
about the paper: its title must be the same, or nearly so and its authors and year agree. A wrong abstract is
worse than none, so in doubt none is taken, and no placeholder or notice. A service that fails is not asked
again in the run, and the next one is asked. All answers are cached: a second run asks nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import TypeVar

from ..errors import BadInput, PapercardsError
from ..paper import Paper, paper_id
from ..publication import Person, Publication
from ..reading.plausible import fault
from ..text.titles import likeness, shared, words
from ..text.wording import counted
from .columns import BadRecord, Lacking
from .interface import Options, Records
from .services import arxiv_api, crossref, europe_pmc, openalex, semantic_scholar
from .services.ids import Asker
from .services.titles import ByTitle, searched

TOGETHER = 500
"""Records that are held at most while the abstracts of some of them are looked up."""
ABSENT_S = 7 * 86400.0
"""How long it is remembered that a service has no abstract, in seconds."""
PATIENCE_S = 120.0
"""Seconds that a service may make us wait, all in all, before the next one is asked instead."""

_FEWEST_WORDS = 4
"""Words of a title that may be found by its title alone."""
_OF_MANY = re.compile(
    r"(?:guest |special issue )?(?:editorials?|introduction|preface|foreword|obituary|news|contents"
    r"|abstracts?|correspondence|erratum|corrigendum|letters?|(?:book )?reviews?|commentary|discussion"
    r"|conclusions?|summary|proceedings|letter to the editor|in memoriam|message from the \w+)(?: \d+)?"
)
"""Titles that many works have, those of one author and year too."""
_SHARED = 0.6
"""Share of the words of two titles that says that an id is right, where the authors agree."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Finder:
    """A service that has abstracts."""

    name: str
    ids: Callable[[Lacking, Publication], str | None]
    """The id by which the service knows a paper."""
    service: ModuleType
    """Its module: `asker` and `titles`, and how many ids and titles they take at once."""


def _doi(of: Lacking, about: Publication) -> str | None:
    return about.doi or (f"10.48550/arxiv.{about.arxiv_id}" if about.arxiv_id else None)


def _s2(of: Lacking, about: Publication) -> str | None:
    for kind, name in (
        ("ARXIV", about.arxiv_id),
        ("DOI", about.doi),
        ("PMID", of.pmid),
        ("PMCID", of.pmcid and of.pmcid[3:]),
    ):
        if name:
            return f"{kind}:{name}"
    return None


def _europe_pmc(of: Lacking, about: Publication) -> str | None:
    return of.pmcid or (f"PMID{of.pmid}" if of.pmid else about.doi)


_ARXIV = _Finder("arXiv", lambda _, about: about.arxiv_id, arxiv_api)
_OPENALEX = _Finder("OpenAlex", _doi, openalex)
_S2 = _Finder("Semantic Scholar", _s2, semantic_scholar)
_CROSSREF = _Finder("Crossref", lambda _, about: about.doi, crossref)
_EUROPE_PMC = _Finder("Europe PMC", _europe_pmc, europe_pmc)

_BY_ID = (_ARXIV, _OPENALEX, _S2, _CROSSREF, _EUROPE_PMC)
"""arXiv has the authors' own text; the others come by how many papers one request of theirs is for."""
_BY_TITLE = (_OPENALEX, _ARXIV, _EUROPE_PMC, _S2, _CROSSREF)
"""The last two are asked for one title at a time."""


def filled(records: Iterable[Paper | BadRecord], options: Options) -> Records:
    """The records in their order, those that lack only an abstract with one where it was found.

    Raises MissingExtra without the libraries of the services, and what `records` raises.
    """
    if not options.fill_abstracts:
        return iter(records)
    return _filled(records, _Search(options))


def _filled(records: Iterable[Paper | BadRecord], search: "_Search") -> Records:
    held: list[Paper | BadRecord] = []
    try:
        for record in records:
            if not held and (isinstance(record, Paper) or record.lacking is None):
                yield record
                continue
            held.append(record)
            if len(held) >= TOGETHER:
                yield from search.fill(held)
                held = []
    except PapercardsError:
        yield from search.fill(held)
        raise
    yield from search.fill(held)


class _Search:
    """The services, as far as they answer."""

    def __init__(self, options: Options) -> None:
        patience_s = PATIENCE_S if options.patience_s is None else min(PATIENCE_S, options.patience_s)
        # Categories are of the source, and a paper that is looked up is already wanted.
        self._options = replace(
            options, categories=(), sections=(), max_age_s=None, absent_s=ABSENT_S, patience_s=patience_s
        )
        self._askers: dict[str, Asker] = {one.name: one.service.asker(self._options) for one in _BY_ID}
        self._titles: dict[str, ByTitle] = {one.name: one.service.titles(self._options) for one in _BY_TITLE}
        self._down: set[str] = set()

    def fill(self, records: Sequence[Paper | BadRecord]) -> Iterator[Paper | BadRecord]:
        """The records, with the abstracts that were found."""
        wanted: dict[int, Lacking] = {}
        for at, record in enumerate(records):
            if isinstance(record, BadRecord) and record.lacking and (one := record.lacking()):
                wanted[at] = one
        if wanted and not self._options.offline:
            self._options.say(f"looking up {counted(len(wanted), 'missing abstract')}")
        found: dict[int, Paper] = {}
        for look_up, finders in ((self._by_id, _BY_ID), (self._by_title, _BY_TITLE)):
            for finder in finders:
                left = {at: one for at, one in wanted.items() if at not in found}
                found |= look_up(finder, left) if left else {}
        return (found.get(at, record) for at, record in enumerate(records))

    def _by_id(self, finder: _Finder, wanted: Mapping[int, Lacking]) -> dict[int, Paper]:
        names = {at: name for at, one in wanted.items() if (name := finder.ids(one, one.paper.publication))}
        every = list(dict.fromkeys(names.values()))
        answers: dict[str, Paper] = {}
        for some in self._some(every, finder.service.IDS_AT_ONCE):
            asked_of = partial(self._askers[finder.name], [(one, one) for one in some])
            known = self._asked(finder, asked_of)
            answers |= {
                name: one for name, one in zip(some, known or (), strict=False) if isinstance(one, Paper)
            }
        return {
            at: _with(wanted[at], answers[name], finder.name)
            for at, name in names.items()
            if name in answers and _is_named(wanted[at].paper, answers[name])
        }

    def _by_title(self, finder: _Finder, wanted: Mapping[int, Lacking]) -> dict[int, Paper]:
        answers: dict[str, list[Paper]] = {}
        titles = list(dict.fromkeys(one.paper.title for one in wanted.values()))
        for some in self._some(titles, finder.service.TITLES_AT_ONCE):
            answers |= self._asked(finder, partial(self._titles[finder.name], some)) or {}
        found = {at: _only(one.paper, answers.get(one.paper.title, ())) for at, one in wanted.items()}
        return {at: _with(wanted[at], one, finder.name) for at, one in found.items() if one is not None}

    def _some(self, names: Sequence[str], at_once: int) -> Iterator[Sequence[str]]:
        # Without the network each is looked for by itself, since one that is not cached fails a request.
        at_once = 1 if self._options.offline else at_once
        return (names[at : at + at_once] for at in range(0, len(names), at_once))

    def _asked(self, finder: _Finder, ask: Callable[[], T]) -> T | None:
        if finder.name in self._down:
            return None
        try:
            return ask()
        except BadInput as error:
            if not self._options.offline:
                self._down.add(finder.name)
                self._options.say(f"papercards: {finder.name} is not asked for more abstracts: {error}")
            return None


def _with(lacking: Lacking, found: Paper, service: str) -> Paper:
    """The paper with the abstract of another record of it."""
    paper = lacking.paper.retold(abstract_source=f"{service}: {found.id}")
    id_ = paper.id
    if id_.startswith("sha256:"):
        id_ = paper_id(paper.title, found.abstract)
    flags = tuple(dict.fromkeys((*paper.flags, *found.flags)))
    return replace(paper, id=id_, abstract=found.abstract, flags=flags)


def _only(paper: Paper, candidates: Iterable[Paper]) -> Paper | None:
    """The one of some papers with such a title that is this paper; None if none or several may be it."""
    fitting = [one for one in candidates if _is_titled(paper, one)]
    for one in fitting[1:]:
        # Two works of one title are told apart by nothing but their authors.
        if _agree(fitting[0].publication, one.publication) is False:
            return None
    return fitting[0] if fitting else None


def _is_named(paper: Paper, found: Paper) -> bool:
    """Whether a record that a service has under the paper's id is of this paper."""
    if fault(paper.title, found.abstract):
        return False
    if likeness(paper.title, found.title) != "other":
        return True
    # An id may be mistyped; a title may have changed on the way from preprint to journal.
    agree = _agree(paper.publication, found.publication)
    return agree is True and shared(paper.title, found.title) >= _SHARED


def _is_titled(paper: Paper, found: Paper) -> bool:
    """Whether a record that was found by its title is of this paper."""
    alike = likeness(paper.title, found.title)
    if (
        alike == "other"
        or _OF_MANY.fullmatch(" ".join(words(paper.title)))
        or fault(paper.title, found.abstract)
    ):
        return False
    about, other = paper.publication, found.publication
    agree = _agree(about, other)
    if agree is False:
        return False
    apart = abs(about.year - other.year) if about.year and other.year else None
    if apart is not None and apart > 1:
        return False
    sure = agree is True and apart is not None
    return sure or (
        alike == "same" and len(words(paper.title)) >= _FEWEST_WORDS and len(searched(paper.title)) > 15
    )


def _agree(one: Publication, other: Publication) -> bool | None:
    """Whether two lists of authors are of one paper; None if a list is missing."""
    if not one.authors or not other.authors:
        return None
    first, second = one.authors[0], other.authors[0]
    if _family(first) & _names(second) or _family(second) & _names(first):
        mine, theirs = _initial(first), _initial(second)
        if not mine or not theirs or mine == theirs or _family(first) != _family(second):
            return True
    families = [set().union(*map(_family, about.authors)) for about in (one, other)]
    common = len(families[0] & families[1])
    return common >= 2 and 2 * common >= min(map(len, families))


def _names(person: Person) -> set[str]:
    return {word for word in _folded(person.name) if len(word) > 1}


def _family(person: Person) -> set[str]:
    """The last word of the family name, without particles, which some leave out."""
    return set(_folded(person.family or person.literal or "")[-1:])


def _initial(person: Person) -> str:
    return "".join(_folded(person.given or "")[:1])[:1]


def _folded(text: str) -> tuple[str, ...]:
    return words(unicodedata.normalize("NFKD", text.replace("-", "").replace("'", "")))
