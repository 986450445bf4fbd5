"""Access control of the local server: only the browser that was given the address, from its own pages.

Listening on loopback is not enough: any page in the same browser can send requests there, and any host name
can be made to point there (DNS rebinding). So the Host header must be ours (see `reach`), the token must
match, and a write must come from one of our pages. The token comes in the URL once and is then kept in a
cookie, which the browser does not send with requests that another site started. Programs may send it as a
bearer token, to read below `API`.

Knows requests and headers. Knows no rooms.
"""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .reach import Reach

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
"""Headers of every response that does not set its own."""

API = "/api/"
"""Prefix of the addresses for programs, which may send the token in a header, and get errors as JSON."""

_READS = ("GET", "HEAD")
_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.55 system-ui,sans-serif;max-width:30rem;"
    "margin:18vh auto 0;padding:0 1rem}input,button{font:inherit;padding:.4rem .8rem}"
    "input{width:100%;box-sizing:border-box;margin:.3rem 0 .6rem}"
)
_LOCKED = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
    f'initial-scale=1"><title>papercards</title><link rel="icon" href="data:,"><style>{_STYLE}</style><main>'
    "<h1>papercards</h1><p>Open the address that papercards printed in the terminal; it contains the access "
    'token. Or enter the token:</p><form action="/"><label for="token">Access token</label><input id="token" '
    'name="token" type="password" autocomplete="off" required><button>Open</button></form></main></html>'
)
_LOCKED_POLICY = POLICY.replace(
    "style-src 'self'", f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)


def new_token() -> str:
    """A new token that cannot be guessed."""
    return secrets.token_urlsafe(32)


class Guard:
    """Passes allowed requests to the app, and adds headers to every response."""

    def __init__(self, app: ASGIApp, token: str, reach: Reach, once: str | None = None) -> None:
        """`once` is a second token, for one entrance: it may be read where `token` may not."""
        self._app = app
        self._token = token
        self._once = once
        self._reach = reach
        # Browsers share cookies between the ports of a host.
        self._cookie = f"papercards-{reach.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
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

        if self._reach.secure:
            scope["scheme"] = "https"  # for the addresses that pages show
        answer = self._refusal(scope) or self._entrance(scope) or self._app
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        ours = self._reach.origin(headers.get("host", ""))
        if ours is None:
            return PlainTextResponse("Unknown host name.", 400)
        of_api = scope["path"].startswith(API)
        if of_api and scope["method"] not in _READS:
            return _refused(405, "read_only", "this interface only reads", "Send a GET request")
        if scope["method"] not in _READS:
            origin, site = headers.get("origin"), headers.get("sec-fetch-site")
            if (origin or site) is None or origin not in (None, ours):
                return PlainTextResponse("Pages of other sites cannot write here.", 403)
            if site not in (None, "same-origin"):
                return PlainTextResponse("Pages of other sites cannot write here.", 403)
        if self._known(headers) or self._given(scope):
            return None
        if not of_api:
            return HTMLResponse(_LOCKED, 403, {"Content-Security-Policy": _LOCKED_POLICY})
        if scope["method"] == "GET" and self._borne(headers):
            return None
        step = "Send Authorization: Bearer TOKEN, with the token of the address that papercards printed"
        return _refused(401, "unauthorized", "wrong or missing token", step)

    def _entrance(self, scope: Scope) -> Response | None:
        """Remove the token from the address, so that it ends up in no bookmark and on no screen."""
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
        # The address has the token: it goes into no Referer, which a proxy might log.
        answer = HTMLResponse(page, headers={"Referrer-Policy": "no-referrer"})
        answer.set_cookie(
            self._cookie, self._token, httponly=True, samesite="strict", path="/", secure=self._reach.secure
        )
        return answer

    def _known(self, headers: Headers) -> bool:
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self._cookie and self._right(value):
                return True
        return False

    def _borne(self, headers: Headers) -> bool:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._right(value.strip())

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
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>papercards</title><link rel="icon" '
    'href="data:,"><meta http-equiv="refresh" content="0;url={0}"><p><a href="{0}">Continue</a></p></html>'
)


def _refused(code: int, status: str, message: str, next_step: str) -> Response:
    body = {"status": status, "message": message, "next_step": next_step}
    return JSONResponse(body, code, {"WWW-Authenticate": "Bearer"} if code == 401 else None)


def _query(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
