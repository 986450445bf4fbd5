"""`models doctor` meets an endpoint as a run does: the same address, and the endpoint's own words."""

from collections.abc import Callable

import pytest
from starlette.types import ASGIApp

from tests.servers import (
    azure,
    deepseek,
    groq,
    hugging_face,
    odd,
    ollama,
    openai_reasoning,
    openrouter,
    sglang,
    vllm,
)
from tests.servers.loopback import serving
from tests.servers.odd import Raw, error
from tests.wire.conftest import Program

WELL: list[tuple[Callable[[], ASGIApp], str, str]] = [
    (vllm.app, "vllm/meta-llama/Llama-3.1-8B-Instruct", "/v1"),
    (sglang.app, "Qwen/Qwen2.5-7B-Instruct", "/v1"),
    (lambda: ollama.Ollama().app(), "ollama/llama3.1:8b", "/v1"),
    (openai_reasoning.app, "openai/gpt-5-mini", "/v1"),
    (deepseek.app, "deepseek/deepseek-reasoner", "/v1"),
    (openrouter.app, "openrouter/openai/gpt-4o-mini", "/api/v1"),
    (azure.app, "cards", "/openai/v1?api-version=preview"),
    (groq.app, "groq/llama-3.3-70b-versatile", "/openai/v1"),
    (hugging_face.app, "Qwen/Qwen2.5-7B-Instruct", "/v1"),
]


@pytest.mark.parametrize(("app", "model", "path"), WELL, ids=[row[1] for row in WELL])
def test_every_server_answers(program: Program, app: Callable[[], ASGIApp], model: str, path: str) -> None:
    with serving(app()) as served:
        ran = program("models", "doctor", "-m", model, "--base-url", served.root + path)

    assert ran.code == 0, ran.stderr
    assert "answers            yes" in ran.stdout
    for request in served.requests:
        names = [name for name, _ in request.headers]
        assert len(names) == len(set(names)), "a header was sent twice"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (error(200, message="Upstream is rate limited", code=429), "429: Upstream is rate limited"),
        (error(402, message="Insufficient credits"), "(402): Insufficient credits"),
        (error(401, message="No such key"), "rejected the API key (401): No such key"),
        (Raw(b"", 302, {"location": "https://example.org/login"}), "302"),
        (Raw(b"{}", 200, {"content-encoding": "gzip"}), "decode"),
    ],
)
def test_what_an_endpoint_says_is_told(program: Program, answer: Raw, says: str) -> None:
    with serving(odd.answering(lambda body, n: answer)) as served:
        ran = program("models", "doctor", "-m", "m", "--base-url", served.url)

    assert ran.code == 2
    assert says in ran.stderr.splitlines()[-1]
    assert "internal error" not in ran.stderr


@pytest.mark.parametrize(
    ("address", "variables", "says"),
    [
        ("http://no-such-host.invalid/v1", {}, "no such host"),
        ("localhost:11434/v1", {}, "http://"),
        ("https://example.invalid/v1", {"SSL_CERT_FILE": "/no/such.pem"}, "SSL_CERT_FILE"),
        ("http://example.invalid/v1", {"ALL_PROXY": "socks://127.0.0.1:9"}, "all_proxy"),
        ("http://example.invalid/v1", {"HTTP_PROXY": "http://127.0.0.1:9"}, "HTTP_PROXY"),
    ],
)
def test_why_there_is_no_connection_is_told(
    program: Program, address: str, variables: dict[str, str], says: str
) -> None:
    ran = program("models", "doctor", "-m", "m", "--base-url", address, **variables)

    assert ran.code == 2
    assert says in ran.stderr.splitlines()[-1], ran.stderr
