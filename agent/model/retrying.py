"""The only retry policy: which errors are transient, how often to try, how long to wait in between.

Retries are off in every other layer, since they would multiply. It is bounded in requests and in seconds, and
jittered so that workers do not wake together ("full jitter", Brooker 2015). Waits requested by the endpoint
are handled by `transport` for the whole run and cost no attempt.

Knows the client's errors. Knows no prompts and no cache.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from .endpoint_errors import TooSlow, Unreadable, is_unreachable
from .limits import LONGEST_HOLD_S
from .refusals import Refused, refused

T = TypeVar("T")


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    import openai

    if isinstance(error, openai.APIStatusError):
        error = refused(error)
    if isinstance(error, Refused):
        return error.may_pass
    return isinstance(error, (TooSlow, Unreadable, openai.APIConnectionError))


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds in requests and in seconds; whichever comes first ends the retries."""

    attempts: int = 6
    """Maximum number of requests, the first one included."""
    deadline_s: float = 180.0
    """Seconds after which no new request is sent."""
    first_wait_s: float = 0.5
    """Upper bound of the first wait in seconds, doubled each time; waits are random below it."""
    connect_attempts: int = 6
    """Maximum number of requests if no connection can be made."""
    max_wait_s: float = 30.0
    """Maximum seconds between two requests, unless the endpoint asks for more."""

    async def run(
        self,
        send: Callable[[], Awaitable[T]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        excused_s: Callable[[], float] = lambda: 0.0,
    ) -> T:
        """The result of `send`; the last error is raised unchanged.

        `excused_s` returns the seconds so far that do not count towards the deadline.
        """
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

        def stop(state: tenacity.RetryCallState) -> bool:
            limit = self.connect_attempts if _is_unreachable(state) else self.attempts
            seconds = (state.seconds_since_start or 0.0) - excused_s()
            return (
                state.attempt_number >= limit
                or seconds >= self.deadline_s
                or (_asked_wait_s(state) or 0.0) > LONGEST_HOLD_S
            )

        def wait(state: tenacity.RetryCallState) -> float:
            jittered = tenacity.wait_random_exponential(multiplier=self.first_wait_s, max=self.max_wait_s)
            return max(jittered(state), _asked_wait_s(state) or 0.0)

        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(is_transient),
            wait=wait,
            stop=stop,
            sleep=sleep,
            reraise=True,
        )
        result: T = await retrying(again)
        return result


def _is_unreachable(state: tenacity.RetryCallState) -> bool:
    return is_unreachable(state.outcome.exception()) if state.outcome else False


def _asked_wait_s(state: tenacity.RetryCallState) -> float | None:
    import openai

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, openai.APIStatusError):
        error = refused(error)
    return error.asked_wait_s(time.time()) if isinstance(error, Refused) else None
