"""Finished cards as lines, so that a rerun need not make them again.

A rerun from the answers alone parses each answer, checks it and builds its card: hundreds of microseconds a
paper. This table keeps the line that `Card.to_json` gave, under a hash of the paper and of everything else
that its bytes depend on (the *scope*), the package's own code and data included: no change of the program is
hidden by an old line, and lines of another version are dropped. It is an optimisation and nothing else:
without it a run gives the same bytes, so whatever is wrong with it is passed over, and a damaged line is a
miss.

It lies in the folder of the answers: whoever deletes those deletes these. Text only, never unpickled. Rows
are appended in the order of the papers and found through an index, so that a rerun reads the file from
front to back. Each line is sealed with its key, so that one which was edited, or put in another's place, is a
miss; lines of other users of the same cache are, too.

Knows papers and lines. Knows no cards, models or answers.
"""

import contextlib
import hashlib
import json
import sqlite3
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

from ..model.shared_tables import patiently
from ..paper import Paper
from .seal import user_seal

AT_ONCE = 256
"""Lines that are looked up, or written, in one statement."""

HELD_S = 1.0
"""Seconds that a new line waits for others before it is written, at most."""

_BUSY_S = 60.0
_PAGE_BYTES = 16384
"""A line is some 2 kB; SQLite's usual page of 4 kB would hold one."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lines (key BLOB NOT NULL UNIQUE, line TEXT NOT NULL, checksum INTEGER NOT NULL)
"""

_MAKERS = ("pydantic", "pydantic_core", "sentencex")
"""Packages that decide about bytes of a card."""


class CardLines:
    """The lines of one scope. Several processes may share the file.

    Nothing here raises for what the disk or the file does: a table that cannot be used finds nothing and
    keeps nothing.
    """

    def __init__(self, directory: Path, scope: Mapping[str, object]) -> None:
        """`directory` is the cache's; `scope` says, beside the paper, what a card depends on."""
        self._seal = user_seal()
        self._salt = hashlib.sha256()
        self._salt.update(json.dumps(scope, sort_keys=True, default=repr).encode())
        self._salt.update(code_digest())
        self._salt.update(str(self._seal.of(b"salt")).encode())  # users of one cache have lines of their own
        self._kept: list[tuple[bytes, str, int]] = []
        self._written = time.monotonic()
        self._path = directory / "answers" / "finished.db"
        self._rows = _open(self._path)

    def keys(self, papers: Iterable[Paper]) -> list[bytes]:
        """The key of each paper's line; `line` needs its first eight bytes only."""
        return list(map(self._key, papers))

    def recall(self, papers: Sequence[Paper], keys: Sequence[bytes] | None = None) -> list[bytes | None]:
        """For each paper the UTF-8 line of its card, or None; `keys` saves computing them again."""
        if self._rows is None:
            return [None] * len(papers)
        keys = keys or self.keys(papers)
        found: dict[bytes, bytes] = {}
        try:
            for begin in range(0, len(keys), AT_ONCE):
                asked = keys[begin : begin + AT_ONCE]
                marks = ",".join("?" * len(asked))
                rows = self._rows.execute(
                    f"SELECT key, line, checksum FROM lines WHERE key IN ({marks})",  # noqa: S608  question marks
                    asked,
                )
                for key, line, checksum in rows:
                    if self._seal.of(key, line) == checksum:
                        found[key] = line
        except (sqlite3.Error, TypeError) as error:
            self._give_up(error)
        lines = (found.get(key) for key in keys)
        return [
            line if line is not None and _is_of(paper, line) else None
            for paper, line in zip(papers, lines, strict=True)
        ]

    def line(self, token: int) -> bytes | None:
        """The UTF-8 line of a card by the first eight bytes of its key; None if it is not there."""
        self._write()
        if self._rows is None:
            return None
        try:
            low, high = token.to_bytes(8), token.to_bytes(8) + b"\xff" * 8
            rows = self._rows.execute(
                "SELECT key, line, checksum FROM lines WHERE key BETWEEN ? AND ?", (low, high)
            )
            return next((line for key, line, sum_ in rows if self._seal.of(key, line) == sum_), None)
        except (sqlite3.Error, TypeError) as error:
            self._give_up(error)
            return None

    def keep(self, paper: Paper, line: bytes) -> None:
        """Keep the line of a paper's card; it is on disk within a second, or when this is closed."""
        if self._rows is None:
            return
        key = self._key(paper)
        self._kept.append((key, line.decode(), self._seal.of(key, line)))
        if len(self._kept) >= AT_ONCE or time.monotonic() - self._written > HELD_S:
            self._write()

    def close(self) -> None:
        """Write pending lines and close the file."""
        self._write()
        self._give_up()

    def _write(self) -> None:
        self._written = time.monotonic()
        if self._rows is None or not self._kept:
            return
        try:
            with _transaction(self._rows):
                self._rows.executemany("INSERT OR REPLACE INTO lines VALUES (?, ?, ?)", self._kept)
        except sqlite3.Error as error:
            self._give_up(error)
        self._kept.clear()

    def _give_up(self, error: Exception | None = None) -> None:
        if self._rows is not None:
            with contextlib.suppress(sqlite3.Error):
                self._rows.close()
        self._rows = None
        if _damaged(error):
            _remove(self._path)

    def _key(self, paper: Paper) -> bytes:
        # Whatever a card can depend on; `where` and `url` do not enter it.
        state = self._salt.copy()
        name, title = paper.id, paper.title
        text = f"{len(name)} {len(title)} {name}{title}{paper.abstract}"
        state.update(text.encode("utf-8", "surrogatepass"))
        if paper.sections:
            state.update(b"\xff")  # which no text has
            state.update(repr(paper.sections).encode("utf-8", "surrogatepass"))
        if paper.flags:
            state.update(b"\xfe" + " ".join(paper.flags).encode())
        return state.digest()[:16]


def _is_of(paper: Paper, line: bytes) -> bool:
    """Whether a line is one line, and that of the paper's card."""
    begin = f'{{"id":{json.dumps(paper.id, ensure_ascii=False)},'
    return line.startswith(begin.encode("utf-8", "surrogatepass")) and b"\n" not in line and b"\r" not in line


@contextlib.contextmanager
def _transaction(rows: sqlite3.Connection) -> Iterator[None]:
    # IMMEDIATE waits for other writers at the start; a reader that turns writer would be refused at once.
    rows.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            rows.execute("ROLLBACK")
        raise
    rows.execute("COMMIT")


def _open(path: Path) -> sqlite3.Connection | None:
    """The table, recreated if the file is damaged; None if it cannot be created."""
    try:
        path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            if not _damaged(error):
                return None
            _remove(path)
            return _connect(path)
    except (OSError, sqlite3.Error):
        return None


def _damaged(error: Exception | None) -> bool:
    """Whether it says that the file is broken, not that the disk or another process is in the way."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _connect(path: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
    try:
        rows.text_factory = bytes
        rows.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        patiently(rows, "PRAGMA journal_mode=WAL", _BUSY_S)
        rows.execute("PRAGMA synchronous=NORMAL")
        if not rows.execute("SELECT 1 FROM sqlite_master WHERE name='lines'").fetchone():
            patiently(rows, _SCHEMA, _BUSY_S)
        _drop_lines_of_others(rows)
    except BaseException:
        rows.close()
        raise
    return rows


def _drop_lines_of_others(rows: sqlite3.Connection) -> None:
    """Make room: what another version of the program finished is never found again."""
    mine = int.from_bytes(code_digest()[:4]) >> 1
    if rows.execute("PRAGMA user_version").fetchone() != (mine,):
        with _transaction(rows):
            rows.execute("DELETE FROM lines")
            rows.execute(f"PRAGMA user_version={mine}")


@cache
def code_digest() -> bytes:
    """A hash of the packages that decide about a card's bytes: all of ours, and a few others by version.

    Much of ours makes no card. Which part does is not written down here, where a file that moves would be
    forgotten: a line too few is made again from its answer, a line too many would be wrong.
    """
    state = hashlib.sha256()
    state.update(f"{sys.version} {unicodedata.unidata_version}".encode())
    for name in _MAKERS:
        state.update(f"{name} {metadata.version(name)}".encode())
    for name, file in _files(resources.files("papercards")):
        content = file.read_bytes()
        state.update(f"{name} {len(content)} ".encode())
        state.update(content)
    return state.digest()


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    """Every file at any depth, under its path in the package; what Python compiled of it aside."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{above}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry, f"{name}/")
        elif not name.endswith(".pyc"):
            yield name, entry


def survey(directory: Path) -> tuple[int, int] | None:
    """Number of finished lines in a cache, and of those without this user's seal.

    None if there is no table. Raises sqlite3.Error for an unreadable one. Changes nothing.
    """
    path = directory / "answers" / "finished.db"
    if not path.is_file():
        return None
    seal = user_seal()
    lines = strange = 0
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as rows:
        rows.text_factory = bytes
        for key, line, checksum in rows.execute("SELECT key, line, checksum FROM lines"):
            lines += 1
            whole = isinstance(key, bytes) and isinstance(line, bytes)
            strange += not whole or seal.of(key, line) != checksum
    return lines, strange


def forget(directory: Path) -> None:
    """Delete all finished lines of a cache. Raises sqlite3.Error if the table cannot be changed."""
    path = directory / "answers" / "finished.db"
    if path.is_file():
        with contextlib.closing(sqlite3.connect(path)) as rows:
            rows.execute("DELETE FROM lines")
            rows.commit()
            rows.execute("VACUUM")
