"""Loads plugins of other packages through Python's entry points.

A package declares its plugins under `[project.entry-points."papercards.sources"]`, as `name =
"package.module:OBJECT"`; see https://packaging.python.org/en/latest/specifications/entry-points/.

Knows no sources and no sinks.
"""

from typing import TypeVar

from .errors import UsageError

T = TypeVar("T")


def plugged(group: str, *kinds: type[T]) -> tuple[T, ...]:
    """The plugins declared by other packages under a group, by name.

    Raises UsageError for a plugin that cannot be loaded or has none of the types `kinds`.
    """
    from importlib import metadata

    found: list[T] = []
    for point in sorted(metadata.entry_points(group=group), key=lambda point: point.name):
        owner = point.dist.name if point.dist else "an unknown package"
        where = f"{owner} ({group}: {point.name})"
        next_step = f"Fix or uninstall {owner}"
        try:
            value = point.load()
        except Exception as error:
            # Another's code: whatever is wrong with it is a sentence with its name, not a crash of ours.
            raise UsageError(f"cannot load: {error}", where=where, next_step=next_step) from error
        if not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise UsageError(f"is a {type(value).__name__}, not a {names}", where=where, next_step=next_step)
        found.append(value)
    return tuple(found)
