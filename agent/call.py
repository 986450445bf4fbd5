"""One structured call: messages and an answer type in, an accepted answer out.

instructor turns the answer type into what the endpoint enforces (a JSON schema or a tool); it is used through
its handlers, since its patched `create` builds a new class and schema on each call and renders paper text as
a Jinja template. What is the same for all papers is laid out as bytes once; a paper adds its last message.
What an endpoint refuses of that is learned once (`adapting`), for all questions.

Knows no papers, cards or taxonomies.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from .adapting import Lesson, lesson_of, with_room_to_think
from .completion import Said, said_in, usage_of
from .errors import PapercardsError, PaperFailed
from .form import Form
from .refusals import Refused, error_of
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
        self.form = form or Form.of(
            transport.endpoint.model, {"answer_tokens": transport.endpoint.max_tokens}
        )
        """How questions are asked now."""
        self._learned = learned
        self._lessons = 0
        self._forms: dict[tuple[str, type[BaseModel]], dict[str, Any]] = {}
        self._frames: dict[type[BaseModel], tuple[Form, Sequence[Mapping[str, object]], bytes, bytes]] = {}

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
            body = self.body(kind, prefix, last) if not more else self._again(kind, prefix, last, more)
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
                said = said_in(sent.completion)
                if self._must_think(said, sent.completion):
                    self._learn(with_room_to_think(form), form)
                    continue
                self._check_read_whole(sent.completion, prefix, last)
                reply = self._reply(said, sent.completion)
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
                    reply = self._refused_generation(refusal)
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
            more += _told(reply.text, wrong)
        return replace(
            reply, wrong=wrong, seconds=round(seconds, 3), requests=requests, spent=spent, form=form
        )

    def reply(self, completion: dict[str, Any]) -> Reply:
        """One completion as a reply that nobody has checked yet; how it got here does not matter.

        Raises PaperFailed where the model refused or was cut off.
        """
        return self._reply(said_in(completion), completion)

    def spent_on(self, completion: dict[str, Any]) -> Spent:
        """What one completion took, as far as it says so."""
        return self._transport.spent_on(completion)

    def body(self, kind: type[BaseModel], prefix: Sequence[Mapping[str, object]], last: str) -> bytes:
        """The request as JSON."""
        frame = self._frames.get(kind)
        if frame is None or frame[0] is not self.form or frame[1] is not prefix:
            # With the messages last, all that follows a paper's text is `_AFTER`.
            whole = _bytes(self._body(kind, prefix, _HERE, []))
            before, after = whole.split(_bytes(_HERE)[1:-1])
            self._frames[kind] = frame = (self.form, prefix, before, after)
        return frame[2] + _bytes(last)[1:-1] + frame[3]

    def stop(self) -> None:
        """Send nothing any more."""
        self._transport.stop()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _again(
        self,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
        more: list[dict[str, Any]],
    ) -> bytes:
        return _bytes(self._body(kind, prefix, last, more))

    def _body(
        self,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
        more: list[dict[str, Any]],
    ) -> dict[str, Any]:
        form = self.form
        messages: list[dict[str, Any]] = [dict(message) for message in prefix]
        if form.mode in ("json_object", "text"):
            schema = json.dumps(kind.model_json_schema(), ensure_ascii=False)
            _say_first(messages, f"{_BY_WORDS}{schema}")
        messages.append({"role": "user", "content": last})
        if not form.system_role and messages[0].get("role") == "system":
            rules = messages.pop(0)["content"]
            messages[0] = {"role": "user", "content": f"{rules}\n\n{messages[0]['content']}"}
        return {**self._form(kind), "messages": [*messages, *more]}

    def _form(self, kind: type[BaseModel]) -> dict[str, Any]:
        """The request for an answer type, messages aside; built once."""
        form = self.form
        key = (form.to_json(), kind)
        if key not in self._forms:
            asked = _enforced(form, kind)
            asked["model"] = form.model_id
            if form.temperature is not None:
                # Written as a whole number where it is one, as it always was.
                asked["temperature"] = int(form.temperature) if form.temperature == 0 else form.temperature
            asked[form.tokens_name] = form.answer_tokens
            if form.reasoning_effort is not None:
                asked["reasoning_effort"] = form.reasoning_effort
            self._forms[key] = asked | dict(form.extra_body)
        return self._forms[key]

    def _reply(self, said: Said, completion: Mapping[str, Any]) -> Reply:
        if said.refusal:
            raise PaperFailed(f"the model refused to answer: {said.refusal}")
        if said.ending == "filtered":
            raise PaperFailed("the endpoint's content filter held the answer back")
        if said.ending == "length":
            tokens = self.form.answer_tokens
            thought = ", used up by its thinking" if said.thought else ""
            raise PaperFailed(
                f"the answer was cut off after {tokens:,} tokens{thought}",
                next_step="Allow more with --answer-tokens",
                alike="cut off",
            )
        if not said.text and said.error:
            raise _broken_off(said.error)
        if not said.text:
            raise PaperFailed("the endpoint answered, but with no text", alike="empty")
        return Reply(
            text=said.text,
            wrong=None,
            model=said.model or self.form.model_id,
            finish_reason=said.finish_reason,
            seconds=0.0,
            requests=1,
            spent=self._transport.spent_on(dict(completion)),
            logprobs=said.logprobs,
            form=self.form,
            error=said.error,
        )

    def _refused_generation(self, refusal: Refused) -> Reply:
        """A generation that the endpoint itself judged wrong: it may be right when unwrapped."""
        text = error_of(refusal.body).get("failed_generation")
        return Reply(
            text=text if isinstance(text, str) else "",
            wrong=None,
            model=self.form.model_id,
            finish_reason=refusal.code,
            seconds=0.0,
            requests=1,
            spent=NOTHING,
            logprobs=(),
            form=self.form,
        )

    def _must_think(self, said: Said, completion: Mapping[str, Any]) -> bool:
        """Whether thinking used up the tokens of an answer that may have more."""
        if said.ending != "length" or with_room_to_think(self.form) is None:
            return False
        used = usage_of(completion)
        opened = said.text.lstrip()[:40].lower().startswith(("<think", "<thought", "<reason", "<|channel|>"))
        return said.thought or not said.text or opened or bool(used and used.reasoning)

    def _check_read_whole(
        self, completion: Mapping[str, Any], prefix: Sequence[Mapping[str, object]], last: str
    ) -> None:
        """Raises PaperFailed where the endpoint's count says that it cut the prompt to its context."""
        used = usage_of(completion)
        if used is None or used.prompt < _FEWEST_COUNTED:
            return
        sent = len(last.encode()) + sum(len(str(message["content"]).encode()) for message in prefix)
        if used.prompt < sent / _BYTES_PER_TOKEN:
            raise PaperFailed(
                f"the endpoint read only {used.prompt:,} tokens of a prompt of about {sent // 4:,}",
                next_step="Raise its context (Ollama: OLLAMA_CONTEXT_LENGTH), or read fewer --sections",
                alike="cut prompt",
            )

    def _is_stale(self, form: Form) -> bool:
        return form is not self.form

    def _is_lesson(self, form: Form, refusal: Refused) -> bool:
        return self._lesson(refusal, form) is not None

    def _lesson(self, refusal: Refused, form: Form) -> Lesson | None:
        endpoint = self._transport.endpoint
        return lesson_of(refusal, form, endpoint.model.name if endpoint.own_address else form.model_id)

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


_HERE = "\x00here\x00"
"""Stands for a paper's text while a request is laid out; no text of a paper holds it."""
_BY_WORDS = "\n\nAnswer with one JSON object that fits this JSON schema, and with nothing else:\n"


def _say_first(messages: list[dict[str, Any]], words: str) -> None:
    """Add words to the instructions."""
    if messages and messages[0].get("role") == "system":
        messages[0] = {**messages[0], "content": f"{messages[0]['content']}{words}"}
    else:
        messages.insert(0, {"role": "system", "content": words.strip()})


def _enforced(form: Form, kind: type[BaseModel]) -> dict[str, Any]:
    """The part of a request that holds the answer to its schema."""
    if form.mode == "text":
        return {}
    if form.mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    from instructor import Mode
    from instructor.v2.core.providers import Provider
    from instructor.v2.core.registry import mode_registry

    mode = Mode.JSON_SCHEMA if form.mode == "json_schema" else Mode.TOOLS
    handlers = mode_registry.get_handlers(Provider.OPENAI, mode)
    _, asked = handlers.request_handler(response_model=kind, kwargs={"messages": []})
    if "response_format" in asked and form.strict:
        # Without `strict` OpenAI treats the schema as a hint.
        asked["response_format"]["json_schema"]["strict"] = True
    elif not form.strict:
        asked["response_format"]["json_schema"].pop("strict", None)
    if form.mode == "tools" and not form.force_tool:
        asked["tool_choice"] = "auto"
    del asked["messages"]
    return dict(asked)


def _told(text: str, wrong: str) -> list[dict[str, Any]]:
    """A wrong answer and what is wrong with it, as every endpoint takes them: text, no calls of tools."""
    return [
        {"role": "assistant", "content": text or "(no answer)"},
        {
            "role": "user",
            "content": f"That answer is wrong:\n{wrong}\nAnswer again, whole and corrected, in that form.",
        },
    ]


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
