"""One odd answer among ten costs at most its own paper, whatever it looks like.

The shapes are those that servers and gateways were seen to send with status 200. A shape that holds a right
answer in another envelope gives its card; one that holds none is that paper's error, in words.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from papercards import transport
from papercards.retrying import RetryPolicy
from tests.servers import odd
from tests.servers.loopback import serving
from tests.servers.odd import Raw, Shape
from tests.wire.conftest import Program, Ran

Papers = Callable[[int], str]
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.001))


def text_of(answer: Json) -> str:
    """The record that a right answer holds."""
    message = answer["choices"][0]["message"]
    calls = message.get("tool_calls")
    found: str = calls[0]["function"]["arguments"] if calls else message["content"]
    return found


def top(**fields: Any) -> Shape:
    return lambda right: right | fields


def choice(**fields: Any) -> Shape:
    return lambda right: right | {"choices": [right["choices"][0] | fields]}


def message(of: Callable[[str], Json] | None = None, **fields: Any) -> Shape:
    """Other fields of the message; `of` makes them from the record."""

    def shape(right: Json) -> Json:
        first = right["choices"][0]
        made = first["message"] | fields | (of(text_of(right)) if of else {})
        return right | {"choices": [first | {"message": made}]}

    return shape


def call(of: Callable[[str], Json]) -> Shape:
    """A tool call made from the record, and nothing else in the message."""
    return message(lambda text: {"content": None, "tool_calls": [of(text)]})


def function(arguments: Any) -> Json:
    return {"id": "call_1", "type": "function", "function": {"name": "Card", "arguments": arguments}}


def without(field: str, of: str = "top") -> Shape:
    def shape(right: Json) -> Json:
        first = right["choices"][0]
        {"top": right, "choice": first, "message": first["message"]}[of].pop(field, None)
        return right

    return shape


def as_bytes(change: Callable[[bytes], bytes], **headers: str) -> Shape:
    headers = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return lambda right: Raw(change(json.dumps(right).encode()), 200, headers)


def tldr(value: str) -> Shape:
    """A right answer with this summary."""
    return message(lambda text: {"content": json.dumps(json.loads(text) | {"tldr": value})})


@dataclass(frozen=True)
class Row:
    name: str
    shape: Shape
    says: str | None = None
    """What its error says; None: the paper has its card."""
    tools: bool = False
    """Whether the endpoint is asked to call a tool."""


NOTHING = "an empty answer|instead of a chat completion|stayed wrong"
HALF = '{"tldr": "Half an'
NESTED: Any = []
for _ in range(400):
    NESTED = [NESTED]

ROWS = [
    # The choices.
    Row("choices: []", top(choices=[]), NOTHING),
    Row("choices: null", top(choices=None), NOTHING),
    Row("choices: [null]", top(choices=[None]), NOTHING),
    Row("choices: a number", top(choices=1), NOTHING),
    Row("choices: absent", without("choices"), NOTHING),
    Row("choices: strings", lambda right: right | {"choices": [text_of(right)]}),
    Row("choices: an empty one first", lambda right: right | {"choices": [{}, *right["choices"]]}),
    Row("choices: text, as before chat", lambda right: right | {"choices": [{"text": text_of(right)}]}),
    Row("choices: a delta", lambda right: right | {"choices": [{"delta": right["choices"][0]["message"]}]}),
    Row("choices: index null", choice(index=None)),
    Row("choices: nothing but a reason", choice(message={}), NOTHING),
    # The message.
    Row("message: null", choice(message=None), NOTHING),
    Row("message: a list", choice(message=[1]), NOTHING),
    Row("message: a string", lambda right: choice(message=text_of(right))(right)),
    Row("role: null", message(role=None)),
    Row("role: absent", without("role", "message")),
    Row("content: null", message(content=None), NOTHING),
    Row("content: empty", message(content=""), NOTHING),
    Row("content: absent", without("content", "message"), NOTHING),
    Row("content: a number", message(content=5), NOTHING),
    Row("content: parts", message(lambda text: {"content": [{"type": "text", "text": text}]})),
    Row(
        "content: parts in pieces",
        message(
            lambda text: {"content": [{"type": "text", "text": piece} for piece in (text[:9], text[9:])]}
        ),
    ),
    Row("content: strings", message(lambda text: {"content": [text]})),
    Row(
        "content: thinking and text",
        message(
            lambda text: {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "{Well"}]},
                    {"type": "text", "text": text},
                ]
            }
        ),
    ),
    Row("content: the object itself", message(lambda text: {"content": json.loads(text)})),
    Row("content: null, all of it in reasoning", message(lambda text: {"content": None, "reasoning": text})),
    Row("content: beside thinking", message(reasoning_content="{Which} label?", reasoning="{Which} label?")),
    Row("content: half a character", tldr("It is right \ud83d and wrong.")),
    Row("content: a zero character", tldr("It is \x00 right.")),
    Row("refusal: words", message(content=None, refusal="I cannot help with that."), "refused"),
    Row("refusal: an object", message(content=None, refusal={"message": "No."}), "refused"),
    Row("refusal: empty", message(refusal="")),
    Row("refusal: false", message(refusal=False)),
    # The tool call.
    Row("tool_calls: []", message(tool_calls=[])),
    Row("tool_calls: null", message(tool_calls=None)),
    Row("tool_calls: one, unasked", call(lambda text: function(text))),
    Row(
        "tool_calls: one, not in a list", message(lambda text: {"content": "", "tool_calls": function(text)})
    ),
    Row("tool_calls: text instead", message(lambda text: {"content": text, "tool_calls": None}), tools=True),
    Row("arguments: an object", call(lambda text: function(json.loads(text))), tools=True),
    Row("arguments: null", call(lambda text: function(None)), NOTHING, tools=True),
    Row("arguments: a list", call(lambda text: function([1, 2])), NOTHING, tools=True),
    Row("arguments: empty", call(lambda text: function("")), NOTHING, tools=True),
    Row(
        "arguments: absent", call(lambda text: {"id": "1", "function": {"name": "Card"}}), NOTHING, tools=True
    ),
    Row("arguments: half", call(lambda text: function(HALF)), NOTHING, tools=True),
    Row("call: id null", call(lambda text: function(text) | {"id": None}), tools=True),
    Row("call: id a number", call(lambda text: function(text) | {"id": 7}), tools=True),
    Row("call: no type", call(lambda text: {"function": {"name": "Card", "arguments": text}}), tools=True),
    Row("call: flat", call(lambda text: {"name": "Card", "arguments": text}), tools=True),
    Row("call: a string", call(lambda text: {"function": text}), NOTHING, tools=True),
    Row(
        "call: an empty one first",
        message(lambda text: {"content": None, "tool_calls": [{}, function(text)]}),
        tools=True,
    ),
    Row(
        "function_call, as before tools",
        message(
            lambda text: {"content": None, "tool_calls": None, "function_call": function(text)["function"]}
        ),
        tools=True,
    ),
    # How it ended.
    Row("finish_reason: null", choice(finish_reason=None)),
    Row("finish_reason: absent", without("finish_reason", "choice")),
    Row("finish_reason: eos", choice(finish_reason="eos")),
    Row("finish_reason: a number", choice(finish_reason=2)),
    Row("finish_reason: STOP", choice(finish_reason="STOP")),
    Row(
        "finish_reason: error, half an answer",
        choice(
            finish_reason="error",
            message={"role": "assistant", "content": HALF},
            error={"code": 502, "message": "Upstream idle timeout"},
        ),
        "Upstream idle timeout",
    ),
    Row(
        "finish_reason: content_filter: violence",
        choice(finish_reason="content_filter: violence", message={"role": "assistant", "content": None}),
        "filter",
    ),
    Row("finish_reason: SAFETY", choice(finish_reason="SAFETY", message={"content": ""}), "filter"),
    Row("finish_reason: length", choice(finish_reason="length", message={"content": HALF}), "cut off"),
    Row(
        "finish_reason: MAX_TOKENS", choice(finish_reason="MAX_TOKENS", message={"content": HALF}), "cut off"
    ),
    # The counts.
    Row("usage: null", top(usage=None)),
    Row("usage: absent", without("usage")),
    Row("usage: a list", top(usage=[1, 2])),
    Row("usage: a string", top(usage="n/a")),
    Row("usage: {}", top(usage={})),
    Row("usage: NaN", top(usage={"prompt_tokens": float("nan"), "completion_tokens": float("inf")})),
    Row("usage: below zero", top(usage={"prompt_tokens": -5, "completion_tokens": -1, "total_tokens": -6})),
    Row("usage: huge", top(usage={"prompt_tokens": 10**300, "completion_tokens": 10**300})),
    Row("usage: strings", top(usage={"prompt_tokens": "12.5", "completion_tokens": "three"})),
    Row("usage: booleans", top(usage={"prompt_tokens": True, "completion_tokens": False})),
    Row(
        "usage: details a list",
        top(usage={"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": [1]}),
    ),
    Row("logprobs: a list", choice(logprobs=[-0.1])),
    Row("logprobs: a string", choice(logprobs="none")),
    Row("logprobs: content null", choice(logprobs={"content": None})),
    Row("logprobs: a token null", choice(logprobs={"content": [None]})),
    Row(
        "logprobs: no top",
        choice(logprobs={"content": [{"token": "a", "logprob": -1, "top_logprobs": None}]}),
    ),
    Row(
        "logprobs: null for a number",
        choice(logprobs={"content": [{"token": "a", "top_logprobs": [{"token": "a", "logprob": None}]}]}),
    ),
    # The envelope.
    Row("id: null", top(id=None)),
    Row("object: null", top(object=None)),
    Row("created: a fraction", top(created=1.5)),
    Row("created: a date", top(created="2026-01-01")),
    Row("model: null", top(model=None)),
    Row("model: an object", top(model={"name": "m"})),
    Row("further fields, nested", top(x=NESTED, y={"choices": []}, error=None)),
    Row("error beside choices, empty", top(error={})),
    Row("a key twice", as_bytes(lambda raw: b'{"choices": [], "id": 1, ' + raw[1:])),
    Row("a byte order mark", as_bytes(lambda raw: b"\xef\xbb\xbf" + raw)),
    Row("white space around it", as_bytes(lambda raw: b"\n \n\t" + raw + b"\r\n\r\n")),
    Row("UTF-16", as_bytes(lambda raw: raw.decode().encode("utf-16"))),
    Row("media type text/plain", as_bytes(lambda raw: raw, content_type="text/plain; charset=latin-1")),
    # No completion at all.
    Row(
        "an error with code 400",
        lambda right: {"error": {"code": 400, "message": "No such label"}},
        "No such label",
    ),
    Row(
        "an error with code 502",
        lambda right: {"error": {"code": 502, "message": "Bad gateway"}},
        "Bad gateway",
    ),
    Row("an error with a word", lambda right: {"error": {"code": "oops", "message": "It broke"}}, "It broke"),
    Row("an error as a string", lambda right: {"error": "It broke"}, "It broke"),
    Row("an error with empty choices", top(choices=[], error={"message": "It broke"}), "It broke"),
    Row("200,000 brackets", lambda right: Raw(b"[" * 200_000), "instead of a chat completion"),
    Row("200,000 brackets in a field", as_bytes(lambda raw: b'{"x": ' + b"[" * 200_000), "instead of a chat"),
    Row(
        "a number of 5,000 digits",
        as_bytes(lambda raw: b'{"created": ' + b"9" * 5000 + b", " + raw[1:]),
        "instead of a chat completion",
    ),
    Row("cut in the middle", as_bytes(lambda raw: raw[: len(raw) // 2]), "instead of a chat completion"),
    Row(
        "broken UTF-8", as_bytes(lambda raw: raw.replace(b"assistant", b"\xff\xfe\x80")), "instead of a chat"
    ),
    Row("an HTML page", lambda right: Raw(b"<html>Wait a moment</html>", 200, {}), "an HTML page"),
    Row("nothing", lambda right: Raw(b""), "nothing"),
    Row("no content, status 204", lambda right: Raw(b"", 204), "nothing"),
    Row("a list around it", lambda right: [right], "instead of a chat completion"),
    Row("null", lambda right: None, "instead of a chat completion"),
    Row("a string", lambda right: "ok", "instead of a chat completion"),
    Row("a stream", as_bytes(lambda raw: b"data: " + raw + b"\n\ndata: [DONE]\n\n"), "a stream of events"),
    Row("no gzip", as_bytes(lambda raw: raw, content_encoding="gzip"), "decoded"),
    Row("more than anybody says", as_bytes(lambda raw: b" " * (9 << 20) + raw), "more than 8 MB"),
    Row(
        "little that becomes much",
        as_bytes(lambda raw: gzip.compress(b" " * (9 << 20) + raw), content_encoding="gzip"),
        "more than 8 MB",
    ),
    Row("JSON, then more", as_bytes(lambda raw: raw + b'{"x": 1}'), "instead of a chat completion"),
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[str, dict[int, Shape]]]:
    """Where it is, and the shapes of its answers by the paper's number."""
    shapes: dict[int, Shape] = {}
    with serving(odd.app(shapes)) as served:
        yield served.url, shapes


Enrich = Callable[..., Ran]


@pytest.fixture
def enrich(program: Program, papers: Papers, endpoint: tuple[str, dict[int, Shape]]) -> Enrich:
    """The run over so many papers, of which some have odd answers."""
    url, shapes = endpoint

    def go(odd: dict[int, Shape], count: int, *, tools: bool) -> Ran:
        shapes.clear()
        shapes.update(odd)
        model = "mistral/m" if tools else "m"
        return program("enrich", papers(count), "-o", "cards.jsonl", "-m", model, "--base-url", url)

    return go


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_one_odd_answer_costs_at_most_its_paper(enrich: Enrich, row: Row) -> None:
    ran = enrich({4: row.shape}, 10, tools=row.tools)

    assert "internal error" not in ran.stderr
    if row.says is None:
        assert (ran.code, len(ran.cards), ran.errors) == (0, 10, []), ran.stderr
        return
    assert (ran.code, len(ran.cards)) == (1, 9), ran.stderr
    (error,) = ran.errors
    assert error["where"].endswith(":5")
    assert any(word in error["message"] for word in row.says.split("|")), error["message"]


@pytest.mark.parametrize("tools", [False, True])
def test_all_of_them_in_one_run(enrich: Enrich, tools: bool) -> None:
    rows = [row for row in ROWS if row.tools == tools]
    shapes = {2 * n + 1: row.shape for n, row in enumerate(rows)}
    ran = enrich(shapes, 2 * len(rows), tools=tools)

    assert ran.code == 1, ran.stderr
    failed = {int(error["where"].rpartition(":")[2]) // 2 - 1 for error in ran.errors}
    assert {rows[n].name for n in failed} == {row.name for row in rows if row.says is not None}
    assert len(ran.cards) == 2 * len(rows) - len(failed)
