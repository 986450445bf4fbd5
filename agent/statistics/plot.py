"""Draws shares by group, fit for a paper: points with intervals, one panel for each feature or group.

Years run from left to right, other groups from top to bottom. Colours are those of Okabe and Ito (2008,
"Color universal design"), which colour-blind people can tell apart, and series differ in shape, too. Names
are text to the drawing, never formulas: Matplotlib would read a pair of dollar signs as mathematics. The same
data gives the same bytes.

Knows shares. Knows no cards. Needs the `eval` extra (Matplotlib).
"""

import io
import logging
import math
import textwrap
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import importing
from ..text.wording import counted
from .fonts import families_for
from .groups import Value
from .layout import Plan, capital, plan_of, printable, words
from .shares import Row, Statistics

if TYPE_CHECKING:  # Matplotlib takes half a second, and only a plot needs it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".svg", ".pdf", ".png")

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_SHAPES = ("o", "s", "^", "D", "v", "P")
_SOFT, _LINE = "#555555", "#DDDDDD"
_WIDTH = 7.2
"""Width in inches: both columns of a page."""
_ROW = 0.13
"""Height of a line of text and of a series, in inches."""
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


def drawn(found: Statistics, kind: str) -> tuple[bytes, tuple[str, ...]]:
    """A file of one of the `FORMATS`, and in sentences what it does not show. Raises MissingExtra."""
    with importing("A plot", "eval"):
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    plan = plan_of(found)
    settings: Any = dict(_SETTINGS)  # its type would name every one of 300 settings
    notes = [f"the plot shows {one}" for one in plan.left_out]
    if kind != ".svg":  # there, letters are text, and whoever shows it chooses the font
        text = "".join(map(str, (*plan.places, *plan.panels, *plan.series)))
        settings["font.family"], missing = families_for(printable(text))
        if missing:
            notes.append(
                f"no installed font has {counted(len(missing), 'letter')} of the {kind[1:].upper()} plot, "
                f"drawn as boxes ({missing[:10]}): install one that does, such as Noto Sans CJK, or save .svg"
            )
    buffer = io.BytesIO()
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # a font without bold letters
    with rc_context(settings), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(layout="constrained")
        _draw(figure, plan, found)
        figure.savefig(buffer, format=kind[1:], dpi=300, metadata=dict.fromkeys(_UNSAID[kind]))
    return buffer.getvalue(), tuple(notes)


def _draw(figure: "Figure", plan: Plan, found: Statistics) -> None:
    kept = [
        row
        for (place, panel, series), row in plan.rows.items()
        if place in plan.places and panel in plan.panels and series in plan.series
    ]
    top = max((row.high for row in kept if row.high is not None), default=1.0)
    top = min(1.0, math.ceil(top * 10.2) / 10)
    lines = math.ceil(len(plan.panels) / plan.columns)
    names = plan.names
    if plan.ordered:
        width, height = max(3.4, plan.columns * (0.5 + 0.17 * max(11, len(names))) + 0.3), 1.9
    else:
        width = _WIDTH if plan.columns > 1 else 5.2
        height = 0.6 + sum(_heights(plan, names))
    legend = bool(plan.of_panels)  # else titles or names say what is shared
    figure.set_size_inches(width, lines * height + 0.3 * legend + 0.4)
    grid = figure.subplots(lines, plan.columns, squeeze=False, sharey=True)
    for at, axes in enumerate(grid.flat):
        if at >= len(plan.panels):
            axes.set_visible(False)
            continue
        panel = plan.panels[at]
        title = textwrap.wrap(plan.title(panel), 66 // plan.columns)
        axes.set_title("\n".join(title), loc="left", fontweight="bold")
        draw = _draw_years if plan.ordered else _draw_list
        draw(axes, plan, panel, names, top)
        if at % plan.columns == 0:
            axes.set_ylabel("Share of papers" if plan.ordered else "")
        if at + plan.columns >= len(plan.panels):
            axes.set_xlabel(capital(plan.axis) if plan.ordered else "Share of papers")
    if legend:
        _draw_legend(figure, plan)
    text = "\n".join(textwrap.wrap(_caption(found, plan, kept), int(width * 20)))
    figure.supxlabel(text, x=0.01, ha="left", fontsize=6.5, color=_SOFT)


def _draw_years(axes: "Axes", plan: Plan, panel: Value, names: Sequence[str], top: float) -> None:
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
        shift = (at - (len(plan.series) - 1) / 2) * 0.7 / max(len(plan.series), 3)
        axes.plot([one + shift for one in places], line, color=_COLOURS[at], linewidth=0.8, alpha=0.5)
        for place, row in zip(places, rows, strict=True):
            _draw_point(axes, row, at, place + shift, upright=True)
    above = axes.secondary_xaxis("top")
    numbers = [plan.number(place, panel) for place in plan.places]
    above.set_xticks(places, numbers, rotation=90 if crowded else 0)
    above.tick_params(length=0, labelsize=6.5, labelcolor=_SOFT, pad=4)
    above.spines["top"].set_visible(False)


def _draw_list(axes: "Axes", plan: Plan, panel: Value, names: Sequence[str], top: float) -> None:
    """Shares from top to bottom; a name of several lines takes more room."""
    heights = _heights(plan, names)
    places = [sum(heights[:at]) + height / 2 for at, height in enumerate(heights)]
    axes.set_xlim(0, top)
    axes.set_ylim(sum(heights), 0)
    axes.grid(axis="x")
    _percent(axes.xaxis)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    for at, series in enumerate(plan.series):
        for place, value in zip(places, plan.places, strict=True):
            row = plan.rows.get((value, panel, series))
            _draw_point(axes, row, at, place + _ROW * (at - (len(plan.series) - 1) / 2), upright=False)
    if not plan.same_numbers:
        right = axes.secondary_yaxis("right")
        right.set_yticks(places, [plan.number(place, panel) for place in plan.places])
        right.tick_params(length=0, labelsize=6.5, labelcolor=_SOFT, pad=4)
        right.spines["right"].set_visible(False)


def _heights(plan: Plan, names: Sequence[str]) -> list[float]:
    """Height of each row of a list, in inches."""
    return [0.06 + _ROW * max(name.count("\n") + 1, len(plan.series)) for name in names]


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


def _draw_legend(figure: "Figure", plan: Plan) -> None:
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"markersize": 4.5, "linewidth": 1.4}
    keys = [
        Line2D([], [], color=colour, marker=shape, label=capital(words(one)), **style)
        for one, colour, shape in zip(plan.series, _COLOURS, _SHAPES, strict=False)
    ]
    figure.legend(handles=keys, loc="outside upper left", ncols=3, frameon=False)


def _caption(found: Statistics, plan: Plan, rows: Sequence[Row]) -> str:
    methods = dict.fromkeys(row.method for row in rows if row.method)
    named = " and ".join(one.replace("wilson", "Wilson") for one in methods)
    parts = [f"Points: share of papers, with {found.level:.0%} intervals ({named})."]
    if plan.ordered:
        parts.append("Above: number of papers.")
    else:
        parts.append(
            "In brackets: number of papers." if plan.same_numbers else "On the right: number of papers."
        )
    if any("small" in row.marks for row in rows):
        parts.append(f"Thin and hollow: fewer than {counted(found.small, 'paper')}.")
    if any("uncorrected" in row.marks for row in rows):
        parts.append("Crosses: not corrected for errors of the tags, too few labelled papers.")
    parts += [f"Shown: {one}." for one in plan.left_out]
    return " ".join(parts)


def _percent(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(lambda share, _: f"{share:.0%}")
