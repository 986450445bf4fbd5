"""SGLang's OpenAI server: the same idea as vLLM's, with flat errors and another wording.

After sgl-project/sglang of 2025/26: `python/sglang/srt/entrypoints/openai/protocol.py` (request, answer,
`ErrorResponse`, which is not inside an `error`), `python/sglang/srt/entrypoints/http_server.py`
(`validate_json_request`, the handler of validation errors), `serving_chat.py` and
`managers/tokenizer_manager.py` (the checks).
"""

from typing import Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, field_validator

from .answers import completion, tokens_of
from .vllm import ResponseFormat, validate_json_request


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class FunctionResponse(BaseModel):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class ToolCall(BaseModel):
    id: str | None = None
    index: int | None = None
    type: Literal["function"] = "function"
    function: FunctionResponse


class ChatMessage(BaseModel):
    role: Literal["system", "assistant", "tool", "function", "developer", "user"]
    content: str | list[TextPart] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None


class Function(BaseModel):
    description: str | None = None
    name: str
    parameters: dict[str, Any] | None = None
    strict: bool = False


class Tool(BaseModel):
    type: str = "function"
    function: Function


class ChosenFunction(BaseModel):
    name: str | None = None


class ToolChoice(BaseModel):
    function: ChosenFunction
    type: Literal["function"] = "function"


class ChatCompletionRequest(BaseModel):
    messages: list[ChatMessage]
    model: str = "default"
    logprobs: bool = False
    top_logprobs: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int = 1
    response_format: ResponseFormat | None = None
    seed: int | None = None
    stream: bool = False
    temperature: float | None = None
    top_p: float | None = None
    tools: list[Tool] | None = Field(default=None)
    tool_choice: ToolChoice | Literal["auto", "required", "none"] = "auto"

    @field_validator("max_tokens", "max_completion_tokens")
    @classmethod
    def positive(cls, value: int | None) -> int | None:
        if value is not None and value <= 0:
            raise ValueError("max_tokens must be positive")
        return value


def _error(message: str, status: int = 400, kind: str = "BadRequestError") -> JSONResponse:
    return JSONResponse(
        {"object": "error", "message": message, "type": kind, "param": None, "code": status}, status
    )


def app(model: str = "Qwen/Qwen2.5-7B-Instruct", *, context_length: int = 32768) -> FastAPI:
    """SGLang with one model; it answers under any name."""
    server = FastAPI()

    @server.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _error(f"{error.errors()}", kind="Bad Request")

    @server.get("/v1/models")
    async def models() -> dict[str, Any]:
        card = {"id": model, "object": "model", "created": 1, "owned_by": "sglang", "root": model}
        return {"object": "list", "data": [card | {"parent": None, "max_model_len": context_length}]}

    @server.post("/v1/chat/completions", dependencies=[Depends(validate_json_request)])
    async def chat(request: ChatCompletionRequest, raw: Request) -> JSONResponse:
        body = await raw.json()
        if not request.messages:
            return _error("Messages cannot be empty.")
        prompt = tokens_of(body)
        wanted = request.max_completion_tokens or request.max_tokens or 0
        if prompt >= context_length:
            return _error(
                f"The input ({prompt} tokens) is longer than the model's context length "
                f"({context_length} tokens)."
            )
        if prompt + wanted > context_length:
            return _error(
                f"Requested token count exceeds the model's maximum context length of {context_length} "
                f"tokens. You requested a total of {prompt + wanted} tokens: {prompt} tokens from the input "
                f"messages and {wanted} tokens for the completion. Please reduce the number of tokens in the "
                "input messages or the completion to fit within the limit."
            )
        answer = completion(body, reasoning_content=None).model_dump(mode="json")
        choice = answer["choices"][0]
        choice["message"].setdefault("tool_calls", None)
        choice["matched_stop"] = None if choice["message"]["tool_calls"] else 151645
        usage = answer["usage"]
        usage |= {"prompt_tokens_details": None, "reasoning_tokens": 0}
        del usage["completion_tokens_details"]
        return JSONResponse(answer | {"metadata": {"weight_version": "default"}})

    return server
