"""Opens API clients, and posts requests with one.

The only file that creates an API client for papers. Knows HTTP. Knows no limits, budgets, prompts or schemas.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from ..errors import UsageError
from .bounded_answer import bound
from .endpoint import Endpoint

if TYPE_CHECKING:
    import httpx2
    import openai

# Spelt as the SDK spells it, so that this replaces its header: in other letters both would be sent, and
# FastAPI servers (vLLM, SGLang, LiteLLM) refuse a media type that is given twice.
_JSON: Any = {"headers": {"Content-Type": "application/json"}}
_OWN = frozenset({"content-length", "transfer-encoding", "cookie"})
"""Headers that each request has for itself."""


def open_client(endpoint: Endpoint) -> "openai.AsyncOpenAI":
    """A client without retries. It uses aiohttp, which takes a third of the time of the default.

    It does not follow redirects: papers are sent only where the user said. Raises UsageError for an unusable
    address or proxy.
    """
    return _open(endpoint)[0]


def _open(endpoint: Endpoint) -> "tuple[openai.AsyncOpenAI, httpx2.AsyncClient]":
    import openai

    address = urlsplit(endpoint.base_url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise UsageError(
            "the address must start with http:// or https:// and a host name",
            where=endpoint.without_key(endpoint.base_url),
            next_step="Check --base-url",
        )
    try:
        http = openai.DefaultAioHttpClient(
            timeout=endpoint.timeout_s, follow_redirects=False, event_hooks=_hooks(endpoint)
        )
        sdk = openai.AsyncOpenAI(
            api_key=endpoint.api_key,
            # aiohttp refuses a user name in the address beside the key; the key is what counts.
            base_url=endpoint.shown_url,
            default_query=dict(parse_qsl(address.query, keep_blank_values=True)),
            default_headers=dict(endpoint.extra_headers),
            max_retries=0,
            timeout=endpoint.timeout_s,
            http_client=http,
        )
    except (ValueError, OSError, openai.OpenAIError) as error:
        raise UsageError(
            f"cannot connect: {endpoint.without_key(str(error))}",
            where=endpoint.shown_url,
            next_step="Check the proxy in all_proxy, http_proxy, https_proxy (socks5:// or http://), and "
            "SSL_CERT_FILE; list hosts that need no proxy in no_proxy",
        ) from error
    return sdk, http


def _hooks(endpoint: Endpoint) -> dict[str, list[Any]]:
    """Bound answers, and a key in the header where the provider looks for it and in no other."""

    async def move_key(request: "httpx2.Request") -> None:
        if endpoint.key_header is not None and request.headers.pop("authorization", None) is not None:
            request.headers[endpoint.key_header] = endpoint.api_key

    return {"request": [move_key] if endpoint.key_header else [], "response": [bound]}


class Posting:
    """Posts requests to one endpoint.

    The SDK lays out requests until one is answered; the others have its address and headers, since working
    these out again takes a good part of the time that a paper takes.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Raises UsageError for an unusable address or proxy."""
        self._sdk, self._http = _open(endpoint)
        self._path = endpoint.path
        self._answered: httpx2.Request | None = None
        self._headers: list[tuple[bytes, bytes]] = []

    async def post(self, body: bytes) -> "httpx2.Response":
        """The response to a body. Raises openai.OpenAIError if there is none, or for an error status."""
        import httpx2
        import openai

        if self._answered is None:
            response = await self._sdk.post(self._path, cast_to=httpx2.Response, content=body, options=_JSON)
            request = response.request
            raw = request.headers.raw
            self._headers = [(name, value) for name, value in raw if name.lower().decode() not in _OWN]
            self._answered = request
            return response
        request = httpx2.Request(
            "POST",
            self._answered.url,
            headers=self._headers,
            cookies=self._http.cookies,
            content=body,
            extensions=self._answered.extensions,
        )
        try:
            response = await self._http.send(request)
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(request=request) from error
        except Exception as error:
            raise openai.APIConnectionError(request=request) from error
        if not response.is_success:
            raise openai.APIStatusError(f"Error code: {response.status_code}", response=response, body=None)
        return response

    async def close(self) -> None:
        """Close the connections."""
        await self._sdk.close()
