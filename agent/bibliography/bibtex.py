"""BibTeX: finds entries and the positions of their fields, and adds keywords and notes.

bibtexparser splits the text into blocks; its blocks and fields are pieces of the text in order, so their
positions follow. Values are read as BibTeX reads them: macros and `#` are resolved, then LaTeX is converted
to text.

Tags go into `keywords` and `annote`, a field that BibTeX's own styles do not print (`note` they do). An
existing field is extended before its closing delimiter; a new field is added after the last one, in the same
layout.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import importing
from ..text.identifiers import arxiv_id, mentioned_arxiv_id
from . import latex
from .bibtex_names import BibtexNames
from .bibtex_values import pieces, text_of
from .charset import is_utf8, readable
from .entry import Edit, Kind, Places, fitted_tags, in_sequence, line_end
from .tags import MARK, Tags, behind, kind_of, one_line, tags

if TYPE_CHECKING:
    from bibtexparser.model import Block
    from bibtexparser.model import Entry as Parsed

    from ..card import Card
    from ..paper import Paper
    from ..publication import Person

_OPENING = re.compile(r"\s*+@\s*+\w*+\s*+[{(]\s*+")
_SPACE = re.compile(r"\s*")
_ENTRY = re.compile(
    rb"^[ \t]*@[ \t]*(?:article|book|booklet|comment|conference|dataset|in(?:book|collection|proceedings)"
    rb"|manual"
    rb"|mastersthesis|misc|online|phdthesis|preamble|proceedings|report|software|string|techreport|thesis"
    rb"|unpublished)\s{0,8}[{(]",
    re.IGNORECASE | re.MULTILINE,
)
_OUR_NOTE = re.compile(rf"(?:(?<=[\r\n])|(?<=^.))[ \t]*({re.escape(MARK)}[^\r\n]*)", re.DOTALL)
_MENTIONS = (
    *("eprint", "url", "doi", "journal", "journaltitle", "volume", "number", "howpublished", "eid", "pages"),
    *("note", "archive", "archiveid", "identifier", "reportnumber", "institution", "publisher", "addendum"),
    *("series", "type"),
)
"""Fields where exports mention an arXiv id, most likely first: `arXiv preprint arXiv:1706.03762`, `abs/…`."""
_DBLP_KEY = re.compile(r"DBLP:journals/corr/abs-(\d{4})-(\d{4,5})")
_ANGLES = re.compile(r"\$(?:<|\\less|\\lt) ?\$ ?(/?[A-Za-z][\w:]{0,20}) ?\$(?:>|\\greater|\\gt) ?\$")
"""An HTML tag that an export wrote as two mathematical signs."""
_APART = re.compile(r"(?m)^([ \t]*)@([ \t]*)(\w+)(\s*)(?=[{(])")
"""White space around an entry's type, which bibtexparser does not accept."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""Macros of every BibTeX style."""

KINDS = {
    "article": ("article", "journal"),
    "conference": ("inproceedings", "booktitle"),
    "other": ("misc", "howpublished"),
}
"""Types of entries, and where the venue stands in each."""
_TAKEN_APART = re.compile(r",|\band\b", re.IGNORECASE)

_MACROS = 1 << 24
"""Maximum characters of all macros together, since a short file can double them again and again."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an entry; offsets count from the start of the library."""

    name: str
    """Name in lower case."""
    start: int
    """Start of the name."""
    value: int
    end: int
    """End of the value, delimiters included."""


@dataclass(frozen=True, slots=True)
class BibtexEntry:
    """An entry of a BibTeX file, possibly a broken one."""

    place: str
    key: str
    fault: str
    """Why the entry is broken; empty if it is not."""
    text: str
    """Text of the whole library."""
    fields: tuple[Field, ...]
    after_key: int
    macros: Mapping[str, str]

    def record(self) -> Mapping[str, object] | str:
        """The fields as text, by lower-case name, `author` as names; `id` is the key of the entry."""
        if self.fault:
            return self.fault
        found: dict[str, object] = {}
        for field in self.fields:
            value = text_of(self.text[field.value : field.end], self.macros)
            if value is None:
                name = one_line(field.name)[:40]
                return f'the field "{name}" has no valid value; a comma may be missing'
            readable_value = readable(value)
            if "$" in readable_value:
                readable_value = _ANGLES.sub(r"<\1>", readable_value)
            made = BibtexNames if field.name == "author" else latex.text
            found.setdefault(field.name, made(readable_value))
        found["id"] = readable(self.key)
        if not arxiv_id(str(found.get("eprint", ""))):
            if known := mentioned_arxiv_id(*(str(found.get(name, "")) for name in _MENTIONS)):
                found["arxivid"] = known
            elif key := _DBLP_KEY.match(self.key):
                found["arxivid"] = f"{key[1]}.{key[2]}"
        return found

    def edits(self, tags: Tags) -> Sequence[Edit]:
        """The edits that add the keywords and the note, to an existing or a new field."""
        if self.fault:
            return ()
        note = latex.escaped(tags.note, ascii_only=not is_utf8(self.text))
        tags = fitted_tags(tags, self.text)
        edits: list[Edit] = []
        added: dict[str, str] = {}
        there = {field.name: field for field in reversed(self.fields)}
        if "keywords" in there:
            edits += self._more_keywords(there["keywords"], tags)
        elif tags.keywords:
            added["keywords"] = ", ".join(tags.keywords)
        if note:
            if "annote" in there:
                edits += self._more_notes(there["annote"], note)
            else:
                added["annote"] = note
        return [*edits, *self._behind(added)]

    def _more_keywords(self, field: Field, tags: Tags) -> Iterable[Edit]:
        value = text_of(self.text[field.value : field.end], self.macros)
        if value is None or not (missing := tags.missing(re.split("[,;]", latex.text(value)))):
            return
        yield self._longer(field, behind(value, missing))

    def _more_notes(self, field: Field, note: str) -> Iterable[Edit]:
        raw = self.text[field.value : field.end]
        for piece in pieces(raw):
            inner = raw[piece.start : piece.end - 1]
            if piece.delimiter and (ours := _OUR_NOTE.search(inner)):
                if ours[1].rstrip() != note:
                    start = field.value + piece.start + ours.start(1)
                    yield Edit(start, start + len(ours[1].rstrip()), note)
                return
        if value := text_of(raw, self.macros):
            note = (line_end(self.text) if value.strip() else "") + note
        if value is not None:
            yield self._longer(field, note)

    def _longer(self, field: Field, more: str) -> Edit:
        raw = self.text[field.value : field.end]
        last = pieces(raw)[-1]
        if not last.delimiter:
            return Edit(field.end, field.end, f" # {{{more}}}")
        inner = raw[last.start + 1 : last.end - 1]
        kept = inner.rstrip()
        # A space behind a backslash is the command's.
        at = field.value + last.start + 1 + len(inner if kept.endswith("\\") else kept)
        return Edit(at, at, more)

    def _behind(self, added: Mapping[str, str]) -> Iterable[Edit]:
        """The edits that add fields after the last one, or after the key, in the same layout."""
        if not added:
            return
        at, indent, before, after = self.after_key, line_end(self.text) + "  ", " ", "= "
        width = 0
        if self.fields:
            last = self.fields[-1]
            at, begin = last.end, last.start
            while self.text[begin - 1].isspace():
                begin -= 1
            indent = self.text[begin : last.start]
            before, _, after = self.text[last.start + len(last.name) : last.value].partition("=")
            after = "=" + after
            # More than one space: the equals signs stand below each other.
            width = len(last.name) + len(before) if len(before) > 1 else 0
        comma = _skipped(self.text, at)
        written = [
            f"{indent}{name}{' ' * max(width - len(name), 1) if width else before}{after}{{{value}}}"
            for name, value in added.items()
        ]
        if self.text.startswith(",", comma):
            yield Edit(comma + 1, comma + 1, "".join(f"{one}," for one in written))
        else:
            yield Edit(at, at, "".join(f",{one}" for one in written))


def entries(text: str) -> Iterator[BibtexEntry]:
    """All entries; a broken block becomes an entry with a fault. Raises MissingExtra without bibtexparser."""
    with importing("BibTeX", "sources"):
        import bibtexparser  # noqa: F401
    return _entries(text)


def _entries(text: str) -> Iterator[BibtexEntry]:
    from bibtexparser import model
    from bibtexparser.entrypoint import parse_string

    # Its warnings are our faults, with a place; without a handler Python would print them.
    logging.getLogger("bibtexparser").addHandler(logging.NullHandler())
    places = Places(text)
    macros: dict[str, str] = {}
    at, room = 0, _MACROS
    parsed = _parsable(text)
    for found in parse_string(parsed, parse_stack=[]).blocks:
        raw = found.raw or ""
        start = parsed.find(raw, at)
        if isinstance(found, model.ParsingFailedBlock) and not found.ignore_error_block and "\\" in raw:
            # BibTeX counts braces behind a backslash, too: `{C:\dir\}` is whole.
            again = parse_string(_BACKSLASH.sub(" ", raw), parse_stack=[]).blocks
            if len(again) == 1 and isinstance(again[0], model.Entry):
                found = again[0]
        failed = found if isinstance(found, model.ParsingFailedBlock) else None
        block: Block = (failed and failed.ignore_error_block) or found
        # What it gave up may reach into what it found next.
        at = start + (1 if block is failed else len(raw))
        if isinstance(block, model.String):
            value = text_of(block.value, macros)
            if value is not None and (room := room - len(value)) > 0:
                macros[block.key.lower()] = value
        elif isinstance(block, model.Entry):
            fault = ""
            if isinstance(found, model.DuplicateBlockKeyBlock) and block.key:
                first = (found.previous_block.start_line or 0) + 1
                key = one_line(block.key)[:80]
                fault = f'has the same key "{key}" as the entry in line {first}; BibTeX only reads the first'
            yield _entry(text, start, block, places.place(start), fault, macros)
        elif failed and not raw.lower().startswith("@comment"):
            why = one_line(str(getattr(failed.error, "abort_reason", failed.error)))[:200].rstrip(". ")
            yield BibtexEntry(
                places.place(start), "", f"is not a complete entry: {why}", text, (), start, macros
            )


_BACKSLASH = re.compile(r"\\(?=[{}\"])")
_LINE_BREAK = re.compile(r"\\\\(?=[{}\"])")


def _parsable(text: str) -> str:
    """The text for bibtexparser, with the same offsets.

    The start of an entry is put on one line, and a brace after LaTeX's line break (two backslashes) is not
    taken as escaped.
    """
    if "@" in text:
        text = _APART.sub(lambda m: f"{m[1]}{' ' * len(m[2])}@{m[3]}{' ' * len(m[4])}", text)
    return _LINE_BREAK.sub("  ", text)


def _entry(
    text: str, start: int, block: "Parsed", place: str, fault: str, macros: Mapping[str, str]
) -> BibtexEntry:
    """The entry with the offsets of its fields, in order."""
    opening = _OPENING.match(text, start)
    at = after_key = (opening.end() if opening else start) + len(block.key)
    fields: list[Field] = []
    for field in block.fields:
        at = _past(text, at, ",")
        # Before the name there may be a comment, which BibTeX does not know and biber does.
        name = field.key.split()[-1] if field.key.strip() else ""
        begin = at + len(field.key) - len(name)
        value = _past(text, at + len(field.key), "=")
        at = value + len(field.value)
        fields.append(Field(name.lower(), begin, value, at))
    return BibtexEntry(place, block.key, fault, text, tuple(fields), after_key, macros)


def _past(text: str, at: int, mark: str) -> int:
    """The offset after white space, that mark, and white space."""
    at = _skipped(text, at)
    return _skipped(text, at + 1) if text.startswith(mark, at) else at


def _skipped(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def new(card: "Card", paper: "Paper | None", key: str) -> str:
    """An entry with authors, title, year, venue, abstract, identifiers and tags."""
    about, marks = card.about, tags(card)
    kind, place = KINDS[kind_of(about)]
    _, month, day = (*(about.date or "").split("-"), "", "")[:3]
    fields = {
        "title": card.title,
        "year": str(about.year or ""),
        place: about.venue or "",
        "eprint": about.arxiv_id or "",
        "archiveprefix": "arXiv" if about.arxiv_id else "",
        "primaryclass": about.categories[0] if about.arxiv_id and about.categories else "",
        "doi": about.doi or "",
        "url": card.page or "",
        "abstract": paper.abstract if paper else "",
    }
    written = {
        "author": " and ".join([*map(_author, about.authors), *["others"] * about.more_authors]),
        **{name: latex.escaped(one_line(value)) for name, value in fields.items()},
        "month": _MONTHS[int(month) - 1] if month else "",
        "day": day.lstrip("0"),
        "keywords": ", ".join((*map(_keyword, about.keywords), *marks.keywords)),
        "annote": latex.escaped(marks.note),
    }
    lines = "".join(
        f"  {name} = {value if name == 'month' else f'{{{value}}}'},\n"
        for name, value in written.items()
        if value
    )
    return f"@{kind}{{{key},\n{lines}}}\n"


def _keyword(word: str) -> str:
    return latex.escaped(one_line(word).replace(",", ";"))


def _author(person: "Person") -> str:
    """A name as BibTeX reads it; one without parts, or with words that BibTeX would take apart, in braces."""
    parts = [latex.escaped(one_line(part or "")) for part in (person.family, person.suffix, person.given)]
    if person.literal or not parts[0]:
        return f"{{{latex.escaped(one_line(person.name))}}}"
    if any(_TAKEN_APART.search(part) for part in parts):
        parts = [f"{{{part}}}" if part else "" for part in parts]
    return ", ".join(filter(None, parts))


def looks_like(head: bytes) -> bool:
    """Whether a line starts like an entry."""
    return _ENTRY.search(head) is not None


KIND = Kind("BibTeX", (".bib", ".bibtex"), looks_like, entries, new, in_sequence, extra="sources")
