"""Probing endpoints that do less than they should; llama.cpp itself is probed in tests/local."""

import json

import pytest

from papercards.probe import Probe, estimate, probe
from tests.stub import Fault, Stub, answer, error


def ask(stub: Stub) -> Probe:
    return probe(stub.url, "sk-test", "stub-model", timeout_s=5)


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


HELLO = answer("Hello.")


def test_an_endpoint_that_does_what_is_asked(stub: Stub) -> None:
    stub.script = [
        answer(
            "Hello.",
            logprobs={"content": [{"token": "H", "logprob": -0.1, "bytes": None, "top_logprobs": []}]},
        ),
        streamed("One", timings={"prompt_per_second": 50.0, "predicted_per_second": 5}),
        None,
    ]

    assert ask(stub) == Probe(True, "", True, True, True, None, 50.0, 5.0)
    assert stub.keys == ["Bearer sk-test"] * 3


def test_one_that_ignores_the_schema_is_found_out(stub: Stub) -> None:
    stub.script = [HELLO, streamed("One"), answer('{"colour": "blue"}')]

    result = ask(stub)
    assert (result.answers, result.enforces_schema, result.logprobs) == (True, False, False)


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (error(400, "unknown field response_format"), False),
        (answer("The sky is blue."), False),
        (answer('{"colour": "quar', finish_reason="length"), None),
        (error(500), None),
    ],
)
def test_the_verdict_on_the_schema_is_none_where_nothing_can_be_told(
    stub: Stub, fault: Fault, verdict: bool | None
) -> None:
    stub.script = [HELLO, streamed("One"), fault]

    assert ask(stub).enforces_schema is verdict


def test_one_that_refuses_logprobs_is_asked_without_them(stub: Stub) -> None:
    stub.script = [error(400, "logprobs are not supported"), HELLO, streamed("One"), None]

    result = ask(stub)
    assert (result.answers, result.logprobs) == (True, False)
    assert "logprobs" in stub.bodies[0] and "logprobs" not in stub.bodies[1]


def test_speeds_are_unknown_where_nothing_is_streamed(stub: Stub) -> None:
    stub.script = [HELLO, error(400, "no streaming"), None]

    result = ask(stub)
    assert (result.prompt_tokens_per_second, result.completion_tokens_per_second) == (None, None)
    assert estimate(result, 10, 100, 10) is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (error(401, "bad key"), "the API key is refused (HTTP 401): bad key"),
        (error(404, "gone"), 'no model "stub-model" (HTTP 404): gone'),
        (error(500, "out of memory"), "HTTP 500: out of memory"),
        (error(429, "You exceeded your quota"), "HTTP 429: You exceeded your quota"),
        (Fault(200, b"<html>Welcome</html>"), "not with a chat completion"),
        (Fault(200, b'{"hello": 1}'), "not with a chat completion"),
        (Fault(drop=True), "nothing answers"),
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
    assert "nothing answers there" in probe("http://127.0.0.1:9/v1", "k", "m").reason


def test_the_estimate_adds_reading_and_writing() -> None:
    result = Probe(True, prompt_tokens_per_second=50.0, completion_tokens_per_second=5.0)

    assert estimate(result, 10, 500, 100) == pytest.approx(10 * (10 + 20))
    assert estimate(result, 10, 500, 100, concurrency=2) == pytest.approx(150)
