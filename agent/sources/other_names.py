"""Reads under which other ids a record says that its paper is known: PubMed's, those of its other versions.

Relations count only if they name the same work: Crossref's `is-preprint-of`, DataCite's `IsVersionOf`. A
citation, a review or a data set of a paper is another work.

Knows records. Knows no file format.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from ..text import identifiers
from .clean import folded

FIELDS = ("pmid", "pubmedid", "externalids", "ids", "locations", "relation", "relatedidentifiers")
"""Names of the fields, folded."""

_MOST = 50
"""Maximum number of ids of one record."""
_SAME_WORK = frozenset(
    (
        "ispreprintof", "haspreprint", "isversionof", "hasversion", "isidenticalto", "issameas",
        "isvariantformof", "isoriginalformof", "ispreviousversionof", "isnewversionof", "istranslationof",
        "hastranslation", "ismanuscriptof", "hasmanuscript", "isexpressionof", "hasexpression",
    )
)  # fmt: skip
_PUBMED = re.compile(
    r"(?:https?://(?:pubmed\.ncbi\.nlm\.nih\.gov|www\.ncbi\.nlm\.nih\.gov/pubmed)/)?(\d{1,9})/?"
)


def other_names(record: Mapping[str, object], fields: Iterable[str]) -> tuple[str, ...]:
    """The ids in these fields of a record: `doi:…`, `arxiv:…`, `pmid:…`."""
    found: dict[str, None] = {}
    for field in fields:
        for name in _names(folded(field), record.get(field)):
            if len(found) < _MOST:
                found[name] = None
    return tuple(found)


def _names(field: str, value: object) -> Iterator[str]:
    if field in ("pmid", "pubmedid"):
        yield from _pubmed(value)
    elif field in ("externalids", "ids") and isinstance(value, Mapping):
        for kind, one in value.items():
            match folded(str(kind)):
                case "pmid" | "pubmed":
                    yield from _pubmed(one)
                case "arxiv":
                    yield from _known(f"arXiv:{one}" if isinstance(one, str) and ":" not in one else one)
                case "doi":
                    yield from _known(one)
    elif field == "locations" and isinstance(value, list):
        for one in value[:_MOST]:
            if isinstance(one, Mapping):
                yield from _known(one.get("landing_page_url"))
    elif field == "relation" and isinstance(value, Mapping):
        for relation, others in value.items():
            if folded(str(relation)) in _SAME_WORK and isinstance(others, list):
                for one in others[:_MOST]:
                    yield from _known(one.get("id") if isinstance(one, Mapping) else None)
    elif field == "relatedidentifiers" and isinstance(value, list):
        for one in value[:_MOST]:
            if isinstance(one, Mapping) and folded(str(one.get("relationType"))) in _SAME_WORK:
                yield from _known(one.get("relatedIdentifier"))


def _known(value: object) -> Iterator[str]:
    if isinstance(value, str) and (name := identifiers.name(value)):
        yield name


def _pubmed(value: object) -> Iterator[str]:
    if isinstance(value, str | int) and (found := _PUBMED.fullmatch(str(value).strip())):
        yield f"pmid:{found[1].lstrip('0')}"
