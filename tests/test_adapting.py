"""What an endpoint refuses is learned from its own words, once, and kept for the runs to come."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import PaperFailed
from papercards.model.adapting import lesson_of
from papercards.model.cache import Cache
from papercards.model.call import Caller
from papercards.model.catalogue import other_model, resolve
from papercards.model.endpoint import Endpoint
from papercards.model.form import Form
from papercards.model.limits import Limiter
from papercards.model.refusals import Refused
from papercards.model.retrying import RetryPolicy
from papercards.model.transport import Transport
from papercards.paper import Paper
from papercards.reading.answers import answer_type
from papercards.reading.reader import ModelReader, Reading
from papercards.taxonomy import Taxonomy
from tests.conftest import KEY, make_paper
from tests.stub import Fault, Stub, completion, good

FORM = Form("m")


@pytest.mark.parametrize(
    ("status", "body", "form", "change"),
    [
        (
            400,
            {
                "error": {
                    "message": "Unsupported value: 'temperature' does not support 0",
                    "param": "temperature",
                }
            },
            FORM,
            {"temperature": None},
        ),
        (
            422,
            {"detail": [{"loc": ["body", "temperature"], "msg": "too small"}]},
            FORM,
            {"temperature": None},
        ),
        (
            400,
            {"error": {"message": "Unsupported: 'max_tokens'. Use 'max_completion_tokens' instead."}},
            FORM,
            {"tokens_name": "max_completion_tokens"},
        ),
        (
            422,
            {"detail": [{"loc": ["body", "max_completion_tokens"], "msg": "Extra inputs are not permitted"}]},
            Form("m", tokens_name="max_completion_tokens"),
            {"tokens_name": "max_tokens"},
        ),
        (
            400,
            {"error": {"message": "max_tokens must be less than or equal to 512"}},
            FORM,
            {"answer_tokens": 512},
        ),
        (
            400,
            {"error": {"message": "'response_format' of type 'json_schema' is not supported"}},
            FORM,
            {"mode": "tools"},
        ),
        (
            404,
            {"error": {"message": "No endpoints found that support tool use"}},
            Form("m", mode="tools"),
            {"mode": "json_object"},
        ),
        (
            400,
            {"error": {"message": "response_format json_object is unknown"}},
            Form("m", mode="json_object"),
            {"mode": "text"},
        ),
        (
            400,
            {"error": {"message": "deepseek-reasoner does not support this tool_choice"}},
            Form("m", mode="tools"),
            {"force_tool": False},
        ),
        (500, {"error": {"message": "jinja: System role not supported"}}, FORM, {"system_role": False}),
        (
            400,
            {"error": {"message": "Conversation roles must alternate user/assistant/user/assistant"}},
            FORM,
            {"system_role": False},
        ),
        (
            400,
            {"error": {"message": "Unrecognized request argument: reasoning_effort"}},
            Form("m", reasoning_effort="low"),
            {"reasoning_effort": None},
        ),
        (
            400,
            {"error": {"message": "Unknown field: top_k"}},
            Form("m", extra_body={"top_k": 1}),
            {"extra_body": {}},
        ),
        (404, {"error": {"message": "The model `m` does not exist."}}, FORM, {"model_id": "openai/m"}),
        (400, {"error": {"message": "Your input was flagged for violence"}}, FORM, None),
        (400, {"error": {"message": "maximum context length is 4096 tokens"}}, FORM, None),
        (402, {"error": {"message": "Insufficient credits for this temperature"}}, FORM, None),
        (500, {"error": {"message": "internal error at temperature 0"}}, FORM, None),
        (429, {"error": {"message": "too many max_tokens a minute"}}, FORM, None),
    ],
)
def test_a_refusal_teaches_what_its_words_say(
    status: int, body: dict[str, Any], form: Form, change: dict[str, Any] | None
) -> None:
    error = body.get("error", {})
    refusal = Refused(status, str(error.get("message", body.get("detail"))), body=body)
    lesson = lesson_of(refusal, form, "openai/m")
    if change is None:
        assert lesson is None
    else:
        assert lesson is not None
        assert {name: getattr(lesson.form, name) for name in change} == change


def read(
    stub: Stub,
    taxonomy: Taxonomy,
    papers: list[Paper],
    *,
    cache: Cache | None = None,
    form: Form | None = None,
    offline: bool = False,
    said: list[str] | None = None,
) -> list[Reading | BaseException]:
    model = resolve("openai/m", base_url=stub.url)

    async def connect(form: Form, keep: Callable[[Form], None]) -> Caller:
        endpoint = Endpoint(model, stub.url, KEY, timeout_s=30, max_tokens=900)
        transport = Transport(endpoint, RetryPolicy(first_wait_s=0.01), limiter=Limiter(4))

        def learned(lesson: Any) -> None:
            (said if said is not None else []).append(lesson.said)
            keep(lesson.form)

        return Caller(transport, form, learned=learned)

    async def go() -> list[Reading | BaseException]:
        reader = ModelReader(model, taxonomy, connect, cache, endpoint=stub.url, form=form, offline=offline)
        try:
            return await asyncio.gather(*map(reader.read, papers), return_exceptions=True)
        finally:
            await reader.close()

    return asyncio.run(go())


def some(count: int) -> list[Paper]:
    return [make_paper(f"Paper {n}", f"We count to {n} and more. It works well.") for n in range(count)]


def test_a_refused_temperature_is_left_out_for_all_papers_and_for_the_next_run(
    stub: Stub, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    stub.judge = lambda body: "'temperature' is not supported" if "temperature" in body else None
    said: list[str] = []
    cache = Cache(tmp_path)
    first = read(stub, taxonomy, some(12), cache=cache, said=said)

    assert all(isinstance(reading, Reading) for reading in first)
    assert said == ["does not accept this temperature: left out"]
    assert len(stub.bodies) <= 12 + 4
    asked = len(stub.bodies)
    again = read(stub, taxonomy, some(13), cache=cache)
    assert all(isinstance(reading, Reading) for reading in again)
    assert len(stub.bodies) == asked + 1
    offline = read(stub, taxonomy, some(13), cache=cache, offline=True)
    assert [one.card for one in offline if isinstance(one, Reading)] == [
        one.card for one in again if isinstance(one, Reading)
    ]


def test_an_endpoint_without_schemas_tools_and_system_role_is_asked_in_words(
    stub: Stub, taxonomy: Taxonomy
) -> None:
    def judge(body: dict[str, Any]) -> str | None:
        if "response_format" in body:
            return f"response_format {body['response_format']['type']} is not supported"
        if "tools" in body:
            return "tools are not supported"
        if body["messages"][0]["role"] == "system":
            return "System role not supported"
        return None

    def words(body: dict[str, Any]) -> dict[str, Any]:
        schema = json.loads(
            body["messages"][0]["content"].rpartition("nothing else:\n")[2].partition("\n\n")[0]
        )
        asked = {"response_format": {"json_schema": {"schema": schema}}, "messages": body["messages"]}
        text = good(asked)["choices"][0]["message"]["content"]
        return completion(f"<think>Let me see {{ ... }}</think>\nHere it is:\n```json\n{text}\n```")

    stub.judge, stub.answer = judge, words
    [reading] = read(stub, taxonomy, some(1))
    assert isinstance(reading, Reading)
    assert stub.bodies[-1]["messages"][0]["role"] == "user"


def test_a_model_that_thinks_gets_room_to_think(stub: Stub, taxonomy: Taxonomy) -> None:
    def thinking(body: dict[str, Any]) -> dict[str, Any]:
        if body["max_completion_tokens"] < 2200:
            cut = completion("", finish_reason="length")
            cut["choices"][0]["message"]["reasoning_content"] = "Let me see"
            return cut
        return good(body)

    stub.answer = thinking
    said: list[str] = []
    readings = read(stub, taxonomy, some(6), said=said)
    assert all(isinstance(reading, Reading) for reading in readings)
    assert said == ["is a reasoning model: raised the answer limit to 4,096 tokens"]
    assert len(stub.bodies) <= 6 + 4


def test_an_answer_that_is_cut_off_says_how_to_allow_more(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [Fault(200, json.dumps(completion('{"tldr": "x', finish_reason="length")).encode())]

    [failed] = read(stub, taxonomy, some(1))
    assert isinstance(failed, PaperFailed)
    assert "--answer-tokens" in str(failed)
    assert failed.spent is not None and failed.spent.calls == 1


def test_a_prompt_that_the_endpoint_cut_is_refused(stub: Stub, taxonomy: Taxonomy) -> None:
    cut = completion("{}")
    cut["usage"] = {"prompt_tokens": 1024, "completion_tokens": 10}
    stub.script = [Fault(200, json.dumps(cut).encode())]

    long = make_paper("Long", "We count again and find that it works. " * 2000)
    [failed] = read(stub, taxonomy, [long])
    assert isinstance(failed, PaperFailed)
    assert "read only 1,024 tokens" in str(failed) and "OLLAMA_CONTEXT_LENGTH" in str(failed)


def test_a_generation_that_the_endpoint_refuses_is_asked_again(stub: Stub, taxonomy: Taxonomy) -> None:
    refusal = {
        "error": {"message": "Failed to call a function", "code": "tool_use_failed", "failed_generation": "{"}
    }
    stub.script = [Fault(400, json.dumps(refusal).encode())]

    [reading] = read(stub, taxonomy, some(1))
    assert isinstance(reading, Reading)
    assert "wrong" in stub.bodies[1]["messages"][-1]["content"]
    assert all(message.get("content") for message in stub.bodies[1]["messages"])


def test_a_form_that_gave_no_answer_is_not_kept(stub: Stub, taxonomy: Taxonomy, tmp_path: Path) -> None:
    stub.judge = lambda body: "'temperature', tools, response_format and system role are not supported"
    cache = Cache(tmp_path)
    assert not any(isinstance(one, Reading) for one in read(stub, taxonomy, some(1), cache=cache))

    stub.judge = lambda body: None
    stub.bodies.clear()
    [reading] = read(stub, taxonomy, some(1), cache=cache)
    assert isinstance(reading, Reading)
    assert stub.bodies[0]["temperature"] == 0 and "response_format" in stub.bodies[0]


def test_an_endpoint_that_refuses_without_a_word_is_asked_ever_more_plainly(
    stub: Stub, taxonomy: Taxonomy
) -> None:
    stub.judge = lambda body: "Bad Request" if "response_format" in body or "temperature" in body else None
    stub.answer = lambda body: good({"tools": [_tool(taxonomy)]} if "tools" not in body else body)
    said: list[str] = []
    readings = read(stub, taxonomy, some(8), said=said)
    assert all(isinstance(reading, Reading) for reading in readings)
    assert "temperature" not in stub.bodies[-1]
    # Four are sent together, and four when those are refused; one of them looks for what is taken, for all.
    assert len(stub.bodies) <= 8 + 8 + len(said) and len(said) <= 4


def test_a_paper_that_is_refused_without_a_word_changes_nothing_for_the_others(
    stub: Stub, taxonomy: Taxonomy
) -> None:
    stub.judge = lambda body: "Bad Request" if "Paper 0" in body["messages"][-1]["content"] else None
    said: list[str] = []
    readings = read(stub, taxonomy, some(8), said=said)
    assert [isinstance(reading, Reading) for reading in readings] == [False] + [True] * 7
    # Whether another form was tried first is a matter of who was answered first.
    assert "400" in str(readings[0]) and "Bad Request" in str(readings[0]) and said == []
    others = [body for body in stub.bodies if "Paper 0" not in body["messages"][-1]["content"]]
    assert len(others) == 7 and all("response_format" in body for body in others)


def _tool(taxonomy: Taxonomy) -> dict[str, Any]:
    return {"function": {"name": "Card", "parameters": answer_type(taxonomy).model_json_schema()}}


def test_strictness_that_is_refused_before_the_schema_is_no_trouble_for_tools(
    stub: Stub, taxonomy: Taxonomy
) -> None:
    def judge(body: dict[str, Any]) -> str | None:
        if "strict" in body.get("response_format", {}).get("json_schema", {}):
            return "unknown field: strict"
        return "response_format is not supported" if "response_format" in body else None

    stub.judge = judge
    [reading] = read(stub, taxonomy, some(1))
    assert isinstance(reading, Reading)
    assert "tools" in stub.bodies[-1]


def test_an_answer_that_was_whole_before_it_was_cut_off_is_taken(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.answer = lambda body: (
        good(body) | {"choices": [good(body)["choices"][0] | {"finish_reason": "length"}]}
    )
    readings = read(stub, taxonomy, some(3))
    assert all(isinstance(reading, Reading) for reading in readings)
    assert len(stub.bodies) == 3


def test_an_empty_answer_is_asked_for_again_as_it_was(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.script = [Fault(200, json.dumps(completion("")).encode())]
    [reading] = read(stub, taxonomy, some(1))
    assert isinstance(reading, Reading)
    assert stub.bodies[0] == stub.bodies[1]


def test_a_ceiling_that_the_user_set_is_not_raised(stub: Stub, taxonomy: Taxonomy) -> None:
    cut = completion("", finish_reason="length")
    cut["choices"][0]["message"]["reasoning_content"] = "Let me see"
    stub.answer = lambda body: cut
    form = Form.of(resolve("openai/m", base_url=stub.url), {"answer_tokens": 1_000})
    [failed] = read(stub, taxonomy, some(1), form=form)
    assert isinstance(failed, PaperFailed)
    assert len(stub.bodies) == 1
    assert "1,000 tokens, used up by reasoning" in str(failed) and "--answer-tokens" in str(failed)


def test_a_ceiling_of_the_endpoint_is_not_overstepped_again(stub: Stub, taxonomy: Taxonomy) -> None:
    """A context of 8,192 tokens, and thinking that takes more than is left of it."""
    name = "max_completion_tokens"

    def judge(body: dict[str, Any]) -> str | None:
        if body[name] + 3_500 <= 8_192:
            return None
        return (
            "This model's maximum context length is 8192 tokens. However, you requested "
            f"{body[name] + 3_500} tokens (3500 in the messages, {body[name]} in the completion)."
        )

    def answer(body: dict[str, Any]) -> dict[str, Any]:
        if body["messages"][-1]["content"].count("Paper 0"):
            return completion("<think>For ever and ever", finish_reason="length")
        return good(body)

    stub.judge, stub.answer = judge, answer
    readings = read(stub, taxonomy, some(6))
    assert [isinstance(reading, Reading) for reading in readings] == [False] + [True] * 5
    assert "allows no more" in str(readings[0])


@pytest.mark.parametrize(
    ("asked", "answered", "said"),
    [
        ("openai/m", "m", None),
        ("openai/m", "openai/m", None),
        ("openai/m", "m-2025-04-14", None),
        ("openai/m", "models/M", None),
        ("openai/m:free", "m", None),
        ("openai/m", "m-mini", "m-mini"),
        ("openrouter/auto", "anthropic/claude-sonnet-4", "anthropic/claude-sonnet-4"),
        ("openrouter/openrouter/auto", "openai/gpt-5", "openai/gpt-5"),
    ],
)
def test_a_card_names_the_model_that_answered_where_it_is_another(
    asked: str, answered: str, said: str | None
) -> None:
    assert other_model(resolve(asked, base_url="http://127.0.0.1:1/v1"), answered) == said


def test_a_card_of_a_router_says_who_answered(stub: Stub, taxonomy: Taxonomy) -> None:
    stub.answer = lambda body: good(body) | {"model": "anthropic/claude-sonnet-4"}
    [reading] = read(stub, taxonomy, some(1))
    assert isinstance(reading, Reading)
    assert reading.card.provenance.answered_by == "anthropic/claude-sonnet-4"
    stub.answer = lambda body: good(body) | {"model": body["model"]}
    [reading] = read(stub, taxonomy, some(1))
    assert isinstance(reading, Reading)
    assert '"answered_by"' not in reading.card.to_json()
