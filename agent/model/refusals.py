"""Reads an endpoint's refusals, and what they mean for the request, the paper and the run.

A refusal comes as an HTTP status, or as an `error` object in an answer with status 200 (OpenRouter and other
routers); both become a `Refused`.

Knows statuses and JSON. Knows no papers and no prompts.
"""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .waiting import asked_wait_s

if TYPE_CHECKING:
    import openai

_READ = 20_000
"""Maximum characters of an error's body that are read."""

_EMPTY_ACCOUNT = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "insufficient_balance",
        "insufficient_credits",
        "access_terminated",
    }
)
_EMPTY_ACCOUNT_WORDS = re.compile(
    r"insufficient (?:credit|balance|fund|quota)|exceeded your current quota|credit balance is too low"
    r"|payment required|out of credits?|no credits? left|billing hard limit",
    re.IGNORECASE,
)
_MODERATED = re.compile(
    r"moderat|flagged|content.?(?:policy|filter|management)|safety|prohibited|violat|inappropriate",
    re.IGNORECASE,
)
_LOADING = re.compile(
    r"\bload(?:ing)?\b.{0,60}\bmodel|\bmodel\b.{0,60}\b(?:load(?:ing)?|not (?:yet )?(?:ready|loaded))\b"
    r"|warming up|cold start|starting up|scal(?:ed|ing) (?:to|from) zero",
    re.IGNORECASE,
)
_TOO_LONG_CODES = frozenset({"context_length_exceeded", "string_above_max_length"})
_TOO_LONG = re.compile(
    r"maximum context length|context (?:length|size|window)|exceed\w{0,10}.{0,40}\bcontext|prompt is too long"
    r"|too many (?:input )?tokens|input (?:is )?too long|longer than the (?:model|maximum)",
    re.IGNORECASE,
)


class Refused(Exception):
    """An endpoint's refusal of one request."""

    def __init__(
        self, status: int, said: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(said)
        self.status = status
        """HTTP status, or that of the `error` object if the answer had status 200."""
        self.said = said
        """The endpoint's own message; may contain the key."""
        self.body = body
        """The parsed JSON body; None if it was not JSON."""
        self.headers = headers or {}
        self.final = False
        """Whether not to retry the same request, since another form of it may be accepted."""
        inner = error_of(body)
        self.code = _word(inner.get("code"))
        self.kind = _word(inner.get("type"))
        self.param = _word(inner.get("param"))
        metadata = inner.get("metadata")
        self.moderated = bool(isinstance(metadata, Mapping) and metadata.get("reasons")) or (
            status in (400, 403) and bool(_MODERATED.search(said[:_READ]))
        )
        """Whether moderation rejected this input."""
        self.loading = status in (500, 502, 503, 504) and bool(_LOADING.search(said[:_READ]))
        """Whether the model is being loaded."""
        self.too_long = self.code in _TOO_LONG_CODES or (
            status in (400, 413, 422) and bool(_TOO_LONG.search(said[:_READ]))
        )

    def asked_wait_s(self, now: float) -> float | None:
        """Seconds that the endpoint asks to wait; `now` in seconds since the epoch."""
        if self.status not in (408, 409, 425, 429) and self.status < 500:
            return None
        return asked_wait_s(self.headers, self.body, self.said, now)

    @property
    def empty_account(self) -> bool:
        """Whether the account has no credit, which waiting does not change."""
        if self.status == 402 or {self.code, self.kind} & _EMPTY_ACCOUNT:
            return True
        words = self.status in (400, 403, 429) and _EMPTY_ACCOUNT_WORDS.search(self.said[:_READ])
        # Gemini says "quota" of its limits a minute, too, and then for how long.
        return bool(words) and self.asked_wait_s(0.0) is None

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        if self.final or self.empty_account or self.moderated:
            return False
        return self.status in (408, 409, 425, 429) or (
            self.status >= 500 and self.status not in (501, 505, 511)
        )


def refused(error: "openai.APIStatusError") -> Refused:
    """The refusal in the client's error."""
    text = error.response.text[:_READ]
    try:
        body: object = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    return Refused(
        error.status_code,
        _words(body, text) or error.message,
        body=body,
        headers=error.response.headers,
    )


def refused_in_answer(answer: Mapping[str, Any], headers: Mapping[str, str]) -> Refused | None:
    """The refusal in an answer with status 200; None if there is none."""
    if answer.get("choices") or not answer.get("error"):
        return None
    code = error_of(answer).get("code")
    known = isinstance(code, (int, str)) and str(code).isdigit() and 400 <= int(code) <= 599
    # A status that nobody gave may be a passing trouble of whoever stands behind.
    status = int(str(code)) if known else 502
    return Refused(status, _words(answer, "") or "an error without a message", body=answer, headers=headers)


def error_of(body: object) -> Mapping[str, Any]:
    """The `error` object of an answer, wherever it is; empty if there is none."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, Mapping) else {}


def what_came(raw: bytes) -> str:
    """A short description of an answer that is not a chat completion."""
    start = raw.lstrip()[:200].lower()
    if not start:
        return "nothing"
    if start.startswith((b"<!doctype", b"<html")):
        return "an HTML page"
    return "a stream of events" if start.startswith((b"data:", b"event:")) else "something else"


def _words(body: object, text: str) -> str:
    """The message in an error's JSON, with details; else its text."""
    inner = error_of(body)
    raw = inner.get("metadata")
    behind = raw.get("raw") if isinstance(raw, Mapping) else None
    for name in ("message", "detail", "error", "msg", "title"):
        if isinstance(said := inner.get(name), str) and said.strip():
            return f"{said}: {behind}" if isinstance(behind, str) and behind not in said else said
    if isinstance(body, Mapping) and isinstance(body.get("error"), str):
        return str(body["error"])
    if isinstance(inner.get("detail"), (list, Mapping)):
        return json.dumps(inner["detail"], ensure_ascii=False)
    page = text.lstrip().startswith("<")
    return what_came(text.encode("utf-8", "replace")) if page else text


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, (str, int)) else ""
