"""Requests to one endpoint: bytes out, a chat completion in, whatever happens on the way.

The only file that makes an API client for papers. Each request passes the limiter and the budget; what may
pass is tried again by `retrying`; the client's own retries are off. A request that takes far longer than
the others took is cut off and sent again. Errors come out as one sentence without the key.

Knows no papers, prompts or schemas.
"""

import asyncio
import dataclasses
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .completion import Usage, usage_of
from .errors import EndpointError, PapercardsError, PaperFailed
from .limits import Budget, Limiter
from .models import Model
from .pricing import Price
from .retrying import RetryPolicy, TooSlow, Unreadable, is_unreachable

if TYPE_CHECKING:
    import openai

BYTES_PER_TOKEN = 2
"""Few, so that a request's cost is not underestimated: ordinary English has four to five."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to send and how."""

    model: Model
    base_url: str
    api_key: str = dataclasses.field(repr=False)
    timeout_s: float
    """For one call."""
    max_tokens: int
    """Of the completion."""
    impatient: bool = False
    """Whether a call that takes far longer than the others is cut off before `timeout_s`."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A completion and what it took."""

    completion: dict[str, Any]
    usage: Usage | None
    """None: the endpoint does not say."""
    requests: int
    """Those that were tried again included."""
    seconds: float
    """Of all requests, what lay between them aside."""


class Patience:
    """How long to wait for an answer, by how long the answers so far took.

    Five times what 95 of 100 stayed under, at least 5 s, once there are 20 answers, for what is under way
    then, too. A call that was cut off gets twice as long the next time, so that an answer that is long in
    earnest comes through.
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
        """Calls that began before there were enough answers: when, and how often they were cut off."""

    def seconds(self, cut_off: int) -> float:
        """For a call that was cut off so many times before."""
        return self._most_s if self._now_s is None else min(self._most_s, self._now_s * (1 << cut_off))

    @asynccontextmanager
    async def wait(self, cut_off: int) -> AsyncIterator[None]:
        """Let a call run so long and no longer. Raises TooSlow."""
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
        """An answer took so long."""
        self._took.append(seconds)
        self._count += 1
        if self._count >= self._ANSWERS and self._count % 10 == 0:
            usual = sorted(self._took)[int(0.95 * (len(self._took) - 1))]
            self._now_s = max(self._LEAST_S, self._TIMES * usual)
            for ending, (begin, cut_off) in self._early.items():
                ending.reschedule(begin + self.seconds(cut_off))
            self._early.clear()


@dataclass(slots=True)
class _Tries:
    """What one request body took so far."""

    requests: int = 0
    cut_off: int = 0
    seconds: float = 0.0


class Transport:
    """The way to one endpoint and back. One for all papers of a run."""

    def __init__(
        self,
        endpoint: Endpoint,
        policy: RetryPolicy | None = None,
        *,
        limiter: Limiter | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.price = price
        self._policy = policy or RetryPolicy()
        self._limiter = limiter or Limiter(1 << 16)
        self._budget = budget
        self._patience = Patience(endpoint.timeout_s)
        self._client: openai.AsyncOpenAI | None = None
        self._answered = False

    async def send(self, body: bytes) -> Sent:
        """The completion for a request body.

        Raises PaperFailed for this request alone, EndpointError where no request would be answered,
        BudgetSpent where it may cost more than is left.
        """
        import openai

        if self._client is None:
            self._client = open_client(self.endpoint)
        tries = _Tries()
        policy = self._policy
        if not self._answered:
            # Nothing ever answered here: more likely a wrong address than a passing fault.
            policy = dataclasses.replace(policy, connect_attempts=min(3, policy.attempts))

        async def post() -> dict[str, Any]:
            return await self._post(body, tries)

        try:
            completion = await policy.run(post)
        except (openai.OpenAIError, TooSlow, Unreadable) as error:
            raise explain(error, self.endpoint, tries.requests) from error
        return Sent(completion, usage_of(completion), tries.requests, tries.seconds)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def _post(self, body: bytes, tries: _Tries) -> dict[str, Any]:
        """One request, within limiter, budget and patience."""
        import openai

        most = self.endpoint.max_tokens
        worst = Usage(len(body) // BYTES_PER_TOKEN, 0, most)
        number = await self._limiter.enter(worst.prompt + most)
        reserved, spent = None, 0.0
        try:
            if self._budget is not None:
                reserved = await self._budget.reserve(self._cost(worst))
            tries.requests += 1
            try:
                raw, headers = await self._exchange(body, tries)
            except openai.APIStatusError as error:
                if error.status_code == 429:
                    self._limiter.refused(number, error.response.headers)
                raise
            except BaseException as error:
                # It may be answered, and billed, though nobody listens any more.
                spent = 0.0 if is_unreachable(error) else self._cost(worst)
                raise
            spent = self._cost(worst)  # unless it can be read, and says less
            completion = self._completion(raw)
            used = usage_of(completion) or worst
            spent = self._cost(used)
            self._limiter.answered(headers)
            self._limiter.used(worst.prompt + most - used.prompt - used.completion)
            return completion
        finally:
            if reserved is not None and self._budget is not None:
                self._budget.settle(reserved, spent)
            self._limiter.leave()

    async def _exchange(self, body: bytes, tries: _Tries) -> tuple[bytes, Mapping[str, str]]:
        """Raises TooSlow where the answer takes too long."""
        import httpx2

        assert self._client is not None
        begin = time.monotonic()
        try:
            async with self._patience.wait(tries.cut_off):
                response = await self._client.post(
                    "/chat/completions", cast_to=httpx2.Response, content=body, options=_JSON
                )
        except TooSlow:
            tries.cut_off += 1
            raise
        finally:
            seconds = time.monotonic() - begin
            tries.seconds += seconds
        if self.endpoint.impatient:
            self._patience.answered(seconds)
        return response.content, response.headers

    def _completion(self, raw: bytes) -> dict[str, Any]:
        """Raises Unreadable where it is none; EndpointError if there never was one: that will not pass."""
        try:
            completion = json.loads(raw)
            if not isinstance(completion, dict) or not isinstance(completion["choices"], list):
                raise ValueError
        except (ValueError, KeyError, RecursionError) as error:
            wrong = Unreadable(_what(raw))
            raise wrong if self._answered else explain(wrong, self.endpoint, 1) from error
        self._answered = True
        return completion

    def _cost(self, used: Usage) -> float:
        return self.price.cost(used.prompt, used.cached_prompt, used.completion) if self.price else 0.0


_JSON: Any = {"headers": {"Content-Type": "application/json"}}


def open_client(endpoint: Endpoint) -> "openai.AsyncOpenAI":
    """A client whose retries are off. It uses aiohttp, which takes a third of the time of the other way."""
    import openai

    # aiohttp refuses a user name in the address beside the key; the key is what counts.
    address = urlsplit(endpoint.base_url)
    return openai.AsyncOpenAI(
        api_key=endpoint.api_key,
        base_url=address._replace(netloc=address.netloc.rpartition("@")[2]).geturl(),
        max_retries=0,
        timeout=endpoint.timeout_s,
        http_client=openai.DefaultAioHttpClient(timeout=endpoint.timeout_s),
    )


def explain(error: Exception, endpoint: Endpoint, sent: int) -> PapercardsError:
    """The client's error as one sentence for the user, by what it means for the other papers."""
    import openai

    place = endpoint.base_url
    if is_unreachable(error):
        return EndpointError(
            "the endpoint cannot be reached",
            where=place,
            next_step="Check that it runs and that --base-url is right",
        )
    if isinstance(error, Unreadable):
        return EndpointError(
            f"the endpoint answered with {error}, not with a chat completion",
            where=place,
            next_step="Check --base-url: it usually ends in /v1",
        )
    if isinstance(error, (TooSlow, openai.APITimeoutError)):
        seconds = error.seconds if isinstance(error, TooSlow) else endpoint.timeout_s
        return PaperFailed(
            f"no answer within {seconds:g} s, several times",
            next_step="Give it longer with --timeout",
            attempts=sent,
        )
    if not isinstance(error, openai.APIStatusError):
        return EndpointError(said_by(error, endpoint), where=place)
    said = said_by(error, endpoint)
    status = error.status_code
    if status in (401, 403):
        variable = endpoint.model.key_variable or "the key"
        return EndpointError(
            f"the endpoint refuses the key ({status}): {said}", where=place, next_step=f"Check {variable}"
        )
    if status == 404:
        return EndpointError(
            f"the endpoint knows no {endpoint.model.model_id} or no such path: {said}",
            where=place,
            next_step="Check --model and --base-url",
        )
    if error.code == "insufficient_quota":
        return EndpointError(f"the account has no credit left: {said}", where=place)
    if "context" in said.lower() and status in (400, 413):
        return PaperFailed(f"too long for the model's context: {said}", attempts=sent)
    return PaperFailed(f"the endpoint answered {status}: {said}", attempts=sent)


def said_by(error: Exception, endpoint: Endpoint) -> str:
    """The endpoint's own words in an error of the client, at most 300 characters, without the key."""
    import openai

    text = _message(error) if isinstance(error, openai.APIStatusError) else str(error)
    return " ".join(text.replace(endpoint.api_key, "***").split())[:300]


def _message(error: "openai.APIStatusError") -> str:
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict) and isinstance(inner.get("message"), str):
            return str(inner["message"])
    text = error.response.text
    return _what(text.encode()) if text.lstrip().startswith("<") else text or error.message


def _what(raw: bytes) -> str:
    start = raw.lstrip()[:200].lower()
    if not start:
        return "nothing"
    return "an HTML page" if start.startswith((b"<!doctype", b"<html")) else "something else"
