"""Fits a layer of somebody's own labels over a tagger, for `papercards tune`.

For each label field three candidates are compared by cross-validation on the own labels: the tagger as it is,
its scores with other weights and another threshold, and these stacked with regressions of the labels' own. A
candidate must be better in 95% of resamples of the papers, and have as many main labels right; else the
field stays as it is, and so it does below 100 papers if its labels are the shipped ones.

Needs the `eval` extra (scikit-learn).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from papercards.paper import Paper
from papercards.reading.baseline import Baseline, Chances, Scores
from papercards.reading.baseline.features import log_odds, sigmoid
from papercards.reading.baseline.parameters import Cut, FieldFit, Linear, WordFit
from papercards.reading.baseline.tags import MAIN, Logits, choose
from papercards.reading.own_layer import OwnClaims, OwnLayer, corrected, own_rows
from papercards.taxonomy import LABEL_FIELDS, Size, Taxonomy

from ..label_file import Labelled, LabelledClaim
from ..scoring.metrics import Counts
from ..scoring.score import score_claims, score_labels
from .fit_claims import claim_threshold, sentence_shares
from .fit_labels import all_shares, fit_field, threshold_of
from .fit_words import fit_words
from .regression import FOLDS, micro_f1, platt

Pairs = Sequence[tuple[Labelled, Paper]]

REGULARITIES = (3.0, 30.0)
"""Inverse strengths of the penalty on own weights that are tried."""
LEAST_PAPERS = 20
"""Number of labelled papers below which nothing can be told apart from chance."""
ENOUGH_PAPERS = 100
"""Number of labelled papers below which labels that the tagger was fitted on stay as they are: with 50, one
trial of four made the main task worse on unseen papers, against its own cross-validation.
"""
LEAST_TIMES = 2
"""A feature must occur in so many papers."""
RESAMPLES = 1_000
SURENESS = 0.95
"""Share of the resamples in which a candidate must be better."""
SAID = 4
"""The first features of a row, of what the tagger says."""
SAID_MAIN = Linear(0.0, (0.0, 0.0, 1.0))
"""The third of them: how strongly the tagger thinks that the label is the main one."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What cross-validation on the own labels says of a field."""

    field: str
    before: float
    after: float
    kept: bool
    """Whether the layer has the field."""


def fit_own(
    pairs: Pairs, tagger: Baseline, taxonomy: Taxonomy, *, name: str, model: str, labels: str
) -> tuple[OwnLayer, list[Gain]]:
    """The layer for labelled papers, and the gain of each field. `name` and `model` are the tagger's."""
    labelled = [item for item, _ in pairs]
    read = [tagger.read(paper) for _, paper in pairs]
    scores = [one for one, _ in read]
    vectors = [vector for _, vector in read]
    seen = Counter(name for vector in vectors for name in vector)
    features = sorted(name for name, times in seen.items() if times >= LEAST_TIMES)
    vectors = [{name: v for name, v in one.items() if seen[name] >= LEAST_TIMES} for one in vectors]
    shares = [all_shares(item) for item in labelled]
    own = [
        fit_words(vectors, dict.fromkeys(features, 1.0), shares, [1.0] * len(pairs), regularity)
        for regularity in REGULARITIES
    ]
    gains: list[Gain] = []
    kept: dict[str, FieldFit] = {}
    chosen: dict[str, WordFit] = {}
    for field in LABEL_FIELDS:
        if not all(field in item.fields for item in labelled):
            continue
        judge = _Field(field, labelled, scores, tagger, taxonomy)
        candidates: list[tuple[WordFit | None, tuple[FieldFit, _Found]]] = [
            (None, judge.candidate([{} for _ in pairs], SAID))
        ]
        candidates += [(words, judge.candidate(logits, None)) for words, logits in own]
        words, (fit, found) = max(candidates, key=lambda one: micro_f1(one[1][1].judged))
        before = judge.before
        enough = len(pairs) >= ENOUGH_PAPERS or not tagger.known[field]
        better = enough and _surely_better(before.judged, found.judged) and found.mains >= before.mains
        gains.append(Gain(field, micro_f1(before.counts), micro_f1(found.counts), better))
        if better:
            kept[field] = fit
            if words is not None:
                chosen[field] = words
    claims = None
    if all("claims" in item.fields for item in labelled):
        claims, gain = _claims(pairs, scores, tagger.claim_threshold)
        gains.append(gain)
    layer = OwnLayer(
        tagger=name,
        model=model,
        taxonomy=taxonomy.version,
        labels=labels,
        papers=len(pairs),
        features=tuple(features),
        words=_joined(chosen),
        fields=kept,
        claims=claims,
    )
    return (layer if chosen else replace(layer, features=(), words=_joined({}))), gains


@dataclass(frozen=True, slots=True)
class _Found:
    counts: list[Counts]
    """Counts of each paper."""
    judged: list[Counts]
    """The same with the main label as one answer more, so that a candidate cannot gain at its expense."""
    mains: int
    """How many main labels are right."""


class _Field:
    """One label field: how good its candidates are on papers that they have not seen."""

    def __init__(
        self,
        field: str,
        labelled: Sequence[Labelled],
        scores: Sequence[Scores],
        tagger: Baseline,
        taxonomy: Taxonomy,
    ) -> None:
        self._field = field
        self._labelled = labelled
        self._scores = scores
        self._size: Size = taxonomy.sizes[field]
        self._shipped = tagger.cuts.fields[field]
        self._labels = frozenset(taxonomy.labels[field])
        self._readings = [[reading.labels(field) for reading in item.readings] for item in labelled]
        known = tagger.known[field]
        self.before = self._scored(
            [choose(one.labels[field], self._shipped, known, self._size, one.mains[field]) for one in scores]
        )
        """The tagger's own."""

    def _scored(self, picked: Sequence[tuple[str, ...]]) -> _Found:
        scored = [score_labels(one, given) for one, given in zip(picked, self._readings, strict=True)]
        mains = [
            Counts(1, 0, 0) if one.main_right else Counts(0, int(bool(labels)), 1)
            for one, labels in zip(scored, picked, strict=True)
        ]
        return _Found(
            [one.counts for one in scored],
            [one.counts + main for one, main in zip(scored, mains, strict=True)],
            sum(one.hits for one in mains),
        )

    def candidate(self, logits: Sequence[Logits], most: int | None) -> tuple[FieldFit, _Found]:
        """The fit on all papers from `most` features, and what ones that had not seen a paper say of it.

        The main label follows from the tagger unless the own labels tell it better.
        """
        rows = [own_rows(one, self._field, own) for one, own in zip(self._scores, logits, strict=True)]
        width = len(next(iter(rows[0].values())))
        cropped = [{label: row[:most] for label, row in paper.items()} for paper in rows]
        fit, unseen = fit_field(self._field, self._labelled, cropped, self._size, self._labels)
        alone = tuple(sorted({*fit.alone, *self._shipped.alone}))
        chances = [{label: sigmoid(value) for label, value in one.items()} for one in unseen.trained]
        picked: list[tuple[str, ...]] = [()] * len(chances)
        by_own = list(picked)
        for inside, outside in _folds(len(chances)):
            threshold = threshold_of(
                [chances[n] for n in inside],
                [self._readings[n] for n in inside],
                self._size,
                self._labels,
                alone,
            )
            cut = Cut(Linear(0.0, ()), threshold)
            trial = FieldFit(cut, cut, alone, cut.model)
            for n in outside:
                said = self._scores[n].mains[self._field]
                picked[n] = choose(chances[n], trial, self._labels, self._size, said)
                by_own[n] = choose(chances[n], trial, self._labels, self._size, unseen.main[n])
        whole = Cut(_padded(fit.trained.model, width), fit.trained.threshold)
        found, own = self._scored(picked), self._scored(by_own)
        if _surely_better(found.judged, own.judged):
            return FieldFit(whole, whole, alone, _padded(fit.main, width)), own
        return FieldFit(whole, whole, alone, _padded(SAID_MAIN, width)), found


def _padded(model: Linear, width: int) -> Linear:
    return Linear(model.bias, (*model.weights, *(0.0,) * (width - len(model.weights))))


def _folds(size: int) -> Iterator[tuple[list[int], list[int]]]:
    for part in range(FOLDS):
        yield [n for n in range(size) if n % FOLDS != part], list(range(part, size, FOLDS))


def _surely_better(before: Sequence[Counts], after: Sequence[Counts]) -> bool:
    """Whether the F1 is higher in enough resamples of the papers (Efron 1979)."""
    import numpy as np

    def table(counts: Sequence[Counts]) -> Any:
        return np.array([(one.hits, one.wrong, one.missed) for one in counts], dtype=float)

    drawn = np.random.default_rng(0).multinomial(len(before), [1 / len(before)] * len(before), size=RESAMPLES)

    def f1(counts: Sequence[Counts]) -> Any:
        hits, wrong, missed = (drawn @ table(counts)).T
        return 2 * hits / np.maximum(2 * hits + wrong + missed, 1)

    return float((f1(after) > f1(before)).mean()) >= SURENESS


def _claims(pairs: Pairs, scores: Sequence[Scores], threshold: float) -> tuple[OwnClaims | None, Gain]:
    """Another scaling and threshold for claim sentences, if they are better."""
    sentences = [one.sentences[: len(paper.sentences)] for one, (_, paper) in zip(scores, pairs, strict=True)]

    def scaled(numbers: Sequence[int]) -> Linear:
        return platt(
            [log_odds(chance.claim) for n in numbers for chance in sentences[n]],
            [sum(share.values()) for n in numbers for share in sentence_shares(*pairs[n])],
        )

    before = [_claim_counts(pairs[n], sentences[n], threshold) for n in range(len(pairs))]
    after = list(before)
    for inside, outside in _folds(len(pairs)):
        scaling = scaled(inside)
        cut = claim_threshold([pairs[n] for n in inside], [corrected(sentences[n], scaling) for n in inside])
        for n in outside:
            after[n] = _claim_counts(pairs[n], corrected(sentences[n], scaling), cut)
    better = _surely_better(before, after)
    gain = Gain("claims", micro_f1(before), micro_f1(after), better)
    if not better:
        return None, gain
    scaling = scaled(range(len(pairs)))
    whole = [corrected(one, scaling) for one in sentences]
    return OwnClaims(scaling, claim_threshold(pairs, whole)), gain


def _claim_counts(pair: tuple[Labelled, Paper], chances: Sequence[Chances], threshold: float) -> Counts:
    item, paper = pair
    guesses = [
        LabelledClaim(span.start, span.end, "")
        for span, one in zip(paper.sentences, chances, strict=True)
        if one.claim >= threshold
    ]
    return score_claims(guesses, [reading.claims for reading in item.readings]).counts


def _joined(chosen: dict[str, WordFit]) -> WordFit:
    """The columns of each field that has weights of its own."""
    import numpy as np

    columns: list[Any] = []
    labels: list[tuple[str, str]] = []
    scales: list[float] = []
    biases: list[float] = []
    for field, words in chosen.items():
        table = np.frombuffer(words.weights, dtype=np.int8).reshape(-1, len(words.labels))
        for place, (name, label) in enumerate(words.labels):
            if name in (field, field + MAIN):
                columns.append(table[:, place])
                labels.append((name, label))
                scales.append(words.scales[place])
                biases.append(words.biases[place])
    weights = np.stack(columns, axis=1).tobytes() if columns else b""
    return WordFit(tuple(labels), tuple(scales), tuple(biases), weights)
