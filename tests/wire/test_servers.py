"""Every server that people have gives a card for every paper, with the default flags."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp

from papercards.model import transport
from papercards.model.retrying import RetryPolicy
from tests.servers import (
    azure,
    deepseek,
    groq,
    hugging_face,
    ollama,
    openai_reasoning,
    openrouter,
    sglang,
    vllm,
)
from tests.servers.loopback import Served, serving
from tests.wire.conftest import Program, Ran

Papers = Callable[[int], str]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is waited for a hundred times shorter."""
    monkeypatch.setattr(transport, "_LOADING_S", 0.05)
    monkeypatch.setattr(transport, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.01, max_wait_s=0.1))


def enrich(
    program: Program, papers: Papers, app: ASGIApp, model: str, count: int = 6, path: str = "/v1", *flags: str
) -> tuple[Ran, Served]:
    with serving(app) as served:
        address = served.root + path
        ran = program(
            "enrich", papers(count), "-o", "cards.jsonl", "-m", model, "--base-url", address, *flags
        )
    return ran, served


SERVERS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "vLLM": (vllm.app, "vllm/meta-llama/Llama-3.1-8B-Instruct", "/v1"),
    "vLLM, named by its address alone": (vllm.app, "meta-llama/Llama-3.1-8B-Instruct", "/v1"),
    "vLLM, a model without a system role": (
        lambda: vllm.app("google/gemma-2-9b-it", system_role=False),
        "vllm/google/gemma-2-9b-it",
        "/v1",
    ),
    "SGLang": (sglang.app, "Qwen/Qwen2.5-7B-Instruct", "/v1"),
    "Ollama, with room enough": (
        lambda: ollama.Ollama(num_ctx=32_768).app(),
        "ollama/llama3.1:8b",
        "/v1",
    ),
    "OpenAI, a reasoning model": (openai_reasoning.app, "openai/gpt-5-mini", "/v1"),
    "OpenAI, a model that thinks long": (
        lambda: openai_reasoning.app(reasoning_tokens=2500),
        "openai/gpt-5-mini",
        "/v1",
    ),
    "DeepSeek, thinking": (deepseek.app, "deepseek/deepseek-reasoner", "/v1"),
    "DeepSeek, thinking, JSON as text": (
        lambda: deepseek.app(calls_tools=False),
        "deepseek/deepseek-reasoner",
        "/v1",
    ),
    "OpenRouter": (openrouter.app, "openrouter/openai/gpt-4o-mini", "/api/v1"),
    "OpenRouter, limited upstream": (
        lambda: openrouter.app(limited=2),
        "openrouter/openai/gpt-4o-mini",
        "/api/v1",
    ),
    "Azure": (azure.app, "cards", "/openai/v1?api-version=preview"),
    "Azure, limited": (lambda: azure.app(limited=1), "cards", "/openai/v1?api-version=preview"),
    "Groq": (groq.app, "groq/llama-3.3-70b-versatile", "/openai/v1"),
    "Groq, with generations that it refuses": (
        lambda: groq.app(botched=2),
        "groq/llama-3.3-70b-versatile",
        "/openai/v1",
    ),
    "Hugging Face": (hugging_face.app, "Qwen/Qwen2.5-7B-Instruct", "/v1"),
    "Hugging Face, loading": (
        lambda: hugging_face.app(loading=3, estimated_s=0.1, overloaded=1),
        "Qwen/Qwen2.5-7B-Instruct",
        "/v1",
    ),
}


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_gives_all_cards(program: Program, papers: Papers, name: str) -> None:
    app, model, path = SERVERS[name]
    ran, served = enrich(program, papers, app(), model, 6, path)

    assert ran.code == 0, ran.stderr
    assert len(ran.cards) == 6
    assert ran.errors == []
    assert re.search(r"6 cards \(6 new, 0 cached\), 0 failed", ran.stderr)
    for request in served.chats:
        names = [name for name, _ in request.headers]
        assert len(names) == len(set(names)), "a header was sent twice"
        assert ("content-type", "application/json") in request.headers


def test_the_query_of_an_address_stays_a_query(program: Program, papers: Papers) -> None:
    _, served = enrich(program, papers, azure.app(), "cards", 2, "/openai/v1?api-version=preview")

    assert {(one.path, one.query) for one in served.chats} == {
        ("/openai/v1/chat/completions", "api-version=preview")
    }


def test_a_model_that_is_not_there_is_named_as_the_server_says_it(program: Program, papers: Papers) -> None:
    for app, says in (
        (vllm.app(), r"The model `\S*nothing:1b` does not exist\. Check"),
        (ollama.Ollama().app(), r"model '\S*nothing:1b' not found"),
    ):
        ran, served = enrich(program, papers, app, "ollama/nothing:1b", 6)
        assert ran.code == 2
        assert re.search(says, ran.stderr)
        assert len(served.chats) <= 3


def test_a_context_that_is_too_small_is_said_with_the_servers_words(program: Program, papers: Papers) -> None:
    for app, says in (
        (vllm.app(max_model_len=2048), "maximum context length is 2048 tokens"),
        (sglang.app(context_length=2048), "context length"),
    ):
        ran, served = enrich(program, papers, app, "meta-llama/Llama-3.1-8B-Instruct", 60)
        assert ran.code != 0
        assert ran.cards == []
        assert says in ran.stderr + "".join(one["message"] for one in ran.errors)
        assert len(served.chats) <= 25, "60 papers met the same wall"


def test_a_context_that_ollama_cuts_makes_no_clean_card(program: Program, papers: Papers) -> None:
    # Its usage says 1,023 tokens of some 4,000: the labels were in the part that it dropped.
    ran, served = enrich(program, papers, ollama.Ollama(num_ctx=1024).app(), "ollama/llama3.1:8b", 40)

    assert ran.code != 0
    assert ran.cards == []
    assert "OLLAMA_CONTEXT_LENGTH" in ran.stderr
    assert len(served.chats) <= 20, "40 papers met the same wall"


def test_a_flagged_paper_costs_that_paper(program: Program, papers: Papers) -> None:
    for app, model, path in (
        (openrouter.app(forbidden="Paper 3 "), "openrouter/openai/gpt-4o-mini", "/api/v1"),
        (azure.app(filtered="Paper 3 "), "cards", "/openai/v1?api-version=preview"),
    ):
        ran, _ = enrich(program, papers, app, model, 8, path, "--no-cache")
        assert ran.code == 1, ran.stderr
        assert len(ran.cards) == 7
        (error,) = ran.errors
        assert error["where"].endswith(":4")


def test_a_generation_that_the_provider_broke_off_costs_at_most_that_paper(
    program: Program, papers: Papers
) -> None:
    app = openrouter.app(breaks="Paper 2 ")
    ran, _ = enrich(program, papers, app, "openrouter/openai/gpt-4o-mini", 8, "/api/v1")

    assert ran.code == 1, ran.stderr
    assert len(ran.cards) == 7
    assert "Upstream idle timeout" in ran.errors[0]["message"]


def test_an_account_that_runs_empty_ends_the_run_with_the_words(program: Program, papers: Papers) -> None:
    app = openrouter.app(credit=5)
    ran, served = enrich(program, papers, app, "openrouter/openai/gpt-4o-mini", 40, "/api/v1", "-j", "4")

    assert ran.code != 0
    assert len(ran.cards) == 5
    assert "Insufficient credits" in ran.stderr
    assert len(served.chats) <= 5 + 4


def test_a_limit_of_the_day_ends_the_run_with_the_words(program: Program, papers: Papers) -> None:
    app = groq.app(a_day=5)
    ran, served = enrich(program, papers, app, "groq/llama-3.3-70b-versatile", 40, "/openai/v1", "-j", "4")

    assert ran.code != 0
    assert len(ran.cards) == 5
    assert "requests per day" in ran.stderr
    assert "7 h" in ran.stderr
    assert len(served.chats) <= 5 + 4


def test_thinking_is_in_the_bill(program: Program, papers: Papers) -> None:
    app = openai_reasoning.app(reasoning_tokens=400)
    ran, _ = enrich(program, papers, app, "openai/gpt-5-mini", 4, "/v1", "--price", "0/1000000")

    assert ran.code == 0, ran.stderr
    assert ran.record["cost_usd"] == pytest.approx(4 * 550)


def test_a_model_that_is_loading_is_waited_for_with_a_line(program: Program, papers: Papers) -> None:
    app = hugging_face.app(loading=20, estimated_s=0.05)
    ran, served = enrich(program, papers, app, "Qwen/Qwen2.5-7B-Instruct", 4)

    assert ran.code == 0, ran.stderr
    assert len(ran.cards) == 4
    assert "is loading its model" in ran.stderr
    assert len(served.chats) == 24
