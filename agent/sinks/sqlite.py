"""SQLite, ready for Datasette: the tables of `relational` with keys, indexes and full-text search.

Lists are JSON arrays, which is what Datasette makes facets of. Beside `NAME.db` stands
`NAME.metadata.json`, which tells Datasette about facets, columns and search.
"""

import errno
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ..card import Card, parse_card
from ..errors import BadInput, StorageError
from ..paper import Paper
from . import datasette
from .files import LibraryFile, PartialFile, refuse
from .interface import Format, Output
from .own_columns import OwnColumns
from .relational import INDEXED, PAPERS, SEARCHED, TABLES, TEXTS, Cell, Table, rows

_TYPES = {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "list": "TEXT"}
_WITH_LISTS = [table for table in TABLES if any(column.kind == "list" for column in table.columns)]
_TRANSACTION = 1000
"""Cards that are written together."""

_ERRNOS = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}


class SqliteSink:
    """Cards as rows of an SQLite file."""

    def __init__(self, output: Output) -> None:
        self._file = LibraryFile(output.path, beside=("-journal",))
        self.files: Sequence[LibraryFile] = (self._file,)
        self._sources = output.source_names
        self._count = 0
        self._own = OwnColumns()
        self._torn = False
        """Whether only some rows of a card are there."""
        try:
            self._database = _begun(self._file.place)
        except sqlite3.Error as error:
            self._file.abandon(keep=False)
            self._refuse(error)

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a card to all tables. After an error nothing more can be added."""
        self._demand_whole()
        self._torn = True
        try:
            for one in self._own.meet(card):
                self._database.execute(f'ALTER TABLE papers ADD COLUMN "{one.name}" {_TYPES[one.kind]}')
            for table, lines in rows(self._count + 1, card, paper):
                stored = [tuple(map(_stored, line)) for line in lines] if table in _WITH_LISTS else lines
                if stored:
                    self._database.executemany(_INSERTS[table.name], stored)
            if card.fields:
                names = ", ".join(f'"{one.name}" = ?' for one in self._own.columns)
                cells = map(_stored, self._own.cells(card))
                self._database.execute(
                    f"UPDATE papers SET {names} WHERE number = ?",  # noqa: S608
                    (*cells, self._count + 1),
                )
            self._database.execute(_INDEX, (self._count + 1,))
            self._count += 1
            if self._count % _TRANSACTION == 0:
                self._database.execute("COMMIT")
                self._database.execute("BEGIN")
        except OverflowError as error:
            raise BadInput("has a number that no database can hold", where=card.id) from error
        except sqlite3.Error as error:
            self._refuse(error)
        self._torn = False

    def close(self) -> None:
        """Add the indexes, give the file its name, and write down what Datasette should know."""
        if self._file.whole:
            return
        self._demand_whole()
        try:
            self._database.execute("COMMIT")
            for table, column in INDEXED:
                self._database.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
            self._database.close()
        except sqlite3.Error as error:
            self._refuse(error)
        about = PartialFile(metadata_path(self._file.path), derived=True)
        try:
            about.append(
                json.dumps(
                    datasette.metadata(self._file.path.stem, self._sources, self._own.columns), indent=1
                ).encode()
            )
            about.settle()
            self._file.commit()
            about.commit()
        finally:
            about.abandon()

    def abandon(self) -> None:
        """Leave the cards in `NAME.partial`, without the indexes."""
        if self._file.whole:
            return
        with suppress(sqlite3.Error):
            self._database.execute("ROLLBACK" if self._torn else "COMMIT")
        with suppress(sqlite3.Error):
            self._database.close()
        self._file.abandon(keep=self._count > 0)

    def _demand_whole(self) -> None:
        if self._torn:
            raise StorageError("has only a part of a card in it", where=str(self._file.path))

    def _refuse(self, error: sqlite3.Error) -> NoReturn:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        refuse(self._file.path, OSError(_ERRNOS.get(code, 0), str(error)))


def metadata_path(path: Path) -> Path:
    """Where Datasette's file goes: `cards.metadata.json` for `cards.db`."""
    return path.with_name(f"{path.stem}.metadata.json")


def _stored(cell: Cell) -> str | int | float | None:
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list) else cell


def _begun(place: Path) -> sqlite3.Connection:
    database = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    database.executescript(_schema())
    database.execute("BEGIN")
    return database


def _schema() -> str:
    lines = [
        # A file that is thrown away if anything goes wrong needs no journal on the disk.
        "PRAGMA journal_mode = MEMORY",
        "PRAGMA synchronous = OFF",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA cache_size = -16384",
        *map(_table, TABLES),
        TEXTS,
        f"CREATE VIRTUAL TABLE papers_fts USING fts5 ({', '.join(SEARCHED)}, "
        'content="texts", content_rowid="number", tokenize=\'porter unicode61 remove_diacritics 2\')',
    ]
    return ";\n".join(lines)


def _table(table: Table) -> str:
    columns = [f'"{one.name}" {_TYPES[one.kind]}{_constraint(table, one.name)}' for one in table.columns]
    key = [] if len(table.key) == 1 else [f"PRIMARY KEY ({', '.join(table.key)})"]
    lines = ",\n  ".join([*columns, *key])
    return f"CREATE TABLE {table.name} (\n  {lines}\n){' WITHOUT ROWID' if key else ''}"


def _constraint(table: Table, column: str) -> str:
    key = " PRIMARY KEY" if table.key == (column,) else " NOT NULL" if column in table.key else ""
    return key + (f" REFERENCES {PAPERS.name} (number)" if column == "paper" else "")


_INSERTS = {
    table.name: f"INSERT INTO {table.name} ({', '.join(f'{one.name}' for one in table.columns)}) "  # noqa: S608
    f"VALUES ({', '.join('?' * len(table.columns))})"
    for table in TABLES
}
_INDEX = (
    f"INSERT INTO papers_fts (rowid, {', '.join(SEARCHED)}) "  # noqa: S608
    f"SELECT number, {', '.join(SEARCHED)} FROM texts WHERE number = ?"
)


def read(path: Path) -> Iterator[Card]:
    """The cards of such a file, in their order. Raises BadInput where it holds none."""
    number = 0
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        try:
            database.execute("PRAGMA trusted_schema = OFF")
            for number, card in database.execute("SELECT paper, card FROM cards ORDER BY paper"):
                yield parse_card(card, f"{path}:cards:{number}")
        finally:
            database.close()
    except sqlite3.Error as error:
        raise BadInput(f"is no SQLite file of cards: {error}", where=str(path)) from error


FORMAT = Format("sqlite", (".db", ".sqlite", ".sqlite3"), SqliteSink, read)
