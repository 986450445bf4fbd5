"""The charts of a selection: what each shows, counted and estimated as `papercards stats` does.

A chart is a question to `statistics`, asked of the bitmaps of an index. Its table and its CSV file are the
answer; the drawing shows the largest groups of it.

Knows counts. Knows no requests.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ...card import UNCERTAIN
from ...card_fields import singular
from ...statistics.groups import Counts, Share, Value, grouping, shares
from ...statistics.layout import capital, value_in_words
from ...statistics.shares import SMALL, Row, Statistics, shares_of
from ...statistics.table import line, written
from ...text.wording import counted
from ..index.database import Found, Index
from ..index.facets import REPEATED, Tag
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
    rows: Sequence[Sequence[str]]
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
    answer = _answer(index, found, asked)
    rows = [row for row in answer.rows if _known(row) is not None]
    ordered = "year" in (asked.share, asked.by)
    if len(rows) < 1 + ordered:
        return None
    drawn = sorted(rows, key=lambda row: str(_known(row)))[-MOST_YEARS:] if ordered else rows[:MOST_ROWS]
    points = [_point(row, asked, answer, link) for row in drawn]
    draw = partial(drawing.years, counts=asked.share == "year") if ordered else drawing.bars
    caption = _caption(answer, asked, drawn, len(rows))
    return Chart(
        name,
        asked.title,
        caption,
        (capital(asked.by or asked.share), "Papers", "With it", "Share", "95% interval"),
        [_cells(row, asked) for row in answer.rows],
        lambda linked: draw(asked.title, caption, points, linked),
        lambda: written(answer, ".csv"),
    )


def _answer(index: Index, found: Found, asked: _Question) -> Statistics:
    """The answer of `stats` for a selection of the index, from bitmaps in place of cards."""
    by = grouping([asked.by], {}) if asked.by else ()
    counts = Counts(by, shares([asked.share], by, {}))
    (share,) = counts.shares
    repeated = found.rows & index.facets.bitmap(REPEATED)
    rows = found.rows & ~repeated
    counts.cards = rows.bit_count()
    features, told = _features(index, rows, share)
    groups = _values(index, rows, singular(by[0])) if by else {None: rows}
    for value, mine in groups.items():
        group = (value,) if by else ()
        counts.papers[group] = mine.bit_count()
        counts.told[group, 0] = (mine & told).bit_count()
        for name, having in features.items():
            if count := (mine & having).bit_count():
                counts.having[group, 0, name] = count
        if by:
            counts.of_value[0][value] = mine.bit_count()
    counts.silent[0] = (rows & ~told).bit_count()
    return shares_of(counts, repeated=repeated.bit_count())


def _values(index: Index, rows: int, field: str) -> dict[Value, int]:
    """Bitmaps of the rows with each value of a field, and of those without one."""
    found: dict[Value, int] = {}
    rest = rows
    for value, _ in index.counts(field, Found(rows)):
        mine = rows & index.facets.bitmap(Tag(field, value))
        found[int(value) if field == "year" else value] = mine
        rest &= ~mine
    if rest:
        found[None] = rest
    return found


def _features(index: Index, rows: int, share: Share) -> tuple[dict[str, int], int]:
    """Bitmaps of the rows with each feature, and of those that tell whether they have it."""
    features: dict[str, int] = {}
    told = 0
    for value, mine in _values(index, rows, singular(share.field)).items():
        told |= mine if share.told((value,)) else 0
        for name in share.features((value,)):
            features[name] = features.get(name, 0) | mine
    return features, told


def _known(row: Row) -> Value:
    """The value that a row is drawn for; None if it has none, or none that is likely enough."""
    value = row.group[0] if row.group else row.feature.partition("=")[2]
    return None if value == UNCERTAIN else value


def _point(row: Row, asked: _Question, answer: Statistics, link: Link) -> Point:
    value = _known(row)
    tags = [Tag(asked.by, str(value))] if asked.by else []
    tags.append(Tag(*row.feature.split("=", 1)))
    return Point(
        capital(value_in_words(value, asked.by or asked.share)),
        row.count,
        row.n,
        row.low,
        row.high,
        small=row.n < answer.small,
        numbered=bool(asked.by),
        href=link(tags),
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
    tasks = [task for task, _ in index.counts("task", found)]
    bitmaps = {task: found.rows & index.facets.bitmap(Tag("task", task)) for task in tasks}
    pairs = {
        (one, other): (bitmaps[one] & bitmaps[other]).bit_count()
        for place, one in enumerate(tasks)
        for other in tasks[:place]
    }
    some = sorted(((pair, count) for pair, count in pairs.items() if count), key=lambda one: -one[1])
    if not some:
        return None
    title = "Tasks that occur together"
    caption = f"Number of papers with both tasks, of {counted(found.count, 'paper')}."
    if len(tasks) > MOST_TOGETHER:
        caption += f" Drawn: {MOST_TOGETHER} of {len(tasks)} tasks, the largest."
    names = [(task, capital(value_in_words(task, "task"))) for task in tasks[:MOST_TOGETHER]]
    cells = {pair: (count, link([Tag("task", one) for one in pair])) for pair, count in some}
    rows = [(*(capital(value_in_words(one, "task")) for one in pair), f"{count:,}") for pair, count in some]
    return Chart(
        _TOGETHER,
        title,
        caption,
        ("Task", "And", "Papers"),
        rows,
        lambda linked: drawing.grid(title, caption, names, cells, linked),
        lambda: (line(row, ",") for row in (("task", "and", "papers"), *((*pair, n) for pair, n in some))),
    )
