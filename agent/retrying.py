"""The one retry policy: which errors may pass, how often to try, how long to wait.

Every other layer has its retries off; left at their defaults they multiply. Bounded in requests and in
seconds, jittered so that workers do not wake together ("full jitter", Brooker 2015), and obedient to
`Retry-After`.

Knows the client's errors. Knows no prompts and no cache.
"""

import asyncio
import email.utils
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import tenacity

T = TypeVar("T")

_TRANSIENT_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_NEVER_AGAIN = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Answers 429 too, but waiting does not fill an account."""


class TooSlow(Exception):
    """A request was cut off after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
        self.seconds = seconds


class Unreadable(Exception):
    """A request was answered with something that is no chat completion."""


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    import openai

    if isinstance(error, (TooSlow, Unreadable)):
        return True
    if isinstance(error, openai.APIStatusError):
        return error.status_code in _TRANSIENT_STATUS and error.code not in _NEVER_AGAIN
    return isinstance(error, openai.APIConnectionError)


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait, by `retry-after-ms` or `Retry-After` (RFC 9110).

    The latter is seconds or a date; `now` is seconds since the epoch. None: it asks for nothing, or for
    nonsense.
    """
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(milliseconds) / 1000)
        if (after := headers.get("retry-after")) is None:
            return None
        if after.strip().replace(".", "", 1).isdigit():
            return float(after)
        return max(0.0, email.utils.parsedate_to_datetime(after).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds in both requests and seconds: whichever comes first ends it."""

    attempts: int = 6
    """Requests in all, the first one included."""
    deadline_s: float = 180.0
    """No new request after this long."""
    first_wait_s: float = 0.5
    """Doubled each time; the wait is drawn at random below that."""
    connect_attempts: int = 6
    """Requests in all where no connection comes about."""
    max_wait_s: float = 30.0
    """A server that asks for a longer wait than this is not waited for."""

    async def run(
        self,
        send: Callable[[], Awaitable[T]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> T:
        """What `send` gives; the last error comes out as it was."""
        try:
            return await send()
        except Exception as error:
            failed: Exception | None = error

        async def again() -> T:
            # Most requests need no second try and are spared what tenacity costs; it is told of the first.
            nonlocal failed
            if failed is not None:
                first, failed = failed, None
                raise first
            return await send()

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(is_transient),
            wait=self._wait,
            stop=self._stop,
            sleep=sleep,
            reraise=True,
        )
        result: T = await retrying(again)
        return result

    def _wait(self, state: tenacity.RetryCallState) -> float:
        jittered = tenacity.wait_random_exponential(multiplier=self.first_wait_s, max=self.max_wait_s)(state)
        return asked if (asked := _asked_wait(state)) is not None else jittered

    def _stop(self, state: tenacity.RetryCallState) -> bool:
        asked = _asked_wait(state)
        limit = self.connect_attempts if _is_unreachable(state) else self.attempts
        return (
            state.attempt_number >= limit
            or (state.seconds_since_start or 0.0) >= self.deadline_s
            or (asked is not None and asked > self.max_wait_s)
        )


def _asked_wait(state: tenacity.RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", None)
    return retry_after_s(headers, time.time()) if headers is not None else None


def _is_unreachable(state: tenacity.RetryCallState) -> bool:
    return is_unreachable(state.outcome.exception()) if state.outcome else False


def is_unreachable(error: BaseException | None) -> bool:
    """Whether no connection came about."""
    import httpx2
    import openai

    if not isinstance(error, openai.APIConnectionError):
        return False
    # aiohttp's refused connection reaches us as a time-out of connecting.
    cause = error.__cause__
    return not isinstance(error, openai.APITimeoutError) or isinstance(
        cause, (httpx2.ConnectError, httpx2.ConnectTimeout)
    )
