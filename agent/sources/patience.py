"""Decides how long to wait for a service, and when to give up.

A failed request is retried soon, a few times. A service that throttles gets the time that it asks for, or a
time that doubles, up to the user's limit: retrying sooner makes throttling last longer.

Knows headers and seconds. Knows no HTTP and no service.
"""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass

from ..model.waiting import asked_wait_s, reset_wait_s

ATTEMPTS = 5
"""Maximum requests for one answer, without throttled ones."""

PATIENCE_S = 900.0
"""Default maximum of total seconds to wait for a throttling service."""

LONGEST_WAIT_S = 900.0
"""Maximum seconds between two requests, unless the service asks for more within the limit."""

SAID_S = 5.0
"""Waits longer than this many seconds are announced to the user."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
"""First and longest pause between retries, in seconds."""

_TOO_MANY = re.compile(
    rb"rate.{0,3}(?:limit|exceeded)|too many requests|slow down|throttl|quota exceeded|request was blocked",
    re.IGNORECASE,
)
_LOOKED_THROUGH = 4096
"""Bytes of an answer that are searched for a throttling message."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time and a way to sleep: the real ones, or those of a test."""

    now: Callable[[], float] = time.time
    """Returns the Unix time."""
    sleep: Callable[[float], None] = time.sleep


@dataclass(eq=False)
class Trouble(Exception):
    """A failure that the same request may not have later."""

    reason: str
    _: KW_ONLY
    after_s: float | None = None
    """Wait in seconds that the service asks for."""
    throttled: bool = False
    """Whether the service limits the rate."""
    tries: int | None = None
    """Maximum tries while the service has not answered at all; None for the default."""
    next_step: str = ""


class Patience:
    """The pauses before further requests for one answer."""

    def __init__(self, first_wait_s: float, patience_s: float | None) -> None:
        """`first_wait_s`: after a throttled request that asks for no wait; doubled each time."""
        self._next_wait_s = first_wait_s
        self._left_s = PATIENCE_S if patience_s is None else patience_s
        self._tried = 0
        self.waited_s = 0.0
        """Seconds waited for a throttling service."""

    def pause_s(self, trouble: Trouble, answered: bool) -> float | None:
        """Seconds until the next request; None to give up.

        `answered`: whether the service has answered any request so far.
        """
        if not trouble.throttled:
            self._tried += 1
            most = trouble.tries if trouble.tries is not None and not answered else ATTEMPTS
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (self._tried - 1))
            return None if self._tried >= most else random.uniform(0, longest)
        wait_s = max(trouble.after_s or 0.0, self._next_wait_s * random.uniform(1.0, 1.1))
        self._next_wait_s = min(2 * self._next_wait_s, LONGEST_WAIT_S)
        if wait_s > self._left_s:
            return None
        self._left_s -= wait_s
        self.waited_s += wait_s
        return wait_s


def asked_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a throttled answer asks to wait; None if not given."""
    asked = asked_wait_s(headers, None, "", now)
    return asked if asked else reset_wait_s(headers, now)


def says_too_many(body: bytes) -> bool:
    """Whether the text of an answer says that there were too many requests."""
    return _TOO_MANY.search(body[:_LOOKED_THROUGH]) is not None


def spoken(seconds: float) -> str:
    """`8 s`, `60 s`, `4 min`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
