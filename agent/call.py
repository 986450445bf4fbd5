"""One structured call: messages and an answer type in, an accepted answer out.

The only file that makes an API client.

instructor turns the answer type into the form that the endpoint enforces (a JSON schema or a tool) once a
run, and words the re-asking of a wrong answer; it is used through its handlers, since its patched `create`
builds a new class and schema on each call and renders paper text as a Jinja template. Transport errors are
`retrying`'s; the client's own retries are off. Errors come out as one sentence without the key.

Knows no papers, cards or taxonomies.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from .errors import EndpointError, PapercardsError, PaperFailed
from .models import Model
from .retrying import RetryPolicy

if TYPE_CHECKING:
    import openai

MAX_REASKS = 2
"""A wrong answer is told why and asked again at most so often."""


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
    calls: int
    """Answered requests."""
    requests: int
    """All requests, those that were tried again included."""
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    logprobs: tuple[tuple[tuple[str, float], ...], ...]


class Caller:
    """Asks one endpoint."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy | None = None) -> None:
        from instructor import Mode
        from instructor.v2.core.providers import Provider
        from instructor.v2.core.registry import mode_registry

        self._endpoint = endpoint
        self._policy = policy or RetryPolicy()
        self._mode = Mode.JSON_SCHEMA if endpoint.model.mode == "json_schema" else Mode.TOOLS
        self._handlers = mode_registry.get_handlers(Provider.OPENAI, self._mode)
        self._forms: dict[type[BaseModel], dict[str, Any]] = {}
        self._client: openai.AsyncOpenAI | None = None
        self._answered = False

    async def ask(
        self, kind: type[BaseModel], messages: Sequence[Any], check: Callable[[str], str | None]
    ) -> Reply:
        """Ask until `check` of the raw answer is None, at most `1 + MAX_REASKS` times.

        Raises PaperFailed for this question alone, EndpointError where no question would be answered.
        """
        body = {**self._form(kind), "messages": list(messages)}
        seconds, usage = 0.0, [0, 0, 0]
        calls = requests = 0
        while True:
            begin = time.monotonic()
            try:
                completion, sent = await self._send(body)
            except PaperFailed as error:
                error.attempts += requests
                raise
            requests += sent
            seconds += time.monotonic() - begin
            calls += 1
            for index, count in enumerate(_usage(completion)):
                usage[index] += count
            text, choice = self._text(completion, requests)
            wrong = check(text)
            if wrong is None or calls > MAX_REASKS:
                break
            body = self._reask(body, completion, wrong)
        return Reply(
            text=text,
            wrong=wrong,
            model=str(completion.get("model") or self._endpoint.model.model_id),
            finish_reason=str(choice.get("finish_reason")),
            seconds=round(seconds, 3),
            calls=calls,
            requests=requests,
            prompt_tokens=usage[0],
            cached_prompt_tokens=usage[1],
            completion_tokens=usage[2],
            logprobs=_logprobs(choice),
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    def _form(self, kind: type[BaseModel]) -> dict[str, Any]:
        """The request for an answer type, messages aside; built once."""
        if kind not in self._forms:
            _, form = self._handlers.request_handler(response_model=kind, kwargs={"messages": []})
            if "response_format" in form:
                # Without `strict` OpenAI treats the schema as a hint.
                form["response_format"]["json_schema"]["strict"] = True
            model = self._endpoint.model
            self._forms[kind] = form | {
                "model": model.model_id,
                "temperature": 0,
                model.max_tokens_name: self._endpoint.max_tokens,
            }
        return self._forms[kind]

    async def _send(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The completion, and how many requests it took."""
        import openai

        if self._client is None:
            self._client = openai.AsyncOpenAI(
                api_key=self._endpoint.api_key,
                base_url=self._endpoint.base_url,
                max_retries=0,
                timeout=self._endpoint.timeout_s,
            )
        client = self._client
        sent = 0

        async def send() -> bytes:
            nonlocal sent
            sent += 1
            return await client.post("/chat/completions", cast_to=bytes, body=body)

        policy = self._policy
        if not self._answered:
            # Nothing ever answered here: more likely a wrong address than a passing fault.
            policy = dataclasses.replace(policy, connect_attempts=min(3, policy.attempts))
        try:
            raw = await policy.run(send)
        except openai.OpenAIError as error:
            raise self._explain(error, sent) from error
        try:
            completion = json.loads(raw)
            if not isinstance(completion, dict) or not isinstance(completion["choices"], list):
                raise ValueError
        except (ValueError, KeyError) as error:
            raise EndpointError(
                f"the endpoint answered with {_what(raw)}, not with a chat completion",
                where=self._endpoint.base_url,
                next_step="Check --base-url: it usually ends in /v1",
            ) from error
        self._answered = True
        return completion, sent

    def _text(self, completion: dict[str, Any], requests: int) -> tuple[str, dict[str, Any]]:
        choice: dict[str, Any] = completion["choices"][0] if completion["choices"] else {}
        message: dict[str, Any] = choice.get("message") or {}
        reason = choice.get("finish_reason")
        if message.get("refusal"):
            raise PaperFailed("the model refused to answer", attempts=requests)
        if reason == "content_filter":
            raise PaperFailed("the endpoint's content filter held the answer back", attempts=requests)
        if reason == "length":
            raise PaperFailed(
                f"the answer was cut off after {self._endpoint.max_tokens} tokens", attempts=requests
            )
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

    def _explain(self, error: "openai.OpenAIError", sent: int) -> PapercardsError:
        """The client's error as one sentence for the user, by what it means for the other papers."""
        import openai

        place = self._endpoint.base_url
        if isinstance(error, openai.APITimeoutError):
            return PaperFailed(
                f"no answer within {self._endpoint.timeout_s:g} s, several times",
                next_step="Give it longer with --timeout",
                attempts=sent,
            )
        if isinstance(error, openai.APIConnectionError):
            return EndpointError(
                "the endpoint cannot be reached",
                where=place,
                next_step="Check that it runs and that --base-url is right",
            )
        if not isinstance(error, openai.APIStatusError):
            return EndpointError(self._scrub(str(error)), where=place)
        said = self._scrub(_message(error))
        status = error.status_code
        if status in (401, 403):
            variable = self._endpoint.model.key_variable or "the key"
            return EndpointError(
                f"the endpoint refuses the key ({status}): {said}",
                where=place,
                next_step=f"Check {variable}",
            )
        if status == 404:
            return EndpointError(
                f"the endpoint knows no {self._endpoint.model.model_id} or no such path: {said}",
                where=place,
                next_step="Check --model and --base-url",
            )
        if error.code == "insufficient_quota":
            return EndpointError(f"the account has no credit left: {said}", where=place)
        if "context" in said.lower() and status in (400, 413):
            return PaperFailed(f"too long for the model's context: {said}", attempts=sent)
        return PaperFailed(f"the endpoint answered {status}: {said}", attempts=sent)

    def _scrub(self, text: str) -> str:
        return " ".join(text.replace(self._endpoint.api_key, "***").split())[:300]


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


def _usage(completion: dict[str, Any]) -> tuple[int, int, int]:
    usage = completion.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    return (
        int(usage.get("prompt_tokens") or 0),
        int(details.get("cached_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
    )


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
