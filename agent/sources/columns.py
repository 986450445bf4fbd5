"""From a record with named fields to a paper: which field is the title, which the abstract.

Names are guessed without regard to case, spaces, `_` and `-`, or given by the user. The abstract is kept
letter for letter, apart from what is no part of it: tags of JATS and HTML, and a publisher's copyright line.
The title's white space is folded, since exports wrap it at will.

Knows no file format.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ..bibliography.markup import plain
from ..errors import UsageError
from ..paper import Paper, paper_id
from ..publication import Publication
from ..text import identifiers
from . import other_names, publication_fields
from .bounds import CUT, MAX_ABSTRACT, MAX_RECORD_BYTES, MAX_TITLE, TOO_LONG, cut
from .clean import clean
from .clean import folded as fold
from .rights import without_rights

_GUESSES = {
    "title": tuple("title papertitle articletitle documenttitle displayname primarytitle ti t1 name".split()),
    "abstract": tuple("abstract summary abstractnote abstracttext description notesabstract ab n2".split()),
    "id": ("id", "paperid", "key", "entryid", "corpusid", "ut", "pmid"),
    "doi": ("doi", "di", "doilink", "doinumber"),
    "arxiv_id": ("arxivid", "arxiv", "eprint"),
    "url": ("url", "link", "pdfurl"),
}
"""Our names to theirs, folded, the likeliest first."""

_KNOWN = (*_GUESSES, *publication_fields.NAMES)
"""Our names, for `--column`."""

_ENDINGS = {"title": "title", "abstract": "abstract"}
"""If no guess fits, a name with this ending is used, unless it is one of these."""
_OTHERS = re.compile(
    r"(?:journal|book|source|container|series|conference|publication|proceedings?|short|abbreviated|translated|volume|host"
    r"|venue|meeting|event|job|author|graphical|visual|has|no)\w*"
)
_PEOPLE = frozenset(
    ("email", "affiliation", "firstname", "lastname", "surname", "phone", "orcid", "author", "authors")
)
"""Beside these, `Name` is a person's."""
_MOST_NAME = 80
"""Characters of the name of a paper in a message."""
_NOTHING = frozenset(("", "nan", "none", "null", "nat", "n/a", "na", "<na>", "-", "#n/a"))
"""How tables write that there is no value."""

_REMEMBERED = 512
"""Sets of field names whose meaning is remembered: records that all differ must not fill memory."""
_LOOKED_AT = 4096
"""Names of one record, at most, among which its parts are guessed; tables of that width hold measurements."""
_FEW = 64
"""Names in such a set; of larger ones, and of long names, the last alone is remembered."""

_MOST_MARKUP = 2 * MAX_ABSTRACT
"""Maximum number of characters read of a title or an abstract, tags included."""

_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    bytes: "binary data",
    type(None): "null",
}

Key = str | tuple[str, ...]
"""A field's name, or the path to it through nested objects."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A paper without its abstract, and what it can be looked up by."""

    paper: Paper
    """The paper with an empty abstract; an id made from its text is not final."""
    pmid: str | None = None
    """Its number in PubMed."""
    pmcid: str | None = None
    """Its id in PubMed Central, such as `PMC7096066`."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read as a paper."""

    where: str
    """As `papers.jsonl:12`, lines counted from 1."""
    reason: str
    """Plain words, no full stop."""
    without_abstract: str = ""
    """Name of a paper that has a title and no abstract: its key, id or title; empty for other faults."""
    lacking: Callable[[], Lacking | None] | None = field(default=None, compare=False, repr=False)
    """Gives the paper without its abstract, where only that is missing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The field of each part of a paper in a record, or None."""

    title: Key | None
    abstract: Key | None
    id: Key | None
    doi: Key | None
    arxiv_id: Key | None
    url: Key | None
    publication: tuple[tuple[str, tuple[Key, ...]], ...] = field(default=(), kw_only=True)
    """The fields of each part of the publication, the likeliest first."""
    also: tuple[str, ...] = field(default=(), kw_only=True)
    """The fields that may name other ids of the paper."""


class Columns:
    """The user's column names, and guesses for the rest.

    `given` maps our names to theirs; a dotted name is a path into nested objects unless the record
    has a field of that very name. Raises UsageError for a name that is none of ours.
    """

    def __init__(self, given: Mapping[str, str] | None = None, *, abstract_needed: bool = True) -> None:
        """`abstract_needed`: whether a table without a column for the abstract is an error."""
        self.given = dict(given or {})
        self.needed = ("title", "abstract") if abstract_needed else ("title",)
        """Our names of the columns that a table must have."""
        for ours in self.given:
            if ours not in _KNOWN:
                raise UsageError(
                    f'unknown field "{ours}"',
                    where="--column",
                    next_step=f"Known fields: {', '.join(_KNOWN)}",
                )
        self._chosen: dict[tuple[str, ...], Choice] = {}
        self._last: tuple[tuple[str, ...], Choice] | None = None

    def choose(self, names: tuple[str, ...]) -> Choice:
        """Which of a record's fields are what, from their names alone."""
        choice = self._chosen.get(names) if len(names) <= _FEW else None
        if choice is not None:
            return choice
        if self._last is not None and self._last[0] == names:
            return self._last[1]
        folded: dict[str, str] = {}
        for name in names[:_LOOKED_AT]:
            folded.setdefault(fold(name), name)
        parts = [self._find(ours, names, folded) for ours in _GUESSES]
        also = tuple(folded[name] for name in other_names.FIELDS if name in folded)
        choice = Choice(*parts, publication=tuple(self._published(names, folded, parts)), also=also)
        if len(names) <= _FEW and sum(map(len, names)) <= _FEW * _FEW:
            if len(self._chosen) >= _REMEMBERED:
                self._chosen.clear()
            self._chosen[names] = choice
        else:
            self._last = names, choice
        return choice

    def fit(self, names: tuple[str, ...]) -> bool:
        """Whether records with these fields have a title and an abstract."""
        choice = self.choose(names)
        return all(key is not None and _first(key) in names for key in (choice.title, choice.abstract))

    def demand(self, names: tuple[str, ...], where: str) -> tuple[str, ...]:
        """Those of a table's columns that a paper is made of, in their order.

        Raises UsageError where a column that was named, the title or the abstract is not among them.
        """
        choice = self.choose(names)
        for ours, theirs in self.given.items():
            key = (
                getattr(choice, ours) if ours in _GUESSES else dict(choice.publication).get(ours, (None,))[0]
            )
            if key is None or _first(key) not in names:
                raise UsageError(
                    f'no column "{theirs}"',
                    where=where,
                    next_step=f"Its columns: {quoted(names)}",
                )
        for ours in self.needed:
            if getattr(choice, ours) is None:
                raise UsageError(
                    f"no column looks like the {ours}; its columns are: {quoted(names)}",
                    where=where,
                    next_step=f"Choose it with --column {ours}=NAME",
                )
        keys = (choice.title, choice.abstract, choice.id, choice.doi, choice.arxiv_id, choice.url)
        needed = {_first(key) for key in keys if key is not None}
        needed |= {_first(key) for _, some in choice.publication for key in some}
        needed |= set(choice.also)
        if "abstract" not in self.needed:
            needed |= {name for name in names if fold(name) in _PUBMED}
        return tuple(name for name in names if name in needed)

    def _find(self, ours: str, names: tuple[str, ...], folded: Mapping[str, str]) -> Key | None:
        theirs = self.given.get(ours)
        if theirs is None:
            found = next((guess for guess in _GUESSES[ours] if guess in folded), None)
            if ours in _ENDINGS and (found is None or found == "name"):
                ending = (n for n in folded if n.endswith(_ENDINGS[ours]) and not _OTHERS.fullmatch(n))
                found = next(ending, None if found == "name" and not _PEOPLE.isdisjoint(folded) else found)
            return folded[found] if found is not None else None
        return self._named(theirs, names, folded)

    def _published(
        self, names: tuple[str, ...], folded: Mapping[str, str], parts: Sequence[Key | None]
    ) -> Iterator[tuple[str, tuple[Key, ...]]]:
        """The fields of the publication, those that papers are named by among them."""
        for ours, key in zip(_GUESSES, parts, strict=True):
            if ours in ("doi", "arxiv_id") and key is not None:
                yield ours, (key,)
        yield from publication_fields.guessed(folded, self.given)
        for ours, theirs in self.given.items():
            key = self._named(theirs, names, folded) if ours in publication_fields.NAMES else None
            if key is not None:
                yield ours, (key,)

    def _named(self, theirs: str, names: tuple[str, ...], folded: Mapping[str, str]) -> Key | None:
        """The field that the user named."""
        if theirs in names:
            return theirs
        if fold(theirs) in folded:
            return folded[fold(theirs)]
        return tuple(theirs.split(".")) if "." in theirs else None

    def paper(self, record: object, where: str) -> Paper | BadRecord:
        """The paper that a record holds, or why it holds none."""
        if type(record) is not dict:
            return BadRecord(where, f"is {kind_of(record)}, not an object with named fields")
        choice = self.choose(tuple(record))
        title = _text(_value(record, choice.title), " ")
        abstract = _text(_value(record, choice.abstract), "\n")
        if type(title) is not str or not title.strip():
            return BadRecord(where, self._missing("title", choice.title, title, record))
        if type(abstract) is not str or not abstract.strip():
            reason = self._missing("abstract", choice.abstract, abstract, record)
            called = "" if abstract else self._called(title, choice, record)
            return BadRecord(where, reason, called, partial(self._lacking, record, choice, title, where))
        return self._made(record, choice, title, abstract, where)

    def without_abstract(self, record: dict[str, object], where: str, reason: str) -> BadRecord:
        """A record that has no abstract, for a reason of its source."""
        made = self.paper({**record, "abstract": None}, where)
        return BadRecord(where, reason, lacking=made.lacking if isinstance(made, BadRecord) else None)

    def _lacking(self, record: dict[str, object], choice: Choice, title: str, where: str) -> Lacking | None:
        made = self._made(record, choice, title, "", where)
        return lacking(made, record) if isinstance(made, Paper) else None

    def _made(
        self, record: dict[str, object], choice: Choice, title: str, abstract: str, where: str
    ) -> Paper | BadRecord:
        """The paper of that title and abstract; the abstract may be empty."""
        without = not abstract
        if len(title) > _MOST_MARKUP or len(abstract) > _MOST_MARKUP:
            if len(title) > MAX_RECORD_BYTES or len(abstract) > MAX_RECORD_BYTES:
                return BadRecord(where, TOO_LONG)
            title, abstract = title[:_MOST_MARKUP], abstract[:_MOST_MARKUP]
        names: list[str | None] = []
        for ours, key in (
            ("id", choice.id),
            ("doi", choice.doi),
            ("arxiv_id", choice.arxiv_id),
            ("url", choice.url),
        ):
            if key is None:
                names.append(None)
                continue
            value = _name(_value(record, key), ours)
            if value is None:
                names.append(None)
                continue
            if type(value) is str and len(value) > MAX_TITLE:
                return BadRecord(where, f"its {ours} is longer than {MAX_TITLE:,} characters")
            if type(value) is not str:
                return BadRecord(where, f"its {ours} is {kind_of(value)}{_LOST.get(type(value), '')}")
            name = " ".join(value.split())
            if not name.isprintable():
                return BadRecord(where, f"its {ours} has characters that cannot be printed")
            names.append(name or None)
        given, doi, arxiv_id, url = names
        try:
            for text in (title, abstract):
                if not text.isascii():
                    text.encode()
        except UnicodeEncodeError:
            return BadRecord(where, "has characters that are not valid Unicode")
        title = " ".join((plain(title) if "<" in title or "&" in title else title).split())
        if "<" in abstract or "&" in abstract:
            abstract = plain(abstract)
        abstract = without_rights(abstract)
        if not title:
            return BadRecord(where, "its title is only markup")
        if not abstract.strip() and not without:
            again = partial(self._lacking, record, choice, title, where)
            return BadRecord(where, "its abstract is only markup", lacking=again)
        if len(title) > MAX_TITLE:
            return BadRecord(where, f"its title is longer than {MAX_TITLE:,} characters")
        flags: tuple[str, ...] = ()
        if len(abstract) > MAX_ABSTRACT:
            abstract, flags = cut(abstract), (CUT,)
        id_ = paper_id(title, abstract, given=given, arxiv_id=arxiv_id, doi=doi, url=url)
        told = partial(_publication, record, choice.publication) if choice.publication else None
        also = partial(other_names.other_names, record, choice.also) if choice.also else None
        return Paper(id_, title, abstract, where, url, (), flags, told, also)

    def _called(self, title: str, choice: Choice, record: dict[str, object]) -> str:
        about = _publication(record, choice.publication)
        arxiv = f"arxiv:{about.arxiv_id}" if about.arxiv_id else None
        name = about.citation_key or arxiv or (f"doi:{about.doi}" if about.doi else None)
        return clean(name or title, _MOST_NAME)

    def _missing(self, ours: str, key: Key | None, value: object, record: Mapping[str, object]) -> str:
        if value is not None:
            if type(value) is str:
                return f"has an empty {ours}"
            return f"its {ours} is {kind_of(value)}, not text"
        if key is not None and ours not in self.given:
            return f"has no {ours}: its field {quoted([_path(key)])} is null"
        wanted = f" in {quoted([self.given[ours]])}" if ours in self.given else ""
        names = [name for name in record if name != "citationkey"]
        return f"has no {ours}{wanted}; its fields are: {quoted(names)}"


_PUBMED = {
    **dict.fromkeys(("pmid", "pubmedid", "pubmed"), identifiers.pmid),
    **dict.fromkeys(("pmcid", "pmc", "pubmedcentral", "pubmedcentralid"), identifiers.pmcid),
}
"""Fields with an id of PubMed or PubMed Central, folded, and what reads it."""
_NOTED = ("extra", "note", "notes", "id", "url")
"""Fields in which such an id may stand with its mark, as in `PMID: 123` or an address."""


def lacking(paper: Paper, record: Mapping[str, object]) -> Lacking:
    """A paper without its abstract, with the ids in its record."""
    found: dict[str, str] = {}
    if str(record.get("eprinttype")).casefold() == "pubmed":
        record = {"pmid": record.get("eprint"), **record}
    for name, value in record.items():
        if (read := _PUBMED.get(fold(name))) and (known := read(str(value), bare=True)):
            found.setdefault(read.__name__, known)
        elif name in _NOTED and isinstance(value, str):
            for read in (identifiers.pmid, identifiers.pmcid):
                if known := read(value):
                    found.setdefault(read.__name__, known)
    return Lacking(paper, found.get("pmid"), found.get("pmcid"))


def _publication(record: dict[str, object], fields: tuple[tuple[str, tuple[Key, ...]], ...]) -> Publication:
    return publication_fields.publication(
        {ours: [_value(record, key) for key in keys] for ours, keys in fields}
    )


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value)) or ("text" if isinstance(value, str) else f"a {type(value).__name__}")


_LOST: dict[type[object], str] = {float: ", which may have lost zeros at its end; write that column as text"}
_ARXIV_NUMBER = re.compile(r"(\d{1,2}(?:0[1-9]|1[0-2]))\.(\d{1,5})")


def _text(value: object, between: str) -> object:
    """A title or an abstract: Crossref has lists of one, data sets a list of sentences or paragraphs."""
    if type(value) is list and value and all(type(one) is str for one in value):
        return between.join(value)
    return None if type(value) is float and value != value else value


def _name(value: object, ours: str) -> object:
    """An identifier as text, None for none, or as it is where it can be no identifier."""
    if type(value) is list and len(value) <= 1:
        value = value[0] if value else None
    if type(value) is float:
        # In a column with gaps pandas makes numbers of integers floats, and NaN of the gaps.
        if value != value:
            return None
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        if ours == "arxiv_id":
            return _arxiv_number(value)
        return value
    if type(value) is int:
        return str(value)
    if type(value) is str and len(value) < 6 and value.strip().casefold() in _NOTHING:
        return None
    return value


def _arxiv_number(value: float) -> object:
    """An arXiv id that became a number: 2401.1 can only be 2401.10000; since 2015 there are five digits."""
    found = _ARXIV_NUMBER.fullmatch(repr(value))
    if found is None:
        return value
    month = found[1].zfill(4)
    digits = 5 if month >= "1501" else 4
    return f"{month}.{found[2].ljust(digits, '0')}" if len(found[2]) <= digits and month >= "0704" else value


def unique(cells: Iterable[object]) -> list[str]:
    """The cells of a header as keys: trimmed, numbered where they are empty or come again."""
    taken: dict[str, None] = {}
    for number, cell in enumerate(cells, start=1):
        name = " ".join(str(cell).split())
        taken[name if name and name not in taken else f"{name or 'column'} ({number})"] = None
    return list(taken)


def quoted(names: Iterable[str]) -> str:
    """Names as a short list for a message; the first twelve, each cut to 40 characters."""
    every = list(names)
    # A name is a stranger's text: no escape sequence of it may reach a terminal.
    shown = ["".join(c if c.isprintable() else "?" for c in name)[:40] for name in every[:12]]
    more = f" and {len(every) - 12} more" if len(every) > 12 else ""
    return (", ".join(f'"{name}"' for name in shown) or "none") + more


def _first(key: Key) -> str:
    return key if isinstance(key, str) else key[0]


def _path(key: Key) -> str:
    return key if isinstance(key, str) else ".".join(key)


def _value(record: dict[str, object], key: Key | None) -> object:
    if key is None:
        return None
    if type(key) is str:
        return record[key]
    value: object = record
    for step in key:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
