"""Right answers to a request, made of the OpenAI SDK's own types, so that no field has another shape."""

import json
import re
from collections.abc import Mapping
from typing import Any

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionMessage, ChatCompletionMessageFunctionToolCall
from openai.types.chat.chat_completion import Choice
from openai.types.chat.chat_completion_message_function_tool_call import Function
from openai.types.completion_usage import CompletionTokensDetails, PromptTokensDetails

from tests.stub import instance

ANSWER_TOKENS = 150
"""What every right answer is said to take."""


def tokens_of(body: Mapping[str, Any]) -> int:
    """Tokens of the prompt, by the usual four characters for one."""
    return len(json.dumps(body["messages"], ensure_ascii=False)) // 4


def schema_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema that the answer is forced into or the tool asks for; None: free text."""
    if body.get("tools"):
        schema: dict[str, Any] = body["tools"][0]["function"]["parameters"]
        return schema
    wanted = body.get("response_format") or {}
    return wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else None


def schema_in_words(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema that stands as JSON in a message, where nothing else says it; None: there is none."""
    for message in body["messages"]:
        text = message["content"] if isinstance(message["content"], str) else json.dumps(message["content"])
        for start in re.finditer(r'\{"', text):
            try:
                found, _ = json.JSONDecoder().raw_decode(text, start.start())
            except ValueError:
                continue
            if isinstance(found, dict) and "properties" in found:
                return found
    return None


def record_for(body: Mapping[str, Any]) -> str:
    """What a model would write, as JSON; free text where no schema is in the request."""
    schema = schema_of(body) or schema_in_words(body)
    return "Yes, it does." if schema is None else json.dumps(instance(schema))


def completion(
    body: Mapping[str, Any],
    text: str | None = None,
    *,
    prompt_tokens: int | None = None,
    completion_tokens: int = ANSWER_TOKENS,
    reasoning_tokens: int = 0,
    finish_reason: str | None = None,
    model: str | None = None,
    **message: Any,
) -> ChatCompletion:
    """The completion for a request; `text` None: a right answer, in the form that was asked for.

    `message` are further fields of the message, those of other servers included.
    """
    written = record_for(body) if text is None else text
    calls = None
    if body.get("tools") and body.get("tool_choice") != "none" and text is None:
        function = Function(name=body["tools"][0]["function"]["name"], arguments=written)
        calls = [ChatCompletionMessageFunctionToolCall(id="call_1", type="function", function=function)]
    fields: dict[str, Any] = {"content": None if calls else written, "role": "assistant"} | message
    if calls:
        fields["tool_calls"] = calls
    prompt = tokens_of(body) if prompt_tokens is None else prompt_tokens
    return ChatCompletion(
        id="chatcmpl-1",
        object="chat.completion",
        created=1_760_000_000,
        model=model or body.get("model", ""),
        choices=[
            Choice(
                index=0,
                message=ChatCompletionMessage.model_construct(**fields),
                finish_reason=finish_reason or ("tool_calls" if calls else "stop"),  # type: ignore[arg-type]
                logprobs=None,
            )
        ],
        usage=CompletionUsage(
            prompt_tokens=prompt,
            completion_tokens=completion_tokens,
            total_tokens=prompt + completion_tokens,
            prompt_tokens_details=PromptTokensDetails(cached_tokens=0, audio_tokens=0),
            completion_tokens_details=CompletionTokensDetails(
                reasoning_tokens=reasoning_tokens,
                audio_tokens=0,
                accepted_prediction_tokens=0,
                rejected_prediction_tokens=0,
            ),
        ),
    )
