"""OpenAI's reasoning models (gpt-5, o3, o4-mini) on chat completions: what they refuse; thinking counts.

After platform.openai.com/docs/guides/reasoning and /docs/guides/structured-outputs (strict schemas: closed
objects, every property required, at most 1,000 enum values, 5,000 properties, depth 10), and the errors that
users quote: `unsupported_value` for temperature, `unsupported_parameter` for max_tokens, top_p and logprobs.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from .answers import ANSWER_TOKENS, completion
from .hosted import Refusal
from .hosted import app as hosted

_INVALID = "invalid_request_error"


def app(model: str = "gpt-5-mini", *, reasoning_tokens: int = 192) -> FastAPI:
    """The endpoint; every answer takes so many tokens of thinking first."""

    def chat(body: dict[str, Any], raw: Request) -> Response:
        _check(body, model)
        most = body.get("max_completion_tokens") or 128_000
        whole = reasoning_tokens + ANSWER_TOKENS
        if whole > most:
            answer = completion(
                body,
                "",
                completion_tokens=most,
                reasoning_tokens=min(most, reasoning_tokens),
                finish_reason="length",
                refusal=None,
                annotations=[],
            )
        else:
            answer = completion(
                body,
                completion_tokens=whole,
                reasoning_tokens=reasoning_tokens,
                model=f"{model}-2025-08-07",
                refusal=None,
                annotations=[],
            )
        return JSONResponse(answer.model_dump(mode="json") | {"service_tier": "default"})

    return hosted(chat, model)


def _check(body: dict[str, Any], model: str) -> None:
    if body.get("model") != model:
        words = f"The model `{body.get('model')}` does not exist or you do not have access to it."
        raise Refusal(404, words, type=_INVALID, param=None, code="model_not_found")
    if "max_tokens" in body:
        raise Refusal(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            type=_INVALID,
            param="max_tokens",
            code="unsupported_parameter",
        )
    for name in ("temperature", "top_p"):
        if body.get(name, 1) != 1:
            raise Refusal(
                400,
                f"Unsupported value: '{name}' does not support {body[name]} with this model. Only the "
                "default (1) value is supported.",
                type=_INVALID,
                param=name,
                code="unsupported_value",
            )
    for name in ("logprobs", "top_logprobs", "presence_penalty", "frequency_penalty", "logit_bias"):
        if body.get(name):
            words = f"Unsupported parameter: '{name}' is not supported with this model."
            raise Refusal(400, words, type=_INVALID, param=name, code="unsupported_parameter")
    for message in body["messages"]:
        if message.get("tool_calls") == []:
            words = "Invalid 'messages[2].tool_calls': empty array. Expected an array with minimum length 1."
            raise Refusal(400, words, type=_INVALID, param="messages[2].tool_calls", code="empty_array")
        if message["role"] == "assistant" and not (message.get("content") or message.get("tool_calls")):
            words = "Invalid value for 'content': expected a string, got null."
            raise Refusal(400, words, type=_INVALID, param="messages.[2].content", code=None)
    form = (body.get("response_format") or {}).get("json_schema")
    if form and form.get("strict"):
        check_strict(form["schema"], form["name"])


def check_strict(schema: dict[str, Any], name: str) -> None:
    """Raise what OpenAI answers to a schema that its strict mode does not take."""
    values = 0

    def walk(node: Any, place: tuple[str, ...]) -> None:
        nonlocal values
        if isinstance(node, list):
            for one in node:
                walk(one, place)
            return
        if not isinstance(node, dict):
            return
        values += len(node.get("enum", ()))
        if node.get("type") == "object":
            wrong = ""
            if node.get("additionalProperties") is not False:
                wrong = "'additionalProperties' is required to be supplied and to be false."
            elif set(node.get("required", ())) != set(node.get("properties", ())):
                wrong = "'required' is required to be supplied and to be an array including every key."
            if wrong:
                raise Refusal(
                    400,
                    f"Invalid schema for response_format '{name}': In context={place}, {wrong}",
                    type=_INVALID,
                    param="response_format",
                    code=None,
                )
        for key, value in node.items():
            walk(value, (*place, key))

    walk(schema, ())
    if values > 1000:
        words = f"Invalid schema for response_format '{name}': Schema exceeds the limit of 1000 enum values."
        raise Refusal(400, words, type=_INVALID, param="response_format", code=None)
