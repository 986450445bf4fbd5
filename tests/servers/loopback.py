"""An ASGI app on a loopback port, in a thread, with a record of what it was sent."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Request:
    """One request as it came over the wire."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    """In order, a name that came twice is there twice."""
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON."""
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass
class Served:
    """A running server."""

    root: str
    """Its address, without a path."""
    requests: list[Request] = field(default_factory=list)
    busy: int = 0
    most: int = 0
    """Requests that were in flight at once, at most."""

    @property
    def url(self) -> str:
        """Its address as an OpenAI client wants it."""
        return f"{self.root}/v1"

    @property
    def chats(self) -> list[Request]:
        """The requests for a completion."""
        return [one for one in self.requests if one.path.endswith("/chat/completions")]

    def bodies(self) -> list[dict[str, Any]]:
        """Their JSON."""
        return [one.body for one in self.chats]


@contextmanager
def serving(app: ASGIApp) -> Iterator[Served]:
    """Serve the app until the block ends."""
    served = Served("")
    config = uvicorn.Config(
        _recording(app, served),
        port=0,
        log_config=None,
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the loopback server did not start")
        time.sleep(0.005)
    served.root = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


def _recording(app: ASGIApp, served: Served) -> ASGIApp:
    async def record(scope: Scope, receive: Receive, send: Send) -> None:
        raw, more = b"", True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        served.requests.append(
            Request(scope["method"], scope["path"], scope["query_string"].decode(), headers, raw)
        )
        served.busy += 1
        served.most = max(served.most, served.busy)
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": raw, "more_body": False}

        try:
            await app(scope, again, send)
        finally:
            served.busy -= 1

    return record
