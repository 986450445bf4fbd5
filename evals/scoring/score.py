"""Scores a card against the readings of its annotators.

The rule (`evals/labels/README.md`): what every reading has is required; what only some have is acceptable, so
neither predicting nor missing it is an error: it is not counted. A main label, a claim's kind and a status
are right when they are what any one reading says. Claims are the same when they overlap by at least half of
the shorter one. A paper without a card has missed everything. A field that is not labelled
(`Labelled.fields`) is not scored: nothing to find, nothing wrong.

Keeps plain counts for every paper, so that resampled papers can be summed up again. Knows cards and labels;
knows no models and no files.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from papercards.card import Card
from papercards.taxonomy import LABEL_FIELDS

from ...text.wording import did_you_mean
from ..label_file import ARTIFACTS, FIELDS, Labelled, LabelledClaim
from .metrics import Counts, accuracy, mean, ratio, total
from .own_fields import FIGURES as OWN_FIGURES
from .own_fields import OwnScore, score_value


@dataclass(frozen=True, slots=True)
class LabelScore:
    """The score of one label field of one paper."""

    hits: tuple[str, ...]
    """Labels that are required and predicted."""
    wrong: tuple[str, ...]
    """Labels that are predicted but in no reading."""
    missed: tuple[str, ...]
    """Labels that are required but not predicted."""
    main_right: bool | None
    """Whether the first label is the first of some reading; None if every reading is empty."""
    scored: bool = True
    """Whether this field is labelled."""

    @property
    def counts(self) -> Counts:
        """The counts of hits, wrong and missed labels."""
        return Counts(len(self.hits), len(self.wrong), len(self.missed))

    @property
    def exact(self) -> bool | None:
        """Whether nothing is wrong or missed; None if the field is not labelled."""
        return not self.wrong and not self.missed if self.scored else None


@dataclass(frozen=True, slots=True)
class ClaimScore:
    """The score of the claims of one paper."""

    counts: Counts
    kinds_right: int
    """Number of hits with a kind that some reading gave."""


@dataclass(frozen=True, slots=True)
class StatusScore:
    """The score of the status of code, data or weights of one paper."""

    predicted: str | None
    """Predicted status; None if the paper has no card."""
    expected: tuple[str, ...]
    """The status of each reading; empty if the field is not labelled."""

    @property
    def right(self) -> bool | None:
        """Whether some reading has the same status; None if the field is not labelled."""
        return self.predicted in self.expected if self.expected else None

    @property
    def counts(self) -> Counts:
        """The counts for the question whether the abstract states a release at all, now or later."""
        if not self.expected:
            return Counts()
        stated = [status != "not-stated" for status in self.expected]
        if self.predicted in (None, "not-stated"):
            return Counts(missed=int(all(stated)))
        return Counts(hits=int(all(stated)), wrong=int(not any(stated)))


@dataclass(frozen=True, slots=True)
class PaperScore:
    """The scores of all fields of one paper."""

    id: str
    tasks: LabelScore
    modalities: LabelScore
    contributions: LabelScore
    claims: ClaimScore
    code: StatusScore
    data: StatusScore
    weights: StatusScore
    own: Mapping[str, OwnScore] = field(default_factory=dict)
    """The scores of own fields, by name."""

    def labels(self, field: str) -> LabelScore:
        """The score of one of the label fields."""
        return {
            "tasks": self.tasks,
            "modalities": self.modalities,
            "contributions": self.contributions,
        }[field]

    def status(self, artifact: str) -> StatusScore:
        """The score of `code`, `data` or `weights`."""
        return {"code": self.code, "data": self.data, "weights": self.weights}[artifact]

    def counts(self, field: str) -> Counts:
        """The counts of one of `FIELDS`, or of an own field; none where it is not labelled."""
        if field not in FIELDS:
            return self.own[field].counts if field in self.own else Counts()
        if field == "claims":
            return self.claims.counts
        return (self.labels(field) if field in LABEL_FIELDS else self.status(field)).counts


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one field over many papers; None if undefined or not applicable to the field."""

    n: int
    """Number of required items: labels, claims, or papers that state something."""
    precision: float | None
    recall: float | None
    f1: float | None
    """Micro-averaged F1."""
    macro_f1: float | None = None
    """Mean F1 over the labels that were required or predicted."""
    main_accuracy: float | None = None
    exact_accuracy: float | None = None
    kind_accuracy: float | None = None
    """Accuracy of the kind, over the claims found."""
    accuracy: float | None = None
    """Accuracy of the status with its three values."""


def score(card: Card | None, labelled: Labelled) -> PaperScore:
    """Score one card by the rule above; None stands for a paper that failed."""
    predicted: Mapping[str, tuple[str, ...]] = {
        "tasks": tuple(tag.label for tag in card.tasks) if card else (),
        "modalities": tuple(tag.label for tag in card.modalities) if card else (),
        "contributions": tuple(tag.label for tag in card.contributions) if card else (),
    }
    tags = {
        field: score_labels(
            predicted[field], [r.labels(field) for r in labelled.readings], ordered=not labelled.unordered
        )
        if field in labelled.fields
        else LabelScore((), (), (), None, scored=False)
        for field in LABEL_FIELDS
    }
    spans = [LabelledClaim(c.evidence.start, c.evidence.end, c.kind) for c in (card.claims if card else ())]
    if "claims" in labelled.fields:
        claims = score_claims(spans, [reading.claims for reading in labelled.readings])
    else:
        claims = ClaimScore(Counts(), 0)
    found = card.reproducibility if card else None
    statuses = {
        "code": found.code.status if found else None,
        "data": found.data.status if found else None,
        "weights": found.weights.status if found else None,
    }
    artifacts = {
        name: StatusScore(
            statuses[name],
            tuple(r.status(name) for r in labelled.readings) if name in labelled.fields else (),
        )
        for name in ARTIFACTS
    }
    return PaperScore(
        id=labelled.id,
        claims=claims,
        tasks=tags["tasks"],
        modalities=tags["modalities"],
        contributions=tags["contributions"],
        code=artifacts["code"],
        data=artifacts["data"],
        weights=artifacts["weights"],
        own={
            name: score_value(
                card.fields.get(name) if card else None, [r.own[name] for r in labelled.readings]
            )
            for name in labelled.own_fields
        },
    )


def score_labels(
    predicted: Sequence[str], readings: Sequence[Sequence[str]], *, ordered: bool = True
) -> LabelScore:
    """Score a list of labels, the main one first, against the lists of all readings.

    Unless `ordered`, a reading of several labels has no main one, and `main_right` is None.
    """
    required = set.intersection(*map(set, readings))
    acceptable = set.union(*map(set, readings))
    has_mains = ordered or all(len(reading) < 2 for reading in readings)
    mains = {reading[0] for reading in readings if reading and has_mains}
    return LabelScore(
        hits=tuple(sorted(required.intersection(predicted))),
        wrong=tuple(sorted(set(predicted) - acceptable)),
        missed=tuple(sorted(required.difference(predicted))),
        main_right=(bool(predicted) and predicted[0] in mains) if mains else None,
    )


def score_claims(
    predicted: Sequence[LabelledClaim], readings: Sequence[Sequence[LabelledClaim]]
) -> ClaimScore:
    """Score claims by overlap.

    A claim of the first reading that every other reading has too is required, and one hit however many
    predictions fall on it; its kind is that of the prediction that overlaps it most. A prediction that
    falls on a claim of any reading is not wrong.
    """
    first, *others = readings
    hits = missed = kinds_right = 0
    for claim in first:
        twins = [[twin for twin in other if same(claim, twin)] for other in others]
        if not all(twins):
            continue
        found = [guess for guess in predicted if same(guess, claim)]
        if not found:
            missed += 1
            continue
        best = max(found, key=lambda guess: overlap(guess, claim))
        kinds = {claim.kind} | {twin.kind for group in twins for twin in group}
        hits += 1
        kinds_right += best.kind in kinds
    every = [claim for reading in readings for claim in reading]
    wrong = sum(not any(same(guess, claim) for claim in every) for guess in predicted)
    return ClaimScore(Counts(hits, wrong, missed), kinds_right)


def overlap(one: LabelledClaim, other: LabelledClaim) -> int:
    """Characters that two claims share."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def same(one: LabelledClaim, other: LabelledClaim) -> bool:
    """Whether two claims overlap by at least half of the shorter one."""
    shorter = min(one.end - one.start, other.end - other.start)
    return shorter > 0 and 2 * overlap(one, other) >= shorter


def by_label(scores: Sequence[PaperScore], field: str) -> dict[str, Counts]:
    """The counts of each label of a label field that was required or predicted, by id."""
    table: dict[str, Counts] = defaultdict(Counts)
    for paper in scores:
        tags = paper.labels(field)
        for label in tags.hits:
            table[label] += Counts(hits=1)
        for label in tags.wrong:
            table[label] += Counts(wrong=1)
        for label in tags.missed:
            table[label] += Counts(missed=1)
    return dict(sorted(table.items()))


def figures(scores: Sequence[PaperScore], field: str) -> Figures:
    """The figures of one of `FIELDS` over all papers."""
    counts = total(paper.counts(field) for paper in scores)
    if field in LABEL_FIELDS:
        tags = [paper.labels(field) for paper in scores]
        return Figures(
            counts.support,
            counts.precision,
            counts.recall,
            counts.f1,
            macro_f1=mean(row.f1 for row in by_label(scores, field).values()),
            main_accuracy=accuracy(tag.main_right for tag in tags),
            exact_accuracy=accuracy(tag.exact for tag in tags),
        )
    if field == "claims":
        right = sum(paper.claims.kinds_right for paper in scores)
        return Figures(
            counts.support,
            counts.precision,
            counts.recall,
            counts.f1,
            kind_accuracy=ratio(right, counts.hits),
        )
    return Figures(
        counts.support,
        counts.precision,
        counts.recall,
        counts.f1,
        accuracy=accuracy(paper.status(field).right for paper in scores),
    )


def all_figures(scores: Sequence[PaperScore]) -> dict[str, Figures]:
    """The figures of every field of `FIELDS`."""
    return {field: figures(scores, field) for field in FIELDS}


Values = Mapping[str, Mapping[str, float | None]]
"""Values by field, then by figure; None if undefined. `mean` is a field with one figure, `f1`."""

FIGURES_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        LABEL_FIELDS, ("precision", "recall", "f1", "macro_f1", "main_accuracy", "exact_accuracy")
    ),
    "claims": ("precision", "recall", "f1", "kind_accuracy"),
    **dict.fromkeys(ARTIFACTS, ("precision", "recall", "f1", "accuracy")),
}
"""The figures that apply to each of `FIELDS`."""


def all_values(scores: Sequence[PaperScore]) -> Values:
    """Every figure of every field, and the mean F1, as plain numbers."""
    table = all_figures(scores)
    values: dict[str, Mapping[str, float | None]] = {
        field: {figure: getattr(table[field], figure) for figure in FIGURES_OF[field]} for field in FIELDS
    }
    own = {name: own_figures(scores, name) for name in own_names(scores)}
    return {**values, **own, "mean": {"f1": mean_f1(table, (row["f1"] for row in own.values()))}}


def own_names(scores: Iterable[PaperScore]) -> tuple[str, ...]:
    """The own fields that any paper is scored in."""
    return tuple(dict.fromkeys(name for paper in scores for name in paper.own))


def may_be_own(field: str, figure: str) -> bool:
    """Whether it may be a figure of an own field, and is no misspelt one of the shipped fields."""
    is_shipped = field in FIELDS or bool(did_you_mean(field, (*FIELDS, "mean")))
    return field.isidentifier() and not is_shipped and figure in OWN_FIGURES


def own_figures(scores: Sequence[PaperScore], name: str) -> dict[str, float | None]:
    """The figures of an own field over all papers that it is labelled for."""
    found = [paper.own[name] for paper in scores if name in paper.own]
    counts = total(one.counts for one in found)
    return {
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "accuracy": accuracy(one.right for one in found),
        "answered": accuracy(one.answered for one in found),
        "accuracy_of_answered": accuracy(one.right_if_answered for one in found),
        "overlap": mean(one.overlap for one in found),
    }


def mean_f1(table: Mapping[str, Figures], own: Iterable[float | None] = ()) -> float | None:
    """The mean of the fields' F1 and of those of own fields, those that are not defined left out."""
    return mean((*(table[field].f1 for field in FIELDS), *own))
