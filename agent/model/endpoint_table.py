"""The `[endpoint]` table of `papercards.toml` and its settings."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from ..errors import UsageError
from .providers import Mode, TokensName

_OURS = frozenset({"messages", "model", "stream", "tools", "tool_choice", "response_format"})
"""Request fields that the table may not set; use `mode` for how answers are constrained."""


def _sendable(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in body:
        if name in _OURS:
            raise ValueError(f"{name} is set by papercards itself")
    json.dumps(body, allow_nan=False)
    return body


def _no_key(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not re.fullmatch(r"[ -~]*", value):
            raise ValueError(f"{name!r} is not a valid header")
        if re.search(r"authorization|api[-_]?key|token|secret|cookie", name, re.IGNORECASE):
            raise ValueError(f"{name} would hold a key: set keys in the environment, such as OPENAI_API_KEY")
        if name.lower() in ("content-type", "content-length", "host", "transfer-encoding", "connection"):
            raise ValueError(f"{name} is set by papercards itself")
    return headers


@with_config(ConfigDict(extra="forbid"))
class EndpointTable(TypedDict, total=False):
    """Settings of an endpoint that differ from the defaults."""

    temperature: Annotated[float, Field(ge=0, le=2)] | Literal["default"]
    """Temperature from 0 to 2; `default` omits it from requests."""
    tokens_name: TokensName
    """Name of the parameter that limits the answer."""
    answer_tokens: Annotated[int, Field(ge=100, le=1_000_000)]
    """Maximum tokens of an answer, reasoning included."""
    mode: Mode
    """How answers are constrained to the schema."""
    system_role: bool
    """Whether the model supports the system role."""
    reasoning_effort: Annotated[str, Field(min_length=1, max_length=40)]
    """Reasoning effort, by the endpoint's names: `low`, `medium`, `high`."""
    extra_body: Annotated[dict[str, JsonValue], AfterValidator(_sendable)]
    """Further fields of every request."""
    extra_headers: Annotated[dict[str, str], AfterValidator(_no_key)]
    """Further headers of every request; not for keys."""


def check(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The `[endpoint]` table of a settings file, checked. Raises UsageError with the first fault."""
    try:
        return dict(TypeAdapter(EndpointTable).validate_python(dict(table), strict=True))
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        known = ", ".join(sorted(EndpointTable.__annotations__))
        if fault["type"] == "extra_forbidden":
            said = "unknown setting"
        elif name == "temperature":
            said = 'use a number from 0 to 2, or "default" to omit it'
        else:
            said = fault["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"[endpoint] {name}: {said}", where=where, next_step=f"Known settings: {known}"
        ) from error
