"""Corrections of a model's probabilities, fitted on somebody's own labels by `papercards tune`.

For a decision model they calibrate its probabilities and draw the lines from which something is given; for a
chat model they turn the probabilities of an answer's tokens into confidences.

Knows numbers and the file. Knows no labels files and no endpoints.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError

from ..errors import BadInput, UsageError, readable
from ..fields.spec import ARTIFACTS
from ..model.catalogue import HostedPlan
from ..taxonomy import LABEL_FIELDS
from ..text.spans import digest
from .baseline.features import log_odds, sigmoid
from .baseline.parameters import Linear
from .draft import Draft, DraftArtifact, DraftClaim, Scored, rated


@dataclass(frozen=True, slots=True)
class FieldConfidence:
    """One field."""

    scaling: Linear
    """From the log odds of a probability to those of a calibrated one."""
    threshold: float | None = None
    """Calibrated probability from which something is given; None where the model itself chooses."""


@dataclass(frozen=True, slots=True)
class Confidences:
    """What was fitted for one model."""

    model: str
    plan: HostedPlan
    prompt: str
    """Version of the words that the model was asked with."""
    taxonomy: str
    """Version of the taxonomy."""
    labels: str
    """Version of the labels."""
    papers: int
    """How many papers it was fitted on."""
    fields: Mapping[str, FieldConfidence]
    """What was fitted for each field: `tasks` …, `claims` for sentences, `code`, `data` and `weights`."""

    @property
    def version(self) -> str:
        """`tuned@` and eight hex digits: the same fit gives the same."""
        return f"tuned@{digest(ADAPTER.dump_json(self).decode())[:8]}"

    @classmethod
    def raw(cls, model: str, plan: str) -> "Confidences":
        """One that leaves every probability as it is, to fit one from."""
        same = FieldConfidence(Linear(0.0, (1.0,)))
        names = (*LABEL_FIELDS, "claims", *ARTIFACTS)
        return cls(model, cast("HostedPlan", plan), "", "", "", 0, dict.fromkeys(names, same))

    def check(self, model: str, plan: str, prompt: str, taxonomy: str, where: str) -> None:
        """Raise UsageError if it was fitted for another model, plan, wording or taxonomy."""
        require_fitted(
            ("model", self.model, model),
            ("plan", self.plan, plan),
            ("prompt", self.prompt, prompt),
            ("taxonomy", self.taxonomy, taxonomy),
            where=where,
        )

    def of_answer(self, draft: Draft) -> Draft:
        """A draft with calibrated confidences for its probabilities; None in fields that were not fitted."""

        def rate(field: str, one: Scored | DraftClaim | DraftArtifact) -> float | None:
            if one.confidence is None or field not in self.fields:
                return None
            return round(self.corrected(field, one.confidence), 4)

        return rated(draft, rate)

    def corrected(self, field: str, chance: float) -> float:
        """A calibrated probability; the same one for a field that was not fitted."""
        found = self.fields.get(field)
        return chance if found is None else sigmoid(found.scaling.log_odds((log_odds(chance),)))


def require_fitted(*parts: tuple[str, str, str], where: str = "") -> None:
    """Raise UsageError for a part (its name, what it was for the fit, what it is now) that has changed."""
    for what, fitted, now in parts:
        if fitted != now:
            raise UsageError(
                f"your own labels were fitted for the {what} {fitted}, not for {now}",
                where=where,
                next_step="Run papercards tune again, or leave out --tuned",
            )


ADAPTER: TypeAdapter[Confidences] = TypeAdapter(Confidences)
"""JSON to `Confidences` and back."""


def read_confidences(path: Path) -> Confidences:
    """A fit from its file. Raises UsageError if it cannot be read, BadInput if it is none."""
    with readable(path, "the fit"):
        content = path.read_bytes()
    try:
        return ADAPTER.validate_json(content)
    except ValidationError as error:
        raise BadInput(
            "not a file of papercards tune for a hosted model",
            where=str(path),
            next_step="Run papercards tune with this model, or leave out --tuned",
        ) from error
