"""Makes one structured call: messages and an answer type in, an accepted answer out.

After an invalid answer the model is asked again, with the reasons. What an endpoint refuses in a request is
learned once (`adapting`), for all papers.

Knows no papers, cards or taxonomies.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from pydantic import BaseModel

from ..errors import PapercardsError, PaperFailed
from ..spent import NOTHING, Spent
from .adapting import Lesson, lesson_of, plainer, with_room_to_think
from .completion import Said, said_in
from .cut_short import check_read_whole, thinks
from .form import Form
from .pool import Sender
from .refusals import Refused
from .reply import Reply, broken_off, refused_generation, reply_of
from .request_body import Requests, told
from .transport import Outgoing, Stale

MAX_REASKS = 2
"""Maximum number of re-asks after an invalid answer, each with the reasons."""

_MOST_LESSONS = 12
"""Maximum number of refusals; there are fewer parts of a request that could be changed."""
_REFUSED_GENERATION = frozenset({"tool_use_failed", "json_validate_failed", "output_parse_failed"})
"""Error codes of Groq, which checks answers itself and refuses invalid ones."""


class _Guess(NamedTuple):
    """The result of trying plainer requests."""

    useful: bool
    """Whether it is worth trying again."""
    requests: int
    spent: Spent


class Caller:
    """Asks one model structured questions through a transport."""

    def __init__(
        self,
        transport: Sender,
        form: Form | None = None,
        *,
        learned: Callable[[Lesson], None] = lambda lesson: None,
    ) -> None:
        """`form` defaults to that of the model. `learned` is called for each change of it."""
        self._transport = transport
        self.form = form or replace(
            Form.of(transport.endpoint.model, {}), answer_tokens=transport.endpoint.max_tokens
        )
        """The current form of requests."""
        self._learned = learned
        self._own_limit = self.form.most_tokens
        self._lessons = 0
        self._answered = False
        self._guessing = asyncio.Lock()
        self._guessed = False
        """Whether plainer requests were tried without success."""
        self._requests = Requests()

    async def ask(
        self,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
        check: Callable[[str], str | None],
    ) -> Reply:
        """Ask until `check` of the raw answer is None, at most `1 + MAX_REASKS` times.

        `prefix` are the messages shared by all papers, `last` is the text of the last user message. `check`
        returns None for a valid answer, else the reason. Raises PaperFailed for this paper only,
        EndpointError if no request would be answered, BudgetSpent if it could cost more than is left.
        """
        spent, seconds, wrongs, requests = NOTHING, 0.0, 0, 0
        more: list[dict[str, Any]] = []
        while True:
            if self._guessing.locked():
                async with self._guessing:  # what is found out there is worth waiting for
                    pass
            form = self.form
            body = (
                self._requests.again(form, kind, prefix, last, more)
                if more
                else self.body(kind, prefix, last)
            )
            try:
                is_lesson, is_stale = partial(self._is_lesson, form), partial(self._is_stale, form)
                asked = Outgoing(body, form.answer_tokens, is_lesson, is_stale, requests > 0)
                sent = await self._transport.send(asked)
                requests += sent.requests
                seconds += sent.seconds
                spent += sent.spent
                self._answered = True
                said = said_in(sent.completion)
                check_read_whole(sent.completion, prefix, last)
                if said.ending == "length" and said.text and check(said.text) is None:
                    said = replace(said, ending="done")  # whole, whatever was still to come
                elif self._must_think(said, sent.completion, form):
                    self._learn(with_room_to_think(form), form)
                    continue
                reply = self._reply(said, sent.completion, form, sent.spent)
            except Stale:
                continue
            except PapercardsError as error:
                spent += error.spent or NOTHING
                error.spent = spent
                if not isinstance(error, PaperFailed):
                    raise
                requests += error.attempts
                error.attempts = requests
                refusal = error.__cause__
                if not isinstance(refusal, Refused):
                    raise
                if refusal.code in _REFUSED_GENERATION and wrongs <= MAX_REASKS:
                    reply = refused_generation(refusal, form)
                elif refusal.final and self._lessons < _MOST_LESSONS:
                    if (lesson := self._lesson(refusal, form)) is not None:
                        self._learn(lesson, form)
                        continue
                    guess = await self._guess(refusal, form, kind, prefix, last)
                    requests += guess.requests
                    spent += guess.spent
                    error.attempts, error.spent = requests, spent
                    if guess.useful:
                        continue
                    raise
                else:
                    raise
            wrong = check(reply.text)
            wrongs += 1
            if wrong is None:
                break
            if wrongs > MAX_REASKS:
                if reply.error:
                    raise broken_off(reply.error, requests, spent)
                break
            more += told(reply.text, wrong)
        return replace(
            reply, wrong=wrong, seconds=round(seconds, 3), requests=requests, spent=spent, form=form
        )

    def reply(self, completion: dict[str, Any]) -> Reply:
        """A completion, from a live call or a batch, as an unchecked reply.

        Raises PaperFailed if the model refused or was cut off.
        """
        return self._reply(said_in(completion), completion, self.form, self.spent_on(completion))

    def spent_on(self, completion: dict[str, Any]) -> Spent:
        """Tokens and cost of one completion, as far as it reports them."""
        return self._transport.spent_on(completion)

    def body(self, kind: type[BaseModel], prefix: Sequence[Mapping[str, object]], last: str) -> bytes:
        """The request as JSON."""
        return self._requests.first(self.form, kind, prefix, last)

    def stop(self) -> None:
        """Send no more requests."""
        self._transport.stop()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _reply(self, said: Said, completion: dict[str, Any], form: Form, spent: Spent) -> Reply:
        limited = form.most_tokens is not None and form.most_tokens != self._own_limit
        return reply_of(said, completion, form, spent, limited=limited)

    def _must_think(self, said: Said, completion: Mapping[str, Any], form: Form) -> bool:
        """Whether reasoning used up the tokens of an answer whose limit can be raised."""
        return said.ending == "length" and thinks(said, completion) and with_room_to_think(form) is not None

    def _is_stale(self, form: Form) -> bool:
        return form is not self.form or self._guessing.locked()

    def _is_lesson(self, form: Form, refusal: Refused) -> bool:
        if self._lesson(refusal, form) is not None:
            return True
        return not self._answered and not self._guessed and plainer(refusal, form) is not None

    def _lesson(self, refusal: Refused, form: Form) -> Lesson | None:
        endpoint = self._transport.endpoint
        full_name = endpoint.model.name if endpoint.own_address else form.model_id
        return lesson_of(refusal, form, full_name)

    async def _guess(
        self,
        refusal: Refused,
        form: Form,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
    ) -> _Guess:
        """After a refusal without a reason, send plainer and plainer requests until one is answered.

        One request does so for all, and its result counts only if no other one was answered meanwhile: the
        refusal may concern only this one.
        """
        requests, spent = 0, NOTHING
        async with self._guessing:
            if self._answered or form is not self.form:
                return _Guess(True, requests, spent)
            lessons: list[Lesson] = []
            trial, tried = form, refusal
            while not self._guessed and (lesson := plainer(tried, trial)) is not None:
                lessons.append(lesson)
                trial = lesson.form
                body = self._requests.first(trial, kind, prefix, last)
                try:
                    asked = Outgoing(body, trial.answer_tokens, partial(_leads_on, trial))
                    sent = await self._transport.send(asked)
                except PapercardsError as error:
                    spent += error.spent or NOTHING
                    error.spent = spent
                    if not isinstance(error, PaperFailed):
                        raise
                    requests += error.attempts
                    if not isinstance(error.__cause__, Refused):
                        break
                    tried = error.__cause__
                    continue
                requests += sent.requests
                spent += sent.spent
                if not self._answered:
                    self._answered = True
                    self.form = trial
                    for one in lessons:
                        self._learned(one)
                return _Guess(True, requests, spent)
            self._guessed = True
            return _Guess(False, requests, spent)

    def _learn(self, lesson: Lesson | None, form: Form) -> None:
        """Change the form of requests from now on, unless another request has done so already."""
        if lesson is None or form != self.form:
            return
        self._lessons += 1
        self.form = lesson.form
        self._learned(lesson)


def _leads_on(form: Form, refusal: Refused) -> bool:
    return plainer(refusal, form) is not None
