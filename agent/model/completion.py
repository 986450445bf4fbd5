"""Reads chat completions of any shape.

Endpoints that call themselves OpenAI-compatible differ in every field of the envelope: text as a list of
parts, tool arguments as an object, counts as strings, names of other protocols. Everything here takes any
JSON value and raises nothing: missing or odd values are empty, or None if empty would be wrong.

Knows no requests and no answer types.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Ending = Literal["done", "length", "filtered"]
"""How an answer ended: normally, at the token limit, or by the endpoint's content filter."""

Logprobs = tuple[tuple[tuple[str, float], ...], ...]

_LEAST_LOGPROB = -100.0
_MOST_TOKENS = 10_000_000
"""Counts above this are implausible."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one completion."""

    prompt: int = 0
    cached_prompt: int = 0
    """Part of the prompt tokens that the endpoint had in a cache."""
    completion: int = 0
    """Completion tokens, reasoning included."""
    reasoning: int = 0
    """Part of the completion tokens that was reasoning, as far as reported."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The tool call that contains an answer."""

    id: str
    name: str
    arguments: str
    """Arguments as written by the model, not necessarily JSON."""


@dataclass(frozen=True, slots=True)
class Said:
    """The answer in a completion."""

    text: str
    """Raw text: the arguments of the tool call if there is one; empty if the model wrote nothing."""
    call: ToolCall | None = None
    ending: Ending = "done"
    finish_reason: str = ""
    """Finish reason, in the endpoint's words."""
    refusal: str = ""
    """The model's message if it refused."""
    error: str = ""
    """The endpoint's message if the answer broke off."""
    model: str = ""
    """Model that answered, as reported by the endpoint."""
    thought: bool = False
    """Whether reasoning came beside the text."""
    logprobs: Logprobs = ()
    """For each token, that token and then the others that were likely, with natural-log probabilities."""


_LENGTH = ("length", "max_tokens", "model_length", "max_output_tokens", "max_completion_tokens", "incomplete")
_FILTERED = ("content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "sensitive")


def chat_in(answer: dict[str, Any]) -> dict[str, Any] | None:
    """The answer if it is a chat completion, else None."""
    return answer if isinstance(answer.get("choices"), list) else None


def said_in(completion: object) -> Said:
    """The answer in a completion; the first non-empty one if there are several choices."""
    whole = mapping(completion)
    choices = _list(whole.get("choices")) or ([whole] if "message" in whole else [])
    read = [_choice(choice) for choice in choices[:8]]
    best = next((one for one in read if one.text or one.refusal), read[0] if read else Said(""))
    return replace(best, error=best.error or _words(whole.get("error")), model=_clean(whole.get("model")))


def _choice(choice: object) -> Said:
    if isinstance(choice, str):
        return Said(_clean(choice))
    fields = mapping(choice)
    message = fields.get("message")
    if isinstance(message, str):
        message = {"content": message}
    said = mapping(message) or mapping(fields.get("delta"))
    content, thought = _parts(said.get("content"))
    call = _tool_call(said)
    thinking = next((text for name in _THINKING if (text := _parts(said.get(name))[0])), "")
    finish = _clean(fields.get("finish_reason") or fields.get("done_reason"))
    ending = _ending(finish)
    text = call.arguments if call is not None and call.arguments else content
    if not text and "message" not in fields:
        text = _clean(fields.get("text"))
    if not text:
        text = _dumped(said.get("parsed"))
    if not text and "{" in thinking and ending == "done":
        # vLLM puts an answer that its reasoning parser did not find the end of thinking in there whole.
        text = thinking
    return Said(
        text,
        call,
        ending,
        finish,
        refusal=_words(said.get("refusal")) or _refused_part(said.get("content")),
        error=_words(fields.get("error")),
        thought=thought or bool(thinking),
        logprobs=_logprobs(fields.get("logprobs")),
    )


_THINKING = ("reasoning_content", "reasoning", "thinking")


def _parts(content: object) -> tuple[str, bool]:
    """The text of a message's content, and whether it had reasoning parts."""
    if isinstance(content, str):
        return _clean(content), False
    if isinstance(content, Mapping) and "type" not in content and "text" not in content:
        return _dumped(content), False
    texts, thought = [], False
    for part in _list(content) if not isinstance(content, Mapping) else [content]:
        if isinstance(part, str):
            texts.append(part)
            continue
        fields = mapping(part)
        if fields.get("type") in ("thinking", "reasoning", "redacted_thinking"):
            thought = True
            continue
        text = fields.get("text")
        if isinstance(text, Mapping):
            text = text.get("value")
        if isinstance(text, str):
            texts.append(text)
        elif fields.get("type") == "tool_use":
            texts.append(_dumped(fields.get("input")))
    return _clean("".join(texts)), thought


def _tool_call(message: Mapping[str, object]) -> ToolCall | None:
    """The first tool call with arguments, also in OpenAI's old function-call form."""
    calls = message.get("tool_calls")
    found = None
    for call in [*(_list(calls) or _list([calls])), {"function": message.get("function_call")}]:
        fields = mapping(call)
        function = mapping(fields.get("function")) or fields
        name = _clean(function.get("name"))
        arguments = function.get("arguments", function.get("input"))
        text = _clean(arguments) if isinstance(arguments, str) else _dumped(arguments)
        if name or text:
            one = ToolCall(_clean(fields.get("id")), name, text)
            found = found or one
            if text:
                return one
    return found


def _refused_part(content: object) -> str:
    for part in _list(content):
        if words := _words(mapping(part).get("refusal")):
            return words
    return ""


def _ending(finish: str) -> Ending:
    word = finish.lower().replace("-", "_").partition(":")[0].strip().removeprefix("finish_reason_")
    if word in _LENGTH:
        return "length"
    return "filtered" if word in _FILTERED else "done"


def _logprobs(value: object) -> Logprobs:
    tokens = []
    for token in map(mapping, _list(mapping(value).get("content"))):
        likely: dict[str, float] = {}
        for one in (token, *map(mapping, _list(token.get("top_logprobs")))):
            number = one.get("logprob")
            if type(number) in (int, float) and not math.isnan(number):  # type: ignore[arg-type]
                # Minus infinity, or -9999, is written for what was masked.
                likely.setdefault(_clean(one.get("token")), max(float(number), _LEAST_LOGPROB))  # type: ignore[arg-type]
        tokens.append(tuple(likely.items()))
    return tuple(tokens) if any(tokens) else ()


_PROMPT = ("prompt_tokens", "promptTokenCount", "prompt_eval_count")
_INPUT = ("input_tokens", "inputTokens")
_COMPLETION = ("completion_tokens", "output_tokens", "outputTokens", "candidatesTokenCount", "eval_count")
_TOTAL = ("total_tokens", "totalTokens", "totalTokenCount")
_CACHED = ("cached_tokens", "prompt_cache_hit_tokens", "cachedContentTokenCount", "num_cached_tokens")
_READ = ("cache_read_input_tokens", "cacheReadInputTokens")
_WRITTEN = ("cache_creation_input_tokens", "cacheWriteInputTokens")
_REASONING = ("reasoning_tokens", "thoughtsTokenCount")


def usage_of(completion: object) -> Usage | None:
    """The token counts of a completion; None if missing or implausible.

    Reasoning reported separately is included. Never zero: a completion without prompt tokens, or with text
    and no tokens, counts as unknown.
    """
    whole = mapping(completion)
    said = _said_usage(whole)
    inputs = mapping(said.get("prompt_tokens_details") or said.get("input_tokens_details"))
    outputs = mapping(said.get("completion_tokens_details") or said.get("output_tokens_details"))
    cached = _count(said, _CACHED) or _count(inputs, _CACHED) or 0
    read, written = _count(said, _READ) or 0, _count(said, _WRITTEN) or 0
    prompt = _count(said, _PROMPT)
    if prompt is None and (prompt := _count(said, _INPUT)) is not None:
        prompt += read + written  # which Anthropic counts beside it
    completed, total = _count(said, _COMPLETION), _count(said, _TOTAL)
    if prompt is None and total is not None and completed is not None and total > completed:
        prompt = total - completed
    if completed is None and prompt is not None and total is not None and total > prompt:
        completed = total - prompt
    if not prompt or completed is None:
        return None
    reasoning = _count(outputs, _REASONING) or _count(said, _REASONING) or 0
    if total is not None:
        completed = max(completed, total - prompt)
    if reasoning > completed:
        completed += reasoning
    if not completed and said_in(whole).text:
        return None
    return Usage(prompt, min(prompt, cached or read), completed, reasoning)


def _said_usage(whole: Mapping[str, object]) -> Mapping[str, object]:
    choices = _list(whole.get("choices"))
    places = (
        whole.get("usage"),
        whole.get("usageMetadata"),
        whole.get("usage_metadata"),
        mapping(whole.get("x_groq")).get("usage"),
        mapping(choices[0]).get("usage") if choices else None,
    )
    for place in places:
        if found := mapping(place):
            return mapping(found.get("tokens")) or found
    return whole


def _count(fields: Mapping[str, object], names: Iterable[str]) -> int | None:
    """The first of these fields that is an integer from 0."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            value = int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
        if isinstance(value, float):
            value = int(value) if math.isfinite(value) and value == int(value) else None
        if type(value) is int and 0 <= value <= _MOST_TOKENS:
            return value
    return None


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one."""
    # What JSON gives is a dict, and to ask an abstract class takes far longer.
    return value if isinstance(value, (dict, Mapping)) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _dumped(value: object) -> str:
    if not isinstance(value, (dict, list)):
        return ""
    try:
        return _clean(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return ""


def _clean(value: object) -> str:
    """The string without lone surrogates, which cannot be written to files; empty for anything else."""
    if not isinstance(value, str):
        return ""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="replace").decode()
    return value


def _words(value: object) -> str:
    """The message of an error or a refusal, at most 300 characters on one line."""
    if isinstance(value, Mapping):
        value = value.get("message") or value.get("detail") or _dumped(value)
    return " ".join(_clean(value).split())[:300]
