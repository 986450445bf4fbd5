"""Sends requests to several endpoints that serve the same model: replicas, with weights and health.

Each request goes to a replica that may take it now, by weight; where none may, it waits for the first that
may. A request that fails goes to the next replica at once; only when all have failed it waits, as with a
single endpoint. A replica that cannot serve anyone, or fails several times in a row, is left out for some
seconds, then tried with a single request.

What one refuses of a request's form counts only if all refuse it: replicas are the same, and one that is not
is left out.

Knows no papers, prompts or schemas.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import EndpointError, PapercardsError, PaperFailed, Stopped
from ..spent import NOTHING, Spent
from ..text.wording import counted
from .catalogue import same_model
from .endpoint import Endpoint
from .endpoint_errors import TooSlow, Unreadable
from .refusals import Refused
from .retrying import RetryPolicy, is_transient
from .transport import MOST_EXCUSED, Outgoing, Sent, Transport, Tries, persist

_STRIKES = 3
"""Failures in a row after which a replica is left out."""
_FIRST_REST_S, _LONGEST_REST_S = 5.0, 300.0
"""Seconds for which a replica is left out; doubled each time until it answers."""
_ABSENT = frozenset({404, 405, 501})
"""Statuses of an unknown path, which may be a form of requests that is tried first."""
_LOOK_S = 1.0
"""Seconds after which a waiting request looks again, if nothing happened."""


@dataclass(slots=True)
class Share:
    """What one endpoint did in a run."""

    url: str
    """Address without secrets."""
    weight: float
    requests: int = 0
    answers: int = 0
    spent: Spent = NOTHING
    left_out: str = ""
    """Why it is left out at the moment; empty if it is not."""

    def __str__(self) -> str:
        """`http://gpu1:8000/v1 (weight 3): 75 answers to 76 requests`, and why it is left out."""
        out = f"; left out: {self.left_out}" if self.left_out else ""
        answers = f"{counted(self.answers, 'answer')} to {counted(self.requests, 'request')}"
        return f"{self.url} (weight {self.weight:g}): {answers}{out}"


@dataclass(eq=False, slots=True)
class _Replica:
    """One endpoint of a pool."""

    transport: Transport
    share: Share
    turns: float = 0.0
    """Requests that it got, divided by its weight."""
    strikes: int = 0
    dead: bool = False
    """Whether it is left out because it can serve nobody, and not because requests failed."""
    rest_s: float = 0.0
    since: float = 0.0
    until: float = 0.0
    """Time since which, and until which, it is left out."""
    answers_as: str = ""
    """The model that it says it is."""

    def serves(self, now: float) -> bool:
        """Whether it is not left out; one that was, gets a single request at first."""
        return not self.share.left_out or (now >= self.until and self.transport.limiter.busy == 0)


class Pool:
    """The replicas of one model, as one sender."""

    def __init__(
        self,
        replicas: Sequence[tuple[Transport, Share]],
        policy: RetryPolicy | None = None,
        *,
        say: Callable[[str], None] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`say` receives a sentence when a replica is left out, and when it answers again."""
        self._replicas = [_Replica(transport, share) for transport, share in replicas]
        for one in self._replicas:  # one that hangs has no answers to judge by
            one.transport.patience = self._replicas[0].transport.patience
        self._policy = policy or RetryPolicy()
        self._say = say
        self._clock = clock
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._count = 0
        self._stopped = False
        self._answered_at: float | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The first replica's; their models are the same."""
        return self._replicas[0].transport.endpoint

    async def send(self, asked: Outgoing) -> Sent:
        """Send a request until a replica answers it; errors as of `Transport.send`.

        Raises EndpointError that names each replica with its reason if none can serve anyone.
        """
        import openai

        tries = Tries()
        failed: dict[_Replica, Exception] = {}

        async def anywhere() -> dict[str, Any]:
            failed.clear()
            while (one := await self._choose(failed, tries, begun=asked.begun)) is not None:
                sent_at, before, so_far = self._clock(), tries.requests, tries.spent
                tries.spent = NOTHING
                one.turns += 1 / one.share.weight
                try:
                    completion = await one.transport.once(asked, tries)
                except (openai.OpenAIError, Refused, TooSlow, Unreadable, EndpointError) as error:
                    if isinstance(error, Refused):
                        error.final = asked.is_lesson(error)
                        if not error.final and (error.moderated or error.too_long):
                            failed[one] = error
                            raise  # it is this text, wherever it goes
                    if not self._excused(one, error, tries):
                        failed[one] = error
                else:
                    self._answered(one, completion, sent_at)
                    for other, why in failed.items():
                        if isinstance(why, Refused) and not is_transient(why):
                            self._strike(other, other.transport.explained(why, tries.requests))
                    return completion
                finally:
                    one.share.requests += tries.requests - before
                    one.share.spent += tries.spent
                    tries.spent += so_far
                    self._wake(2)  # the window may have grown
            raise max(failed.values(), key=lambda error: (is_transient(error), isinstance(error, Refused)))

        def explained(error: Exception) -> PapercardsError:
            one = next((one for one, why in failed.items() if why is error), None)
            if one is not None and (told := self._told(failed, tries.requests)) is not None:
                return told
            return (one or self._replicas[0]).transport.explained(error, tries.requests)

        limiter = self._replicas[0].transport.limiter
        answered = self._answered_at is not None
        return await persist(anywhere, tries, self._policy, limiter, explained, answered=answered)

    def spent_on(self, completion: dict[str, Any]) -> Spent:
        """Tokens and cost of one completion, as far as it reports them."""
        return self._replicas[0].transport.spent_on(completion)

    def stop(self) -> None:
        """Send no more requests: those in flight may be answered, the rest raises Stopped."""
        self._stopped = True
        for one in self._replicas:
            one.transport.stop()
        self._wake(len(self._waiting))

    async def close(self) -> None:
        """Close the connections."""
        for one in self._replicas:
            await one.transport.close()

    def _told(self, failed: Mapping[_Replica, Exception], sent: int) -> EndpointError | None:
        """The error that names each replica with its reason, if none can serve anyone."""
        reasons = []
        for one in self._replicas:
            reason = one.share.left_out if one.dead else ""
            if not reason and one in failed:
                told = one.transport.explained(failed[one], sent)
                reason = told.message if isinstance(told, EndpointError) else ""
            if not reason:
                return None
            reasons.append(f"{one.share.url}: {reason}")
        return EndpointError(
            f"none of them can be used: {'; '.join(reasons)}",
            where=f"{len(reasons)} endpoints",
            next_step="Check --base-url or [[pool]]; the same command continues from here",
        )

    async def _choose(
        self, failed: dict[_Replica, Exception], tries: Tries, *, begun: bool
    ) -> _Replica | None:
        """The replica for a request, as soon as one may take it; None if all that are left have failed.

        Raises EndpointError if no replica can serve anyone, and none answered for some time.
        """
        begin = self._clock()
        self._count += 1
        place = -self._count if begun else self._count
        while True:
            if self._stopped:
                raise Stopped
            now = self._clock()
            serving = [one for one in self._replicas if one.serves(now)]
            left = [one for one in serving if one not in failed]
            if failed and not left:
                return None
            silent = self._answered_at is None or now - self._answered_at > self._policy.deadline_s
            if not serving and silent and (told := self._told({}, 0)) is not None:
                raise told
            waits = {one: one.transport.limiter.wait_s() for one in left}
            if free := [one for one in left if waits[one] <= 0]:
                tries.excused_s += now - begin
                return min(free, key=lambda one: (_is_crowded(one, serving), one.turns))
            await self._turn(place, min([_LOOK_S, *waits.values()]))

    async def _turn(self, place: int, seconds: float) -> None:
        """Wait until a request has ended, those with the lowest numbers first, or for some seconds."""
        turn = self._waiting[place] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await turn
        except TimeoutError:
            pass
        finally:
            del self._waiting[place]

    def _wake(self, count: int) -> None:
        for place in sorted(self._waiting):
            if count and not self._waiting[place].done():
                self._waiting[place].set_result(None)
                count -= 1

    def _answered(self, one: _Replica, completion: dict[str, Any], sent_at: float) -> None:
        """Record an answer. Raises EndpointError if it is another model's than those of the others."""
        self._answered_at = self._clock()
        one.share.answers += 1
        one.strikes = 0
        if one.share.left_out and sent_at > one.since:
            one.share.left_out, one.rest_s, one.dead = "", 0.0, False
            one.turns = max(other.turns for other in self._replicas)  # what it missed is not made up for
            self._say(f"{one.share.url} answers again")
        one.answers_as = one.answers_as or str(completion.get("model") or "")
        for other in self._replicas:
            if other.answers_as and one.answers_as and not same_model(one.answers_as, other.answers_as):
                raise EndpointError(
                    f"different models in one pool: {one.share.url} answers as {one.answers_as[:100]}, "
                    f"{other.share.url} as {other.answers_as[:100]}",
                    where="pool",
                    next_step="Leave one out; answers of a pool are cached as those of one model",
                )

    def _excused(self, one: _Replica, error: Exception, tries: Tries) -> bool:
        """Whether a replica only asked to wait; if not, that counts against it."""
        if isinstance(error, Refused) and error.may_pass:
            try:
                asked = one.transport.asked_wait_s(error)
            except EndpointError as too_long:
                self._leave_out(one, too_long)
                return False
            if asked is not None and tries.excused < MOST_EXCUSED:
                tries.excused += 1
                one.transport.hold(max(asked, self._policy.first_wait_s), error)
                return True
            if error.status == 429:
                return False
        told = one.transport.explained(error, tries.requests)
        # A refusal of this request, or of its path, counts only if another takes it.
        mild = not isinstance(told, EndpointError) or (isinstance(error, Refused) and error.status in _ABSENT)
        if not (isinstance(error, Refused) and mild) or is_transient(error):
            self._strike(one, told)
        return False

    def _strike(self, one: _Replica, told: PapercardsError) -> None:
        one.strikes += 1
        if isinstance(told, EndpointError) or one.strikes >= _STRIKES or _is_gone(told):
            self._leave_out(one, told)

    def _leave_out(self, one: _Replica, why: PapercardsError) -> None:
        now = self._clock()
        if one.share.left_out and now < one.until:
            return  # another request found out before
        one.rest_s = min(2 * one.rest_s or _FIRST_REST_S, _LONGEST_REST_S)
        one.since, one.until = now, now + one.rest_s
        one.dead = isinstance(why, EndpointError) or _is_gone(why)
        if not one.share.left_out:
            self._say(f"{one.share.url} is left out and tried again later: {why.message}")
        one.share.left_out = why.message


def _is_crowded(one: _Replica, serving: Sequence[_Replica]) -> bool:
    """Whether it has more than its share of the requests in flight, as a slow one soon has."""
    busy = 1 + sum(other.transport.limiter.busy for other in serving)
    whole = sum(other.share.weight for other in serving)
    return one.transport.limiter.busy >= math.ceil(busy * one.share.weight / whole)


def _is_gone(told: PapercardsError) -> bool:
    return isinstance(told, PaperFailed) and told.alike == "gone"


Sender = Transport | Pool
"""What sends requests for a model."""
