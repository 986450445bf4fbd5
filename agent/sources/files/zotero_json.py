"""BetterBibTeX JSON, the export of Zotero's Better BibTeX with everything in it: `{"items": [...]}`.

Told from other JSON by the translator's name or its id; held whole. Attachments and notes lie within
their items, so each item is a paper.
"""

import json
import re

from ...bibliography.zotero_item import NO_PAPERS, record
from ...errors import BadInput
from ..columns import BadRecord
from ..interface import Format, Input, Records

_MAX_BYTES = 1 << 29
_SIGN = re.compile(rb'"label"\s*:\s*"BetterBibTeX JSON"|"36a3b0b5-bad0-4a04-b79b-441c7cef77db"')


def read(source: Input) -> Records:
    """The papers of an export. Raises BadInput if it is none."""
    data = source.stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BadInput("is an export of more than 512 MB", where=source.name, next_step="Export a collection")
    try:
        whole = json.loads(data.decode("utf-8-sig"))
        items = whole["items"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput("is not a complete BetterBibTeX JSON export", where=source.name) from error
    return _papers(source, items)


def _papers(source: Input, items: object) -> Records:
    for number, item in enumerate(items if isinstance(items, list) else (), start=1):
        where = f"{source.name}:items[{number}]"
        if not isinstance(item, dict):
            yield BadRecord(where, "is not an object")
        elif item.get("itemType") not in NO_PAPERS:
            key = item.get("citationKey") or item.get("citekey") or item.get("itemKey")
            yield source.columns.paper(record(item, key if isinstance(key, str) else ""), where)


def looks_like(head: bytes) -> bool:
    """Whether it says of itself that Better BibTeX wrote it."""
    return head.lstrip()[:1] == b"{" and bool(_SIGN.search(head))


FORMAT = Format("BetterBibTeX JSON", (".json",), read, looks_like)
