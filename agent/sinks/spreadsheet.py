"""Writes a workbook for Excel, LibreOffice and others: the columns of CSV, one row per paper.

Every cell is a text or a number, never a formula and never a link. Rows go to disk as they come. Cards cannot
be read back from it.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from ..card import Card
from ..errors import StorageError, importing
from ..paper import Paper
from .delimited import COLUMNS, Cell, row
from .escaping import plain
from .files import LibraryFile, refuse
from .interface import Format, Output
from .own_columns import OwnColumns

_MOST_ROWS = 1_048_575
"""Rows of a sheet, without the header."""
_MOST_CHARACTERS = 32_767
"""Characters of a cell; a longer text is cut."""
_WIDTHS = {"title": 50, "tldr": 60, "authors": 30, "venue": 24, "claims": 60, "year": 7}
_WIDTH = 14
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)
"""Written in place of the time, so that the same cards give the same bytes."""


class SpreadsheetSink:
    """Writes cards as rows of a sheet."""

    def __init__(self, output: Output) -> None:
        with importing("An .xlsx file", "tables"):
            import xlsxwriter
        self._file = LibraryFile(output.path)
        self.files: Sequence[LibraryFile] = (self._file,)
        self._count = 0
        self._book: Any = xlsxwriter.Workbook(str(self._file.place), _OPTIONS)
        self._book.set_properties({"created": _CREATED})
        self._sheet = self._book.add_worksheet("Papers")
        self._sheet.freeze_panes(1, 0)
        self._own = OwnColumns(output.fields)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row. Raises StorageError if the sheet is full."""
        if self._count == _MOST_ROWS:
            raise StorageError(
                f"a sheet has at most {_MOST_ROWS:,} rows",
                where=str(self._file.path),
                next_step="Write CSV or Parquet",
            )
        self._own.meet(card)
        if not self._count:
            self._begin()
        self._count += 1
        self._add(self._count, row(card, self._own))

    def close(self) -> None:
        """Finish the workbook and give it its name."""
        if self._file.whole:
            return
        if not self._count:
            self._begin()
        self._sheet.autofilter(0, 0, max(self._count, 1), self._width - 1)
        self._end()
        self._file.commit()

    def abandon(self) -> None:
        """Stop; the rows stay in `NAME.partial`, a complete workbook, if there are any."""
        if self._file.whole:
            return
        with suppress(StorageError):
            self._end()
        self._file.abandon(keep=self._count > 0)

    def _begin(self) -> None:
        """Write the header, whose last columns are own fields."""
        names = [*COLUMNS, *(one.name for one in self._own.columns)]
        self._width = len(names)
        for at, name in enumerate(names):
            self._sheet.set_column(at, at, _WIDTHS.get(name, _WIDTH))
        self._add(0, names)

    def _end(self) -> None:
        from xlsxwriter.exceptions import XlsxWriterException

        if self._book.fileclosed:
            return
        try:
            self._book.close()
        except (OSError, XlsxWriterException) as error:
            refuse(self._file.path, error if isinstance(error, OSError) else OSError(str(error)))

    def _add(self, number: int, cells: Sequence[Cell]) -> None:
        for at, cell in enumerate(cells):
            if isinstance(cell, str):
                text = plain(cell)
                cut = text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}\u2026"
                self._sheet.write_string(number, at, cut)
            elif cell is not None:
                self._sheet.write_number(number, at, cell)


FORMAT = Format("xlsx", (".xlsx",), SpreadsheetSink, extra="tables")
