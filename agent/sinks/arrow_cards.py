"""Writes cards to Parquet files by row groups, and reads them back.

The schema follows from the card, with lists of structs and nothing flattened, so that cards read back are
equal.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from ..card import SCHEMA_VERSION, Card, parse_card
from ..errors import BadInput, PapercardsError, StorageError, importing
from ..paper import Paper
from .files import PartialFile
from .own_columns import OwnColumns
from .relational import Column

if TYPE_CHECKING:
    import pyarrow as pa
    from _typeshed import ReadableBuffer
    from pyarrow.parquet import ParquetWriter

ROW_GROUP = 8192
"""Cards per row group: about 30 MB before compression, the maximum in memory."""

_OWN = "papercards.own"
"""Key of the file's metadata for the names of the columns of own fields."""
_BATCH = 256
"""Number of cards held as Python objects."""


class CardsFile:
    """A sink, and a part of one: a Parquet file being written.

    Raises MissingExtra without pyarrow; every method raises StorageError if it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        within: Path | None = None,
        fields: Callable[[], tuple[Column, ...]] = tuple,
    ) -> None:
        """`within`: as `PartialFile` has it; `fields`: the columns of own fields that cards may have."""
        self._schema = schema()
        self._own = OwnColumns(fields)
        self.file = PartialFile(path, within=within)
        self.files: Sequence[PartialFile] = (self.file,)
        self.count = 0
        """Number of cards so far."""
        self._stream = _Stream(self.file)
        self._settled = False
        self._writer: ParquetWriter | None = None
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []

    def write(self, card: Card, paper: Paper | None = None) -> None:
        """Add a card; it is written with its row group."""
        self._own.meet(card)
        if not self.count:
            self._schema = schema(self._own.columns)
        self._rows.append(_row(card, self._own))
        self.count += 1
        if len(self._rows) == _BATCH:
            self._pack()
            if len(self._batches) * _BATCH >= ROW_GROUP:
                self._flush()

    def settle(self) -> None:
        """Write the rest and flush it to disk; no more cards can be added."""
        if not self._settled:
            if not self._stream.live:
                raise StorageError("could not be completed", where=str(self.file.path))
            self._pack()
            self._flush()
            self._opened().close()
            self._settled = True
        self.file.settle()

    def close(self) -> None:
        """Flush the file and rename it into place."""
        self.settle()
        self.file.commit()

    def abandon(self) -> None:
        """Stop; the cards stay in `NAME.partial`, which is complete, or nothing stays."""
        import pyarrow as pa

        with suppress(PapercardsError, pa.ArrowException):
            if self.count:
                self.settle()
        self._stream.live = False
        if self._writer is not None:
            # Else it would write once more when it is collected.
            self._writer.is_open = False
        self.file.abandon()

    def _pack(self) -> None:
        import pyarrow as pa

        if self._rows:
            try:
                self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            except (pa.ArrowException, OverflowError) as error:
                raise BadInput(
                    f"a card cannot be stored in Parquet: {error}", where=str(self.file.path)
                ) from error
            self._rows = []

    def _flush(self) -> None:
        import pyarrow as pa

        if self._batches:
            table = pa.Table.from_batches(self._batches, self._schema)
            self._opened().write_table(table, row_group_size=ROW_GROUP)
            self._batches = []

    def _opened(self) -> "ParquetWriter":
        """The writer, created at first use."""
        from pyarrow.parquet import ParquetWriter

        if self._writer is None:
            self._writer = ParquetWriter(self._stream, self._schema, compression="zstd")
        return self._writer


def _row(card: Card, own: OwnColumns) -> dict[str, Any]:
    row = card.model_dump(by_alias=True)
    if card.fields:
        row["fields"] = json.dumps(row["fields"], ensure_ascii=False)
    names = (one.name for one in own.columns)
    return row | dict(zip(names, own.cells(card), strict=True))


class _Stream(io.RawIOBase):
    """The stream that the library writes to. After an error it discards everything."""

    def __init__(self, file: PartialFile) -> None:
        self._file = file
        self.live = True

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.size

    def write(self, data: "ReadableBuffer") -> int:
        view = memoryview(data).cast("B")
        if self.live:
            try:
                self._file.append(bytes(view))
            except BaseException:
                self.live = False
                raise
        return len(view)


def schema(own: Sequence[Column] = ()) -> "pa.Schema":
    """The Arrow schema of a card with these columns of own fields. Raises MissingExtra without pyarrow."""
    with importing("A Parquet file", "tables"):
        import pyarrow as pa
    types = {"text": pa.string(), "integer": pa.int64(), "real": pa.float64(), "list": pa.list_(pa.string())}
    fields = [one for one in _fields(Card) if own or one.name != "fields"]
    wide = [pa.field(one.name, types[one.kind]) for one in own]
    about = {"papercards.card": str(SCHEMA_VERSION), _OWN: json.dumps([one.name for one in own])}
    return pa.schema([*fields, *wide], metadata=about if own else {"papercards.card": str(SCHEMA_VERSION)})


def _fields(record: type) -> list["pa.Field"]:
    import pyarrow as pa

    if is_dataclass(record):
        return [pa.field(name, _type(one)) for name, one in get_type_hints(record).items() if name[:1] != "_"]
    assert issubclass(record, BaseModel)
    return [
        pa.field(field.serialization_alias or name, _type(field.annotation))
        for name, field in record.model_fields.items()
    ]


def _type(annotation: Any) -> "pa.DataType":
    import pyarrow as pa

    plain = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if annotation in plain:
        return plain[annotation]
    if isinstance(annotation, type) and (is_dataclass(annotation) or issubclass(annotation, BaseModel)):
        return pa.struct(_fields(annotation))
    inner = get_args(annotation)
    if get_origin(annotation) is Literal:
        return pa.string()
    if get_origin(annotation) is Mapping:
        return pa.string()  # JSON, since each of a card's own fields has a type of its own
    if get_origin(annotation) is tuple:
        return pa.list_(_type(inner[0]))
    if get_origin(annotation) in (Union, UnionType):
        (one,) = (part for part in inner if part is not NoneType)
        return _type(one)
    raise TypeError(f"no column type for {annotation}")


def read(path: Path) -> Iterator[Card]:
    """The cards of a Parquet file. Raises BadInput with the row that is not a card."""
    with importing("A Parquet file", "tables"):
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile
    number = 0
    try:
        with ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            own = json.loads((file.schema_arrow.metadata or {}).get(_OWN.encode(), b"[]"))
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    for name in own:
                        row.pop(name, None)
                    yield parse_card(row, f"{path}:{number}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read as Parquet: {error}", where=f"{path}:{number + 1}") from error
