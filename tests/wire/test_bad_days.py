"""An endpoint on a bad day: it limits, queues, runs empty, breaks off, forgets to count.

The run goes on where that helps, ends where it does not, and tells what it cost.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from papercards.model import transport
from papercards.model.retrying import RetryPolicy
from tests.servers import odd, ollama
from tests.servers.loopback import Served, serving
from tests.servers.odd import RIGHT, Handler, Raw, error, paper_number, right
from tests.wire.conftest import Program, Ran

Papers = Callable[[int], str]
Ask = Callable[..., tuple[Ran, Served]]
PRICE = ("--price", "1/2")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.005))


@pytest.fixture
def ask(program: Program, papers: Papers) -> Ask:
    """The run over so many papers at an endpoint that answers as the handler says."""

    def go(handler: Handler, count: int, *flags: str, model: str = "m") -> tuple[Ran, Served]:
        with serving(odd.answering(handler)) as served:
            ran = program(
                *("enrich", papers(count), "-o", "cards.jsonl", "-m", model, "--base-url", served.url, *flags)
            )
        assert "internal error" not in ran.stderr
        return ran, served

    return go


# What no waiting mends.


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (error(400, message="This project is archived", type="invalid_request_error"), "is archived"),
        (
            error(429, message="You exceeded your current quota", type="insufficient_quota", code=None),
            "quota",
        ),
        (error(429, message="Slow down", code="insufficient_quota"), "Slow down"),
        (error(402, message="Payment needed"), "Payment needed"),
        (error(403, message="Country not supported", code="unsupported_country"), "Country"),
        (Raw(b'{"detail": "No route"}', 501), "No route"),
        (error(429, {"retry-after": "25200"}, message="Daily limit"), "7 h"),
        (error(429, message="Limit of the day. Please try again in 7h3m."), "7 h"),
        (Raw(b"<html>Blocked</html>", 403), "HTML"),
        (Raw(b'{"choices": []}'), "an empty answer"),
        (error(200, message="Broken", code=400), "Broken"),
    ],
)
def test_a_wall_that_all_papers_meet_ends_the_run_with_the_words(ask: Ask, refusal: Raw, words: str) -> None:
    ran, served = ask(lambda body, n: refusal, 200)

    assert ran.code == 2
    assert words in ran.stderr.splitlines()[-1] + ran.stderr
    assert len(served.chats) <= 30
    assert len(ran.errors) <= 30


def test_a_wall_that_comes_later_ends_the_run_and_keeps_the_cards(program: Program, papers: Papers) -> None:
    wall = True

    def handler(body: Any, n: int) -> Any:
        return error(400, message="This project is archived") if wall and n >= 20 else RIGHT

    with serving(odd.answering(handler)) as served:
        arguments = ("enrich", papers(200), "-o", "cards.jsonl", "-m", "m", "--base-url", served.url)
        ran = program(*arguments)
        assert ran.code == 2
        assert len(ran.cards) == 20
        # How many are out when the twentieth fails is a matter of the machine.
        assert (asked := len(served.chats)) < 100
        wall = False
        again = program(*arguments)

    assert (again.code, len(again.cards)) == (0, 200), again.stderr
    assert len(served.chats) == asked + 180


# What is one paper's own.


@pytest.mark.parametrize("place", [0, 7])
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Raw(b'{"id": "x", "choi', breaks=True), id="broken off"),
        pytest.param(Raw(b'{"id": "x", "choi'), id="half"),
        pytest.param(error(200, message="Bad gateway", code=502), id="error in 200"),
        pytest.param(error(403, message="Your input was flagged by our policy"), id="flagged"),
        pytest.param(error(400, message="blocked by the safety system", code="content_policy"), id="blocked"),
        pytest.param(error(500, message="CUDA error: device-side assert"), id="500"),
        pytest.param(error(413, message="Request too large"), id="413"),
    ],
)
def test_what_one_paper_meets_costs_that_paper(ask: Ask, answer: Raw, place: int) -> None:
    ran, served = ask(lambda body, n: answer if paper_number(body) == place else RIGHT, 20, "-j", "20")

    assert ran.code == 1, ran.stderr
    assert len(ran.cards) == 19
    (failed,) = ran.errors
    assert failed["where"].endswith(f":{place + 1}")
    # None of the others was asked again.
    assert sum(paper_number(body) != place for body in served.bodies()) == 19


def test_a_first_answer_that_breaks_off_is_asked_for_again(ask: Ask) -> None:
    ran, _ = ask(lambda body, n: Raw(b"{", breaks=True) if n < 2 else RIGHT, 5)

    assert (ran.code, len(ran.cards)) == (0, 5), ran.stderr


# What is waited for.


@pytest.mark.parametrize(
    "headers",
    [{"retry-after-ms": "400"}, {"retry-after": "0.4"}, {}],
    ids=["milliseconds", "seconds", "in the words alone"],
)
def test_a_limit_is_kept_by_all_and_costs_no_paper(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(transport, "_OWN_WAIT_S", 0.1)  # a wait of 400 ms is a long one
    window = {"begin": 0.0, "left": 0}

    def handler(body: Any, n: int) -> Any:
        now = time.monotonic()
        if now - window["begin"] > 0.4:
            window.update(begin=now, left=10)
        if window["left"] < 1:
            return error(429, headers, message="Rate limit reached. Please try again in 400ms.")
        window["left"] -= 1
        return RIGHT

    ran, served = ask(handler, 30)
    assert (ran.code, len(ran.cards)) == (0, 30), ran.stderr
    assert len(served.chats) <= 30 + 2 * 30


def resets() -> dict[str, str]:
    soon = datetime.now(UTC) + timedelta(seconds=0.6)
    return {
        "a Unix time": str(int(soon.timestamp())),
        "milliseconds since 1970": str(int(soon.timestamp() * 1000)),
        "an ISO date": soon.isoformat().replace("+00:00", "Z"),
        "for ever": "inf",
        "nonsense": "soon",
        "a date long ago": "2001-01-01T00:00:00Z",
        "years": "99999999",
    }


@pytest.mark.parametrize("kind", list(resets()))
def test_a_reset_is_read_whatever_it_is_written_as(ask: Ask, kind: str) -> None:
    begin = time.monotonic()

    def handler(body: Any, n: int) -> Any:
        told = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": resets()[kind]}
        return right(body, headers=told if n == 3 else {})

    ran, _ = ask(handler, 12)
    assert (ran.code, len(ran.cards)) == (0, 12), ran.stderr
    assert time.monotonic() - begin < 20


@pytest.mark.slow
def test_a_server_of_one_answer_at_a_time_loses_no_paper_to_a_short_time_out(
    program: Program, papers: Papers
) -> None:
    # 8 at once would wait 2.4 s, twice the time-out.
    with serving(ollama.Ollama(num_ctx=32_768, answer_s=0.3).app()) as served:
        ran = program(
            *("enrich", papers(20), "-o", "cards.jsonl", "-m", "ollama/llama3.1:8b"),
            *("--base-url", served.url, "--timeout", "1.2"),
        )

    assert (ran.code, len(ran.cards)) == (0, 20), ran.stderr
    assert len(served.chats) <= 24


# What it costs.


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param({"usage": None}, id="no usage"),
        pytest.param({"usage": {"prompt_tokens": 0, "completion_tokens": 0}}, id="zeros"),
        pytest.param({"usage": {"input_tokens": 4000, "output_tokens": 150}}, id="Anthropic's names"),
        pytest.param({"usage": {"prompt_tokens": -4000, "completion_tokens": -150}}, id="below zero"),
        pytest.param({"usage": "n/a"}, id="a string"),
    ],
)
def test_money_is_kept_where_tokens_are_not_counted(ask: Ask, usage: dict[str, Any]) -> None:
    ran, served = ask(lambda body, n: right(body, **usage), 60, *PRICE, "--max-cost", "0.05")

    assert ran.code == 1
    assert 1 <= len(served.chats) <= 13  # $0.0043 each, at least
    assert "$0.00," not in ran.stderr
    assert "--max-cost" in ran.stderr


@pytest.mark.parametrize(
    ("message", "finish", "calls"),
    [
        pytest.param({"content": "no"}, "stop", 3, id="wrong"),
        pytest.param({"content": "{"}, "length", 1, id="cut off"),
        pytest.param({"content": None, "refusal": "No."}, "stop", 1, id="refused"),
        pytest.param({"content": None}, "content_filter", 1, id="filtered"),
    ],
)
def test_what_failed_papers_cost_is_in_the_bill(
    ask: Ask, message: dict[str, Any], finish: str, calls: int
) -> None:
    def handler(body: Any, n: int) -> Any:
        usage = {"prompt_tokens": 4000, "completion_tokens": 150}
        if paper_number(body) % 2 == 0:
            return right(body, usage=usage)
        choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
        return right(body, usage=usage, choices=[choice])

    ran, served = ask(handler, 10, *PRICE)
    assert (ran.code, len(ran.cards), len(ran.errors)) == (1, 5, 5), ran.stderr
    assert len(served.chats) == 5 + 5 * calls
    assert ran.record["cost_usd"] == pytest.approx(0.0043 * len(served.chats))
    assert ran.record["counts"]["calls"] == len(served.chats)


# How models are called.


def test_a_model_whose_name_begins_like_a_provider_is_found_at_ones_own_address(ask: Ask) -> None:
    def handler(body: Any, n: int) -> Any:
        known = body["model"] == "openai/gpt-oss-20b"
        words = f"The model `{body['model']}` does not exist."
        return RIGHT if known else error(404, message=words, type="NotFoundError", code=404)

    ran, served = ask(handler, 6, model="openai/gpt-oss-20b")
    assert (ran.code, len(ran.cards)) == (0, 6), ran.stderr
    assert len(served.chats) <= 8


def test_what_a_model_is_told_on_asking_again_is_taken_by_strict_endpoints(ask: Ask) -> None:
    def handler(body: Any, n: int) -> Any:
        for message in body["messages"]:
            if message.get("tool_calls") == [] or not message.get("content"):
                return error(400, message="[] is too short - 'messages.2.tool_calls'")
        if n == 0:
            said = {"role": "assistant", "content": "no", "tool_calls": [], "refusal": None}
            return right(body, choices=[{"index": 0, "message": said, "finish_reason": "stop"}])
        return RIGHT

    ran, _ = ask(handler, 3)
    assert (ran.code, len(ran.cards)) == (0, 3), json.dumps(ran.errors)
