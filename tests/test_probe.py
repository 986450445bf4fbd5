"""Probing endpoints that do less than they should; llama.cpp itself is probed in tests/local."""

import json
from typing import Any

import pytest

from papercards.model.catalogue import resolve
from papercards.model.doctor import EndpointReport, estimate, probe
from papercards.model.endpoint import Endpoint
from papercards.model.form import Form
from tests.stub import Fault, Stub, answer, completion, error, good


def ask(stub: Stub, name: str = "stub-model") -> EndpointReport:
    model = resolve(name, base_url=stub.url)
    return probe(Endpoint(model, stub.url, "sk-test", 5.0, 900))


def streamed(*texts: str, **last: object) -> Fault:
    """The chunks of a streamed answer, with usage and whatever else the last one has."""
    base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "stub-model"}
    chunks: list[dict[str, object]] = [
        base | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        for text in texts
    ]
    usage = {"prompt_tokens": 400, "completion_tokens": 32, "total_tokens": 432}
    chunks.append(base | {"choices": [], "usage": usage} | last)
    lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Fault(200, f"{lines}data: [DONE]\n\n".encode())


FORCED = answer('{"colour": "quartz-7"}')
TOP = [{"token": "{", "logprob": -0.1}]
WITH_LOGPROBS = answer(
    '{"colour": "quartz-7"}', logprobs={"content": [{"token": "{", "logprob": -0.1, "top_logprobs": TOP}]}
)


def test_an_endpoint_that_does_what_is_asked(stub: Stub) -> None:
    stub.script = [
        FORCED,
        WITH_LOGPROBS,
        streamed("One", timings={"prompt_per_second": 50.0, "predicted_per_second": 5}),
    ]

    found = ask(stub)
    assert (found.answers, found.enforces_schema, found.logprobs, found.usage) == (True, True, True, True)
    assert (found.prompt_tokens_per_second, found.completion_tokens_per_second) == (50.0, 5.0)
    assert found.adapted == () and found.form == Form("stub-model")
    assert stub.keys == ["Bearer sk-test"] * 3


@pytest.mark.parametrize("text", ['{"colour": "blue"}', "The sky is blue.", "[" * 100_000])
def test_one_that_ignores_the_schema_is_found_out(stub: Stub, text: str) -> None:
    stub.answer = lambda body: completion(text)

    found = ask(stub)
    assert (found.answers, found.enforces_schema, found.logprobs) == (True, False, False)


def test_what_is_refused_is_left_out_as_in_a_run(stub: Stub) -> None:
    def judge(body: dict[str, Any]) -> str | None:
        if "response_format" in body:
            return "response_format is not supported"
        return "Unsupported parameter: temperature" if "temperature" in body else None

    stub.judge = judge
    found = ask(stub)
    assert found.answers and found.form is not None
    assert (found.form.mode, found.form.temperature) == ("tools", None)
    assert len(found.adapted) == 2
    assert "temperature" in " ".join(found.adapted)
    # The one that measures the speed comes last.
    assert "temperature" not in stub.bodies[-1] and "logprobs" not in str(found.adapted)


def test_one_that_thinks_is_given_the_room_of_a_run(stub: Stub) -> None:
    def thinking(body: dict[str, Any]) -> dict[str, Any]:
        if body.get("max_tokens", 0) in range(100, 2_000):
            return completion("<think>Blue or quartz?", finish_reason="length")
        return good(body)

    stub.answer = thinking
    found = ask(stub)
    assert found.answers and found.form is not None
    assert found.form.answer_tokens == 4_096


def test_a_model_of_the_full_name_is_found(stub: Stub) -> None:
    stub.judge = lambda body: "The model does not exist" if body["model"] != "openai/gpt-oss-20b" else None
    found = ask(stub, "openai/gpt-oss-20b")
    assert found.answers and found.form is not None
    assert found.form.model_id == "openai/gpt-oss-20b"


def test_one_that_refuses_logprobs_has_none(stub: Stub) -> None:
    stub.judge = lambda body: "logprobs are not supported" if "logprobs" in body else None

    found = ask(stub)
    assert (found.answers, found.logprobs, found.adapted) == (True, False, ())


@pytest.mark.parametrize(
    ("pages", "sizes"),
    [
        ({"/props": {"default_generation_settings": {"n_ctx": 4096}}}, (4096, None)),
        (
            {"/v1/models": {"data": [{"id": "other"}, {"id": "stub-model", "max_model_len": 8192}]}},
            (8192, None),
        ),
        ({"/v1/models": {"data": [{"id": "stub-model", "context_length": 200_000}]}}, (200_000, None)),
        (
            {
                "/api/v0/models": {
                    "data": [{"id": "stub-model", "loaded_context_length": 4096, "max_context_length": 32768}]
                }
            },
            (4096, 32768),
        ),
        (
            {
                "/api/ps": {"models": [{"name": "stub-model:latest", "context_length": 4096}]},
                "/api/show": {"model_info": {"llama.context_length": 131072}},
            },
            (4096, 131072),
        ),
        (
            {
                "/api/show": {
                    "parameters": 'stop "x"\nnum_ctx    8192',
                    "model_info": {"qwen.context_length": 40960},
                }
            },
            (8192, 40960),
        ),
        ({"/api/show": {"model_info": {"qwen.context_length": 40960}}}, (None, 40960)),
        (
            {"/props": [], "/v1/models": {"data": "x"}, "/api/ps": {"models": [1]}, "/api/show": 5},
            (None, None),
        ),
    ],
)
def test_the_context_is_what_the_server_says(
    stub: Stub, pages: dict[str, Any], sizes: tuple[int | None, int | None]
) -> None:
    stub.pages = pages
    found = ask(stub)
    assert (found.context_tokens, found.most_context_tokens) == sizes


def test_speeds_are_unknown_where_nothing_is_streamed(stub: Stub) -> None:
    stub.script = [FORCED, WITH_LOGPROBS, error(400, "no streaming")]

    result = ask(stub)
    assert (result.prompt_tokens_per_second, result.completion_tokens_per_second) == (None, None)
    assert estimate(result, 10, 100, 10) is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (error(401, "bad key"), "rejected the API key (401): bad key"),
        (error(404, "gone"), "does not know the model stub-model or the path (404): gone"),
        (error(500, "out of memory"), "500: out of memory"),
        (
            error(429, "You exceeded your current quota"),
            "no credit left (429): You exceeded your current quota",
        ),
        (error(400, "Your organization must be verified"), "400: Your organization must be verified"),
        (Fault(200, b"<html>Welcome</html>"), "instead of a chat completion"),
        (Fault(200, b'{"hello": 1}'), "instead of a chat completion"),
        (Fault(drop=True), "disconnected"),
        (answer("", finish_reason="content_filter"), "content filter"),
    ],
)
def test_why_it_does_not_answer_is_one_line(stub: Stub, fault: Fault, reason: str) -> None:
    stub.script = [fault]

    result = ask(stub)
    assert not result.answers
    # The address is named once, by the command.
    assert reason in result.reason and stub.url not in result.reason and "\n" not in result.reason
    assert len(stub.bodies) == 1


def test_a_dead_port_does_not_answer() -> None:
    model = resolve("m", base_url="http://127.0.0.1:9/v1")
    found = probe(Endpoint(model, "http://127.0.0.1:9/v1", "k", 5.0, 900))
    assert not found.answers and "cannot reach the endpoint" in found.reason


def test_the_estimate_adds_reading_and_writing() -> None:
    result = EndpointReport(True, prompt_tokens_per_second=50.0, completion_tokens_per_second=5.0)

    assert estimate(result, 10, 500, 100) == pytest.approx(10 * (10 + 20))
