"""Reads a paper's fields from a Zotero item of any origin: the API, an export, RDF."""

from collections.abc import Mapping

from ..text.identifiers import mentioned_arxiv_id
from .markup import plain

NO_PAPERS = frozenset({"attachment", "note", "annotation"})
"""Types of items that are attached to papers but are not papers."""

_MENTIONS = ("archiveID", "extra", "reportNumber", "number", "publicationTitle")
"""Fields where Zotero keeps an arXiv id, most likely first."""


def record(item: Mapping[str, object], key: str) -> dict[str, object]:
    """The item's fields unchanged, with `title`, `abstract`, `id` and `arxivid`.

    `key` becomes the id if there is neither arXiv id nor DOI. Zotero keeps a DOI under `Extra` for item types
    without a DOI field.
    """
    found = dict(item)
    for ours, theirs in (("title", "title"), ("abstract", "abstractNote")):
        value = item.get(theirs)
        found[ours] = plain(value) if isinstance(value, str) else value
    found.pop("key", None)
    found["id"] = key
    said = (value for name in _MENTIONS if isinstance(value := item.get(name), str))
    if known := mentioned_arxiv_id(*said):
        found["arxivid"] = known
    extra = item.get("extra")
    if isinstance(extra, str) and not item.get("DOI") and (doi := _extra(extra, "DOI")):
        found["DOI"] = doi
    if isinstance(extra, str) and not (item.get("citationKey") or item.get("citekey")):
        found["citationkey"] = _extra(extra, "CITATION KEY")
    return found


def _extra(extra: str, name: str) -> str | None:
    """The value of a line `name: value` of the field Extra."""
    said = (line.partition(":") for line in extra.splitlines())
    return next((value.strip() for key, _, value in said if key.strip().upper() == name), None)
