"""What endpoints refuse, in their own words, and what is sent after that.

The bodies are those of OpenAI, Azure, Mistral, DeepSeek, Groq, Anthropic, Gemini, OpenRouter, xAI, DashScope,
vLLM, llama.cpp, Ollama, LM Studio, TGI and LiteLLM, shortened.
"""

from dataclasses import replace
from typing import Any

import pytest

from papercards.model.adapting import lesson_of, plainer, with_room_to_think
from papercards.model.form import Form
from papercards.model.refusals import Refused, _words

FORM = Form("m", extra_body={"top_k": 1}, reasoning_effort="low")
THINKING = replace(FORM, answer_tokens=32_768)


def openai(message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def refusal(body: Any, status: int = 400) -> Refused:
    return Refused(status, _words(body, str(body)), body=body)


def after(form: Form, body: Any, status: int = 400, full_name: str = "m") -> dict[str, Any] | None:
    """What the next request has differently."""
    lesson = lesson_of(refusal(body, status), form, full_name)
    if lesson is None:
        return None
    assert lesson.said
    names = (name for name in Form.__slots__ if getattr(lesson.form, name) != getattr(form, name))
    return {name: getattr(lesson.form, name) for name in names}


FIELD = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted", "input": 1}


@pytest.mark.parametrize(
    ("form", "status", "body", "changes"),
    [
        (
            FORM,
            400,
            openai(
                "Unsupported value: 'temperature' does not support 0 with this model. Only the "
                "default (1) value "
                "is supported.",
                "temperature",
                "unsupported_value",
            ),
            {"temperature": None},
        ),
        (
            FORM,
            422,
            {"error": "Input validation error: `temperature` must be strictly positive"},
            {"temperature": None},
        ),
        (
            FORM,
            400,
            openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead.",
                "max_tokens",
            ),
            {"tokens_name": "max_completion_tokens"},
        ),
        (
            replace(FORM, tokens_name="max_completion_tokens"),
            400,
            openai("Unrecognized request argument supplied: max_completion_tokens"),
            {"tokens_name": "max_tokens"},
        ),
        (
            replace(FORM, tokens_name="max_completion_tokens"),
            422,
            {"object": "error", "message": {"detail": [{"loc": ["body", "max_completion_tokens"], **FIELD}]}},
            {"tokens_name": "max_tokens"},
        ),
        # A validator that repeats the whole request is believed in what it means only.
        (
            FORM,
            422,
            {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "response_format", "json_schema", "strict"],
                        "msg": "Extra inputs are not permitted",
                        "input": {"temperature": 0, "max_tokens": 900, "tools": []},
                    }
                ]
            },
            {"strict": False},
        ),
        (FORM, 422, {"detail": [{"loc": ["body", "top_k"], **FIELD}]}, {"extra_body": {}}),
        (
            FORM,
            400,
            openai("Unsupported parameter: 'reasoning_effort' is not supported with this model."),
            {"reasoning_effort": None},
        ),
        (
            FORM,
            400,
            {"error": "Argument not supported on this model: reasoningEffort"},
            {"reasoning_effort": None},
        ),
        (FORM, 400, openai('"gemma3:4b" does not support thinking'), {"reasoning_effort": None}),
        # System role
        (
            FORM,
            400,
            openai(
                "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                "messages[0].role",
            ),
            {"system_role": False},
        ),
        (
            FORM,
            400,
            {"object": "error", "message": "System role not supported", "code": 400},
            {"system_role": False},
        ),
        (FORM, 500, openai("Jinja Exception: System role not supported"), {"system_role": False}),
        (
            FORM,
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "Developer instruction is not enabled for models/gemma-3-27b-it",
                    }
                }
            ],
            {"system_role": False},
        ),
        (
            FORM,
            400,
            openai("Conversation roles must alternate user/assistant/user/assistant/..."),
            {"system_role": False},
        ),
        # Modes
        (FORM, 400, openai("This response_format type is unavailable now"), {"mode": "tools"}),
        (
            FORM,
            400,
            openai("This model does not support response format `json_schema`."),
            {"mode": "tools"},
        ),
        (
            FORM,
            400,
            openai("Invalid schema for response_format 'Card'", "response_format"),
            {"mode": "tools"},
        ),
        (FORM, 415, openai("response_format is not supported"), {"mode": "tools"}),
        (FORM, 501, openai("Structured output is not implemented"), {"mode": "tools"}),
        (
            FORM,
            404,
            openai("No endpoints found that support the parameter response_format"),
            {"mode": "tools"},
        ),
        (
            FORM,
            400,
            openai("litellm.UnsupportedParamsError: does not support parameters: ['response_format']"),
            {"mode": "tools"},
        ),
        (
            replace(FORM, mode="tools"),
            400,
            openai("deepseek-reasoner does not support this tool_choice"),
            {"force_tool": False},
        ),
        (
            replace(FORM, mode="tools"),
            400,
            openai(
                "The tool_choice parameter does not support being set to required or object in thinking mode"
            ),
            {"force_tool": False},
        ),
        (
            replace(FORM, mode="tools", force_tool=False),
            400,
            openai('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
            {"mode": "json_object", "force_tool": True},
        ),
        (
            replace(FORM, mode="tools"),
            400,
            openai("gemma:2b does not support tools"),
            {"mode": "json_object"},
        ),
        (
            replace(FORM, mode="tools"),
            404,
            openai("No endpoints found that support tool use"),
            {"mode": "json_object"},
        ),
        (
            replace(FORM, mode="tools"),
            500,
            openai("tools param requires --jinja flag"),
            {"mode": "json_object"},
        ),
        (
            replace(FORM, mode="tools"),
            400,
            openai("m does not support Function Calling"),
            {"mode": "json_object"},
        ),
        (
            replace(FORM, mode="tools"),
            400,
            openai("Invalid schema for function 'Card'", "tools[0].function.parameters"),
            {"mode": "json_object"},
        ),
        (
            replace(FORM, mode="json_object"),
            400,
            {"error": "'response_format.type' must be 'json_schema' or 'text'"},
            {"mode": "text"},
        ),
        (FORM, 500, openai("Failed to parse grammar"), {"mode": "tools"}),
        (
            FORM,
            400,
            [
                {
                    "error": {
                        "message": "Unknown name \"strict\" at 'response_format.json_schema': "
                        "Cannot find field."
                    }
                }
            ],
            {"strict": False},
        ),
        # Ceilings
        (
            THINKING,
            400,
            openai(
                "max_tokens is too large: 32768. This model supports at most 16384 completion "
                "tokens, whereas you provided 32768."
            ),
            {"answer_tokens": 16_384, "most_tokens": 16_384},
        ),
        (
            THINKING,
            400,
            openai(
                "max_tokens: 32768 > 8192, which is the maximum allowed number of output tokens for "
                "claude-3-5-sonnet-20241022"
            ),
            {"answer_tokens": 8_192, "most_tokens": 8_192},
        ),
        (
            THINKING,
            400,
            openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"),
            {"answer_tokens": 8_192, "most_tokens": 8_192},
        ),
        (
            THINKING,
            400,
            openai(
                "`max_tokens` must be less than or equal to `8192`, the maximum value for "
                "`max_tokens` is less than the `context_window`"
            ),
            {"answer_tokens": 8_192, "most_tokens": 8_192},
        ),
        (
            THINKING,
            400,
            openai(
                "It has a maxOutputTokens value of 32768 but the supported range is from 1 "
                "(inclusive) to 8193 (exclusive)"
            ),
            {"answer_tokens": 8_192, "most_tokens": 8_192},
        ),
        (
            THINKING,
            400,
            openai(
                "This model's maximum context length is 8192 tokens. However, you requested 36268 "
                "tokens (3500 in the messages, 32768 in the completion)."
            ),
            {"answer_tokens": 3_507, "most_tokens": 3_507},
        ),
        (
            THINKING,
            400,
            openai(
                "'max_tokens' or 'max_completion_tokens' is too large: 32768. This model's maximum "
                "context length "
                "is 8192 tokens and your request has 3500 input tokens (32768 > 8192 - 3500)."
            ),
            {"answer_tokens": 3_507, "most_tokens": 3_507},
        ),
        (
            FORM,
            422,
            {
                "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= "
                "4096. Given: 3500 `inputs` tokens and 900 `max_new_tokens`"
            },
            {"answer_tokens": 580, "most_tokens": 580},
        ),
        (
            FORM,
            400,
            openai("parameter.enable_thinking must be set to false for non-streaming calls"),
            {"extra_body": {"top_k": 1, "enable_thinking": False}},
        ),
    ],
)
def test_what_is_refused_is_left_out_or_asked_differently(
    form: Form, status: int, body: Any, changes: dict[str, Any]
) -> None:
    assert after(form, body, status) == changes


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            openai(
                "This model's maximum context length is 4096 tokens. Please reduce the length of "
                "the messages."
            ),
        ),
        (400, openai("The response was filtered due to the prompt triggering content management policy")),
        (401, openai("Incorrect API key provided", "temperature")),
        (402, openai("Insufficient credits for response_format")),
        (429, openai("Rate limit reached for temperature")),
        (500, openai("Internal server error: temperature")),
        (500, openai("response_format worker crashed")),
        (404, openai("The model `m` does not exist")),
        (400, openai("Invalid 'messages': string too long", "messages")),
    ],
)
def test_other_refusals_teach_nothing(status: int, body: Any) -> None:
    assert after(FORM, body, status) is None


@pytest.mark.parametrize(
    ("status", "body", "model_id"),
    [
        (
            404,
            openai("The model `gpt-oss-20b` does not exist.", None, "model_not_found"),
            "openai/gpt-oss-20b",
        ),
        (404, {"detail": "Model not found"}, "openai/gpt-oss-20b"),
        (400, openai("Invalid model name passed in model=gpt-oss-20b", "model"), "openai/gpt-oss-20b"),
        (404, {"error": "model 'gpt-oss-20b' not found"}, "openai/gpt-oss-20b"),
        (400, openai("This model does not support response_format json_schema"), None),
        (
            400,
            openai("Unsupported value: 'temperature' is not supported with this model; it is invalid"),
            None,
        ),
    ],
)
def test_a_model_is_asked_for_under_its_full_name_where_the_short_one_is_not_known(
    status: int, body: Any, model_id: str | None
) -> None:
    changes = after(replace(FORM, model_id="gpt-oss-20b"), body, status, "openai/gpt-oss-20b") or {}
    assert changes.get("model_id") == model_id
    assert changes


def test_a_refusal_without_words_is_answered_with_plainer_requests_to_the_plainest() -> None:
    form, tried = Form("m"), []
    while (lesson := plainer(refusal(openai("Bad Request")), form)) is not None:
        form = lesson.form
        tried.append((form.mode, form.temperature, form.system_role))
    assert tried == [
        ("tools", 0, True),
        ("json_object", 0, True),
        ("text", 0, True),
        ("text", None, True),
        ("text", None, False),
    ]
    assert plainer(refusal("", 400), Form("m")) is not None
    assert (
        plainer(refusal(openai("No endpoints can handle the requested parameters"), 404), Form("m"))
        is not None
    )


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, ""), (401, ""), (500, ""), (400, openai("Your organization must be verified to use this model"))],
)
def test_a_reason_or_another_status_is_no_riddle(status: int, body: Any) -> None:
    assert plainer(refusal(body, status), Form("m")) is None


def test_thinking_gets_more_room_up_to_what_the_user_or_the_endpoint_allows() -> None:
    ceilings, form = [], Form("m")
    while (lesson := with_room_to_think(form)) is not None:
        form = lesson.form
        ceilings.append(form.answer_tokens)
    assert ceilings == [4_096, 16_384, 32_768]
    assert with_room_to_think(replace(Form("m"), most_tokens=900)) is None
    allowed = with_room_to_think(replace(Form("m"), most_tokens=2_000))
    assert allowed is not None and allowed.form.answer_tokens == 2_000


def test_odd_bodies_teach_nothing_and_raise_nothing() -> None:
    bodies: list[Any] = [
        None,
        1,
        [],
        {},
        [[]],
        {"detail": [1, {"loc": 5}, {"loc": [1]}]},
        {"error": [{"message": 1}]},
    ]
    bodies += [{"error": {"message": {"detail": {}}, "param": ["x"], "code": {}}}, {"detail": "x" * 100_000}]
    for body in bodies:
        for status in (400, 404, 422, 500):
            lesson_of(refusal(body, status), FORM, "p/m")
            plainer(refusal(body, status), FORM)
