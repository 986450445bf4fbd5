"""DuckDB: the tables of `relational`, lists as lists.

Neither keys nor indexes: DuckDB scans a column faster than it looks into one, and would hold them in memory.
"""

import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..card import Card, parse_card
from ..errors import BadInput, PapercardsError, importing
from ..paper import Paper
from .files import LibraryFile, refuse
from .interface import Format, Output
from .own_columns import OwnColumns
from .relational import PAPERS, TABLES, TEXTS, Column, Row, Table, rows

if TYPE_CHECKING:
    from types import ModuleType

    import duckdb
    import pyarrow as pa

_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "real": "DOUBLE", "list": "VARCHAR[]"}
_AT_ONCE = 2048
"""Cards that are written together, and in memory until then."""

_ERRNOS = {
    "No space left": errno.ENOSPC,
    "Read-only file system": errno.EROFS,
    "Permission denied": errno.EACCES,
    "File too large": errno.EFBIG,
}
"""What DuckDB quotes of the system."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 1,
    # Otherwise pages that were written or read stay in memory, up to most of the machine's.
    "memory_limit": "256MB",
}


class DuckdbSink:
    """Cards as rows of a DuckDB file."""

    def __init__(self, output: Output) -> None:
        self._library = _library()
        self._file = LibraryFile(output.path, beside=(".wal",))
        self.files: Sequence[LibraryFile] = (self._file,)
        self._count = 0
        self._own = OwnColumns()
        self._waiting: dict[str, list[Row]] = {table.name: [] for table in TABLES}
        self._database: duckdb.DuckDBPyConnection | None = None
        try:
            self._database = self._library.connect(self._file.place, config=_CONFIG)
            self._database.execute(";".join([*map(_schema, TABLES), TEXTS]))
        except self._library.Error as error:
            self.abandon()
            self._refuse(error)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a card to all tables; it is in the file with those that are written together with it."""
        new = self._own.meet(card)
        if new:
            self._flush()
            self._widen(new)
        for table, lines in rows(self._count + 1, card, paper):
            self._waiting[table.name] += lines
        if self._own.columns:
            papers = self._waiting[PAPERS.name]
            papers[-1] = (*papers[-1], *self._own.cells(card))
        self._count += 1
        if self._count % _AT_ONCE == 0:
            self._flush()

    def close(self) -> None:
        """Give the file its name."""
        if self._file.whole or self._database is None:
            return
        self._flush()
        try:
            # What is still in the log goes into the file.
            self._database.close()
        except self._library.Error as error:
            self._refuse(error)
        self._file.commit()

    def abandon(self) -> None:
        """Leave the cards in `NAME.partial`."""
        if self._file.whole:
            return
        if self._database is not None:
            with suppress(PapercardsError, self._library.Error):
                self._flush()
            with suppress(self._library.Error):
                self._database.close()
            self._database = None
        self._file.abandon(keep=self._count > 0)

    def _flush(self) -> None:
        import pyarrow as pa

        assert self._database is not None
        try:
            self._database.begin()
            for table in TABLES:
                own = self._own.columns if table is PAPERS else ()
                batch = _batch((*table.columns, *own), self._waiting[table.name])
                if batch.num_rows:
                    self._database.register("batch", batch)
                    self._database.execute(f"INSERT INTO {table.name} SELECT * FROM batch")  # noqa: S608
                    self._database.unregister("batch")
            self._database.commit()
        except (pa.ArrowException, OverflowError) as error:
            raise BadInput(
                f"a card has what DuckDB cannot hold: {error}", where=str(self._file.path)
            ) from error
        except self._library.Error as error:
            self._refuse(error)
        for waiting in self._waiting.values():
            waiting.clear()

    def _widen(self, new: Sequence[Column]) -> None:
        assert self._database is not None
        try:
            for one in new:
                self._database.execute(f'ALTER TABLE papers ADD COLUMN "{one.name}" {_TYPES[one.kind]}')
        except self._library.Error as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> NoReturn:
        words = _first_line(error)
        code = next((code for said, code in _ERRNOS.items() if said in words), 0)
        refuse(self._file.path, OSError(code, words))


def _library() -> "ModuleType":
    with importing("A DuckDB file", "tables"):
        import duckdb
        import pyarrow  # noqa: F401  (how rows get into it at speed)
    return duckdb


def _schema(table: Table) -> str:
    columns = [f'"{one.name}" {_TYPES[one.kind]}' for one in table.columns]
    comments = [
        f"COMMENT ON COLUMN {table.name}.\"{one.name}\" IS '{one.about.replace(chr(39), chr(39) * 2)}'"
        for one in table.columns
    ]
    return ";\n".join([f"CREATE TABLE {table.name} ({', '.join(columns)})", *comments])


def _batch(columns: Sequence[Column], lines: Sequence[Row]) -> "pa.Table":
    import pyarrow as pa

    types = {"text": pa.string(), "integer": pa.int64(), "real": pa.float64(), "list": pa.list_(pa.string())}
    cells_by_column = list(zip(*lines, strict=True)) or [()] * len(columns)
    return pa.table(
        {
            column.name: pa.array(cells, types[column.kind])
            for column, cells in zip(columns, cells_by_column, strict=True)
        }
    )


def read(path: Path) -> Iterator[Card]:
    """The cards of such a file, in their order. Raises BadInput where it holds none."""
    duckdb = _library()
    number = 0
    try:
        with duckdb.connect(
            path, read_only=True, config=_CONFIG | {"enable_external_access": False}
        ) as database:
            # In the order of writing, as one thread gives them; to sort them would need room for all.
            database.execute("SELECT card FROM cards")
            while found := database.fetchmany(256):
                for (card,) in found:
                    number += 1
                    yield parse_card(card, f"{path}:cards:{number}")
    except duckdb.Error as error:
        raise BadInput(f"is no DuckDB file of cards: {_first_line(error)}", where=str(path)) from error


def _first_line(error: Exception) -> str:
    """Of what DuckDB says, without its class; the rest quotes SQL."""
    return str(error).partition("\n")[0].partition(" Error: ")[2] or "DuckDB refuses it"


FORMAT = Format("duckdb", (".duckdb", ".ddb"), DuckdbSink, read, extra="tables", repeatable=False)
