"""Hugging Face's inference API and TGI: a model that is loading, an error that is a string, an overload.

After huggingface.co/docs/api-inference ("Model is currently loading", `estimated_time`) and
huggingface/text-generation-inference `router/src/server.rs` and `infer/mod.rs` (`error` with `error_type`,
"Model is overloaded", finish_reason "eos_token", a `tool_calls` that is null).
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from .answers import completion
from .hosted import app as hosted


def app(
    model: str = "Qwen/Qwen2.5-7B-Instruct",
    *,
    loading: int = 0,
    estimated_s: float = 20.0,
    overloaded: int = 0,
) -> FastAPI:
    """The endpoint. `loading`, `overloaded`: so many requests are refused for that first."""
    left = [loading, overloaded]

    def chat(body: dict[str, Any], raw: Request) -> Response:
        if left[0] > 0:
            left[0] -= 1
            said = {"error": f"Model {model} is currently loading", "estimated_time": estimated_s}
            return JSONResponse(said, 503)
        if left[1] > 0:
            left[1] -= 1
            return JSONResponse({"error": "Model is overloaded", "error_type": "overloaded"}, 429)
        answer = completion(body).model_dump(mode="json", exclude_none=True)
        answer["choices"][0]["finish_reason"] = "eos_token"
        del answer["usage"]["prompt_tokens_details"], answer["usage"]["completion_tokens_details"]
        return JSONResponse(answer | {"system_fingerprint": "3.3.6-sha-1"})

    return hosted(chat, model)
