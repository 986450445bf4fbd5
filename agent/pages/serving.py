"""The application on a loopback port.

Knows sockets. Knows no rooms.
"""

import socket

import uvicorn
from starlette.types import ASGIApp

from ..errors import UsageError

HOST = "127.0.0.1"
PORT = 8765
"""Where it is looked for first, so that addresses that were noted stay good."""


def listen(port: int | None) -> socket.socket:
    """A listening socket: on that port, or where none is asked for on `PORT` or any that is free.

    Raises UsageError where the port is taken.
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
                    f"port {one} cannot be used: {error.strerror}",
                    where="--port",
                    next_step="Name another, or leave it out",
                ) from error
        else:
            return server
    raise UsageError("no port is free")  # pragma: no cover


def serve(app: ASGIApp, server: socket.socket) -> None:
    """Answer until Ctrl-C or SIGTERM."""
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
