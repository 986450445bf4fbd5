"""The `[endpoint]` table and the `[[pool]]` tables of `papercards.toml`."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Required
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from ..errors import UsageError
from ..safety.redact import shown_url
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


@with_config(ConfigDict(extra="forbid"))
class PoolTable(TypedDict, total=False):
    """One of several endpoints that serve the same model."""

    base_url: Required[Annotated[str, Field(min_length=1)]]
    """Address, usually ending in /v1."""
    weight: Annotated[float, Field(gt=0, le=1e6)]
    """Its share of the requests, compared with the others (1)."""
    key: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Environment variable of its key, which is sent to no other endpoint."""
    model: str
    """Name of the model; a pool has only one."""
    rpm: Annotated[float, Field(gt=0)]
    """Maximum requests per minute at this endpoint."""
    tpm: Annotated[float, Field(gt=0)]
    """Maximum tokens per minute at this endpoint."""


def check(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The `[endpoint]` table of a settings file, checked. Raises UsageError with the first fault."""
    return _checked(EndpointTable, "[endpoint]", table, where)


def check_pool(tables: Iterable[Any], name: str, where: str) -> tuple[dict[str, Any], ...]:
    """The `[[pool]]` tables, or what is so `name`d, checked. Raises UsageError with the first fault."""
    pool: list[dict[str, Any]] = []
    places: dict[object, int] = {}
    for number, table in enumerate(tables, start=1):
        if not isinstance(table, Mapping):
            raise UsageError("pool must be tables: write [[pool]]", where=where)
        one = _checked(PoolTable, f"{name} {number}:", table, where)
        one["base_url"] = one["base_url"].strip().rstrip("/")
        if (twin := places.setdefault(_place(one["base_url"], where), number)) != number:
            raise UsageError(
                f"{name} {number}: the address of {twin} again: {shown_url(one['base_url'])}",
                where=where,
                next_step="Give each endpoint once; weight sets its share",
            )
        pool.append(one)
    if len(models := {one["model"]: None for one in pool if "model" in one}) > 1:
        raise UsageError(
            f"different models in one pool: {', '.join(models)}",
            where=where,
            next_step="A pool holds replicas of one model; run the others by themselves",
        )
    return tuple(pool)


def _place(url: str, where: str) -> object:
    """What two addresses of one endpoint have in common."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError as error:
        raise UsageError(f"invalid address: {error}", where=where or shown_url(url)) from error
    return parts.hostname, port, parts.path, parts.query


def _checked(kind: Any, name: str, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        return dict(TypeAdapter(kind).validate_python(dict(table), strict=True))
    except ValidationError as error:
        fault = error.errors()[0]
        field = str(fault["loc"][0])
        known = ", ".join(sorted(kind.__annotations__))
        if fault["type"] == "extra_forbidden":
            said = "unknown setting"
        elif field == "temperature":
            said = 'use a number from 0 to 2, or "default" to omit it'
        else:
            said = fault["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"{name} {field}: {said}", where=where, next_step=f"Known settings: {known}"
        ) from error
