"""An endpoint whose answers a test shapes: right ones, unless it makes others of them."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .answers import completion


@dataclass(frozen=True)
class Raw:
    """An answer as bytes."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    delay_s: float = 0.0
    breaks: bool = False
    """Whether the connection ends before all of it is there."""


Shape = Callable[[dict[str, Any]], "dict[str, Any] | list[Any] | str | Raw | None"]
"""From the right completion to what is sent: JSON, or bytes."""

Handler = Callable[[dict[str, Any], int], Any]
"""From a request and its number from 0 to what is sent: JSON, `Raw`, or `RIGHT`."""

RIGHT = object()


def paper_number(body: Mapping[str, Any]) -> int:
    """The number in `Paper 7 is about`, of the paper that is asked about."""
    found = re.findall(r"Paper (\d+) ", json.dumps(body["messages"]))
    return int(found[-1]) if found else -1


def error(status: int, headers: Mapping[str, str] | None = None, **fields: Any) -> Raw:
    """A refusal in OpenAI's envelope."""
    return Raw(json.dumps({"error": fields}).encode(), status, headers or {})


def answering(handler: Handler) -> ASGIApp:
    """The endpoint that answers as `handler` says."""
    count = 0

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        body = json.loads(await Request(scope, receive).body())
        number, count = count, count + 1
        given = handler(body, number)
        if given is RIGHT:
            given = completion(body).model_dump(mode="json")
        raw = given if isinstance(given, Raw) else Raw(json.dumps(given).encode())
        await asyncio.sleep(raw.delay_s)
        response = Response(raw.body, raw.status, dict(raw.headers))
        if raw.breaks:
            response.headers["content-length"] = str(len(raw.body) + 1)
        await response(scope, receive, send)

    return answer


def right(
    body: dict[str, Any], delay_s: float = 0.0, headers: Mapping[str, str] | None = None, **top: Any
) -> Raw:
    """A right answer, late, with headers, or with other fields at its top; a field None is left out."""
    whole = completion(body).model_dump(mode="json") | top
    kept = {name: value for name, value in whole.items() if value is not None}
    return Raw(
        json.dumps(kept).encode(), 200, {"content-type": "application/json"} | dict(headers or {}), delay_s
    )


def app(shapes: Mapping[int, Shape]) -> ASGIApp:
    """The endpoint; `shapes` are of the papers with these numbers, whenever they are asked about."""

    def handler(body: dict[str, Any], number: int) -> Any:
        shape = shapes.get(paper_number(body))
        return RIGHT if shape is None else shape(completion(body).model_dump(mode="json"))

    return answering(handler)
