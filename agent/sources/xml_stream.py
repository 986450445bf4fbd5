"""Streams the elements of an XML file in bounded memory, without external references.

No entity is expanded, no DTD is loaded and nothing is fetched: a document that declares its own entities is
refused. An error ends the file; what comes before it is kept.

Knows XML. Knows no papers.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput, MissingExtra

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[.*?\]\s*(?=>))*>)*", re.DOTALL)
_ROOT = re.compile(rb"<(?:([\w.-]+):)?([\w.-]+)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>?")


_CHUNK = 1 << 16


class Broken(Exception):
    """The document cannot be read further; the message gives the reason."""


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


def elements(stream: BinaryIO, name: str, *tags: str) -> Iterator["Element"]:
    """Each element of these tags (`{namespace}name`), whole, and gone once the next one is asked for.

    `name` is the file's. Raises MissingExtra without lxml, BadInput where it declares entities, Broken where
    it is not well-formed from some place on.
    """
    try:
        from lxml import etree
    except ImportError as error:
        raise MissingExtra("Reading XML", "sources") from error
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
    wanted = frozenset(tags)
    inside = 0
    first, broken = True, None
    while broken is None and (data := stream.read(_CHUNK)):
        try:
            parser.feed(data)
        except etree.XMLSyntaxError as error:
            broken = error
        for event, element in parser.read_events():
            if first:
                first = False
                _no_entities(element, name)
            if event == "start":
                inside += element.tag in wanted
                continue
            if element.tag in wanted:
                inside -= 1
                if not inside:
                    yield element
            if not inside:
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    try:
        if broken is not None:
            raise broken
        parser.close()
    except etree.XMLSyntaxError as error:
        raise Broken(f"is not well-formed XML: {error.msg}") from error


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
        if not isinstance(child.tag, str):
            yield _folded(child.tail)
            continue
        name = child.tag.rpartition("}")[2].lower()
        power = name == "sup" and re.fullmatch(r"[-+\u2212]?[\d.,]{1,8}", "".join(child.itertext()).strip())
        between = "\n" if name in _BLOCKS else ""
        yield between + ("^" if power else "")
        yield from _pieces(child)
        yield between
        yield _folded(child.tail)


def _folded(text: str | None) -> str:
    return re.sub(r"\s+", " ", text) if text else ""


def text_of(element: "Element", path: str) -> str | None:
    """All the text in the first element at a path below, as it stands; None: there is none."""
    found = element.find(path)
    return None if found is None else "".join(found.itertext())
