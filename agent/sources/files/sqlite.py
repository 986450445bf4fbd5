"""SQLite: one paper per row of a table, or of a view if it was chosen. The file is opened read-only.

`where` is `papers.db:TABLE:ROW`, rows counted from 1 as the table gives them.
"""

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from ...errors import BadInput
from ..bounds import MAX_RECORD_BYTES, TOO_LONG, computed
from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..tables import AT_ONCE, check_abstracts, choose_table, file_of, quote

_Row = tuple[object, ...]
Result = TypeVar("Result")


def read(source: Input) -> Records:
    """The papers of one table. Raises UsageError if it is not clear which, or a column is missing."""
    path = file_of(source, "an SQLite file")
    connection = None
    try:
        # Other threads than this one take the rows.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        # Views and defaults are a stranger's code.
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_RECORD_BYTES)
        # Bytes that are not UTF-8 become lone surrogates, which spoil their record and not the file.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        tables, views = _tables(connection, "table"), _tables(connection, "view")
        chosen = choose_table(source, tables, views)
        table = chosen.query or quote(chosen.name)
        place = f"{source.name}:{chosen.name}"
        needed = source.columns.demand(chosen.columns, place)

        def any_row(condition: str) -> bool:
            sql = f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1"  # noqa: S608
            find = partial(connection.execute, sql)
            return computed(lambda: find().fetchone(), place, connection.interrupt) is not None

        check_abstracts(source, chosen.name, chosen.columns, any_row)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if connection is not None:
            connection.close()
        raise BadInput(f"is not a readable SQLite file: {error}", where=source.name) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return _papers(source, place, table, connection, needed)


def _tables(connection: sqlite3.Connection, kind: str) -> dict[str, tuple[str, ...]]:
    """The columns of each table, without those that are indexes for search; or of each view."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid",
        (kind,),
    ).fetchall()
    info = "SELECT name FROM pragma_table_info(?)"
    return {name: tuple(column for (column,) in connection.execute(info, (name,))) for (name,) in names}


def _papers(
    source: Input, place: str, table: str, connection: sqlite3.Connection, needed: tuple[str, ...]
) -> Records:
    number = 0
    try:
        for number, row in enumerate(_rows(connection, place, table, needed), start=1):
            where = f"{place}:{number}"
            if row is None:
                yield BadRecord(where, TOO_LONG)
            else:
                yield source.columns.paper(dict(zip(needed, row, strict=True)), where)
    except sqlite3.Error as error:
        raise BadInput(f"cannot read further: {error}", where=f"{place}:{number + 1}") from error
    finally:
        connection.close()


def _rows(
    connection: sqlite3.Connection, place: str, table: str, needed: tuple[str, ...]
) -> Iterator[_Row | None]:
    """Each row; None for one that is longer than a record may be."""
    sql = f"SELECT {', '.join(map(quote, needed))} FROM {table} LIMIT ? OFFSET ?"  # noqa: S608
    given = 0

    def taken(call: Callable[[], Result]) -> Result:
        return computed(call, f"{place}:{given + 1}", connection.interrupt)

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
