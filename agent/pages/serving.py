"""Serves the application on a port of this machine.

Knows sockets. Knows no rooms.
"""

import errno
import socket

import uvicorn
from starlette.types import ASGIApp

from ..errors import UsageError
from .reach import LOOPBACK

PORT = 8765
"""The default port, tried first so that bookmarked addresses keep working."""


def listen(port: int | None, host: str = LOOPBACK) -> socket.socket:
    """A listening socket on the given port; without one, on `PORT` or any free port.

    Raises UsageError if the port is taken, or `host` is no address of this machine.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port or PORT, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f'"{host[:100]}" is not the address of a machine', where="--host") from error
    for one in (PORT, 0) if port is None else (port,):
        # asyncio sends without delay only where a socket says that it is TCP; else the body of each answer
        # waits 40 ms for the browser to say that it has its head.
        server = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((place[0], one))
            server.listen(128)
        except OSError as error:
            server.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise UsageError(
                    f"{host} is not an address of this machine",
                    where="--host",
                    next_step="Give one of its addresses, or 0.0.0.0 for all of them",
                ) from error
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
