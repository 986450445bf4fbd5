"""Fits the sentence classifier of the baseline: is it a claim, and of which kind.

A sentence that half of the readings call a claim counts as half a claim.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from papercards.baseline.features import sigmoid
from papercards.baseline.parameters import ClaimFit
from papercards.baseline.statements import CUES, PLACES, WORD_WEIGHT, Sentence, describe
from papercards.paper import Paper

from .labels import Labelled, LabelledClaim
from .regression import FOLDS, best_threshold, certain, micro_f1, platt, regression
from .score import same, score_claims

CLAIM_REGULARITY = 0.3
"""Inverse strength of the L2 penalty, scikit-learn's `C`."""
KIND_REGULARITY = 0.3
LEAST_SENTENCES = 4
"""A run of stems must occur in so many sentences to be a feature."""


def fit_claims(pairs: Sequence[tuple[Labelled, Paper]], kinds: Sequence[str]) -> ClaimFit:
    """The classifier for the kinds that occur; its "is a claim" is calibrated, its kinds are not."""
    described = [describe([p.sentence_text(n + 1) for n in range(len(p.sentences))]) for _, p in pairs]
    truth = [sentence_shares(item, paper) for item, paper in pairs]
    held_out: list[list[float]] = [[] for _ in pairs]
    for fold in range(FOLDS):
        seen = [n for n in range(len(pairs)) if n % FOLDS != fold]
        model = _claim_model([described[n] for n in seen], [truth[n] for n in seen], kinds)
        for number in range(fold, len(pairs), FOLDS):
            held_out[number] = [_claim_log_odds(model, sentence) for sentence in described[number]]
    scaling = platt(
        [logit for paper in held_out for logit in paper],
        [sum(shares.values()) for paper in truth for shares in paper],
    )

    def f1(threshold: float) -> float:
        outcomes = []
        for (item, paper), logits in zip(pairs, held_out, strict=True):
            guesses = [
                LabelledClaim(span.start, span.end, "")
                for span, logit in zip(paper.sentences, logits, strict=True)
                if sigmoid(scaling.log_odds((logit,))) >= threshold
            ]
            outcomes.append(score_claims(guesses, [r.claims for r in item.readings]).counts)
        return micro_f1(outcomes)

    model = _claim_model(described, truth, kinds)
    (slope,) = scaling.weights

    def rounded(row: Sequence[float]) -> tuple[float, ...]:
        return (round(slope * row[0], 3), *(round(weight, 3) for weight in row[1:]))

    return ClaimFit(
        kinds=model.kinds,
        threshold=best_threshold(f1),
        words={word: rounded(row) for word, row in model.words.items()},
        cues={cue: rounded(row) for cue, row in model.cues.items()},
        bias=(
            round(slope * model.bias[0] + scaling.bias, 3),
            *(round(weight, 3) for weight in model.bias[1:]),
        ),
    )


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
) -> ClaimFit:
    from scipy.sparse import csr_matrix

    sentences = [sentence for paper in described for sentence in paper]
    shares = [share for paper in truth for share in paper]
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
    claim, claim_bias = regression(table, certain(sum(share.values()) for share in shares), CLAIM_REGULARITY)
    kind, kind_bias = regression(
        table,
        [
            (number, occurring.index(name), weight)
            for number, share in enumerate(shares)
            for name, weight in share.items()
        ],
        KIND_REGULARITY,
    )
    weights = [[float(v) for v in column] for column in (*claim, *kind)]
    rows = [tuple(column[n] for column in weights) for n in range(len(columns))]
    return ClaimFit(
        kinds=tuple(occurring),
        threshold=0.5,
        words=dict(zip(words, rows, strict=False)),
        cues=dict(zip(cues, rows[len(words) :], strict=True)),
        bias=tuple(float(value) for value in (*claim_bias, *kind_bias)),
    )


def _claim_log_odds(model: ClaimFit, sentence: Sentence) -> float:
    known = [model.words[word][0] for word in sorted(sentence.words) if word in model.words]
    spoken = WORD_WEIGHT / math.sqrt(len(known)) * sum(known) if known else 0.0
    cued = sum(value * model.cues[cue][0] for cue, value in sentence.cues.items())
    return model.bias[0] + spoken + cued
