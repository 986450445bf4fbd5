"""Serves the application on a loopback port.

Knows sockets. Knows no rooms.
"""

import socket

import uvicorn
from starlette.types import ASGIApp

from ..errors import UsageError

HOST = "127.0.0.1"
PORT = 8765
"""The default port, tried first so that bookmarked addresses keep working."""


def listen(port: int | None) -> socket.socket:
    """A listening socket on the given port; without one, on `PORT` or any free port.

    Raises UsageError if the port is taken.
    """
    for one in (PORT, 0) if port is None else (port,):
        # asyncio sends without delay only where a socket says that it is TCP; else the body of each answer
        # waits 40 ms for the browser to say that it has its head.
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((HOST, one))
            server.listen(128)
        except OSError as error:
            server.close()
            if port is not None:
                raise UsageError(
                    f"cannot use port {one}: {error.strerror}",
                    where="--port",
                    next_step="Choose another port, or omit --port",
                ) from error
        else:
            return server
    raise UsageError("no port is free")  # pragma: no cover


def serve(app: ASGIApp, server: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http="h11",
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run(sockets=[server])
