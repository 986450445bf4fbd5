"""From a record with named fields to a paper: which field is the title, which the abstract.

Names are guessed without regard to case, spaces, `_` and `-`, or given by the user. Values are
checked, not mended: the abstract is kept letter for letter. Only the title's white space is folded,
since exports wrap it at will.

Knows no file format.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import UsageError
from ..paper import Paper, paper_id

_GUESSES = {
    "title": ("title", "name"),
    "abstract": ("abstract", "summary", "abstractnote", "description"),
    "id": ("id", "paperid", "key"),
    "doi": ("doi",),
    "arxiv_id": ("arxivid", "arxiv", "eprint"),
    "url": ("url", "link"),
}
"""Our names to theirs, folded, the likeliest first."""

_REMEMBERED = 512
"""Sets of field names whose meaning is remembered: records that all differ must not fill memory."""

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
class BadRecord:
    """A record that is no paper."""

    where: str
    """As `papers.jsonl:12`, lines counted from 1."""
    reason: str
    """Plain words, no full stop."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Where each part of a paper stands in a record; None: nowhere."""

    title: Key | None
    abstract: Key | None
    id: Key | None
    doi: Key | None
    arxiv_id: Key | None
    url: Key | None


class Columns:
    """The user's column names, and guesses for the rest.

    `given` maps our names to theirs; a dotted name is a path into nested objects unless the record
    has a field of that very name. Raises UsageError for a name that is none of ours.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self.given = dict(given or {})
        for ours in self.given:
            if ours not in _GUESSES:
                raise UsageError(
                    f'there is no column "{ours}" to be named',
                    where="--column",
                    next_step=f"Known are: {', '.join(_GUESSES)}",
                )
        self._chosen: dict[tuple[str, ...], Choice] = {}

    def choose(self, names: tuple[str, ...]) -> Choice:
        """Which of a record's fields are what, from their names alone."""
        choice = self._chosen.get(names)
        if choice is None:
            if len(self._chosen) >= _REMEMBERED:
                self._chosen.clear()
            folded: dict[str, str] = {}
            for name in names:
                folded.setdefault(_fold(name), name)
            choice = Choice(*(self._find(ours, names, folded) for ours in _GUESSES))
            self._chosen[names] = choice
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
            key: Key | None = getattr(choice, ours)
            if key is None or _first(key) not in names:
                raise UsageError(
                    f'there is no column "{theirs}"',
                    where=where,
                    next_step=f"Its columns are: {quoted(names)}",
                )
        for ours, key in (("title", choice.title), ("abstract", choice.abstract)):
            if key is None:
                raise UsageError(
                    f"no column looks like the {ours}; its columns are: {quoted(names)}",
                    where=where,
                    next_step=f"Name it with --column {ours}=NAME",
                )
        keys = (choice.title, choice.abstract, choice.id, choice.doi, choice.arxiv_id, choice.url)
        needed = {_first(key) for key in keys if key is not None}
        return tuple(name for name in names if name in needed)

    def _find(self, ours: str, names: tuple[str, ...], folded: Mapping[str, str]) -> Key | None:
        theirs = self.given.get(ours)
        if theirs is None:
            return next((folded[guess] for guess in _GUESSES[ours] if guess in folded), None)
        if theirs in names:
            return theirs
        if _fold(theirs) in folded:
            return folded[_fold(theirs)]
        return tuple(theirs.split(".")) if "." in theirs else None

    def paper(self, record: object, where: str) -> Paper | BadRecord:
        """The paper that a record holds, or why it holds none."""
        if type(record) is not dict:
            return BadRecord(where, f"is {kind_of(record)}, not an object with named fields")
        choice = self.choose(tuple(record))
        title = _value(record, choice.title)
        abstract = _value(record, choice.abstract)
        if type(title) is not str or not title.strip():
            return BadRecord(where, self._missing("title", choice.title, title, record))
        if type(abstract) is not str or not abstract.strip():
            return BadRecord(where, self._missing("abstract", choice.abstract, abstract, record))
        names: list[str | None] = []
        for ours, key in (
            ("id", choice.id),
            ("doi", choice.doi),
            ("arxiv_id", choice.arxiv_id),
            ("url", choice.url),
        ):
            value = None if key is None else _value(record, key)
            if type(value) is int:
                value = str(value)
            if value is not None and type(value) is not str:
                # A float has lost the last zeros of an arXiv id: no guessing which paper was meant.
                return BadRecord(where, f"its {ours} is {kind_of(value)}; write it in quotes")
            name = " ".join(value.split()) if value else ""
            if not name.isprintable():
                return BadRecord(where, f"its {ours} has characters that cannot be printed")
            names.append(name or None)
        given, doi, arxiv_id, url = names
        title = " ".join(title.split())
        try:
            for text in (title, abstract):
                if not text.isascii():
                    text.encode()
        except UnicodeEncodeError:
            return BadRecord(where, "has characters that are not valid Unicode")
        id_ = paper_id(title, abstract, given=given, arxiv_id=arxiv_id, doi=doi, url=url)
        return Paper(id=id_, title=title, abstract=abstract, where=where, url=url)

    def _missing(self, ours: str, key: Key | None, value: object, record: Mapping[str, object]) -> str:
        if value is not None:
            if type(value) is str:
                return f"has an empty {ours}"
            return f"its {ours} is {kind_of(value)}, not text"
        if key is not None and ours not in self.given:
            return f"has no {ours}: its field {quoted([_path(key)])} is null"
        wanted = f" in {quoted([self.given[ours]])}" if ours in self.given else ""
        return f"has no {ours}{wanted}; its fields are: {quoted(record)}"


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value)) or ("text" if isinstance(value, str) else f"a {type(value).__name__}")


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


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


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
