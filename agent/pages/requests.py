"""Parses what a page sends, trusting nothing.

Knows requests. Knows no rooms.
"""

from typing import Annotated, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from ..text.wording import first_fault

MOST_BYTES = 256 * 1024

_APART = "="
"""Prefix of an id that a browser would treat as a relative path, and of one that begins with the prefix."""


class BadRequest(Exception):
    """The request is malformed; the message is shown to the user."""


def paper_address(room: str, name: str) -> str:
    """The address of a paper's page in a room, from the paper's id."""
    return f"{room}/paper/{_APART * (name in ('.', '..') or name.startswith(_APART))}{quote(name, safe=':')}"


def paper_of(request: Request) -> str:
    """The paper's id in such an address."""
    name: str = request.path_params["id"]
    return name.removeprefix(_APART)


class Body(BaseModel):
    """What a page sends; what is left out is empty."""

    model_config = ConfigDict(frozen=True, strict=True)


B = TypeVar("B", bound=Body)
Text = Annotated[str, Field(max_length=300)]


async def body_of(request: Request, kind: type[B]) -> B:
    """The JSON object that was sent. Raises BadRequest for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("the request is not JSON")
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MOST_BYTES:
            raise BadRequest("the request is too long")
    try:
        return kind.model_validate_json(parts)
    except ValidationError as error:
        raise BadRequest(first_fault(error)) from error
