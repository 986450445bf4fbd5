"""Refuses outputs that would overwrite a source or each other."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import UsageError


def check_outputs(sources: Iterable[str | Path], outputs: Sequence[Path]) -> None:
    """Raise UsageError if two outputs are the same file, or if an output or a file beside it is a source.

    A library may be both source and output: its sink writes it back with tags added. Links and other
    spellings of a path count as the same file.
    """
    from ...sinks import destination
    from ...sinks.errors_file import errors_path
    from ...sources import is_named

    places: list[Path] = []
    beside: list[Path] = []
    for number, output in enumerate(outputs):
        kind, place = destination(output)
        if any(_same(place, other) for other in places):
            raise UsageError("given twice as an output", where=str(output), next_step="Give each output once")
        places.append(place)
        if number == 0:
            beside += [errors_path(place), place.with_name(f"{place.stem}.run.json")]
        keeps = kind.name in _LIBRARIES
        for source in sources:
            if str(source) == "-" or is_named(str(source)):
                continue
            path = Path(source)
            if _same(place, path) and not keeps:
                raise UsageError(
                    "is both a source and an output", where=str(output), next_step="Choose another output"
                )
            if any(_same(other, path) for other in beside):
                raise UsageError(
                    "would be overwritten by a file that is written beside the cards",
                    where=str(source),
                    next_step="Choose another output",
                )


def check_apart(inputs: Iterable[Path], outputs: Iterable[Path]) -> None:
    """Raise UsageError if a file of cards is both an input and an output."""
    from ...sinks import destination

    for one in inputs:
        if any(_same(destination(one)[1], destination(output)[1]) for output in outputs):
            raise UsageError(
                "is both an input and an output", where=str(one), next_step="Choose another output"
            )


_LIBRARIES = frozenset(("bibtex", "ris", "csl"))


def _same(one: Path, other: Path) -> bool:
    try:
        if one.exists() and other.exists():
            return one.samefile(other)
    except OSError:
        pass
    return one.resolve() == other.resolve()
