"""The SQLite file of the index: its tables, and how it is opened.

Knows SQLite. Knows no cards.
"""

import sqlite3
from pathlib import Path

from ...errors import StorageError

VERSION = 4
"""Version of the tables; a file of another version is rebuilt."""

_TABLES = """
CREATE TABLE IF NOT EXISTS cards (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, origin INTEGER NOT NULL,
    title TEXT NOT NULL, dated TEXT NOT NULL, confidence REAL NOT NULL, author TEXT NOT NULL,
    venue TEXT NOT NULL, card TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_title ON cards (title COLLATE NOCASE, row);
CREATE INDEX IF NOT EXISTS by_date ON cards (dated DESC, row DESC);
CREATE INDEX IF NOT EXISTS by_confidence ON cards (confidence DESC, row);
CREATE INDEX IF NOT EXISTS by_author ON cards (author = '', author COLLATE NOCASE, dated DESC, row);
CREATE INDEX IF NOT EXISTS by_venue ON cards (venue = '', venue COLLATE NOCASE, dated DESC, row);
CREATE TABLE IF NOT EXISTS tags (tag INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tagged (row INTEGER PRIMARY KEY, tags BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS papers (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, abstract TEXT NOT NULL, url TEXT, sections TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS places (row INTEGER PRIMARY KEY, x INTEGER NOT NULL, y INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    title, summary, body, labels, people, content='', prefix='2', tokenize='unicode61 remove_diacritics 2');
"""


def opened(path: Path) -> sqlite3.Connection:
    """Open the file with all its tables, for one writing thread; rebuilt if it has another version."""
    link = connected(path)
    if link.execute("PRAGMA user_version").fetchone()[0] not in (0, VERSION):
        link.close()
        path.unlink()
        link = connected(path)
    link.executescript(_TABLES)
    link.execute(f"PRAGMA user_version = {VERSION}")
    return link


def connected(path: Path) -> sqlite3.Connection:
    """A connection that threads may use in turn."""
    link = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    link.execute("PRAGMA journal_mode = WAL")
    link.execute("PRAGMA synchronous = NORMAL")
    link.execute("PRAGMA cache_size = -16000")
    return link


def refused(path: Path, error: sqlite3.Error) -> StorageError:
    """The error to show when SQLite fails."""
    return StorageError(
        f"cannot use the index of the pages: {error}",
        where=str(path),
        next_step="Delete it, or use --no-cache",
    )
