"""The form of a request: everything in it but the words, and what an endpoint may refuse of it.

Knows parameters. Knows no endpoints, no papers and no answers.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from .models import Mode, Model, TokensName

ANSWER_TOKENS = 900
"""Tokens that a card may take, thinking aside."""

Effort = Literal["none", "minimal", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Form:
    """How one model is asked."""

    model_id: str
    """As the endpoint names it."""
    mode: Mode = "json_schema"
    tokens_name: TokensName = "max_tokens"
    answer_tokens: int = ANSWER_TOKENS
    """The most tokens of an answer; where a model thinks, its thinking is in them."""
    temperature: float | None = 0.0
    """None: the endpoint's own."""
    system_role: bool = True
    """False: the instructions stand before the first user message."""
    strict: bool = True
    """Whether a JSON schema is marked as strict."""
    force_tool: bool = True
    """Whether the one tool must be called."""
    reasoning_effort: str | None = None
    """None: the endpoint's own."""
    extra_body: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Further fields of the request, as the endpoint's documentation names them."""

    @classmethod
    def of(cls, model: Model, wishes: Mapping[str, Any]) -> "Form":
        """The form for a model, changed as the `[endpoint]` table of a settings file says."""
        chosen = {name: value for name, value in wishes.items() if name not in _NOT_IN_FORM}
        if chosen.get("temperature") == "default":
            chosen["temperature"] = None
        plain = cls(model.model_id, model.mode, model.max_tokens_name)
        return dataclasses.replace(plain, **chosen)

    def parts(self) -> dict[str, str | int | float | None]:
        """What of it belongs to the key of an answer; what is as usual leaves no trace."""
        usual = Form(self.model_id, self.mode, self.tokens_name)
        parts: dict[str, str | int | float | None] = {
            "model": self.model_id,
            "mode": self.mode,
            "temperature": 0 if self.temperature == 0 else self.temperature,
            "max_tokens": self.answer_tokens,
        }
        for name in ("system_role", "strict", "force_tool", "reasoning_effort"):
            if getattr(self, name) != getattr(usual, name):
                parts[name] = getattr(self, name)
        if self.extra_body:
            parts["extra_body"] = json.dumps(dict(self.extra_body), sort_keys=True)
        return parts

    def to_json(self) -> str:
        """As text, to be kept."""
        fields = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        return json.dumps(fields | {"extra_body": dict(self.extra_body)}, sort_keys=True)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Form":
        """From `to_json`'s object. Raises TypeError or ValueError for anything else."""
        form = cls(**value)
        if form.mode not in MODES or not isinstance(form.answer_tokens, int):
            raise ValueError("no form")
        return form


MODES: tuple[Mode, ...] = ("json_schema", "tools", "json_object", "text")
_NOT_IN_FORM = ("extra_headers",)
