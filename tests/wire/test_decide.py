"""The plan `decide` as a user runs it, against a loopback server with the documented forms and faults."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.model.decisions import Question, body, decisions_in, read
from papercards.reading.decide.questions import questions, requests
from papercards.session import Session
from papercards.taxonomy import Taxonomy
from tests.conftest import KEY, SEED, Run, make_paper
from tests.decision_stub import Decisions
from tests.stub import Fault, Stub, answer, error

MODEL = ("-m", "openai-compatible/nimble", "--plan", "decide")
Enrich = Callable[..., Any]


@pytest.fixture
def decisions(stub: Stub) -> Decisions:
    """The endpoint's decisions, which are well until a test changes them."""
    one = Decisions()
    stub.other = one.answer
    return one


@pytest.fixture
def enrich(run: Run, stub: Stub, tmp_path: Path) -> Enrich:
    """Cards of the first papers of the corpus."""

    def go(*more: str, limit: int = 3, summary: bool = False, **environment: str) -> Any:
        quiet = () if summary else ("--no-summary",)
        where = ("--base-url", stub.url, "--cache-dir", "c", "-o", "cards.jsonl")
        return run("enrich", SEED, *MODEL, *where, "--limit", str(limit), *quiet, *more, **environment)

    return go


def cards(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "cards.jsonl").read_text(encoding="utf-8").splitlines()]


def confidences(card: dict[str, Any]) -> list[float | None]:
    listed = [one for field in ("tasks", "modalities", "contributions", "claims") for one in card[field]]
    found = card["reproducibility"]
    return [one["confidence"] for one in (*listed, found["code"], found["data"], found["weights"])]


def test_every_field_of_every_card_has_a_confidence_in_two_requests_a_paper(
    enrich: Enrich, decisions: Decisions, tmp_path: Path, run: Run
) -> None:
    done = enrich(limit=20)

    assert done.returncode == 0, done.stderr
    made = cards(tmp_path)
    assert len(made) == 20 and len(decisions.bodies) == 40
    for card in made:
        assert all(value is not None and 0 <= value <= 1 for value in confidences(card))
        assert card["provenance"]["calls"] == 2
    assert all(len(body["questions"]) <= 64 for body in decisions.bodies)
    assert "[1] " in decisions.bodies[0]["state"]
    verified = run("verify", "cards.jsonl", "--source", SEED)
    assert verified.returncode == 0, verified.stdout


def test_a_second_run_costs_nothing_and_gives_the_same_bytes(
    enrich: Enrich, decisions: Decisions, tmp_path: Path
) -> None:
    first = enrich("--price", "0.1/9")
    before = (tmp_path / "cards.jsonl").read_bytes()
    again = enrich("--price", "0.1/9")

    assert first.returncode == again.returncode == 0
    assert (tmp_path / "cards.jsonl").read_bytes() == before
    assert len(decisions.bodies) == 6 and "0 calls" in again.stderr


def test_only_what_was_read_is_billed(enrich: Enrich, decisions: Decisions, tmp_path: Path) -> None:
    assert enrich("--price", "1000000/1000000").returncode == 0

    for card in cards(tmp_path):
        tokens = card["provenance"]["tokens"]
        assert tokens["completion"] > 0
        assert card["provenance"]["cost_usd"] == tokens["prompt"]


def test_without_usage_the_cost_is_unknown(enrich: Enrich, decisions: Decisions, tmp_path: Path) -> None:
    decisions.usage = False

    done = enrich("--price", "1/1")

    assert done.returncode == 0 and "cost unknown" in done.stderr
    assert all(card["provenance"]["cost_usd"] is None for card in cards(tmp_path))


def test_what_a_stopped_paper_was_answered_is_not_asked_again(
    enrich: Enrich, decisions: Decisions, tmp_path: Path
) -> None:
    def no_sentences(given: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        return given | {"answers": {n: a for n, a in given["answers"].items() if n != "sentence.1"}}

    decisions.change = no_sentences
    failed = enrich(limit=1)
    assert failed.returncode == 1
    assert "sentence.1 is not answered" in failed.stderr
    # The other request once, this one three times, the last two with nothing but the open question.
    assert [len(body["questions"]) for body in decisions.bodies[2:]] == [1, 1]

    decisions.change = lambda given, asked: given
    decisions.bodies.clear()
    assert enrich(limit=1).returncode == 0
    assert len(decisions.bodies) == 1


def test_a_question_left_open_once_is_asked_again_alone(
    enrich: Enrich, decisions: Decisions, tmp_path: Path
) -> None:
    def forgetful(given: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        keep = len(asked["questions"]) < 3
        return given | {"answers": {n: a for n, a in given["answers"].items() if keep or n != "code.status"}}

    decisions.change = forgetful

    assert enrich(limit=1).returncode == 0
    assert [list(body["questions"]) for body in decisions.bodies[2:]] == [["code.status"]]
    assert cards(tmp_path)[0]["provenance"]["calls"] == 3


@pytest.mark.parametrize(
    ("chances", "said"),
    [
        ({"released": 0.9, "promised": 0.8, "not-stated": 0.1}, "add up to 1.80, not 1"),
        ({"released": 0.2, "promised": 0.1, "not-stated": 0.1}, "add up to 0.40, not 1"),
        ({"released": 1.4, "promised": -0.4, "not-stated": 0.0}, "has a probability of 1.4"),
        ({"released": 0.5, "promised": None, "not-stated": 0.5}, "has a probability of None"),
        ({"released": 0.5, "sold": 0.5}, "an option that was not given: 'sold'"),
        ({}, "has no probabilities"),
    ],
)
def test_numbers_that_are_no_probabilities_make_no_card(
    enrich: Enrich, decisions: Decisions, tmp_path: Path, chances: dict[str, Any], said: str
) -> None:
    def change(given: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        if "code.status" in given["answers"]:
            given["answers"]["code.status"]["probabilities"] = chances
        return given

    decisions.change = change
    done = enrich(limit=1)

    assert done.returncode == 1 and not cards(tmp_path)
    line = next(line for line in done.stderr.splitlines() if "code.status" in line)
    assert said in line and "Traceback" not in done.stderr


def test_rounded_probabilities_are_taken_as_they_were_meant(
    enrich: Enrich, decisions: Decisions, tmp_path: Path
) -> None:
    decisions.places = 2

    assert enrich().returncode == 0
    assert all(None not in confidences(card) for card in cards(tmp_path))


def test_cloudflares_envelope_is_taken_off(enrich: Enrich, decisions: Decisions, tmp_path: Path) -> None:
    decisions.envelope = True
    assert enrich().returncode == 0
    assert len(cards(tmp_path)) == 3


def test_an_envelope_that_says_no_is_an_error(enrich: Enrich, stub: Stub) -> None:
    stub.other = lambda path, body: {
        "success": False,
        "errors": [{"code": 5006, "message": "no such schema"}],
    }
    done = enrich(limit=1)
    assert done.returncode == 1 and "no such schema" in done.stderr


def test_openais_form_is_found_where_the_other_is_unknown(
    enrich: Enrich, decisions: Decisions, tmp_path: Path
) -> None:
    decisions.form = "openai"

    assert enrich().returncode == 0
    asked = decisions.bodies[0]
    assert isinstance(asked["questions"], list) and "input" in asked
    types = {one["type"] for body in decisions.bodies for one in body["questions"]}
    assert types == {"predicate", "choice"}
    assert len(cards(tmp_path)) == 3


def test_a_refused_question_is_named(enrich: Enrich, decisions: Decisions) -> None:
    decisions.form = "openai"

    def refuse(given: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        shy = [
            {"type": "refusal", "name": one["name"]} if one["name"] == "data.status" else one
            for one in given["answers"]
        ]
        return given | {"answers": shy}

    decisions.change = refuse
    done = enrich(limit=1)
    assert done.returncode == 1 and "data.status is refused" in done.stderr


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (404, b'{"detail":"Not Found"}', "404: Not Found"),
        (404, b"<html><body>nginx</body></html>", "404: an HTML page"),
        (404, b"404 page not found", "404: 404 page not found"),
        (405, b'{"detail":"Method Not Allowed"}', "405: Method Not Allowed"),
        (
            501,
            b'{"error":{"message":"Model Llama is not supported for decisions"}}',
            "501: Model Llama is not",
        ),
        (501, b"", "501"),
    ],
)
def test_an_endpoint_without_decisions_is_one_line_with_the_way_out(
    enrich: Enrich, stub: Stub, status: int, content: bytes, said: str
) -> None:
    stub.other = lambda path, body: Fault(status, content)

    done = enrich()

    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if "no decisions" in line]
    assert len(lines) == 1
    assert f"this endpoint has no decisions ({said}" in lines[0]
    assert "Use the plan one-call" in lines[0]


def test_a_model_that_is_not_there_is_no_missing_endpoint(enrich: Enrich, stub: Stub) -> None:
    stub.other = lambda path, body: error(404, "model 'nimble' not found")
    done = enrich()
    assert done.returncode == 2
    assert "does not know the model nimble" in done.stderr and "no decisions" not in done.stderr


def test_a_refusal_passes_on_what_the_endpoint_says(enrich: Enrich, stub: Stub) -> None:
    stub.other = lambda path, body: error(400, "label 'A' is not one token")
    done = enrich(limit=1)
    assert done.returncode == 1
    assert "label 'A' is not one token" in done.stderr and "--plan one-call" in done.stderr


def test_a_busy_endpoint_is_asked_again(
    enrich: Enrich, stub: Stub, decisions: Decisions, tmp_path: Path
) -> None:
    stub.script = [error(429, retry_after="0"), Fault(status=503), None]
    assert enrich(limit=1).returncode == 0
    assert len(cards(tmp_path)) == 1


def test_the_summary_is_a_chat_call_of_its_own(
    enrich: Enrich, stub: Stub, decisions: Decisions, tmp_path: Path
) -> None:
    stub.script = []
    stub.reply = lambda record, last: json.dumps({"tldr": "A model is trained and tested."})

    assert enrich(summary=True).returncode == 0
    assert {card["tldr"] for card in cards(tmp_path)} == {"A model is trained and tested."}
    assert {card["provenance"]["calls"] for card in cards(tmp_path)} == {3}


def test_an_endpoint_that_writes_nothing_says_how_to_do_without(
    enrich: Enrich, stub: Stub, decisions: Decisions
) -> None:
    stub.judge = lambda asked: "this model does not chat"
    done = enrich(summary=True, limit=1)
    assert done.returncode == 1 and "--no-summary" in done.stderr


def test_a_provider_of_the_table_is_asked_in_its_form(
    run: Run, stub: Stub, decisions: Decisions, tmp_path: Path
) -> None:
    decisions.form = "openai"
    done = run(
        *("enrich", SEED, "-m", "openai/gpt-6-luna", "--plan", "decide", "--no-summary"),
        *("--limit", "1", "--cache-dir", "c", "-o", "cards.jsonl"),
        OPENAI_API_KEY=KEY,
        OPENAI_BASE_URL=stub.url,
    )
    assert done.returncode == 0, done.stderr
    assert len(decisions.bodies) == 2 and stub.keys == [f"Bearer {KEY}"] * 2


def test_a_program_decides_too(stub: Stub, decisions: Decisions) -> None:
    with Session("vllm/nimble", base_url=stub.url, plan="decide", summary=False, cache=False) as session:
        card = session.read(title="Counting", abstract="We count to four. It is 12% better than guessing.")
    assert len(decisions.bodies) == 2 and card.provenance.prompt.startswith("decide@")
    assert card.reproducibility.code.confidence is not None


def test_a_text_that_was_cut_on_the_way_makes_no_card(
    run: Run, stub: Stub, decisions: Decisions, tmp_path: Path
) -> None:
    def cut(given: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        return given | {"usage": {"input_tokens": 2048, "output_tokens": 0}}

    decisions.change = cut
    abstract = " ".join(
        f"In part {n} we count with great care and find that counting helps." for n in range(400)
    )
    (tmp_path / "long.jsonl").write_text(json.dumps({"title": "Long", "abstract": abstract}) + "\n")
    done = run(
        *("enrich", "long.jsonl", *MODEL, "--base-url", stub.url, "--no-summary", "--no-cache", "--force"),
        *("-o", "x.jsonl"),
    )
    assert done.returncode == 1 and "read only 2,048 tokens" in done.stderr


def test_the_doctor_asks_two_questions(run: Run, stub: Stub, decisions: Decisions) -> None:
    done = run("models", "doctor", *MODEL, "--base-url", stub.url)
    assert done.returncode == 0, done.stderr
    assert "decides            yes" in done.stdout and "usage              yes" in done.stdout
    stub.other = lambda path, body: error(501, "no")
    without = run("models", "doctor", *MODEL, "--base-url", stub.url)
    assert without.returncode == 2 and "Use the plan one-call" in without.stderr


def test_the_estimate_counts_the_requests(enrich: Enrich, decisions: Decisions) -> None:
    done = enrich("--estimate", "--price", "0.1/0")
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines() if line.startswith("calls")] == [["calls", "6"]]
    assert not decisions.bodies


def test_a_record_is_rerun_with_its_plan(
    enrich: Enrich, run: Run, tmp_path: Path, decisions: Decisions
) -> None:
    assert enrich().returncode == 0
    again = run("rerun", "cards.run.json", "--offline", "--cache-dir", "c")
    assert again.returncode == 0, again.stderr


def test_groups_stay_together_and_no_request_has_too_many(taxonomy: Taxonomy) -> None:
    paper = make_paper("A", " ".join(f"Sentence {n} says a thing." for n in range(1, 101)))
    groups = questions(taxonomy, paper, 100, 26)
    dealt = requests(groups, 64)

    assert all(len(one) <= 64 for one in dealt)
    assert [q.id for one in dealt for q in one] == [q.id for group in groups for q in group]
    assert all(len(q.options) <= 26 for one in dealt for q in one if q.options is not None)
    assert len({q.id for group in groups for q in group}) == sum(map(len, groups))


def test_answers_without_names_are_taken_in_order() -> None:
    asked = [Question("a", "A?"), Question("b", "B?", {"x": "", "y": "why"})]
    said = {
        "answers": [
            {"type": "predicate", "probability": 0.25, "name": None},
            {"type": "choice", "probabilities": [{"value": "x", "probability": 1}]},
        ]
    }

    found, wrong = read(said, asked)

    assert not wrong and found == {"a": {"yes": 0.25, "no": 0.75}, "b": {"x": 1.0, "y": 0.0}}
    assert json.loads(body("openai", "m", "s", asked))["questions"][1]["choices"] == [
        {"value": "x"},
        {"value": "y", "description": "why"},
    ]
    assert json.loads(body("systemone", "m", "s", asked))["questions"]["b"]["criteria"] == {
        "x": None,
        "y": "why",
    }


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a", "b", "x", "y", "yes"])
NAMES = (
    "answers",
    "name",
    "type",
    "probabilities",
    "noul",
    "probability",
    "value",
    "a",
    "b",
    "x",
    "y",
    "result",
)
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
)


@given(JSON)
def test_whatever_comes_is_probabilities_or_a_reason(value: Any) -> None:
    asked = [Question("a", "A?"), Question("b", "B?", {"x": "", "y": ""})]
    decisions = decisions_in(value if isinstance(value, dict) else {"answers": value})
    if decisions is None:
        return
    found, wrong = read(decisions, asked)
    assert {*found, *wrong} == {"a", "b"} and not found.keys() & wrong.keys()
    for chances in found.values():
        assert sum(chances.values()) == pytest.approx(1) and all(0 <= p <= 1 for p in chances.values())


def test_a_chat_server_that_answers_everything_is_not_taken_for_decisions(enrich: Enrich, stub: Stub) -> None:
    stub.other = lambda path, body: json.loads(answer("Yes.").body)
    done = enrich(limit=1)
    assert done.returncode == 2 and "instead of decisions" in done.stderr


def test_a_kept_answer_that_was_edited_is_asked_for_again(
    enrich: Enrich, decisions: Decisions, tmp_path: Path
) -> None:
    assert enrich(limit=1).returncode == 0
    (tmp_path / "c" / "answers" / "finished.db").unlink()
    with sqlite3.connect(tmp_path / "c" / "answers" / "cache.db") as table:
        rows = table.execute("SELECT rowid, value FROM Cache WHERE value LIKE '%code.status%'").fetchall()
        for number, value in rows:
            changed = re.sub(r'(not-stated\\": )[0-9.]+', r"\g<1>7.5", value)
            assert changed != value
            table.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (changed, number))
    decisions.bodies.clear()

    assert enrich(limit=1).returncode == 0
    assert len(decisions.bodies) == len(rows) == 1


OWN = """
name: mine
shipped: [tasks, code]
fields:
  study: {type: label, question: "Which study is it?", options: {trial: with groups, survey: with questions}}
  topics: {type: labels, question: "Which topics?", options: {a: the first, b: the second, c: the third}}
  tested: {type: boolean, question: "Was it tested on people?", evidence: none}
  people: {type: number, question: "How many people took part?"}
"""


def test_own_fields_are_asked_together_and_only_those_that_are_missing(
    enrich: Enrich, decisions: Decisions, tmp_path: Path, run: Run, stub: Stub
) -> None:
    fields = tmp_path / "mine.yaml"
    fields.write_text(OWN.replace("  topics:", "  # topics:"), encoding="utf-8")
    first = enrich("--fields", str(fields), "--price", "1/1")
    assert first.returncode == 0, first.stderr
    tasks, own = (
        next(body for body in decisions.bodies if one in body["questions"])
        for one in ("code.status", "own.study")
    )
    assert set(own["questions"]) == {"own.study", "own.study..where", "own.tested"}
    assert own["questions"]["own.tested"]["criteria"].keys() == {"yes", "no", "not-stated"}
    assert not [name for name in tasks["questions"] if name.startswith(("modalities", "sentence", "data"))]
    for card in cards(tmp_path):
        study = card["fields"]["study"]
        assert 0 < study["confidence"] <= 1 and (study["value"] or study["missing"] == "not-stated")
        assert card["fields"]["people"]["missing"] == "not-answered-by-this-model"
        assert card["modalities"] == [] and any(flag.startswith("not-asked:tldr") for flag in card["flags"])
        assert card["provenance"]["calls"] == 2 and card["provenance"]["cost_usd"] > 0

    decisions.bodies.clear()
    fields.write_text(OWN, encoding="utf-8")
    stale = run("stale", "cards.jsonl", "--fields", "mine.yaml", *MODEL, "--base-url", stub.url)
    assert stale.stdout.startswith("topics ") and "3 of 3 cards: 3 calls" in stale.stdout, stale.stderr
    added = enrich("--fields", str(fields))
    assert added.returncode == 0, added.stderr
    assert [list(body["questions"]) for body in decisions.bodies] == 3 * [
        ["own.topics.a", "own.topics.b", "own.topics.c", "own.topics..where"]
    ]
    before = (tmp_path / "cards.jsonl").read_bytes()
    decisions.bodies.clear()
    again = enrich("--fields", str(fields))
    assert (
        again.returncode == 0 and not decisions.bodies and (tmp_path / "cards.jsonl").read_bytes() == before
    )
    assert run("verify", "cards.jsonl", "--source", SEED).returncode == 0

    fields.write_text(OWN.replace("Which study is it?", "Of which kind is it?"), encoding="utf-8")
    explained = run("cache", "explain", cards(tmp_path)[0]["id"], "--source", SEED, *MODEL, "--base-url",
                    stub.url, "--cache-dir", "c", "--fields", "mine.yaml")  # fmt: skip
    lines = explained.stdout.splitlines()
    assert ": study: not used is the answer of openai-compatible/nimble" in lines[0], explained.stderr
    assert "fields changed: mine@" in lines[1] and "topics" not in explained.stdout
