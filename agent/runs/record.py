"""The record of a run: one JSON file beside its cards with the settings, sources and results.

It contains no secrets: no API key, and no address with user name, password or query. Paths are as given by
the user; `folder` is their base folder relative to the record, so that a project can be moved as a whole.

Knows JSON, hashes and paths. Knows no papers and no models.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ..errors import BadInput, UsageError
from ..text.prefix import split
from ..text.wording import first_fault

HASHED_BYTES = 64 << 20
"""Maximum size in bytes of sources that are hashed; larger ones are identified by size and modification time.
"""


Value = str | int | float | bool | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceFile(_Part):
    """The state of a source at the end of the run."""

    path: str
    """Path as given; `-` is standard input, without further data."""
    named: bool = False
    """Whether it is an id or query, such as `arxiv:ID`, instead of a path."""
    size: int | None = None
    """Size in bytes; None if not a regular file."""
    sha256: str | None = None
    """SHA-256; None if larger than 64 MB or not a regular file."""
    modified_ns: int | None = None
    """Modification time in Unix nanoseconds; only if there is no hash."""

    @classmethod
    def of(cls, path: str, found: Path) -> Self:
        """The file at `found`, given as `path`. Raises OSError if it cannot be read."""
        if path == "-" or not found.is_file():
            return cls(path=path)
        state = found.stat()
        if state.st_size > HASHED_BYTES:
            return cls(path=path, size=state.st_size, modified_ns=state.st_mtime_ns)
        with found.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(path=path, size=state.st_size, sha256=sha256)


class OutputFile(_Part):
    """A card file written by the run."""

    path: str
    """Path as given by the user; shards have their own names."""
    whole: bool
    """Whether the file is complete; False if it is still `PATH.partial`."""
    size: int
    sha256: str


class Counts(_Part):
    """Counts of papers and calls."""

    done: int
    """Number of papers with a card, `new` plus `cached`."""
    new: int
    cached: int
    failed: int
    without_abstract: int = 0
    duplicates: int
    calls: int


class TokenCounts(_Part):
    """Tokens spent by the run, without those of cached answers."""

    prompt: int
    completion: int


class Distance(_Part):
    """How far the papers are from the labelled ones that the tagger was fitted on."""

    papers: int
    far: float
    """Share of the papers that are unlike all labelled ones; 0.1 is usual among those themselves."""
    main_task: float | None
    """Share of main tasks expected to be right; None if unknown, as for a taxonomy of your own."""
    low: float | None
    high: float | None
    """The ends of its 95% interval."""


class EndpointShare(_Part):
    """What one endpoint of a pool did."""

    url: str
    weight: float
    requests: int
    answers: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """Cost in USD; None if the price is unknown."""
    left_out: str | None
    """Why it was left out at the end of the run."""


class Settings(_Part):
    """The settings of the run."""

    limit: int | None
    shards: int | None
    keep_duplicates: bool = False
    part: str | None = None
    """Part of the papers, such as `3/8`; None for all."""
    columns: dict[str, str]
    table: str | None = None
    categories: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    fill_abstracts: bool = False
    taxonomy: str | None
    """Path of the taxonomy; None for the shipped one."""
    fields: str | None = None
    """Path of the fields file; None without own fields."""
    only: str | None = None
    """The fields that were asked, if not all."""
    tuned: str | None = None
    """Path of the layer of own labels; None without one."""
    plan: Literal["decide"] | None = None
    """The plan of a hosted model; None for the usual one."""
    endpoint: str | None
    """Endpoint address without user name, password and query; None for no hosted model."""
    cache_dir: str | None
    """Cache folder; None if the cache was off."""
    outputs: tuple[str, ...]
    """Output paths as given, before sharding."""


class NodeRecord(_Part):
    """A node of a cluster."""

    name: str
    cpus: float
    memory_mb: int
    papercards: str
    python: str
    version: str
    """Version of the engine there."""


class EngineRecord(_Part):
    """The cluster of a run."""

    name: Literal["ray"]
    version: str
    workers: int
    nodes: tuple[NodeRecord, ...]
    shards: int
    """Number of shards that this run has written."""
    bytes: int
    """Their size."""
    earlier: int
    """Papers that had a card of an earlier run of the same command."""


class RunRecord(_Part):
    """One run of `enrich`."""

    version: Literal[1] = 1
    """Version of the file format."""
    papercards: str
    python: str
    argv: tuple[str, ...]
    folder: str
    """Working directory, relative to the record's folder."""
    status: Literal["complete", "interrupted", "failed"]
    """Status; `complete` means that every paper was processed, of which `counts.failed` got no card."""
    error: str | None
    """The error that ended a failed run."""
    model: str
    model_sha256: str | None
    """SHA-256 of the weights, if they are a local file."""
    prompt: str
    taxonomy: str
    made_by: dict[str, Value]
    """Everything except the paper that the cards depend on, such as temperature and max_tokens."""
    settings: Settings
    sources: tuple[SourceFile, ...]
    outputs: tuple[OutputFile, ...]
    counts: Counts
    tokens: TokenCounts
    cost_usd: float | None
    """Cost in USD; None if the price is unknown."""
    started: str
    """Start time in UTC, ISO 8601."""
    seconds: float
    """Seconds from the first paper to the last card on disk."""
    endpoints: tuple[EndpointShare, ...] = ()
    """Those of a pool; empty for a single endpoint."""
    distance: Distance | None = None
    """None for hosted models and for fewer than ten papers."""
    engine: EngineRecord | None = None
    """None for a run in one process."""

    def to_json(self) -> str:
        """The record as indented JSON with a final line end."""
        return self.model_dump_json(indent=1) + "\n"


def record_path(output: Path) -> Path:
    """Path of the record of a run with that first output: `cards.run.json` for `cards.jsonl`."""
    return output.with_name(f"{output.stem}.run.json")


def read_record(path: Path) -> RunRecord:
    """Read a record. Raises UsageError if the file does not exist, BadInput if it is not a record."""
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", where=str(path)) from error
    except ValidationError as error:
        raise BadInput(f"not a run record: {first_fault(error)}", where=str(path)) from error


def from_folder(here: Path, folder: Path) -> str:
    """The relative path from `folder` to `here`; the full path if there is none, as between two drives."""
    try:
        return os.path.relpath(here.resolve(), folder.resolve())
    except ValueError:
        return str(here.resolve())


def source_path(path: str, record: Path, folder: str) -> Path:
    """The path of a source of a record, relative to the run's working directory, else to the current one.

    The first works for a record moved together with its files, the second for one moved alone.
    """
    there = _from_record(path, record, folder)
    return there if there.exists() or not Path(path).exists() else Path(path)


def output_path(path: str, record: Path, folder: str) -> Path:
    """The path of an output of a record, found in the same way; its folder must exist."""
    form, place = split(path)
    there = _from_record(place, record, folder)
    return Path(f"{form}{there}") if there.parent.is_dir() else Path(path)


def _from_record(path: str, record: Path, folder: str) -> Path:
    return Path(os.path.normpath(record.parent / folder / path))


def differences(old: RunRecord, sources: Iterable[SourceFile], made_by: Mapping[str, Value]) -> list[str]:
    """What has changed, one phrase each: sources, then what the cards depend on."""
    found = []
    for was, now in zip(old.sources, sources, strict=True):
        if was.named:
            continue
        if was.size is None:
            found.append(f"{was.path} was not a file and cannot be read again")
        elif now.size is None:
            found.append(f"{was.path} no longer exists")
        elif was != now:
            found.append(f"{was.path} has changed")
    return found + differing(old.made_by, made_by)


def differing(before: Mapping[str, Value], now: Mapping[str, Value]) -> list[str]:
    """What has changed of that which cards depend on, one phrase each."""
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return [f"{name} was {_short(before.get(name))}, is {_short(now.get(name))}" for name in names]


def _short(value: Value) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"
