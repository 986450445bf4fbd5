"""What a field is: a name, a type, a question, and what an answer must bear.

The fields of the card (`SHIPPED`) are asked beside own ones, or left out. Knows no file, model or paper.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal, get_args

from ..card import NOT_STATED, FieldType
from ..taxonomy import LABEL_FIELDS, Size
from ..text.spans import digest

TYPES: tuple[FieldType, ...] = get_args(FieldType)

ARTIFACTS = ("code", "data", "weights")
SHIPPED = ("tldr", *LABEL_FIELDS, "claims", *ARTIFACTS)
"""The fields that every card has, in the order in which they are asked."""

Demand = Literal["required", "optional", "none"]
"""Whether a sentence must be named for an answer, may be, or is not asked for."""

_EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Field:
    """One question of one's own."""

    name: str
    """Lower-case letters, digits and `_`; neither a shipped field nor a column of an output."""
    type: FieldType
    question: str
    options: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    """Id to definition, for `label` and `labels`."""
    size: Size = Size(0, 3)  # noqa: RUF009 - frozen
    """How many options `labels` may have."""
    unit: str | None = None
    """The unit in which a `quantity` is expected."""
    evidence: Demand = "optional"
    places: tuple[str, ...] = ()
    """`from`: `abstract`, or beginnings of section names; empty for all that is read."""
    when: tuple[str, tuple[str, ...]] | None = None
    """Another field and the values at which this one applies; checked by code, so not part of the spec."""
    parts: "tuple[Field, ...]" = ()
    """The fields of each record of a `list`."""

    @property
    def content(self) -> dict[str, object]:
        """What an answer depends on, as JSON values; the order of options is a matter of taste."""
        options = [[name, means] for name, means in sorted(self.options.items())]
        return {
            "name": self.name,
            "type": self.type,
            "question": self.question,
            "options": options,
            "size": [self.size.least, self.size.most] if self.type == "labels" else [],
            "unit": self.unit,
            "evidence": self.evidence,
            "from": list(self.places),
            "of": [part.content for part in self.parts],
        }

    @cached_property
    def spec(self) -> str:
        """Eight hex digits of a hash of `content`."""
        return digest(json.dumps(self.content, ensure_ascii=False, sort_keys=True))[:8]

    @property
    def choices(self) -> tuple[str, ...]:
        """All values that the model may choose from; empty if it writes one."""
        if self.type == "label":
            return (*self.options, NOT_STATED)
        if self.type == "labels":
            return tuple(self.options)
        return ("yes", "no", NOT_STATED) if self.type == "boolean" else ()


@dataclass(frozen=True)
class FieldSet:
    """The fields of a run: which of the shipped ones, and one's own."""

    name: str = ""
    shipped: tuple[str, ...] = SHIPPED
    own: tuple[Field, ...] = ()
    only: frozenset[str] | None = None
    """The fields that may be asked; None for all. The others come from answers that are there."""

    @property
    def version(self) -> str:
        """`name@` and eight hex digits of a hash of the own fields; empty without any."""
        specs = (*self.shipped, *(f"{one.name}@{one.spec}{one.when}" for one in self.own))
        return f"{self.name}@{digest(*specs)[:8]}" if self.own or self.shipped != SHIPPED else ""

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of all fields, the shipped ones first."""
        return (*self.shipped, *(one.name for one in self.own))

    def named(self, name: str) -> Field | None:
        """The own field with this name."""
        return next((one for one in self.own if one.name == name), None)


NO_OWN = FieldSet()
"""The shipped fields and nothing else."""
