"""An ASGI app on a loopback port, in a thread, with a record of what it was sent."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
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


class Server(uvicorn.Server):
    """Ends when it is told to: uvicorn's own waits for its next tick, and for a tenth of a second more."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self.lifespan.shutdown()

    @contextmanager
    def running(self, sockets: list[socket.socket] | None = None) -> Iterator[None]:
        """Serve in a thread until the block ends; requests in flight are dropped then."""
        thread = threading.Thread(target=self.run, args=(sockets,), daemon=True)
        thread.start()
        while not self.started:
            if not thread.is_alive():
                raise RuntimeError("the loopback server did not start")
            time.sleep(0.002)
        try:
            yield
        finally:
            self.servers[0].get_loop().call_soon_threadsafe(self._told.set)
            thread.join()


@contextmanager
def serving(app: ASGIApp, certificate: tuple[Path, Path] | None = None) -> Iterator[Served]:
    """Serve the app until the block ends; over TLS with a certificate and its key."""
    served = Served("")
    config = uvicorn.Config(
        _recording(app, served),
        port=0,
        log_config=None,
        log_level="critical",
        lifespan="off",
        ssl_certfile=certificate and certificate[0],
        ssl_keyfile=certificate and certificate[1],
    )
    server = Server(config)
    with server.running():
        scheme, port = "https" if certificate else "http", server.servers[0].sockets[0].getsockname()[1]
        served.root = f"{scheme}://127.0.0.1:{port}"
        yield served


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
