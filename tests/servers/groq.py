"""Groq: generations that it checks itself and refuses, and limits a day beside those a minute.

After console.groq.com/docs ("Rate Limits": the x-ratelimit headers; "Structured Outputs": the code
json_validate_failed; "Tool Use": tool_use_failed) and the 429 that users quote.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from .answers import completion
from .hosted import Refusal
from .hosted import app as hosted

HEADERS = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-limit-tokens": "18000",
    "x-ratelimit-remaining-requests": "14370",
    "x-ratelimit-remaining-tokens": "17997",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-reset-tokens": "7.66ms",
}


def app(model: str = "llama-3.3-70b-versatile", *, botched: int = 0, a_day: int | None = None) -> FastAPI:
    """The endpoint. Every third request is a generation that fails, `botched` times.

    `a_day`: requests until the limit of the day is reached.
    """
    left = [botched, a_day if a_day is not None else 1 << 30]
    count = [0]

    def chat(body: dict[str, Any], raw: Request) -> Response:
        if left[1] <= 0:
            raise Refusal(
                429,
                f"Rate limit reached for model `{model}` in organization `org_1` service tier `on_demand` on "
                "requests per day (RPD): Limit 1000, Used 1000, Requested 1. Please try again in 7h12m30.4s. "
                "Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
                type="requests",
                code="rate_limit_exceeded",
                headers={"retry-after": "25951"},
            )
        left[1] -= 1
        count[0] += 1
        if left[0] and count[0] % 3 == 0:
            left[0] -= 1
            tools = bool(body.get("tools"))
            raise Refusal(
                400,
                f"Failed to {'call a function' if tools else 'generate JSON'}. Please adjust your prompt. "
                "See 'failed_generation' for more details.",
                type="invalid_request_error",
                code="tool_use_failed" if tools else "json_validate_failed",
                failed_generation='<function=Card>{"tldr": "Half an',
            )
        answer = completion(body).model_dump(mode="json")
        answer["usage"] |= {
            "queue_time": 0.02,
            "prompt_time": 0.01,
            "completion_time": 0.1,
            "total_time": 0.1,
        }
        return JSONResponse(answer | {"x_groq": {"id": "req_1"}}, headers=HEADERS)

    return hosted(chat, model, path="/openai/v1")
