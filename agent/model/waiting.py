"""Finds how long an endpoint asks to wait, in any of the usual forms.

Headers (`retry-after-ms`; `Retry-After` as seconds or a date, RFC 9110; the `x-ratelimit-*` of OpenAI and its
many variants; `RateLimit` of the IETF's draft), fields of the error (`retryDelay` of Google, `estimated_time`
of Hugging Face), or words ("Please try again in 7m12s"). An implausible time (NaN, infinity, a century) is
ignored.

Knows text and headers. Knows no requests.
"""

import email.utils
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

DAY_S = 86_400.0
UNSAID_S = 60.0
"""Seconds to wait for a service that limits the rate and does not say for how long."""
_UNIX_S, _UNIX_MS = 1e9, 1e12
"""Numbers above these are Unix times (after 2001), in seconds or milliseconds."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": DAY_S}
_DURATION = r"\d{1,9}(?:\.\d{1,9})?\s?(?:ms|milli|s|m|h|d)[a-z]{0,11}"
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s?(ms|milli|s|m|h|d)[a-z]{0,11}")
_WHOLE = re.compile(rf"(?:{_DURATION},?\s?(?:and\s)?){{1,5}}")
_ASKS = re.compile(
    rf"(?:try again|retry|wait|resets?)[^0-9.]{{0,40}}((?:{_DURATION},?\s?(?:and\s)?){{1,5}})", re.IGNORECASE
)
_WORDS_READ = 2_000
"""Maximum characters of an error's text that are examined."""
_QUOTAS = re.compile(r"\br\s{0,2}=\s{0,2}0\s{0,2};\s{0,2}t\s{0,2}=\s{0,2}(\d{1,9})")
"""Pattern of `RateLimit: "api";r=0;t=55` of the IETF's draft, as sent by Hugging Face."""
_FIELDS = ("retry_after", "retryafter", "retry_after_s", "retrydelay", "estimated_time")
_BUDGETS = tuple(
    (f"{prefix}remaining{suffix}", f"{prefix}reset{suffix}")
    for prefix in ("x-ratelimit-", "ratelimit-")
    for suffix in ("-requests", "-tokens", "")
) + tuple(
    (f"anthropic-ratelimit-{what}-remaining", f"anthropic-ratelimit-{what}-reset")
    for what in ("requests", "tokens", "input-tokens", "output-tokens")
)


def asked_wait_s(headers: Mapping[str, str], body: object, text: str, now: float) -> float | None:
    """Seconds that a refusal asks to wait; None if it gives no plausible time.

    `body` is its parsed JSON, `text` its message, `now` the local time in seconds since the epoch. A date is
    compared with the server's own `Date`, so that a wrong local clock does not matter.
    """
    here = _date(headers.get("date")) or now
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (said := headers.get(name)) is not None:
            if (seconds := _number(said)) is not None:
                return _plausible(seconds * unit if seconds < _UNIX_S else until_s(said, here))
            if (date := _date(said)) is not None:
                return _plausible(max(0.0, date - here))
    for value in _asked_in(body):
        if (seconds := duration_s(str(value))) is not None:
            return _plausible(seconds)
    if (found := _ASKS.search(text[:_WORDS_READ])) is not None:
        return _plausible(duration_s(found[1].strip(" ,.").removesuffix("and").strip()))
    return None


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the headers of an answer ask to wait; None if they give no plausible time."""
    return asked_wait_s(headers, None, "", now)


def reset_wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds until an endpoint with a used-up allowance accepts more; None if nothing is used up.

    The longer one, if requests and tokens have separate limits.
    """
    waits: list[float | None] = []
    for quota in _QUOTAS.finditer(headers.get("ratelimit", "")[:_WORDS_READ]):
        # The seconds are whole ones: the next of them belongs to the new window.
        waits.append(_within_a_day(float(quota[1]) + 1.0))
    for remaining, reset in _BUDGETS:
        if headers.get(remaining, "").strip() in ("0", "0.0"):
            here = _date(headers.get("date")) or now
            waits.append(until_s(headers.get(reset, ""), here))
    return max((wait for wait in waits if wait is not None), default=None)


def until_s(text: str, now: float) -> float | None:
    """Seconds of a duration, or until a time: Unix time in s or ms, ISO 8601, an HTTP date.

    None if it is none of these, or more than a day away.
    """
    number = _number(text)
    if number is not None and number >= _UNIX_S:
        point = number / 1000 if number >= _UNIX_MS else number
        return _within_a_day(max(0.0, point - now))
    if (seconds := duration_s(text)) is not None:
        return _within_a_day(seconds)
    point_in_time = _date(text) or _iso(text)
    return None if point_in_time is None else _within_a_day(max(0.0, point_in_time - now))


def duration_s(text: str) -> float | None:
    """Seconds of `1s`, `6m0s`, `20ms` (as OpenAI writes them), `2 minutes 5 seconds` or `12.5`."""
    text = text.strip().lower()
    if (number := _number(text)) is not None:
        return max(0.0, number)
    if not _WHOLE.fullmatch(text):
        return None
    total = 0.0
    for amount, unit in _PART.findall(text):
        total += float(amount) * _UNITS["ms" if unit == "milli" else unit]
    return total


def _asked_in(body: object, depth: int = 0) -> Iterator[object]:
    """The values of fields that ask for a wait, anywhere in an error's JSON."""
    if depth > 4:
        return
    if isinstance(body, Mapping):
        for name, value in body.items():
            if isinstance(value, (str, int, float)) and str(name).lower().replace("-", "_") in _FIELDS:
                yield value
            else:
                yield from _asked_in(value, depth + 1)
    elif isinstance(body, list):
        for value in body[:20]:
            yield from _asked_in(value, depth + 1)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _date(text: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text or "").timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _iso(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        return None
    return found.timestamp() if found.tzinfo is not None else None


def _plausible(seconds: float | None) -> float | None:
    """The seconds if they are at most a month; a longer wait is implausible."""
    return seconds if seconds is not None and 0 <= seconds <= 31 * DAY_S else None


def _within_a_day(seconds: float) -> float | None:
    return seconds if seconds <= DAY_S else None
