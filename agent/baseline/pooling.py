"""What two judges say of a sentence, put together.

Whether it is a claim: a weighted sum of both log odds. Of which kind: the weighted geometric mean of both
distributions (a logarithmic opinion pool: Genest and Zidek 1986).

Knows numbers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .features import log_odds, sigmoid
from .statements import Chances

_SUREST = 1e-6


@dataclass(frozen=True, slots=True)
class ClaimStack:
    """The weights, fitted on papers that neither judge has seen."""

    bias: float
    weights: tuple[float, float]
    """For the log odds of the baseline and of the other judge."""
    threshold: float
    kind_weights: tuple[float, float]
    kinds: tuple[str, ...]
    """That the other judge knows."""

    def combine(self, chances: Chances, odds: float, said: Sequence[float]) -> Chances:
        """The baseline's chances with the other's log odds of a claim, and log probabilities of `kinds`."""
        claim = sigmoid(self.bias + self.weights[0] * log_odds(chances.claim) + self.weights[1] * odds)
        shares = kind_shares(chances)
        if set(shares) == set(self.kinds):
            shares = pool(shares, dict(zip(self.kinds, said, strict=True)), self.kind_weights)
        return Chances(claim, {kind: claim * share for kind, share in shares.items()})


def kind_shares(chances: Chances) -> dict[str, float]:
    """How probable each kind is, if the sentence is a claim at all."""
    whole = sum(chances.kinds.values()) or 1.0
    return {kind: value / whole for kind, value in chances.kinds.items()}


def pool(
    shares: Mapping[str, float], said: Mapping[str, float], weights: tuple[float, float]
) -> dict[str, float]:
    """The weighted geometric mean of probabilities and log probabilities."""
    mixed = {
        kind: weights[0] * math.log(max(share, _SUREST)) + weights[1] * said[kind]
        for kind, share in shares.items()
    }
    top = max(mixed.values())
    raised = {kind: math.exp(value - top) for kind, value in mixed.items()}
    whole = sum(raised.values())
    return {kind: value / whole for kind, value in raised.items()}
