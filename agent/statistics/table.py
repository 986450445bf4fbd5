"""Writes shares as a table: CSV, TSV, JSON or JSONL.

No cell of CSV is a formula, see `sinks/delimited.py`.

Knows shares. Knows no drawings.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..sinks.delimited import line
from .shares import Row, Statistics

FORMATS = (".csv", ".tsv", ".json", ".jsonl")

_COLUMNS = tuple("feature n count unknown share low high method labelled weight marks".split())
_DIGITS = 6


def written(found: Statistics, kind: str) -> Iterator[bytes]:
    """The content of a file of one of the `FORMATS`; in CSV, a group without a value has an empty cell."""
    if kind == ".json":
        about = {name: value for name, value in asdict(found).items() if name != "rows"}
        rows = [record(found, row) for row in found.rows]
        yield json.dumps({**about, "rows": rows}, ensure_ascii=False, indent=1).encode() + b"\n"
    elif kind == ".jsonl":
        for row in found.rows:
            yield json.dumps(record(found, row), ensure_ascii=False).encode() + b"\n"
    else:
        separator = "\t" if kind == ".tsv" else ","
        yield line((*found.by, *_COLUMNS), separator)
        for row in found.rows:
            cells = record(found, row) | {"marks": "; ".join(row.marks)}
            yield line(cells.values(), separator)


def record(found: Statistics, row: Row) -> dict[str, Any]:
    """A row by the names of its columns, the groupings first."""
    cells = dict(zip(found.by, row.group, strict=True))
    for name in _COLUMNS:
        value = getattr(row, name)
        cells[name] = round(value, _DIGITS) if isinstance(value, float) else value
    return cells
