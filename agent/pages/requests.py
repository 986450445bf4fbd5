"""Parses what a page sends, trusting nothing.

Knows requests. Knows no rooms.
"""

import json
from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request

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


async def body_of(request: Request) -> Mapping[str, object]:
    """The JSON object that was sent. Raises BadRequest for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("the request is not JSON")
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MOST_BYTES:
            raise BadRequest("the request is too long")
    try:
        value = json.loads(parts)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the request is not JSON") from error
    if not isinstance(value, dict):
        raise BadRequest("the request is not a JSON object")
    return value


def text_in(body: Mapping[str, object], name: str, most: int = 300) -> str:
    """A string field; empty if missing. Raises BadRequest if it is not a string or too long."""
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise BadRequest(f"{name} is not a string of at most {most} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"{name} is not valid Unicode") from error
    return value


def number_in(body: Mapping[str, object], name: str) -> int | None:
    """An integer field; None if missing. Raises BadRequest for anything else."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} is not a number")
    return value
