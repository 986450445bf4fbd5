"""Parquet: a row a paper, nested columns by their dotted path.

Of each row group only the columns that a paper is made of are read, a few hundred rows at a time.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput, MissingExtra
from .columns import BadRecord
from .interface import Format, Input, Records
from .tables import AT_ONCE, file_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

_BUFFER_BYTES = 1 << 20
"""Of a column that are read ahead; without it the whole column of a row group would be."""


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
            for row in _rows(file, needed):
                number += 1
                where = f"{source.name}:{number}"
                if row is None:
                    yield BadRecord(where, "is not valid UTF-8")
                else:
                    yield source.columns.paper(row, where)
        except (pa.ArrowException, OSError) as error:
            raise BadInput(
                f"cannot be read any further: {error}", where=f"{source.name}:{number + 1}"
            ) from error


def _rows(file: "ParquetFile", needed: tuple[str, ...]) -> Iterator[dict[str, object] | None]:
    """Each row; None where its text is no UTF-8, which Parquet promises and nobody checks."""
    for group in range(file.num_row_groups):
        for batch in file.iter_batches(batch_size=AT_ONCE, row_groups=[group], columns=list(needed)):
            yield from _of_batch(batch)


def _of_batch(batch: "pa.RecordBatch") -> Iterator[dict[str, object] | None]:
    try:
        rows: list[dict[str, object]] = batch.to_pylist()
    except UnicodeDecodeError:
        if batch.num_rows == 1:
            yield None
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
