"""The rows of a cache for people: listed, summed up, exported, imported, chosen for deletion.

Rows are read as text and checked against their key; nothing is ever unpickled. An imported row must give its
key from its parts.

Knows rows. Knows no papers and no terminal.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..safety.redact import SHORTEST_SECRET, holds_a_secret
from .cache import Kept, key_of, row_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of a cache's file."""

    key: str
    size: int
    """Bytes of its text."""
    row: Kept | None
    """What is in it; None if it is damaged, or not of papercards."""
    damage: str = ""

    @property
    def model(self) -> str:
        """The model as the user named it, else as the endpoint did."""
        assert self.row is not None
        return self.row.names.get("model") or str(self.row.parts.get("model", ""))

    @property
    def prompt(self) -> str:
        """Version of the prompt; of rows without names, the beginning of the hash of its messages."""
        assert self.row is not None
        return self.row.names.get("prompt") or str(self.row.parts.get("prefix", ""))[:8]


def stored(folder: Path) -> Iterator[Stored]:
    """The rows of a cache folder in the order they came. Raises sqlite3.Error; changes nothing."""
    path = folder / "answers" / "cache.db"
    if not path.is_file():
        return
    asked = "SELECT key, value, mode, filename FROM Cache ORDER BY rowid"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as table:
        for key, value, mode, file in table.execute(asked):
            if isinstance(key, str) and key.startswith("note:"):
                continue
            if not isinstance(key, str) or not isinstance(value, str) or mode != 1 or file is not None:
                yield Stored(repr(key)[:40], 0, None, "is not text")
                continue
            row = row_of(key, value)
            damage = "" if row is not None else "was changed, or moved from another place"
            yield Stored(key, len(value.encode(errors="replace")), row, damage)


@dataclass(slots=True)
class Sums:
    """Answers of one model to one prompt."""

    model: str
    prompt: str
    answers: int = 0
    bytes: int = 0
    oldest: str = ""
    """Time of the oldest answer in UTC."""
    newest: str = ""
    cost_usd: float = 0.0
    """What the answers with a known cost have cost: what they save when they are wanted again."""
    priced: int = 0
    """Number of answers with a known cost."""


def sums(rows: Iterable[Stored]) -> list[Sums]:
    """Sums by model and prompt, the newest answers first."""
    found: dict[tuple[str, str], Sums] = {}
    for one in rows:
        if one.row is None:
            continue
        group = found.setdefault((one.model, one.prompt), Sums(one.model, one.prompt))
        answer = one.row.answer
        group.answers += 1
        group.bytes += one.size
        group.oldest = min(group.oldest or answer.created, answer.created)
        group.newest = max(group.newest, answer.created)
        if answer.cost_usd is not None:
            group.cost_usd += answer.cost_usd
            group.priced += 1
    return sorted(found.values(), key=lambda group: group.newest, reverse=True)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are meant; what is None does not matter."""

    older_than: timedelta | None = None
    model: str | None = None
    prompt: str | None = None
    """Version of a prompt, or its beginning."""
    most_bytes: int | None = None
    """The newest rows within so many bytes are not meant."""

    def of(self, rows: Iterable[Stored], now: datetime) -> list[Stored]:
        """The rows that are meant; damaged ones are not."""
        limit = None if self.older_than is None else (now - self.older_than).astimezone(UTC)
        fitting = [one for one in rows if one.row is not None and self._fits(one, limit)]
        if self.most_bytes is None:
            return fitting
        fitting.sort(key=_created)
        left = sum(one.size for one in fitting)
        meant = []
        for one in fitting:
            if left <= self.most_bytes:
                break
            meant.append(one)
            left -= one.size
        return meant

    def _fits(self, one: Stored, limit: datetime | None) -> bool:
        return (
            (limit is None or _created(one) < limit.strftime("%Y-%m-%dT%H:%M:%SZ"))
            and self.model in (None, one.model)
            and (self.prompt is None or one.prompt.startswith(self.prompt))
        )


def _created(one: Stored) -> str:
    return one.row.answer.created if one.row is not None else ""


def line_of(row: Kept, secrets: Collection[str] = ()) -> str | None:
    """A row as a line of JSON for another cache.

    None if it holds one of the secrets, or a parameter of the request with the name of one.
    """
    line = json.dumps({"key": row.key, **json.loads(row.to_json())}, ensure_ascii=False)
    if any(secret in line for secret in secrets if len(secret) >= SHORTEST_SECRET):
        return None
    return None if any(map(holds_a_secret, _names(row.parts.get("extra_body")))) else line


def _names(value: object) -> Iterator[str]:
    """The names in JSON, at any depth."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            yield from _names(json.loads(value))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def row_of_line(line: bytes) -> Kept:
    """The row of an exported line. Raises ValueError with the reason for one that is not taken."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("is not JSON") from error
    if not isinstance(given, dict) or not isinstance(given.get("parts"), dict):
        raise ValueError("is not a row of a cache")
    parts = given["parts"]
    if not parts or not all(
        part is None or isinstance(part, str | int | float | bool) for part in parts.values()
    ):
        raise ValueError("is not a row of a cache")
    key = key_of(parts)
    if given.get("key") != key:
        raise ValueError("its key is not that of its parts")
    row = row_of(key, line.decode())
    if row is None:
        raise ValueError("its answer is none that papercards writes")
    return row
