"""Measures calibration of the confidences, and coverage if only confident answers are kept.

A forecast is the confidence of one answer and whether it was right. A label is right if every reading has it
and wrong if none has; one that only some readings have is not counted, as in `score`. A claim is right if it
overlaps a claim of every reading and some reading gives its kind, and is not counted if it overlaps a claim
of only some readings. A status is right if some reading gives it. Answers without a confidence are skipped.

Reliability and expected calibration error: Naeini, Cooper and Hauskrecht (2015). With few answers that error
is large by chance alone (0.08 for 110 perfect ones), and a bootstrap only adds to it. So it is reported
beside the error of perfect confidences: consistency resampling, Broecker and Smith (2007), Increasing the
Reliability of Reliability Diagrams. Risk and coverage: El-Yaniv and Wiener (2010), On the Foundations of
Noise-free Selective Classification, JMLR 11:1605-1641.

Knows cards and labels; knows no models and no files. Needs the `eval` extra (NumPy and SciPy).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from papercards.card import Card, Claim
from papercards.taxonomy import LABEL_FIELDS

from ..label_file import ARTIFACTS, FIELDS, Labelled, LabelledClaim
from .intervals import CONFIDENCE, SEED, Array, Interval, bootstrap
from .metrics import brier, calibration_error, ratio
from .score import same

Forecast = tuple[float, bool]
"""The confidence of an answer, and whether it was right."""
Judged = tuple[Card | None, Labelled]
"""The card of a paper (None if it failed) and its labels."""

BINS = 10
_DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers of a field with a confidence in [low, high); the last bin includes 1."""

    low: float
    high: float
    n: int
    confidence: float | None
    """Mean confidence; None for an empty bin."""
    right: float | None
    """Share of right answers; None for an empty bin."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well the confidences of one field are calibrated."""

    field: str
    n: int
    """Number of answers with a confidence."""
    bins: tuple[Bin, ...]
    ece: float | None
    """Expected calibration error; None without answers."""
    brier: float | None
    ece_by_chance: Interval | None = None
    """Range of the error of perfectly calibrated confidences in 95% of draws."""
    brier_interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """Coverage and precision if only answers of at least this confidence are kept."""

    threshold: float
    answered: int
    coverage: float
    """Share of all questions that is answered."""
    precision: float | None
    """Share of right answers among those kept, which is 1 - risk; None if nothing is answered."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Risk against coverage for one field."""

    field: str
    unit: str
    """Unit of coverage: `papers`, or `claims` made by the model."""
    total: int
    """Number of these units, including those without a confidence or a card."""
    points: tuple[Point, ...]
    """One point for each confidence that occurs, from the most confident answer to all answers."""

    def at(self, precision: float) -> Point | None:
        """The point with the highest coverage at this precision or more; None if there is none."""
        good = [p for p in self.points if p.precision is not None and p.precision >= precision]
        return good[-1] if good else None

    def line(self, precision: float = 0.9) -> str:
        """`tasks: at 90% precision this model answers 62% of the papers (confidence threshold 0.55)`."""
        if not self.points:
            return f"{self.field}: no answer has a confidence"
        best = self.at(precision)
        if best is None:
            return f"{self.field}: no confidence threshold reaches {precision:.0%} precision"
        unit = "papers" if self.unit == "papers" else "claims that it makes"
        return (
            f"{self.field}: at {precision:.0%} precision this model answers {best.coverage:.0%} "
            f"of the {unit} (confidence threshold {best.threshold:.2f})"
        )


def forecasts(judged: Iterable[Judged]) -> dict[str, list[Forecast]]:
    """The forecasts of each of `FIELDS`: every label, claim and status that has a confidence."""
    found: dict[str, list[Forecast]] = {field: [] for field in FIELDS}
    for card, labelled in judged:
        if card is None:
            continue
        for field in (one for one in LABEL_FIELDS if one in labelled.fields):
            readings = [reading.labels(field) for reading in labelled.readings]
            for tag in card.labels(field):
                fits = [tag.label in reading for reading in readings]
                _add(found[field], tag.confidence, all(fits) if all(fits) or not any(fits) else None)
        for claim in card.claims if "claims" in labelled.fields else ():
            _add(found["claims"], claim.confidence, _claim_right(claim, labelled))
        for name in (one for one in ARTIFACTS if one in labelled.fields):
            artifact = card.reproducibility.artifact(name)
            expected = [reading.status(name) for reading in labelled.readings]
            _add(found[name], artifact.confidence, artifact.status in expected)
    return found


def _add(found: list[Forecast], confidence: float | None, right: bool | None) -> None:
    if confidence is not None and right is not None:
        found.append((confidence, right))


def _claim_right(claim: Claim, labelled: Labelled) -> bool | None:
    guess = LabelledClaim(claim.evidence.start, claim.evidence.end, claim.kind)
    twins = [[c for c in reading.claims if same(guess, c)] for reading in labelled.readings]
    if any(twins) and not all(twins):
        return None
    return any(twin.kind == guess.kind for group in twins for twin in group)


def reliability(field: str, answers: Sequence[Forecast], bins: int = BINS) -> Reliability:
    """The reliability table of one field, in bins of equal width."""
    cells: list[list[Forecast]] = [[] for _ in range(bins)]
    for confidence, right in answers:
        cells[min(int(confidence * bins), bins - 1)].append((confidence, right))
    return Reliability(
        field=field,
        n=len(answers),
        bins=tuple(
            Bin(
                low=place / bins,
                high=(place + 1) / bins,
                n=len(cell),
                confidence=ratio(sum(confidence for confidence, _ in cell), len(cell)),
                right=ratio(sum(right for _, right in cell), len(cell)),
            )
            for place, cell in enumerate(cells)
        ),
        ece=calibration_error(answers, bins),
        brier=brier(answers),
    )


def calibration(judged: Iterable[Judged], bins: int = BINS) -> dict[str, Reliability]:
    """The reliability of each of `FIELDS`, with the error expected by chance."""
    papers = [forecasts([pair]) for pair in judged]
    found = {}
    for field in FIELDS:
        by_paper = [paper[field] for paper in papers]
        answers = [answer for paper in by_paper for answer in paper]
        found[field] = replace(
            reliability(field, answers, bins),
            ece_by_chance=_by_chance([confidence for confidence, _ in answers], bins),
            brier_interval=_brier_interval(by_paper),
        )
    return found


def _by_chance(confidences: Sequence[float], bins: int) -> Interval | None:
    """The range of the calibration error of perfect confidences in 95% of draws."""
    if not confidences:
        return None
    sure = np.array(confidences)
    cells = np.zeros((len(sure), bins))
    cells[np.arange(len(sure)), np.minimum((sure * bins).astype(int), bins - 1)] = 1.0
    outcomes = np.random.default_rng(SEED).random((_DRAWS, len(sure))) < sure
    errors = np.abs((sure - outcomes) @ cells).sum(axis=1) / len(sure)
    low, high = np.quantile(errors, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(low), float(high))


def _brier_interval(papers: Sequence[Sequence[Forecast]]) -> Interval | None:
    """The interval of the Brier score, drawing papers with all their answers."""
    squares = np.array([sum((c - right) ** 2 for c, right in answers) for answers in papers])
    sizes = np.array([float(len(answers)) for answers in papers])

    def estimate(drawn: Array) -> Array:
        size = drawn @ sizes
        means: Array = np.divide(drawn @ squares, size, out=np.full_like(size, np.nan), where=size > 0)
        return means[:, None]

    (ends,) = bootstrap(estimate, [int((sizes > 0).sum())], len(papers), shares=False)
    return ends


def decisions(judged: Iterable[Judged]) -> dict[str, tuple[list[Forecast], int]]:
    """The forecasts that could be withheld, and their possible number, for each of `FIELDS`.

    Of a label field, the main label of each paper whose readings have one, right if it is the main label of
    any; of a status, one for each paper; of the claims, each that the model makes. A paper without a card
    could have been answered.
    """
    pairs = list(judged)
    found = forecasts(pairs)
    claims = sum(len(card.claims) for card, item in pairs if card is not None and "claims" in item.fields)
    table = {"claims": (found["claims"], claims)}
    table |= {name: (found[name], sum(name in item.fields for _, item in pairs)) for name in ARTIFACTS}
    for field in LABEL_FIELDS:
        answers: list[Forecast] = []
        total = 0
        for card, labelled in pairs:
            if field not in labelled.fields:
                continue
            mains = {labels[0] for reading in labelled.readings if (labels := reading.labels(field))}
            total += bool(mains)
            tags = card.labels(field) if card is not None else ()
            if mains and tags:
                _add(answers, tags[0].confidence, tags[0].label in mains)
        table[field] = (answers, total)
    return {field: table[field] for field in FIELDS}


def curve(field: str, answers: Sequence[Forecast], total: int | None = None) -> Curve:
    """Risk and coverage for every confidence that occurs; `total` is the number of forecasts if not given."""
    size = len(answers) if total is None else total
    points: list[Point] = []
    right = 0
    ordered = sorted(answers, key=lambda answer: -answer[0])
    for place, (confidence, was_right) in enumerate(ordered, start=1):
        right += was_right
        # Answers of equal confidence can only be given together.
        if place == len(ordered) or ordered[place][0] != confidence:
            points.append(Point(confidence, place, place / size, right / place))
    return Curve(field, "claims" if field == "claims" else "papers", size, tuple(points))


def curves(judged: Iterable[Judged]) -> dict[str, Curve]:
    """Risk against coverage for each of `FIELDS`."""
    return {field: curve(field, *answers) for field, answers in decisions(judged).items()}


def held(threshold: float, answers: Sequence[Forecast], total: int | None = None) -> Point:
    """The effect on these answers of a threshold that was fitted elsewhere."""
    sure = [right for confidence, right in answers if confidence >= threshold]
    size = len(answers) if total is None else total
    return Point(threshold, len(sure), ratio(len(sure), size) or 0.0, ratio(sum(sure), len(sure)))


@dataclass(frozen=True, slots=True)
class Transfer:
    """A threshold that was fitted on one run, and its effect on another."""

    field: str
    fitted: Point | None
    """The point on the run it was fitted on; None if no threshold reaches the precision."""
    checked: Point | None
    """The point on the other run at the same threshold."""


def transfer(precision: float, fitted: Iterable[Judged], checked: Iterable[Judged]) -> tuple[Transfer, ...]:
    """For each field that has confidences, the threshold for a precision and how far it carries over."""
    there = decisions(checked)
    found = []
    for field, (answers, total) in decisions(fitted).items():
        if answers:
            best = curve(field, answers, total).at(precision)
            found.append(Transfer(field, best, held(best.threshold, *there[field]) if best else None))
    return tuple(found)
