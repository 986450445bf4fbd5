"""Output files of `papercards eval run`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import StorageError, UsageError
from . import terminal


@dataclass(slots=True)
class Files:
    """The output files of one run."""

    results: dict[str, Path] = field(default_factory=dict)
    """Result file by model name."""
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
            files.results |= {
                name: path / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.json" for name in models
            }
    return files


def write(path: Path, text: str) -> None:
    """Write a result atomically. Raises StorageError."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write: {error.strerror}", where=str(path)) from error
    terminal.note(f"result → {path}")
