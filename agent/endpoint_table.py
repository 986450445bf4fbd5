"""The `[endpoint]` table of `papercards.toml`: what may stand in it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from .errors import UsageError
from .models import Mode, TokensName


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
    reasoning_effort: str
    """As the endpoint names it: `low`, `medium`, `high`."""
    extra_body: dict[str, Any]
    """Further fields of every request."""
    extra_headers: dict[str, str]
    """Further headers of every request; not for keys."""


def check(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The `[endpoint]` table of a settings file, checked. Raises UsageError with the first fault."""
    try:
        return dict(TypeAdapter(EndpointTable).validate_python(dict(table), strict=True))
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        known = ", ".join(sorted(EndpointTable.__annotations__))
        said = "there is no such setting" if fault["type"] == "extra_forbidden" else fault["msg"]
        raise UsageError(
            f"[endpoint] {name}: {said}", where=where, next_step=f"Settings of an endpoint: {known}"
        ) from error
