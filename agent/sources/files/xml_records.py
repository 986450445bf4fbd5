"""Reads XML catalogues with one record per paper: PubMed, the ACL Anthology, EndNote, MODS.

They differ in names alone, so each is a table of where things stand. Text within text (`<i>`, `<fixed-case>`)
is taken as it reads.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...errors import BadInput
from ..bounds import TOO_LONG
from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..xml_stream import Broken, elements, root_of, words_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_Fields = dict[str, object]


def _read(tags: tuple[str, ...], fields: "Callable[[Element], _Fields]", source: Input) -> Records:
    number = 0
    try:
        for number, element in enumerate(elements(source.stream, source.name, *tags), start=1):
            where = f"{source.name}, record {number}"
            if element is None:
                yield BadRecord(where, TOO_LONG)
            else:
                yield source.columns.paper(fields(element), where)
    except Broken as error:
        if not number:
            raise BadInput(str(error), where=source.name) from error
        yield BadRecord(f"{source.name}, after record {number}", f"{error}; the rest was skipped")


def _text(element: "Element", *paths: str) -> str | None:
    """What stands in the first of the paths that is there."""
    for path in paths:
        found = element.find(path)
        if found is not None and (text := words_of(found)):
            return text
    return None


def _pubmed(article: "Element") -> _Fields:
    parts = []
    for part in article.iterfind(".//Article/Abstract/AbstractText"):
        label = part.get("Label")
        text = words_of(part)
        if text:
            parts.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    title = _text(article, ".//Article/ArticleTitle", ".//Article/VernacularTitle") or ""
    # PubMed puts a full stop behind titles, and brackets around those that it translated.
    title = title.removesuffix(".")
    if title.startswith("[") and title.endswith("]"):
        title = title[1:-1].removesuffix(".")
    pmid = _text(article, ".//MedlineCitation/PMID", "PMID")
    return {
        "title": title,
        "abstract": "\n\n".join(parts),
        "doi": _text(
            article, ".//ELocationID[@EIdType='doi']", ".//PubmedData/ArticleIdList/ArticleId[@IdType='doi']"
        ),
        "id": f"PMID{pmid}" if pmid else None,
    }


def _anthology(paper: "Element") -> _Fields:
    volume = paper.getparent()
    collection = volume.getparent() if volume is not None else None
    name = _text(paper, "url") or ""
    if not name and collection is not None and volume is not None:
        name = f"{collection.get('id')}-{volume.get('id')}.{paper.get('id')}"
    known = bool(name) and "/" not in name
    return {
        "title": _text(paper, "title"),
        "abstract": _text(paper, "abstract"),
        "doi": _text(paper, "doi"),
        "id": f"acl:{name}" if known else None,
        "url": f"https://aclanthology.org/{name}/" if known else None,
    }


def _endnote(record: "Element") -> _Fields:
    return {
        "title": _text(record, "titles/title"),
        "abstract": _text(record, "abstract"),
        "doi": _text(record, "electronic-resource-num"),
        "url": _text(record, "urls/related-urls/url", "urls/web-urls/url"),
        "id": _text(record, "accession-num", "rec-number"),
    }


_MODS = "http://www.loc.gov/mods/v3"


def _mods(mods: "Element") -> _Fields:
    def at(path: str) -> str:
        return "/".join(f"{{{_MODS}}}{step}" for step in path.split("/"))

    return {
        "title": _text(mods, at("titleInfo/title")),
        "abstract": _text(mods, at("abstract")),
        "doi": _text(mods, at("identifier[@type='doi']")),
        "url": _text(mods, at("location/url")),
        "id": mods.get("ID"),
    }


def _has_root(namespace: str, names: frozenset[str], sign: bytes, head: bytes) -> bool:
    found = root_of(head)
    return found[0] == namespace and found[1] in names and sign in head


FORMATS = tuple(
    Format(
        name,
        (".xml",),
        partial(_read, tags, fields),
        partial(_has_root, namespace, frozenset(roots), sign),
        extra="sources",
    )
    for name, namespace, roots, sign, tags, fields in (
        (
            "PubMed XML",
            "",
            ("PubmedArticleSet", "PubmedArticle", "MedlineCitationSet"),
            b"",
            ("PubmedArticle",),
            _pubmed,
        ),
        ("ACL Anthology XML", "", ("collection",), b"<volume", ("paper",), _anthology),
        ("EndNote XML", "", ("xml", "records"), b"<record", ("record",), _endnote),
        ("MODS XML", _MODS, ("modsCollection", "mods"), b"", (f"{{{_MODS}}}mods",), _mods),
    )
)
