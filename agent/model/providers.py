"""The table of providers: `data/providers.toml`, and `[providers.NAME]` tables of the user's settings.

Knows addresses and names of variables. Knows no keys, no models and no HTTP.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from ..errors import UsageError
from ..safety.redact import holds_a_secret

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Mode = Literal["json_schema", "tools", "json_object", "text"]
"""How an answer is constrained to the schema: by the endpoint's decoder, as arguments of a tool, as any JSON
by the decoder plus the prompt, or by the prompt only.
"""
TokensName = Literal["max_tokens", "max_completion_tokens"]
Wire = Literal["systemone", "openai"]
"""The form of decisions: `state` and a map of questions, or `input` and a list of them."""

MOST_QUESTIONS = 64
"""Questions of a request that every documented server takes."""
MOST_OPTIONS = 255
_FILE = Path(__file__).parent.parent / "data" / "providers.toml"
_VARIABLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,80})(?::([^{}]{0,200}))?\}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_OURS = ("local", "baseline", "openai-compatible")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Decisions:
    """How a provider answers typed questions with probabilities."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic, no field)

    form: Wire = "systemone"
    url: str | None = None
    """Address; None for that form's path below the base URL."""
    questions: int = MOST_QUESTIONS
    """Maximum questions of a request."""
    options: int = 26
    """Maximum options of a choice."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """USD per million input tokens, by the model's name; answers are not billed."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An endpoint that speaks chat completions, decisions or both."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (read by pydantic, no field)

    base_url: str
    mode: Mode = "json_schema"
    key: str | None = None
    """Environment variable of the API key; None if the endpoint needs none."""
    key_header: str | None = None
    """Header of the key; None for Authorization."""
    tokens_name: TokensName = "max_tokens"
    base_url_variable: str | None = None
    """Environment variable that replaces the address."""
    schema: bool = False
    tools: bool = False
    batch: bool = False
    """Whether files of requests are answered, as at OpenAI."""
    logprobs: bool = False
    decisions: Decisions | None = None

    @property
    def supports(self) -> tuple[str, ...]:
        """What is documented, for display."""
        named = ("schema", "tools", "batch", "logprobs", "decisions")
        return tuple(name for name in named if getattr(self, name))

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that it reads, its key's included."""
        addresses = f"{self.base_url} {self.decisions.url if self.decisions else ''}"
        found = {name for name, _ in _VARIABLE.findall(addresses)} - {"model"}
        return frozenset(filter(None, {*found, self.key, self.base_url_variable}))


@cache
def shipped() -> Mapping[str, Provider]:
    """The providers that papercards knows."""
    return MappingProxyType(_adapter().validate_python(_written()))


@cache
def _written() -> Mapping[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _adapter() -> "TypeAdapter[dict[str, Provider]]":
    from pydantic import TypeAdapter  # heavy, and not needed to show help

    return TypeAdapter(dict[str, Provider])


def known(own: Mapping[str, Any]) -> Mapping[str, Provider]:
    """The shipped providers with the user's own, which replace fields of those of the same name.

    `own` is a checked `[providers]` table.
    """
    if not own:
        return shipped()
    merged = {name: {**_written().get(name, {}), **fields} for name, fields in own.items()}
    return {**shipped(), **_adapter().validate_python(merged)}


def check(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The `[providers]` table of a settings file, checked. Raises UsageError with the first fault."""
    if (said := next(_faults(table), None)) is not None:
        raise UsageError(said, where=where, next_step="See docs/endpoints.md, Providers")
    return dict(table)


def _faults(table: Mapping[str, Any]) -> Iterator[str]:
    from pydantic import ValidationError

    for name, fields in table.items():
        place = f"[providers.{name}]"
        if not _NAME.fullmatch(name) or name in _OURS:
            yield f"{place}: not a name for a provider: use a-z, 0-9 and -, and none of {', '.join(_OURS)}"
        elif not isinstance(fields, dict):
            yield f"{place} must be a table"
        else:
            try:
                found = known({name: fields})[name]
            except ValidationError as error:
                fault = error.errors()[0]
                path = ".".join(str(part) for part in fault["loc"][1:])
                unknown = "unexpected" in fault["type"] or fault["type"] == "extra_forbidden"
                yield f"{place} {path}: {'unknown field' if unknown else fault['msg']}"
                continue
            yield from (f"{place} {said}" for said in _senseless(found))


def _senseless(provider: Provider) -> Iterator[str]:
    """What is wrong with values of the right types."""
    decisions = provider.decisions
    addresses = {"base_url": provider.base_url, "decisions.url": decisions.url if decisions else None}
    for name, url in addresses.items():
        if url is not None and not url.startswith(("https://", "http://", "{")):
            yield f"{name}: must start with https:// or http://"
    for name in ("key", "key_header", "base_url_variable"):
        value = getattr(provider, name)
        if value is not None and not _PLAIN.fullmatch(value):
            yield f"{name}: {value!r} is not a name"
    for variable in sorted(provider.variables - {provider.key}):
        if holds_a_secret(variable):
            yield f"base_url: {variable} looks like a key, which must not stand in an address; give it as key"
    if decisions is not None:
        if not 1 <= decisions.questions <= MOST_QUESTIONS:
            yield f"decisions.questions: must be 1 to {MOST_QUESTIONS}"
        if not 2 <= decisions.options <= MOST_OPTIONS:
            yield f"decisions.options: must be 2 to {MOST_OPTIONS}"
        if any(price < 0 for price in decisions.prices.values()):
            yield "decisions.prices: a price is below 0"


def filled(template: str, variables: Mapping[str, str], model_id: str) -> str:
    """An address with its variables. Raises UsageError for one that is not set."""

    def value(found: re.Match[str]) -> str:
        name, default = found.groups()
        if name == "model":
            return quote(model_id, safe="@:")
        text = variables.get(name, "").strip().rstrip("/") or default
        if not text:
            raise UsageError(f"{name} is not set", next_step=f"Set {name}: it is part of the address")
        return str(text)

    return _VARIABLE.sub(value, template)


def own_address(provider: Provider | None, variables: Mapping[str, str], model_id: str) -> str | None:
    """The provider's own address; None without a provider, or without a variable of its address."""
    try:
        return filled(provider.base_url, variables, model_id).rstrip("/") if provider is not None else None
    except UsageError:
        return None
