"""Sends one request, with limits on bytes and seconds and readable errors.

The deadline holds for the whole of an answer, however slowly it drips: a timer shuts the connection. Nothing
is followed and nothing is repeated here.

Knows HTTP. Knows no service and no papers.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ...errors import BadInput, UsageError
from ...safety.redact import without_secrets
from ..patience import Trouble

if TYPE_CHECKING:
    import requests

MAX_BYTES = 64 << 20
"""The longest answer that is read; a page of 1,000 abstracts is some 3 MB."""

DEADLINE_S = 180.0
"""Maximum seconds for one answer: arXiv sometimes takes two minutes to report that it is busy."""

_ERROR_BYTES = 1 << 16
"""Maximum bytes read of an error answer."""
_TIMEOUT_S = (10.0, 150.0)
"""Timeouts in seconds for the connection, and for the next bytes."""
_CHUNK = 1 << 16
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes
    """Body of the answer; only its beginning for a status other than 200."""


class Transfer:
    """A session with one service."""

    def __init__(self, name: str, headers: Mapping[str, str]) -> None:
        """`name` is the service's, for messages; `headers` are sent with each request."""
        self._name = name
        self._headers = headers
        self._socket: socket.socket | None = None
        self._session = self._timed_session()

    def send(self, url: str, payload: bytes | None = None) -> Answer:
        """GET, or POST of some JSON.

        Raises Trouble where no answer comes about, BadInput for one that is too long, UsageError for an
        address or a setting that cannot be used.
        """
        import requests

        end = time.monotonic() + DEADLINE_S
        timer = threading.Timer(DEADLINE_S, self._cut)
        timer.daemon = True
        timer.start()
        try:
            with self._session.request(
                "GET" if payload is None else "POST",
                url,
                data=payload,
                auth=self._sign,
                stream=True,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            ) as response:
                body = self._body(response, url)
                answer = Answer(response.status_code, response.headers, body)
        except (BadInput, Trouble):
            raise
        except (requests.RequestException, OSError, ValueError, AttributeError) as error:
            if time.monotonic() >= end:
                raise Trouble("does not respond in time") from error
            raise self._why(error, url) from error
        finally:
            timer.cancel()
            self._socket = None
        if time.monotonic() >= end:
            # An answer of unknown length that was cut looks whole.
            raise Trouble("does not respond in time")
        return answer

    def _body(self, response: "requests.Response", url: str) -> bytes:
        good = response.status_code == 200
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if not good and len(body) >= _ERROR_BYTES:
                break
            if len(body) > MAX_BYTES:
                raise BadInput(
                    f"{self._name} sends more than {MAX_BYTES >> 20} MB", where=without_secrets(url)
                )
        return bytes(body)

    def _sign(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        # As an auth, so that requests looks for no password in ~/.netrc to send instead.
        request.headers.update(self._headers)
        if request.body is not None:
            request.headers["Content-Type"] = "application/json"
        return request

    def _cut(self) -> None:
        if (connection := self._socket) is not None:
            # Of a TLS socket, too, the plain one: its own method is not made for a second thread.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _timed_session(self) -> "requests.Session":
        """A session that tells which socket it waits at."""
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

        transfer = self

        class Told:
            sock: Any

            def getresponse(self) -> Any:
                transfer._socket = self.sock
                return super().getresponse()  # type: ignore[misc]

        pools = {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": type("C", (Told, pool.ConnectionCls), {})})
            for scheme, pool in (("http", HTTPConnectionPool), ("https", HTTPSConnectionPool))
        }

        class Adapter(HTTPAdapter):
            def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
                super().init_poolmanager(*arguments, **named)
                self.poolmanager.pool_classes_by_scheme = pools

            def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:
                manager = super().proxy_manager_for(*arguments, **named)
                manager.pool_classes_by_scheme = pools
                return manager

        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, Adapter())
        return session

    def _why(self, error: Exception, url: str) -> Exception:
        """Why there is no answer, for the user; the address of a proxy may hold a password."""
        import requests
        from requests import exceptions

        host = urlsplit(url).hostname or "it"
        if isinstance(error, exceptions.ProxyError):
            name = next((one for one in _PROXIES if os.environ.get(one)), "the system's settings")
            return Trouble(
                f"cannot be reached through the proxy of {name}", tries=1, next_step=f"Check {name}"
            )
        if isinstance(error, exceptions.SSLError) and "CERTIFICATE" not in str(error):
            return Trouble("cannot speak TLS at this address", tries=2, next_step="Check the address")
        if isinstance(error, exceptions.SSLError):
            return Trouble(
                "has an untrusted certificate",
                tries=1,
                next_step="If your network inspects TLS, set REQUESTS_CA_BUNDLE to its certificate",
            )
        if isinstance(error, exceptions.ConnectTimeout):
            return Trouble("cannot be reached: connection timed out", tries=2, next_step=_CHECK)
        if isinstance(error, exceptions.Timeout):
            return Trouble("does not respond in time")
        if isinstance(error, (exceptions.ConnectionError, exceptions.ChunkedEncodingError)):
            kind, cause = _cause(error)
            if kind == "NameResolutionError":
                return Trouble(
                    f"cannot be found: you may be offline, or {host} does not exist",
                    tries=1,
                    next_step=_CHECK,
                )
            if kind == "ReadTimeoutError":
                return Trouble("does not respond in time")
            if kind == "NewConnectionError" or isinstance(cause, ConnectionRefusedError):
                said = f": {cause.strerror.lower()}" if cause is not None and cause.strerror else ""
                return Trouble(f"cannot be reached{said}", tries=1, next_step=_CHECK)
            return Trouble("closed the connection")
        if isinstance(error, exceptions.ContentDecodingError):
            return Trouble("sent data that cannot be decompressed")
        if isinstance(error, exceptions.InvalidSchema) and "SOCKS" in str(error):
            return UsageError(
                "a SOCKS proxy is set, which needs a package that is not installed",
                where=next((one for one in _PROXIES if os.environ.get(one)), "proxy"),
                next_step="Install it with: pip install 'requests[socks]'",
            )
        if isinstance(error, exceptions.InvalidProxyURL):
            name = next((one for one in _PROXIES if os.environ.get(one)), "proxy")
            return UsageError("is not a valid proxy address", where=name, next_step="Correct or unset it")
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            if name := next((one for one in _BUNDLES if os.environ.get(one)), ""):
                return UsageError("is not a certificate file", where=name, next_step="Correct or unset it")
            return Trouble("closed the connection")
        return UsageError("is not a valid address", where=without_secrets(url), next_step="Check it")


_KINDS = ("NameResolutionError", "NewConnectionError", "ReadTimeoutError")
_CHECK = "Check the network and, if you need one, HTTPS_PROXY"


def _cause(error: BaseException) -> tuple[str, OSError | None]:
    """The name of urllib3's error that tells the reason, and the system's own beneath it."""
    kind, system = "", None
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo and len(seen) < 20:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or one in seen:
            continue
        seen.append(one)
        if type(one).__name__ in _KINDS:
            kind = kind or type(one).__name__
        if isinstance(one, OSError) and one.strerror and type(one).__module__ in ("builtins", "socket"):
            system = system or one
        todo += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]
    return kind, system
