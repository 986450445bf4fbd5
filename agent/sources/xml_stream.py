"""Streams the elements of an XML file in bounded memory, without external references.

No entity is expanded, no DTD is loaded and nothing is fetched: a document that declares its own entities is
refused. An error ends the file; what comes before it is kept.

Knows XML. Knows no papers.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput, importing
from .bounds import MAX_RECORD_BYTES, TOO_LONG

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[.*?\]\s*(?=>))*>)*", re.DOTALL)
_ROOT = re.compile(rb"<(?:([\w.-]+):)?([\w.-]+)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>?")
_DOCTYPE = re.compile(rb"(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE\s+([\w.-]+)", re.DOTALL)

_CHUNK = 1 << 16
_REMEMBERED = 1024
"""Tags of a document; more of them are a stranger's invention."""


def root_of(head: bytes) -> tuple[str, str]:
    """Namespace and name of the root element, from the first bytes; empty where there is none."""
    prolog = _PROLOG.match(head)
    root = _ROOT.match(head, prolog.end() if prolog else 0)
    if root is None:
        return "", ""
    prefix, name, attributes = root.groups()
    declared = rb"xmlns:" + re.escape(prefix) if prefix else rb"xmlns"
    found = re.search(rb"(?<!\S)" + declared + rb"\s*=\s*[\"']([^\"']*)[\"']", attributes)
    return (found[1].decode("utf-8", "replace") if found else ""), name.decode()


def doctype_of(head: bytes) -> str:
    """The name that a document type gives the root, from the first bytes; empty where there is none."""
    found = _DOCTYPE.match(head)
    return found[1].decode() if found else ""


def elements(
    stream: BinaryIO, name: str, *tags: str, own_entities: bool = False
) -> Iterator["Element | str"]:
    """Each element of these tags (`{namespace}name`), whole, and gone once the next one is asked for.

    In place of one that is longer than a record may be, why it cannot be read; and so at the end where the
    document is not well-formed. `{*}` is any namespace or none. `name` is the file's. Raises MissingExtra
    without lxml, BadInput where it declares entities and may have no `own_entities`, or where no element can
    be read.
    """
    with importing("Reading XML", "sources"):
        from lxml import etree
    # Pulled, not iterparse: that one drops what it has read of a chunk in which an error stands. And without
    # collect_ids=False, which makes libxml2 (2.14) load the DTD that a document names, load_dtd or not.
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    wanted = _Wanted(tags)
    inside = 0
    first, given, broken = True, False, None
    size = 0
    while broken is None and (data := stream.read(_CHUNK)):
        size += len(data)
        try:
            parser.feed(data)
        except etree.XMLSyntaxError as error:
            broken = error
        for event, element in parser.read_events():
            if first:
                first = False
                if not own_entities:
                    _no_entities(element, name)
            if event == "start":
                if wanted[element.tag]:
                    size = size if inside else len(data)
                    inside += 1
                continue
            too_long = size > MAX_RECORD_BYTES
            if wanted[element.tag]:
                inside -= 1
                if not inside:
                    given = True
                    yield TOO_LONG if too_long else element
            if not inside or too_long:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    try:
        if broken is not None:
            raise broken
        parser.close()
    except etree.XMLSyntaxError as error:
        what = str(error.msg).partition(", line ")[0]
        reason = f"is not well-formed XML: {what}"
        if "amplification" in what or "entity loop" in what.lower():
            reason = "has entities that expand to more and more; the file is malicious"
        line = error.lineno or 1
        if not given:
            raise BadInput(reason, where=f"{name}:{line}") from error
        yield f"{reason} in line {line}; the rest was skipped"


class _Wanted(dict[object, bool]):
    """Whether an element of a tag is wanted, worked out once for each tag."""

    def __init__(self, tags: tuple[str, ...]) -> None:
        super().__init__()
        self._tags = tags

    def __missing__(self, tag: object) -> bool:
        found = tag in self._tags or (isinstance(tag, str) and f"{{*}}{tag.rpartition('}')[2]}" in self._tags)
        if len(self) < _REMEMBERED:
            self[tag] = found
        return found


def _no_entities(root: "Element", name: str) -> None:
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and next(dtd.iterentities(), None) is not None:
        raise BadInput(
            "declares its own entities, which are not supported",
            where=name,
            next_step="Replace them with the characters themselves",
        )


_BLOCKS = frozenset("p div br li h1 h2 h3 h4 h5 h6 section blockquote title tr abstract sec".split())


def words_of(element: "Element") -> str:
    """All the text in an element: words as they read, a line for each block of HTML in it."""
    lines = "".join(_pieces(element)).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _pieces(element: "Element") -> Iterator[str]:
    yield _folded(element.text)
    for child in element:
        if not (name := name_of(child).lower()):
            yield _folded(child.tail)
            continue
        power = name == "sup" and re.fullmatch(r"[-+\u2212]?[\d.,]{1,8}", "".join(child.itertext()).strip())
        between = "\n" if name in _BLOCKS else ""
        yield between + ("^" if power else "")
        yield from _pieces(child)
        yield between
        yield _folded(child.tail)


def _folded(text: str | None) -> str:
    return re.sub(r"\s+", " ", text) if text else ""


def name_of(element: "Element") -> str:
    """The name of an element without its namespace; empty for a comment or an entity."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def text_of(element: "Element", path: str) -> str | None:
    """The text of the first element at a path below, unchanged; None if there is no such element."""
    found = element.find(path)
    return None if found is None else "".join(found.itertext())
