"""The `[endpoint]` table of `papercards.toml`: what may stand in it."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from .errors import UsageError
from .models import Mode, TokensName

_OURS = frozenset({"messages", "model", "stream", "tools", "tool_choice", "response_format"})
"""Fields of a request that no table may set: `mode` says how an answer is held to its schema."""


def _sendable(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in body:
        if name in _OURS:
            raise ValueError(f"{name} is set by papercards itself")
    json.dumps(body, allow_nan=False)
    return body


def _no_key(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not re.fullmatch(r"[ -~]*", value):
            raise ValueError(f"{name!r} is no header that can be sent")
        if re.search(r"authorization|api[-_]?key|token|secret|cookie", name, re.IGNORECASE):
            raise ValueError(f"{name} holds a key: keys come from the environment, as OPENAI_API_KEY")
        if name.lower() in ("content-type", "content-length", "host", "transfer-encoding", "connection"):
            raise ValueError(f"{name} is set by papercards itself")
    return headers


@with_config(ConfigDict(extra="forbid"))
class EndpointTable(TypedDict, total=False):
    """How an endpoint wants to be asked, where it differs from what is tried first."""

    temperature: Annotated[float, Field(ge=0, le=2)] | Literal["default"]
    """0 to 2; `default` leaves it out."""
    tokens_name: TokensName
    """The name of the parameter that bounds the answer."""
    answer_tokens: Annotated[int, Field(ge=100, le=1_000_000)]
    """The most tokens of an answer, thinking included."""
    mode: Mode
    """How an answer is held to its schema."""
    system_role: bool
    """Whether the endpoint's model knows a system role."""
    reasoning_effort: Annotated[str, Field(min_length=1, max_length=40)]
    """As the endpoint names it: `low`, `medium`, `high`."""
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
            said = "there is no such setting"
        elif name == "temperature":
            said = 'a number from 0 to 2, or "default", which leaves it out'
        else:
            said = fault["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"[endpoint] {name}: {said}", where=where, next_step=f"Settings of an endpoint: {known}"
        ) from error
