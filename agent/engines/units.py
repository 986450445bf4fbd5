"""Cuts files of papers into pieces that workers read at the same time, by path or by address.

JSONL (also an arXiv dump) is cut at line ends, Parquet into row groups, CSV and compressed files into whole
files. The papers, and the places that errors name, are those of one process that reads the whole file.

Knows files and papers. Knows no engine.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import BadInput, PapercardsError, UsageError
from ..sources import BadRecord, NoPapers, Options, open_stream
from ..sources.columns import Columns
from ..sources.local_ids import LocalIds
from .place import Place
from .work import Record

LINES = (".jsonl", ".ndjson", ".json")
ROWS = (".parquet", ".pq")
WHOLE = (".csv", ".tsv", ".jsonl.gz", ".csv.gz", ".tsv.gz")
PIECE_BYTES = 32 << 20
"""Bytes of a piece of JSONL."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a file."""

    address: str
    start: int = 0
    """First byte, or row group."""
    stop: int | None = None
    """One past the last one; None for the whole file."""
    before: int = 0
    """Lines or rows of the file before it."""
    name: str = ""
    """The file as the user named it, for places; the address where empty."""

    @property
    def rows(self) -> bool:
        """Whether it is a row group."""
        return _ends(self.address, ROWS)

    @property
    def _split(self) -> tuple[Place, str]:
        folder, _, name = self.address.rpartition("/")
        return Place(folder), name


def units(source: str, limit: int = PIECE_BYTES) -> list[Unit] | None:
    """The pieces of a file, a folder or a pattern; None for a source that only one process can read.

    Raises UsageError if there is no such file, BadInput for a broken Parquet file.
    """
    found: list[Unit] = []
    for address, size in _files(source) or ():
        if _ends(address, ROWS):
            found += _row_groups(address)
        elif _ends(address, LINES) and size > limit and _first(address) == b"{":
            found += [Unit(address, at, min(at + limit, size)) for at in range(0, size, limit)]
        else:
            found.append(Unit(address))
    return found or None


def _ends(address: str, endings: tuple[str, ...]) -> bool:
    return address.lower().endswith(endings)


def _files(source: str) -> list[tuple[str, int]] | None:
    every = LINES + ROWS + WHOLE
    if "://" not in source:
        path = Path(source).absolute()
        if path.is_file() and _ends(path.name, every):
            return [(str(path), path.stat().st_size)]
        return None  # folders and patterns are the sources' own work
    name = PurePosixPath(source).name
    if not _ends(name, every):
        found = [
            (f"{source.rstrip('/')}/{one}", size)
            for one, size in Place(source).files().items()
            if _ends(one, every)
        ]
        if not found:
            raise UsageError(
                "has no JSONL, CSV or Parquet files", where=source, next_step="Check the address"
            )
        return found
    folder = source.rpartition("/")[0]
    names = Place(folder).files()
    if name not in names:
        raise UsageError("no such file", where=source, next_step="Check the address")
    return [(source, names[name])]


def _first(address: str) -> bytes:
    place, name = Unit(address)._split
    with place.open(name) as stream:
        head: bytes = stream.read(4096)
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


def _row_groups(address: str) -> Iterator[Unit]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    place, name = Unit(address)._split
    before = 0
    with place.open(name) as stream:
        try:
            about = ParquetFile(stream).metadata
        except (ArrowException, OSError) as error:
            raise BadInput(f"is not a readable Parquet file: {error}", where=address) from error
        for group in range(about.num_row_groups):
            yield Unit(address, group, group + 1, before)
            before += about.row_group(group).num_rows


def starts(unit: Unit) -> int:
    """Number of lines that begin in a piece of JSONL: what later pieces count from."""
    assert unit.stop is not None
    place, name = unit._split
    with place.open(name) as stream:
        stream.seek(max(0, unit.start - 1))
        left, count = unit.stop - 1 - max(0, unit.start - 1), int(unit.start == 0)
        while left > 0 and (content := stream.read(min(left, 1 << 20))):
            count += content.count(b"\n")
            left -= len(content)
    return count


def records(unit: Unit, options: Options) -> Iterator[Record]:
    """The papers of a piece, in order; a file that cannot be read is one bad record."""
    place, name = unit._split
    try:
        with place.open(name) as stream:
            if unit.rows:
                found = _of_rows(unit, stream, options)
            else:
                piece = stream if unit.stop is None else _lines(unit, stream)
                if piece is None:
                    return
                found = open_stream(unit.name or unit.address, piece, options, lines_before=unit.before)
            yield from LocalIds().apart(found)
    except PapercardsError as error:
        if isinstance(error, NoPapers) and unit.stop is not None:
            return
        step = f". {error.next_step}" if error.next_step else ""
        yield BadRecord(error.where or unit.address, error.message + step)


def _lines(unit: Unit, stream: Any) -> Any:
    """The lines that begin in a piece, the last one whole; None if none does."""
    assert unit.stop is not None
    stream.seek(max(0, unit.start - 1))
    if unit.start:
        stream.readline()
    begin = stream.tell()
    content = stream.read(max(0, unit.stop - begin))
    if content and not content.endswith(b"\n"):
        content += stream.readline()
    return io.BytesIO(content) if content else None


def _of_rows(unit: Unit, stream: Any, options: Options) -> Iterator[Record]:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    from ..sources import judged
    from ..sources.files.parquet_child import rows_of

    shown = unit.name or unit.address

    def found() -> Iterator[Record]:
        file = ParquetFile(stream)
        columns = Columns(options.columns)
        needed = columns.demand(tuple(file.schema_arrow.names), shown)
        number = unit.before
        try:
            for batch in file.iter_batches(256, [unit.start], list(needed), use_threads=False):
                for row in rows_of(batch):
                    number += 1
                    where = f"{shown}:{number}"
                    yield BadRecord(where, row) if isinstance(row, str) else columns.paper(row, where)
        except (ArrowException, OSError) as error:
            raise BadInput(f"cannot read further: {error}", where=f"{shown}:{number + 1}") from error

    return judged(found()) if options.judged else found()
