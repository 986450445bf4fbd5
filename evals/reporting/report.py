"""The report: one HTML page on one or more runs that works without network and scripts.

It can be mailed, archived and opened safely: a content security policy prevents loading and scripts, and all
text of papers and models is escaped by the template engine. It first shows whether the answers can be
trusted, then how good they are, then which ones were wrong.

No figure is computed here; all are in the `Sheet` of the run. The same runs give the same bytes.

Knows sheets, results and drawings; knows no models and no terminal. Needs the `eval` extra.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from papercards.sinks.files import write_file
from papercards.taxonomy import LABEL_FIELDS

from ..label_file import FIELDS
from ..scoring.compare import MEASURES
from ..scoring.intervals import Interval
from ..scoring.run import RunResult
from .charts import GLYPHS, Spot, cost_chart, curve_chart, intervals_chart, reliability_chart
from .error_book import Mistake, error_book, paper_url
from .sheet import Confusion, LabelRow, Sheet

PRECISION = 0.9
"""The precision at which coverage is reported."""
SHOWN_MISTAKES = 10
"""Maximum mistakes shown per field and run, most frequent first; the rest are only counted."""
SHOWN_CASES = 6
"""Maximum papers shown per mistake."""

_SHIPPED = ("labels.jsonl@", "seed-")
"""Prefixes of the version of the shipped labels and of their ids; other files could have the same name."""

_SECOND = {field: figure for field, figure in MEASURES if figure != "f1"}

_NAMES = {
    "f1": "F1",
    "macro_f1": "macro F1",
    "number_not_in_source": "with a number that is not in the paper",
    "name_not_in_source": "with a name that is not in the paper",
    "rouge_1": "ROUGE-1",
    "rouge_1_of_title": "ROUGE-1 of the title",
    "rouge_1_of_first_sentence": "ROUGE-1 of the first sentence",
    "rouge_l": "ROUGE-L",
    "rouge_l_of_title": "ROUGE-L of the title",
    "rouge_l_of_first_sentence": "ROUGE-L of the first sentence",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One run as shown on the page."""

    slot: int
    """Position of the run on the page, from 0."""
    name: str
    """Model name, with a number if several runs are of the same model."""
    glyph: str
    """Symbol of the run in charts."""
    result: RunResult
    sheet: Sheet
    book: Mapping[str, tuple[Mistake, ...]]

    @property
    def failures(self) -> tuple[tuple[str, str], ...]:
        """Title and reason of each paper without a card."""
        return tuple((p.title, p.failure or "") for p in self.result.papers if p.card is None)

    @property
    def costs(self) -> dict[str, float | None]:
        """Mean cost per card by unit; None if unknown."""
        cost, failed = self.sheet.cost, self.sheet.trust.failed
        cards = failed.whole - failed.part
        tokens = cost.prompt_tokens + cost.completion_tokens
        return {
            "USD": cost.cost_usd / cards if cost.cost_usd is not None and cards else None,
            "seconds": cost.seconds_median,
            "tokens": tokens / cards if cards else None,
        }

    def label(self, field: str, label: str) -> LabelRow | None:
        """The row of one label; None if the run neither had to find it nor predicted it."""
        return next((row for row in self.sheet.by_label[field] if row.label == label), None)


def render(runs: Sequence[tuple[RunResult, Sheet]]) -> str:
    """The page for at least one run, in the order given. Raises MissingExtra without Matplotlib."""
    if not runs:
        raise ValueError("a report needs at least one run")
    entries = _entries(runs)
    return _template().render(
        runs=entries,
        second=_SECOND,
        fields=FIELDS,
        own=_own(entries),
        having=lambda field: [one for one in entries if field in one.sheet.support],
        label_fields=LABEL_FIELDS,
        alike=len({(one.sheet.split, one.sheet.labels) for one in entries}) == 1,
        shipped=all(_is_shipped(one.result) for one in entries),
        labels={field: _labels(entries, field) for field in LABEL_FIELDS},
        intervals=Markup(_intervals(entries)),  # noqa: S704 - charts.py escapes
        reliability=[Markup(svg) for svg in _reliability(entries)],  # noqa: S704
        curves=[Markup(svg) for svg in _curves(entries)],  # noqa: S704
        costs=[Markup(svg) for svg in _costs(entries)],  # noqa: S704
        show_costs=len(entries) > 1 or any(any(one.costs.values()) for one in entries),
        precision=PRECISION,
        shown_mistakes=SHOWN_MISTAKES,
        shown_cases=SHOWN_CASES,
    )


def write(path: Path, runs: Sequence[tuple[RunResult, Sheet]]) -> None:
    """Write the page to a file, by way of `NAME.partial`. Raises StorageError."""
    write_file(path, [render(runs).encode("utf-8", "replace")])


def _entries(runs: Sequence[tuple[RunResult, Sheet]]) -> tuple[Entry, ...]:
    models = [result.model for result, _ in runs]
    entries = []
    for slot, (result, sheet) in enumerate(runs):
        twins = models.count(result.model) > 1
        name = f"{result.model} ({models[: slot + 1].count(result.model)})" if twins else result.model
        entries.append(Entry(slot, name, GLYPHS[slot % len(GLYPHS)], result, sheet, error_book(result)))
    return tuple(entries)


def _own(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The own fields that any run is scored in."""
    names = (name for entry in entries for name in entry.sheet.support if name not in FIELDS)
    return tuple(dict.fromkeys(names))


def _is_shipped(result: RunResult) -> bool:
    version, prefix = _SHIPPED
    return result.labels.startswith(version) and all(paper.id.startswith(prefix) for paper in result.papers)


def _labels(entries: Sequence[Entry], field: str) -> tuple[str, ...]:
    """The labels that any run has a row for, those of most papers first."""
    support: dict[str, int] = {}
    for entry in entries:
        for row in entry.sheet.by_label[field]:
            support[row.label] = max(row.support, support.get(row.label, 0))
    return tuple(sorted(support, key=lambda label: (-support[label], label)))


def _intervals(entries: Sequence[Entry]) -> str:
    fields = (*FIELDS, *_own(entries), "mean")
    rows = [
        (field, [(one.slot, one.sheet.of(field)) for one in entries if field in (*one.sheet.support, "mean")])
        for field in fields
    ]
    return intervals_chart("intervals-chart", rows)


def _reliability(entries: Sequence[Entry]) -> list[str]:
    drawn = []
    for field in FIELDS:
        tables = [(one.slot, one.sheet.calibration[field]) for one in entries]
        found = [(slot, table) for slot, table in tables if table.n]
        if found:
            drawn.append(reliability_chart(f"reliability-{field}", field, found))
    return drawn


def _curves(entries: Sequence[Entry]) -> list[str]:
    drawn = []
    for field in FIELDS:
        found = [(one.slot, one.sheet.curves[field]) for one in entries if one.sheet.curves[field].points]
        if found:
            drawn.append(curve_chart(f"curve-{field}", field, found, PRECISION))
    return drawn


def _costs(entries: Sequence[Entry]) -> list[str]:
    """A drawing for each unit in which any run cost something."""
    drawn = []
    for unit in ("USD", "seconds", "tokens"):
        spots = [
            Spot(one.slot, one.name, cost, one.sheet.of("mean"))
            for one in entries
            if (cost := one.costs[unit]) is not None
        ]
        if any(spot.cost for spot in spots):
            drawn.append(cost_chart(f"cost-{unit.lower()}", unit, spots))
    return drawn


@cache
def _template() -> Template:
    engine = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    engine.filters |= {
        "figure": _figure,
        "ends": _ends,
        "percent": _percent,
        "words": lambda name: _NAMES.get(name, name.replace("_", " ")),
        "amount": _amount,
        "url": paper_url,
    }
    engine.globals |= {"shade": _shade}
    text = (resources.files("papercards.evals") / "report.html.j2").read_text(encoding="utf-8")
    return engine.from_string(text)


def _figure(value: float | None) -> str:
    """Format with two digits; a dash for an undefined value."""
    return "–" if value is None else f"{value:.2f}"  # noqa: RUF001


def _ends(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.2f} to {interval.high:.2f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"  # noqa: RUF001


def _amount(value: float | None) -> str:
    """Format with three digits, or as an integer from a thousand on."""
    if value is None:
        return "–"  # noqa: RUF001
    return f"{value:,.0f}" if value >= 1000 or value == 0 else f"{value:.3g}"


def _shade(confusion: Confusion, row: int, column: int) -> str:
    """The class of a cell: right or wrong, and how large its share of the row is, from 0 to 4."""
    count = confusion.counts[row][column]
    share = count / sum(confusion.counts[row]) if count else 0.0
    return f"{'right' if row == column else 'wrong'}-{min(4, int(share * 4) + 1) if count else 0}"
