"""Reads reference libraries: BibTeX, RIS and CSL-JSON.

Most of each format is in `bibliography`, which `annotate` uses too. The text of a file is held in memory, its
records are not. A record's position is its line, with a column if several start in one line.
"""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from ...bibliography import KINDS, Kind
from ...bibliography.charset import decoded, readable
from ...bibliography.entry import Entry
from ...errors import BadInput
from ..columns import BadRecord
from ..interface import Format, Input, Records

_MAX_BYTES = 1 << 29


def read(kind: Kind, source: Input) -> Records:
    """The papers of a library. Raises BadInput if it is too large, MissingExtra without its parser."""
    return _papers(source, kind.entries(_text(source.stream, source.name, kind)))


def _papers(source: Input, entries: Iterator[Entry]) -> Records:
    for entry in entries:
        where = f"{source.name}:{entry.place}"
        record = entry.record()
        if isinstance(record, str):
            yield BadRecord(where, record)
        else:
            # Zotero's ids in CSL-JSON are addresses of its items.
            key = "" if "://" in entry.key else readable(entry.key)
            yield source.columns.paper({"citationkey": key, **record} if key else dict(record), where)


def count(kind: Kind, stream: BinaryIO) -> int:
    """The number of entries, broken ones included, without reading them."""
    return sum(1 for _ in kind.entries(_text(stream, "the library", kind)))


def _text(stream: BinaryIO, name: str, kind: Kind) -> str:
    data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BadInput(
            f"is a {kind.name} file of more than 512 MB", where=name, next_step="Split it into smaller files"
        )
    return decoded(data)


FORMATS = tuple(
    Format(
        kind.name,
        kind.extensions,
        partial(read, kind),
        kind.looks_like,
        partial(count, kind),
        extra=kind.extra,
    )
    for kind in KINDS
)
