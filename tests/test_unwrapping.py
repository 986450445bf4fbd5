"""A right answer in a wrapping is a right answer; a wrong one is not made right by guessing."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from papercards.answers import WrongAnswer, answer_type, parse
from papercards.taxonomy import Taxonomy

GOOD: dict[str, Any] = {
    "tldr": "It counts.",
    "tasks": ["language-modeling"],
    "modalities": ["text"],
    "contributions": ["method"],
    "claims": [{"sentence": 1, "kind": "finding"}],
    "code": "not-stated",
    "code_sentence": 0,
    "data": "not-stated",
    "data_sentence": 0,
    "weights": "not-stated",
    "weights_sentence": 0,
}
TEXT = json.dumps(GOOD)


def changed(**fields: Any) -> str:
    return json.dumps(GOOD | fields)


@pytest.fixture
def read(taxonomy: Taxonomy) -> Callable[[str], Any]:
    kind = answer_type(taxonomy)
    kinds = taxonomy.claim_kinds
    GOOD["claims"][0]["kind"] = kinds[0]
    GOOD["contributions"] = [taxonomy.ids("contributions")[0]]
    return lambda text: parse(text, kind, taxonomy, "It counts.", 3)


WRAPPINGS = {
    "fence": "```json\n@\n```",
    "bare fence": "```\n@\n```",
    "fence without a line end": "```json@```",
    "open fence": "```json\n@",
    "words before": "Here is the card: @",
    "words behind": "@\n\nI hope this {helps}!",
    "thinking": '<think>First {"a": 1} then</think>\n@',
    "thinking that was never opened": "so the task is clear.\n</think>\n\n@",
    "thinking that was never closed": "<think>Let me see. @",
    "capitals": "<THINKING>hm</THINKING>@",
    "thinking and fence": '<think>```json\n{"tldr": 1}\n```</think>```json\n@\n```',
    "harmony": "<|channel|>analysis<|message|>hm {<|end|><|start|>assistant<|channel|>final<|message|>@",
    "byte-order mark": "\ufeff@",
    "list of one": "[@]",
    "a name around it": '{"Card": @}',
    "two names around it": '{"result": {"card": @}}',
    "a tool call around it": '{"name": "Card", "arguments": @}',
}


@pytest.mark.parametrize("wrapping", WRAPPINGS.values(), ids=list(WRAPPINGS))
def test_a_wrapping_comes_off(read: Callable[[str], Any], wrapping: str) -> None:
    assert read(wrapping.replace("@", json.dumps(GOOD))) == read(json.dumps(GOOD))


def test_an_answer_in_a_string_comes_out(read: Callable[[str], Any]) -> None:
    assert read(json.dumps(json.dumps(GOOD))) == read(json.dumps(GOOD))


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning": "because"},
        {"tasks": ["Language Modeling"]},
        {"tasks": ["language_modeling"]},
        {"tasks": ["language-modeling "]},
        {"tasks": ["`LANGUAGE-MODELING`"]},
        {"tasks": "language-modeling"},
        {"code": "Not Stated"},
        {"code_sentence": "0"},
        {"code_sentence": 0.0},
        {"modalities": ["Text"]},
    ],
)
def test_a_near_miss_is_what_it_means(read: Callable[[str], Any], fields: dict[str, Any]) -> None:
    assert read(changed(**fields)) == read(json.dumps(GOOD))


@pytest.mark.parametrize(
    "fields",
    [
        {"tasks": ["language-models"]},
        {"tasks": ["lm"]},
        {"tasks": []},
        {"tasks": None},
        {"code_sentence": "first"},
        {"tldr": ["It counts."]},
        {"claims": [{"sentence": 9, "kind": "finding"}]},
    ],
)
def test_nothing_is_guessed(read: Callable[[str], Any], fields: dict[str, Any]) -> None:
    with pytest.raises(WrongAnswer):
        read(changed(**fields))


def test_every_label_there_is_is_no_answer(read: Callable[[str], Any], taxonomy: Taxonomy) -> None:
    with pytest.raises(WrongAnswer, match=r"tasks has \d+ labels: give at most"):
        read(changed(tasks=list(taxonomy.ids("tasks"))))


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "{" * 200_000, '{"a":' * 50_000, "```" * 60_000, "<think>" * 30_000]
)
def test_hostile_answers_are_wrong_in_a_moment(read: Callable[[str], Any], text: str) -> None:
    begin = time.process_time()
    with pytest.raises(WrongAnswer):
        read(text)
    assert time.process_time() - begin < 5
