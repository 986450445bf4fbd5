"""Changes YAML front matter key by key; the lines of all other keys stay unchanged.

The YAML is a stranger's by the time it is read again. It is taken apart as a flat stream of events, so that
neither nesting nor aliases cost anything: no object is ever built from it, and a value is text, a list of
texts, or nothing that we know.

Knows YAML alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import yaml

Value = str | float | tuple[str, ...]

_LOADER: type = yaml.SafeLoader
_DUMPER: type = yaml.SafeDumper
if yaml.__with_libyaml__:
    # Ten times as fast. Only its events are used: its composer overflows the stack on deep nesting.
    _LOADER, _DUMPER = yaml.CSafeLoader, yaml.CSafeDumper

_dump = partial(
    yaml.dump, Dumper=_DUMPER, allow_unicode=True, default_flow_style=False, sort_keys=False, width=1 << 20
)


class Unreadable(ValueError):
    """The front matter is not YAML, or cannot be changed key by key."""


@dataclass(frozen=True, slots=True)
class Field:
    """A key with its value."""

    first: int
    """Line of the key, from 0."""
    end: int
    """Line after the value; comments and blank lines below it do not belong to it."""
    value: str | tuple[str, ...] | None
    """The value; None if it is neither a text nor a list of texts."""


def fields(text: str) -> dict[str, Field]:
    """The keys of a front matter, in order. Raises Unreadable where it is no mapping with a key a line."""
    try:
        keys = list(_top_level(text))
    except yaml.YAMLError as error:
        raise Unreadable("not YAML") from error
    lines = text.splitlines()
    found: dict[str, Field] = {}
    for place, (key, first, value) in enumerate(keys):
        end = keys[place + 1][1] if place + 1 < len(keys) else len(lines)
        if key in found or end <= first:
            raise Unreadable("a key is given twice, or two are on one line")
        while end > first + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1
        found[key] = Field(first, end, value)
    return found


def _top_level(text: str) -> list[tuple[str, int, str | tuple[str, ...] | None]]:
    keys: list[tuple[str, int, str | tuple[str, ...] | None]] = []
    depth = 0
    key: tuple[str, int] | None = None
    items: list[str] | None = None
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth == 1 and (not isinstance(event, yaml.MappingStartEvent) or event.flow_style):
                raise Unreadable("not a mapping in lines")
            items = [] if depth == 2 and isinstance(event, yaml.SequenceStartEvent) else None
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1
            if depth == 1 and key is not None:
                keys.append((*key, tuple(items) if items is not None else None))
                key = None
            items = items if depth == 2 else None
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            mark = event.start_mark
            value = event.value if isinstance(event, yaml.ScalarEvent) else None
            if depth == 2 and items is not None:
                if value is None:
                    items = None
                else:
                    items.append(value)
            elif depth == 1 and key is None:
                if value is None or mark is None or mark.column:
                    raise Unreadable("a key that is not text at the start of a line")
                key = (value, mark.line)
            elif depth == 1 and key is not None:
                keys.append((*key, value))
                key = None
            elif depth == 0:
                raise Unreadable("not a mapping")
    return keys


def changed(text: str, values: Mapping[str, Value | None]) -> str:
    """The text with these values; None removes a key. Keys with unchanged values keep their lines.

    Raises Unreadable.
    """
    have = fields(text)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    pieces: dict[int, list[str]] = {}
    for key, value in values.items():
        old = have.get(key)
        new = [written({key: value})] if value is not None else []
        if old is None:
            pieces.setdefault(len(lines), []).extend(new)
        elif value is None or old.value != (value if isinstance(value, tuple) else str(value)):
            lines[old.first : old.end] = [""] * (old.end - old.first)
            pieces[old.first] = new
    return "".join(
        part for at in range(len(lines) + 1) for part in (*pieces.get(at, ()), *lines[at : at + 1])
    )


def written(values: Mapping[str, Value | None]) -> str:
    """Keys with their values in YAML; those without one are left out."""
    plain = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
        if value is not None
    }
    return str(_dump(plain))
