"""Where the results of `papercards eval run` go."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UsageError
from ..sinks.files import PartialFile
from . import terminal


@dataclass(slots=True)
class Files:
    """The files of one run."""

    results: dict[str, Path] = field(default_factory=dict)
    """By model."""
    in_folder: bool = False
    """Whether the user named a folder, and the names in it were made of the models'."""
    junit: list[Path] = field(default_factory=list)


def plan(outputs: Sequence[Path], models: Sequence[str], *, gated: bool) -> Files:
    """Which file gets what, by its extension. Raises UsageError, before anything was asked or spent."""
    files = Files()
    for path in outputs:
        if path.suffix == ".xml":
            if not gated:
                raise UsageError(
                    "JUnit XML holds the outcome of a gate, and there is none",
                    where=str(path),
                    next_step="Add --gate FILE, or write a .json",
                )
            files.junit.append(path)
        elif path.suffix == ".json":
            if len(models) > 1:
                raise UsageError(
                    f"one file cannot hold the results of {len(models)} models",
                    where=str(path),
                    next_step="Name a folder instead, such as -o results",
                )
            files.results[models[0]] = path
        elif path.suffix:
            raise UsageError(
                f"no result is written as {path.suffix}",
                where=str(path),
                next_step="Use .json, .xml or a folder",
            )
        else:
            files.in_folder = True
            files.results |= {
                name: path / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.json" for name in models
            }
    return files


def write(path: Path, text: str, *, derived: bool) -> None:
    """Write a result; it is there whole or not at all. `derived`: see `PartialFile`. Raises StorageError."""
    file = PartialFile(path, derived=derived)
    try:
        file.commit(text.encode())
    finally:
        file.abandon()
    terminal.note(f"result → {path}")
