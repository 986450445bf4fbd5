"""An endpoint whose answers a test shapes: right ones, unless `shape` makes another of them."""

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


Shape = Callable[[dict[str, Any]], "dict[str, Any] | list[Any] | str | Raw | None"]
"""From the right completion to what is sent: JSON, or bytes."""


def paper_number(body: Mapping[str, Any]) -> int:
    """The number in `Paper 7 is about`, of the paper that is asked about."""
    found = re.findall(r"Paper (\d+) ", json.dumps(body["messages"]))
    return int(found[-1]) if found else -1


def app(shapes: Mapping[int, Shape]) -> ASGIApp:
    """The endpoint; `shapes` are of the papers with these numbers, whenever they are asked about."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        body = json.loads(await Request(scope, receive).body())
        right = completion(body).model_dump(mode="json")
        shape = shapes.get(paper_number(body))
        given = right if shape is None else shape(right)
        raw = given if isinstance(given, Raw) else Raw(json.dumps(given).encode())
        await Response(raw.body, raw.status, dict(raw.headers))(scope, receive, send)

    return answer
