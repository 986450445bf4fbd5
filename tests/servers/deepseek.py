"""DeepSeek's thinking mode (deepseek-reasoner): thinking beside the text, no tool that must be called.

After api-docs.deepseek.com (guides "Thinking Mode" and "JSON Output", "Error Codes": 402 Insufficient
Balance; `prompt_cache_hit_tokens` in usage) and the errors that users quote: "Thinking mode does not support
this tool_choice", "This response_format type is unavailable now".
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from .answers import ANSWER_TOKENS, completion
from .hosted import Refusal
from .hosted import app as hosted


def app(
    model: str = "deepseek-reasoner", *, reasoning_tokens: int = 300, calls_tools: bool = True
) -> FastAPI:
    """The endpoint; `calls_tools` False: left the choice, the model writes JSON as text instead."""

    def refuse(words: str) -> Refusal:
        return Refusal(400, words, type="invalid_request_error", param=None, code="invalid_request_error")

    def chat(body: dict[str, Any], raw: Request) -> Response:
        if body.get("model") != model:
            raise refuse("Model Not Exist")
        if body.get("tools") and body.get("tool_choice", "auto") not in ("auto", "none"):
            raise refuse("Thinking mode does not support this tool_choice")
        form = (body.get("response_format") or {}).get("type", "text")
        if form not in ("text", "json_object"):
            raise refuse("This response_format type is unavailable now")
        if form == "json_object" and "json" not in str(body["messages"]).lower():
            raise refuse("Prompt must contain the word 'json' in some form to use 'response_format'")
        if body.get("logprobs") or body.get("top_logprobs"):
            raise refuse("deepseek-reasoner does not support logprobs")
        if body.get("tools") and not calls_tools:
            body = {**body, "tool_choice": "none"}
        whole = reasoning_tokens + ANSWER_TOKENS
        most = body.get("max_tokens") or 32_768
        short = {"text": "", "finish_reason": "length"} if whole > most else {}
        answer = completion(
            body,
            **short,
            completion_tokens=min(whole, most),
            reasoning_tokens=min(most, reasoning_tokens),
            reasoning_content="We need to read the paper. {Which} label is it?",
        ).model_dump(mode="json")
        usage = answer["usage"]
        hit = usage["prompt_tokens"] // 2
        usage |= {
            "prompt_tokens_details": {"cached_tokens": hit},
            "prompt_cache_hit_tokens": hit,
            "prompt_cache_miss_tokens": usage["prompt_tokens"] - hit,
        }
        message = answer["choices"][0]["message"]
        message["content"] = message["content"] or ""
        return JSONResponse(answer | {"system_fingerprint": "fp_1"})

    return hosted(chat, model, "deepseek-chat")
