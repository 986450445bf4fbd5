"""Cards to where people use them: one format a file, chosen here by extension.

An output is `NAME.partial` until it is whole, so that whatever bears its name is complete.

Knows cards and papers. Knows no models.
"""

from pathlib import Path

from ..errors import UsageError
from . import jsonl, markdown
from .errors_file import ErrorsFile, errors_path
from .interface import Format, Sink

__all__ = ["FORMATS", "ErrorsFile", "Format", "Sink", "errors_path", "known_extensions", "open_sink"]

FORMATS: tuple[Format, ...] = (jsonl.FORMAT, markdown.FORMAT)


def known_extensions() -> tuple[str, ...]:
    """What an output's name may end in, the contract's format first."""
    return tuple(ext for kind in FORMATS for ext in kind.extensions)


def open_sink(path: Path) -> Sink:
    """The sink for a file, by its extension; folders on the way are made.

    Raises UsageError for an extension that is not known, StorageError where nothing can be written.
    """
    extension = path.suffix.lower()
    for kind in FORMATS:
        if extension in kind.extensions:
            return kind.open(path)
    raise UsageError(
        f'"{extension}" is no format for cards' if extension else "its format is not known",
        where=str(path),
        next_step=f"Let it end in one of: {' '.join(known_extensions())}",
    )
