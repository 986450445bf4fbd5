"""Output files of `papercards eval run`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import UsageError
from ...sinks.files import write_file
from . import terminal


@dataclass(slots=True)
class Files:
    """The output files of one run."""

    results: dict[str, Path] = field(default_factory=dict)
    """Result file by model name."""
    in_folder: bool = False
    """Whether the user gave a folder, so that the file names are derived from the models'."""
    junit: list[Path] = field(default_factory=list)


def plan(outputs: Sequence[Path], models: Sequence[str], *, gated: bool) -> Files:
    """Decide by extension what each file gets. Raises UsageError before any request is sent."""
    files = Files()
    for path in outputs:
        if path.suffix == ".xml":
            if not gated:
                raise UsageError(
                    "JUnit XML reports the outcome of a gate, but no gate was given",
                    where=str(path),
                    next_step="Add --gate FILE, or write a .json",
                )
            files.junit.append(path)
        elif path.suffix == ".json":
            if len(models) > 1:
                raise UsageError(
                    f"one file cannot hold the results of {len(models)} models",
                    where=str(path),
                    next_step="Give a folder instead, such as -o results",
                )
            files.results[models[0]] = path
        elif path.suffix:
            raise UsageError(
                f"results cannot be written as {path.suffix}",
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
    """Write a result atomically. `derived`: see `PartialFile`. Raises StorageError."""
    write_file(path, [text.encode()], derived=derived)
    terminal.note(f"result → {path}")
