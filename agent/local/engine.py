"""What our own llama.cpp server can do beyond the chat protocol: give hidden states, go on writing a text.

A text that was read for its hidden states stays in the server's KV cache, so that writing on from it costs
only what comes after. Token numbers are sent, not text, so that both read the very same tokens.

Knows texts and tokens. Knows no papers, prompts or labels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from ..errors import EndpointError, PaperFailed

if TYPE_CHECKING:
    import numpy as np
    from httpx2 import AsyncClient
    from numpy.typing import NDArray

    from .server import LocalServer
    from .shared import SharedServer


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote."""

    text: str
    stopped: bool
    """It came to an end by itself, not by the limit on tokens."""
    prompt_tokens: int
    cached_prompt_tokens: int
    """The part of them that was in the KV cache."""
    completion_tokens: int
    first: Mapping[str, float] = field(default_factory=dict)
    """Log probabilities of the likeliest first tokens, if they were asked for."""


class Engine:
    """A client of one server, which works on each text where most of it was read before."""

    def __init__(self, server: "LocalServer | SharedServer", timeout_s: float) -> None:
        self._root = server.base_url.removesuffix("/v1")
        self._headers = {"authorization": f"Bearer {server.api_key}"}
        self._timeout_s = timeout_s
        self._client: AsyncClient | None = None

    async def tokens(self, text: str, special: bool) -> list[int]:
        """The tokens of a text; `special` says whether words such as `<|im_start|>` are tokens of their own.

        They must not be in a text that strangers wrote.
        """
        body = {"content": text, "add_special": False, "parse_special": special}
        found: list[int] = (await self._post("/tokenize", body))["tokens"]
        return found

    async def hidden_states(self, tokens: Sequence[int]) -> "NDArray[np.float32]":
        """The last layer's state at each token: tokens by dimensions."""
        import numpy as np

        found = await self._post("/embedding", {"content": list(tokens)})
        states = np.asarray(found[0]["embedding"], dtype=np.float32)
        if states.shape[0] != len(tokens):
            raise EndpointError(f"the embedded model gave {states.shape[0]} states for {len(tokens)} tokens")
        return states

    async def write(
        self, tokens: Sequence[int], *, most_tokens: int, stop: Sequence[str] = ("\n",), likely: int = 0
    ) -> Written:
        """What the model writes after the tokens, the likeliest token each time.

        `likely` is how many of the likeliest first tokens are told with their probabilities.
        """
        body = {
            "prompt": list(tokens),
            "n_predict": most_tokens,
            "temperature": 0,
            "stop": list(stop),
            "cache_prompt": True,
            "n_probs": likely,
        }
        found = await self._post("/completion", body)
        timings = found["timings"]
        chances = found.get("completion_probabilities") or [{"top_logprobs": ()}]
        return Written(
            text=str(found["content"]),
            stopped=found["stop_type"] != "limit",
            prompt_tokens=int(timings["prompt_n"]) + int(timings["cache_n"]),
            cached_prompt_tokens=int(timings["cache_n"]),
            completion_tokens=int(timings["predicted_n"]),
            first={str(one["token"]): float(one["logprob"]) for one in chances[0]["top_logprobs"]},
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        import httpx2

        if self._client is None:
            self._client = httpx2.AsyncClient(
                base_url=self._root, headers=self._headers, timeout=self._timeout_s, trust_env=False
            )
        try:
            response = await self._client.post(path, content=json.dumps(body))
        except httpx2.TimeoutException as error:
            raise PaperFailed(
                f"no answer within {self._timeout_s:g} s", next_step="Increase it with --timeout"
            ) from error
        except httpx2.HTTPError as error:
            raise EndpointError(f"the embedded model has stopped: {error}") from error
        if response.status_code != 200:
            raise PaperFailed(f"the embedded model answered {response.status_code}: {_reason(response.text)}")
        return from_json(response.content)  # states are megabytes, and this is five times as fast


def _reason(text: str) -> str:
    try:
        return str(json.loads(text)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return text[:300]
