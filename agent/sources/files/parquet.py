"""Parquet: a row a paper, nested columns by their dotted path, by Arrow in a process of its own."""

import importlib.util
from typing import BinaryIO

from ...errors import BadInput, MissingExtra
from ...safety.child_process import python
from ..columns import BadRecord
from ..confined import Broken, Child
from ..interface import Format, Input, Records
from ..tables import file_of
from .parquet_child import MEMORY_BYTES

_COMMAND = tuple(python("papercards.sources.files.parquet_child"))


def read(source: Input) -> Records:
    """The papers of a Parquet file, rows counted from 1. Raises UsageError if a needed column is missing."""
    path = file_of(source, "a Parquet file")
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra("A Parquet file", "tables")
    child = Child(_COMMAND, MEMORY_BYTES)
    try:
        names: list[str] = child.get({"path": str(path.absolute())})["names"]
        needed = source.columns.demand(tuple(names), source.name)
        child.get({"columns": needed})
    except Broken as error:
        child.close()
        raise BadInput(f"is not a readable Parquet file: it {error}", where=source.name) from error
    except BaseException:
        child.close()
        raise
    return _papers(source, child)


def _papers(source: Input, child: Child) -> Records:
    number = 0
    try:
        while rows := child.get({"more": True})["rows"]:
            for row in rows:
                number += 1
                where = f"{source.name}:{number}"
                if isinstance(row, str):
                    yield BadRecord(where, row)
                else:
                    yield source.columns.paper(row, where)
    except Broken as error:
        where = f"{source.name}:{number + 1}"
        raise BadInput(f"cannot read further: it {error}", where=where) from error
    finally:
        child.close()


def looks_like(head: bytes) -> bool:
    """Whether it begins as Parquet does."""
    return head.startswith(b"PAR1")


def count(stream: BinaryIO) -> int:
    """Rows, as the file itself says."""
    from pyarrow.parquet import ParquetFile

    return int(ParquetFile(stream).metadata.num_rows)


FORMAT = Format("Parquet", (".parquet", ".pq"), read, looks_like, count, binary=True, extra="tables")
