"""RIS: finds entries from `TY -` to `ER -`, and adds keywords and notes as lines.

A line starts with a tag, two spaces and a hyphen; a line without them continues the one above. Some files use
one space, or more than two: the first `TY` of a file tells how many. Lines between records are ignored. rispy
reads the content of a record; the positions of its lines are found here. Tags get lines of their own: `KW`
after the last `KW`, and one `N1` before the end; existing lines are not changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import importing
from ..text.identifiers import arxiv_id, mentioned_arxiv_id
from .charset import readable
from .entry import Edit, Kind, Places, fitted_tags, in_sequence, line_end
from .tags import MARK, Tags, kind_of, one_line, tags

if TYPE_CHECKING:
    from ..card import Card
    from ..paper import Paper
    from ..publication import Person

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|$)")
_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9])  -")
_MENTIONS = (
    *("accession_number", "number", "volume", "journal_name", "secondary_title", "alternate_title3"),
    *("start_page", "note"),
)
"""Fields that may mention an arXiv id, most likely first, by rispy's names."""
_VENUES = tuple(
    ("journal_name secondary_title alternate_title3 alternate_title2 alternate_title1 publisher").split()
)
"""Fields that name the journal or the book, the fullest first."""
_TYPES = {"article": ("JOUR", "JO"), "conference": ("CONF", "T2"), "other": ("GEN", "T2")}
"""Types of references, and the tag of the venue in each."""
_LOOSE_TAG = re.compile(r"\ufeff?[ \t]{0,8}([A-Z][A-Z0-9])(?: {1,4}|\t)-(?=\s|$)")
_STRICT = re.compile(r"^\ufeff?TY  -", re.MULTILINE)
_RECORD = re.compile(rb"^[ \t]{0,8}TY(?: {1,4}|\t)-\s{0,4}[A-Z]{3,6}\s", re.MULTILINE)


_BELONGS = frozenset(("ER", "TI", "T1", "AB", "N2"))
"""Lines without `TY` count as a record that lost its start only if one of these tags is among them."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a record; offsets count from the start of the library."""

    tag: str
    """Tag of the line; empty if it continues the line above."""
    value: str
    start: int
    end: int
    """Offset after the line end."""


@dataclass(frozen=True, slots=True)
class RisEntry:
    """A record of a RIS file, possibly a broken one."""

    place: str
    fault: str
    text: str
    """Text of the whole library."""
    lines: tuple[_Line, ...]
    """The lines without trailing blank ones, `ER` included."""

    @property
    def key(self) -> str:
        """The value of `ID`."""
        return next((line.value for line in self.lines if line.tag == "ID"), "")

    def record(self) -> Mapping[str, object] | str:
        """The fields by rispy's names, and those of a paper as `title`, `abstract`, `authors` and so on."""
        if self.fault:
            return self.fault
        import rispy

        raw = [f"{line.tag}  - {line.value}" if line.tag else line.value for line in self.lines]
        if self.lines[-1].tag != "ER":
            raw.append("ER  - ")
        read = rispy.RisParser(skip_unknown_tags=True, delimiter_tags_mapping={}).parse_lines(iter(raw))
        found = {
            name: readable(value) for one in read for name, value in one.items() if isinstance(value, str)
        }
        urls = [readable(url) for one in read for url in one.get("urls", ())]
        title = found.get("title") or found.get("primary_title") or found.get("short_title")
        abstract = self._whole("AB") or self._whole("N2")
        arxiv = next((url for url in urls if arxiv_id(url)), None)
        record: dict[str, object] = dict(found)
        record |= {"title": title, "abstract": abstract, "url": arxiv or (urls[0] if urls else None)}
        record["arxivid"] = mentioned_arxiv_id(*(found.get(name, "") for name in _MENTIONS))
        record["authors"] = [
            readable(name) for one in read for name in one.get("authors") or one.get("first_authors", ())
        ]
        record["keywords"] = [readable(word) for one in read for word in one.get("keywords", ())]
        record["venue"] = next((found[name] for name in _VENUES if found.get(name)), None)
        record["pdf"] = found.get("file_attachments1")
        return {name: value for name, value in record.items() if value}

    def _whole(self, tag: str) -> str:
        """All lines with a tag, joined: some exports write each part of an abstract on its own line."""
        parts, within = [], ""
        for line in self.lines:
            within = line.tag or within
            if within == tag and line.value:
                parts.append((line.tag, readable(line.value)))
        text = ""
        for own, part in parts:
            text += (("\n" if own else " ") if text else "") + part
        return text

    def edits(self, tags: Tags) -> Sequence[Edit]:
        """The edits that add `KW` lines for missing keywords and an `N1` line for the note."""
        if self.fault:
            return ()
        tags = fitted_tags(tags, self.text)
        edits: list[Edit] = []
        words: list[str] = []
        behind_words: int | None = None
        notes: list[_Line] = []
        within = ""
        for line in self.lines:
            within = line.tag or within
            if within == "KW":
                words += re.split("[;,]", line.value)
                words.append(line.value)
                behind_words = line.end
            if line.tag == "N1" and line.value.startswith(MARK):
                notes.append(line)
        last = self.lines[-1]
        end = last.start if last.tag == "ER" else last.end
        behind: dict[int, list[str]] = {}
        for word in tags.missing(words):
            behind.setdefault(behind_words or end, []).append(f"KW  - {word}")
        if tags.note and not notes:
            behind.setdefault(end, []).append(f"N1  - {tags.note}")
        elif tags.note and notes[0].value != tags.note:
            stop = notes[0].end
            ending = self.text[notes[0].start : stop].rstrip("\r\n")
            edits.append(Edit(notes[0].start, notes[0].start + len(ending), f"N1  - {tags.note}"))
        return [*edits, *(self._inserted(at, lines) for at, lines in behind.items())]

    def _inserted(self, at: int, lines: Sequence[str]) -> Edit:
        ending = line_end(self.text)
        block = ending.join(lines)
        whole = not at or self.text[at - 1] in "\r\n"
        return Edit(at, at, block + ending if whole else ending + block)


def entries(text: str) -> Iterator[RisEntry]:
    """All records; tagged lines outside one become a broken one. Raises MissingExtra without rispy."""
    with importing("RIS", "sources"):
        import rispy  # noqa: F401
    return _entries(text)


def _entries(text: str) -> Iterator[RisEntry]:
    places = Places(text)
    lines: list[_Line] = []
    pattern = _TAG if _STRICT.search(text) else _LOOSE_TAG
    for match in _LINE.finditer(text):
        if match.start() == match.end():
            break
        tag = pattern.match(match[0])
        value = match[0][tag.end() if tag else 0 :].strip()
        line = _Line(tag[1] if tag else "", value, match.start(), match.end())
        if line.tag == "TY" and lines:
            yield from _entry(text, lines, places)
            lines = []
        # Blank lines and headers between records belong to none.
        if line.tag or lines:
            lines.append(line)
        if line.tag == "ER":
            yield from _entry(text, lines, places)
            lines = []
    yield from _entry(text, lines, places)


def _entry(text: str, lines: list[_Line], places: Places) -> Iterator[RisEntry]:
    while lines and not lines[-1].tag and not lines[-1].value:
        lines.pop()
    if lines and (lines[0].tag == "TY" or not _BELONGS.isdisjoint(line.tag for line in lines)):
        fault = "" if lines[0].tag == "TY" else 'does not start with "TY  - "'
        yield RisEntry(places.place(lines[0].start), fault, text, tuple(lines))


def new(card: "Card", paper: "Paper | None", key: str) -> str:
    """A record with authors, title, date, venue, abstract, identifiers and tags."""
    about, marks = card.about, tags(card)
    kind, place = _TYPES[kind_of(about)]
    lines = [
        ("TY", kind),
        ("ID", key),
        *(("AU", _author(one)) for one in about.authors),
        ("TI", card.title),
        ("PY", str(about.year or "")),
        ("DA", "/".join((*(about.date or "").split("-"), "", "")[:3]) + "/" if about.date else ""),
        (place, about.venue or ""),
        ("AB", paper.abstract if paper else ""),
        ("DO", about.doi or ""),
        ("AN", f"arXiv:{about.arxiv_id}" if about.arxiv_id else ""),
        ("UR", card.page or ""),
        *(("KW", word) for word in (*about.keywords, *marks.keywords)),
        ("N1", marks.note),
    ]
    return "".join(f"{tag}  - {one_line(value)}\n" for tag, value in lines if value) + "ER  - \n"


def _author(person: "Person") -> str:
    parts = (person.family, person.given, person.suffix)
    return person.literal or ", ".join(part for part in parts if part)


def looks_like(head: bytes) -> bool:
    """Whether a line starts a record."""
    return _RECORD.search(head) is not None


KIND = Kind("RIS", (".ris",), looks_like, entries, new, in_sequence, extra="sources")
