"""Whatever part of a request an endpoint refuses, and in whatever words, it is asked without that part.

The words are those of OpenAI, Anthropic, Google, Mistral, Groq, Together, Fireworks, Bedrock, vLLM, TGI,
LM Studio and gateways, as users quote them.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from papercards.model import transport
from papercards.model.retrying import RetryPolicy
from tests.servers import odd
from tests.servers.loopback import serving
from tests.servers.odd import RIGHT, error
from tests.wire.conftest import Program

Papers = Callable[[int], str]
Body = dict[str, Any]
Part = Callable[[Body], bool]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.005))


def temperature(body: Body) -> bool:
    return "temperature" in body


def max_tokens(body: Body) -> bool:
    return "max_tokens" in body


def max_completion_tokens(body: Body) -> bool:
    return "max_completion_tokens" in body


def over_512(body: Body) -> bool:
    return max(body.get("max_tokens", 0), body.get("max_completion_tokens", 0)) > 512


def form_of(body: Body) -> str:
    return str(body.get("response_format", {}).get("type", ""))


def schema(body: Body) -> bool:
    return form_of(body) == "json_schema"


def any_form(body: Body) -> bool:
    return form_of(body) != ""


def strict(body: Body) -> bool:
    return "strict" in body.get("response_format", {}).get("json_schema", {})


def tools(body: Body) -> bool:
    return "tools" in body


def forced(body: Body) -> bool:
    return body.get("tool_choice", "auto") not in ("auto", "none")


def system(body: Body) -> bool:
    return any(message["role"] in ("system", "developer") for message in body["messages"])


def validation(*loc: str, msg: str = "Extra inputs are not permitted") -> bytes:
    return json.dumps({"detail": [{"type": "extra_forbidden", "loc": ["body", *loc], "msg": msg}]}).encode()


def flat(status: int, words: str) -> odd.Raw:
    return odd.Raw(json.dumps({"object": "error", "message": words, "code": status}).encode(), status)


OPENAI, TOOLS = "openai/m", "mistral/m"


def refusal_of(words: str | odd.Raw) -> odd.Raw:
    return error(400, message=words) if isinstance(words, str) else words


ROWS: list[tuple[str, Part, str | odd.Raw]] = [
    ("m", temperature, "`temperature` is deprecated for this model."),
    ("m", temperature, "temperature: Extra inputs are not permitted"),
    ("m", temperature, error(400, message="Unsupported parameter", param="temperature")),
    ("m", temperature, odd.Raw(validation("temperature"), 422)),
    ("m", temperature, flat(422, "temperature must be strictly positive")),
    ("m", temperature, "Additional properties are not allowed ('temperature' was unexpected)"),
    (
        "m",
        temperature,
        odd.Raw(b'{"message": "The model returned the following errors: temperature is not supported"}', 400),
    ),
    (OPENAI, max_completion_tokens, odd.Raw(validation("max_completion_tokens"), 422)),
    (OPENAI, max_completion_tokens, "Unrecognized request argument supplied: max_completion_tokens"),
    (OPENAI, max_completion_tokens, "property 'max_completion_tokens' is unsupported"),
    ("m", max_tokens, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
    (
        "m",
        max_tokens,
        error(
            400,
            message="Unsupported parameter: 'max_tokens'",
            param="max_tokens",
            code="unsupported_parameter",
        ),
    ),
    ("m", over_512, "max_tokens is too large: 900. This model supports at most 512 completion tokens"),
    ("m", over_512, "`max_tokens` must be less than or equal to `512`, the maximum value for this model"),
    (
        OPENAI,
        over_512,
        error(422, message="Input validation error: max_completion_tokens must be <= 512. Given: 900"),
    ),
    ("m", any_form, "This model does not support response_format"),
    ("m", any_form, "response_format: Extra inputs are not permitted"),
    ("m", any_form, error(500, message="guided decoding backend failed: grammar error")),
    (
        "m",
        schema,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
    ),
    ("m", schema, "'response_format.type' must be 'json_object' or 'text'"),
    ("m", schema, "This response_format type is unavailable now"),
    (
        "m",
        schema,
        'Invalid JSON payload received. Unknown name "additionalProperties" at '
        "'generation_config.response_schema': Cannot find field.",
    ),
    ("m", schema, "The specified schema produces a constraint that has too many states for serving."),
    (
        "m",
        schema,
        "Invalid schema for response_format 'Card': In context=(), 'required' is required to be supplied",
    ),
    ("m", schema, "Compiled grammar is too large"),
    ("m", schema, "The provided JSON schema contains features not supported by xgrammar."),
    ("m", schema, error(501, message="structured outputs are not implemented")),
    (
        "m",
        strict,
        error(
            400,
            message="Unknown parameter: 'response_format.json_schema.strict'.",
            param="response_format.json_schema.strict",
        ),
    ),
    (
        TOOLS,
        tools,
        error(
            404,
            message="No endpoints found that support tool use.",
        ),
    ),
    (TOOLS, tools, "registry.ollama.ai/library/gemma:2b does not support tools"),
    (TOOLS, tools, "This model doesn't support tool use in streaming mode or otherwise"),
    (TOOLS, tools, "`tool calling` is not supported with this model"),
    (TOOLS, forced, '"auto" is the only tool_choice that is supported'),
    (TOOLS, forced, "tool_choice 'required' is not supported in thinking mode"),
    (
        TOOLS,
        forced,
        "The tool_choice parameter does not support being set to required or object in thinking mode",
    ),
    (TOOLS, forced, "Thinking mode does not support this tool_choice"),
    ("m", system, "System role not supported"),
    (
        "m",
        system,
        error(
            500,
            message="Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/...",
        ),
    ),
    ("m", system, "Developer instruction is not enabled for models/gemma-3-27b-it"),
    ("m", system, "Only user, assistant and tool roles are supported, got system."),
    ("m", system, "Unexpected role 'system' after role 'None'"),
    (
        "m",
        system,
        error(
            400,
            message="Unsupported value: 'messages[0].role' does not support 'system' with this model.",
            param="messages[0].role",
        ),
    ),
    (
        "m",
        system,
        odd.Raw(validation("messages", "0", "role", msg="Input should be 'user' or 'assistant'"), 422),
    ),
]


@pytest.mark.parametrize(
    ("model", "part", "refusal"),
    [
        pytest.param(model, part, one, id=f"{part.__name__}: {one.body[:110].decode()}")
        for model, part, one in ((model, part, refusal_of(words)) for model, part, words in ROWS)
    ],
)
def test_what_is_refused_is_left_out_and_all_papers_have_their_card(
    program: Program, papers: Papers, model: str, part: Part, refusal: odd.Raw
) -> None:
    with serving(odd.answering(lambda body, n: refusal if part(body) else RIGHT)) as served:
        ran = program("enrich", papers(8), "-o", "cards.jsonl", "-m", model, "--base-url", served.url)

    assert (ran.code, len(ran.cards)) == (0, 8), ran.stderr
    # Found out once, with a few on the way; three modes at most lie between a schema and plain text.
    assert len(served.chats) <= 8 + 3 * max(2, served.most)


def test_an_endpoint_that_refuses_one_part_after_the_other_is_met_in_the_end(
    program: Program, papers: Papers
) -> None:
    refusals = [row for row in ROWS if row[0] == OPENAI or row[1] in (temperature, any_form, tools, system)]
    seen = {row[1].__name__: refusal_of(row[2]) for row in refusals}
    parts: dict[str, Part] = {row[1].__name__: row[1] for row in refusals}

    def handler(body: Body, n: int) -> Any:
        return next((seen[name] for name, part in parts.items() if part(body)), RIGHT)

    with serving(odd.answering(handler)) as served:
        ran = program("enrich", papers(8), "-o", "cards.jsonl", "-m", OPENAI, "--base-url", served.url)
    assert (ran.code, len(ran.cards)) == (0, 8), ran.stderr
