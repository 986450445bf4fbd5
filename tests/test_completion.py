"""Reading a completion: the answer and the tokens are found in every envelope that endpoints send, and no
envelope raises.

The shapes are those of OpenAI, Azure, Anthropic, Gemini, Mistral, DeepSeek, Moonshot, xAI, Ollama, vLLM and
gateways, shortened.
"""

import json
from typing import Any

import pytest

from papercards.model.completion import Said, Usage, said_in, usage_of

ODD: list[Any] = [None, 0, -1, 1.5, float("nan"), float("inf"), True, "", "x", "\ud800", [], [None], [[]], {}]
ODD += [[{}], ["x"], [1], {"a": None}, {"message": None}, {"content": [{"type": "text", "text": 5}]}]


def message(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", **fields}, "finish_reason": "stop"}]}


def call(**function: Any) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "Card", **function}}


@pytest.mark.parametrize(
    "completion",
    [
        message(content='{"a": 1}'),
        message(content=[{"type": "text", "text": '{"a":'}, {"type": "text", "text": " 1}"}]),
        message(
            content=[
                {"type": "thinking", "thinking": [{"text": "so {"}]},
                {"type": "text", "text": '{"a": 1}'},
            ]
        ),
        message(content=['{"a": 1}']),
        message(content=[{"type": "text", "text": {"value": '{"a": 1}', "annotations": []}}]),
        message(content={"type": "text", "text": '{"a": 1}'}),
        message(content={"a": 1}),
        message(content=[{"type": "tool_use", "id": "t", "name": "Card", "input": {"a": 1}}]),
        message(content=None, parsed={"a": 1}),
        message(content=None, tool_calls=[call(arguments='{"a": 1}')]),
        message(content="Here it is.", tool_calls=[call(arguments='{"a": 1}')]),
        message(content="", tool_calls=[call(arguments={"a": 1})]),
        message(content=None, tool_calls=[call(), call(arguments='{"a": 1}')]),
        message(content='{"a": 1}', tool_calls=[]),
        message(content='{"a": 1}', tool_calls=[call()]),
        message(tool_calls=call(arguments='{"a": 1}')),
        message(tool_calls=[{"id": None, "name": "Card", "arguments": {"a": 1}}]),
        message(content=None, function_call={"name": "Card", "arguments": '{"a": 1}'}),
        message(content="", reasoning_content='{"a": 1}'),
        {"choices": ['{"a": 1}']},
        {"choices": [{"text": '{"a": 1}', "finish_reason": "stop"}]},
        {"choices": [{"message": '{"a": 1}'}]},
        {"choices": [{"delta": {"content": '{"a": 1}'}}]},
        {"choices": [{"message": None}, *message(content='{"a": 1}')["choices"]]},
        {"message": {"role": "assistant", "content": '{"a": 1}'}, "done_reason": "stop"},
    ],
    ids=lambda completion: json.dumps(completion)[:70],
)
def test_the_answer_is_found_in_whatever_shape_it_comes(completion: dict[str, Any]) -> None:
    said = said_in(completion)
    assert json.loads(said.text) == {"a": 1}
    assert said.ending == "done"


@pytest.mark.parametrize(
    "place", ["choices", "message", "content", "tool_calls", "arguments", "finish_reason"]
)
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_odd_value_raises(place: str, odd: Any) -> None:
    one = call(arguments=odd) if place == "arguments" else odd
    choice = {
        "message": odd if place == "message" else {"content": odd, "tool_calls": [one], "refusal": odd},
        "finish_reason": odd,
        "logprobs": odd,
        "error": odd,
    }
    whole = {"choices": odd if place == "choices" else [choice], "model": odd, "usage": odd}
    assert isinstance(said_in(whole), Said)
    assert usage_of(whole) is None
    assert said_in(odd).model == ""


def test_a_value_nested_too_deep_is_no_answer() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert said_in(message(content=None, tool_calls=[call(arguments=deep)])).text == ""


def test_half_a_character_does_not_come_through() -> None:
    said_in(message(content="a\ud83d")).text.encode()
    said_in({"model": "m\udc00", **message(content="a")}).model.encode()


@pytest.mark.parametrize(
    ("reason", "ending"),
    [
        ("length", "length"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("max_output_tokens", "length"),
        ("content_filter", "filtered"),
        ("SAFETY", "filtered"),
        ("content_filter: hate", "filtered"),
        ("stop", "done"),
        ("eos", "done"),
        ("tool_calls", "done"),
        (None, "done"),
        (7, "done"),
    ],
)
def test_the_ending_is_known_by_its_names(reason: Any, ending: str) -> None:
    assert said_in({"choices": [{"message": {"content": "x"}, "finish_reason": reason}]}).ending == ending


def test_refusals_and_errors_keep_their_words() -> None:
    assert said_in(message(content=None, refusal="I cannot.")).refusal == "I cannot."
    assert said_in(message(content=[{"type": "refusal", "refusal": "No."}])).refusal == "No."
    broken = {"choices": [{"message": None, "finish_reason": "error", "error": {"message": "Upstream died"}}]}
    assert said_in(broken).error == "Upstream died"


def test_logprobs_that_cannot_be_read_are_none() -> None:
    def tops(value: Any) -> Any:
        return said_in({"choices": [{"message": {"content": "x"}, "logprobs": value}]}).logprobs

    good = {"token": "a", "logprob": -1}
    assert tops({"content": [{"top_logprobs": [good, {"token": "b", "logprob": -2.5}]}]}) == (
        (("a", -1.0), ("b", -2.5)),
    )
    assert tops({"content": [{"top_logprobs": [good, {"token": "b", "logprob": None}]}]}) == ((("a", -1.0),),)
    assert tops([-0.1]) == tops({"content": [{"top_logprobs": None}]}) == tops("x") == ()


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}, Usage(100, 0, 10)),
        (
            {"prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 40}},
            Usage(100, 40, 10),
        ),
        ({"prompt_tokens": "100", "completion_tokens": 10.0}, Usage(100, 0, 10)),
        # OpenAI counts thinking in; xAI and Gemini beside.
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 30,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(9, 0, 30, 20),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 10,
                "total_tokens": 219,
                "completion_tokens_details": {"reasoning_tokens": 200},
            },
            Usage(9, 0, 210, 200),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 10,
                "completion_tokens_details": {"reasoning_tokens": 200},
            },
            Usage(9, 0, 210, 200),
        ),
        ({"prompt_tokens": 9, "completion_tokens": 10, "reasoning_tokens": 4}, Usage(9, 0, 10, 4)),
        ({"prompt_tokens": 9, "total_tokens": 19}, Usage(9, 0, 10)),
        # DeepSeek, Moonshot
        ({"prompt_tokens": 90, "completion_tokens": 1, "prompt_cache_hit_tokens": 64}, Usage(90, 64, 1)),
        ({"prompt_tokens": 90, "completion_tokens": 1, "cached_tokens": 64}, Usage(90, 64, 1)),
        # Anthropic counts the cached part beside, a gateway before it counts it in
        (
            {
                "input_tokens": 10,
                "output_tokens": 2,
                "cache_read_input_tokens": 60,
                "cache_creation_input_tokens": 30,
            },
            Usage(100, 60, 2),
        ),
        ({"prompt_tokens": 100, "completion_tokens": 2, "cache_read_input_tokens": 60}, Usage(100, 60, 2)),
        ({"tokens": {"input_tokens": 5, "output_tokens": 6}}, Usage(5, 0, 6)),
        ({"prompt_tokens": 5, "completion_tokens": 6, "prompt_tokens_details": [1]}, Usage(5, 0, 6)),
        ({"prompt_tokens": 5, "completion_tokens": 6, "cached_tokens": 50}, Usage(5, 5, 6)),
        ({"prompt_tokens": 5, "completion_tokens": 6, "cached_tokens": -50}, Usage(5, 0, 6)),
        ({"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": -1}, Usage(5, 0, 6)),
    ],
)
def test_tokens_are_counted_under_every_name(said: dict[str, Any], usage: Usage) -> None:
    assert usage_of({"usage": said, **message(content="x")}) == usage


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        [],
        [1, 2],
        "n/a",
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 5},
        {"completion_tokens": 5},
        {"prompt_tokens": None, "completion_tokens": None},
        {"prompt_tokens": -5, "completion_tokens": 3},
        {"prompt_tokens": float("nan"), "completion_tokens": 3},
        {"prompt_tokens": "12.5", "completion_tokens": 3},
        {"prompt_tokens": True, "completion_tokens": True},
        {"prompt_tokens": 10**30, "completion_tokens": 1},
        {"prompt_tokens": 5, "completion_tokens": 0},
    ],
    ids=repr,
)
def test_a_count_that_is_not_there_is_unknown_and_not_zero(said: Any) -> None:
    assert usage_of({"usage": said, **message(content="x")}) is None


def test_usage_is_found_outside_its_place() -> None:
    gemini = {"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 5}}
    assert usage_of(gemini | {"usageMetadata": gemini["usageMetadata"] | {"totalTokenCount": 15}}) == Usage(
        7, 0, 8, 5
    )
    assert usage_of({"prompt_eval_count": 7, "eval_count": 3}) == Usage(7, 0, 3)
    assert usage_of({"choices": [{"usage": {"prompt_tokens": 7, "completion_tokens": 3}}]}) == Usage(7, 0, 3)
    filtered = {"usage": {"prompt_tokens": 7, "completion_tokens": 0}, "choices": []}
    assert usage_of(filtered) == Usage(7, 0, 0)
