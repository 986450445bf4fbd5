"""Writes shares to files, as a table or a plot by the extension."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import MissingExtra, UsageError
from ..sinks.files import write_file
from . import plot, table
from .shares import Statistics


def check(paths: Sequence[str | Path]) -> None:
    """Raise UsageError for an extension that is none of ours, MissingExtra for a plot without Matplotlib."""
    from importlib.util import find_spec

    for path in paths:
        kind = Path(path).suffix.lower()
        if kind not in (*table.FORMATS, *plot.FORMATS):
            raise UsageError(
                f'unknown format "{kind}"' if kind else "unknown format",
                where=str(path),
                next_step=f"Use one of: {' '.join((*table.FORMATS, *plot.FORMATS))}",
            )
        if kind in plot.FORMATS and find_spec("matplotlib") is None:
            raise MissingExtra("A plot", "eval")


def write_stats(found: Statistics, *paths: str | Path) -> tuple[str, ...]:
    """Write tables (`.csv .tsv .json .jsonl`) and plots (`.svg .pdf .png`), each whole or not at all.

    Gives what plots do not show, in sentences: groups that have no room, letters that no font has. Raises
    UsageError for another extension or a plot of no cards, MissingExtra without Matplotlib, StorageError if a
    file cannot be written.
    """
    check(paths)
    files = [Path(path) for path in paths]
    empty = [path for path in files if not found.rows and path.suffix.lower() in plot.FORMATS]
    if empty:
        raise UsageError("there is nothing to draw: no card was counted", where=str(empty[0]))
    notes: dict[str, None] = {}
    for path in files:
        kind = path.suffix.lower()
        if kind in plot.FORMATS:
            content, said = plot.drawn(found, kind)
            notes |= dict.fromkeys(said)
            write_file(path, [content])
        else:
            write_file(path, table.written(found, kind))
    return tuple(notes)
