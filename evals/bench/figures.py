"""A row for each run, medians over runs, and the table."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Row:
    """One run of one client in one scenario; a figure that was not measured there is None."""

    scenario: str
    client: str
    papers: int
    right: int
    """Papers with an answer of their own on disk at the end."""
    papers_per_s: float | None = None
    """From the first request to the last record on disk."""
    times_naive: float | None = None
    """Papers/s over that of naive in the same round."""
    of_ideal: float | None = None
    """Share of what the latency allows."""
    seconds: float | None = None
    """The whole process, its start included."""
    cpu_s_per_1000: float | None = None
    """CPU seconds of the client for 1,000 papers, after its first request."""
    start_cpu_s: float | None = None
    """CPU seconds before its first request."""
    rss_mb: float | None = None
    requests: int | None = None
    repeats: int | None = None
    """Requests for a paper whose good answer had been sent before."""
    in_flight: int | None = None
    """Requests at once, at most."""
    note: str = ""


WORST: dict[str, Callable[[Sequence[Any]], Any]] = {
    "right": min,
    "requests": max,
    "repeats": max,
    "in_flight": max,
}
"""Of counts, the worst run stands; of measures, the median."""


def with_ratios(rows: Iterable[Row]) -> list[Row]:
    """The rows of one scenario, each with its ratio to the naive run of the same round before or after it."""
    every = list(rows)
    naive = [row.papers_per_s for row in every if row.client == "naive"]
    seen: dict[str, int] = {}
    found = []
    for row in every:
        turn = seen.get(row.client, 0)
        seen[row.client] = turn + 1
        base = naive[turn] if turn < len(naive) else None
        ratio = row.papers_per_s / base if row.papers_per_s and base else None
        found.append(replace(row, times_naive=ratio))
    return found


def medians(rows: Iterable[Row]) -> list[Row]:
    """One row for each client, in the order of their first runs."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.client, []).append(row)
    return [_median(group) for group in groups.values()]


def _median(rows: Sequence[Row]) -> Row:
    changes: dict[str, Any] = {}
    for field in fields(Row):
        values = [value for row in rows if isinstance(value := getattr(row, field.name), int | float)]
        if values and field.name != "papers":
            changes[field.name] = WORST.get(field.name, statistics.median)(values)
    notes = dict.fromkeys(row.note for row in rows if row.note)
    return replace(rows[0], note="; ".join(notes), **changes)


_COLUMNS = {
    "papers/s": ("papers_per_s", ",.0f"),
    "x naive": ("times_naive", ".2f"),
    "of ideal": ("of_ideal", ".0%"),
    "process s": ("seconds", ".1f"),
    "CPU s / 1000": ("cpu_s_per_1000", ".2f"),
    "CPU s start": ("start_cpu_s", ".1f"),
    "RSS MB": ("rss_mb", ".0f"),
    "requests": ("requests", ",d"),
    "repeats": ("repeats", ",d"),
    "in flight": ("in_flight", ",d"),
}
"""Figures of the table, by what they are called there, with how they are written."""


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    head = ["scenario", "client", "right of papers", *_COLUMNS, "note"]
    lines = [f"|{'|'.join(head)}|", "|---" * len(head) + "|"]
    for row in rows:
        cells = [row.scenario, row.client, f"{row.right:,} of {row.papers:,}"]
        cells += [_number(getattr(row, name), form) for name, form in _COLUMNS.values()]
        lines.append(f"|{'|'.join(cells)}|{row.note.replace('|', '/')}|")
    return "\n".join(lines)


def values(row: Row) -> dict[str, Any]:
    """A row for a JSON file."""
    return {
        name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()
    }


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
