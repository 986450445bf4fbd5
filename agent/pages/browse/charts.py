"""The charts of a selection: what each shows, counted and estimated as `papercards stats` does.

A chart is a question to `statistics`, asked of an index. Its table and its CSV file are the answer; the
drawing shows the largest groups of it.

Knows counts. Knows no requests.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ...card import UNCERTAIN
from ...sinks.delimited import line
from ...statistics.groups import Value
from ...statistics.layout import capital, value_in_words
from ...statistics.shares import SMALL, Row, Statistics
from ...statistics.table import written
from ...text.wording import counted
from ..index.counting import stats_of
from ..index.database import Found, Index
from ..index.facets import Tag
from . import drawing
from .drawing import Point

MOST_ROWS = 12
MOST_YEARS = 40
MOST_TOGETHER = 9

Link = Callable[[Sequence[Tag]], str]
"""The address of the list of papers that have these tags, too."""


@dataclass(frozen=True, slots=True)
class _Question:
    title: str
    share: str
    by: str = ""


_QUESTIONS: Mapping[str, _Question] = {
    "years": _Question("Papers by year", "year"),
    "tasks": _Question("Tasks by share of the papers", "task"),
    "code-by-year": _Question("Code released, by year", "code=released", "year"),
    "code": _Question("Code released, by task", "code=released", "task"),
    "claims": _Question("Papers with each kind of claim", "claim"),
}
_TOGETHER = "together"

NAMES = (*_QUESTIONS, _TOGETHER)
"""Names of all charts, as used in addresses and file names."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the figures in it."""

    name: str
    title: str
    caption: str
    """What is counted, how many papers, which intervals, and what is not drawn."""
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    """The cells of each row, with the address of its papers; empty if no filter has them."""
    draw: Callable[[bool], str]
    """The drawing as SVG; with True for a page, where a click on a mark leads to its papers."""
    lines: Callable[[], Iterable[bytes]]
    """The figures as a CSV file."""

    def file(self, kind: str) -> str:
        """The chart as a file of its own, `svg` or `csv`."""
        return self.draw(False) if kind == "svg" else b"".join(self.lines()).decode()


def charts(index: Index, found: Found, link: Link) -> tuple[Chart, ...]:
    """The charts of a selection that have something to show; none if the selection is empty."""
    every = (chart(name, index, found, link) for name in NAMES)
    return tuple(one for one in every if one is not None)


def chart(name: str, index: Index, found: Found, link: Link) -> Chart | None:
    """One chart; None if there is nothing to show. Raises KeyError for an unknown name."""
    if name == _TOGETHER:
        return _together(index, found, link)
    asked = _QUESTIONS[name]
    answer = stats_of(index, found, asked.share, asked.by)
    rows = [row for row in answer.rows if _known(row) is not None]
    ordered = "year" in (asked.share, asked.by)
    if len(rows) < 1 + ordered:
        return None
    drawn = sorted(rows, key=lambda row: str(_known(row)))[-MOST_YEARS:] if ordered else rows[:MOST_ROWS]
    hrefs = {row: link(_tags(row, asked)) if _known(row) is not None else "" for row in answer.rows}
    points = [_point(row, asked, answer, hrefs[row]) for row in drawn]
    draw = partial(drawing.years, counts=asked.share == "year") if ordered else drawing.bars
    caption = _caption(answer, asked, drawn, len(rows))
    return Chart(
        name,
        asked.title,
        caption,
        (capital(asked.by or asked.share), "Papers", "With it", "Share", "95% interval"),
        [(hrefs[row], _cells(row, asked)) for row in answer.rows],
        lambda linked: draw(asked.title, caption, points, linked),
        lambda: written(answer, ".csv"),
    )


def _known(row: Row) -> Value:
    """The value that a row is drawn for; None if it has none, or none that is likely enough."""
    value = row.group[0] if row.group else row.feature.partition("=")[2]
    return None if value == UNCERTAIN else value


def _tags(row: Row, asked: _Question) -> Sequence[Tag]:
    group = [Tag(asked.by, str(_known(row)))] if asked.by else []
    return [*group, Tag(*row.feature.split("=", 1))]


def _point(row: Row, asked: _Question, answer: Statistics, href: str) -> Point:
    return Point(
        capital(value_in_words(_known(row), asked.by or asked.share)),
        row.count,
        row.n,
        row.low,
        row.high,
        small=row.n < answer.small,
        numbered=bool(asked.by),
        href=href,
    )


def _cells(row: Row, asked: _Question) -> Sequence[str]:
    value = row.group[0] if row.group else _known(row)
    name = capital(value_in_words(value, asked.by or asked.share))
    if row.share is None or row.low is None or row.high is None:
        return name, f"{row.n:,}", f"{row.count:,}", "", ""
    return name, f"{row.n:,}", f"{row.count:,}", f"{row.share:.1%}", f"{row.low:.1%} to {row.high:.1%}"


def _caption(answer: Statistics, asked: _Question, drawn: Sequence[Row], most: int) -> str:
    if asked.share == "year":
        parts = [
            f"Number of papers, of {counted(sum(row.count for row in answer.rows), 'paper')} with a year."
        ]
    elif asked.by:
        parts = ["Shares with 95% intervals (Wilson). In brackets: number of papers."]
    else:
        parts = [f"Shares with 95% intervals (Wilson), n = {drawn[0].n:,}."]
    if asked.share != "year" and any(row.n < answer.small for row in drawn):
        parts.append(f"Counts where there are fewer than {SMALL} papers.")
    if len(drawn) < most:
        which = "latest" if "year" in (asked.by, asked.share) else "largest"
        parts.append(f"Drawn: {len(drawn)} of {most}, the {which}.")
    return " ".join([*parts, *(f"{capital(note)}." for note in answer.notes)])


def _together(index: Index, found: Found, link: Link) -> Chart | None:
    answer = stats_of(index, found, "task", "task")
    place = {row.group[0]: at for at, row in enumerate(answer.rows)}
    pairs = [
        (str(row.group[0]), row.feature.partition("=")[2], row.count) for row in answer.rows if row.count
    ]
    # Each pair is there in both directions.
    some = sorted((one for one in pairs if place[one[0]] > place[one[1]]), key=lambda one: -one[2])
    if not some:
        return None
    title = "Tasks that occur together"
    caption = f"Number of papers with both tasks, of {counted(answer.papers, 'paper')}."
    names = {
        str(task): capital(value_in_words(task, "task")) for task in place if task not in (None, UNCERTAIN)
    }
    if len(names) > MOST_TOGETHER:
        caption += f" Drawn: {MOST_TOGETHER} of {len(names)} tasks, the largest."
    cells = {
        (one, other): (count, link([Tag("task", one), Tag("task", other)])) for one, other, count in some
    }
    lines: list[tuple[str | int, ...]] = [("task", "and", "papers"), *some]
    return Chart(
        _TOGETHER,
        title,
        caption,
        ("Task", "And", "Papers"),
        [(cells[one, other][1], (names[one], names[other], f"{count:,}")) for one, other, count in some],
        lambda linked: drawing.grid(title, caption, list(names.items())[:MOST_TOGETHER], cells, linked),
        lambda: (line(row, ",") for row in lines),
    )
