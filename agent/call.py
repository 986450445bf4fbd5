"""One structured call: messages and an answer type in, an accepted answer out.

instructor turns the answer type into the form that the endpoint enforces (a JSON schema or a tool) once a
run, and words the re-asking of a wrong answer; it is used through its handlers, since its patched `create`
builds a new class and schema on each call and renders paper text as a Jinja template. What is the same for
all papers is laid out as bytes once; a paper adds its last message.

Knows no papers, cards or taxonomies.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from .errors import PaperFailed
from .spent import NOTHING, Spent
from .transport import Transport

MAX_REASKS = 2
"""A wrong answer is told why and asked again at most so often."""


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


class Caller:
    """Asks one model structured questions through a transport."""

    def __init__(self, transport: Transport) -> None:
        from instructor import Mode
        from instructor.v2.core.providers import Provider
        from instructor.v2.core.registry import mode_registry

        self._transport = transport
        model = transport.endpoint.model
        mode = Mode.JSON_SCHEMA if model.mode == "json_schema" else Mode.TOOLS
        self._handlers = mode_registry.get_handlers(Provider.OPENAI, mode)
        self._forms: dict[type[BaseModel], dict[str, Any]] = {}
        self._frames: dict[type[BaseModel], tuple[Sequence[Mapping[str, object]], bytes]] = {}

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
        body = self.body(kind, prefix, last)
        asked: dict[str, Any] | None = None
        spent, seconds, calls, requests = NOTHING, 0.0, 0, 0
        while True:
            try:
                sent = await self._transport.send(body)
                calls += 1
                requests += sent.requests
                seconds += sent.seconds
                spent += sent.spent
                reply = self.reply(sent.completion)
                wrong = check(reply.text)
            except PaperFailed as error:
                if error.spent is not None:
                    error.attempts += requests
                    spent += error.spent
                else:
                    error.attempts = requests
                error.spent = spent
                raise
            if wrong is None or calls > MAX_REASKS:
                break
            if asked is None:
                asked = {**self._form(kind), "messages": [*prefix, {"role": "user", "content": last}]}
            asked = self._reask(asked, sent.completion, wrong)
            body = _bytes(asked)
        return replace(
            reply,
            wrong=wrong,
            seconds=round(seconds, 3),
            requests=requests,
            spent=spent,
        )

    def reply(self, completion: dict[str, Any]) -> Reply:
        """One completion as a reply that nobody has checked yet; how it got here does not matter.

        Raises PaperFailed where the model refused or was cut off.
        """
        text, choice = self._text(completion)
        return Reply(
            text=text,
            wrong=None,
            model=str(completion.get("model") or self._transport.endpoint.model.model_id),
            finish_reason=str(choice.get("finish_reason")),
            seconds=0.0,
            requests=1,
            spent=self.spent_on(completion),
            logprobs=_logprobs(choice),
        )

    def spent_on(self, completion: dict[str, Any]) -> Spent:
        """What one completion took, as far as it says so."""
        return self._transport.spent_on(completion)

    def body(self, kind: type[BaseModel], prefix: Sequence[Mapping[str, object]], last: str) -> bytes:
        """The request as JSON."""
        frame = self._frames.get(kind)
        if frame is None or frame[0] is not prefix:
            # With the messages last, all that follows a paper's text is `_AFTER`.
            whole = _bytes({**self._form(kind), "messages": [*prefix, {"role": "user", "content": ""}]})
            assert whole.endswith(_AFTER)
            self._frames[kind] = frame = (prefix, whole[: -len(_AFTER)])
        return frame[1] + _bytes(last) + _AFTER[2:]

    def stop(self) -> None:
        """Send nothing any more."""
        self._transport.stop()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    def _form(self, kind: type[BaseModel]) -> dict[str, Any]:
        """The request for an answer type, messages aside; built once."""
        if kind not in self._forms:
            _, form = self._handlers.request_handler(response_model=kind, kwargs={"messages": []})
            if "response_format" in form:
                # Without `strict` OpenAI treats the schema as a hint.
                form["response_format"]["json_schema"]["strict"] = True
            endpoint = self._transport.endpoint
            del form["messages"]
            self._forms[kind] = form | {
                "model": endpoint.model.model_id,
                "temperature": 0,
                endpoint.model.max_tokens_name: endpoint.max_tokens,
            }
        return self._forms[kind]

    def _text(self, completion: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        choice: dict[str, Any] = completion["choices"][0] if completion["choices"] else {}
        message: dict[str, Any] = choice.get("message") or {}
        reason = choice.get("finish_reason")
        if message.get("refusal"):
            raise PaperFailed("the model refused to answer")
        if reason == "content_filter":
            raise PaperFailed("the endpoint's content filter held the answer back")
        if reason == "length":
            most = self._transport.endpoint.max_tokens
            raise PaperFailed(f"the answer was cut off after {most} tokens", alike="cut off")
        tools = message.get("tool_calls") or []
        if tools:
            return str(tools[0]["function"]["arguments"]), choice
        return str(message.get("content") or ""), choice

    def _reask(self, body: dict[str, Any], completion: dict[str, Any], wrong: str) -> dict[str, Any]:
        from openai.types.chat import ChatCompletion

        asked: dict[str, Any] = self._handlers.reask_handler(
            kwargs={**body, "messages": list(body["messages"])},
            response=ChatCompletion.model_construct(**_typed(completion)),
            exception=ValueError(wrong),
        )
        return asked


_AFTER = b'""}]}'


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _logprobs(choice: dict[str, Any]) -> tuple[tuple[tuple[str, float], ...], ...]:
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return tuple(
        tuple((str(top["token"]), float(top["logprob"])) for top in token.get("top_logprobs", []))
        for token in tokens
    )


def _typed(completion: dict[str, Any]) -> dict[str, Any]:
    from openai.types.chat.chat_completion import Choice

    choices = [
        Choice.model_validate({"index": 0, "logprobs": None, **choice}) for choice in completion["choices"]
    ]
    return {**completion, "choices": choices}
