"""Fits what reads the states of sentences, of any encoder, and how it is put together with the baseline."""

from collections.abc import Sequence
from typing import Any

from papercards.baseline import Chances, Scores
from papercards.baseline.features import log_odds
from papercards.baseline.pooling import ClaimStack, kind_shares
from papercards.paper import Paper

from .fit_claims import sentence_shares
from .labels import Labelled
from .regression import certain, regression

FOLDS = 10
STACK_REGULARITY = 1.0

Pairs = Sequence[tuple[Labelled, Paper]]


class SentenceProbes:
    """Linear probes of sentences: fitted on all papers, and for each paper on the others."""

    def __init__(
        self, pairs: Pairs, sentences: Sequence[Any], kinds: Sequence[str], regularity: float
    ) -> None:
        """`sentences`: for each paper an array of sentences by features."""
        import numpy as np

        self.kinds = tuple(kinds)
        self._regularity = regularity
        self.paper = np.array([n for n, one in enumerate(sentences) for _ in one])
        table = np.concatenate(list(sentences))
        self.middle = table.mean(axis=0)
        self.scale = (table.std(axis=0) + 1e-3) * np.sqrt(table.shape[1])
        scaled = (table - self.middle) / self.scale
        # In the space of the rows: the same solution, with a tenth of the columns.
        _, sizes, turned = np.linalg.svd(scaled, full_matrices=False)
        self.turned = turned[sizes > 1e-4 * sizes[0]]
        self.rows = scaled @ self.turned.T
        self.shares = [
            share
            for (item, paper), one in zip(pairs, sentences, strict=True)
            for share in sentence_shares(item, paper)[: len(one)]
        ]

    def fit(self, numbers: Any) -> tuple[Any, Any, Any, Any]:
        """Coefficients and intercepts for "is a claim", and for the kinds."""
        import numpy as np

        rows = self.rows[numbers]
        shares = [self.shares[n] for n in numbers]
        claim, claim_bias = regression(rows, certain(sum(s.values()) for s in shares), self._regularity)
        targets = [
            (n, self.kinds.index(kind), weight) for n, s in enumerate(shares) for kind, weight in s.items()
        ]
        present = sorted({kind for _, kind, _ in targets})
        some, some_bias = regression(rows, targets, self._regularity)
        kind = np.zeros((len(self.kinds), rows.shape[1]))
        kind_bias = np.full(len(self.kinds), -12.0)
        kind[present], kind_bias[present] = some, some_bias
        return claim[0], claim_bias[0], kind, kind_bias

    def unseen(self) -> tuple[Any, Any]:
        """Log odds of a claim and log probabilities of its kinds, by probes that have not seen the paper."""
        import numpy as np

        odds, kinds = np.zeros(len(self.rows)), np.zeros((len(self.rows), len(self.kinds)))
        for fold in range(FOLDS):
            inside, outside = np.where(self.paper % FOLDS != fold)[0], np.where(self.paper % FOLDS == fold)[0]
            claim, claim_bias, kind, kind_bias = self.fit(inside)
            odds[outside] = self.rows[outside] @ claim + claim_bias
            kinds[outside] = _log_softmax(self.rows[outside] @ kind.T + kind_bias)
        return odds, kinds

    def unfolded(self, weights: Any, bias: Any) -> Any:
        """Coefficients for the features as they are, the bias last."""
        import numpy as np

        raw = (weights @ self.turned) / self.scale
        return np.concatenate([raw, np.expand_dims(bias - raw @ self.middle, -1)], axis=-1)


def _log_softmax(logits: Any) -> Any:
    import numpy as np

    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def fit_claim_stack(
    probes: SentenceProbes, scores: Sequence[Scores]
) -> tuple[ClaimStack, list[list[Chances]]]:
    """How the baseline's and the probe's word on a sentence are weighed; and the outcome for each paper.

    The threshold is left at 0.5.
    """
    import numpy as np
    from scipy.optimize import minimize

    odds, said = probes.unseen()
    sizes = np.bincount(probes.paper, minlength=len(scores))
    chances = [
        chance for one, size in zip(scores, sizes, strict=True) for chance in one.sentences[: int(size)]
    ]
    table = np.array([[log_odds(chance.claim), odd] for chance, odd in zip(chances, odds, strict=True)])
    weights, bias = regression(table, certain(sum(s.values()) for s in probes.shares), STACK_REGULARITY)
    base = np.log(
        np.maximum([[kind_shares(chance)[kind] for kind in probes.kinds] for chance in chances], 1e-6)
    )
    truth = np.array([[share.get(kind, 0.0) for kind in probes.kinds] for share in probes.shares])

    def loss(pair: Any) -> float:
        pooled = _log_softmax(pair[0] * base + pair[1] * said)
        return float(-(truth * pooled).sum() + 0.5 * ((pair - 0.5) ** 2).sum())

    first, second = minimize(loss, np.array([0.5, 0.5])).x
    stack = ClaimStack(
        bias=_round(bias[0]),
        weights=(_round(weights[0][0]), _round(weights[0][1])),
        threshold=0.5,
        kind_weights=(_round(first), _round(second)),
        kinds=probes.kinds,
    )
    combined: list[list[Chances]] = [[] for _ in scores]
    for paper, chance, odd, kinds in zip(probes.paper, chances, odds, said, strict=True):
        combined[int(paper)].append(stack.combine(chance, float(odd), list(map(float, kinds))))
    return stack, combined


def _round(value: Any) -> float:
    return round(float(value), 4)
