"""Who may ask the local server: the browser that was given its address, from its own pages.

Loopback alone keeps nobody out: any page in the same browser can send requests there, and any name can be
made to point there (DNS rebinding). So the Host must be ours, a token must be known, and a write must come
from a page of ours. The token comes in the URL once and is a cookie from then on, which the browser sends
with no request that another site began.

Knows requests and headers. Knows no rooms.
"""

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, a form of ours would send `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer that has none of its own."""

_READS = ("GET", "HEAD")


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)


class Guard:
    """Lets through to the app what may pass, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, token: str, port: int, once: str | None = None) -> None:
        """`once` is a second token, for one entrance: it may be read where `token` may not."""
        self._app = app
        self._token = token
        self._once = once
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        # Browsers share cookies between the ports of a host.
        self._cookie = f"papercards-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope) or self._entrance(scope) or self._app
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            return PlainTextResponse("This is not my name.", 400)
        if scope["method"] not in _READS:
            origin, site = headers.get("origin"), headers.get("sec-fetch-site")
            if (origin or site) is None or origin not in (None, f"http://{host}"):
                return PlainTextResponse("A page of another site may not write here.", 403)
            if site not in (None, "same-origin"):
                return PlainTextResponse("A page of another site may not write here.", 403)
        if not self._known(headers) and not self._given(scope):
            return PlainTextResponse("Open the address that papercards printed: it has the token.", 403)
        return None

    def _entrance(self, scope: Scope) -> Response | None:
        """The token leaves the address, so that it is in no bookmark and on no screen."""
        if scope["method"] != "GET" or not self._given(scope):
            return None
        if self._is_once(scope):
            self._once = None
        rest = [pair for pair in _query(scope) if pair[0] != "token"]
        path = scope.get("raw_path", scope["path"].encode()).decode("ascii", "replace").replace("\\", "%5C")
        # A redirect would still count as begun by another site if a link there led here, and then the
        # browser would keep the cookie back; a page of ours that goes on by itself does not.
        onward = "/" + path.lstrip("/") + ("?" + urlencode(rest) if rest else "")
        page = _ENTRANCE.format(_escaped(onward))
        answer = HTMLResponse(page)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _known(self, headers: Headers) -> bool:
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self._cookie and self._right(value):
                return True
        return False

    def _given(self, scope: Scope) -> bool:
        given = any(name == "token" and self._right(value) for name, value in _query(scope))
        return given or self._is_once(scope)

    def _is_once(self, scope: Scope) -> bool:
        if self._once is None or scope["method"] != "GET":
            return False
        once = self._once.encode()
        return any(
            name == "token" and hmac.compare_digest(value.encode(), once) for name, value in _query(scope)
        )

    def _right(self, value: str) -> bool:
        return hmac.compare_digest(value.encode(), self._token.encode())


_ENTRANCE = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>papercards</title>'
    '<link rel="icon" href="data:,">'
    '<meta http-equiv="refresh" content="0;url={0}"><p><a href="{0}">Go on</a></p></html>'
)


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
