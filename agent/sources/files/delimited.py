"""Reads CSV and TSV: a header line, then one row per paper.

The separator of a `.csv` is the one among `,` `;` `|` and tab that fits the header, since spreadsheets write
the separator of their locale. Lines before the header, such as Excel's `sep=;`, are skipped. A row with more
cells than the header is refused: an unquoted comma would cut the abstract unnoticed.
"""

import csv
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from ...errors import BadInput
from ..bounds import MAX_RECORD_BYTES, TOO_LONG, TooLarge
from ..categories import Wanted
from ..columns import BadRecord, Columns, unique
from ..interface import Format, Input, Records
from ..lines import raw_lines, text_of

if TYPE_CHECKING:
    from _csv import Reader

_SEPARATORS = ",;\t|"
_EXCELS = re.compile(r"\s*\"?sep=.\"?\s*", re.IGNORECASE)
"""A first line that tells Excel the separator."""
_PREAMBLE = 12
"""Maximum number of lines before the header."""


class _Lines:
    """Lines as text, with state about the current row that the csv module does not provide."""

    def __init__(self, lines: Iterator[bytes | None]) -> None:
        self._lines = lines
        self.fault = ""
        """Why the current row is bad; cleared by the reader of the row."""
        self.ended = False
        self.size = 0
        """Size of the row so far in bytes; cleared by the reader of the row."""
        self._before: list[str] = []

    def again(self, lines: list[str]) -> None:
        """Put back lines that were looked at."""
        self._before = lines[::-1]
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._before:
            return self._before.pop()
        try:
            line = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        if line is None:
            self.fault = TOO_LONG
            return "\n"
        self.size += len(line)
        if self.size > MAX_RECORD_BYTES:
            # The csv module lets go of the row, and begins with the next line.
            raise TooLarge
        text = text_of(line)
        if text is None:
            self.fault = self.fault or "is not valid UTF-8; save it as UTF-8"
            return line.decode("utf-8", "replace")
        return text


def read(source: Input) -> Records:
    """The papers of a CSV or TSV file. Raises UsageError if a column that it needs is missing."""
    # One for the whole process: the csv module has no other way.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
    lines = _Lines(raw_lines(source.stream))
    skipped: list[str] = []
    for first in lines:
        if first.strip() and not _EXCELS.fullmatch(first):
            break
        skipped.append("\n")
    else:
        raise BadInput("is empty", where=source.name)
    separator = max(_SEPARATORS, key=lambda s: _fitness(first, s, source.columns))
    needed = len(source.columns.needed)
    before = [first]
    # Databases put lines about the export before the header.
    for line in islice(lines, 0 if all(_fitness(first, separator, source.columns)[:needed]) else _PREAMBLE):
        before.append(line)
        found = max(_SEPARATORS, key=lambda s: _fitness(line, s, source.columns))
        if all(_fitness(line, found, source.columns)[:needed]):
            skipped += ["\n"] * (len(before) - 1)
            first, separator, before = line, found, [line]
            break
    lines.again(before[1:])
    rows = csv.reader(chain(skipped, [first], lines), delimiter=separator)
    try:
        header = unique(next(row for row in rows if row))
    except csv.Error as error:
        raise BadInput(f"cannot read the header: {error}", where=source.name) from error
    if lines.fault:
        raise BadInput(f"the header {lines.fault}", where=f"{source.name}:{rows.line_num}")
    source.columns.demand(tuple(header), source.name)
    return _papers(source, header, rows, lines, separator)


def _papers(source: Input, header: list[str], rows: "Reader", lines: _Lines, separator: str) -> Records:
    width = len(header)
    wanted = Wanted(source.options.categories)
    while True:
        where = f"{source.name}:{rows.line_num + 1}"
        lines.fault = ""
        lines.size = 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRecord(where, f"cannot read the row: {error}")
            continue
        except TooLarge:
            yield BadRecord(where, TOO_LONG)
            continue
        if lines.fault:
            yield BadRecord(where, lines.fault)
        elif lines.ended:
            # A row that is complete does not make the reader ask for another line.
            yield BadRecord(where, "a quote opens in this row and never closes; the rest was skipped")
        elif len(row) > width and any(cell.strip() for cell in row[width:]):
            shown = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[separator]
            yield BadRecord(
                where,
                f"the row has {len(row)} cells, the header {width}: a cell that contains a {shown} needs "
                "quotes",
            )
        elif any(cell.strip() for cell in row):
            record = dict(zip(header, row, strict=False))
            if wanted.has_record(record):
                yield source.columns.paper(record, where)


def _fitness(line: str, separator: str, columns: Columns) -> tuple[bool, bool, int]:
    try:
        names = next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return False, False, 0
    choice = columns.choose(tuple(unique(names)))
    return choice.title is not None, choice.abstract is not None, len(names)


def looks_like(head: bytes) -> bool:
    """Whether the first line is a header with a title and an abstract, and the second has as many cells."""
    first, _, rest = head.decode("utf-8", "replace").lstrip().partition("\n")
    if _EXCELS.fullmatch(first):
        return True
    separator = max(_SEPARATORS, key=lambda s: _fitness(first, s, Columns()))
    if len(first) > 2000 or separator not in first:
        return False
    fits = all(_fitness(first, separator, Columns())[:2])
    cells = first.count(separator)
    return fits and (cells > 3 or separator == "\t" or rest.partition("\n")[0].count(separator) >= cells)


FORMAT = Format("CSV or TSV", (".csv", ".tsv", ".tab"), read, looks_like)
