"""vLLM's OpenAI server: FastAPI, a lenient request model, and a strict media type.

After vllm-project/vllm of 2025/26: `vllm/entrypoints/openai/chat_completion/protocol.py` (the request model,
`check_tool_usage`, the answer), `vllm/entrypoints/openai/server_utils.py` (`validate_json_request`, the
handlers of errors), `vllm/renderers` (the length check), `vllm/v1/structured_output/backend_xgrammar.py`.
"""

import asyncio
from typing import Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, ConfigDict, Field

from .answers import completion, tokens_of


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class JsonSchema(_Open):
    name: str
    description: str | None = None
    json_schema: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class ResponseFormat(_Open):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Function(_Open):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(_Open):
    type: Literal["function"] = "function"
    function: Function


class NamedFunction(_Open):
    name: str


class NamedTool(_Open):
    function: NamedFunction
    type: Literal["function"] = "function"


class ChatCompletionRequest(_Open):
    messages: list[ChatCompletionMessageParam]
    model: str | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = False
    top_logprobs: int | None = 0
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = 1
    response_format: ResponseFormat | None = None
    seed: int | None = Field(None, ge=-(2**63), le=2**63 - 1)
    stream: bool | None = False
    temperature: float | None = None
    top_p: float | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = "none"
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None


class Refusal(Exception):
    def __init__(self, status: int, message: str, kind: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.kind, self.param = status, message, kind, param


async def validate_json_request(request: Request) -> None:
    media_type = request.headers.get("content-type", "").lower().split(";", maxsplit=1)[0]
    if media_type != "application/json":
        raise RequestValidationError(errors=["Unsupported Media Type: Only 'application/json' is allowed"])


_NOT_IN_GRAMMARS = {
    "multipleOf",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "patternProperties",
}


def app(
    model: str = "meta-llama/Llama-3.1-8B-Instruct",
    *,
    max_model_len: int = 32768,
    system_role: bool = True,
    auto_tools: bool = False,
    api_key: str | None = None,
    answer_s: float = 0.0,
) -> FastAPI:
    """vLLM with one model; `system_role` False: with the chat template of Gemma 1 and 2.

    Every answer takes `answer_s`, however many are under way.
    """
    server = FastAPI()

    @server.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        said = {"message": error.message, "type": error.kind, "param": error.param, "code": error.status}
        return JSONResponse({"error": said}, error.status)

    @server.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return await refused(request, Refusal(400, str(error.errors()), "Bad Request"))

    @server.get("/v1/models")
    async def models() -> dict[str, Any]:
        card = {"id": model, "object": "model", "created": 1, "owned_by": "vllm", "root": model}
        return {"object": "list", "data": [card | {"parent": None, "max_model_len": max_model_len}]}

    @server.get("/health")
    async def health() -> None:
        return None

    @server.post("/v1/chat/completions", dependencies=[Depends(validate_json_request)])
    async def chat(request: ChatCompletionRequest, raw: Request) -> JSONResponse:
        if api_key is not None and raw.headers.get("authorization") != f"Bearer {api_key}":
            return JSONResponse({"error": "Unauthorized"}, 401)
        body = await raw.json()
        if request.model not in (None, "", model):
            words = f"The model `{request.model}` does not exist."
            raise Refusal(404, words, "NotFoundError", "model")
        _check_tools(body, auto_tools)
        if not system_role and body["messages"][0]["role"] == "system":
            raise Refusal(400, "System role not supported", "BadRequestError")
        _check_length(request, tokens_of(body), max_model_len)
        if (strange := _features(body.get("response_format"))) & _NOT_IN_GRAMMARS:
            words = f"The provided JSON schema contains features not supported by xgrammar: {strange}"
            raise Refusal(400, words, "BadRequestError")
        await asyncio.sleep(answer_s)
        answer = completion(body).model_dump(mode="json")
        choice = answer["choices"][0]
        called = choice["message"].get("tool_calls") or []
        choice["message"] = {
            "role": "assistant",
            "content": choice["message"]["content"] or "",
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "tool_calls": called,
            "reasoning": None,
        }
        # A named tool ends in "stop": it is structured output under another name.
        choice |= {"finish_reason": "stop", "stop_reason": None, "token_ids": None}
        answer["usage"] |= {"prompt_tokens_details": None}
        del answer["usage"]["completion_tokens_details"]
        return JSONResponse(answer | {"prompt_logprobs": None, "kv_transfer_params": None})

    return server


def _check_tools(body: dict[str, Any], auto_tools: bool) -> None:
    if body.get("tools") == []:
        raise Refusal(400, "`tools` must not be an empty array.", "BadRequestError", "tools")
    for message in body["messages"]:
        if message["role"] == "assistant" and message.get("tool_calls") == []:
            continue  # vLLM takes back what it sends itself
        if message["role"] == "assistant" and not (message.get("content") or message.get("tool_calls")):
            raise Refusal(400, "An assistant message needs content or tool calls", "BadRequestError")
    choice = body.get("tool_choice", "auto" if body.get("tools") else "none")
    if choice in ("auto", "required") and not auto_tools:
        words = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
        raise Refusal(400, words, "BadRequestError")


def _check_length(request: ChatCompletionRequest, prompt: int, longest: int) -> None:
    wanted = request.max_completion_tokens or request.max_tokens or 0
    if prompt + wanted > longest:
        raise Refusal(
            400,
            f"This model's maximum context length is {longest} tokens. However, you requested {wanted} "
            f"output tokens and your prompt contains at least {prompt} input tokens, for a total of at least "
            f"{prompt + wanted} tokens. Please reduce the length of the input prompt or the number of "
            "requested output tokens.",
            "BadRequestError",
            "input_tokens",
        )


def _features(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node).union(*map(_features, node.values()))
    return set().union(*map(_features, node)) if isinstance(node, list) else set()
