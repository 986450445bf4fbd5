"""What a Zotero item says of its paper, wherever the item comes from: the API, an export, RDF."""

from collections.abc import Mapping

from ..identifiers import mentioned_arxiv_id
from .markup import plain

NO_PAPERS = frozenset({"attachment", "note", "annotation"})
"""Types of items that stand beside papers and are none."""

_MENTIONS = ("archiveID", "extra", "reportNumber", "number", "publicationTitle")
"""Where Zotero keeps an arXiv id, the likeliest first."""


def record(item: Mapping[str, object], key: str) -> dict[str, object]:
    """The item's fields as they are, with `title`, `abstract`, `id` and `arxivid`.

    `key` is its name where it has neither arXiv id nor DOI. Zotero has a DOI under `Extra` where its type
    of item has no field for one.
    """
    found = dict(item)
    for ours, theirs in (("title", "title"), ("abstract", "abstractNote")):
        value = item.get(theirs)
        found[ours] = plain(value) if isinstance(value, str) else value
    found.pop("key", None)
    found["id"] = key
    for name in _MENTIONS:
        value = item.get(name)
        if isinstance(value, str) and (known := mentioned_arxiv_id(value)):
            found["arxivid"] = known
            break
    extra = item.get("extra")
    if not item.get("DOI") and isinstance(extra, str):
        said = (line.partition(":") for line in extra.splitlines())
        doi = next((value.strip() for name, _, value in said if name.strip().upper() == "DOI"), None)
        if doi:
            found["DOI"] = doi
    return found
