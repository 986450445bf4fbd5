"""An answer comes out of its wrapping where that is certain, and else is wrong, and never guessed."""

import json
import time
from typing import Any

import pytest

from papercards.reading.answers import WrongAnswer, answer_type, parse
from papercards.reading.draft import Draft
from papercards.taxonomy import shipped
from tests.stub import instance

TAXONOMY = shipped()
KIND = answer_type(TAXONOMY)
RECORD: dict[str, Any] = instance(KIND.model_json_schema()) | {"tldr": "It counts."}
TEXT = json.dumps(RECORD)
DRAFT = json.dumps(RECORD | {"tldr": "A first try."})
LABEL = RECORD["tasks"][0]
KIND_OF_CLAIM = RECORD["claims"][0]["kind"]


def read(text: str) -> Draft:
    return Draft(**parse(text, KIND, TAXONOMY, "It counts.", 5))


def changed(**fields: Any) -> str:
    return json.dumps(RECORD | fields)


WRAPPED = {
    "thinking": f"<think>\nIs it {{clear}}?\n</think>\n\n{TEXT}",
    "thinking under another name": f"<Thinking>Hm.</Thinking>{TEXT}",
    "thinking that was never closed": f"<think>\nHm.\n{TEXT}",
    "thinking that was never opened": f"Okay, {{so}}.\n</think>\n{TEXT}",
    "a draft in the thinking": f"<think>{DRAFT}</think>{TEXT}",
    "a draft in thinking that was never closed": f"<think>{DRAFT} No, better: {TEXT}",
    "thinking behind it": f"{TEXT}\n<think>Was that right?</think>",
    "channels": "<|channel|>analysis<|message|>So {..}<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{TEXT}<|return|>",
    "a channel for a tool": "<|channel|>commentary to=functions.Card <|constrain|>json"
    f"<|message|>{TEXT}<|call|>",
    "a fence in the thinking": f'<think>```json\n{{"tldr": 1}}\n```</think>```json\n{TEXT}\n```',
    "fences": f"```json\n{TEXT}\n```",
    "fences on one line": f"```json{TEXT}```",
    "a fence that was never closed": f"```\n{TEXT}",
    "fences among words": f"Sure!\n```JSON\n{json.dumps(RECORD, indent=2)}\n```\nI hope `{{this}}` helps.",
    "two fences": f'```json\n{TEXT}\n```\nAnother:\n```json\n{{"a": 1}}\n```',
    "words around": f"Here it is:\n{TEXT}\n\nI hope this helps!",
    "a tag": f"<answer>{TEXT}</answer>",
    "a tool call in a tag": f'<tool_call>\n{{"name": "Card", "arguments": {TEXT}}}\n</tool_call>',
    "a tool call whose arguments are a string": json.dumps({"name": "Card", "arguments": TEXT}),
    "a list of tool calls": f'[TOOL_CALLS][{{"name": "Card", "arguments": {TEXT}}}]',
    "a function": json.dumps({"type": "function", "function": {"name": "Card", "parameters": RECORD}}),
    "a name": json.dumps({"Card": RECORD}),
    "two names": json.dumps({"result": {"card": RECORD}}),
    "a name among others": json.dumps({"reasoning": "Because.", "answer": RECORD}),
    "its schema": json.dumps({"title": "Card", "type": "object", "properties": RECORD, "required": ["tldr"]}),
    "the schema before it": f"{json.dumps(KIND.model_json_schema())}\n{TEXT}",
    "a list": json.dumps([RECORD]),
    "a string": json.dumps(TEXT),
    "a string in a string": json.dumps(json.dumps(TEXT)),
    "a string without its quotes": TEXT.replace('"', '\\"'),
    "a byte-order mark": f"\ufeff{TEXT}",
    "a surplus key": changed(notes="x"),
    "a comma too many": f"{TEXT[:-1]},}}",
    "a line end in a string": TEXT.replace("It counts.", "It\ncounts."),
    "keys in other letters": json.dumps(
        {key.replace("_", " ").title(): value for key, value in RECORD.items()}
    ),
    "keys as in JavaScript": TEXT.replace("code_sentence", "codeSentence"),
    "a label as a title": changed(tasks=[LABEL.replace("-", " ").title()]),
    "a label in capitals": changed(tasks=[LABEL.replace("-", "_").upper()]),
    "a label in quotes": changed(tasks=[f'"{LABEL}" ']),
    "a label with its meaning": changed(tasks=[f"{LABEL}: {TAXONOMY.labels['tasks'][LABEL]}"]),
    "a label with a figure": changed(tasks=[{"label": LABEL, "confidence": 0.9}]),
    "a label alone": changed(tasks=LABEL),
    "labels with commas": changed(tasks=f"{LABEL}, {LABEL}"),
    "a number in quotes": changed(claims=[{"sentence": "[1]", "kind": KIND_OF_CLAIM}]),
    "a number in a list": changed(claims=[{"sentence": [1], "kind": KIND_OF_CLAIM}]),
    "a number with a point": changed(claims=[{"sentence": 1.0, "kind": KIND_OF_CLAIM}]),
    "a sentence for nothing": changed(code="Not stated", code_sentence=None),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_right_answer_comes_out_of(name: str) -> None:
    draft = read(WRAPPED[name])
    assert draft == read(TEXT)


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "\\ud83d x \\ude00"])
def test_half_a_character_reaches_no_card(half: str) -> None:
    draft = read(TEXT.replace("It counts.", f"It counts {half}."))
    assert draft.tldr.startswith("It counts ")
    draft.tldr.encode()
    assert read(TEXT.replace("It counts.", "It counts \\ud83d\\ude00.")).tldr == "It counts 😀."


def test_a_list_that_is_null_is_empty() -> None:
    assert read(changed(claims=None)).claims == ()


@pytest.mark.parametrize("mark", ["</think>", "```"])
def test_a_mark_in_a_string_is_text(mark: str) -> None:
    assert read(changed(tldr=f"It counts {mark} often.")).tldr == f"It counts {mark} often."
    assert read(f"Here:\n{changed(tldr=f'It counts {mark} often.')}").tldr == f"It counts {mark} often."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("null", "object"),
        ("I cannot do that.", "Invalid JSON"),
        (TEXT[:-40], "Invalid JSON"),
        (changed(tasks=["langage-modeling"]), "tasks"),
        (changed(tasks=["language modelling task"]), "tasks"),
        (changed(tasks=[]), "tasks"),
        (changed(tasks=None), "tasks"),
        (changed(tldr=["It counts."]), "tldr"),
        (changed(code="released, promised"), "code"),
        (changed(code_sentence="first"), "code_sentence"),
        (changed(claims=[{"sentence": 9, "kind": KIND_OF_CLAIM}]), "sentence 9"),
        (changed(code="released", code_sentence=None), "code_sentence"),
        (json.dumps({key: value for key, value in RECORD.items() if key != "claims"}), "claims"),
        (json.dumps([RECORD, RECORD | {"tldr": "Another."}]), "object"),
    ],
)
def test_what_is_not_certain_is_wrong_and_the_reason_is_told(text: str, reason: str) -> None:
    with pytest.raises(WrongAnswer) as caught:
        read(text)
    assert reason in str(caught.value)


def test_every_label_of_the_list_is_no_answer() -> None:
    with pytest.raises(WrongAnswer, match="at most 3"):
        read(changed(tasks=list(TAXONOMY.ids("tasks"))))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"' * 100_000, "```" * 60_000, "</think>" * 25_000]
)
@pytest.mark.parametrize("end", ["", "}" * 100_000, ' "x" : 1,   ' * 10_000 + "}"])
def test_noise_is_wrong_soon(text: str, end: str) -> None:
    begin = time.process_time()
    with pytest.raises(WrongAnswer):
        read(text + end)
    assert time.process_time() - begin < 5


def test_many_objects_like_none_are_looked_through_soon() -> None:
    inner: Any = {}
    for _ in range(5):
        inner = {str(key): inner for key in range(14)}
    begin = time.process_time()
    with pytest.raises(WrongAnswer):
        read(json.dumps(inner)[:190_000])
    assert time.process_time() - begin < 5
