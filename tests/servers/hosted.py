"""What the copies of hosted APIs share: one completions route, and errors in OpenAI's envelope."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

Chat = Callable[[dict[str, Any], Request], "Response | Awaitable[Response]"]


class Refusal(Exception):
    """A refusal with OpenAI's envelope; `more` are further fields of the error."""

    def __init__(
        self, status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers
        self.error = {"message": message} | more


def app(chat: Chat, *models: str, path: str = "/v1") -> FastAPI:
    """An app whose completions `chat` gives; a Refusal that it raises becomes an error."""
    server = FastAPI()

    @server.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return JSONResponse({"error": error.error}, error.status, error.headers)

    @server.get(f"{path}/models")
    async def listed() -> dict[str, Any]:
        cards = [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in models]
        return {"object": "list", "data": cards}

    @server.post(f"{path}/chat/completions")
    async def answer(raw: Request) -> Response:
        given = chat(await raw.json(), raw)
        return given if isinstance(given, Response) else await given

    return server


def paper_of(body: dict[str, Any]) -> str:
    """What is asked, with the paper's text in it."""
    return "\n".join(str(message["content"]) for message in body["messages"])
