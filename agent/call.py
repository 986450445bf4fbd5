"""One structured call: messages and an answer type in, an accepted answer out.

A wrong answer is told why and asked again. What an endpoint refuses of a request is learned once
(`adapting`), for all questions.

Knows no papers, cards or taxonomies.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from .adapting import Lesson, lesson_of, plainer, with_room_to_think
from .completion import Said, said_in, usage_of
from .errors import PapercardsError, PaperFailed
from .form import Form
from .refusals import Refused, error_of
from .request_body import Requests, told
from .spent import NOTHING, Spent
from .transport import Stale, Transport

MAX_REASKS = 2
"""A wrong answer is told why and asked again at most so often."""

_MOST_LESSONS = 12
"""More refusals than a request has parts: it will not be taken."""
_REFUSED_GENERATION = frozenset({"tool_use_failed", "json_validate_failed", "output_parse_failed"})
"""Groq checks the answer itself, and refuses a wrong one."""
_FEWEST_COUNTED = 500
_BYTES_PER_TOKEN = 8
"""Text of any language has fewer: a prompt that was counted at less was not read whole. Counts below
`_FEWEST_COUNTED` tokens are no context's size, but a count of something else."""
_CONTEXT_STEP = 1024
_USUAL_BYTES = 5.5
"""A count that is a context's size to the token was cut to it, if it is also low for English."""
_THINKING = ("<think", "<thought", "<reason", "<|channel|>", "<|start|>")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, over all calls of one question."""

    text: str
    """The last answer, raw."""
    wrong: str | None
    """Why the last answer is still wrong; None: it is accepted."""
    model: str
    finish_reason: str
    seconds: float
    requests: int
    """All requests, those that were tried again included."""
    spent: Spent
    """What all requests took."""
    logprobs: tuple[tuple[tuple[str, float], ...], ...]
    form: Form
    """How it was asked in the end."""
    error: str = ""
    """The endpoint's words where it broke the last answer off."""


class Caller:
    """Asks one model structured questions through a transport."""

    def __init__(
        self,
        transport: Transport,
        form: Form | None = None,
        *,
        learned: Callable[[Lesson], None] = lambda lesson: None,
    ) -> None:
        """`form` None: what fits the model. `learned` is told of each change that the endpoint asks for."""
        self._transport = transport
        self.form = form or replace(
            Form.of(transport.endpoint.model, {}), answer_tokens=transport.endpoint.max_tokens
        )
        """How questions are asked now."""
        self._learned = learned
        self._own_limit = self.form.most_tokens
        self._lessons = 0
        self._answered = False
        self._requests = Requests()

    async def ask(
        self,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
        check: Callable[[str], str | None],
    ) -> Reply:
        """Ask until `check` of the raw answer is None, at most `1 + MAX_REASKS` times.

        `prefix` are the messages that are the same for all, `last` is the text of the user's last one.
        Raises PaperFailed for this question alone, EndpointError where no question would be answered,
        BudgetSpent where it may cost more than is left.
        """
        spent, seconds, wrongs, requests = NOTHING, 0.0, 0, 0
        more: list[dict[str, Any]] = []
        while True:
            form = self.form
            body = (
                self._requests.again(form, kind, prefix, last, more)
                if more
                else self.body(kind, prefix, last)
            )
            try:
                sent = await self._transport.send(
                    body,
                    form.answer_tokens,
                    is_lesson=partial(self._is_lesson, form),
                    is_stale=partial(self._is_stale, form),
                )
                requests += sent.requests
                seconds += sent.seconds
                spent += sent.spent
                self._answered = True
                said = said_in(sent.completion)
                self._check_read_whole(sent.completion, prefix, last)
                if said.ending == "length" and said.text and check(said.text) is None:
                    said = replace(said, ending="done")  # whole, whatever was still to come
                elif self._must_think(said, sent.completion, form):
                    self._learn(with_room_to_think(form), form)
                    continue
                reply = self._reply(said, sent.completion, form)
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
                    reply = self._refused_generation(refusal, form)
                elif refusal.final and self._lessons < _MOST_LESSONS:
                    self._learn(self._lesson(refusal, form), form)
                    continue
                else:
                    raise
            wrong = check(reply.text)
            wrongs += 1
            if wrong is None:
                break
            if wrongs > MAX_REASKS:
                if reply.error:
                    raise _broken_off(reply.error, requests, spent)
                break
            more += told(reply.text, wrong)
        return replace(
            reply, wrong=wrong, seconds=round(seconds, 3), requests=requests, spent=spent, form=form
        )

    def reply(self, completion: dict[str, Any]) -> Reply:
        """One completion as a reply that nobody has checked yet; how it got here does not matter.

        Raises PaperFailed where the model refused or was cut off.
        """
        return self._reply(said_in(completion), completion, self.form)

    def spent_on(self, completion: dict[str, Any]) -> Spent:
        """What one completion took, as far as it says so."""
        return self._transport.spent_on(completion)

    def body(self, kind: type[BaseModel], prefix: Sequence[Mapping[str, object]], last: str) -> bytes:
        """The request as JSON."""
        return self._requests.first(self.form, kind, prefix, last)

    def stop(self) -> None:
        """Send nothing any more."""
        self._transport.stop()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _reply(self, said: Said, completion: Mapping[str, Any], form: Form) -> Reply:
        if said.refusal:
            raise PaperFailed(f"the model refused to answer: {said.refusal}")
        if said.ending == "filtered":
            raise PaperFailed("the endpoint's content filter held the answer back")
        if said.ending == "length":
            thought = ", used up by its thinking" if _thinks(said, completion) else ""
            limited = form.most_tokens is not None and self._own_limit != form.most_tokens
            raise PaperFailed(
                f"the answer was cut off after {form.answer_tokens:,} tokens{thought}",
                next_step="The endpoint allows no more: let it think less with --reasoning-effort"
                if limited
                else "Allow more with --answer-tokens",
                alike="cut off",
            )
        if not said.text and said.error:
            raise _broken_off(said.error)
        if not said.text and not said.finish_reason:
            raise PaperFailed("the endpoint answered, but with no text", alike="empty")
        return Reply(
            text=said.text,
            wrong=None,
            model=said.model or form.model_id,
            finish_reason=said.finish_reason,
            seconds=0.0,
            requests=1,
            spent=self._transport.spent_on(dict(completion)),
            logprobs=said.logprobs,
            form=form,
            error=said.error,
        )

    def _refused_generation(self, refusal: Refused, form: Form) -> Reply:
        """A generation that the endpoint itself judged wrong: it may be right when unwrapped."""
        text = error_of(refusal.body).get("failed_generation")
        return Reply(
            text=text if isinstance(text, str) else "",
            wrong=None,
            model=form.model_id,
            finish_reason=refusal.code,
            seconds=0.0,
            requests=1,
            spent=NOTHING,
            logprobs=(),
            form=form,
        )

    def _must_think(self, said: Said, completion: Mapping[str, Any], form: Form) -> bool:
        """Whether thinking used up the tokens of an answer that may have more."""
        return said.ending == "length" and _thinks(said, completion) and with_room_to_think(form) is not None

    def _check_read_whole(
        self, completion: Mapping[str, Any], prefix: Sequence[Mapping[str, object]], last: str
    ) -> None:
        """Raises PaperFailed where the endpoint's count says that it cut the prompt to its context."""
        used = usage_of(completion)
        if used is None or used.prompt < _FEWEST_COUNTED:
            return
        sent = len(last.encode()) + sum(len(str(message["content"]).encode()) for message in prefix)
        full = used.prompt % _CONTEXT_STEP in (0, _CONTEXT_STEP - 1) and used.prompt < sent / _USUAL_BYTES
        if full or used.prompt < sent / _BYTES_PER_TOKEN:
            raise PaperFailed(
                f"the endpoint read only {used.prompt:,} tokens of a prompt of about {sent // 4:,}",
                next_step="Raise its context (Ollama: OLLAMA_CONTEXT_LENGTH, or num_ctx in a Modelfile), "
                "or read fewer --sections",
                alike="cut prompt",
            )

    def _is_stale(self, form: Form) -> bool:
        return form is not self.form

    def _is_lesson(self, form: Form, refusal: Refused) -> bool:
        return self._lesson(refusal, form) is not None

    def _lesson(self, refusal: Refused, form: Form) -> Lesson | None:
        endpoint = self._transport.endpoint
        full_name = endpoint.model.name if endpoint.own_address else form.model_id
        lesson = lesson_of(refusal, form, full_name)
        return plainer(refusal, form) if lesson is None and not self._answered else lesson

    def _learn(self, lesson: Lesson | None, form: Form) -> None:
        """Ask differently from now on; whoever was refused at the same time has learned the same."""
        if lesson is None or form != self.form:
            return
        self._lessons += 1
        self.form = lesson.form
        self._learned(lesson)


def _broken_off(said: str, requests: int = 0, spent: Spent = NOTHING) -> PaperFailed:
    return PaperFailed(
        f"the endpoint broke the answer off: {said}", attempts=requests, spent=spent, alike="broken off"
    )


def _thinks(said: Said, completion: Mapping[str, Any]) -> bool:
    """Whether an answer that was cut off had not come further than its thinking."""
    used = usage_of(completion)
    text = said.text.lstrip("\ufeff \r\n")
    # Where a template opens the thinking, its tag is not in the text: what does not begin as JSON thinks.
    begun = text.startswith(("{", "[", '"', "```", "Here"))
    return said.thought or text.lower().startswith(_THINKING) or not begun or bool(used and used.reasoning)
