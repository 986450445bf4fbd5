"""The process that reads Parquet with Arrow: it opens a file and returns its rows a few at a time.

Questions: `{"path": P}` for the names of a file's columns, `{"columns": [...]}` to choose columns,
`{"more": true}` for the next rows (none at the end). A text in place of a row gives the reason why it is bad.
Only the chosen columns of each row group are read, at most a few hundred rows at a time: fewer if its
pages are large, since a page of a few bytes may unpack to gigabytes, and one value may stand for many rows.
Run as `python -m papercards.sources.files.parquet_child`; ends when its input does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..bounds import MAX_RECORD_BYTES, TOO_LONG
from ..confined import Answer, Broken, serve
from ..tables import AT_ONCE
from .parquet_pages import largest_page

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

MEMORY_BYTES = 6 << 30
"""Limit of address space; Arrow reserves some gigabytes before it holds anything."""
_BUFFER_BYTES = 1 << 20
"""Bytes of a column that are read ahead; by default it would be the whole column of a row group."""
_MAX_PAGE = 64 << 20
"""Maximum unpacked bytes of a page; writers make pages of about 1 MB."""
_BATCH_BYTES = 64 << 20
"""Maximum bytes of a batch of rows."""

_Row = dict[str, object] | str


class Rows:
    """The open file and the position in it."""

    def __init__(self) -> None:
        self._path = Path()
        self._file: ParquetFile | None = None
        self._batches: Iterator[list[_Row]] = iter(())

    def answer(self, question: Answer) -> Answer:
        """The answer to one question. Raises whatever Arrow raises."""
        if "path" in question:
            from pyarrow.parquet import ParquetFile

            self._path = Path(question["path"])
            self._file = ParquetFile(self._path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
            return {"names": list(self._file.schema_arrow.names)}
        if "columns" in question:
            assert self._file is not None
            self._batches = _batches(self._path, self._file, question["columns"])
            return {"ok": True}
        return {"rows": next(self._batches, [])}


def _batches(path: Path, file: "ParquetFile", needed: Sequence[str]) -> Iterator[list[_Row]]:
    with path.open("rb") as stream:
        for group in range(file.num_row_groups):
            most = _at_once(file, stream, group, needed)
            for batch in file.iter_batches(most, [group], list(needed), use_threads=False):
                yield list(rows_of(batch))


def _at_once(file: "ParquetFile", stream: BinaryIO, group: int, needed: Sequence[str]) -> int:
    """Number of rows of a group to read at a time. Raises Broken if a page is too large."""
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
        largest = largest_page(stream, start, column.total_compressed_size)
        if largest > _MAX_PAGE:
            raise Broken(
                f"has a page that unpacks to {largest >> 20} MB, more than {_MAX_PAGE >> 20} MB, in row "
                f"group {group + 1}; write the file with smaller pages"
            )
        most = min(most, max(1, _BATCH_BYTES // max(largest, 1)))
    return most


def rows_of(batch: "pa.RecordBatch") -> Iterator[_Row]:
    """The rows of a batch, each a record or why it cannot be read."""
    if batch.num_rows > 1 and batch.nbytes > _BATCH_BYTES:
        for number in range(batch.num_rows):
            yield from rows_of(batch.slice(number, 1))
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
            yield from rows_of(batch.slice(number, 1))
    else:
        yield from rows


def _prepare() -> None:
    import pyarrow.parquet  # noqa: F401


if __name__ == "__main__":
    serve(Rows().answer, MEMORY_BYTES, _prepare, threads=True)
