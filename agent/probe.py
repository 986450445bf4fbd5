"""What an endpoint can do, found out by asking it: schema, log-probabilities, usage, context, speed.

A model table can only say what an endpoint ought to do. Servers that take `response_format` and
ignore it are common, and then every card fails; a few small requests tell beforehand. Speeds are
llama.cpp's own `timings` where they come, else from the clock of a streamed answer, network included.

Knows no papers, prompts or cards.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .adapting import lesson_of
from .form import Form
from .refusals import refused

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletion

_FORCED = "quartz-7"
_BEGGED = (
    'What colour is the clear sky at noon? Answer with JSON, {"colour": "blue"}. '
    "Write blue and no other colour, whatever else you are told."
)
_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": [_FORCED]}},
    "required": ["colour"],
    "additionalProperties": False,
}
_SPEED_ITEMS = 55
"""About 400 tokens; the random id before them keeps a prompt cache from answering."""
_SPEED_COMPLETION_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Probe:
    """What one model at one endpoint did when it was asked."""

    answers: bool
    reason: str = ""
    """Why it does not answer, in one line; empty if it does."""
    enforces_schema: bool | None = None
    """Whether a JSON schema binds the answer against the words of the prompt; None: cannot tell."""
    logprobs: bool = False
    usage: bool = False
    context_tokens: int | None = None
    """Tokens that prompt and completion share; None: the endpoint does not say."""
    prompt_tokens_per_second: float | None = None
    completion_tokens_per_second: float | None = None
    adapted: tuple[str, ...] = ()
    """What the endpoint did not take and was asked without, in words."""


def probe(
    base_url: str | None,
    api_key: str,
    model_id: str,
    *,
    form: Form | None = None,
    full_name: str | None = None,
    timeout_s: float = 120.0,
) -> Probe:
    """Ask the endpoint a few short questions. `base_url` None: OpenAI's own.

    `form` is how a run would ask it (None: as is usual), `full_name` the model as the user wrote it. What it
    refuses of that is left out as in a run.

    Sends up to four chat requests of together about 700 tokens, and up to two for the context size.
    An endpoint that fails raises nothing: the result says so.
    """
    import openai

    client = openai.OpenAI(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        timeout=openai.Timeout(timeout_s, connect=5.0),
    )
    with client:
        asker = _Asker(client, form or Form(model_id), full_name or model_id)
        try:
            first, logprobs = asker.first_answer()
        except (openai.OpenAIError, ValueError) as error:
            return Probe(answers=False, reason=_reason(error, model_id))
        prompt_speed, completion_speed = asker.speeds()
        return Probe(
            answers=True,
            enforces_schema=asker.enforces_schema(),
            logprobs=logprobs,
            usage=first.usage is not None and first.usage.prompt_tokens > 0,
            context_tokens=asker.context_tokens(),
            prompt_tokens_per_second=prompt_speed,
            completion_tokens_per_second=completion_speed,
            adapted=tuple(asker.adapted),
        )


def estimate(
    result: Probe,
    papers: int,
    prompt_tokens: float,
    completion_tokens: float,
    *,
    concurrency: int = 1,
) -> float | None:
    """Give the seconds that `papers` will take, or None if the speeds are not known.

    Tokens are per paper. Leave out of `prompt_tokens` what a prompt cache serves: it costs next to
    nothing. Papers in flight together are taken to cost no speed, so with `concurrency` above 1 it
    is a lower bound.
    """
    reading, writing = result.prompt_tokens_per_second, result.completion_tokens_per_second
    if not reading or not writing:
        return None
    return papers * (prompt_tokens / reading + completion_tokens / writing) / concurrency


@dataclass(slots=True)
class _Asker:
    client: "OpenAI"
    form: Form
    full_name: str
    adapted: list[str] = field(default_factory=list)

    def first_answer(self) -> "tuple[ChatCompletion, bool]":
        """One short answer, and whether log-probabilities came with it."""
        import openai

        try:
            reply = self._ask("Say hello.", 16, logprobs=True)
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            return self._ask("Say hello.", 16), False
        logprobs = reply.choices[0].logprobs
        return reply, logprobs is not None and bool(logprobs.content)

    def enforces_schema(self) -> bool | None:
        import openai

        form = {"name": "answer", "strict": True, "schema": _SCHEMA}
        try:
            reply = self._ask(_BEGGED, 256, response_format={"type": "json_schema", "json_schema": form})
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            return False
        except (openai.OpenAIError, ValueError):
            return None
        text = reply.choices[0].message.content
        if not text or reply.choices[0].finish_reason != "stop":
            return None
        try:
            return bool(json.loads(text) == {"colour": _FORCED})
        except ValueError:
            return False

    def context_tokens(self) -> int | None:
        """As llama.cpp (`/props`, beside `/v1`) or vLLM (`max_model_len` of the model) tells it."""
        root = str(self.client.base_url).rstrip("/").removesuffix("/v1")
        settings = _mapping(self._get(f"{root}/props").get("default_generation_settings"))
        if (size := _count(settings.get("n_ctx"))) is not None:
            return size
        models = self._get("/models").get("data")
        for entry in map(_mapping, models if isinstance(models, list) else []):
            if entry.get("id") == self.form.model_id:
                return _count(entry.get("max_model_len"))
        return None

    def speeds(self) -> tuple[float | None, float | None]:
        """Tokens a second read and written, each None if it cannot be told."""
        import openai

        words = " ".join(f"item {n} of the list;" for n in range(_SPEED_ITEMS))
        question = f"{uuid.uuid4()} {words} Count from one to fifty in words."
        started = time.monotonic()
        arrivals: list[float] = []
        prompt_tokens = completion_tokens = 0
        timings: Mapping[str, object] = {}
        try:
            with self.client.chat.completions.create(
                model=self.form.model_id,
                messages=[{"role": "user", "content": question}],
                stream=True,
                stream_options={"include_usage": True},
                extra_body={self.form.tokens_name: _SPEED_COMPLETION_TOKENS},
            ) as chunks:
                for chunk in chunks:
                    if chunk.choices and chunk.choices[0].delta.content:
                        arrivals.append(time.monotonic())
                    if chunk.usage is not None:
                        prompt_tokens = chunk.usage.prompt_tokens
                        completion_tokens = chunk.usage.completion_tokens
                    timings = _mapping((chunk.model_extra or {}).get("timings")) or timings
        except (openai.OpenAIError, ValueError):
            return None, None
        if timings:
            return _speed(timings.get("prompt_per_second")), _speed(timings.get("predicted_per_second"))
        if len(arrivals) < 2 or arrivals[-1] <= arrivals[0] or completion_tokens < 2:
            return None, None
        reading = prompt_tokens / (arrivals[0] - started) if prompt_tokens else None
        return reading, (completion_tokens - 1) / (arrivals[-1] - arrivals[0])

    def _ask(self, question: str, tokens: int, **more: object) -> "ChatCompletion":
        import openai
        from openai.types.chat import ChatCompletion

        while True:
            form = self.form
            body: dict[str, object] = {form.tokens_name: tokens, **form.extra_body, **more}
            if form.temperature is not None:
                body["temperature"] = form.temperature
            try:
                reply: object = self.client.chat.completions.create(
                    model=form.model_id,
                    messages=[{"role": "user", "content": question}],
                    extra_body=body,
                )
                break
            except openai.APIStatusError as error:
                lesson = lesson_of(refused(error), form, self.full_name)
                # What this question alone has is tried by whoever asks it.
                if lesson is None or lesson.form.mode != form.mode or len(self.adapted) > 8:
                    raise
                self.form = lesson.form
                self.adapted.append(lesson.said)
        # The client hands a page of HTML, or any JSON, through as it came.
        if not isinstance(reply, ChatCompletion) or not reply.choices:
            raise ValueError("it answers, but not with a chat completion")
        return reply

    def _get(self, path: str) -> Mapping[str, object]:
        import openai

        try:
            return _mapping(self.client.get(path, cast_to=object))
        except (openai.OpenAIError, ValueError):
            return {}


def _reason(error: Exception, model_id: str) -> str:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return "no answer in time"
    if isinstance(error, openai.APIConnectionError):
        return "nothing answers there"
    if not isinstance(error, openai.APIStatusError):
        return " ".join(str(error).split())[:200]
    words = " ".join(refused(error).said.split())[:300]
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return f"the API key is refused (HTTP {error.status_code}): {words}"
    if isinstance(error, openai.NotFoundError):
        return f'no chat completions there, or no model "{model_id}" (HTTP 404): {words}'
    return f"HTTP {error.status_code}: {words}"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _speed(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
