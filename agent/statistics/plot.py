"""Draws shares by group, fit for a paper: points with intervals, one panel for each feature or group.

Years run from left to right, other groups from top to bottom. Colours are those of Okabe and Ito (2008,
"Color universal design"), which colour-blind people can tell apart, and series differ in shape, too. Names
are text to the drawing, never formulas: Matplotlib would read a pair of dollar signs as mathematics. The same
data gives the same bytes.

Knows shares. Knows no cards. Needs the `eval` extra (Matplotlib).
"""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..card import UNCERTAIN
from ..card_fields import TAGGED, singular
from ..errors import MissingExtra
from ..sinks.escaping import plain
from ..text.wording import counted
from .groups import Value
from .shares import Row, Statistics

if TYPE_CHECKING:  # Matplotlib takes half a second, and only a plot needs it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".svg", ".pdf", ".png")

MOST_PANELS, MOST_SERIES, MOST_YEARS, MOST_ROWS = 12, 6, 40, 44
"""Panels and series of a plot, years of a panel, and rows of all panels below each other. Tables have all."""

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_SHAPES = ("o", "s", "^", "D", "v", "P")
_SOFT, _LINE = "#555555", "#DDDDDD"
_WIDTH = 7.2
"""Width in inches: both columns of a page."""
_ORDERED = ("year", "date")
_LABELS = frozenset(map(singular, TAGGED))
_UNPRINTABLE = re.compile("[^ -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FEATURE = re.compile(r"([a-z_]+)(>=|<=|!=|!~|=|>|<|~)(.*)", re.DOTALL)
_OPERATORS = {">=": "≥", "<=": "≤", "!=": "≠", "!~": "without", "~": "contains"}
_UNSAID = {
    ".svg": ("Date", "Creator"),
    ".pdf": ("CreationDate", "Creator", "Producer"),
    ".png": ("Software",),
}
"""Metadata that would differ with the time or the version."""
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "papercards",
    "pdf.fonttype": 42,  # letters as text, which publishers ask for
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What goes where: a place on the axis, a panel and a series for each row."""

    places: tuple[Value, ...]
    panels: tuple[Value, ...]
    series: tuple[str, ...]
    rows: Mapping[tuple[Value, Value, str], Row]
    axis: str
    """Name of what the places are; empty if they are features."""
    of_panels: str
    """Name of what the panels are; empty if they are features."""
    left_out: tuple[str, ...]

    @property
    def ordered(self) -> bool:
        """Whether the places are points in time."""
        return self.axis in _ORDERED


def drawn(found: Statistics, kind: str) -> tuple[bytes, tuple[str, ...]]:
    """A file of one of the `FORMATS`, and in sentences what is left out of it. Raises MissingExtra."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("A plot", "eval") from error
    plan = _plan(found)
    settings: Any = _SETTINGS  # its type would name every one of 300 settings
    buffer = io.BytesIO()
    with rc_context(settings), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(layout="constrained")
        _draw(figure, plan, found)
        figure.savefig(buffer, format=kind[1:], dpi=300, metadata=dict.fromkeys(_UNSAID[kind]))
    return buffer.getvalue(), plan.left_out


def _plan(found: Statistics) -> _Plan:
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
    panels = _most(panels, MOST_PANELS, of_panels, left_out)
    series = tuple(str(one) for one in _most(series, MOST_SERIES, "", left_out))
    if axis in _ORDERED:
        places = _most(_all_years(places), MOST_YEARS, axis, left_out, latest=True)
    else:
        below = math.ceil(len(panels) / _columns(len(panels)))
        each = max(len(series) / 2, 1)
        places = _most(places, int(max(8, min(30, MOST_ROWS / below / each))), axis, left_out)
    return _Plan(places, panels, series, rows, axis, of_panels, tuple(left_out))


def _columns(panels: int) -> int:
    return math.ceil(panels / math.ceil(panels / 3))


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


def _draw(figure: "Figure", plan: _Plan, found: Statistics) -> None:
    kept = [
        row
        for (place, panel, series), row in plan.rows.items()
        if place in plan.places and panel in plan.panels and series in plan.series
    ]
    top = max((row.high for row in kept if row.high is not None), default=1.0)
    top = min(1.0, math.ceil(top * 10.2) / 10)
    wide = max(2.3, 0.5 + 0.17 * len(plan.places)) if plan.ordered else 2.3
    columns = max(1, min(_columns(len(plan.panels)), int(_WIDTH / wide)))
    lines = math.ceil(len(plan.panels) / columns)
    names = _names(plan)
    if plan.ordered:
        width, height = max(3.4, columns * wide + 0.3), 1.9
    else:
        height = 0.6 + sum(0.06 + 0.13 * max(name.count("\n") + 1, len(plan.series)) for name in names)
        width = _WIDTH if columns > 1 else 5.2
    figure.set_size_inches(width, lines * height + 0.3 * (len(plan.series) > 1) + 0.4)
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for at, axes in enumerate(grid.flat):
        if at >= len(plan.panels):
            axes.set_visible(False)
            continue
        panel = plan.panels[at]
        if plan.axis:
            title = _value(panel, plan.of_panels) if plan.of_panels else _capital(_words(str(panel)))
            axes.set_title("\n".join(textwrap.wrap(title, 66 // columns)), loc="left", fontweight="bold")
        draw = _draw_years if plan.ordered else _draw_list
        draw(axes, plan, panel, names, top)
        if at % columns == 0:
            axes.set_ylabel("Share of papers" if plan.ordered else "")
        if at + columns >= len(plan.panels):
            axes.set_xlabel(_capital(plan.axis) if plan.ordered else "Share of papers")
    if len(plan.series) > 1:
        _draw_legend(figure, plan)
    text = "\n".join(textwrap.wrap(_caption(found, plan, kept), int(width * 20)))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6.5, color=_SOFT)


def _draw_years(axes: "Axes", plan: _Plan, panel: Value, names: Sequence[str], top: float) -> None:
    """Shares from left to right; what is between two neighbours is a line, what has no year stands apart."""
    places = [at + 0.6 * (place is None) for at, place in enumerate(plan.places)]
    axes.set_ylim(0, top)
    axes.set_xlim(-0.6, max(places, default=0) + 0.6)
    axes.grid(axis="y")
    _percent(axes.yaxis)
    crowded = len(names) > 6
    axes.set_xticks(places, names, rotation=90 if crowded else 0)
    for at, series in enumerate(plan.series):
        rows = [plan.rows.get((place, panel, series)) for place in plan.places]
        line = [
            math.nan if row is None or row.share is None or place is None else row.share
            for row, place in zip(rows, plan.places, strict=True)
        ]
        shift = _shift(at, plan)
        axes.plot([one + shift for one in places], line, color=_COLOURS[at], linewidth=0.8, alpha=0.5)
        for place, row in zip(places, rows, strict=True):
            _draw_point(axes, row, at, place + shift, upright=True)
    above = axes.secondary_xaxis("top")
    numbers = [_number(plan, place, panel) for place in plan.places]
    above.set_xticks(places, numbers, rotation=90 if crowded else 0)
    above.tick_params(length=0, labelsize=6.5, labelcolor=_SOFT, pad=4)
    above.spines["top"].set_visible(False)


def _draw_list(axes: "Axes", plan: _Plan, panel: Value, names: Sequence[str], top: float) -> None:
    """Shares from top to bottom."""
    axes.set_xlim(0, top)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x")
    _percent(axes.xaxis)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    for at, series in enumerate(plan.series):
        for place, value in enumerate(plan.places):
            _draw_point(
                axes, plan.rows.get((value, panel, series)), at, place + _shift(at, plan), upright=False
            )
    if not _same_numbers(plan):
        right = axes.secondary_yaxis("right")
        right.set_yticks(range(len(names)), [_number(plan, place, panel) for place in plan.places])
        right.tick_params(length=0, labelsize=6.5, labelcolor=_SOFT, pad=4)
        right.spines["right"].set_visible(False)


def _draw_point(axes: "Axes", row: Row | None, series: int, place: float, *, upright: bool) -> None:
    if row is None or row.share is None or row.low is None or row.high is None:
        return
    colour, small = _COLOURS[series], "small" in row.marks
    ends, point = (row.low, row.high), (row.share,)
    at = (place, place)
    style: dict[str, Any] = {"color": colour, "linewidth": 0.8 if small else 1.4, "clip_on": False}
    style["solid_capstyle"] = "butt"
    axes.plot(*((at, ends) if upright else (ends, at)), **style)
    shape = "x" if "uncorrected" in row.marks else _SHAPES[series]
    style = {"color": colour, "markersize": 4.5, "markeredgewidth": 1, "clip_on": False, "zorder": 3}
    style |= {"markerfacecolor": "white"} if small else {}
    axes.plot(*((at[:1], point) if upright else (point, at[:1])), shape, **style)


def _draw_legend(figure: "Figure", plan: _Plan) -> None:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"markersize": 4.5, "linewidth": 1.4}
    keys = [
        Line2D([], [], color=colour, marker=shape, label=_capital(_words(one)), **style)
        for one, colour, shape in zip(plan.series, _COLOURS, _SHAPES, strict=False)
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=3, frameon=False)


def _caption(found: Statistics, plan: _Plan, rows: Sequence[Row]) -> str:
    methods = dict.fromkeys(row.method for row in rows if row.method)
    named = " and ".join(one.replace("wilson", "Wilson") for one in methods)
    parts = [f"Points: share of papers, with {found.level:.0%} intervals ({named})."]
    if plan.ordered:
        parts.append("Above: number of papers.")
    else:
        parts.append(
            "In brackets: number of papers." if _same_numbers(plan) else "On the right: number of papers."
        )
    if any("small" in row.marks for row in rows):
        parts.append(f"Thin and hollow: fewer than {counted(found.small, 'paper')}.")
    if any("uncorrected" in row.marks for row in rows):
        parts.append("Crosses: not corrected for errors of the tags, too few labelled papers.")
    parts += [f"Shown: {one}." for one in plan.left_out]
    return " ".join(parts)


def _names(plan: _Plan) -> list[str]:
    names = [_value(place, plan.axis) if plan.axis else _words(str(place)) for place in plan.places]
    if not plan.ordered and _same_numbers(plan):
        numbers = [_number(plan, place, plan.panels[0]) for place in plan.places]
        names = [f"{name} ({number})" for name, number in zip(names, numbers, strict=True)]
    return ["\n".join(textwrap.wrap(name, 44)) for name in names]


def _same_numbers(plan: _Plan) -> bool:
    """Whether all panels have the same number of papers in each place, so that its name can have it."""
    return not plan.of_panels and all(
        len({_number(plan, place, panel) for panel in plan.panels}) == 1 for place in plan.places
    )


def _number(plan: _Plan, place: Value, panel: Value) -> str:
    rows = [row for series in plan.series if (row := plan.rows.get((place, panel, series)))]
    numbers = sorted({row.n for row in rows})
    return "-".join(f"{one:,}" for one in (numbers[:1] + numbers[1:][-1:]))


def _shift(series: int, plan: _Plan) -> float:
    return (series - (len(plan.series) - 1) / 2) * 0.7 / max(len(plan.series), 3)


def _percent(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(lambda share, _: f"{share:.0%}")


def _value(value: Value, name: str) -> str:
    if value is None:
        return f"no {name.replace('_', ' ')}"
    return _plain(value.replace("-", " ") if isinstance(value, str) and name in _LABELS else str(value))


def _words(feature: str) -> str:
    """A feature in words: `code released`, `task: clustering`, `year ≥ 2020`."""
    found = _FEATURE.fullmatch(feature)
    if not found:
        return _plain(feature)
    name, operator, value = found[1].replace("_", " "), found[2], _value(found[3], found[1])
    if operator == "=":
        return f"{name} {value}" if name in ("code", "data", "weights") else f"{name}: {value}"
    return f"{name} {_OPERATORS.get(operator, operator)} {value}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", plain(text))
