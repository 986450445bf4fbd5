"""Reads XML catalogues with one record per paper: PubMed, the ACL Anthology, EndNote, MODS.

They differ in names alone, so each is a table of where things stand. Text within text (`<i>`, `<fixed-case>`)
is taken as it reads.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..xml_stream import elements, name_of, root_of, words_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_Fields = dict[str, object]


def _read(
    tags: tuple[str, ...], made: "Callable[[], Callable[[Element], _Fields | None]]", source: Input
) -> Records:
    number, fields = 0, made()
    for element in elements(source.stream, source.name, *tags):
        found = element if isinstance(element, str) else fields(element)
        if found is None:
            continue
        number += 1
        where = f"{source.name}, record {number}"
        yield BadRecord(where, found) if isinstance(found, str) else source.columns.paper(found, where)


def _text(element: "Element", *paths: str) -> str | None:
    """What stands in the first of the paths that is there."""
    for path in paths:
        found = element.find(path)
        if found is not None and (text := words_of(found)):
            return text
    return None


def _texts(element: "Element", path: str) -> list[str]:
    """What stands in every element at a path."""
    return [text for one in element.iterfind(path) if (text := words_of(one))]


def _parts(element: "Element | None") -> _Fields:
    """The texts of an element's children by their names."""
    return {} if element is None else {name_of(one): words_of(one) for one in element}


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
        "authors": [
            {("literal" if name == "CollectiveName" else name): text for name, text in _parts(one).items()}
            for one in article.iterfind(".//Article/AuthorList/Author")
        ],
        "date": _pubmed_date(article),
        "venue": _text(article, ".//Article/Journal/Title", ".//Article/Journal/ISOAbbreviation"),
        "keywords": _texts(article, ".//KeywordList/Keyword"),
    }


def _pubmed_date(article: "Element") -> str | None:
    for path in (".//Article/Journal/JournalIssue/PubDate", ".//Article/ArticleDate"):
        parts = _parts(article.find(path))
        if parts:
            return str(
                parts.get("MedlineDate")
                or " ".join(str(parts.get(name, "")) for name in ("Year", "Month", "Day"))
            )
    return None


class _Anthology:
    """The papers of the ACL Anthology, each with the year and the book of its volume."""

    def __init__(self) -> None:
        self._meta: _Fields = {}

    def __call__(self, element: "Element") -> _Fields | None:
        if element.tag == "meta":
            self._meta = _parts(element)
            return None
        meta = self._meta
        return _anthology(element) | {
            "authors": [_parts(one) for one in element.iterfind("author")],
            "year": meta.get("year"),
            "month": meta.get("month"),
            "venue": meta.get("booktitle"),
            "citation_key": _text(element, "bibkey"),
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
        "pdf_url": f"https://aclanthology.org/{name}.pdf" if known else None,
    }


def _endnote(record: "Element") -> _Fields:
    return {
        "title": _text(record, "titles/title"),
        "abstract": _text(record, "abstract"),
        "doi": _text(record, "electronic-resource-num"),
        "url": _text(record, "urls/related-urls/url", "urls/web-urls/url"),
        "id": _text(record, "accession-num", "rec-number"),
        "authors": _texts(record, "contributors/authors/author"),
        "year": _text(record, "dates/year"),
        "date": _text(record, "dates/pub-dates/date"),
        "venue": _text(record, "periodical/full-title", "titles/secondary-title", "titles/tertiary-title"),
        "keywords": _texts(record, "keywords/keyword"),
        "citation_key": _text(record, "label"),
        "pdf_url": _text(record, "urls/pdf-urls/url"),
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
        "authors": [
            {str(part.get("type") or "name"): words_of(part) for part in name.iterfind(at("namePart"))}
            for name in mods.iterfind(at("name"))
            if (_text(name, at("role/roleTerm")) or "author") in ("author", "aut")
        ],
        "date": _text(
            mods,
            at("originInfo/dateIssued"),
            at("relatedItem/originInfo/dateIssued"),
            at("part/date"),
            at("relatedItem/part/date"),
        ),
        "venue": _text(mods, at("relatedItem[@type='host']/titleInfo/title")),
        "keywords": _texts(mods, at("subject/topic")),
        "citation_key": mods.get("ID"),
    }


def _has_root(namespace: str, names: frozenset[str], sign: bytes, head: bytes) -> bool:
    found = root_of(head)
    return found[0] == namespace and found[1] in names and sign in head


FORMATS = tuple(
    Format(
        name,
        (".xml",),
        partial(_read, tags, made),
        partial(_has_root, namespace, frozenset(roots), sign),
        extra="sources",
    )
    for name, namespace, roots, sign, tags, made in (
        (
            "PubMed XML",
            "",
            ("PubmedArticleSet", "PubmedArticle", "MedlineCitationSet"),
            b"",
            ("PubmedArticle",),
            lambda: _pubmed,
        ),
        ("ACL Anthology XML", "", ("collection",), b"<volume", ("meta", "paper"), _Anthology),
        ("EndNote XML", "", ("xml", "records"), b"<record", ("record",), lambda: _endnote),
        ("MODS XML", _MODS, ("modsCollection", "mods"), b"", (f"{{{_MODS}}}mods",), lambda: _mods),
    )
)
