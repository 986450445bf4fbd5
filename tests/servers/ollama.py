"""Ollama: one answer at a time, a context that it cuts without a word, a model that it loads first.

After ollama/ollama 0.12 to 0.15: `openai/openai.go` (`ToUsage`, `NewError`, `FromChatRequest`),
`middleware/openai.go`, `server/routes.go` (`/api/show`, `/api/ps`, `/api/tags`, `handleScheduleError`),
`server/prompt.go` and `runner/ollamarunner` (what is cut), docs/faq.md (OLLAMA_NUM_PARALLEL, num_ctx 4096).
Any media type will do, and unknown fields are ignored.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from .answers import ANSWER_TOKENS, completion, tokens_of


def _error(status: int, message: str) -> JSONResponse:
    kind = {400: "invalid_request_error", 404: "not_found_error"}.get(status, "api_error")
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": None}}, status)


@dataclass
class Ollama:
    """Its settings, and what it holds in memory."""

    model: str = "llama3.1:8b"
    num_ctx: int = 4096
    """Tokens of the context in which the model is loaded."""
    context_length: int = 131_072
    """Tokens that the model could handle."""
    answer_s: float = 0.0
    load_s: float = 0.0
    max_queue: int = 512
    loaded: bool = False
    waiting: int = 0
    served: int = 0
    device: asyncio.Lock = field(default_factory=asyncio.Lock)
    """OLLAMA_NUM_PARALLEL=1."""

    def app(self) -> FastAPI:
        """The server."""
        server = FastAPI()
        server.get("/")(self.root)
        server.get("/v1/models")(self.models)
        server.get("/api/tags")(self.tags)
        server.get("/api/ps")(self.ps)
        server.post("/api/show")(self.show)
        server.post("/v1/chat/completions")(self.chat)
        return server

    async def root(self) -> str:
        return "Ollama is running"

    async def models(self) -> dict[str, Any]:
        card = {"id": self.model, "object": "model", "created": 1, "owned_by": "library"}
        return {"object": "list", "data": [card]}

    async def tags(self) -> dict[str, Any]:
        return {"models": [{"name": self.model, "model": self.model, "size": 4_920_753_328}]}

    async def ps(self) -> dict[str, Any]:
        one = {"name": self.model, "model": self.model, "size": 6_000_000_000, "context_length": self.num_ctx}
        return {"models": [one] if self.loaded else []}

    async def show(self, raw: Request) -> JSONResponse:
        asked = json.loads(await raw.body())
        name = asked.get("model") or asked.get("name")
        if name != self.model:
            return JSONResponse({"error": f"model '{name}' not found"}, 404)
        info = {"general.architecture": "llama", "llama.context_length": self.context_length}
        return JSONResponse(
            {
                "modelfile": f"FROM {self.model}\n",
                "parameters": 'stop                           "<|eot_id|>"',
                "template": "{{ .Prompt }}",
                "details": {"format": "gguf", "family": "llama", "parameter_size": "8.0B"},
                "model_info": info,
                "capabilities": ["completion", "tools"],
            }
        )

    async def chat(self, raw: Request) -> JSONResponse:
        try:
            body = json.loads(await raw.body())
        except ValueError as error:
            return _error(400, str(error))
        if not body.get("messages"):
            return _error(400, "[] is too short - 'messages'")
        if any(not isinstance(one.get("content"), (str, list)) and not one.get("tool_calls")
               for one in body["messages"]):  # fmt: skip
            return _error(400, "invalid message content type: <nil>")
        if body.get("model") != self.model:
            return _error(404, f"model '{body.get('model')}' not found")
        if self.waiting > self.max_queue:
            return _error(503, "server busy, please try again.  maximum pending requests exceeded")
        self.waiting += 1
        try:
            async with self.device:
                if await raw.is_disconnected():
                    return _error(499, "request canceled")
                if not self.loaded:
                    await asyncio.sleep(self.load_s)
                    self.loaded = True
                await asyncio.sleep(self.answer_s)
        finally:
            self.waiting -= 1
        self.served += 1
        read = min(tokens_of(body), self.num_ctx - 1)
        room = max(1, min(body.get("max_tokens") or self.num_ctx, self.num_ctx))
        cut = room < ANSWER_TOKENS
        answer = completion(
            body, "{" if cut else None, prompt_tokens=read, finish_reason="length" if cut else None
        ).model_dump(mode="json")
        usage = answer["usage"]
        answer["usage"] = {k: usage[k] for k in ("prompt_tokens", "completion_tokens", "total_tokens")}
        message = answer["choices"][0]["message"]
        message["content"] = message["content"] or ""
        del answer["choices"][0]["logprobs"]
        return JSONResponse(answer | {"system_fingerprint": "fp_ollama"})
