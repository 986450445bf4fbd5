"""Parquet: a row a paper, nested columns by their dotted path.

Of each row group only the columns that a paper is made of are read, at most a few hundred rows at a time:
fewer where its pages are large, since a page of a few bytes may unpack to gigabytes, and one value may stand
for many rows.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput, MissingExtra
from .bounds import MAX_RECORD_BYTES, TOO_LONG
from .columns import BadRecord
from .interface import Format, Input, Records
from .parquet_pages import pages
from .tables import AT_ONCE, file_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

_BUFFER_BYTES = 1 << 20
"""Of a column that are read ahead; without it the whole column of a row group would be."""
_MAX_PAGE = 64 << 20
"""Bytes, unpacked; writers make pages of about 1 MB."""
_BATCH_BYTES = 64 << 20
"""That a few rows may take together."""


def read(source: Input) -> Records:
    """The papers of a Parquet file, rows counted from 1. Raises UsageError if a needed column is missing."""
    path = file_of(source, "a Parquet file")
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise MissingExtra("A Parquet file", "tables") from error
    try:
        file = ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"is no Parquet file that can be read: {error}", where=source.name) from error
    try:
        needed = source.columns.demand(tuple(file.schema_arrow.names), source.name)
    except BaseException:
        file.close()
        raise
    return _papers(source, file, needed)


def _papers(source: Input, file: "ParquetFile", needed: tuple[str, ...]) -> Records:
    import pyarrow as pa

    number = 0
    with file:
        try:
            for row in _rows(source, file, needed):
                number += 1
                where = f"{source.name}:{number}"
                if isinstance(row, str):
                    yield BadRecord(where, row)
                else:
                    yield source.columns.paper(row, where)
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            raise BadInput(
                f"cannot be read any further: {error}", where=f"{source.name}:{number + 1}"
            ) from error


def _rows(source: Input, file: "ParquetFile", needed: tuple[str, ...]) -> Iterator[dict[str, object] | str]:
    """Each row; instead of it, why it is none."""
    assert source.path is not None
    with source.path.open("rb") as stream:
        for group in range(file.num_row_groups):
            most = _at_once(source.name, file, stream, group, needed)
            for batch in file.iter_batches(batch_size=most, row_groups=[group], columns=list(needed)):
                yield from _of_batch(batch)


def _at_once(name: str, file: "ParquetFile", stream: BinaryIO, group: int, needed: tuple[str, ...]) -> int:
    """How many rows of a group may be read at a time. Raises BadInput for pages that no paper needs."""
    row_group = file.metadata.row_group(group)
    most = AT_ONCE
    for number in range(row_group.num_columns):
        column = row_group.column(number)
        path = column.path_in_schema
        if not any(path == one or path.startswith(f"{one}.") for one in needed):
            continue
        start = column.data_page_offset
        if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
            start = column.dictionary_page_offset
        found = pages(stream, start, column.total_compressed_size)
        if found.largest > _MAX_PAGE:
            raise BadInput(
                f"has a page that unpacks to {found.largest >> 20} MB, more than {_MAX_PAGE >> 20} MB",
                where=f"{name}, row group {group + 1}",
                next_step="Write it again with smaller pages",
            )
        most = min(most, max(1, _BATCH_BYTES // max(found.largest, 1)))
    return most


def _of_batch(batch: "pa.RecordBatch") -> Iterator[dict[str, object] | str]:
    if batch.num_rows > 1 and batch.nbytes > _BATCH_BYTES:
        for number in range(batch.num_rows):
            yield from _of_batch(batch.slice(number, 1))
        return
    if batch.num_rows == 1 and batch.nbytes > MAX_RECORD_BYTES:
        yield TOO_LONG
        return
    try:
        rows: list[dict[str, object]] = batch.to_pylist()
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            yield "is not valid UTF-8"  # which Parquet promises and nobody checks
            return
        for number in range(batch.num_rows):
            yield from _of_batch(batch.slice(number, 1))
    else:
        yield from rows


def looks_like(head: bytes) -> bool:
    """Whether it begins as Parquet does."""
    return head.startswith(b"PAR1")


def count(stream: BinaryIO) -> int:
    """Rows, as the file itself says."""
    from pyarrow.parquet import ParquetFile

    return int(ParquetFile(stream).metadata.num_rows)


FORMAT = Format("Parquet", (".parquet", ".pq"), read, looks_like, count, binary=True, extra="tables")
