"""Compares two runs, paired by paper: what changed, by how much, and whether it could be chance.

Both runs read the same papers, so a hard paper is hard for both and only the difference is of interest. Its
interval comes from drawing pairs (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 8),
BCa as in `intervals`. For answers that are right or wrong, McNemar's exact test (McNemar 1947, Psychometrika
12:153-157) asks whether the papers that only one run has right are split as evenly as a coin would.

"Better" and "worse" mean that the 95% interval excludes zero. Of twenty figures that did not move, one will
be called so all the same.

Knows results of runs; knows no models and no terminal. Needs the `eval` extra (NumPy and SciPy).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from papercards.card import Card
from papercards.errors import GateMissed, UsageError
from papercards.taxonomy import LABEL_FIELDS

from ...text.wording import counted, did_you_mean
from ..label_file import ARTIFACTS, FIELDS
from .intervals import RESAMPLES, SEED, Array, Interval, bootstrap, design
from .run import PaperResult, RunResult
from .score import Name, PaperScore, columns, may_be_own, own_names
from .shared_labels import shared

Verdict = Literal["better", "worse", "same", "unknown"]
"""Verdict on the second run; unknown if too few papers have the figure for an interval."""

_SECOND_FIGURE = {
    **dict.fromkeys(LABEL_FIELDS, "main_accuracy"),
    "claims": "kind_accuracy",
    **dict.fromkeys(ARTIFACTS, "accuracy"),
}
MEASURES: tuple[Name, ...] = (
    ("mean", "f1"),
    *((field, figure) for field in FIELDS for figure in ("f1", _SECOND_FIGURE[field])),
)
"""The compared figures of the shipped fields, as (field, figure); for own ones see `_measures`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of both runs over the papers that both have."""

    field: str
    figure: str
    first: float | None
    second: float | None
    interval: Interval | None
    """Interval of `difference`; None if too few papers have the figure."""

    @property
    def difference(self) -> float | None:
        """Second minus first: the second run is better if it is above zero."""
        return None if self.first is None or self.second is None else self.second - self.first

    @property
    def verdict(self) -> Verdict:
        """The verdict on the second run, from the interval."""
        if self.interval is None:
            return "unknown"
        if self.interval.low > 0:
            return "better"
        return "worse" if self.interval.high < 0 else "same"


@dataclass(frozen=True, slots=True)
class McNemar:
    """Numbers of papers that only one run has right, for main labels and statuses."""

    field: str
    only_first: int
    """Number of papers that only the first run has right."""
    only_second: int
    p: float
    """Exact two-sided p-value; 1 if the runs never differ."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one paper that the runs answer differently."""

    id: str
    title: str
    field: str
    first: str
    second: str
    first_errors: int
    """Labels or claims that are wrong or missed; kinds, main labels and statuses that are wrong."""
    second_errors: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What moved from the first run to the second."""

    first: str
    """Model of the first run."""
    second: str
    papers: int
    """Number of papers that are compared."""
    only_first: tuple[str, ...]
    """Ids of papers that only the first run has, in its order; they are not counted."""
    only_second: tuple[str, ...]
    fields: tuple[str, ...]
    """Fields that both runs have the same labels for; no other is compared."""
    narrowed: str
    """What is compared, in one line; empty if both have the same labels of all shared papers."""
    differences: tuple[Difference, ...]
    """One for each of `MEASURES`, in that order, then those of own fields."""
    tests: tuple[McNemar, ...]
    changes: tuple[Change, ...]

    def of(self, field: str, figure: str = "f1") -> Difference:
        """One of the differences. Raises KeyError for what is not compared."""
        for one in self.differences:
            if (one.field, one.figure) == (field, figure):
                return one
        raise KeyError(f"{field}.{figure}")

    @property
    def line(self) -> str:
        """Better, worse or same, by the mean F1, in one line."""
        mean = self.of("mean")
        papers = counted(self.papers, "paper")
        return f"{mean.verdict}: {describe(mean)}, {papers}"


def describe(one: Difference) -> str:
    """`mean F1 0.712 to 0.745: +0.033 [+0.008, +0.061]`."""
    name = f"{one.field} {one.figure.replace('_', ' ').replace('f1', 'F1')}"
    if one.first is None or one.second is None or one.difference is None:
        return f"{name} is undefined in one of the runs"
    ends = f" [{one.interval.low:+.3f}, {one.interval.high:+.3f}]" if one.interval else " without an interval"
    return f"{name} {one.first:.3f} to {one.second:.3f}: {one.difference:+.3f}{ends}"


def compare(
    first: RunResult, second: RunResult, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Comparison:
    """Compare two runs over the papers and fields that both have the same labels for.

    Raises UsageError if there are none.
    """
    ground = shared(first, second)
    pairs = ground.pairs
    ours, theirs = ({paper.id for paper in run.papers} for run in (first, second))
    before = [one.score for one, _ in pairs]
    after = [other.score for _, other in pairs]
    return Comparison(
        first=first.model,
        second=second.model,
        papers=len(pairs),
        only_first=tuple(paper.id for paper in first.papers if paper.id not in theirs),
        only_second=tuple(paper.id for paper in second.papers if paper.id not in ours),
        fields=ground.fields,
        narrowed=ground.narrowed,
        differences=tuple(_differences(before, after, resamples, seed)),
        tests=tuple(_tests(before, after)),
        changes=tuple(change for one, other in pairs for change in _changes(one, other)),
    )


def _differences(
    before: Sequence[PaperScore], after: Sequence[PaperScore], resamples: int, seed: int
) -> list[Difference]:
    old, new = design(before), design(after)

    def moved(drawn: Array) -> Array:
        return new.estimate(drawn) - old.estimate(drawn)

    ends = bootstrap(moved, new.contributing(), new.size, resamples=resamples, seed=seed, shares=False)
    found = dict(zip(new.names, ends, strict=True))
    first, second = columns(before).values(), columns(after).values()
    return [
        Difference(field, figure, first[field, figure], second[field, figure], found[field, figure])
        for field, figure in _measures(before)
    ]


def _measures(scores: Sequence[PaperScore]) -> Iterator[Name]:
    yield from MEASURES
    for name in own_names(scores):
        yield from ((name, figure) for figure in _OF_OWN)


_OF_OWN = ("f1", "accuracy", "overlap")
"""Compared figures of own fields."""


def _right(paper: PaperScore, field: str) -> bool | None:
    if field in paper.own:
        return paper.own[field].right
    return paper.labels(field).main_right if field in LABEL_FIELDS else paper.status(field).right


def _tests(before: Sequence[PaperScore], after: Sequence[PaperScore]) -> list[McNemar]:
    found = []
    for field in (*LABEL_FIELDS, *ARTIFACTS, *own_names(before)):
        outcomes = [(_right(old, field), _right(new, field)) for old, new in zip(before, after, strict=True)]
        found.append(mcnemar(field, outcomes.count((True, False)), outcomes.count((False, True))))
    return found


def mcnemar(field: str, only_first: int, only_second: int) -> McNemar:
    """The exact test from the numbers of papers that only one of the two runs has right."""
    apart = only_first + only_second
    p = float(stats.binomtest(only_first, apart, 0.5).pvalue) if apart else 1.0
    return McNemar(field, only_first, only_second, p)


def _changes(one: PaperResult, other: PaperResult) -> list[Change]:
    found = []
    for field in (*one.labelled.fields, *one.labelled.own_fields):
        old, new = answer(one.card, field), answer(other.card, field)
        if old != new:
            errors = _errors(one.score, field), _errors(other.score, field)
            found.append(Change(one.id, one.title, field, old, new, *errors))
    return found


def answer(card: Card | None, field: str) -> str:
    """A card's answer for a field in one line: labels with the main one first, claims by position."""
    if card is None:
        return "no card"
    if field not in FIELDS:
        return "; ".join(card.fields[field].texts) if field in card.fields else "nothing"
    if field in ARTIFACTS:
        return card.reproducibility.artifact(field).status
    if field == "claims":
        said = [f"{c.kind} {c.evidence.start}-{c.evidence.end}" for c in card.claims]
    else:
        said = [tag.label for tag in card.labels(field)]
    return ", ".join(said) or "nothing"


def _errors(paper: PaperScore, field: str) -> int:
    if field in ARTIFACTS:
        return int(paper.status(field).right is False)
    if field in paper.own:
        return paper.own[field].counts.wrong + paper.own[field].counts.missed
    counts = paper.counts(field)
    errors = counts.wrong + counts.missed
    if field == "claims":
        return errors + counts.hits - paper.claims.kinds_right
    return errors + (paper.labels(field).main_right is False)


@dataclass(frozen=True, slots=True)
class Guard:
    """A figure that must not get worse."""

    field: str
    figure: str
    margin: float | None
    """Maximum allowed drop; None if it must not be significantly worse."""


def parse_guard(text: str) -> Guard:
    """Read `FIELD[:MARGIN]`, where FIELD may also be `FIELD.FIGURE`; F1 otherwise.

    `tasks` means that tasks must not get significantly worse (the whole interval below zero); `tasks:0.02`
    means that their F1 must not drop by more than 0.02, by chance or not. Raises UsageError.
    """
    name, colon, given = text.partition(":")
    field, dot, figure = name.strip().partition(".")
    figure = figure if dot else "f1"
    if (field, figure) not in MEASURES and not may_be_own(field, figure):
        known = [".".join(one) for one in MEASURES]
        raise UsageError(
            f'unknown figure "{name}"',
            where="--fail-if-worse",
            next_step=did_you_mean(name, known) or f"Known: {', '.join(known)}",
        )
    if not colon:
        return Guard(field, figure, None)
    try:
        margin = float(given)
    except ValueError:
        margin = -1.0
    if not 0 <= margin <= 1:
        raise UsageError(
            f'"{given}" is not a margin',
            where="--fail-if-worse",
            next_step="Use a number from 0 to 1, as in tasks:0.02",
        )
    return Guard(field, figure, margin)


def require_no_worse(comparison: Comparison, guards: Sequence[Guard]) -> None:
    """Raise GateMissed with every guarded figure that got worse or cannot be compared."""
    failed = [line for guard in guards if (line := _worse(comparison, guard))]
    if failed:
        raise GateMissed(
            f"{comparison.second} against {comparison.first}: {'; '.join(failed)}",
            next_step=f"Over {counted(comparison.papers, 'paper')}; see the papers that changed",
        )


def _worse(comparison: Comparison, guard: Guard) -> str | None:
    if guard.field not in ("mean", *comparison.fields):
        return f"{guard.field} was not compared: no paper has the same labels of it in both runs"
    one = comparison.of(guard.field, guard.figure)
    if one.difference is None:
        # A figure that neither run has cannot have got worse: the split has nothing of the kind.
        return None if one.first is None and one.second is None else describe(one)
    if guard.margin is None:
        return f"{describe(one)}, worse" if one.verdict == "worse" else None
    # A fall of exactly the margin is allowed; rounding must not turn it into more.
    if one.difference < -guard.margin - 1e-9:
        return f"{describe(one)}, a drop of more than {guard.margin:g}"
    return None
