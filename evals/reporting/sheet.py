"""Computes everything that is reported about a run, in one place.

The terminal prints it, the report draws it, and the result file contains it.

Each figure comes with its interval, the ceiling (the score of one labelling pass against the other) and the
floor (the score of the baseline).

Knows results of runs; knows no models and no terminal. Needs the `eval` extra.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as field_of
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from papercards.taxonomy import LABEL_FIELDS

from ..label_file import ARTIFACTS, FIELDS
from ..labelling.agreement import Agreement, ceiling, retest
from ..scoring.calibration import Curve, Reliability, calibration, curves
from ..scoring.intervals import Array, Interval, Intervals, bootstrap, interval, intervals
from ..scoring.metrics import mean, total
from ..scoring.run import PaperResult, RunResult
from ..scoring.score import PaperScore, counts_by_label, own_names
from ..scoring.sentences import class_pairs, graded
from ..scoring.summaries import SummaryScore, score_summary
from ..scoring.trust import Cost, Trust, cost, trust

FIGURES = tuple(
    (
        "precision recall f1 macro_f1 main_accuracy exact_accuracy kind_accuracy kappa accuracy answered "
        "accuracy_of_answered overlap"
    ).split()
)
"""Figures that a field can have, in the order of the tables."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of one field."""

    field: str
    """One of `FIELDS`, `mean` for the mean over them, or `summary`."""
    figure: str
    value: float | None
    """The value; None if undefined, since there was nothing to find or nothing was predicted."""
    interval: Interval | None = None
    """95% interval over papers."""
    ceiling: float | None = None
    floor: float | None = None
    """Value of the baseline, or of the first sentence for summaries; None if unknown or for the baseline
    itself.
    """


@dataclass(frozen=True, slots=True)
class LabelRow:
    """The figures of one label of a label field."""

    label: str
    support: int
    """Number of papers that require it."""
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """A confusion matrix. Where passes differ, the one that agrees with the answer counts."""

    field: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """A row for each expected label, a column for each answer, both in the order of `labels`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All figures of one run."""

    model: str
    split: str
    labels: str
    papers: int
    support: Mapping[str, int]
    """Number of labels, claims, or papers that state something, by field."""
    measures: tuple[Measure, ...]
    """Measures by field, then by figure; the mean F1 is the last one."""
    by_label: Mapping[str, tuple[LabelRow, ...]]
    confusions: tuple[Confusion, ...]
    """Confusion matrices of main modality and contribution, sentence classes, and statuses."""
    summary: tuple[Measure, ...]
    trust: Trust
    cost: Cost
    calibration: Mapping[str, Reliability]
    curves: Mapping[str, Curve]
    retest: tuple[Agreement, ...] = ()
    """Self-agreement over repeated queries; empty if every paper was queried once."""
    unanswered: int = 0
    """Number of further papers, for which the endpoint failed; they are not counted in any figure."""
    not_answered: Mapping[str, int] = field_of(default_factory=dict)
    """Number of papers without an answer to an own field, by field; fields with all answers are left out."""

    def of(self, field: str, figure: str = "f1") -> Measure:
        """One of the measures. Raises KeyError."""
        for one in (*self.measures, *self.summary):
            if (one.field, one.figure) == (field, figure):
                return one
        raise KeyError(f"{field}.{figure}")

    def intervals(self) -> Intervals:
        """The intervals of `measures`, by field and figure."""
        found: Intervals = {}
        for one in self.measures:
            found.setdefault(one.field, {})[one.figure] = one.interval
        return found

    def to_data(self) -> dict[str, Any]:
        """The sheet as JSON values."""
        data: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return data


_ADAPTER: TypeAdapter[Sheet] = TypeAdapter(Sheet)


def sheet(result: RunResult) -> Sheet:
    """Everything about a run."""
    scores = result.scores
    return Sheet(
        model=result.model,
        split=result.split,
        labels=result.labels,
        papers=len(result.papers),
        support={
            name: sum(one.counts(name).support for one in scores) for name in (*FIELDS, *own_names(scores))
        },
        measures=tuple(_measures(result, intervals(scores))),
        by_label={field: _label_rows(scores, field) for field in LABEL_FIELDS},
        confusions=tuple(_confusions(result.papers)),
        summary=tuple(_summary(result.papers)),
        trust=trust(result),
        cost=cost(result),
        calibration=calibration(result.judged),
        curves=curves(result.judged),
        retest=retest(result.papers) if result.repeats > 1 else (),
        unanswered=len(result.unanswered),
        not_answered={
            name: count
            for name in own_names(scores)
            if (count := sum(not one.own[name].answered for one in scores if name in one.own))
        },
    )


def _measures(result: RunResult, ends: Intervals) -> list[Measure]:
    values = result.values()
    top = ceiling([paper.labelled for paper in result.papers])
    top["mean"] = {"f1": mean(row["f1"] for row in top.values())}
    found = []
    for field, row in values.items():
        floor = result.floor.get(field, {})
        for figure in FIGURES:
            if figure in row:
                given = ends.get(field, {}).get(figure)
                if figure == "kappa":
                    given = _kappa_interval(result.papers)
                found.append(
                    Measure(
                        field, figure, row[figure], given, top.get(field, {}).get(figure), floor.get(figure)
                    )
                )
    return found


def _pairs(paper: PaperResult) -> list[tuple[str, str]]:
    return class_pairs(paper.card, paper.labelled)


def _kappa_interval(papers: Sequence[PaperResult]) -> Interval | None:
    """The bootstrap interval of the pooled kappa: tables of classes, one a paper, are drawn and added."""
    pairs = [_pairs(paper) for paper in papers]
    classes = sorted({name for paper in pairs for pair in paper for name in pair})
    if not classes:
        return None
    size = len(classes)
    tables = np.zeros((len(papers), size * size))
    for row, paper in enumerate(pairs):
        for (one, other), times in Counter(paper).items():
            tables[row, classes.index(one) * size + classes.index(other)] = times

    def estimate(drawn: Array) -> Array:
        cells = (drawn @ tables).reshape(-1, size, size)
        whole = cells.sum(axis=(1, 2))
        agree = np.trace(cells, axis1=1, axis2=2) / whole
        chance = (cells.sum(axis=1) * cells.sum(axis=2)).sum(axis=1) / whole**2
        with np.errstate(invalid="ignore", divide="ignore"):
            kappas: Array = (agree - chance) / (1 - chance)
        return kappas[:, None]

    (ends,) = bootstrap(estimate, [sum(bool(paper) for paper in pairs)], len(papers), shares=False)
    return ends


def _label_rows(scores: Sequence[PaperScore], field: str) -> tuple[LabelRow, ...]:
    table = {label: total(counts) for label, counts in counts_by_label(scores, field).items()}
    rows = [
        LabelRow(label, counts.support, counts.precision, counts.recall, counts.f1)
        for label, counts in table.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.support, row.label)))


def _confusions(papers: Sequence[PaperResult]) -> list[Confusion]:
    found = []
    for field in ("modalities", "contributions"):
        pairs = []
        for paper in papers:
            mains = [labels[0] for reading in paper.labelled.readings if (labels := reading.labels(field))]
            if paper.card is not None and mains and field in paper.labelled.fields:
                tags = paper.card.labels(field)
                pairs.append(_expected(mains, tags[0].label if tags else "none"))
        found.append(_confusion(field, pairs))
    classes = [
        _expected(passes, said)
        for paper in papers
        if paper.card is not None
        for passes, said in graded(paper.card, paper.labelled)
    ]
    found.append(_confusion("claims", classes))
    for name in ARTIFACTS:
        statuses = [paper.score.status(name) for paper in papers]
        found.append(
            _confusion(
                name, [_expected(s.expected, s.predicted) for s in statuses if s.predicted and s.expected]
            )
        )
    return [confusion for confusion in found if confusion.labels]


def _expected(passes: Sequence[str], answer: str) -> tuple[str, str]:
    return (answer if answer in passes else passes[0], answer)


def _confusion(field: str, pairs: Sequence[tuple[str, str]]) -> Confusion:
    counts = Counter(pairs)
    frequency = Counter(one for one, _ in pairs)
    labels = tuple(sorted({name for pair in counts for name in pair}, key=lambda n: (-frequency[n], n)))
    return Confusion(field, labels, tuple(tuple(counts[one, other] for other in labels) for one in labels))


def _summary(papers: Sequence[PaperResult]) -> list[Measure]:
    """Means over the papers that have a card and an abstract; the floor of ROUGE is the first sentence."""
    scored: list[SummaryScore] = []
    for paper in papers:
        if paper.card is not None and paper.labelled.abstract is not None:
            references = [reading.tldr for reading in paper.labelled.readings if reading.tldr]
            scored.append(score_summary(paper.card.tldr, paper.title, paper.labelled.abstract, references))

    def share(figure: str, values: Sequence[float | None]) -> Measure:
        return Measure("summary", figure, mean(values), interval(values))

    found = [
        share("words", [float(one.words) for one in scored]),
        share("number_not_in_source", [float(bool(one.numbers)) for one in scored]),
        share("name_not_in_source", [float(bool(one.names)) for one in scored]),
    ]
    for name, part in (("summary", "rouge"), ("title", "title"), ("first_sentence", "first")):
        rouges = [getattr(one, part) for one in scored]
        for figure in ("one", "longest"):
            values = [getattr(rouge, figure) if rouge is not None else None for rouge in rouges]
            label = "rouge_1" if figure == "one" else "rouge_l"
            found.append(share(label if name == "summary" else f"{label}_of_{name}", values))
    return found
