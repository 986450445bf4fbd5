"""Sends requests to one endpoint and returns its answers, with limits, budget and retries.

Each request passes the limiter and the budget; `retrying` retries transient errors; the client's own retries
are off. If an endpoint asks to wait, is loading its model, or is busy, that costs a request no attempt. A
request that takes far longer than the others is cancelled and sent again. Errors become one sentence without
the key.

Knows no papers, prompts or schemas.
"""

import asyncio
import dataclasses
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import EndpointError, PapercardsError
from ..spent import NOTHING, Spent
from .bounded_answer import AnswerTooLong
from .client import Posting
from .completion import Usage, chat_in, usage_of
from .endpoint import Endpoint
from .endpoint_errors import TooSlow, Unreadable, explain, is_unreachable, said_by
from .leases import LeasedLimiter
from .limits import LONGEST_HOLD_S, Budget, Limiter
from .pricing import Price
from .refusals import Refused, refused, refused_in_answer, what_came
from .retrying import RetryPolicy

BYTES_PER_TOKEN = 2
"""Bytes per token, a low estimate so that the cost is not underestimated; ordinary English has four to five.
"""

_OWN_WAIT_S = 5.0
"""Waits up to this many seconds hold only the request; longer ones hold the whole run."""
_LOADING_S = 5.0
"""Seconds between two checks of a loading model."""
_LONGEST_SILENCE_S = 900.0
"""Maximum seconds without any answer before the run gives up."""
_TOO_MUCH = frozenset({408, 429, 503, 504, 529})
"""Statuses that mean too many requests at once."""
MOST_EXCUSED = 30
"""Maximum number of times that a request is postponed without counting as an attempt."""


Accept = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Finds the answer in an endpoint's JSON; None if there is none."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A completion, or other JSON that was waited for, and its cost."""

    completion: dict[str, Any]
    requests: int
    """Number of requests, retries included."""
    seconds: float
    """Seconds over all requests, without the waits between retries."""
    spent: Spent
    """Cost of all requests."""


class Patience:
    """Adapts the timeout to the duration of the answers so far.

    After 20 answers it is 5 times the 95th percentile, at least 5 s, also for requests already in flight. A
    cancelled call gets twice as long the next time, so that a really long answer succeeds.
    """

    _LEAST_S = 5.0
    _TIMES = 5.0
    _ANSWERS = 20

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._took: deque[float] = deque(maxlen=200)
        self._now_s: float | None = None
        self._count = 0
        self._early: dict[asyncio.Timeout, tuple[float, int]] = {}
        """Calls started before there were enough answers: start time, and how often they were cancelled."""

    def seconds(self, cut_off: int) -> float:
        """Timeout in seconds for a call that was cancelled `cut_off` times; it doubles each time."""
        return self._most_s if self._now_s is None else min(self._most_s, self._now_s * (1 << cut_off))

    @asynccontextmanager
    async def wait(self, cut_off: int) -> AsyncIterator[None]:
        """Limit the duration of a call. Raises TooSlow."""
        limit = self.seconds(cut_off)
        try:
            async with asyncio.timeout(limit) as ending:
                if self._now_s is None:
                    self._early[ending] = (asyncio.get_running_loop().time(), cut_off)
                yield
        except TimeoutError as error:
            raise TooSlow(self.seconds(cut_off)) from error
        finally:
            self._early.pop(ending, None)

    def answered(self, seconds: float) -> None:
        """Record the duration of an answer."""
        self._took.append(seconds)
        self._count += 1
        if self._count >= self._ANSWERS and self._count % 10 == 0:
            usual = sorted(self._took)[int(0.95 * (len(self._took) - 1))]
            self._now_s = max(self._LEAST_S, self._TIMES * usual)
            for ending, (begin, cut_off) in self._early.items():
                ending.reschedule(begin + self.seconds(cut_off))
            self._early.clear()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request to be sent."""

    body: bytes
    most_tokens: int | None = None
    """Maximum tokens of the completion; None for the endpoint's."""
    is_lesson: Callable[[Refused], bool] = lambda refusal: False
    """Whether a refusal is about its form, so that it is not retried."""
    is_stale: Callable[[], bool] = lambda: False
    """Asked before anything is sent: whether its form is refused by now."""
    begun: bool = False
    """Whether an earlier request of the same paper was answered."""


class Stale(Exception):
    """The endpoint refused the form of this request to another one while it waited."""


@dataclass(slots=True)
class Tries:
    """Counts of the tries of one request."""

    requests: int = 0
    cut_off: int = 0
    seconds: float = 0.0
    excused: int = 0
    """Number of times it was postponed without counting as an attempt."""
    excused_s: float = 0.0
    in_line: bool = False
    """Whether other requests were answered while the last one was refused or cancelled."""
    spent: Spent = NOTHING


class Transport:
    """The connection to one endpoint, shared by all papers of a run."""

    def __init__(
        self,
        endpoint: Endpoint,
        policy: RetryPolicy | None = None,
        *,
        limiter: Limiter | None = None,
        budget: Budget | LeasedLimiter | None = None,
        price: Price | None = None,
        say: Callable[[str], None] = lambda text: None,
        accept: Accept = chat_in,
        name: str | None = None,
    ) -> None:
        """`say` receives a sentence about what the whole run is waiting for; `name` is the endpoint's in it.

        `accept` finds the answer in JSON (default: a chat completion); None if there is none.
        """
        self.endpoint = endpoint
        self.limiter = limiter or Limiter(1 << 16)
        self.name = name or endpoint.host
        self.price = price
        self._policy = policy or RetryPolicy()
        self._budget = budget
        self._say = say
        self._accept = accept
        self.patience = Patience(endpoint.timeout_s)
        """The timeout of the next answer."""
        self._client: Posting | None = None
        self.answered = False
        """Whether the endpoint has answered any request in this run."""

    async def send(self, asked: Outgoing) -> Sent:
        """Send a request until it is answered.

        Raises PaperFailed for this request only, with the endpoint's `Refused` as its cause if there is one;
        EndpointError if no request would be answered; BudgetSpent if it could cost more than is left; Stopped
        after `stop`; Stale for a request that became stale while waiting.
        """
        tries = Tries()

        async def post() -> dict[str, Any]:
            while True:
                try:
                    return await self.once(asked, tries)
                except (Refused, TooSlow) as error:
                    if isinstance(error, Refused) and asked.is_lesson(error):
                        error.final = True
                    if not await self._excuse(error, tries):
                        raise

        return await persist(
            post,
            tries,
            self._policy,
            self.limiter,
            lambda error: self.explained(error, tries.requests),
            answered=self.answered,
        )

    def explained(self, error: Exception, sent: int) -> PapercardsError:
        """The error of a request as one for the user; `sent` is the number of tries."""
        if isinstance(error, PapercardsError):
            return error
        return explain(error, self.endpoint, sent, answered=self.answered)

    def spent_on(self, completion: dict[str, Any]) -> Spent:
        """Tokens and cost of one completion, as far as it reports them."""
        used = usage_of(completion)
        if used is None:
            free = self.price is not None and self._cost(Usage(1, 0, 1)) == 0
            return Spent(1, unpriced=int(not free))
        cost = self._cost(used)
        return Spent(
            1, used.prompt, used.cached_prompt, used.completion, cost or 0.0, unpriced=int(cost is None)
        )

    def stop(self) -> None:
        """Send no more requests: those in flight may be answered, the rest raises Stopped."""
        self.limiter.stop()

    async def close(self) -> None:
        """Close the connections."""
        await self.limiter.close()
        if self._client is not None:
            await self._client.close()

    async def once(self, asked: Outgoing, tries: Tries) -> dict[str, Any]:
        """Send one request, within limiter, budget and timeout. Raises errors as they come."""
        if self._client is None:
            self._client = Posting(self.endpoint)
        most = asked.most_tokens or self.endpoint.max_tokens
        worst = Usage(len(asked.body) // BYTES_PER_TOKEN, 0, most)
        at_worst = self._cost(worst)
        number = await self.limiter.enter(worst.prompt + most, begun=asked.begun or tries.requests > 0)
        reserved, spent = None, Spent()
        begin, answers = self.limiter.clock(), self.limiter.answers
        try:
            if not tries.requests and asked.is_stale():
                raise Stale
            if self._budget is not None:
                reserved = await self._budget.reserve(at_worst or 0.0)
                self.limiter.go_on()
            tries.requests += 1
            # It may be answered, and billed, though nobody reads it any more.
            spent = Spent(unpriced=1) if at_worst != 0 else Spent()
            try:
                raw, headers = await self._exchange(asked.body, tries)
                completion = self._completion(raw, headers)
            except Refused as error:
                spent = Spent()
                if error.status in _TOO_MUCH:
                    self.limiter.shrink(number)
                tries.in_line = self.limiter.answers > answers
                raise
            except TooSlow as error:
                crowded = self.limiter.queues(error.seconds) and self.limiter.shrink(number)
                tries.in_line = crowded and self.limiter.answers > answers
                raise
            except BaseException as error:
                if is_unreachable(error):
                    spent = Spent()
                    self.limiter.shrink(number)
                raise
            spent = self.spent_on(completion)
            self._told_to_wait(self.limiter.answered(headers, self.limiter.clock() - begin))
            if tokens := spent.prompt_tokens + spent.completion_tokens:
                self.limiter.used(worst.prompt + most - tokens)
            return completion
        finally:
            tries.spent += spent
            if reserved is not None and self._budget is not None:
                self._budget.settle(reserved, spent.known_usd + spent.unpriced * (at_worst or 0.0))
            self.limiter.leave()

    async def _exchange(self, body: bytes, tries: Tries) -> tuple[bytes, Mapping[str, str]]:
        """Raises TooSlow if the answer takes too long, Refused for an error status."""
        import openai

        assert self._client is not None
        begin = time.monotonic()
        try:
            async with self.patience.wait(tries.cut_off):
                response = await self._client.post(body)
        except TooSlow:
            tries.cut_off += 1
            raise
        except openai.APITimeoutError as error:
            if is_unreachable(error):
                raise
            raise TooSlow(self.endpoint.timeout_s) from error
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, AnswerTooLong):
                raise Unreadable(str(error.__cause__), may_pass=False, once=True) from error
            raise
        except openai.APIStatusError as error:
            raise refused(error) from error
        finally:
            seconds = time.monotonic() - begin
            tries.seconds += seconds
        if self.endpoint.impatient:
            self.patience.answered(seconds)
        return response.content, response.headers

    def _completion(self, raw: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        """Raises Unreadable if it is not a completion, Refused if it is an error with status 200.

        Raises EndpointError if there never was a completion and this is another kind of server.
        """
        what = what_came(raw)
        try:
            completion = json.loads(raw.removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError) as error:
            wrong = Unreadable(what, may_pass=what == "something else" or what == "nothing")
            if wrong.may_pass or self.answered:
                raise wrong from error
            raise explain(wrong, self.endpoint, 1) from error
        if isinstance(completion, dict):
            if (refusal := refused_in_answer(completion, headers)) is not None:
                raise refusal
            if (accepted := self._accept(completion)) is not None:
                self.answered = True
                return accepted
        wrong = Unreadable(what, may_pass=False)
        raise wrong if self.answered else explain(wrong, self.endpoint, 1)

    async def _excuse(self, error: Refused | TooSlow, tries: Tries) -> bool:
        """Whether a request may be sent again without counting as an attempt; waits until then.

        That is so if the endpoint gives a time, is loading its model, or was busy with our other requests.
        Raises EndpointError if it asks for too long a wait.
        """
        limiter = self.limiter
        silent_s = limiter.clock() - limiter.silent_since
        tries.excused += 1
        if tries.excused > MOST_EXCUSED or silent_s > _LONGEST_SILENCE_S + self.endpoint.timeout_s:
            return False
        begin = limiter.clock()
        if isinstance(error, TooSlow):
            return tries.in_line
        if not error.may_pass:
            return False
        asked = self.asked_wait_s(error)
        if asked is None:
            if error.status != 429 or not tries.in_line:
                return False
            await limiter.pause(min(30.0, self._policy.first_wait_s * (1 << min(tries.excused, 6))))
        elif error.loading or asked > _OWN_WAIT_S:
            self.hold(asked, error)
        else:
            # Never sooner than a first retry would come: clocks differ, and a 0 is no permission to hammer.
            await limiter.pause(max(asked, self._policy.first_wait_s * min(tries.excused, 8)))
        tries.excused_s += limiter.clock() - begin
        return True

    def asked_wait_s(self, error: Refused) -> float | None:
        """Seconds that the endpoint asks to wait before the next request; None if it does not.

        Raises EndpointError if they are too many.
        """
        asked = error.asked_wait_s(time.time())
        if error.loading:
            return min(max(asked or 0.0, _LOADING_S), LONGEST_HOLD_S)
        if asked is not None and asked > LONGEST_HOLD_S:
            raise EndpointError(
                f"the endpoint asks to wait {_duration(asked)}: {said_by(error, self.endpoint)}",
                where=self.endpoint.shown_url,
                next_step="Run the same command again after that; it continues from here",
            ) from error
        return asked

    def hold(self, seconds: float, error: Refused) -> None:
        """Send nothing for some seconds, since the endpoint asked for it."""
        more = self.limiter.hold(seconds)
        self._told_to_wait(more, "is loading its model; waiting for it" if error.loading else "")

    def _told_to_wait(self, seconds: float, what: str = "") -> None:
        """Announce a wait once, not once for each request."""
        if seconds >= _LOADING_S - 1:
            self._say(f"{self.name} {what or f'asks to wait {_duration(seconds)}'}")

    def _cost(self, used: Usage) -> float | None:
        """Cost in USD; None if the price is unknown."""
        return (
            None if self.price is None else self.price.cost(used.prompt, used.cached_prompt, used.completion)
        )


async def persist(
    post: Callable[[], Awaitable[dict[str, Any]]],
    tries: Tries,
    policy: RetryPolicy,
    limiter: Limiter,
    explained: Callable[[Exception], PapercardsError],
    *,
    answered: bool,
) -> Sent:
    """What `post` gives, retried by the policy. Raises what `explained` makes of the last error."""
    import openai

    if not answered:
        # Nothing ever answered here: more likely a wrong address than a passing fault.
        policy = dataclasses.replace(policy, connect_attempts=min(3, policy.attempts))
    try:
        completion = await policy.run(post, sleep=limiter.pause, excused_s=lambda: tries.excused_s)
    except (openai.OpenAIError, Refused, TooSlow, Unreadable, PapercardsError) as error:
        told = explained(error)
        told.spent = tries.spent
        if told is error:
            raise
        raise told from (error.__cause__ if isinstance(error, PapercardsError) else error)
    return Sent(completion, tries.requests, tries.seconds, tries.spent)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
