"""Reads spreadsheets (XLSX, XLS and ODS) with calamine in a separate process, one row per paper.

The sheet is the one that was asked for (`--table`), else the first with a title and an abstract. Its header
is the first row that names both; rows above it are skipped.
"""

import importlib.util
from collections.abc import Iterator
from itertools import chain, islice

from ...errors import BadInput, MissingExtra, UsageError
from ...safety.child_process import python
from ..bounds import TOO_LONG
from ..columns import quoted, unique
from ..confined import Broken, Child
from ..interface import Format, Input, Records
from ..tables import Opened, Record, file_of
from .sheet_child import MEMORY_BYTES

_FIRST_ROWS = 20
"""Number of rows in which a header is searched."""
_AT_ONCE = 64
_MAX_BYTES = 256 << 20
_SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_COMMAND = tuple(python("papercards.sources.files.sheet_child"))

_Row = list[object] | None


def read(source: Input) -> Records:
    """The papers of a sheet. Raises UsageError if no sheet has a title and an abstract."""
    path = file_of(source, "a spreadsheet")
    if importlib.util.find_spec("python_calamine") is None:
        raise MissingExtra("A spreadsheet", "tables")
    if path.stat().st_size > _MAX_BYTES:
        raise BadInput("is a spreadsheet of more than 256 MB", where=source.name, next_step="Save it as CSV")
    with Opened(source, Broken, "is not a readable spreadsheet:", "it {}".format) as opened:
        child = opened.keep(Child(_COMMAND, MEMORY_BYTES))
        sheets: list[str] = child.get({"path": str(path.absolute())})["sheets"]
        place, records, begin = _of_sheets(source, child, sheets)
    return opened.papers(place, records, begin=begin)


def _of_sheets(source: Input, child: Child, sheets: list[str]) -> tuple[str, Iterator[Record], int]:
    """The name of the sheet with papers, its records, and the number of the first one's row."""
    wanted = source.options.table
    if wanted is not None and wanted not in sheets:
        raise UsageError(
            f'has no sheet "{wanted}"', where=source.name, next_step=f"Its sheets: {quoted(sheets)}"
        )
    headers: list[tuple[str, ...]] = []
    for name in [wanted] if wanted is not None else sheets:
        rows = _rows(child, name)
        first = list(islice(rows, _FIRST_ROWS))
        for number, row in enumerate(first):
            header = tuple(unique("" if cell is None else cell for cell in row or ()))
            if row and not headers:
                headers.append(header)
            if source.columns.fit(header):
                place = source.name if len(sheets) == 1 else f"{source.name}:{name}"
                rest = chain(first[number + 1 :], rows)
                return place, (_record(header, one) for one in rest), number + 2
    if not headers:
        raise BadInput("is empty", where=source.name)
    source.columns.demand(headers[0], source.name)
    raise BadInput("no sheet has a title and an abstract", where=source.name)


def _rows(child: Child, sheet: str) -> Iterator[_Row]:
    child.get({"sheet": sheet})
    while rows := child.get({"rows": _AT_ONCE})["rows"]:
        yield from rows


def _record(header: tuple[str, ...], row: _Row) -> Record:
    """The record of a row, without any field if all of its cells are empty; else why it cannot be read."""
    if row is None:
        return TOO_LONG
    if all(cell in ("", None) for cell in row):
        return {}
    return {name: cell if cell != "" else None for name, cell in zip(header, row, strict=False)}


def looks_like(head: bytes) -> bool:
    """Whether it begins as Office documents do; what is in it is told by reading it."""
    return head.startswith(_SIGNS)


FORMAT = Format(
    "spreadsheet", (".xlsx", ".xlsm", ".xls", ".ods"), read, looks_like, binary=True, extra="tables"
)
