"""The form of a request: all parameters except the messages, which an endpoint may refuse.

Knows parameters. Knows no endpoints, no papers and no answers.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .catalogue import Model
from .providers import Mode, TokensName

ANSWER_TOKENS = 900
"""Maximum tokens of a card's answer, without reasoning."""


@dataclass(frozen=True, slots=True)
class Form:
    """The request parameters of one model."""

    model_id: str
    """Model name of the endpoint."""
    mode: Mode = "json_schema"
    tokens_name: TokensName = "max_tokens"
    answer_tokens: int = ANSWER_TOKENS
    """Maximum tokens of an answer, reasoning included."""
    most_tokens: int | None = None
    """Upper limit for `answer_tokens` from the user or the endpoint; None for no limit."""
    temperature: float | None = 0.0
    """Temperature; None for the endpoint's default."""
    system_role: bool = True
    """Whether to use the system role; if not, the instructions are in the first user message."""
    strict: bool = True
    """Whether a JSON schema is marked as strict."""
    force_tool: bool = True
    """Whether the tool call is forced."""
    reasoning_effort: str | None = None
    """Reasoning effort; None for the endpoint's default."""
    logprobs: bool = False
    """Whether the probabilities of the answer's tokens are asked for."""
    extra_body: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Further fields of the request, by the names of the endpoint's documentation."""

    @classmethod
    def of(cls, model: Model, wishes: Mapping[str, Any]) -> "Form":
        """The form for a model, with the settings of the `[endpoint]` table."""
        chosen = {name: value for name, value in wishes.items() if name not in _NOT_IN_FORM}
        if chosen.get("temperature") == "default":
            chosen["temperature"] = None
        if "answer_tokens" in chosen:
            chosen["most_tokens"] = chosen["answer_tokens"]
        plain = cls(model.model_id, model.mode, model.max_tokens_name)
        return dataclasses.replace(plain, **chosen)

    def parts(self) -> dict[str, str | int | float | None]:
        """The parts of the form that belong to a cache key; defaults are left out."""
        usual = Form(self.model_id, self.mode, self.tokens_name)
        parts: dict[str, str | int | float | None] = {
            "model": self.model_id,
            "mode": self.mode,
            "temperature": 0 if self.temperature == 0 else self.temperature,
            "max_tokens": self.answer_tokens,
        }
        for name in ("system_role", "strict", "force_tool", "reasoning_effort", "logprobs"):
            if getattr(self, name) != getattr(usual, name):
                parts[name] = getattr(self, name)
        if self.extra_body:
            parts["extra_body"] = json.dumps(dict(self.extra_body), sort_keys=True)
        return parts

    def to_json(self) -> str:
        """The form as JSON text, for storage."""
        fields = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        if not self.logprobs:
            del fields["logprobs"]  # so that notes of earlier versions still count
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
