"""Polite GETs: one at a time for each host, not too often, repeated with care, and kept on disk.

What was fetched is kept as the bytes that came, a file each, under `fetched/` of the cache; an answer to a
query grows old within hours, a paper within months. A key travels in a header, so it is in no address, no
file and no message. Nothing is followed to another host, and nothing larger than a bound is read.

Knows HTTP. Knows no service and no papers.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..errors import BadInput, MissingExtra, UsageError
from .fetched import Kept, Store, shown, turn
from .interface import Options

if TYPE_CHECKING:
    import requests
    import tenacity

QUERY_S = 6 * 3600.0
"""How long an answer to a query is as good as a new one."""

PAPER_S = 90 * 86400.0
"""How long what was fetched of one paper by its id is."""

MAX_BYTES = 64 << 20
"""The longest answer that is read; a page of 1,000 abstracts is some 3 MB."""

ATTEMPTS = 5
"""Requests in all for one answer."""

MAX_WAIT_S = 60.0
"""A server that asks for a longer wait than this is not waited for."""

_DEADLINE_S = 180.0
"""No new attempt after this long, and no answer that takes longer."""
_TIMEOUT_S = (10.0, 60.0)
"""For a connection to come about; for the next bytes."""
_REDIRECTS = 5
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})

Keep = Callable[[bytes], float | None]
"""How many seconds an answer may be kept; None: it is no answer, and worth another try."""


@dataclass(frozen=True, slots=True)
class Service:
    """A public service and what it asks of its users."""

    id: str
    """As `Options.endpoints` and `Options.keys` name it."""
    name: str
    """For messages."""
    url: str
    """Where it is, without a slash at the end."""
    interval_s: float
    """From one request to the next, at least; for the public service, not for a mirror."""
    key_header: str = ""
    """What a key is sent in, `{}` where the key goes: `x-api-key: {}`."""
    key_hint: str = ""
    """How to get more out of it with a key; a sentence."""


class Refused(BadInput):
    """The service does not understand what it was asked; asking again would not help."""


class _Transient(Exception):
    """An answer, or none, that the same request may better."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_s = after_s


class Web:
    """One service, as the user wants it asked."""

    def __init__(
        self, service: Service, asked: Options, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Raises MissingExtra where the HTTP library is not installed."""
        from importlib import metadata

        try:
            import requests
        except ImportError as error:
            raise MissingExtra(f"Reading from {service.name}", "sources") from error
        self._service = service
        self._asked = asked
        self._sleep = sleep
        self._store = Store(asked.cache_dir / "fetched") if asked.cache_dir else None
        self._headers = {"User-Agent": f"papercards/{metadata.version('papercards')} (research paper cards)"}
        if service.key_header and (key := asked.keys.get(service.id)):
            name, _, value = service.key_header.partition(": ")
            self._headers[name] = value.format(key)
        self._session = requests.Session()
        own = asked.endpoints.get(service.id)
        self.base = (own or service.url).rstrip("/")
        """What its addresses begin with."""
        self._interval_s = service.interval_s if own is None else 0.0

    @property
    def query_s(self) -> float:
        """How old a kept answer to a query may be."""
        wanted = self._asked.max_age_s
        return QUERY_S if wanted is None else min(QUERY_S, wanted)

    def get(self, url: str, keep: Keep) -> bytes | None:
        """What an address gives; None: there is nothing (404).

        Raises Refused for a question that the service does not understand, BadInput where nothing can be
        had, StorageError where it cannot be kept, UsageError for an address that is none.
        """
        kept = self._store.read(url) if self._store else None
        if kept is not None and self._good(kept, keep):
            return kept.body
        if self._asked.offline:
            raise BadInput(
                "was not fetched before",
                where=shown(url),
                next_step="Run it without --offline, and with the cache",
            )
        body = self._fetch(url, keep, kept is not None)
        if self._store:
            self._store.write(url, body)
        return body

    def json(self, url: str, keep_s: float) -> object:
        """The JSON that an address gives, decoded; None: there is nothing (404). Raises as `get` does."""

        def keep(body: bytes) -> float | None:
            return keep_s if body.lstrip()[:1] in (b"{", b"[") else None

        body = self.get(url, keep)
        if body is None:
            return None
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"{self._service.name} answers with something that is no JSON", where=shown(url)
            ) from error
        return found

    def _good(self, kept: Kept, keep: Keep) -> bool:
        if self._asked.offline:
            return True
        # That a paper is not there may change within hours.
        age_s = self.query_s if kept.body is None else keep(kept.body)
        return age_s is not None and kept.age_s <= age_s

    def _fetch(self, url: str, keep: Keep, kept: bool) -> bytes | None:
        import tenacity

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Transient),
            wait=_wait,
            stop=_stop,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            body: bytes | None = retrying(self._once, url, keep)
        except _Transient as error:
            step = "Try again later"
            if kept:
                step += ", or use --offline for what was fetched before"
            if "429" in error.reason and self._service.key_hint:
                step += f". {self._service.key_hint}"
            raise BadInput(
                f"{self._service.name} {error.reason}", where=shown(url), next_step=step
            ) from error
        return body

    def _once(self, url: str, keep: Keep) -> bytes | None:
        """One attempt, redirects of the same host followed."""
        import requests

        begin = time.monotonic()
        at = url
        for _ in range(_REDIRECTS):
            host = urlsplit(at).netloc
            try:
                with (
                    turn(host, self._interval_s, self._store, self._sleep),
                    self._session.get(
                        at, auth=self._sign, stream=True, timeout=_TIMEOUT_S, allow_redirects=False
                    ) as response,
                ):
                    if not response.is_redirect:
                        return self._body(url, response, keep, begin)
                    there = urljoin(at, response.headers["location"])
            except requests.Timeout as error:
                raise _Transient("gives no answer in time") from error
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                raise _Transient("cannot be reached") from error
            except requests.exceptions.ContentDecodingError as error:
                raise _Transient("sends what cannot be unpacked") from error
            except (requests.RequestException, ValueError) as error:
                raise UsageError(
                    "is no address that can be asked", where=shown(at), next_step="Check it"
                ) from error
            if urlsplit(there)[:2] not in (urlsplit(at)[:2], ("https", host)):
                break
            at = there
        raise BadInput(f"{self._service.name} sends us elsewhere, which is not followed", where=shown(url))

    def _sign(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        # As an auth, so that requests looks for no password in ~/.netrc to send instead.
        request.headers.update(self._headers)
        return request

    def _body(self, url: str, response: "requests.Response", keep: Keep, begin: float) -> bytes | None:
        from ..waiting import retry_after_s

        status = response.status_code
        if status in (404, 410):
            return None
        if status in _TRANSIENT:
            after_s = retry_after_s(response.headers, time.time())
            asks = (
                f" and asks to wait {after_s:,.0f} s" if after_s is not None and after_s > MAX_WAIT_S else ""
            )
            raise _Transient(f"answers {status}{asks}", after_s)
        body = bytearray()
        for chunk in response.iter_content(1 << 16):
            body += chunk
            if len(body) > MAX_BYTES:
                raise BadInput(f"{self._service.name} sends more than {MAX_BYTES >> 20} MB", where=shown(url))
            if time.monotonic() - begin > _DEADLINE_S:
                raise _Transient("gives no answer in time")
        if status == 200:
            if keep(bytes(body)) is None:
                raise _Transient("answers with something else than it should")
            return bytes(body)
        name, where = self._service.name, shown(url)
        if status in (401, 403):
            raise BadInput(
                f"{name} refuses to answer ({status})", where=where, next_step=self._service.key_hint
            )
        raise Refused(f"{name} does not understand this ({status}){_said(bytes(body))}", where=where)


def _said(body: bytes) -> str:
    """What an error's JSON says, cut; nothing where it says nothing."""
    try:
        record = json.loads(body)
        text = record.get("message") or record.get("error")
    except (ValueError, RecursionError, AttributeError):
        return ""
    return f": {' '.join(text.split())[:200]}" if isinstance(text, str) else ""


def _wait(state: "tenacity.RetryCallState") -> float:
    import tenacity

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Transient) and error.after_s is not None:
        return error.after_s
    return float(tenacity.wait_random_exponential(multiplier=1.0, max=30.0)(state))


def _stop(state: "tenacity.RetryCallState") -> bool:
    error = state.outcome.exception() if state.outcome else None
    asked_s = error.after_s if isinstance(error, _Transient) else None
    return (
        state.attempt_number >= ATTEMPTS
        or (state.seconds_since_start or 0.0) >= _DEADLINE_S
        or (asked_s is not None and asked_s > MAX_WAIT_S)
    )
