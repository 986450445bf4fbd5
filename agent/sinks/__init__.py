"""Cards to where people use them: one format a file or folder, chosen here by extension or by name.

An output is `NAME.partial` until it is whole, so that whatever bears its name is complete.

Knows cards and papers. Knows no models.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from ..card import Card
from ..errors import UsageError
from ..plugins import plugged
from ..prefix import split
from . import dataset, delimited, duckdb, feed, json_array, jsonl, libraries, markdown, parquet, sqlite, vault
from .errors_file import ErrorsFile, errors_path
from .interface import Format, LineSink, Output, RemarkingSink, Sink, SinkFile
from .sharded import ShardedSink, shard_path

__all__ = [
    "FORMATS",
    "GROUP",
    "ErrorsFile",
    "Format",
    "LineSink",
    "Output",
    "RemarkingSink",
    "Sink",
    "SinkFile",
    "destination",
    "errors_path",
    "known_formats",
    "known_outputs",
    "open_sink",
    "output_named",
    "read_cards",
    "shard_path",
]

FORMATS: tuple[Format, ...] = (
    jsonl.FORMAT,
    json_array.FORMAT,
    delimited.CSV,
    delimited.TSV,
    parquet.FORMAT,
    sqlite.FORMAT,
    duckdb.FORMAT,
    dataset.FORMAT,
    markdown.FORMAT,
    vault.FORMAT,
    *feed.FORMATS,
    *libraries.FORMATS,
)

GROUP = "papercards.sinks"
"""The entry points under which other distributions add a `Format`."""


def known_formats() -> tuple[Format, ...]:
    """Every way out, the contract's first, those of other distributions last."""
    return (*FORMATS, *_plugged())


def known_outputs() -> str:
    """What an output may be, for a message: extensions, the contract's first, then folders by name."""
    return _written(known_formats())


def _written(formats: Iterable[Format]) -> str:
    every = list(formats)
    extensions = [ext for kind in every for ext in kind.extensions]
    named = [f"{kind.name}:{'FOLDER' if kind.folder else 'FILE'}" for kind in every if not kind.extensions]
    return " ".join([*extensions, *named])


def destination(spec: Path) -> tuple[Format, Path]:
    """The format and the place that an output's name means: `cards.jsonl`, `jsonl:cards.txt`, `vault:notes`.

    A folder that is there is a vault. Raises UsageError where no format is known by name or extension.
    """
    prefix, place = split(str(spec))
    if prefix and place:
        kind = _find(lambda one: f"{one.name}:" == prefix)
        if kind is not None:
            return kind, _with_name(Path(place).expanduser())
    extension = spec.suffix.lower()
    kind = _find(lambda one: extension in one.extensions)
    if kind is not None:
        return kind, spec
    if spec.is_dir():
        return vault.FORMAT, _with_name(spec)
    raise UsageError(
        f'"{extension}" is no format for cards' if extension else "its format is not known",
        where=str(spec),
        next_step=f"Let it end in one of, or name it as: {known_outputs()}",
    )


def output_named(word: str) -> Path:
    """An output as it stands on the command line, for `destination`: a name that ends in `/` is a vault's."""
    if word.endswith(("/", os.sep)) and not split(word)[0]:
        return Path(f"{vault.FORMAT.name}:{word}")
    return Path(word)


def _with_name(path: Path) -> Path:
    """The path with a name at its end, beside which more can be written."""
    if path.name in ("", ".."):
        path = path.resolve()
    if not path.name:
        raise UsageError("is no place for cards", where=str(path), next_step="Name a folder in it")
    return path


def open_sink(spec: Path, shards: int | None = None, sources: tuple[str, ...] = ()) -> Sink:
    """The sink for an output, or for its `shards`; folders on the way are made.

    `sources` are what the papers come from. Raises UsageError for a format that is not known or has no
    shards, StorageError where nothing can be written.
    """
    kind, path = destination(spec)
    if shards is None:
        return kind.open(Output(path, sources))
    if kind is jsonl.FORMAT:
        return ShardedSink(path, shards)
    raise UsageError(
        f"{kind.name} has no shards",
        where=str(spec),
        next_step=f"Use --shards with {' or '.join(jsonl.FORMAT.extensions)} alone",
    )


def read_cards(spec: Path) -> Iterator[Card]:
    """The cards of a file or folder of any format that can be read back, one at a time.

    Raises UsageError where there is none or its format cannot be read back, BadInput where it holds
    something else.
    """
    kind, path = destination(spec)
    if not path.exists():
        raise UsageError(f"there is no such {'folder' if kind.folder else 'file'}", where=str(path))
    if not kind.folder and path.is_dir():
        raise UsageError("is a folder, not a file of cards", where=str(path), next_step="Name a file in it")
    if kind.read is None:
        raise UsageError(
            f"{kind.name} does not hold whole cards",
            where=str(spec),
            next_step=f"These do: {_written(one for one in known_formats() if one.read)}",
        )
    return kind.read(path)


@cache
def _plugged() -> tuple[Format, ...]:
    return plugged(GROUP, Format)


def _find(fits: Callable[[Format], bool]) -> Format | None:
    # Looking for other distributions takes time, so they are asked last.
    return next((kind for kind in FORMATS if fits(kind)), None) or next(filter(fits, _plugged()), None)
