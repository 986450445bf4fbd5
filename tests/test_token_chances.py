"""Probabilities of labels from the probabilities of an answer's tokens."""

import json
import math
import time
from dataclasses import replace

import pytest

from papercards.model.adapting import lesson_of
from papercards.model.cache import key_of
from papercards.model.catalogue import resolve
from papercards.model.completion import Logprobs, said_in
from papercards.model.form import Form
from papercards.model.refusals import Refused
from papercards.reading.token_chances import needed, token_chances
from papercards.taxonomy import Taxonomy

Top = dict[str, float]


def tokens(*tops: str | Top) -> Logprobs:
    """For each token its text, or the texts that were likely, the one that was written first."""
    plain = [{top: 1.0} if isinstance(top, str) else top for top in tops]
    return tuple(tuple((text, math.log(p)) for text, p in top.items()) for top in plain)


def tasks(taxonomy: Taxonomy, *tops: str | Top) -> dict[str, float]:
    found = token_chances(tokens('{"tldr":"x","tasks":', *tops, ',"code":"not-stated"}'), taxonomy)
    return {label: round(p, 4) for (_, label), p in found.labels.items()}


@pytest.mark.parametrize(
    ("tops", "chance"),
    [
        # One token tells all.
        (['["', {"dialogue": 0.6, "summarization": 0.2, "robotics": 0.2}, '"]'], {"dialogue": 0.6}),
        # What leads to no label counts for nothing.
        (['["', {"dialogue": 0.6, "\n": 0.2, "banana": 0.2}, '"]'], {"dialogue": 1.0}),
        # Several tokens: each where the label departs from others, shared beginnings nowhere.
        (
            ['["', "time", "-series", {"-forecast": 0.8, "-analysis": 0.2}, "ing", '"]'],
            {"time-series-forecasting": 0.8},
        ),
        (
            ['["', {"ti": 0.5, "t": 0.25, "graph": 0.25}, "me-series-", {"a": 0.5, "f": 0.5}, 'nalysis"]'],
            {"time-series-analysis": 0.375},
        ),
        # A token crosses the quote before the label, the one behind it, or both.
        ([{'["dial': 0.7, '["summ': 0.3}, "ogue", '"]'], {"dialogue": 0.7}),
        (['["', {'robotics"]': 0.9, 'fairness"]': 0.1}], {"robotics": 0.9}),
        ([{'["robotics"]': 0.9, '["fairness"]': 0.1}], {"robotics": 0.9}),
        # The same label as it may be cut in other ways.
        (['["', {"fairness": 0.4, "fair": 0.3, "f": 0.1, "robotics": 0.2}, '"]'], {"fairness": 0.8}),
        # Two labels, one that is none, and one that comes twice.
        (
            ['["', "fairness", '","', {"robotics": 0.5, "regression": 0.5}, '","nonsense","fairness"]'],
            {"fairness": 1.0, "robotics": 0.5},
        ),
        (["[]"], {}),
    ],
)
def test_a_label_is_as_likely_as_the_tokens_that_tell_it_from_others(
    taxonomy: Taxonomy, tops: list[str | Top], chance: dict[str, float]
) -> None:
    assert tasks(taxonomy, *tops) == pytest.approx(chance)


def test_a_label_that_begins_another_departs_at_its_end(taxonomy: Taxonomy) -> None:
    modalities = {**taxonomy.labels["modalities"], "text-and-image": "both"}
    wider = replace(taxonomy, labels={**taxonomy.labels, "modalities": modalities})
    found = token_chances(tokens('{"modalities":["', "text", {'"]': 0.25, "-and": 0.75}, "}"), wider)
    assert found.labels == {("modalities", "text"): pytest.approx(0.25)}


def test_statuses_and_kinds_of_claims_have_probabilities(taxonomy: Taxonomy) -> None:
    found = token_chances(
        tokens(
            '{"claims":[{"sentence":2,"kind":"',
            {"finding": 0.75, "novelty": 0.25},
            '"},{"sentence": 3, "kind": "',
            {"resource": 0.5, "efficiency": 0.5},
            '"}],"code":"',
            {"re": 0.9, "not": 0.1},
            'leased","code_sentence":3}',
        ),
        taxonomy,
    )
    assert found.kinds == pytest.approx({2: 0.75, 3: 0.5})
    assert found.statuses == pytest.approx({"code": 0.9})


def test_the_answer_counts_and_not_what_was_thought_before_it(taxonomy: Taxonomy) -> None:
    thought = tokens('<think>{"tasks":["', {"dialogue": 0.1, "robotics": 0.9}, '"]}</think>')
    said = tokens('{"tasks":["', {"dialogue": 0.8, "robotics": 0.2}, '"]}')
    assert token_chances((*thought, *said), taxonomy).labels == {("tasks", "dialogue"): pytest.approx(0.8)}


def test_words_of_the_summary_are_no_labels(taxonomy: Taxonomy) -> None:
    answer = json.dumps({"tldr": 'It says "tasks": ["robotics"] and \u00e9', "tasks": ["fairness"]})
    assert token_chances(tokens(*answer), taxonomy).labels == {("tasks", "fairness"): 1.0}


@pytest.mark.parametrize("strange", [(), ((),), ((("", 0.0),),), tokens("no JSON"), tokens('{"tasks":["rob')])
def test_without_tokens_of_labels_nothing_is_known(taxonomy: Taxonomy, strange: Logprobs) -> None:
    assert not token_chances(strange, taxonomy).labels
    assert needed(strange) == ()


def test_only_the_alternatives_of_labels_are_kept(taxonomy: Taxonomy) -> None:
    whole = tokens({'{"tldr":"x': 0.5, "y": 0.5}, '","tasks":["', {"robotics": 0.9, "fairness": 0.1}, '"]}')
    kept = needed(whole)
    assert [len(tops) for tops in kept] == [1, 1, 2, 1]
    assert token_chances(kept, taxonomy) == token_chances(whole, taxonomy)


@pytest.mark.parametrize(
    "piece",
    ['"tasks":[', '"robotics",', '{"sentence":1,"kind":"finding"},', '"code":"released",', '"code" : '],
)
def test_time_grows_with_an_answer_and_no_faster(taxonomy: Taxonomy, piece: str) -> None:
    def seconds(size: int) -> float:
        answer = tokens(*'{"tasks":[', *(piece * size), *"]}")
        begin = time.process_time()
        token_chances(answer, taxonomy)
        needed(answer)
        return time.process_time() - begin

    least = min(seconds(500) for _ in range(3))
    assert min(seconds(2_000) for _ in range(3)) < 12 * least + 0.05


def test_the_token_that_was_written_comes_first_and_what_was_masked_is_finite() -> None:
    written = {
        "token": "b",
        "logprob": -2.0,
        "top_logprobs": [
            {"token": "a", "logprob": -0.1},
            {"token": "b", "logprob": -2.0},
            {"token": "c", "logprob": float("-inf")},
        ],
    }
    said = said_in({"choices": [{"message": {"content": "b"}, "logprobs": {"content": [written]}}]})
    assert said.logprobs == ((("b", -2.0), ("a", -0.1), ("c", -100.0)),)


@pytest.mark.parametrize(
    "refusal",
    [
        Refused(400, "Unknown parameter: 'logprobs'."),
        Refused(400, "top_logprobs must be at most 3"),
        Refused(403, "You are not allowed to request logprobs from this model."),
        Refused(422, "", body={"detail": [{"loc": ["body", "top_logprobs"], "msg": "Extra inputs"}]}),
        Refused(501, "log probabilities are not implemented"),
        Refused(400, "unsupported", body={"error": {"message": "unsupported", "param": "logprobs"}}),
    ],
)
def test_every_refusal_of_logprobs_is_understood(refusal: Refused) -> None:
    form = replace(Form.of(resolve("openai/m"), {}), logprobs=True)
    lesson = lesson_of(refusal, form, "openai/m")
    assert lesson is not None and lesson.form == replace(form, logprobs=False)
    assert lesson_of(Refused(403, refusal.said), replace(form, logprobs=False), "openai/m") is None


def test_what_is_not_asked_for_changes_no_key_and_no_note() -> None:
    """Answers and notes of versions that did not know logprobs are found again."""
    form = Form.of(resolve("openai/gpt-4.1-mini"), {})
    assert "logprobs" not in form.parts() and "logprobs" not in form.to_json()
    assert form.parts() == {
        "model": "gpt-4.1-mini",
        "mode": "json_schema",
        "temperature": 0,
        "max_tokens": 900,
    }
    asked = replace(form, logprobs=True)
    assert key_of(asked.parts()) != key_of(form.parts())
    assert Form.from_json(json.loads(asked.to_json())) == asked
    assert Form.from_json(json.loads(form.to_json())) == form
