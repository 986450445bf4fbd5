"""The queue of the Review room: every card with what is worrying in it, judged in a thread beside the pages.

What was judged is kept beside the index, so that a second look at the same cards judges nothing again. A
card is judged anew when it changes, or its paper, or the run that it is compared with.

Knows the index and worries. Knows no review file and no pages.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..baseline import Baseline
from ..card import Card
from ..errors import PapercardsError, StorageError
from ..paper import Paper
from ..review.edits import Key, Place
from ..review.worries import REASONS, Worry, worries
from ..review.worries import Baseline as Second
from ..sinks import read_cards
from ..taxonomy import Taxonomy
from ..text import digest
from .index import Index

POLL_S = 0.5
_CHUNK = 50
_VERSION = "1"
"""Of the worries; what another version judged is judged again."""
_COLUMNS = "id, version, title, worry, said"
_Row = tuple[str, str, str, float, str]

_TABLES = """
CREATE TABLE IF NOT EXISTS queue (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version TEXT NOT NULL, judged TEXT NOT NULL,
    worry REAL NOT NULL, kinds TEXT NOT NULL, title TEXT NOT NULL, said TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_worry ON queue (worry DESC, place);
CREATE TABLE IF NOT EXISTS other (id TEXT PRIMARY KEY, card TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Queued:
    """A card in the queue."""

    key: Key
    title: str
    worry: float
    """How many faults are to be expected of what is worrying."""
    worries: Sequence[Worry]


class Queue:
    """Cards in the order in which a person should look at them."""

    def __init__(self, index: Index, taxonomy: Taxonomy, against: Path | None = None) -> None:
        """Raises StorageError where its file cannot be used, UsageError or BadInput for no cards there."""
        self._index = index
        self._taxonomy = taxonomy
        self._against = against
        self._baseline = Baseline(taxonomy)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._some = threading.Event()
        self._judged = 0
        self._counted: tuple[int, dict[str, int]] = (-1, {})
        self.busy = True
        """Whether there is more to be judged."""
        self.fault = ""
        """What could not be read, in one line."""
        if against is not None:
            next(read_cards(against), None)
        path = index.path.with_name(f"{index.path.stem}.review.db")
        try:
            self._base = _connect(path)
        except sqlite3.Error:
            for part in ("", "-wal", "-shm"):  # damaged: all of it can be made again
                path.with_name(path.name + part).unlink(missing_ok=True)
            try:
                self._base = _connect(path)
            except sqlite3.Error as error:
                raise StorageError(f"the review queue cannot be kept: {error}", where=str(path)) from error

    def wake(self, wait_s: float = 0.0) -> None:
        """Begin to judge, if nobody has asked before, and wait a little for the first cards."""
        self._wanted.set()
        self._some.wait(wait_s)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Once it is woken, judge in a thread of its own meanwhile."""
        thread = threading.Thread(target=self._run, name="papercards-queue", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._wanted.set()
            thread.join(timeout=5)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def page(
        self, wanted: Callable[[Key], bool], kind: str = "", skip: int = 0, most: int = 25
    ) -> list[Queued]:
        """The cards that are wanted, the most worrying first; `kind` is one of `REASONS`, or empty."""
        found = []
        for row in self._rows("", (), "worry DESC, place", kind):
            queued = _queued(row)
            if not wanted(queued.key) or not self.there(queued.key):
                continue
            if skip > 0:
                skip -= 1
                continue
            found.append(queued)
            if len(found) == most:
                break
        return found

    def counts(self) -> dict[str, int]:
        """How many cards have a worry of each kind."""
        judged = self._judged
        if self._counted[0] == judged:
            return self._counted[1]
        sums = ", ".join(f"coalesce(sum(kinds LIKE '%{kind}%'), 0)" for kind in REASONS)
        with self._lock:
            row = self._base.execute(f"SELECT {sums} FROM queue").fetchone()  # noqa: S608  (words of ours)
        self._counted = judged, dict(zip(REASONS, row, strict=True))
        return self._counted[1]

    def of(self, name: str) -> Queued | None:
        """What is worrying in the card of that id, as far as it was judged."""
        with self._lock:
            row = self._base.execute(f"SELECT {_COLUMNS} FROM queue WHERE id = ?", (name,)).fetchone()  # noqa: S608
        return _queued(row) if row else None

    def next(self, name: str, wanted: Callable[[Key], bool], *, back: bool = False) -> str | None:
        """The id of the next wanted card in the queue after one, or of the one before it."""
        with self._lock:
            at = self._base.execute("SELECT worry, place FROM queue WHERE id = ?", (name,)).fetchone()
        if at is None:
            return None
        worry, place = at
        if back:
            where, order = "WHERE worry > ? OR (worry = ? AND place < ?)", "worry, place DESC"
        else:
            where, order = "WHERE worry < ? OR (worry = ? AND place > ?)", "worry DESC, place"
        for row in self._rows(where, (worry, worry, place), order):
            queued = _queued(row)
            if wanted(queued.key) and self.there(queued.key):
                return queued.key.card
        return None

    def other(self, name: str) -> Card | None:
        """The card of that id in the other run."""
        with self._lock:
            row = self._base.execute("SELECT card FROM other WHERE id = ?", (name,)).fetchone()
        return Card.model_validate_json(row[0]) if row and self._against is not None else None

    def second(self, paper: Paper) -> Second:
        """What the baseline says of a paper."""
        scores = self._baseline.scores(paper)
        return Second(self._baseline.draft(scores), scores)

    def judge(self, card: Card) -> list[Worry]:
        """What is worrying in a card."""
        text = self._index.text(card.id)
        paper = Paper(card.id, card.title, text.abstract) if text else None
        own = card.provenance.model.startswith("baseline")
        second = self.second(paper) if paper is not None and not own else None
        return worries(card, paper, self._taxonomy, second, self.other(card.id))

    def judge_all(self) -> None:
        """Judge all that is there now, in the caller's thread."""
        self._read_other()
        last = -1
        while (last := self._judge_next(last)) >= 0:
            pass
        self.busy = False

    def _run(self) -> None:
        index = self._index
        # Who only browses should not wait behind it.
        self._wanted.wait()
        era, last, seen = index.era, -1, -1
        try:
            self._read_other()
            while not self._stop.is_set():
                changes = index.changes
                if index.era != era:
                    era, last = index.era, -1
                elif changes == seen:
                    self.busy = False
                    self._some.set()
                    self._stop.wait(POLL_S)
                    continue
                reached = self._judge_next(last)
                if reached >= 0:
                    last = reached
                else:
                    seen = changes
        except (PapercardsError, sqlite3.Error, OSError) as error:
            self.fault = f"the queue could not be made: {error}"
        finally:
            self.busy = False
            self._some.set()

    def _judge_next(self, last: int) -> int:
        """Judge the next few after a row; gives the last row, or -1 where there are no more."""
        rows = self._index.after(last, _CHUNK)
        found = []
        for row, line in rows:
            self.busy = True
            last = row
            version = sha256(line.encode()).hexdigest()[:16]
            card = Card.model_validate_json(line)
            text = self._index.text(card.id)
            with self._lock:
                known = self._base.execute("SELECT judged FROM queue WHERE id = ?", (card.id,)).fetchone()
                other = self._base.execute("SELECT card FROM other WHERE id = ?", (card.id,)).fetchone()
            judged = digest(
                _VERSION,
                version,
                self._baseline.version,
                self._taxonomy.version,
                text.abstract if text else "",
                other[0] if other else "",
            )
            if known is not None and known[0] == judged:
                continue
            said = self.judge(card)
            found.append(
                (
                    card.id,
                    version,
                    judged,
                    sum(one.weight for one in said),
                    " ".join(dict.fromkeys(one.kind for one in said)),
                    card.title,
                    json.dumps(
                        [(one.kind, *one.place, one.about, one.text, round(one.weight, 4)) for one in said]
                    ),
                )
            )
            if self._stop.is_set():
                break
            time.sleep(0.002)  # let a reader have its turn
        if found:
            with self._lock:
                self._base.executemany(
                    "INSERT OR REPLACE INTO queue (id, version, judged, worry, kinds, title, said) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    found,
                )
                self._base.commit()
            self._judged += 1
            self._some.set()
        return last if rows and not self._stop.is_set() else -1

    def _read_other(self) -> None:
        """The other run, unless it is the one that was read last time."""
        path = self._against
        status = path.stat() if path is not None and path.exists() else None
        identity = f"{path} {status.st_size} {status.st_mtime_ns}" if status else str(path)
        with self._lock:
            note = self._base.execute("SELECT value FROM notes WHERE name = 'other'").fetchone()
            if note and note[0] == identity:
                return
            self._base.execute("DELETE FROM other")
            if path is not None:
                rows = ((card.id, card.to_json()) for card in read_cards(path))
                self._base.executemany("INSERT OR REPLACE INTO other VALUES (?, ?)", rows)
            self._base.execute("INSERT OR REPLACE INTO notes VALUES ('other', ?)", (identity,))
            self._base.commit()

    def there(self, key: Key) -> bool:
        """Whether the index has that very card."""
        line = self._index.line(key.card)
        return line is not None and sha256(line.encode()).hexdigest()[:16] == key.version

    def _rows(self, where: str, values: Sequence[object], order: str, kind: str = "") -> Iterator[_Row]:
        if kind in REASONS:
            where = f"{where} {'AND' if where else 'WHERE'} kinds LIKE '%{kind}%'"
        skip, most = 0, 100
        while True:
            query = f"SELECT {_COLUMNS} FROM queue {where} ORDER BY {order} LIMIT {most} OFFSET {skip}"  # noqa: S608
            with self._lock:
                rows: list[_Row] = self._base.execute(query, tuple(values)).fetchall()
            yield from rows
            if len(rows) < most:
                return
            skip += most


def _queued(row: _Row) -> Queued:
    name, version, title, worry, said = row
    found = [
        Worry(kind, Place(field, item), about, text, weight)
        for kind, field, item, about, text, weight in json.loads(said)
    ]
    return Queued(Key(name, version), title, worry, found)


def _connect(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, check_same_thread=False)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = OFF")
    base.executescript(_TABLES)
    return base
