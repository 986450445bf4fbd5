"""The SQLite file of the review queue: the judgement of each card, and the cards of another run.

Knows worries and the order of cards. Knows no index and no pages.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...card import Card
from ...errors import StorageError
from ...review.edits import Key, Place
from ...review.worries import REASONS, Worry

_COLUMNS = "id, version, title, said"
_Row = tuple[str, str, str, str]
_PAGE = 100

_FORMAT = 2
"""Version of the tables; a queue of another version is rebuilt."""
_BITS = {kind: 1 << place for place, kind in enumerate(REASONS)}

_TABLES = """
CREATE TABLE IF NOT EXISTS queue (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version TEXT NOT NULL, judged TEXT NOT NULL,
    worry REAL NOT NULL, kinds INTEGER NOT NULL, title TEXT NOT NULL, said TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_worry ON queue (worry DESC, place);
CREATE TABLE IF NOT EXISTS other (id TEXT PRIMARY KEY, card TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Queued:
    """A card in the queue."""

    key: Key
    title: str
    worries: Sequence[Worry]

    @property
    def worry(self) -> float:
        """Expected number of faults in the card."""
        return sum(one.weight for one in self.worries)


class QueueFile:
    """Cards with their worries, the most worrying first. All methods are thread-safe."""

    def __init__(self, path: Path) -> None:
        """Raises StorageError if the file cannot be used; a damaged file is rebuilt."""
        self._lock = threading.Lock()
        self.changes = 0
        """Counter that grows with every `put`."""
        self._counted: tuple[int, dict[str, int]] = (-1, {})
        try:
            self._base = _connect(path)
        except sqlite3.Error:
            for part in ("", "-wal", "-shm"):
                path.with_name(path.name + part).unlink(missing_ok=True)
            try:
                self._base = _connect(path)
            except sqlite3.Error as error:
                raise StorageError(f"cannot store the review queue: {error}", where=str(path)) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def judged(self, name: str) -> str | None:
        """The fingerprint under which this card was last judged (see `put`); None if it was not."""
        return self._word("SELECT judged FROM queue WHERE id = ?", name)

    def put(self, found: Sequence[tuple[Queued, str]]) -> None:
        """Store judged cards, each with a fingerprint of its inputs."""
        rows = [
            (
                *one.key,
                judged,
                one.worry,
                sum(_BITS[kind] for kind in {worry.kind for worry in one.worries}),
                one.title,
                json.dumps(
                    [(each.kind, *each.place, each.about, each.text, each.weight) for each in one.worries]
                ),
            )
            for one, judged in found
        ]
        with self._lock:
            self._base.executemany(
                "INSERT OR REPLACE INTO queue (id, version, judged, worry, kinds, title, said) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._base.commit()
        self.changes += 1

    def of(self, name: str) -> Queued | None:
        """The queue entry of the card with that id."""
        return next(self._rows("WHERE id = ?", (name,)), None)

    def cards(self, kind: str = "") -> Iterator[Queued]:
        """All cards, the most worrying first; `kind` is one of `REASONS`, or empty for all."""
        where = f"WHERE kinds & {_BITS[kind]}" if kind in _BITS else ""
        return self._rows(f"{where} ORDER BY worry DESC, place", ())

    def around(self, name: str, *, back: bool = False) -> Iterator[Queued]:
        """The cards after the one with that id, or before it with `back`, nearest first."""
        at = self._one("SELECT worry, place FROM queue WHERE id = ?", name)
        if at is None:
            return iter(())
        worry, place = at
        if back:
            rest = "WHERE worry >= ? AND (worry > ? OR place < ?) ORDER BY worry, place DESC"
        else:
            rest = "WHERE worry <= ? AND (worry < ? OR place > ?) ORDER BY worry DESC, place"
        return self._rows(rest, (worry, worry, place))

    def counts(self) -> dict[str, int]:
        """Number of cards with a worry of each kind."""
        changes = self.changes
        if self._counted[0] != changes:
            found = {}
            for kind, bit in _BITS.items():
                (found[kind],) = self._one(f"SELECT count(*) FROM queue WHERE kinds & {bit}")  # noqa: S608
            self._counted = changes, found
        return self._counted[1]

    def other(self, name: str) -> str | None:
        """The card with that id in the other run, as a JSON line."""
        return self._word("SELECT card FROM other WHERE id = ?", name)

    def keep_other(self, identity: str, cards: Iterable[Card]) -> None:
        """Store the cards of another run, unless they are stored already under the same `identity`."""
        if self._word("SELECT value FROM notes WHERE name = ?", "other") == identity:
            return
        with self._lock, self._base:
            self._base.execute("DELETE FROM other")
            rows = ((card.id, card.to_json()) for card in cards)
            self._base.executemany("INSERT OR REPLACE INTO other VALUES (?, ?)", rows)
            self._base.execute("INSERT OR REPLACE INTO notes VALUES ('other', ?)", (identity,))

    def _one(self, query: str, *values: object) -> Any:
        with self._lock:
            return self._base.execute(query, values).fetchone()

    def _word(self, query: str, value: str) -> str | None:
        row = self._one(query, value)
        return str(row[0]) if row else None

    def _rows(self, rest: str, values: Sequence[object]) -> Iterator[Queued]:
        skip = 0
        while True:
            query = f"SELECT {_COLUMNS} FROM queue {rest} LIMIT {_PAGE} OFFSET {skip}"  # noqa: S608
            with self._lock:
                rows: list[_Row] = self._base.execute(query, tuple(values)).fetchall()
            yield from map(_queued, rows)
            if len(rows) < _PAGE:
                return
            skip += _PAGE


def _queued(row: _Row) -> Queued:
    name, version, title, said = row
    found = [
        Worry(kind, Place(field, item), about, text, weight)
        for kind, field, item, about, text, weight in json.loads(said)
    ]
    return Queued(Key(name, version), title, found)


def _connect(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, check_same_thread=False)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = OFF")
    if base.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
        base.execute("DROP TABLE IF EXISTS queue")
    base.executescript(_TABLES)
    for kind, bit in _BITS.items():
        base.execute(f"CREATE INDEX IF NOT EXISTS by_{kind} ON queue (worry DESC, place) WHERE kinds & {bit}")
    base.execute(f"PRAGMA user_version = {_FORMAT}")
    return base
