"""Outputs that would take the place of something: of a source, or of each other."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def check_outputs(sources: Iterable[str | Path], outputs: Sequence[Path]) -> None:
    """Raise UsageError where two outputs are one, or one is a source or a file beside the cards is.

    A library may be both: its sink gives it back with tags in it. Links and other spellings of a path are the
    same file.
    """
    from ..errors import UsageError
    from ..sinks import destination
    from ..sinks.errors_file import errors_path
    from ..sources import is_named

    places: list[Path] = []
    beside: list[Path] = []
    for number, output in enumerate(outputs):
        kind, place = destination(output)
        if any(_same(place, other) for other in places):
            raise UsageError(
                "is named twice as an output", where=str(output), next_step="Name each output once"
            )
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
                    "is both read and written", where=str(output), next_step="Choose another output"
                )
            if any(_same(other, path) for other in beside):
                raise UsageError(
                    "would be replaced by a file that is written beside the cards",
                    where=str(source),
                    next_step="Choose another output",
                )


_LIBRARIES = frozenset(("bibtex", "ris", "csl"))


def _same(one: Path, other: Path) -> bool:
    try:
        if one.exists() and other.exists():
            return one.samefile(other)
    except OSError:
        pass
    return one.resolve() == other.resolve()
