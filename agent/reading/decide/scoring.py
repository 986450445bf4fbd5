"""Probabilities of answered questions as the scores of a paper, as those of the taggers are.

Without a fit of one's own labels the probabilities are the endpoint's own, and a label, a claim or a status
is given from 0.5.

Knows numbers. Knows no endpoints.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...model.decisions import YES
from ...model.decisions import Chances as Decision
from ...taxonomy import LABEL_FIELDS, Taxonomy
from ..baseline import Chances, Scores
from ..baseline.availability import Artifact
from ..baseline.features import log_odds
from ..baseline.offers import Offer
from ..baseline.parameters import Cut, FieldFit, Linear
from ..confidence import Confidences
from .questions import MAIN, NONE

EVEN = 0.5
_AS_IT_IS = Linear(0.0, (1.0,))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A probability from which something is given."""

    threshold: float


@dataclass(frozen=True, slots=True)
class Cuts:
    """Lines between what is given and what is not."""

    fields: Mapping[str, FieldFit]
    claims: Threshold

    @classmethod
    def of(cls, fit: Confidences | None) -> "Cuts":
        """Those of a fit, else even ones."""

        def threshold(field: str) -> float:
            found = fit.fields.get(field) if fit is not None else None
            return EVEN if found is None or found.threshold is None else found.threshold

        def field_fit(field: str) -> FieldFit:
            cut = Cut(_AS_IT_IS, threshold(field))
            return FieldFit(cut, cut, (), _AS_IT_IS)

        return cls({field: field_fit(field) for field in LABEL_FIELDS}, Threshold(threshold("claims")))


def scores(
    decided: Mapping[str, Decision], taxonomy: Taxonomy, sentences: int, fit: Confidences | None = None
) -> Scores:
    """The scores of a paper of which `sentences` were asked about, calibrated by the fit."""

    def right(field: str, chance: float) -> float:
        return chance if fit is None else fit.corrected(field, chance)

    labels = {
        field: {label: right(field, decided[f"{field}.{label}"][YES]) for label in taxonomy.labels[field]}
        for field in LABEL_FIELDS
    }
    mains = {field: decided.get(f"{MAIN}.{field}", labels[field]) for field in LABEL_FIELDS}
    roles = [_role(decided[f"sentence.{number}"]) for number in range(1, sentences + 1)]
    names: tuple[Artifact, ...] = ("code", "data", "weights")
    return Scores(
        labels=labels,
        mains={
            field: {label: log_odds(chance) for label, chance in chances.items()}
            for field, chances in mains.items()
        },
        sentences=tuple(role.rescaled(right("claims", role.claim)) for role in roles),
        offers={
            name: _offer(
                decided[f"{name}.status"],
                decided[f"{name}.where"],
                right(name, 1 - decided[f"{name}.status"]["not-stated"]),
            )
            for name in names
        },
    )


def _role(chances: Decision) -> Chances:
    kinds = {kind: chance for kind, chance in chances.items() if kind != NONE}
    return Chances(sum(kinds.values()), kinds)


def _offer(status: Decision, where: Decision, chance: float) -> Offer:
    """What is said of one thing; `chance` is the calibrated one that something is."""
    raw = status["released"] + status["promised"]
    promised = status["promised"] / raw if raw else 0.0
    if chance <= EVEN:
        return Offer("silent", None, chance, promised, False)
    numbers = {int(name): value for name, value in where.items() if name != NONE}
    number = max(numbers, key=lambda number: (numbers[number], -number))
    return Offer("said", number, chance, promised, True)
