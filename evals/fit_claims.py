"""Fits the sentence classifier of the baseline: is it a claim, and of which kind.

A sentence that half of the readings call a claim counts as half a claim.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from papercards.baseline.features import log_odds, sigmoid
from papercards.baseline.parameters import ClaimFit
from papercards.baseline.statements import (
    CUES,
    PLACES,
    WORD_WEIGHT,
    Chances,
    Classifier,
    Sentence,
    describe,
)
from papercards.paper import Paper

from .labels import Labelled, LabelledClaim
from .regression import FOLDS, best_threshold, certain, micro_f1, platt, regression
from .score import same, score_claims

CLAIM_REGULARITY = 1.0
"""Inverse strength of the L2 penalty, scikit-learn's `C`."""
KIND_REGULARITY = 1.0
LEAST_SENTENCES = 8
"""A run of stems must occur in so many sentences to be a feature."""


def fit_claims(
    pairs: Sequence[tuple[Labelled, Paper]], kinds: Sequence[str], weights: Sequence[float]
) -> tuple[ClaimFit, list[list[Chances]]]:
    """The classifier for the kinds that occur, and each paper's chances by one that has not seen it.

    Its "is a claim" is calibrated; its kinds are a multinomial regression's own.
    """
    texts = [[" ".join(p.sentence_text(n + 1).split()) for n in range(len(p.sentences))] for _, p in pairs]
    described = [describe(one) for one in texts]
    truth = [sentence_shares(item, paper) for item, paper in pairs]
    held_out: list[list[Chances]] = [[] for _ in pairs]
    definitions = dict.fromkeys(kinds, "")
    for fold in range(FOLDS):
        seen = [n for n in range(len(pairs)) if n % FOLDS != fold]
        model = _claim_model(
            [described[n] for n in seen], [truth[n] for n in seen], kinds, [weights[n] for n in seen]
        )
        judge = Classifier(model, definitions, {"": 1.0})
        for number in range(fold, len(pairs), FOLDS):
            held_out[number] = judge.chances(texts[number])
    scaling = platt(
        [log_odds(one.claim) for paper in held_out for one in paper],
        [sum(shares.values()) for paper in truth for shares in paper],
    )
    held_out = [
        [one.rescaled(sigmoid(scaling.log_odds((log_odds(one.claim),)))) for one in paper]
        for paper in held_out
    ]
    model = _claim_model(described, truth, kinds, weights)
    (slope,) = scaling.weights

    def rounded(row: Sequence[float]) -> tuple[float, ...]:
        return (round(slope * row[0], 3), *(round(weight, 3) for weight in row[1:]))

    fit = ClaimFit(
        kinds=model.kinds,
        threshold=claim_threshold(pairs, held_out),
        words={word: rounded(row) for word, row in model.words.items()},
        cues={cue: rounded(row) for cue, row in model.cues.items()},
        bias=(
            round(slope * model.bias[0] + scaling.bias, 3),
            *(round(weight, 3) for weight in model.bias[1:]),
        ),
    )
    return fit, held_out


def claim_threshold(pairs: Sequence[tuple[Labelled, Paper]], chances: Sequence[Sequence[Chances]]) -> float:
    """The probability from which counting a sentence as a claim gives the best F1."""

    def f1(threshold: float) -> float:
        outcomes = []
        for (item, paper), found in zip(pairs, chances, strict=True):
            guesses = [
                LabelledClaim(span.start, span.end, "")
                for span, one in zip(paper.sentences, found, strict=True)
                if one.claim >= threshold
            ]
            outcomes.append(score_claims(guesses, [r.claims for r in item.readings]).counts)
        return micro_f1(outcomes)

    return best_threshold(f1)


def sentence_shares(item: Labelled, paper: Paper) -> list[dict[str, float]]:
    """For each sentence the share of readings that call it a claim of a kind."""
    found = []
    for span in paper.sentences:
        place = LabelledClaim(span.start, span.end, "")
        here: Counter[str] = Counter()
        for reading in item.readings:
            here.update([claim.kind for claim in reading.claims if same(claim, place)][:1])
        found.append({kind: times / len(item.readings) for kind, times in here.items()})
    return found


def _claim_model(
    described: Sequence[Sequence[Sentence]],
    truth: Sequence[Sequence[Mapping[str, float]]],
    kinds: Sequence[str],
    weights: Sequence[float],
) -> ClaimFit:
    from scipy.sparse import csr_matrix

    sentences = [sentence for paper in described for sentence in paper]
    shares = [share for paper in truth for share in paper]
    weight = [one for paper, one in zip(truth, weights, strict=True) for _ in paper]
    seen = Counter(word for sentence in sentences for word in sentence.words)
    words = sorted(word for word, times in seen.items() if times >= LEAST_SENTENCES)
    cues = sorted((*CUES, *PLACES))
    columns = {("word", word): n for n, word in enumerate(words)}
    columns |= {("cue", cue): len(words) + n for n, cue in enumerate(cues)}
    cells: list[tuple[int, int, float]] = []
    for row, sentence in enumerate(sentences):
        known = [columns["word", word] for word in sentence.words if ("word", word) in columns]
        cells += [(row, column, WORD_WEIGHT / math.sqrt(len(known))) for column in sorted(known)]
        cells += [(row, columns["cue", cue], value) for cue, value in sorted(sentence.cues.items())]
    table = csr_matrix(
        ([v for _, _, v in cells], ([r for r, _, _ in cells], [c for _, c, _ in cells])),
        shape=(len(sentences), len(columns)),
    )
    occurring = [kind for kind in kinds if any(kind in share for share in shares)]
    claim, claim_bias = regression(
        table, certain((sum(s.values()) for s in shares), weight), CLAIM_REGULARITY
    )
    kind, kind_bias = regression(
        table,
        [
            (number, occurring.index(name), part * weight[number])
            for number, share in enumerate(shares)
            for name, part in share.items()
        ],
        KIND_REGULARITY,
    )
    found = [[float(v) for v in column] for column in (*claim, *kind)]
    rows = [tuple(column[n] for column in found) for n in range(len(columns))]
    return ClaimFit(
        kinds=tuple(occurring),
        threshold=0.5,
        words=dict(zip(words, rows, strict=False)),
        cues=dict(zip(cues, rows[len(words) :], strict=True)),
        bias=tuple(float(value) for value in (*claim_bias, *kind_bias)),
    )
