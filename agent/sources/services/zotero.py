"""Reads a live Zotero library: `zotero:`, `zotero:collection/KEY`, `zotero:tag/NAME`.

Read from the program on this machine, page by page, also with `--offline`: nothing leaves the machine. An
item's place is its key, as `zotero:ABCD2345`, and so is its id where it has neither arXiv id nor DOI.
"""

from itertools import islice

from ...bibliography.zotero import FORMS, Place, Zotero, key_of, place
from ...bibliography.zotero_item import NO_PAPERS, record
from ..columns import Columns
from ..interface import Options, Records, Reference


def read(spec: str, options: Options) -> Records:
    """The papers of a library. Raises UsageError for an invalid name."""
    return islice(_papers(place(spec), options), options.limit)


def _papers(where: Place, options: Options) -> Records:
    columns = Columns(options.columns)
    zotero = Zotero(where, options.endpoints.get("zotero"))
    try:
        for item in zotero.items():
            if item["data"].get("itemType") not in NO_PAPERS:
                name = f"zotero:{key_of(item)}"
                yield columns.paper(record(item["data"], name), name)
    finally:
        zotero.close()


def takes(spec: str) -> bool:
    """Whether it begins as such a name does."""
    return spec.startswith("zotero:")


REFERENCE = Reference("Zotero", FORMS, takes, read)
