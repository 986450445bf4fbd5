"""Writes CSV and TSV for spreadsheets: one row per paper, lists joined, no line breaks in cells.

No cell is a formula: one that a spreadsheet would run gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection). Cards cannot be read back from it.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

from ..card import Card
from ..fields.spec import ARTIFACTS
from ..paper import Paper
from .escaping import plain
from .file_sink import FileSink
from .files import write_file
from .interface import Format, Output
from .own_columns import OwnColumns
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
        self._own = OwnColumns(output.fields)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row."""
        self._own.meet(card)
        header = b"" if self._file.size else self._header()
        self._file.append(header + line(row(card, self._own), self._separator))

    def close(self) -> None:
        """Rename the file into place; without cards it has only the header."""
        if not self._file.whole:
            self._file.commit(b"" if self._file.size else self._header())

    def _header(self) -> bytes:
        return self._start + line([*COLUMNS, *(one.name for one in self._own.columns)], self._separator)


def line(cells: Iterable[Cell], separator: str) -> bytes:
    """A line of CSV or TSV; no cell has a line break or is a formula."""
    text = StringIO()
    safe = [inert(plain(cell)) if isinstance(cell, str) else cell for cell in cells]
    csv.writer(text, delimiter=separator, lineterminator="\n").writerow(safe)
    return text.getvalue().encode()


def write_table(path: Path, rows: Iterable[Iterable[Cell]]) -> int:
    """Write any rows, the header first, as CSV, or as TSV to `NAME.tsv`; returns their number."""
    separator, count = "\t" if path.suffix.lower() in TSV.extensions else ",", 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for count, row in enumerate(rows, start=1):  # noqa: B007  (counted for the caller)
            yield line(row, separator)

    write_file(path, lines())
    return count


def inert(cell: str) -> str:
    """The text, escaped so that no spreadsheet treats it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def row(card: Card, own: OwnColumns) -> list[Cell]:
    """The cells of a card, in the order of `COLUMNS` and then of its own fields."""
    there = card.reproducibility
    found = overview(card) | {
        "claims": " | ".join(f"{claim.kind}: {claim.evidence.text}" for claim in card.claims),
        "links": list(dict.fromkeys(link.url for link in there.links)),
        "candidates": [f"{one.field}: {one.shown}" for one in card.candidates],
    }
    for kind in ARTIFACTS:
        said = there.artifact(kind).evidence
        found[f"{kind}_evidence"] = said.text if said else None
    cells = [*(found[name] for name in COLUMNS), *own.cells(card)]
    return ["; ".join(cell) if isinstance(cell, list) else cell for cell in cells]


CSV = Format("csv", (".csv",), lambda output: DelimitedSink(output, ","))
EXCEL = Format("csv-excel", (), lambda output: DelimitedSink(output, ",", excel=True))
TSV = Format("tsv", (".tsv", ".tab"), lambda output: DelimitedSink(output, "\t"))
