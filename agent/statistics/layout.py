"""Plans a plot: what stands on its axis, in its panels and in its series, and what these are called in words.

Knows shares. Knows no drawing.
"""

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..card import UNCERTAIN
from ..card_fields import COUNTABLE, TAGGED, singular
from ..sinks.escaping import plain
from ..text.wording import label_words
from .groups import Value
from .shares import Row, Statistics

MOST_PANELS, MOST_BELOW, MOST_SERIES, MOST_YEARS, MOST_ROWS = 12, 5, 6, 40, 44
"""Panels of a plot, panels below each other, series, years of a panel, and rows of panels below each other.

Tables have all.
"""
_FEW_YEARS, _MORE_YEARS = 10, 18
"""Years up to which three panels, and two, have room beside each other."""

_ORDERED = ("year", "date")
_LABELS = frozenset(map(singular, TAGGED))
_SHIPPED = frozenset(map(singular, COUNTABLE))
_UNPRINTABLE = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FEATURE = re.compile(r"([a-z_]+)(>=|<=|!=|!~|=|>|<|~)(.*)", re.DOTALL)
_OPERATORS = {">=": "≥", "<=": "≤", "!=": "≠", "!~": "without", "~": "contains"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes where: a place on the axis, a panel and a series for each row."""

    places: tuple[Value, ...]
    panels: tuple[Value, ...]
    columns: int
    """Number of panels beside each other."""
    series: tuple[str, ...]
    rows: Mapping[tuple[Value, Value, str], Row]
    axis: str
    """Name of what the places are; empty if they are features."""
    of_panels: str
    """Name of what the panels are; empty if they are features."""
    left_out: tuple[str, ...]
    """What has no room, in sentences."""

    @property
    def ordered(self) -> bool:
        """Whether the places are points in time."""
        return self.axis in _ORDERED

    @property
    def names(self) -> list[str]:
        """The places in words, with the number of papers in brackets if there is only one for all panels."""
        names = [value_in_words(one, self.axis) if self.axis else words(str(one)) for one in self.places]
        names = ["\n".join(textwrap.wrap(name, 40, max_lines=5, placeholder=" …")) for name in names]
        if self.ordered or not self.same_numbers:
            return names
        numbers = [self.number(place, self.panels[0]) for place in self.places]
        return [f"{name} ({number})" for name, number in zip(names, numbers, strict=True)]

    @property
    def same_numbers(self) -> bool:
        """Whether each place has the same number of papers in all panels."""
        return not self.of_panels and all(
            len({self.number(place, panel) for panel in self.panels}) == 1 for place in self.places
        )

    def number(self, place: Value, panel: Value) -> str:
        """The number of papers, or its range over the series; empty if there are none."""
        rows = [row for series in self.series if (row := self.rows.get((place, panel, series)))]
        numbers = sorted({row.n for row in rows})
        return "-".join(f"{one:,}" for one in numbers[:1] + numbers[1:][-1:])

    def title(self, panel: Value) -> str:
        """The name of a panel; empty if there is nothing to tell it from."""
        if not self.axis:
            return ""
        return value_in_words(panel, self.of_panels) if self.of_panels else capital(words(str(panel)))


def plan_of(found: Statistics) -> Plan:
    """The plan for a plot of these shares."""
    features = tuple(dict.fromkeys(row.feature for row in found.rows))
    groups = list(dict.fromkeys(row.group for row in found.rows))
    axis, of_panels = "", ""
    panels: tuple[Value, ...] = (None,)
    places: tuple[Value, ...] = features
    series = features
    rows: dict[tuple[Value, Value, str], Row] = {}
    if not found.by:
        series = ("",)
        rows = {(row.feature, None, ""): row for row in found.rows}
    elif len(found.by) == 1:
        axis, panels, series = found.by[0], features, ("",)
        places = tuple(group[0] for group in groups)
        rows = {(row.group[0], row.feature, ""): row for row in found.rows}
    else:
        at = 1 if found.by[1] in _ORDERED and found.by[0] not in _ORDERED else 0
        axis, of_panels = found.by[at], found.by[1 - at]
        places = _in_order(found, at)
        panels = _in_order(found, 1 - at)
        rows = {(row.group[at], row.group[1 - at], row.feature): row for row in found.rows}
    left_out: list[str] = []
    columns = 3
    if axis in _ORDERED:
        places = _most(_all_years(places), MOST_YEARS, axis, left_out, latest=True)
        columns -= (len(places) > _FEW_YEARS) + (len(places) > _MORE_YEARS)
    panels = _most(panels, min(MOST_PANELS, MOST_BELOW * columns), of_panels, left_out)
    below = max(1, math.ceil(len(panels) / columns))
    columns = max(1, math.ceil(len(panels) / below))
    series = tuple(str(one) for one in _most(series, MOST_SERIES, "", left_out))
    if axis not in _ORDERED:
        room = MOST_ROWS / below / max(1, len(series) * 0.75)
        places = _most(places, int(max(6, min(30, room))), axis, left_out)
    return Plan(places, panels, columns, series, rows, axis, of_panels, tuple(left_out))


def _all_years(places: Sequence[Value]) -> tuple[Value, ...]:
    """The years with those between them of which there are no papers."""
    years = [int(one) for one in places if isinstance(one, int | float)]
    if not years or years[-1] - years[0] > MOST_YEARS:
        return tuple(places)
    return (*range(years[0], years[-1] + 1), *(one for one in places if one is None))


def _in_order(found: Statistics, at: int) -> tuple[Value, ...]:
    """The values of one of two groupings, in their order."""
    if at == 0:
        return tuple(dict.fromkeys(row.group[0] for row in found.rows))
    sizes: dict[Value, int] = {}
    for row in found.rows:
        sizes[row.group[1]] = sizes.get(row.group[1], 0) + row.n + row.unknown
    last: dict[Value, int] = {UNCERTAIN: 1, None: 2}
    ordered = found.by[1] in _ORDERED
    return tuple(sorted(sizes, key=lambda one: (last.get(one, 0), 0 if ordered else -sizes[one], str(one))))


def _most(
    values: Sequence[Value], most: int, name: str, left_out: list[str], *, latest: bool = False
) -> tuple[Value, ...]:
    if len(values) <= most:
        return tuple(values)
    ends = [one for one in values if one in (None, UNCERTAIN)]
    known = [one for one in values if one not in ends]
    kept = known[len(ends) - most :] if latest else known[: most - len(ends)]
    what = f"groups by {name.replace('_', ' ')}" if name else "features"
    left_out.append(f"{len(kept)} of {len(known)} {what}, {'the latest' if latest else 'the largest'}")
    return (*kept, *ends)


def value_in_words(value: Value, name: str) -> str:
    """A value of a field in words: labels with spaces for hyphens, those of own fields with its name."""
    if value is None:
        return f"no {name.replace('_', ' ')}"
    if name in _SHIPPED:
        return printable(label_words(value) if isinstance(value, str) and name in _LABELS else str(value))
    return printable(f"{name.replace('_', ' ')}: {value}")


def words(feature: str) -> str:
    """A feature in words: `code released`, `task: clustering`, `year ≥ 2020`."""
    found = _FEATURE.fullmatch(feature)
    if not found:
        return printable(feature)
    name, operator, value = found[1].replace("_", " "), found[2], value_in_words(found[3], found[1])
    value = value.removeprefix(f"{name}: ")
    if operator == "=":
        return f"{name} {value}" if name in ("code", "data", "weights") else f"{name}: {value}"
    return f"{name} {_OPERATORS.get(operator, operator)} {value}"


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def printable(text: str) -> str:
    """The text without characters that a drawing cannot hold."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", plain(text))
