"""CSL-JSON: finds items and the positions of their members, and adds keywords and notes.

Tags go into `keyword`, a list with commas in one string, and into `note` as a line of its own, which the
specification has for descriptive text and Zotero shows as Extra. An existing string is extended before its
closing quote; a new member is added after the last one, in the same layout.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ..text.identifiers import mentioned_arxiv_id
from ..text.json_text import NoJson, after, decoded, elements, member, skipped
from .entry import Edit, Kind, Places, line_end
from .markup import plain
from .tags import MARK, Tags, behind, kind_of, one_line, tags

if TYPE_CHECKING:
    from ..card import Card
    from ..paper import Paper

_TYPE = re.compile(
    rb'"type"\s*:\s*"(?:article(?:-journal|-magazine|-newspaper)?|bill|book|broadcast|chapter|classic'
    rb"|collection|dataset|document|entry(?:-dictionary|-encyclopedia)?|event|figure|graphic|hearing|interview"
    rb"|legal_case|legislation|manuscript|map|motion_picture|musical_score|pamphlet|paper-conference|patent"
    rb"|performance|periodical|personal_communication|post(?:-weblog)?|regulation|report|review(?:-book)?"
    rb'|software|song|speech|standard|thesis|treaty|webpage)"'
)
_MEMBER = re.compile(rb'"(?:DOI|URL|issued|author|container-title|ISSN|ISBN|abstract)"\s*:')
_TYPES = {"article": "article-journal", "conference": "paper-conference", "other": "article"}
_NAMES = ("family", "given", "suffix", "literal")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)|[^\\]+", re.DOTALL)
_MENTIONS = ("number", "archive_location", "container-title", "volume", "page", "URL", "note")


@dataclass(frozen=True, slots=True)
class _Member:
    """A name and its value; offsets count from the start of the library."""

    name: str
    start: int
    """Start of the name, quote included."""
    colon: int
    """End of the name."""
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class CslEntry:
    """An item of a CSL-JSON file."""

    place: str
    key: str
    fault: str
    text: str
    """Text of the whole library."""
    start: int
    item: Mapping[str, object]

    def record(self) -> Mapping[str, object] | str:
        """The members, with title and abstract without markup, and `arxivid` if one is mentioned."""
        if self.fault:
            return self.fault
        found = dict(self.item)
        for name in ("title", "abstract"):
            if isinstance(value := found.get(name), str):
                found[name] = plain(value)
        if known := mentioned_arxiv_id(*(str(found.get(name, "")) for name in _MENTIONS)):
            found["arxivid"] = known
        return found

    def edits(self, tags: Tags) -> Sequence[Edit]:
        """The edits that add the keywords and the note, to an existing or a new member."""
        if self.fault:
            return ()
        members = list(_members(self.text, self.start))
        there = {member.name: member for member in members}
        edits: list[Edit] = []
        added: dict[str, str] = {}
        if "keyword" in there:
            edits += self._more_keywords(there["keyword"], tags)
        elif tags.keywords:
            added["keyword"] = ", ".join(tags.keywords)
        if "note" in there:
            edits += self._more_notes(there["note"], tags.note)
        elif tags.note:
            added["note"] = tags.note
        return [*edits, *self._behind(members, added)]

    def _quoted(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self.text.isascii())

    def _more_keywords(self, member: _Member, tags: Tags) -> Iterable[Edit]:
        value = self.item["keyword"]
        if isinstance(value, str) and (missing := tags.missing(re.split("[,;]", value))):
            yield Edit(member.end - 1, member.end - 1, self._quoted(behind(value, missing))[1:-1])
        elif isinstance(value, list) and value:
            missing = tags.missing(one for one in value if isinstance(one, str))
            end = member.value + len(self.text[member.value : member.end - 1].rstrip())
            yield Edit(end, end, "".join(f", {self._quoted(word)}" for word in missing))

    def _more_notes(self, member: _Member, note: str) -> Iterable[Edit]:
        if not note or not isinstance(self.item["note"], str):
            return
        quoted = self._quoted(note)[1:-1]
        for start, end in _lines(self.text, member.value + 1, member.end - 1):
            line = json.loads(f'"{self.text[start:end]}"')
            if line.startswith(MARK):
                if line.rstrip() != note:
                    yield Edit(start, end, quoted)
                return
        more = r"\n" + quoted if self.item["note"] else quoted
        yield Edit(member.end - 1, member.end - 1, more)

    def _behind(self, members: Sequence[_Member], added: Mapping[str, str]) -> Iterable[Edit]:
        if not added or not members:
            return
        last = members[-1]
        begin = last.start
        while self.text[begin - 1] in " \t\r\n":
            begin -= 1
        indent = self.text[begin : last.start]
        colon = self.text[last.colon : last.value]
        written = "".join(
            f",{indent}{json.dumps(name)}{colon}{self._quoted(value)}" for name, value in added.items()
        )
        yield Edit(last.end, last.end, written)


def entries(text: str) -> Iterator[CslEntry]:
    """All items of the array. A syntax error ends the file, since nothing after it can be located."""
    places = Places(text)
    at = skipped(text, 1 if text.startswith("\ufeff") else 0)
    try:
        if text[at : at + 1] != "[":
            raise NoJson('"[" expected', at)
        for start, _, value in elements(text, at):
            if isinstance(value, dict):
                yield CslEntry(places.place(start), str(value.get("id", "")), "", text, start, value)
            else:
                yield CslEntry(places.place(start), "", "is not an object", text, start, {})
    except NoJson as error:
        why = f"is not valid JSON: {error}; the rest of the file was skipped"
        yield CslEntry(places.place(error.at), "", why, text, error.at, {})


def _members(text: str, at: int) -> Iterator[_Member]:
    """The members of the object that starts at an offset; it must be an object."""
    at = skipped(text, at + 1)
    while text[at] != "}":
        name, colon, value = member(text, at)
        _, end = decoded(text, value)
        yield _Member(name, at, colon, value, end)
        at = after(text, end, "}")


def _lines(text: str, at: int, end: int) -> Iterator[tuple[int, int]]:
    r"""The offsets of the lines of a string, separated by `\n`."""
    start = at
    for part in _ESCAPE.finditer(text, at, end):
        if part[0] == r"\n":
            yield start, part.start()
            start = part.end()
    yield start, end


def new(card: "Card", paper: "Paper | None", key: str) -> str:
    """An item with authors, title, date, venue, abstract, identifiers and tags."""
    about, marks = card.about, tags(card)
    date = about.date or (str(about.year) if about.year else "")
    item = {
        "id": key,
        "type": _TYPES[kind_of(about)],
        "title": one_line(card.title),
        "author": [
            {name: value for name in _NAMES if (value := getattr(one, name))} for one in about.authors
        ],
        "issued": {"date-parts": [list(map(int, date.split("-")))]} if date else None,
        "container-title": about.venue,
        "abstract": paper.abstract if paper else "",
        "DOI": about.doi,
        "number": f"arXiv:{about.arxiv_id}" if about.arxiv_id else "",
        "URL": card.page,
        "citation-key": about.citation_key,
        "keyword": ", ".join((*about.keywords, *marks.keywords)),
        "note": marks.note,
    }
    written = json.dumps({name: value for name, value in item.items() if value}, ensure_ascii=False, indent=2)
    return "  " + written.replace("\n", "\n  ") + "\n"


def joined(libraries: Sequence[str], new_entries: Iterable[str]) -> Iterator[str]:
    """The first library, with the items of the others and the new ones after its last item."""
    first = libraries[0] if libraries else "[]\n"
    end = line_end(first)
    closing = first.rindex("]")
    head = first[:closing].rstrip()
    yield head
    last = head
    for one in chain(map(_items, libraries[1:]), (new.replace("\n", end).rstrip() for new in new_entries)):
        if one:
            yield f"{'' if last.endswith('[') else ','}{end}{one}"
            last = one
    yield (end if head.endswith("[") and last is not head else "") + first[len(head) :]


def _items(library: str) -> str:
    """The text between the brackets of a library."""
    return library[library.index("[") + 1 : library.rindex("]")].strip()


def looks_like(head: bytes) -> bool:
    """Whether it is an array of objects with a CSL type and other CSL fields."""
    return head.lstrip().startswith(b"[") and bool(_TYPE.search(head)) and bool(_MEMBER.search(head))


KIND = Kind("CSL-JSON", (".json",), looks_like, entries, new, joined)
