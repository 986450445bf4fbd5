"""Parquet: a row a paper, nested columns by their dotted path, by Arrow in a process of its own."""

import importlib.util
from collections.abc import Iterator
from typing import BinaryIO

from ...errors import MissingExtra
from ...safety.child_process import python
from ..confined import Broken, Child
from ..interface import Format, Input, Records
from ..tables import Opened, Record, file_of
from .parquet_child import MEMORY_BYTES

_COMMAND = tuple(python("papercards.sources.files.parquet_child"))


def read(source: Input) -> Records:
    """The papers of a Parquet file, rows counted from 1. Raises UsageError if a needed column is missing."""
    path = file_of(source, "a Parquet file")
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra("A Parquet file", "tables")
    with Opened(source, Broken, "is not a readable Parquet file:", "it {}".format) as opened:
        child = opened.keep(Child(_COMMAND, MEMORY_BYTES))
        names: list[str] = child.get({"path": str(path.absolute())})["names"]
        child.get({"columns": source.columns.demand(tuple(names), source.name)})
    return opened.papers(source.name, _rows(child))


def _rows(child: Child) -> Iterator[Record]:
    while rows := child.get({"more": True})["rows"]:
        yield from rows


def looks_like(head: bytes) -> bool:
    """Whether it begins as Parquet does."""
    return head.startswith(b"PAR1")


def count(stream: BinaryIO) -> int:
    """Rows, as the file itself says."""
    from pyarrow.parquet import ParquetFile

    return int(ParquetFile(stream).metadata.num_rows)


FORMAT = Format("Parquet", (".parquet", ".pq"), read, looks_like, count, binary=True, extra="tables")
