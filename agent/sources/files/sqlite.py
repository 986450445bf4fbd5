"""SQLite: one paper per row of a table, or of a view if it was chosen. The file is opened read-only.

`where` is `papers.db:TABLE:ROW`, rows counted from 1 as the table gives them.
"""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from ..bounds import MAX_RECORD_BYTES, TOO_LONG, computed
from ..interface import Format, Input, Records
from ..tables import AT_ONCE, Chosen, Opened, Record, chosen, file_of, quote

_Row = tuple[object, ...]
Result = TypeVar("Result")


def read(source: Input) -> Records:
    """The papers of one table. Raises UsageError if it is not clear which, or a column is missing."""
    path = file_of(source, "an SQLite file")
    with Opened(source, (sqlite3.Error, UnicodeDecodeError), "is not a readable SQLite file:") as opened:
        address = f"{path.resolve().as_uri()}?mode=ro"
        # Other threads than this one take the rows.
        connection = opened.keep(sqlite3.connect(address, uri=True, check_same_thread=False))
        # Views and defaults are a stranger's code.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_RECORD_BYTES)
        # Bytes that are not UTF-8 become lone surrogates, which spoil their record and not the file.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        tables, views = _tables(connection, "table"), _tables(connection, "view")
        table = chosen(source, connection, tables, views, quote)
    records: Iterator[Record] = (
        TOO_LONG if row is None else dict(zip(table.columns, row, strict=True))
        for row in _rows(connection, table)
    )
    return opened.papers(table.place, records)


def _tables(connection: sqlite3.Connection, kind: str) -> dict[str, tuple[str, ...]]:
    """The columns of each table, without those that are indexes for search; or of each view."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid",
        (kind,),
    ).fetchall()
    info = "SELECT name FROM pragma_table_info(?)"
    return {name: tuple(column for (column,) in connection.execute(info, (name,))) for (name,) in names}


def _rows(connection: sqlite3.Connection, table: Chosen) -> Iterator[_Row | None]:
    """Each row; None for one that is longer than a record may be."""
    columns = ", ".join(map(quote, table.columns))
    sql = f"SELECT {columns} FROM {table.query} LIMIT ? OFFSET ?"  # noqa: S608
    given = 0

    def taken(call: Callable[[], Result]) -> Result:
        return computed(call, f"{table.place}:{given + 1}", connection.interrupt)

    while True:
        try:
            cursor = taken(partial(connection.execute, sql, (-1, given)))
            while rows := taken(partial(cursor.fetchmany, AT_ONCE)):
                given += len(rows)
                yield from rows
            return
        except sqlite3.DataError:
            pass
        # With a row that is too long, those are lost that were fetched with it: they come one by one.
        for _ in range(AT_ONCE + 1):
            try:
                rows = taken(partial(connection.execute, sql, (1, given))).fetchall()
            except sqlite3.DataError:
                yield None
                given += 1
                break
            if not rows:
                return
            given += 1
            yield rows[0]


def looks_like(head: bytes) -> bool:
    """Whether it begins as SQLite 3 files do."""
    return head.startswith(b"SQLite format 3\0")


FORMAT = Format("SQLite", (".db", ".sqlite", ".sqlite3"), read, looks_like, binary=True)
