"""Zotero RDF, the export with everything in it.

Every node below the root that has a `z:itemType` is an item; attachments and notes are none. The journal or
book that an item is part of lies within it or is a node of its own, and holds the item's DOI. Not RDF in
general: what Zotero writes. The tree is held whole; a document type, which Zotero never writes, is refused,
so there are no entities.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ...bibliography.zotero_item import NO_PAPERS, record
from ...errors import BadInput, importing
from ..interface import Format, Input, Records
from ..xml_stream import name_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_Z = "{http://www.zotero.org/namespaces/export#}"
_BIB = "{http://purl.org/net/biblio#}"
_FOAF = "{http://xmlns.com/foaf/0.1/}"
_SIGN = b"http://www.zotero.org/namespaces/export#"


def read(source: Input) -> Records:
    """The papers of an export. Raises BadInput if it is no XML or has entities, MissingExtra without lxml."""
    with importing("Zotero RDF", "sources"):
        from lxml import etree
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        tree = etree.parse(source.stream, parser)
    except etree.XMLSyntaxError as error:
        raise BadInput(f"is not XML: {error.msg}", where=f"{source.name}:{error.lineno}") from error
    if tree.docinfo.doctype:
        raise BadInput("has a document type, which Zotero does not write", where=source.name)
    root = tree.getroot()
    if root.tag != f"{_RDF}RDF":
        raise BadInput("is not RDF", where=source.name)
    return _papers(source, root)


def _papers(source: Input, root: "Element") -> Records:
    nodes = {node.get(f"{_RDF}about"): node for node in root}
    shared = Counter(part.get(f"{_RDF}resource") for part in root.iter(f"{_TERMS}isPartOf"))
    for node in root:
        kind = node.findtext(f"{_Z}itemType")
        if kind is None or kind in NO_PAPERS:
            continue
        about = node.get(f"{_RDF}about") or ""
        containers = list(node.iterfind(f"{_TERMS}isPartOf/*"))
        for part in node.iterfind(f"{_TERMS}isPartOf"):
            name = part.get(f"{_RDF}resource")
            # One journal of several articles has the DOI of one of them.
            if name in nodes and shared[name] == 1:
                containers.append(nodes[name])
        item = {
            "title": node.findtext(f"{_DC}title"),
            "abstractNote": node.findtext(f"{_TERMS}abstract"),
            "extra": node.findtext(f"{_DC}description"),
            "archiveID": node.findtext(f"{_Z}archiveID"),
            "number": node.findtext("{http://prismstandard.org/namespaces/1.2/basic/}number"),
            "DOI": next(_dois([node, *containers]), None),
            "url": node.findtext(f"{_DC}identifier/{_TERMS}URI/{_RDF}value"),
            "authors": [
                {name_of(part): part.text for part in person}
                for person in node.iterfind(f"{_BIB}authors/{_RDF}Seq/{_RDF}li/{_FOAF}Person")
            ],
            "date": node.findtext(f"{_DC}date"),
            "venue": next(_titles([*containers, *_shared_containers(node, nodes)]), None)
            or node.findtext(f"{_DC}publisher/{_FOAF}Organization/{_FOAF}name"),
            "keywords": [one.text for one in node.iterfind(f"{_DC}subject") if one.text],
            "citationkey": node.findtext(f"{_Z}citationKey"),
        }
        own = "" if about.startswith("#") else about
        key = node.findtext(f"{_Z}citationKey") or own
        found = {name: value for name, value in record(item, key).items() if value}
        yield source.columns.paper(found, f"{source.name}:{node.sourceline}")


def _shared_containers(node: "Element", nodes: "Mapping[str | None, Element]") -> "Iterator[Element]":
    for part in node.iterfind(f"{_TERMS}isPartOf"):
        if (name := part.get(f"{_RDF}resource")) in nodes:
            yield nodes[name]


def _titles(nodes: "Iterable[Element]") -> Iterator[str]:
    return (title for node in nodes if (title := node.findtext(f"{_DC}title")))


def _dois(nodes: "Iterable[Element]") -> Iterator[str]:
    for node in nodes:
        for named in node.iterfind(f"{_DC}identifier"):
            scheme, _, value = (named.text or "").strip().partition(" ")
            if scheme.rstrip(":").upper() == "DOI":
                yield value.strip()


def looks_like(head: bytes) -> bool:
    """Whether it is XML with Zotero's namespace."""
    return head.lstrip().startswith(b"<") and _SIGN in head


FORMAT = Format("Zotero RDF", (".rdf",), read, looks_like, extra="sources")
