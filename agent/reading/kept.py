"""Answers to the requests of a paper where there are several, each kept in the cache by itself.

Knows answers. Knows no questions and no papers.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..errors import PaperFailed
from ..model.ask_once import AskOnce
from ..model.cache import Answer, Cache, Parts, key_of
from ..spent import NOTHING, Spent


@dataclass(slots=True)
class Bill:
    """The answers behind a card, and what they cost in this run."""

    answers: list[Answer] = field(default_factory=list)
    spent: Spent = NOTHING


@dataclass(frozen=True, slots=True)
class Named:
    """What a paper is called: where it stands, for errors, and the names that are kept beside its answers."""

    where: str
    names: Mapping[str, str]


class Answers:
    """The cache, and the requests that are in flight."""

    def __init__(self, cache: Cache | None, *, offline: bool) -> None:
        self._cache = cache
        self._offline = offline
        self._once: AskOnce[Answer] = AskOnce(cache.in_flight() if cache is not None else None)

    def found(self, parts: Parts, good: Callable[[Answer], bool]) -> Answer | None:
        """The answer in the cache; a row that somebody changed is a miss."""
        answer = self._cache.get(parts) if self._cache is not None else None
        return answer if answer is not None and good(answer) else None

    async def get(
        self,
        parts: Parts,
        good: Callable[[Answer], bool],
        ask: Callable[[], Awaitable[Answer]],
        paper: Named,
        bill: Bill,
        others: Sequence[Parts] = (),
    ) -> Answer:
        """The answer to one request about a paper, which is put on the bill.

        An answer to one of the `others` does as well. Raises PaperFailed where nothing may be asked, and
        what `ask` raises.
        """

        def look_up() -> Answer | None:
            rows = (self.found(one, good) for one in (parts, *others))
            return next((row for row in rows if row is not None), None)

        if (found := look_up()) is not None:
            bill.answers.append(found)
            return found
        if self._offline:
            raise not_kept(paper.where)

        async def fresh() -> Answer:
            answer = await ask()
            await self.keep(parts, answer, paper.names)
            return answer

        try:
            answer, ours = await self._once.get(key_of(parts), look_up, fresh)
        except PaperFailed as error:
            error.where = error.where or paper.where
            raise
        bill.answers.append(answer)
        bill.spent += spent_on(answer) if ours else NOTHING
        return answer

    async def keep(self, parts: Parts, answer: Answer, names: Mapping[str, str]) -> None:
        """Put an answer into the cache, if there is one."""
        if self._cache is not None:
            await self._cache.keep(parts, answer, names)

    def close(self) -> None:
        """Release all requests for other processes."""
        self._once.close()


def not_kept(where: str) -> PaperFailed:
    """The error for a paper without an answer in the cache, where nothing may be asked."""
    return PaperFailed("no answer in the cache", where=where, next_step="Run without --offline")


def answered(text: str, model: str, spent: Spent, seconds: float, **more: Any) -> Answer:
    """An answer that has come now; `more` are further fields of it."""
    fields = {
        "finish_reason": "stop",
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "reasked": spent.calls - 1,
        **more,
    }
    return Answer(
        text=text,
        model=model,
        seconds=seconds,
        calls=spent.calls,
        prompt_tokens=spent.prompt_tokens,
        cached_prompt_tokens=spent.cached_prompt_tokens,
        completion_tokens=spent.completion_tokens,
        cost_usd=spent.cost_usd,
        **fields,
    )


def spent_on(answer: Answer) -> Spent:
    """The cost of an answer."""
    known = answer.cost_usd
    return Spent(
        answer.calls,
        answer.prompt_tokens,
        answer.cached_prompt_tokens,
        answer.completion_tokens,
        known or 0.0,
        unpriced=int(known is None),
    )


def together(answers: Sequence[Answer]) -> Answer:
    """The answers as one, for the card's provenance."""
    if not answers:
        return NO_ANSWER
    costs = [answer.cost_usd for answer in answers]
    return replace(
        answers[0],
        created=max(answer.created for answer in answers),
        seconds=round(sum(answer.seconds for answer in answers), 3),
        calls=sum(answer.calls for answer in answers),
        reasked=sum(answer.reasked for answer in answers),
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        cached_prompt_tokens=sum(answer.cached_prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def free(answer: Answer) -> Answer:
    """The answer at no cost, since another row has its cost already."""
    return replace(NO_ANSWER, model=answer.model, created=answer.created)


NO_ANSWER = Answer("", "", "stop", "", 0.0, 0, 0, 0, 0, cost_usd=0.0)
"""What stands for answers where nothing was asked."""
