"""What a run was asked and what it did: one JSON file beside its cards, so that they can be explained later.

It holds no secret: no key, and no address with a user's name, password or query in it. Paths stand as the
user gave them; `folder` says from where, seen from the record, so that a project can be moved as a whole.

Knows JSON, hashes and paths. Knows no papers and no models.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import BadInput, UsageError

HASHED_BYTES = 64 << 20
"""Sources up to this size are hashed; of a larger one, size and time of change must do."""

_FORMAT = re.compile(r"[a-z][a-z0-9-]+:(?!//)")
"""`vault:` before a path says what is written there."""

Value = str | int | float | bool | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceFile(_Part):
    """A source as it was at the end of the run."""

    path: str
    """As given; `-` is standard input, of which nothing else is known."""
    named: bool = False
    """Whether it is a name of papers, as `arxiv:ID`, and no path."""
    size: int | None = None
    """Bytes; None: no regular file."""
    sha256: str | None = None
    """None: over 64 MB, or no regular file."""
    modified_ns: int | None = None
    """Time of change, Unix time in nanoseconds; only where there is no hash."""

    @classmethod
    def of(cls, path: str, found: Path) -> Self:
        """The file at `found`, which the user calls `path`. Raises OSError where it cannot be read."""
        if path == "-" or not found.is_file():
            return cls(path=path)
        state = found.stat()
        if state.st_size > HASHED_BYTES:
            return cls(path=path, size=state.st_size, modified_ns=state.st_mtime_ns)
        with found.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(path=path, size=state.st_size, sha256=sha256)


class OutputFile(_Part):
    """A file of cards."""

    path: str
    """As named by the user; a shard by its own name."""
    whole: bool
    """False: it stayed `PATH.partial`."""
    size: int
    sha256: str


class Counts(_Part):
    """Papers and calls of the run."""

    done: int
    """Papers with a card: `new` and `cached`."""
    new: int
    cached: int
    failed: int
    duplicates: int
    calls: int


class TokenCounts(_Part):
    """Tokens that the run spent; those of cached answers are not in it."""

    prompt: int
    completion: int


class Settings(_Part):
    """What the run was told."""

    limit: int | None
    shards: int | None
    columns: dict[str, str]
    table: str | None = None
    categories: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    taxonomy: str | None
    """Path of the taxonomy; None: the one shipped."""
    endpoint: str | None
    """Without user name, password and query; None: no hosted model."""
    cache_dir: str | None
    """None: the run had no cache."""
    outputs: tuple[str, ...]
    """Paths as given, before sharding."""


class RunRecord(_Part):
    """One run of `enrich`."""

    version: Literal[1] = 1
    """Of this file's format."""
    papercards: str
    python: str
    argv: tuple[str, ...]
    folder: str
    """The working directory, seen from the record's folder."""
    status: Literal["complete", "interrupted", "failed"]
    """`complete`: every paper was read; `counts.failed` says how many got no card."""
    error: str | None
    """What ended a failed run."""
    model: str
    model_sha256: str | None
    """Of the weights, where they are a local file."""
    prompt: str
    taxonomy: str
    made_by: dict[str, Value]
    """Everything beside the paper that the cards depend on, as temperature and max_tokens."""
    settings: Settings
    sources: tuple[SourceFile, ...]
    outputs: tuple[OutputFile, ...]
    counts: Counts
    tokens: TokenCounts
    cost_usd: float | None
    """None: the price is not known."""
    started: str
    """UTC, ISO 8601."""
    seconds: float
    """From the first paper to the last card on disk."""

    def to_json(self) -> str:
        """For people and programs: indented, a line end at the end."""
        return self.model_dump_json(indent=1) + "\n"


def record_path(output: Path) -> Path:
    """Where the record of a run with that first output goes: `cards.run.json` for `cards.jsonl`."""
    return output.with_name(f"{output.stem}.run.json")


def read_record(path: Path) -> RunRecord:
    """Read a record. Raises UsageError where there is none, BadInput where it is none."""
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise BadInput(
            f"is no run record: {place + ': ' if place else ''}{fault['msg']}", where=str(path)
        ) from error


def from_folder(here: Path, folder: Path) -> str:
    """The way from `folder` to `here`; the whole path where there is none, as between two drives."""
    try:
        return os.path.relpath(here.resolve(), folder.resolve())
    except ValueError:
        return str(here.resolve())


def source_path(path: str, record: Path, folder: str) -> Path:
    """Where a source of a record is: seen from the run's working directory, else from this one.

    A record that was moved together with its files finds them by the first, one that was moved alone by the
    second.
    """
    there = _from_record(path, record, folder)
    return there if there.exists() or not Path(path).exists() else Path(path)


def output_path(path: str, record: Path, folder: str) -> Path:
    """Where an output of a record goes, seen from the same two places; its folder must be there."""
    form, place = format_and_place(path)
    there = _from_record(place, record, folder)
    return Path(f"{form}{there}") if there.parent.is_dir() else Path(path)


def format_and_place(output: str) -> tuple[str, str]:
    """The format of an output's name, colon included, and its place: `vault:` and `notes`."""
    match = _FORMAT.match(output)
    form = match[0] if match else ""
    return form, output.removeprefix(form)


def _from_record(path: str, record: Path, folder: str) -> Path:
    return Path(os.path.normpath(record.parent / folder / path))


def differences(old: RunRecord, sources: Iterable[SourceFile], made_by: Mapping[str, Value]) -> list[str]:
    """What is not as it was, a phrase each: sources, then what made the cards."""
    found = []
    for was, now in zip(old.sources, sources, strict=True):
        if was.named:
            continue
        if was.size is None:
            found.append(f"{was.path} was no file and cannot be read again")
        elif now.size is None:
            found.append(f"{was.path} is gone")
        elif was != now:
            found.append(f"{was.path} has changed")
    for name in sorted(old.made_by.keys() | made_by.keys()):
        before, after = old.made_by.get(name), made_by.get(name)
        if before != after:
            found.append(f"{name} was {_short(before)}, is {_short(after)}")
    return found


def _short(value: Value) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"
