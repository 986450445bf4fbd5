"""Tests what an endpoint supports: schema, log-probabilities, usage, context, speed.

A model table can only say what an endpoint should do. Servers that accept `response_format` and ignore it are
common, and then every card fails; a few small requests detect that in advance. They are sent in the same way
as those of a run, so refusals are found here, too. Speeds come from llama.cpp's `timings` if reported, else
from a streamed answer, network included.

Knows no papers, prompts or cards.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from ..errors import PapercardsError
from .adapting import Lesson
from .call import Caller
from .client import open_client
from .completion import mapping, usage_of
from .endpoint import Endpoint
from .form import Form
from .limits import Limiter
from .reply import Reply
from .retrying import RetryPolicy
from .transport import Transport

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_FORCED = "quartz-7"
_BEGGED = (
    'What colour is the clear sky at noon? Answer with JSON, {"colour": "blue"}. '
    "Write blue and no other colour, whatever else you are told."
)
_SPEED_ITEMS = 55
"""Number of list items in the speed test, about 400 tokens; a random id before them prevents prompt caching.
"""
_SPEED_COMPLETION_TOKENS = 32


class Answer(BaseModel):
    """An answer that no model would write by itself."""

    colour: Literal["quartz-7"]


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """The test results of one model at one endpoint."""

    answers: bool
    reason: str = ""
    """One line on why it does not answer; empty if it does."""
    enforces_schema: bool = False
    """Whether the schema constrains the answer even against the prompt."""
    logprobs: bool = False
    usage: bool = False
    context_tokens: int | None = None
    """Context size in tokens, for prompt and completion; None if not reported."""
    most_context_tokens: int | None = None
    """Maximum context size of the model, if the server allowed it; None if not reported."""
    prompt_tokens_per_second: float | None = None
    completion_tokens_per_second: float | None = None
    form: Form | None = None
    """The final form of requests."""
    adapted: tuple[str, ...] = ()
    """What the endpoint did not accept and what was done instead, as text."""


def probe(
    endpoint: Endpoint, form: Form | None = None, *, say: Callable[[str], None] = lambda text: None
) -> EndpointReport:
    """Send a few short requests to the endpoint, in the same way as a run.

    Without `form`, the default for the model is used. `say` receives notes about waiting. Sends three chat
    requests of about 800 tokens in total, more if the endpoint refuses something, and up to five for the
    context size. A failing endpoint does not raise; the result reports it.
    """
    return asyncio.run(_probe(endpoint, form, say))


def estimate(
    result: EndpointReport, papers: int, prompt_tokens: float, completion_tokens: float
) -> float | None:
    """Estimate the seconds for `papers`, one at a time; None if the speeds are unknown.

    Tokens are per paper. Do not count cached tokens in `prompt_tokens`: they cost almost nothing.
    """
    reading, writing = result.prompt_tokens_per_second, result.completion_tokens_per_second
    if not reading or not writing:
        return None
    return papers * (prompt_tokens / reading + completion_tokens / writing)


async def _probe(endpoint: Endpoint, form: Form | None, say: Callable[[str], None]) -> EndpointReport:
    lessons: list[Lesson] = []
    transport = Transport(endpoint, RetryPolicy(attempts=1), limiter=Limiter(1), say=say)
    caller = Caller(transport, form, learned=lessons.append)
    try:
        try:
            reply = await _ask(caller)
        except PapercardsError as error:
            words = f"{error.message}. {error.next_step}" if error.next_step else error.message
            return EndpointReport(False, words, adapted=_words(lessons))
        adapted, asked = _words(lessons), caller.form
        logprobs = await _gives_logprobs(caller)
    finally:
        await caller.close()
    async with open_client(endpoint) as client:
        reading, writing = await _speeds(client, asked)
        context, most = await _context(client, endpoint, asked.model_id)
    return EndpointReport(
        answers=True,
        enforces_schema=asked.mode in ("json_schema", "tools") and _holds(reply.text),
        logprobs=logprobs,
        usage=reply.spent.prompt_tokens > 0,
        context_tokens=context,
        most_context_tokens=most,
        prompt_tokens_per_second=reading,
        completion_tokens_per_second=writing,
        form=asked,
        adapted=adapted,
    )


async def _ask(caller: Caller) -> Reply:
    return await caller.ask(Answer, [], _BEGGED, _no_json)


async def _gives_logprobs(caller: Caller) -> bool:
    caller.form = replace(caller.form, logprobs=True)
    try:
        return bool((await _ask(caller)).logprobs)
    except PapercardsError:
        return False


def _words(lessons: list[Lesson]) -> tuple[str, ...]:
    return tuple(lesson.said for lesson in lessons)


def _no_json(text: str) -> str | None:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return "It is no JSON."
    return None


def _holds(text: str) -> bool:
    return _no_json(text) is None and bool(json.loads(text) == {"colour": _FORCED})


async def _speeds(client: "AsyncOpenAI", form: Form) -> tuple[float | None, float | None]:
    """Tokens per second read and written, each None if unknown."""
    import openai

    words = " ".join(f"item {n} of the list;" for n in range(_SPEED_ITEMS))
    question = f"{uuid.uuid4()} {words} Count from one to fifty in words."
    started = time.monotonic()
    arrivals: list[float] = []
    last: dict[str, Any] = {}
    try:
        stream = await client.chat.completions.create(
            model=form.model_id,
            messages=[{"role": "user", "content": question}],
            stream=True,
            stream_options={"include_usage": True},
            extra_body={**form.extra_body, form.tokens_name: _SPEED_COMPLETION_TOKENS},
        )
        async for chunk in stream:
            plain = chunk.model_dump()
            arrivals += [time.monotonic()] if _wrote(plain) else []
            last |= {name: plain[name] for name in ("usage", "timings") if plain.get(name)}
    # A stream may hold anything; no speed is known then.
    except (openai.OpenAIError, ValueError, TypeError, AttributeError, KeyError):
        return None, None
    if timings := mapping(last.get("timings")):
        return _speed(timings.get("prompt_per_second")), _speed(timings.get("predicted_per_second"))
    used = usage_of(last)
    if used is None or len(arrivals) < 2 or arrivals[-1] <= arrivals[0] or used.completion < 2:
        return None, None
    writing = (used.completion - 1) / (arrivals[-1] - arrivals[0])
    return used.prompt / (arrivals[0] - started), writing


def _wrote(chunk: Mapping[str, object]) -> bool:
    choices = chunk.get("choices")
    delta = mapping(mapping(choices[0] if isinstance(choices, list) and choices else None).get("delta"))
    return any(delta.get(name) for name in ("content", "reasoning_content", "reasoning"))


async def _context(client: "AsyncOpenAI", endpoint: Endpoint, model: str) -> tuple[int | None, int | None]:
    """The context size allowed by the server, and the maximum of the model.

    llama.cpp reports it in `/props`, vLLM and OpenRouter in the list of models, LM Studio in its own list,
    Ollama in `/api/ps` for a loaded model and `/api/show` for any.
    """
    root = endpoint.shown_url.rstrip("/").removesuffix("/v1")
    props = await _read(client, f"{root}/props")
    if (size := _count(mapping(props.get("default_generation_settings")).get("n_ctx"))) is not None:
        return size, None
    for path, name in (("/models", "id"), (f"{root}/api/v0/models", "id"), (f"{root}/api/ps", "name")):
        entry = _entry(await _read(client, path), name, model)
        sizes = (entry.get("loaded_context_length"), entry.get("max_model_len"), entry.get("context_length"))
        if (size := next((known for one in sizes if (known := _count(one))), None)) is not None:
            most = _count(entry.get("max_context_length"))
            return size, most or _most(await _read(client, f"{root}/api/show", {"model": model}))
    shown = await _read(client, f"{root}/api/show", {"model": model})
    parameters = str(shown.get("parameters") or "").split()
    found = parameters[parameters.index("num_ctx") + 1 :] if "num_ctx" in parameters else []
    size = int(found[0]) if found and found[0].isdigit() else None
    return size, _most(shown)


def _most(shown: Mapping[str, object]) -> int | None:
    about = mapping(shown.get("model_info"))
    return next((_count(size) for name, size in about.items() if str(name).endswith(".context_length")), None)


async def _read(
    client: "AsyncOpenAI", path: str, body: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    """The object at a path, or what a body that is posted there gives; empty if there is none."""
    import openai

    try:
        if body is None:
            return mapping(await client.get(path, cast_to=object))
        return mapping(await client.post(path, cast_to=object, body=body))
    except (openai.OpenAIError, ValueError):
        return {}


def _entry(listing: Mapping[str, object], name: str, model: str) -> Mapping[str, object]:
    found = listing.get("data", listing.get("models"))
    entries = [mapping(one) for one in found] if isinstance(found, list) else []
    return next((one for one in entries if str(one.get(name)).removesuffix(":latest") == model), {})


def _count(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _speed(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value > 0 else None
