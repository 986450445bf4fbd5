"""Draws the charts of the report, as SVG inside the page.

Matplotlib, since an SVG of it is 5 to 30 kB and needs no script; Altair and Plotly would put 0.8 to 4 MB of
JavaScript into every page. Text stays text, in the font of the page. Colours are drawn as marks and then
become CSS variables, so that one drawing serves light and dark. Every id carries the name of its drawing,
because the ids of all drawings in a page are one namespace. The same data gives the same bytes.

Runs differ in shape as well as in colour. Names of models and labels are text to the drawing, never formulas:
Matplotlib would read a pair of dollar signs as mathematics.

Knows figures; knows no runs, no pages and no files. Needs the `eval` extra (Matplotlib).
"""

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from papercards.errors import importing

from ..scoring.calibration import Curve, Reliability
from .sheet import Measure

if TYPE_CHECKING:  # Matplotlib takes half a second, and only the report needs it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHAPES = ("o", "s", "^", "D", "v", "P")
"""Marker shapes of the runs, by Matplotlib's names; repeated if there are more runs."""
GLYPHS = ("●", "■", "▲", "◆", "▼", "✚")
"""The same shapes as text characters."""

_INK, _SOFT, _LINE, _PAPER = "#010203", "#010204", "#010205", "#010206"
_RUNS = tuple(f"#01030{place}" for place in range(len(SHAPES)))
_VARIABLES = {
    _INK: "var(--ink)",
    _SOFT: "var(--soft)",
    _LINE: "var(--line)",
    _PAPER: "var(--paper)",
    **{colour: f"var(--run-{place})" for place, colour in enumerate(_RUNS)},
}
_POINTS = 8.5
"""Text size in points: 11 to 13 CSS pixels at the width of a chart in the page."""

_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "papercards",
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "font.size": _POINTS,
    "axes.labelsize": _POINTS,
    "axes.titlesize": _POINTS,
    "xtick.labelsize": _POINTS,
    "ytick.labelsize": _POINTS,
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "axes.edgecolor": _LINE,
    "axes.titlecolor": _INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "figure.facecolor": "none",
    "path.simplify": False,
}
_UNPRINTABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_NAME = 30
"""Maximum characters of a name beside a point; longer names are cut."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One run in the chart of cost against F1."""

    slot: int
    """Position of the run in the report, which sets colour and shape."""
    name: str
    cost: float
    f1: Measure


def intervals_chart(name: str, rows: Sequence[tuple[str, Sequence[tuple[int, Measure]]]]) -> str:
    """F1 by field and run: points with 95% intervals, the ceiling as a bar, the floor as a cross.

    `rows` has for each field the runs by their place in the report.
    """
    runs = max((len(measures) for _, measures in rows), default=0)
    with _drawing(3.9, 0.5 + len(rows) * (0.17 + 0.15 * runs)) as figure:
        axes = figure.add_subplot(xlim=(-0.02, 1.02), xlabel="F1")
        axes.grid(visible=False, axis="y")
        for row, (_, measures) in enumerate(rows):
            if row % 2:
                axes.axhspan(row - 0.5, row + 0.5, color=_LINE, alpha=0.35, linewidth=0, zorder=0)
            for place, (slot, measure) in enumerate(measures):
                y = row + (place - (len(measures) - 1) / 2) * 0.72 / max(runs, 1)
                _interval(axes, slot, measure, y)
        axes.set_yticks(range(len(rows)), [_plain(field) for field, _ in rows])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        told = "; ".join(
            f"{field}: {', '.join('none' if m.value is None else f'{m.value:.2f}' for _, m in measures)}"
            for field, measures in rows
        )
        return _svg(figure, name, f"F1 with 95% intervals by field and run. {told}")


def _interval(axes: "Axes", slot: int, measure: Measure, y: float) -> None:
    colour = _colour(slot)
    if measure.ceiling is not None:
        axes.plot([measure.ceiling], [y], "|", color=_SOFT, markersize=9, markeredgewidth=1.6)
    if measure.floor is not None:
        axes.plot([measure.floor], [y], "x", color=_SOFT, markersize=4.5, markeredgewidth=1.2)
    if measure.interval is not None:
        axes.plot([measure.interval.low, measure.interval.high], [y, y], color=colour, linewidth=1.8)
    if measure.value is not None:
        axes.plot([measure.value], [y], _shape(slot), color=colour, markersize=5)


def reliability_chart(name: str, field: str, found: Sequence[tuple[int, Reliability]]) -> str:
    """Share that was right against confidence, a point for each bin, larger where there are more answers."""
    with _drawing(2.5, 2.6) as figure:
        axes = _square(figure, field, "confidence", "share right")
        axes.plot([0, 1], [0, 1], color=_SOFT, linewidth=1, linestyle=(0, (4, 3)))
        for slot, reliability in found:
            filled = [
                (one.confidence, one.right, one.n)
                for one in reliability.bins
                if one.confidence is not None and one.right is not None
            ]
            x, y = [one[0] for one in filled], [one[1] for one in filled]
            axes.plot(x, y, color=_colour(slot), linewidth=1.1)
            most = max(n for _, _, n in filled)
            sizes = [10 + 45 * n / most for _, _, n in filled]
            axes.scatter(
                x,
                y,
                s=sizes,
                c=_colour(slot),
                marker=_shape(slot),
                edgecolors=_PAPER,
                linewidths=0.6,
                zorder=3,
            )
        answers = ", ".join(str(reliability.n) for _, reliability in found)
        told = f"Reliability of {field}: share right against confidence, {answers} answers"
        return _svg(figure, name, told)


def curve_chart(name: str, field: str, found: Sequence[tuple[int, Curve]], target: float) -> str:
    """Precision against coverage as the threshold falls; a dashed line at the precision that is wanted."""
    with _drawing(2.5, 2.6) as figure:
        unit = "papers" if all(curve.unit == "papers" for _, curve in found) else "claims made"
        axes = _square(figure, field, f"share of {unit} answered", "precision")
        axes.axhline(target, color=_SOFT, linewidth=1, linestyle=(0, (4, 3)))
        for slot, curve in found:
            points = [(one.coverage, one.precision) for one in curve.points if one.precision is not None]
            x, y = [one[0] for one in points], [one[1] for one in points]
            axes.plot(x, y, color=_colour(slot), linewidth=1.3)
            # The shape tells runs apart where colour does not.
            axes.plot(x[-1:], y[-1:], _shape(slot), color=_colour(slot), markersize=5)
            best = curve.at(target)
            if best is not None and best.precision is not None:
                axes.plot(
                    [best.coverage],
                    [best.precision],
                    _shape(slot),
                    color=_colour(slot),
                    markerfacecolor=_PAPER,
                    markersize=5.5,
                )
        told = "; ".join(curve.line(target) for _, curve in found)
        return _svg(figure, name, f"Precision against coverage. {told}")


def cost_chart(name: str, unit: str, spots: Sequence[Spot]) -> str:
    """Mean F1 with its interval against what a paper costs in `unit`, on a log scale if that spans much."""
    with _drawing(3.9, 2.6) as figure:
        axes = figure.add_subplot(xlabel=_plain(f"{unit} a paper"), ylabel="mean F1", ylim=(0, 1.02))
        costs = [spot.cost for spot in spots]
        if min(costs) > 0 and max(costs) > 20 * min(costs):
            axes.set_xscale("log")
            axes.set_xlim(min(costs) / 2, max(costs) * 2)
        else:
            axes.set_xlim(-0.06 * max(costs), 1.1 * max(costs))
        for spot in spots:
            _spot(axes, spot)
        points = [f"{one.name}: {one.cost:.4g} {unit}, F1 {one.f1.value or 0:.2f}" for one in spots]
        return _svg(figure, name, f"Mean F1 against {unit} a paper. {'; '.join(points)}")


def _spot(axes: "Axes", spot: Spot) -> None:
    if spot.f1.value is None:
        return
    colour = _colour(spot.slot)
    if spot.f1.interval is not None:
        ends = [spot.f1.interval.low, spot.f1.interval.high]
        axes.plot([spot.cost, spot.cost], ends, color=colour, linewidth=1.8)
    axes.plot([spot.cost], [spot.f1.value], _shape(spot.slot), color=colour, markersize=6)
    # In the right half the name goes to the left of the point, so that it stays inside.
    right = axes.transAxes.inverted().transform(axes.transData.transform((spot.cost, 0)))[0] > 0.5
    name = _plain(spot.name)
    axes.annotate(
        name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…",
        (spot.cost, spot.f1.value),
        xytext=(-7 if right else 7, 0 if spot.slot % 2 else -10),
        textcoords="offset points",
        horizontalalignment="right" if right else "left",
    )


def _square(figure: "Figure", title: str, across: str, up: str) -> "Axes":
    axes = figure.add_subplot(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel=across, ylabel=up)
    axes.set_title(_plain(title), loc="left", fontweight="bold")
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    return axes


def _colour(slot: int) -> str:
    return _RUNS[slot % len(_RUNS)]


def _shape(slot: int) -> str:
    return SHAPES[slot % len(SHAPES)]


def _plain(text: str) -> str:
    """Without line breaks, and without what XML cannot hold even escaped."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


@contextmanager
def _drawing(width: float, height: float) -> Iterator["Figure"]:
    """An empty figure of so many inches. Raises MissingExtra."""
    with importing("The report", "eval"):
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    settings: Any = _SETTINGS  # its type would name every one of 300 settings
    with rc_context(settings):
        yield Figure(figsize=(width, height), layout="constrained")


def _svg(figure: "Figure", name: str, label: str) -> str:
    """The drawing for a page: its ids made its own, its colours variables, its font the page's."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing)
    # Without its style sheet, which would apply to the whole page.
    inside = buffer.getvalue().partition("</defs>")[2].rpartition("</svg>")[0]

    def own(tag: re.Match[str]) -> str:
        text = _GROUP.sub("<g", " ".join(tag[0].split()))
        for mark in (' id="', "url(#", 'href="#'):
            text = text.replace(mark, f"{mark}{name}-")
        text = text.replace("xlink:href", "href")
        text = _FONT.sub(
            lambda font: f"font-weight: {600 if font[1] else 'normal'}; font-size: {font[2]}", text
        )
        text = _COLOUR.sub(lambda colour: _VARIABLES.get(colour[0], colour[0]), text)
        return _NUMBER.sub(lambda number: f"{float(number[0]):.2f}", text)

    drawing = _TAG.sub(own, _BETWEEN.sub("><", inside))
    width, height = (float(inch) * 72 for inch in figure.get_size_inches())
    label = escape(_plain(label))
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width: {math.ceil(width * 4 / 3) * 5 // 4}px" '
        f'role="img" aria-label="{label}"><title>{label}</title>{drawing}</svg>'
    )


_TAG = re.compile(r"<[^<>]+>")
"""No text and no attribute of a drawing has an angle bracket that is not escaped."""
_BETWEEN = re.compile(r">\s+<")
_GROUP = re.compile(r'<g id="[^"]*"')
_FONT = re.compile(r"(?:font-weight: (\w+); )?font-size: ([\d.]+px); font-family: [^;\"]*")
_COLOUR = re.compile("#0[0-9]{5}")
_NUMBER = re.compile(r"(?<!\d)-?\d++\.\d{3,}")
