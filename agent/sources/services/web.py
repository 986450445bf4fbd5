"""Makes polite requests: one at a time per host, rate limited, retried with care, and cached on disk.

Fetched data is stored unchanged, one file each, under `fetched/` in the cache; answers to queries expire
within hours, papers within months. An API key is sent in a header, so it appears in no address, file or
message. Redirects to other hosts are not followed.

Knows services in general. Knows no papers.
"""

import json
import os
import re
from collections.abc import Callable, Container, Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from ...errors import BadInput, UsageError, importing
from ...model.waiting import UNSAID_S
from ...safety.redact import without_secrets
from ..interface import Options
from ..patience import SAID_S, Patience, Trouble, asked_s, says_too_many, spoken
from .fetched import Kept, Store, turn
from .service import Service, user_agent
from .transfer import Answer, Transfer

QUERY_S = 6 * 3600.0
"""How long a query's answer stays fresh, in seconds."""

PAPER_S = 90 * 86400.0
"""How long a paper fetched by id stays fresh, in seconds."""

_REDIRECTS = 5
_TRANSIENT = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 529, 530})

_SUMMARY = re.compile(rb"<summary[^>]*>([^<]*)</summary>")
_SHORT = 2048
_ERROR = frozenset({"error", "message", "code", "status", "detail", "statusCode"})

Keep = Callable[[bytes], float | None]
"""Returns the seconds an answer may be cached; None if it is invalid and should be retried."""


class Refused(BadInput):
    """The service rejects the request; retrying would not help.

    `said` is its own message; empty if there is none.
    """

    def __init__(self, message: str, *, where: str = "", said: str = "") -> None:
        super().__init__(message, where=where)
        self.said = said


class Web:
    """One service with the user's options."""

    def __init__(self, service: Service, asked: Options) -> None:
        """Raises MissingExtra without the HTTP library, UsageError for an invalid key or contact."""
        with importing(f"Reading from {service.name}", "sources"):
            import requests  # noqa: F401
        self._service = service
        self._asked = asked
        self._store = Store(asked.cache_dir / "fetched") if asked.cache_dir else None
        own = asked.endpoints.get(service.id)
        self.base = (own or service.url).rstrip("/")
        """Base of its addresses."""
        headers = {"User-Agent": user_agent(asked.contact)}
        self._key = asked.keys.get(service.id, "") if service.key_header else ""
        if service.key_stays and urlsplit(self.base).netloc != urlsplit(service.url).netloc:
            self._key = ""
        if self._key:
            if not (self._key.isascii() and self._key.isprintable()):
                raise UsageError(
                    "has characters that are not allowed in a key",
                    where=self._key_variable,
                    next_step="Copy the key again",
                )
            header, _, value = service.key_header.partition(": ")
            headers[header] = value.format(self._key)
        self._transfer = Transfer(service.name, headers)
        self._interval_s = 0.0
        if own is None:
            shorter = service.interval_with_key_s if self._key else None
            self._interval_s = service.interval_s if shorter is None else shorter
        self._answered = False

    @property
    def query_s(self) -> float:
        """Maximum age of a cached answer to a query, in seconds."""
        wanted = self._asked.max_age_s
        return QUERY_S if wanted is None else min(QUERY_S, wanted)

    @property
    def absent_s(self) -> float:
        """Maximum age of a cached answer that something is not there, in seconds."""
        return self.query_s if self._asked.absent_s is None else self._asked.absent_s

    def get(self, url: str, keep: Keep, kinds: Container[str] = ()) -> bytes | None:
        """Fetch an address; None if not found (404), or found as a media type that is not among `kinds`.

        Raises Refused if the service rejects the request, BadInput if the service is unavailable,
        StorageError if it cannot be cached, UsageError for an invalid address.
        """
        kept = self._store.read(url) if self._store else None
        if kept is not None and self._good(kept, keep):
            return kept.body
        self._online(url)
        body = self._fetch(url, keep, None, kept is not None, kinds)
        if self._store:
            self._store.write(url, body)
        return body

    def json(self, url: str, keep_s: float) -> object:
        """Fetch an address as decoded JSON; None if not found (404). Raises what `get` raises."""
        return self._decoded(url, self.get(url, _json_for(keep_s)))

    def listed(self, found: object, what: str) -> list[object]:
        """What was found in an answer, if it is a list. Raises BadInput if it is none."""
        if not isinstance(found, list):
            raise BadInput(f"{self._service.name} did not return a list of {what}", where=self.base)
        return found

    def post(self, url: str, payload: object) -> object:
        """Post JSON and return the decoded JSON answer, without caching. Raises what `get` raises."""
        return self._decoded(url, self._fetch(url, _json_for(PAPER_S), json.dumps(payload).encode(), False))

    def _decoded(self, url: str, body: bytes | None) -> object:
        if body is None:
            return None
        try:
            found: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{self._service.name} did not return JSON", where=without_secrets(url)) from error
        return found

    def together(
        self, urls: Mapping[str, str], ask: Callable[[list[str]], Mapping[str, object]]
    ) -> dict[str, object]:
        """The record of each name, cached as if requested at its own address; None if not found.

        `urls` has these addresses; `ask` requests the records that are not cached, in one request or a few;
        an exception as a record is not cached. Raises what `get` raises.
        """
        found: dict[str, object] = {}
        missing = []
        for name, url in urls.items():
            kept = self._store.read(url) if self._store else None
            if kept is not None and self._good(kept, _json_for(PAPER_S)):
                found[name] = json.loads(kept.body) if kept.body is not None else None
            else:
                missing.append(name)
        if missing:
            self._online(urls[missing[0]])
            asked = ask(missing)
            for name in missing:
                found[name] = record = asked.get(name)
                if self._store and not isinstance(record, Exception):
                    self._store.write(urls[name], None if record is None else json.dumps(record).encode())
        return found

    def _online(self, url: str) -> None:
        if self._asked.offline:
            raise BadInput(
                "is not in the cache",
                where=without_secrets(url),
                next_step="Run without --offline, and with the cache",
            )

    def _good(self, kept: Kept, keep: Keep) -> bool:
        if self._asked.offline:
            return True
        # That a paper is not there may change within hours.
        age_s = self.absent_s if kept.body is None else keep(kept.body)
        return age_s is not None and kept.age_s <= age_s

    def _fetch(
        self, url: str, keep: Keep, payload: bytes | None, kept: bool, kinds: Container[str] = ()
    ) -> bytes | None:
        patience = Patience(self._service.first_wait_s, self._asked.patience_s)
        clock = self._asked.clock
        while True:
            try:
                return self._once(url, keep, payload, kinds)
            except Trouble as trouble:
                wait_s = patience.pause_s(trouble, self._answered)
                if wait_s is None:
                    raise self._given_up(trouble, url, patience.waited_s, kept) from trouble
                if wait_s >= SAID_S:
                    self._asked.say(
                        f"{urlsplit(url).netloc} asks to wait {spoken(wait_s)} ({trouble.reason}); next try "
                        f"at {_clock(clock.now() + wait_s)}"
                    )
                clock.sleep(wait_s)

    def _given_up(self, trouble: Trouble, url: str, waited_s: float, kept: bool) -> BadInput:
        reason = trouble.reason
        if trouble.after_s is not None and trouble.throttled:
            reason += f" and asks to wait {trouble.after_s:,.0f} s"
        if waited_s:
            reason += f" after {spoken(waited_s)} of waiting"
        steps = [trouble.next_step or "Try again later"]
        if kept:
            steps[0] += ", or use --offline to read cached data only"
        if trouble.throttled and self._service.key_hint and not self._key:
            steps.append(self._service.key_hint)
        if trouble.throttled and self._service.wants_contact and not self._asked.contact:
            steps.append("A contact helps: set PAPERCARDS_CONTACT to your e-mail address")
        error = BadInput(
            f"{self._service.name} {reason}", where=without_secrets(url), next_step=". ".join(steps)
        )
        if trouble.throttled:
            error.retry_after_s = trouble.after_s or UNSAID_S
        return error

    def _once(self, url: str, keep: Keep, payload: bytes | None, kinds: Container[str]) -> bytes | None:
        """One attempt, following redirects within the host."""
        at = url
        for _ in range(_REDIRECTS):
            host = urlsplit(at).netloc
            with turn(host, self._interval_s, self._store, self._asked.clock):
                answer = self._transfer.send(at, payload)
            there = answer.headers.get("location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not there:
                return self._read(url, answer, keep, kinds)
            there = urljoin(at, there)
            if urlsplit(there)[:2] not in (urlsplit(at)[:2], ("https", host)):
                break
            at = there
        raise BadInput(
            f"{self._service.name} redirects to another host, which is not followed",
            where=without_secrets(url),
        )

    def _read(self, url: str, answer: Answer, keep: Keep, kinds: Container[str]) -> bytes | None:
        status = answer.status
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if status == 200 and kinds and kind and kind not in kinds:
            self._answered = True
            return None
        if status == 200 and keep(answer.body) is not None:
            self._answered = True
            return answer.body
        if status in (404, 410):
            self._answered = True
            return None
        if status in self._service.throttled or says_too_many(answer.body):
            spent = self._service.spent(answer.headers)
            raise Trouble(
                spent
                or f"answers {status}" + (" with a message about too many requests" if status == 200 else ""),
                after_s=asked_s(answer.headers, self._asked.clock.now()),
                throttled=True,
            )
        if status in _TRANSIENT:
            after_s = asked_s(answer.headers, self._asked.clock.now())
            raise Trouble(f"answers {status}", after_s=after_s, throttled=bool(after_s))
        if status == 200:
            raise Trouble("returned an unexpected answer")
        name, where = self._service.name, without_secrets(url)
        if status in (401, 403) and self._key:
            raise BadInput(
                f"{name} rejected the API key ({status}): it may be mistyped or expired",
                where=where,
                next_step=f"Check {self._key_variable}, or unset it to use no key",
            )
        if status in (401, 403):
            step = self._service.key_hint or "Try again later"
            raise BadInput(f"{name} denied access ({status})", where=where, next_step=step)
        said = _said(answer.body)
        raise Refused(
            f"{name} rejected the request ({status}){': ' if said else ''}{said}", where=where, said=said
        )

    @property
    def _key_variable(self) -> str:
        """The variable that the key comes from, as far as known."""
        names = self._service.key_variables
        return next((one for one in names if os.environ.get(one)), "") or " or ".join(names) or "the key"


def _json_for(keep_s: float) -> Keep:
    def keep(body: bytes) -> float | None:
        if body.lstrip()[:1] not in (b"{", b"["):
            return None
        return None if len(body) <= _SHORT and _is_error(body) else keep_s

    return keep


def _is_error(body: bytes) -> bool:
    """Whether it is a JSON object with only an error, which some services send with status 200."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and bool(found.keys() & {"error", "message"}) and found.keys() <= _ERROR


def _clock(when: float) -> str:
    return datetime.fromtimestamp(when).strftime("%H:%M")


def _said(body: bytes) -> str:
    """The message of an error in JSON or Atom, shortened; empty if there is none."""
    try:
        record = json.loads(body)
        text = record.get("message") or record.get("error")
    except (ValueError, RecursionError, AttributeError):
        found = _SUMMARY.search(body[:4096])
        text = found[1].decode("utf-8", "replace") if found else None
    return " ".join(text.split())[:200] if isinstance(text, str) else ""
