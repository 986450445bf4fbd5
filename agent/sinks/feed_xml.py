"""Atom 1.0 (RFC 4287) and RSS 2.0 as trees: what an entry is in each, how a file of it is read and laid out.

A file that is read is a stranger's: it has no document type (so that no entity is ever declared), is
bounded in size and depth, and what it holds beside the elements that are known here is kept as it is.

Knows XML alone. The standard library's, since a feed must be read, changed and written: what only writes
feeds (feedgenerator) would lose what others put into one, and cannot leave out the link of a paper that has
none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from xml.etree import ElementTree as ET

ATOM_SPACE = "http://www.w3.org/2005/Atom"
MOST_BYTES = 16 << 20
_MOST_DEPTH = 64
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])|&(?=#?\w+;)")
_TITLE = "Paper cards"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

_DC_SPACE = "http://purl.org/dc/elements/1.1/"
_PRISM_SPACE = "http://prismstandard.org/namespaces/basic/2.0/"
_PRISM_DATE = f"{{{_PRISM_SPACE}}}publicationDate"

ET.register_namespace("papercards", "urn:papercards:feed")
ET.register_namespace("dc", _DC_SPACE)
ET.register_namespace("prism", _PRISM_SPACE)


class NoFeed(ValueError):
    """The reason why an existing feed cannot be continued."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper as an entry of a feed."""

    id: str
    """Id of the entry, a URI."""
    title: str
    """Title as plain text."""
    html: str
    """Content as HTML."""
    url: str | None
    labels: tuple[str, ...]
    updated: datetime
    authors: tuple[str, ...] = ()
    published: str | None = None
    """Date of the paper in ISO 8601, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A feed format."""

    name: str
    root: str
    home: str
    """Path from the root to the element with the entries."""
    entry: str
    id: str
    updated: str
    """Element with the time of an entry, in the format of `write_time` and `read_time`."""
    stamp: str
    """Element with the time of the last change of the feed."""
    write_time: Callable[[datetime], str]
    read_time: Callable[[str], datetime]
    """Raises ValueError or OverflowError."""
    new: Callable[[str, str | None], ET.Element]
    """A feed without entries, from its id and the address of what it is of."""
    build: Callable[[Entry], ET.Element]
    ours: frozenset[str]
    """The elements of an entry that are rewritten."""

    def holder(self, root: ET.Element) -> ET.Element:
        """The element with the entries. Raises NoFeed if the root is of another format."""
        home = root.find(self.home) if root.tag == self.root else None
        if home is None:
            raise NoFeed(f"is not in {self.name} format")
        return home

    def id_of(self, entry: ET.Element) -> str:
        """Id of an entry; empty if there is none."""
        return (entry.findtext(self.id) or "").strip()

    def updated_of(self, entry: ET.Element) -> datetime:
        """Time when the entry was created or changed, in UTC; the epoch if missing."""
        try:
            return _utc(self.read_time(entry.findtext(self.updated) or ""))
        except (ValueError, OverflowError):
            return _NEVER

    def element(self, entry: Entry, old: ET.Element | None) -> ET.Element:
        """The entry as an element; additions by others to the old one are kept."""
        new = self.build(entry)
        new.extend(child for child in (() if old is None else old) if child.tag not in self.ours)
        return new

    def set_stamp(self, home: ET.Element, when: datetime) -> None:
        """Set the time of the last change."""
        found = home.find(self.stamp)
        if found is None:
            found = ET.Element(self.stamp)
            home.insert(2, found)
        found.text = self.write_time(when)


def _child(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> None:
    clean = {name: _NO_XML.sub("", value) for name, value in attributes.items()}
    ET.SubElement(parent, tag, clean).text = None if text is None else _NO_XML.sub("", text)


def _atom(tag: str) -> str:
    return f"{{{ATOM_SPACE}}}{tag}"


def _dc(tag: str) -> str:
    return f"{{{_DC_SPACE}}}{tag}"


def _new_atom(id: str, source: str | None) -> ET.Element:  # noqa: A002
    root = ET.Element(_atom("feed"))
    _child(root, _atom("id"), id)
    _child(root, _atom("title"), _TITLE)
    if source:
        _child(root, _atom("link"), rel="alternate", href=source)
    author = ET.SubElement(root, _atom("author"))
    _child(author, _atom("name"), "papercards")
    _child(root, _atom("generator"), "papercards")
    return root


def _atom_entry(entry: Entry) -> ET.Element:
    new = ET.Element(_atom("entry"))
    _child(new, _atom("id"), entry.id)
    _child(new, _atom("title"), entry.title)
    _child(new, _atom("updated"), _iso(entry.updated))
    if entry.published:
        # Not `published`: readers sort by that, and an old paper is new in a feed.
        _child(new, _PRISM_DATE, entry.published)
    for name in entry.authors:
        _child(ET.SubElement(new, _atom("author")), _atom("name"), name)
    if entry.url:
        _child(new, _atom("link"), rel="alternate", href=entry.url)
    # Not a summary: an entry without content must have a link, which not every paper has.
    _child(new, _atom("content"), entry.html, type="html")
    for label in entry.labels:
        _child(new, _atom("category"), term=label)
    return new


def _new_rss(id: str, source: str | None) -> ET.Element:  # noqa: A002
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _child(channel, "title", _TITLE)
    _child(channel, "link", source or id)
    _child(channel, "description", "Newly read papers: summary, tags, claims")
    _child(channel, "generator", "papercards")
    return root


def _rss_item(entry: Entry) -> ET.Element:
    new = ET.Element("item")
    _child(new, "guid", entry.id, isPermaLink="false")
    # To many readers a title is HTML, to others text: only what looks like markup is escaped twice.
    _child(new, "title", _MARKUP.sub(lambda found: escape(found[0]), entry.title))
    _child(new, "pubDate", _mail_time(entry.updated))
    if entry.url:
        _child(new, "link", entry.url)
    _child(new, "description", entry.html)
    for name in entry.authors:
        _child(new, _dc("creator"), name)
    if entry.published:
        _child(new, _PRISM_DATE, entry.published)
    for label in entry.labels:
        _child(new, "category", label)
    return new


def _utc(when: datetime) -> datetime:
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _iso(when: datetime) -> str:
    return _utc(when).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mail_time(when: datetime) -> str:
    return format_datetime(_utc(when), usegmt=True)


ATOM = Dialect(
    name="Atom",
    root=_atom("feed"),
    home=".",
    entry=_atom("entry"),
    id=_atom("id"),
    updated=_atom("updated"),
    stamp=_atom("updated"),
    write_time=_iso,
    read_time=datetime.fromisoformat,
    new=_new_atom,
    build=_atom_entry,
    ours=frozenset(
        (
            *map(_atom, ("id", "title", "updated", "author", "link", "summary", "content", "category")),
            _PRISM_DATE,
        )
    ),
)

RSS = Dialect(
    name="RSS",
    root="rss",
    home="channel",
    entry="item",
    id="guid",
    updated="pubDate",
    stamp="lastBuildDate",
    write_time=_mail_time,
    read_time=parsedate_to_datetime,
    new=_new_rss,
    build=_rss_item,
    ours=frozenset(
        ("guid", "title", "pubDate", "link", "description", "category", _dc("creator"), _PRISM_DATE)
    ),
)


def same(one: ET.Element, other: ET.Element) -> bool:
    """Whether two entries are equal, ignoring white space between elements."""
    return (
        one.tag == other.tag
        and one.attrib == other.attrib
        and (one.text or "").strip() == (other.text or "").strip()
        and len(one) == len(other)
        and all(same(*pair) for pair in zip(one, other, strict=True))
    )


def moment(text: str) -> datetime | None:
    """A time in ISO 8601, UTC by default; None if invalid."""
    try:
        return _utc(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        return None


def parse(data: bytes) -> ET.Element:
    """The root of a feed. Raises NoFeed."""
    if len(data) > MOST_BYTES:
        raise NoFeed("is larger than 16 MB")
    parser = ET.XMLParser(target=_Bounded())  # noqa: S314 - no document type, so no entities
    try:
        parser.feed(data)
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        if isinstance(error, NoFeed):
            raise
        raise NoFeed("is not XML") from error
    assert isinstance(root, ET.Element)
    return root


class _Bounded(ET.TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise NoFeed("has a document type, which feeds do not need")

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise NoFeed("is nested too deeply")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def laid_out(root: ET.Element) -> bytes:
    """The content of the file; consumes the tree."""
    ET.indent(root)
    if root.tag == ATOM.root:
        # ElementTree gives every namespace a prefix; in a feed, readers and people expect none for its own.
        for element in root.iter():
            if isinstance(element.tag, str):
                element.tag = element.tag.removeprefix(_atom(""))
        root.attrib = {"xmlns": ATOM_SPACE, **root.attrib}
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode("utf-8", "replace")
