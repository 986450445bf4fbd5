"""SQLite: a row of a table or a view a paper. The file is opened for reading alone.

`where` is `papers.db:TABLE:ROW`, rows counted from 1 as the table gives them.
"""

import sqlite3

from ..errors import BadInput
from .interface import Format, Input, Records
from .tables import check_abstracts, choose_table, file_of, quote


def read(source: Input) -> Records:
    """The papers of one table. Raises UsageError if it is not clear which, or a column is missing."""
    path = file_of(source, "an SQLite file")
    connection = None
    try:
        # Another thread than this one takes the rows.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        # Views and defaults are a stranger's code.
        connection.execute("PRAGMA trusted_schema = OFF")
        # Bytes that are not UTF-8 become lone surrogates, which spoil their record and not the file.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        tables, views = _tables(connection, "table"), _tables(connection, "view")
        name = choose_table(source, tables, views)
        names = tables.get(name) or views[name]
        needed = source.columns.demand(names, f"{source.name}:{name}")
        check_abstracts(source, name, names, lambda condition: _any(connection, name, condition))
        columns = ", ".join(map(quote, needed))
        rows = connection.execute(f"SELECT {columns} FROM {quote(name)}")  # noqa: S608
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise BadInput(f"is no SQLite file that can be read: {error}", where=source.name) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return _papers(source, f"{source.name}:{name}", connection, rows, needed)


def _tables(connection: sqlite3.Connection, kind: str) -> dict[str, tuple[str, ...]]:
    """The columns of each table, without those that are indexes for search; or of each view."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid",
        (kind,),
    ).fetchall()
    info = "SELECT name FROM pragma_table_info(?)"
    return {name: tuple(column for (column,) in connection.execute(info, (name,))) for (name,) in names}


def _any(connection: sqlite3.Connection, table: str, condition: str) -> bool:
    sql = f"SELECT 1 FROM {quote(table)} WHERE {condition} LIMIT 1"  # noqa: S608
    return connection.execute(sql).fetchone() is not None


def _papers(
    source: Input, place: str, connection: sqlite3.Connection, rows: sqlite3.Cursor, needed: tuple[str, ...]
) -> Records:
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            yield source.columns.paper(dict(zip(needed, row, strict=True)), f"{place}:{number}")
    except sqlite3.Error as error:
        raise BadInput(f"cannot be read any further: {error}", where=f"{place}:{number + 1}") from error
    finally:
        connection.close()


def looks_like(head: bytes) -> bool:
    """Whether it begins as SQLite 3 files do."""
    return head.startswith(b"SQLite format 3\0")


FORMAT = Format("SQLite", (".db", ".sqlite", ".sqlite3"), read, looks_like, binary=True)
