"""Cards to where people use them: one format a file, chosen here by extension.

An output is `NAME.partial` until it is whole, so that whatever bears its name is complete.

Knows cards and papers. Knows no models.
"""

from pathlib import Path

from ..errors import UsageError
from . import jsonl, markdown
from .errors_file import ErrorsFile, errors_path
from .interface import Format, LineSink, Sink
from .sharded import ShardedSink, shard_path

__all__ = [
    "FORMATS",
    "ErrorsFile",
    "Format",
    "LineSink",
    "Sink",
    "errors_path",
    "known_extensions",
    "open_sink",
    "shard_path",
]

FORMATS: tuple[Format, ...] = (jsonl.FORMAT, markdown.FORMAT)


def known_extensions() -> tuple[str, ...]:
    """What an output's name may end in, the contract's format first."""
    return tuple(ext for kind in FORMATS for ext in kind.extensions)


def open_sink(path: Path, shards: int | None = None) -> Sink:
    """The sink for a file, by its extension, or for its `shards`; folders on the way are made.

    Raises UsageError for an extension that is not known or a format that has no shards, StorageError where
    nothing can be written.
    """
    extension = path.suffix.lower()
    for kind in FORMATS:
        if extension in kind.extensions:
            if shards is None:
                return kind.open(path)
            if kind is jsonl.FORMAT:
                return ShardedSink(path, shards)
            raise UsageError(
                f"{kind.name} is one page and has no shards",
                where=str(path),
                next_step=f"Use --shards with {' or '.join(jsonl.FORMAT.extensions)} alone",
            )
    raise UsageError(
        f'"{extension}" is no format for cards' if extension else "its format is not known",
        where=str(path),
        next_step=f"Let it end in one of: {' '.join(known_extensions())}",
    )
