"""DuckDB: one paper per row of a table, or of a view if it was chosen; nested columns by their dotted path.

The file is opened read-only, and its views cannot read other files. `where` is `papers.duckdb:TABLE:ROW`,
rows counted from 1 as the table gives them.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from ...errors import BadInput, importing
from ..bounds import MAX_RECORD_BYTES, TOO_LONG, computed
from ..interface import Format, Input, Records
from ..tables import AT_ONCE, Chosen, Opened, Record, chosen, file_of, quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 1,
    # Otherwise what was read stays in memory, up to most of the machine's.
    "memory_limit": "256MB",
}

_SCALARS = frozenset(
    "BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT "
    "FLOAT DOUBLE DATE TIMESTAMP TIME UUID".split()
)
_COLUMNS = """
SELECT schema_name, table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal
  AND table_oid IN (SELECT {kind}_oid FROM duckdb_{kind}s() WHERE NOT internal)
GROUP BY ALL ORDER BY ALL
"""


def read(source: Input) -> Records:
    """The papers of one table. Raises UsageError if it is not clear which, or a column is missing."""
    path = file_of(source, "a DuckDB file")
    with importing("A DuckDB file", "tables"):
        import duckdb
    try:
        connection = duckdb.connect(path, read_only=True, config=_CONFIG)
    except duckdb.Error as error:
        raise BadInput(f"cannot open it: {_first_line(error)}", where=source.name) from error
    with Opened(source, duckdb.Error, "cannot read it:", _first_line) as opened:
        opened.keep(connection)
        tables, views = _tables(connection, "table"), _tables(connection, "view")
        table = chosen(source, connection, tables, views, partial(_quoted, connection))
        shown, too_long = _bounded(connection, table)
        sql = f"SELECT {too_long}, {shown} FROM {table.query}"  # noqa: S608
        computed(lambda: connection.execute(sql), table.place, connection.interrupt)
    records: Iterator[Record] = (
        TOO_LONG if long else dict(zip(table.columns, map(_value, row), strict=True))
        for long, *row in _rows(connection, table.place)
    )
    return opened.papers(table.place, records)


def _value(cell: object) -> object:
    return str(cell) if isinstance(cell, UUID) else cell


def _bounded(connection: "DuckDBPyConnection", table: Chosen) -> tuple[str, str]:
    """The columns in SQL, null where one is longer than a record may be, and a condition that says so."""
    names = ", ".join(map(quote, table.columns))
    columns = connection.execute(f"DESCRIBE SELECT {names} FROM {table.query}")  # noqa: S608
    shown, conditions = [], ["false"]
    for name, kind, *_ in columns.fetchall():
        column = quote(name)
        size = f"strlen({column})" if kind == "VARCHAR" else f"strlen(CAST({column} AS VARCHAR))"
        if kind in _SCALARS:
            shown.append(column)
            continue
        long = f"coalesce({size}, 0) > {MAX_RECORD_BYTES}"
        conditions.append(long)
        shown.append(f"CASE WHEN {long} THEN NULL ELSE {column} END")
    return ", ".join(shown), f"({' OR '.join(conditions)})"


def _tables(connection: "DuckDBPyConnection", kind: str) -> dict[str, tuple[str, ...]]:
    """The columns of each table or view; what is in another schema than `main` by both names."""
    found = connection.execute(_COLUMNS.format(kind=kind)).fetchall()
    return {
        table if schema == "main" else f"{schema}.{table}": tuple(columns) for schema, table, columns in found
    }


def _quoted(connection: "DuckDBPyConnection", name: str) -> str:
    """The table of that name as SQL has it: a dot may stand in the name of a table, too."""
    sql = "SELECT 1 FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = ?"
    if connection.execute(sql, [name]).fetchone():
        return quote(name)
    return ".".join(map(quote, name.split(".", 1)))


def _rows(connection: "DuckDBPyConnection", place: str) -> Iterator[Sequence[object]]:
    given = 0
    while True:
        where = f"{place}:{given + 1}"
        rows = computed(lambda: connection.fetchmany(AT_ONCE), where, connection.interrupt)
        if not rows:
            return
        given += len(rows)
        yield from rows


def _first_line(error: Exception) -> str:
    """Of what DuckDB says, without its class; the rest quotes SQL."""
    return str(error).partition("\n")[0].partition(" Error: ")[2] or "DuckDB refuses it"


def looks_like(head: bytes) -> bool:
    """Whether it begins as DuckDB files do: a checksum, then this."""
    return head[8:12] == b"DUCK"


FORMAT = Format("DuckDB", (".duckdb", ".ddb", ".db"), read, looks_like, binary=True, extra="tables")
