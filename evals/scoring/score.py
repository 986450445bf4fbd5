"""Scores a card against the readings of its annotators.

The rule (`evals/labels/README.md`): what every reading has is required; what only some have is acceptable, so
neither predicting nor missing it is an error: it is not counted. A main label, a claim's kind and a status
are right when they are what any one reading says. Claims are the same when they overlap by at least half of
the shorter one. A paper without a card has missed everything. A field that is not labelled
(`Labelled.fields`) is not scored: nothing to find, nothing wrong.

Keeps plain counts for every paper, so that resampled papers can be summed up again. Knows cards and labels;
knows no models and no files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from papercards.card import Card
from papercards.taxonomy import LABEL_FIELDS

from ...text.wording import did_you_mean
from ..label_file import ARTIFACTS, FIELDS, Labelled, LabelledClaim, Reading
from .metrics import Counts, mean, ratio
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
        found: LabelScore = getattr(self, field)
        return found

    def status(self, artifact: str) -> StatusScore:
        """The score of `code`, `data` or `weights`."""
        found: StatusScore = getattr(self, artifact)
        return found

    def counts(self, field: str) -> Counts:
        """The counts of one of `FIELDS`, or of an own field; none where it is not labelled."""
        if field not in FIELDS:
            return self.own[field].counts if field in self.own else Counts()
        if field == "claims":
            return self.claims.counts
        return (self.labels(field) if field in LABEL_FIELDS else self.status(field)).counts


def score(card: Card | None, labelled: Labelled) -> PaperScore:
    """Score one card by the rule above; None stands for a paper that failed."""
    answer = as_reading(card) if card is not None else None
    return score_reading(answer, labelled, labelled.readings)


def as_reading(card: Card) -> Reading:
    """What a card says, as an annotator would have given it."""
    found = card.reproducibility
    return Reading(
        annotator=card.provenance.model,
        tasks=tuple(tag.label for tag in card.tasks),
        modalities=tuple(tag.label for tag in card.modalities),
        contributions=tuple(tag.label for tag in card.contributions),
        claims=card_claims(card),
        code=found.code.status,
        data=found.data.status,
        weights=found.weights.status,
        tldr=card.tldr,
        own=card.fields,
    )


def card_claims(card: Card | None) -> tuple[LabelledClaim, ...]:
    """The claims of a card as an annotator would have marked them; none without a card."""
    claims = card.claims if card is not None else ()
    return tuple(LabelledClaim(c.evidence.start, c.evidence.end, c.kind) for c in claims)


def score_reading(answer: Reading | None, labelled: Labelled, truth: Sequence[Reading]) -> PaperScore:
    """Score an answer against some readings of a paper; None stands for no answer."""
    asked = labelled.fields

    def labels(field: str) -> LabelScore:
        if field not in asked:
            return LabelScore((), (), (), None, scored=False)
        predicted = answer.labels(field) if answer is not None else ()
        return score_labels(predicted, [one.labels(field) for one in truth], ordered=not labelled.unordered)

    def status(name: str) -> StatusScore:
        expected = tuple(one.status(name) for one in truth) if name in asked else ()
        return StatusScore(answer.status(name) if answer is not None else None, expected)

    claims = ClaimScore(Counts(), 0)
    if "claims" in asked:
        claims = score_claims(answer.claims if answer is not None else (), [one.claims for one in truth])
    own = answer.own if answer is not None else {}
    return PaperScore(
        id=labelled.id,
        tasks=labels("tasks"),
        modalities=labels("modalities"),
        contributions=labels("contributions"),
        claims=claims,
        code=status("code"),
        data=status("data"),
        weights=status("weights"),
        own={
            name: score_value(own.get(name), [one.own[name] for one in truth]) for name in labelled.own_fields
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
    found = [(closest(predicted, claim), kinds) for claim, kinds in required_claims(readings)]
    hits = sum(best is not None for best, _ in found)
    missed = len(found) - hits
    kinds_right = sum(best is not None and best.kind in kinds for best, kinds in found)
    every = [claim for reading in readings for claim in reading]
    wrong = sum(not any(same(guess, claim) for claim in every) for guess in predicted)
    return ClaimScore(Counts(hits, wrong, missed), kinds_right)


def required_claims(
    readings: Sequence[Sequence[LabelledClaim]],
) -> Iterator[tuple[LabelledClaim, tuple[str, ...]]]:
    """The claims of the first reading that every other one has, each with the kinds that they give it."""
    first, *others = readings
    for claim in first:
        twins = [[twin for twin in other if same(claim, twin)] for other in others]
        if all(twins):
            kinds = [claim.kind, *(twin.kind for group in twins for twin in group)]
            yield claim, tuple(dict.fromkeys(kinds))


def closest(claims: Iterable[LabelledClaim], to: LabelledClaim) -> LabelledClaim | None:
    """Of the claims that are the same as another, the first that overlaps it most."""
    return max((one for one in claims if same(one, to)), key=lambda one: overlap(one, to), default=None)


def overlap(one: LabelledClaim, other: LabelledClaim) -> int:
    """Characters that two claims share."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def same(one: LabelledClaim, other: LabelledClaim) -> bool:
    """Whether two claims overlap by at least half of the shorter one."""
    shorter = min(one.end - one.start, other.end - other.start)
    return shorter > 0 and 2 * overlap(one, other) >= shorter


def counts_by_label(scores: Sequence[PaperScore], field: str) -> dict[str, list[Counts]]:
    """The counts of each label of a field that was required or predicted, one for each paper, by id."""
    found = [(one.hits, one.wrong, one.missed) for one in (paper.labels(field) for paper in scores)]
    labels = sorted({label for parts in found for part in parts for label in part})
    return {label: [Counts(*(int(label in part) for part in parts)) for parts in found] for label in labels}


Name = tuple[str, str]
"""Field and figure, such as `("tasks", "f1")` or `("mean", "f1")`."""
Column = tuple[list[float], list[float]]
"""A ratio of two sums over papers: each paper's part of the numerator, and of the denominator."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the figures of some papers are computed from, so that papers can be drawn again."""

    ratios: Mapping[Name, Column]
    means: Mapping[Name, Sequence[Column]]
    """Figures that are the mean of ratios; undefined ones are left out."""

    def values(self) -> dict[Name, float | None]:
        """The figures; None if undefined."""
        means = {name: mean(map(_value, columns)) for name, columns in self.means.items()}
        return {name: _value(column) for name, column in self.ratios.items()} | means


def _value(column: Column) -> float | None:
    above, below = column
    return ratio(sum(above), sum(below))


def outcomes(values: Iterable[float | None]) -> Column:
    """The column of the mean of one value a paper; None is skipped."""
    return _column((0.0, 0.0) if value is None else (float(value), 1.0) for value in values)


def _column(pairs: Iterable[tuple[float, float]]) -> Column:
    rows = list(pairs)
    return [above for above, _ in rows], [below for _, below in rows]


def _f1(counts: Iterable[Counts]) -> Column:
    return _column((2 * one.hits, 2 * one.hits + one.wrong + one.missed) for one in counts)


def columns(scores: Sequence[PaperScore]) -> Columns:
    """Every figure that applies to each field, and the mean F1, for these papers."""
    ratios: dict[Name, Column] = {}
    means: dict[Name, Sequence[Column]] = {}
    names = (*FIELDS, *own_names(scores))
    for name in names:
        counts = [paper.counts(name) for paper in scores]
        ratios[name, "precision"] = _column((one.hits, one.hits + one.wrong) for one in counts)
        ratios[name, "recall"] = _column((one.hits, one.support) for one in counts)
        ratios[name, "f1"] = _f1(counts)
        if name in LABEL_FIELDS:
            tags = [paper.labels(name) for paper in scores]
            ratios[name, "main_accuracy"] = outcomes(one.main_right for one in tags)
            ratios[name, "exact_accuracy"] = outcomes(one.exact for one in tags)
            means[name, "macro_f1"] = list(map(_f1, counts_by_label(scores, name).values()))
        elif name in ARTIFACTS:
            ratios[name, "accuracy"] = outcomes(paper.status(name).right for paper in scores)
        elif name == "claims":
            claims = [paper.claims for paper in scores]
            ratios[name, "kind_accuracy"] = _column((one.kinds_right, one.counts.hits) for one in claims)
        else:
            found = [paper.own.get(name) for paper in scores]
            for figure, part in _OF_OWN.items():
                ratios[name, figure] = outcomes(getattr(one, part, None) for one in found)
    means["mean", "f1"] = [ratios[name, "f1"] for name in names]
    return Columns(ratios, means)


_OF_OWN = {
    "accuracy": "right",
    "answered": "answered",
    "accuracy_of_answered": "right_if_answered",
    "overlap": "overlap",
}
"""What of `OwnScore` further figures of own fields are the mean of."""

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
    found = columns(scores).values()
    figures = {**FIGURES_OF, **dict.fromkeys(own_names(scores), OWN_FIGURES), "mean": ("f1",)}
    return {name: {figure: found[name, figure] for figure in row} for name, row in figures.items()}


def own_names(scores: Iterable[PaperScore]) -> tuple[str, ...]:
    """The own fields that any paper is scored in."""
    return tuple(dict.fromkeys(name for paper in scores for name in paper.own))


def may_be_own(field: str, figure: str) -> bool:
    """Whether it may be a figure of an own field, and is no misspelt one of the shipped fields."""
    is_shipped = field in FIELDS or bool(did_you_mean(field, (*FIELDS, "mean")))
    return field.isidentifier() and not is_shipped and figure in OWN_FIGURES
