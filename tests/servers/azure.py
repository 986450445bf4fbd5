"""Azure OpenAI: an API version in the query, waits that stand in the text, a content filter on every answer.

After learn.microsoft.com/azure/ai-foundry/openai (reference, "Quotas and limits", "Content filtering") and
the 429 that users quote: "... have exceeded call rate limit of your current OpenAI S0 pricing tier. Please
retry after 9 seconds."
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from .answers import completion
from .hosted import Refusal, paper_of
from .hosted import app as hosted

_SAFE = {
    kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "self_harm", "sexual", "violence")
}


def app(
    deployment: str = "cards", *, limited: int = 0, retry_after_s: int = 1, filtered: str | None = None
) -> FastAPI:
    """The resource with one deployment. `limited`: so many requests are refused for their rate first.

    `filtered`: words of a paper whose prompt trips the content filter.
    """
    left = [limited]

    def chat(body: dict[str, Any], raw: Request) -> Response:
        if not raw.query_params.get("api-version"):
            raise Refusal(404, "Resource not found", code="404")
        if not raw.headers.get("authorization", "").removeprefix("Bearer ") and "api-key" not in raw.headers:
            raise Refusal(401, "Access denied due to invalid subscription key", code="401")
        if body.get("model") != deployment:
            words = "The API deployment for this resource does not exist."
            raise Refusal(404, words, code="DeploymentNotFound")
        if left[0] > 0:
            left[0] -= 1
            raise Refusal(
                429,
                "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 "
                "have exceeded call rate limit of your current OpenAI S0 pricing tier. Please retry after "
                f"{retry_after_s} seconds. Please go here: https://aka.ms/oai/quotaincrease if you would "
                "like to further increase the default rate limit.",
                code="429",
            )
        if filtered and filtered in paper_of(body):
            raise Refusal(
                400,
                "The response was filtered due to the prompt triggering Azure OpenAI's content management "
                "policy. Please modify your prompt and retry.",
                type=None,
                param="prompt",
                code="content_filter",
                status=400,
                innererror={
                    "code": "ResponsibleAIPolicyViolation",
                    "content_filter_result": _SAFE | {"violence": {"filtered": True, "severity": "high"}},
                },
            )
        answer = completion(body, refusal=None, annotations=[]).model_dump(mode="json")
        answer["choices"][0]["content_filter_results"] = _SAFE
        answer["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": _SAFE}]
        return JSONResponse(answer | {"model": "gpt-4o-mini-2024-07-18"})

    return hosted(chat, deployment, path="/openai/v1")
