"""Reads spreadsheets (XLSX, XLS and ODS) with calamine, one row per paper.

The sheet is the one that was asked for (`--table`), else the first with a title and an abstract. Its header
is the first row that names both; rows above it are passed over. Sheets are held in memory, as their format
wants.
"""

from typing import TYPE_CHECKING

from ..errors import BadInput, MissingExtra, UsageError
from .columns import quoted, unique
from .interface import Format, Input, Records
from .tables import file_of

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_FIRST_ROWS = 20
"""In which a header is looked for."""
_MAX_BYTES = 256 << 20
_SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def read(source: Input) -> Records:
    """The papers of a sheet. Raises UsageError where no sheet has a title and an abstract."""
    path = file_of(source, "a spreadsheet")
    try:
        import python_calamine
    except ImportError as error:
        raise MissingExtra("A spreadsheet", "tables") from error
    if path.stat().st_size > _MAX_BYTES:
        raise BadInput("is a spreadsheet of more than 256 MB", where=source.name, next_step="Save it as CSV")
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
    except Exception as error:  # its errors have no common class
        raise BadInput(f"is not a readable spreadsheet: {error}", where=source.name) from error
    wanted = source.options.table
    if wanted is not None and wanted not in book.sheet_names:
        raise UsageError(
            f'has no sheet "{wanted}"',
            where=source.name,
            next_step=f"Its sheets are: {quoted(book.sheet_names)}",
        )
    for name in [wanted] if wanted is not None else book.sheet_names:
        rows = _rows(book, name)
        for number, row in enumerate(rows[:_FIRST_ROWS]):
            header = tuple(unique(row))
            if source.columns.fit(header):
                place = source.name if len(book.sheet_names) == 1 else f"{source.name}:{name}"
                return _papers(source, place, header, rows, number + 1)
    first = _rows(book, wanted or book.sheet_names[0]) if book.sheet_names else []
    if not first:
        raise BadInput("is empty", where=source.name)
    source.columns.demand(tuple(unique(first[0])), source.name)
    raise BadInput("no sheet has a title and an abstract", where=source.name)


def _rows(book: "CalamineWorkbook", name: str) -> list[list[object]]:
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return [list[object](row) for row in rows]


def _papers(
    source: Input, place: str, header: tuple[str, ...], rows: list[list[object]], begin: int
) -> Records:
    for number in range(begin, len(rows)):
        row, rows[number] = rows[number], []
        if any(cell not in ("", None) for cell in row):
            record = {name: cell if cell != "" else None for name, cell in zip(header, row, strict=False)}
            yield source.columns.paper(record, f"{place}:{number + 1}")


def looks_like(head: bytes) -> bool:
    """Whether it begins as Office documents do; what is in it is told by reading it."""
    return head.startswith(_SIGNS)


FORMAT = Format(
    "spreadsheet", (".xlsx", ".xlsm", ".xls", ".ods"), read, looks_like, binary=True, extra="tables"
)
