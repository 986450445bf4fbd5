"""OpenRouter: a router whose providers fail in its answers, with status 200 as well as with their own.

After openrouter.ai/docs ("Errors and Debugging": `code` in the error is a number and stands in the body of a
200 once the provider has begun; `metadata.raw`, `metadata.reasons`; 402 without credit; `finish_reason`
"error" with an `error` in the choice). It keeps connections alive with white space before the JSON.
"""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from .answers import completion
from .hosted import Refusal, paper_of
from .hosted import app as hosted

UPSTREAM = {
    "message": "Provider returned error",
    "code": 429,
    "metadata": {
        "raw": "x-ai/grok-4:free is temporarily rate-limited upstream. Please retry shortly, or add your own "
        "key to accumulate your rate limits: https://openrouter.ai/settings/integrations",
        "provider_name": "Chutes",
    },
}
NO_CREDIT = "Insufficient credits. Add more using https://openrouter.ai/settings/credits"


def flagged(model: str, text: str) -> Refusal:
    """The refusal of an input that a provider's moderation does not let through."""
    return Refusal(
        403,
        f'{model} requires moderation on OpenAI. Your input was flagged for "violence/graphic". No credits '
        "were charged.",
        code=403,
        metadata={
            "reasons": ["violence/graphic"],
            "flagged_input": text[:100],
            "provider_name": "OpenAI",
            "model_slug": model,
        },
    )


def app(
    *,
    limited: int = 0,
    credit: int | None = None,
    forbidden: str | None = None,
    breaks: str | None = None,
    served_as: str | None = None,
) -> FastAPI:
    """The router. `limited`: so many answers are the provider's 429 in a 200 first.

    `credit`: answers until the account is empty; `forbidden`, `breaks`: words of a paper whose input is
    flagged, or whose generation the provider breaks off; `served_as`: the model that answers.
    """
    left = [limited, credit if credit is not None else 1 << 30]

    def chat(body: dict[str, Any], raw: Request) -> Response:
        text = paper_of(body)
        if left[1] <= 0:
            raise Refusal(402, NO_CREDIT, code=402)
        if forbidden and forbidden in text:
            raise flagged(body["model"], text)
        if left[0] > 0:
            left[0] -= 1
            return _padded({"error": UPSTREAM, "user_id": "user_1"})
        left[1] -= 1
        answer = completion(body, model=served_as, reasoning=None, refusal=None).model_dump(mode="json")
        answer |= {"provider": "OpenAI", "id": "gen-1"}
        choice = answer["choices"][0]
        choice["native_finish_reason"] = choice["finish_reason"]
        if breaks and breaks in text:
            choice |= {"finish_reason": "error", "native_finish_reason": None}
            choice["message"] |= {"content": '{"tldr": "Half an', "tool_calls": None}
            choice["error"] = {"code": 502, "message": "Upstream idle timeout exceeded"}
        return _padded(answer)

    return hosted(chat, "openai/gpt-4o-mini", path="/api/v1")


def _padded(answer: dict[str, Any]) -> Response:
    return Response(b"\n         \n         \n" + json.dumps(answer).encode(), media_type="application/json")
