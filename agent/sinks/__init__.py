"""Opens outputs for cards; the format is chosen by extension or by name.

An output is `NAME.partial` until it is complete, so a file with the final name is always complete.

Knows cards and papers. Knows no models.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from ..card import Card
from ..errors import UsageError
from ..plugins import plugged
from ..text.prefix import split
from ..text.wording import did_you_mean
from . import (
    dataset,
    delimited,
    duckdb,
    feed,
    json_array,
    jsonl,
    libraries,
    markdown,
    parquet,
    spreadsheet,
    sqlite,
    vault,
)
from .errors_file import ErrorsFile, errors_path
from .interface import Format, LineSink, Output, RemarkingSink, Sink, SinkFile
from .own_columns import columns_in, columns_of_lines
from .relational import Column
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
    "shaped",
    "shard_path",
]

FORMATS: tuple[Format, ...] = (
    jsonl.FORMAT,
    json_array.FORMAT,
    delimited.CSV,
    delimited.EXCEL,
    delimited.TSV,
    spreadsheet.FORMAT,
    parquet.FORMAT,
    sqlite.FORMAT,
    duckdb.FORMAT,
    dataset.FORMAT,
    markdown.FORMAT,
    vault.FORMAT,
    vault.BY_CITATION_KEY,
    *feed.FORMATS,
    *libraries.FORMATS,
)

GROUP = "papercards.sinks"
"""Entry point group for plugins that add a `Format`."""


def known_formats() -> tuple[Format, ...]:
    """All output formats, JSONL first, plugins last."""
    return (*FORMATS, *_plugged())


def known_outputs() -> str:
    """The possible outputs, for messages: extensions, JSONL first, then folders by name."""
    return _written(known_formats())


def _written(formats: Iterable[Format]) -> str:
    every = list(formats)
    extensions = [ext for kind in every for ext in kind.extensions]
    named = [f"{kind.name}:{'FOLDER' if kind.folder else 'FILE'}" for kind in every if not kind.extensions]
    return " ".join([*extensions, *named])


def destination(spec: Path) -> tuple[Format, Path]:
    """The format and the path of an output: `cards.jsonl`, `jsonl:cards.txt`, `vault:notes`.

    An existing folder is a vault. Raises UsageError if the name or extension is unknown.
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
    if str(spec) == "-":
        raise UsageError(
            "cannot be an output", where="-", next_step="Leave -o out: JSONL then goes to standard output"
        )
    near = did_you_mean(extension, [one for kind in known_formats() for one in kind.extensions])
    raise UsageError(
        f'unknown format "{extension}"' if extension else "unknown format",
        where=str(spec),
        next_step=f"{near} Known formats: {known_outputs()}".lstrip(),
    )


def shaped(outputs: Sequence[Path], *, excel: bool = False, name_notes: str = "title") -> tuple[Path, ...]:
    """The outputs with CSV as Excel wants it, and vaults with notes named by `title` or `citekey`.

    Raises UsageError if no output is of such a kind, and what `destination` raises.
    """
    wanted = [(excel, delimited.CSV, delimited.EXCEL, "--excel", "CSV file, such as -o cards.csv")]
    wanted.append(
        (
            name_notes == "citekey",
            vault.FORMAT,
            vault.BY_CITATION_KEY,
            "--name-notes",
            "vault, such as -o notes/",
        )
    )
    for asked, plain, other, option, example in wanted:
        if asked:
            found = [destination(output) for output in outputs]
            if not any(kind in (plain, other) for kind, _ in found):
                raise UsageError("no output is affected", where=option, next_step=f"Add a {example}")
            outputs = [
                Path(f"{other.name}:{path}") if kind is plain else output
                for output, (kind, path) in zip(outputs, found, strict=True)
            ]
    return tuple(outputs)


def output_named(word: str) -> Path:
    """Parse an output of the command line, for `destination`: a name that ends in `/` is a vault."""
    if word.endswith(("/", os.sep)) and not split(word)[0]:
        return Path(f"{vault.FORMAT.name}:{word}")
    return Path(word)


def _with_name(path: Path) -> Path:
    """The path, which must end in a name so that files can be written beside it."""
    if path.name in ("", ".."):
        path = path.resolve()
    if not path.name:
        raise UsageError("is not a valid output", where=str(path), next_step="Use a folder in it")
    return path


def open_sink(
    spec: Path,
    shards: int | None = None,
    sources: tuple[str, ...] = (),
    *,
    cards: Path | Callable[[], Iterable[Card]] | None = None,
) -> Sink:
    """Open the sink of an output, or of its `shards`; missing folders are created.

    `sources` are the sources of the papers; `cards` are the cards that will be written, or their file, if
    they may be of several runs with different own fields. Raises UsageError for an unknown format or one
    without shards, StorageError if it cannot be written.
    """
    kind, path = destination(spec)
    if shards is None:
        fields = tuple if cards is None else partial(_own_columns, cards)
        return kind.open(Output(path, sources, fields))
    if kind is jsonl.FORMAT:
        return ShardedSink(path, shards)
    raise UsageError(
        f"{kind.name} cannot be split into shards",
        where=str(spec),
        next_step=f"Use --shards with {' or '.join(jsonl.FORMAT.extensions)} only",
    )


def _own_columns(cards: Path | Callable[[], Iterable[Card]]) -> tuple[Column, ...]:
    if not isinstance(cards, Path):
        return columns_in(cards())
    kind, path = destination(cards)
    return columns_of_lines(path) if kind is jsonl.FORMAT else columns_in(read_cards(cards))


def read_cards(spec: Path) -> Iterator[Card]:
    """The cards of a file or folder of any format that can be read back, one at a time.

    Raises UsageError if it does not exist or its format cannot be read back, BadInput if the content is
    something else.
    """
    kind, path = destination(spec)
    if not path.exists():
        raise UsageError(f"no such {'folder' if kind.folder else 'file'}", where=str(path))
    if not kind.folder and path.is_dir():
        raise UsageError("is a folder, not a card file", where=str(path), next_step="Give a file in it")
    if kind.read is None:
        raise UsageError(
            f"cards cannot be read back from {kind.name}",
            where=str(spec),
            next_step=f"Use one of: {_written(one for one in known_formats() if one.read)}",
        )
    return kind.read(path)


@cache
def _plugged() -> tuple[Format, ...]:
    return plugged(GROUP, Format)


def _find(fits: Callable[[Format], bool]) -> Format | None:
    # Looking for other distributions takes time, so they are asked last.
    return next((kind for kind in FORMATS if fits(kind)), None) or next(filter(fits, _plugged()), None)
