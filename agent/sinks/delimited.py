"""Writes CSV and TSV for spreadsheets: one row per paper, lists joined, no line breaks in cells.

No cell is a formula: one that a spreadsheet would run gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection). Cards cannot be read back from it.
"""

import codecs
import csv
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from ..card import Card
from ..fields.spec import ARTIFACTS
from ..paper import Paper
from .escaping import plain
from .file_sink import FileSink
from .files import PartialFile
from .interface import Format, Output
from .own_columns import OwnColumns, joined
from .relational import overview

COLUMNS = (
    "id", "citation_key", "title", "authors", "year", "venue", "url", "tldr",
    "main_task", "main_task_confidence", "tasks", "modalities", "contributions",
    "claims", "code", "code_evidence", "data", "data_evidence", "weights", "weights_evidence",
    "links", "flags",
    "model", "prompt", "taxonomy", "created",
    "calls", "prompt_tokens", "completion_tokens", "cost_usd", "seconds", "candidates",
    "date", "arxiv_id", "doi", "categories", "keywords", "pdf_url", "source",
    "license", "abstract_source", "same_as",
)  # fmt: skip
"""The header; see `docs/outputs.md` for the columns."""

_FORMULA = re.compile("[\t\r\n]|[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
"""First characters of a cell that a spreadsheet may take as a formula, or strip to find one; the last four
are full-width forms. Quotes and spaces before them make no difference."""

Cell = str | float | None


class DelimitedSink(FileSink):
    """Writes cards as rows."""

    def __init__(self, output: Output, separator: str, *, excel: bool = False) -> None:
        """`excel`: begin with a byte order mark, without which Excel takes UTF-8 for another encoding."""
        super().__init__(output)
        self._start = codecs.BOM_UTF8 if excel else b""
        self._separator = separator
        self._fields = output.fields
        self._own: OwnColumns | None = None

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row."""
        if self._own is None:
            self._own = OwnColumns(self._fields())
            self._own.meet(card)
            self._own.fix()
        self._own.meet(card)
        self._add([*row(card), *map(tidy, joined(self._own.cells(card)))])

    def close(self) -> None:
        """Rename the file into place; without cards it has only the header."""
        if not self._file.whole:
            self._file.commit(b"" if self._file.size else self._header())

    def _add(self, cells: Iterable[Cell]) -> None:
        header = b"" if self._file.size else self._header()
        self._file.append(header + self._line(cells))

    def _header(self) -> bytes:
        own = self._own.columns if self._own is not None else ()
        return self._start + self._line([*COLUMNS, *(one.name for one in own)])

    def _line(self, cells: Iterable[Cell]) -> bytes:
        return _line(cells, self._separator)


def _line(cells: Iterable[Cell], separator: str) -> bytes:
    line = StringIO()
    written = [inert(cell) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(line, delimiter=separator, lineterminator="\n").writerow(written)
    return line.getvalue().encode()


def write_table(path: Path, rows: Iterable[Iterable[Cell]]) -> int:
    """Write any rows, the header first, as CSV, or as TSV to `NAME.tsv`; returns their number."""
    file, count = PartialFile(path), 0
    try:
        for count, row in enumerate(rows, start=1):  # noqa: B007  (counted for the caller)
            file.append(_line(map(tidy, row), "\t" if path.suffix.lower() in TSV.extensions else ","))
        file.commit()
    finally:
        file.abandon()
    return count


def inert(cell: str) -> str:
    """The text, escaped so that no spreadsheet treats it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def row(card: Card) -> list[Cell]:
    """The cells of a card, in the order of `COLUMNS`, each on one line."""
    there = card.reproducibility
    found = overview(card) | {
        "claims": " | ".join(f"{claim.kind}: {claim.evidence.text}" for claim in card.claims),
        "links": list(dict.fromkeys(link.url for link in there.links)),
        "candidates": [f"{one.field}: {one.shown}" for one in card.candidates],
    }
    for kind in ARTIFACTS:
        said = there.artifact(kind).evidence
        found[f"{kind}_evidence"] = said.text if said else None
    return [tidy(cell) for cell in joined([found[name] for name in COLUMNS])]


def tidy(cell: Cell) -> Cell:
    """The cell on one line."""
    return plain(cell) if isinstance(cell, str) else cell


CSV = Format("csv", (".csv",), lambda output: DelimitedSink(output, ","))
EXCEL = Format("csv-excel", (), lambda output: DelimitedSink(output, ",", excel=True))
TSV = Format("tsv", (".tsv", ".tab"), lambda output: DelimitedSink(output, "\t"))
