"""The process that reads spreadsheets, by calamine: it holds a sheet, and gives its rows a few at a time.

Questions: `{"path": P}` for the names of a file's sheets, `{"sheet": NAME}` to open one of them,
`{"rows": N}` for its next rows, none of them at the end. A row with a cell that is too long is null.
Run as `python -m papercards.sources.files.sheet_child`; ends when its input does.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..bounds import MAX_RECORD_BYTES
from ..confined import Answer, serve

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MEMORY_BYTES = 3 << 30


class Sheets:
    """The file and the sheet that are open."""

    def __init__(self) -> None:
        self._book: CalamineWorkbook | None = None
        self._rows: Iterator[list[object]] = iter(())

    def answer(self, question: Answer) -> Answer:
        """The answer to one question. Raises whatever calamine raises."""
        if "path" in question:
            import python_calamine

            self._rows = iter(())
            self._book = python_calamine.CalamineWorkbook.from_path(question["path"])
            return {"sheets": self._book.sheet_names}
        if "sheet" in question:
            assert self._book is not None
            sheet = self._book.get_sheet_by_name(question["sheet"])
            # It leaves out the empty rows and columns before the first cell.
            above, left = sheet.start or (0, 0)
            self._rows = _shifted(sheet.iter_rows(), above, left)
            return {"ok": True}
        rows: list[list[object] | None] = []
        left = MAX_RECORD_BYTES
        while left > 0 and len(rows) < question["rows"] and (row := next(self._rows, None)) is not None:
            size = sum(len(cell) for cell in row if isinstance(cell, str))
            rows.append(row if size <= MAX_RECORD_BYTES else None)
            left -= min(size, MAX_RECORD_BYTES)
        return {"rows": rows}


def _shifted(rows: Iterable[Sequence[object]], above: int, left: int) -> Iterator[list[object]]:
    for _ in range(above):
        yield []
    for row in rows:
        yield [*[None] * left, *row]


def _prepare() -> None:
    import python_calamine  # noqa: F401


if __name__ == "__main__":
    serve(Sheets().answer, MEMORY_BYTES, _prepare)
