"""Answers on disk by content hash.

The cache is the only checkpoint: a killed batch is resumed by running it again.

A row's key is the SHA-256 of the canonical JSON of the request's *parts* (what changes the answer, and
nothing else); its value is JSON text that repeats the parts, so that a miss can be explained. diskcache
unpickles what it finds in its table (CVE-2025-69872, unfixed in 5.6.3; its own JSONDisk too), so `TextDisk`
accepts text and nothing else, on write and on read: a planted pickle, or a row that points at a file, is a
miss.

Knows requests as JSON values. Knows no papers and no models.
"""

import asyncio
import errno
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diskcache

from ..errors import StorageError
from ..safety.file_locks import can_lock_ranges
from ..text.invisible import visible
from .ask_once import Others
from .in_flight import InFlight

_MODE_RAW = 1
_NO_LIMIT = 1 << 62
_BUSY_S = 120.0
"""How long a writer waits for the other processes that share the cache."""

_NAMELESS: Mapping[str, str] = MappingProxyType({})

_README = "Answers of language models, kept by papercards. Safe to delete; a rerun would ask again.\n"

Part = str | int | float | bool | None
Parts = Mapping[str, Part]
"""What a request's answer depends on, by name; long parts as their SHA-256."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One validated answer and what is known of the calls that gave it."""

    text: str
    """Raw, as the model wrote it: it is parsed again on each read."""
    model: str
    """As the endpoint named it."""
    finish_reason: str
    created: str
    """UTC, ISO 8601, whole seconds."""
    seconds: float
    """Wall time of all calls, waiting for retries aside."""
    calls: int
    """Answered calls: 1, and 1 more for each time that it was re-asked."""
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    logprobs: tuple[tuple[tuple[str, float], ...], ...] = field(default=())
    """For each token that was kept, the likeliest tokens with their natural-log probabilities."""
    reasked: int = 0
    """Number of calls that repeated a question because an answer was wrong."""
    cost_usd: float | None = None
    """Cost at the price of that day, or None if unknown."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A row: an answer, what it depends on, and what that is called."""

    parts: Parts
    answer: Answer
    names: Mapping[str, str]
    """Names for people, of `NAMES`: not part of the key, and empty in rows of earlier versions."""

    @property
    def key(self) -> str:
        """The key of the row, 64 hex digits."""
        return key_of(self.parts)

    def to_json(self) -> str:
        """The row as it is stored."""
        fields = {name: getattr(self.answer, name) for name in Answer.__slots__}
        row = {"answer": fields, "parts": dict(self.parts)}
        return json.dumps(row | ({"names": dict(self.names)} if self.names else {}), ensure_ascii=False)


NAMES = ("id", "model", "prompt", "taxonomy", "fields")
"""What is named beside an answer: its paper, and what asked for it, since the key has only hashes."""
_MOST_NAME = 300


class TextDisk(diskcache.Disk):  # type: ignore[misc]  # the package ships no types
    """A diskcache `Disk` for text alone: nothing is ever pickled or unpickled, no file is opened by a row."""

    def put(self, key: object) -> tuple[str, bool]:
        """The key as stored. Raises TypeError for anything but text."""
        if type(key) is not str:
            raise TypeError("a cache key is text")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """The key of a row. Raises ValueError for a row that text did not make."""
        if not raw or type(key) is not str:
            raise ValueError("a row of the cache is not text")
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, str]:
        """The value as stored. Raises TypeError for anything but text."""
        if type(value) is not str or read:
            raise TypeError("a cache value is text")
        return len(value), _MODE_RAW, None, value

    def fetch(self, mode: object, filename: object, value: object, read: bool) -> str:
        """The value of a row. Raises ValueError for a row that text did not make."""
        if mode != _MODE_RAW or filename is not None or type(value) is not str:
            raise ValueError("a row of the cache is not text")
        return value


def key_of(parts: Parts) -> str:
    """SHA-256 in hex of the canonical JSON (sorted keys, no spaces) of the parts."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """A directory of answers that several processes may share.

    Raises StorageError if the directory cannot be used or the disk is full.
    """

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        """`read_only`: the directory need not be writable, as nothing is stored."""
        self.directory = directory
        self._table: sqlite3.Connection | None = None
        self._together: list[tuple[Kept, asyncio.Future[None]]] = []
        if directory.exists() and not directory.is_dir():
            raise StorageError(
                "the cache directory is a file",
                where=str(directory),
                next_step="Choose another with --cache-dir",
            )
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            store = directory / "answers"
            store.mkdir(mode=0o700, exist_ok=True)
            store.chmod(0o700)
            readme = store / "README"
            if not readme.exists():
                readme.write_text(_README)
            self._need_locks(readme)
            self._rows = diskcache.Cache(
                str(store),
                disk=TextDisk,
                timeout=_BUSY_S,
                eviction_policy="none",
                cull_limit=0,
                size_limit=_NO_LIMIT,
                statistics=0,
            )
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            if not read_only or not _is_refused(error):
                raise self._broken(error, "open") from error
            self._open_read_only(directory / "answers" / "cache.db")

    def _need_locks(self, file: Path) -> None:
        """Raise StorageError if the file system has no locks: SQLite would wait for them forever."""
        with file.open("rb") as held:
            if not can_lock_ranges(held):
                raise StorageError(
                    "the cache's file system has no locks, which SQLite needs",
                    where=str(self.directory),
                    next_step="Choose a folder on another file system with --cache-dir, or use --no-cache",
                )

    def _open_read_only(self, file: Path) -> None:
        """Look answers up without the package, which writes whenever it opens a table."""
        # A run that was killed leaves answers in the log beside the table; the second way overlooks them, and
        # is the only one where SQLite would have to make that log anew.
        for way in ("mode=ro", "mode=ro&immutable=1"):
            try:
                self._table = sqlite3.connect(f"{file.absolute().as_uri()}?{way}", uri=True)
                self._table.execute("SELECT COUNT(*) FROM Cache").fetchone()
                return
            except sqlite3.Error as error:
                wrong = error
        raise self._broken(wrong, "read") from wrong

    def _text(self, key: str) -> str | None:
        """The text under a key; None if there is none, or none that `TextDisk` stored."""
        with self._doing("read"):
            if self._table is None:
                try:
                    text: str | None = self._rows.get(key)
                except ValueError:
                    return None
                return text
            row = self._table.execute(
                "SELECT value FROM Cache WHERE key = ? AND raw = 1 AND mode = ? AND filename IS NULL",
                (key, _MODE_RAW),
            ).fetchone()
        return row[0] if row is not None and isinstance(row[0], str) else None

    def get(self, parts: Parts) -> Answer | None:
        """The answer to a request, or None if missing or unreadable."""
        key = key_of(parts)
        text = self._text(key)
        return decode(key, text) if text is not None else None

    def put(self, parts: Parts, answer: Answer, names: Mapping[str, str] = _NAMELESS) -> None:
        """Keep an answer. It is on disk when this returns."""
        self.put_all([Kept(parts, answer, names)])

    def put_all(self, rows: Iterable[Kept]) -> None:
        """Keep rows in one transaction."""
        with self._doing("write"), self._rows.transact():
            for row in rows:
                self._rows.set(row.key, row.to_json())

    def delete(self, keys: Iterable[str]) -> None:
        """Delete the rows with these keys in one transaction."""
        with self._doing("write"), self._rows.transact():
            for key in keys:
                self._rows.delete(key)

    async def keep(self, parts: Parts, answer: Answer, names: Mapping[str, str] = _NAMELESS) -> None:
        """Keep an answer, as `put` does; those that come together share a transaction."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()
        if not self._together:
            loop.call_soon(self._keep_all)
        self._together.append((Kept(parts, answer, names), kept))
        await kept

    def _keep_all(self) -> None:
        together, self._together = self._together, []
        broken: Exception | None = None
        try:
            self.put_all(row for row, _ in together)
        except Exception as error:
            broken = error if isinstance(error, StorageError) else self._broken(error, "write")
        for _, kept in together:
            if kept.done():
                continue
            if broken is not None:
                kept.set_exception(broken)
            else:
                kept.set_result(None)

    def in_flight(self) -> Others:
        """The questions that processes which share the cache are asking."""
        return InFlight(self.directory)

    def note(self, name: str) -> str | None:
        """A text stored beside the answers under a name, or None."""
        return self._text(f"note:{name}")

    def keep_note(self, name: str, text: str) -> None:
        """Keep a text beside the answers under a name."""
        with self._doing("write"):
            self._rows.set(f"note:{name}", text)

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Raises StorageError for what the disk or the table does."""
        try:
            yield
        except (OSError, sqlite3.Error, diskcache.Timeout) as error:
            raise self._broken(error, what) from error

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        """Close the files."""
        if self._table is not None:
            self._table.close()
        else:
            self._rows.close()

    def _broken(self, error: Exception, doing: str) -> StorageError:
        reason = getattr(error, "strerror", None) or str(error) or "it stayed busy"
        advice = "Free disk space or choose another folder with --cache-dir; cached answers are kept"
        if _is_refused(error):
            advice = "Choose a writable folder with --cache-dir, or only read it with --offline"
        elif "locked" in reason or "busy" in reason:
            advice = (
                "Another process holds it, or its file system has no locks: "
                "choose another folder with --cache-dir"
            )
        return StorageError(
            f"cannot {doing} the cache: {reason}",
            where=str(self.directory),
            next_step=advice,
        )


def _is_refused(error: Exception) -> bool:
    """Whether the folder may be read, but not written."""
    return getattr(error, "errno", None) in (errno.EROFS, errno.EACCES, errno.EPERM) or (
        isinstance(error, sqlite3.Error) and "readonly" in str(error)
    )


def decode(key: str, text: str) -> Answer | None:
    """The answer in a row; None if `put` did not write the row under that key."""
    row = row_of(key, text)
    return row.answer if row is not None else None


def row_of(key: str, text: str) -> Kept | None:
    """A row as it was stored; None if `put` did not write it under that key.

    Whoever can write the file can still write a good row; this finds rows that were damaged, moved or edited
    by hand.
    """
    try:
        row = json.loads(text)
        fields: dict[str, Any] = row["answer"]
        parts: Parts = row["parts"]
        if key_of(parts) != key:
            return None
        fields["logprobs"] = tuple(
            tuple((str(token), float(value)) for token, value in top) for top in fields["logprobs"]
        )
        answer = Answer(**fields)
        names = _names(row.get("names"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Kept(parts, answer, names) if _is_sound(answer) else None


def _names(given: object) -> Mapping[str, str]:
    """The names that are what they should be: they change no answer, so a strange one spoils no row."""
    if not isinstance(given, dict):
        return _NAMELESS
    found = {name: given[name] for name in NAMES if isinstance(given.get(name), str)}
    return {name: text for name, text in found.items() if len(text) <= _MOST_NAME and text.isprintable()}


def _is_sound(answer: Answer) -> bool:
    counts = (
        *(answer.calls, answer.reasked),
        *(answer.prompt_tokens, answer.cached_prompt_tokens, answer.completion_tokens),
    )
    amounts = [answer.seconds, *([] if answer.cost_usd is None else [answer.cost_usd])]
    return (
        all(type(text) is str for text in (answer.text, answer.model, answer.finish_reason, answer.created))
        and all(type(count) is int and count >= 0 for count in counts)
        and all(type(amount) in (int, float) and 0 <= amount < float("inf") for amount in amounts)
        and _CREATED.fullmatch(answer.created) is not None
        and not visible(f"{answer.model} {answer.finish_reason}")[1]
    )


_CREATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
