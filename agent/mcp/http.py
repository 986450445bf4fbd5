"""Serves the tools over HTTP on this machine, without sessions: each request stands alone.

Knows requests. Knows no tools.
"""

import hmac
import socket
from typing import Any

import uvicorn
from mcp.server import MCPServer
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"


class Bearer:
    """Passes only requests with the token in `Authorization: Bearer`."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                refusal = JSONResponse(
                    {"error": "wrong or missing token"}, 401, {"WWW-Authenticate": "Bearer"}
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def serve(server: MCPServer[Any], token: str, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    app = Bearer(server.streamable_http_app(streamable_http_path=PATH, stateless_http=True), token)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none"
    )
    await uvicorn.Server(config).serve(sockets=[listening])
