"""`papercards tune` over hosted models, and the confidences that its file gives."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.decision_stub import Decisions
from tests.stub import Stub, completion
from tests.test_tuning import SUBJECTS, TAXONOMY, records, written

pytest.importorskip("sklearn")

CHAT = ("-m", "openai-compatible/writer")
DECIDE = ("-m", "openai-compatible/nimble", "--plan", "decide", "--no-summary")
TUNE = ("-m", "openai-compatible/nimble", "--plan", "decide")


@pytest.fixture
def crafts(tmp_path: Path) -> Path:
    path = tmp_path / "crafts.yaml"
    path.write_text(TAXONOMY, encoding="utf-8")
    return path


def task_of(text: str) -> str:
    """The craft of a paper, told by its words."""
    return max(SUBJECTS, key=lambda task: sum(text.count(word) for word in SUBJECTS[task]))


def luck(text: str) -> float:
    """A number from 0 to 1 that is the same for the same paper."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def shy(state: str, name: str, options: list[str]) -> list[float]:
    """Right, and far less sure of it than it could be."""
    if name.startswith("tasks."):
        yes = 0.3 if name == f"tasks.{task_of(state)}" else 0.1
        return [yes + 0.05 * luck(state + name), 1 - yes]
    return [1 / len(options)] * len(options)


def spoken(asked: dict[str, Any]) -> dict[str, Any]:
    """An answer whose task is right for 70% of papers, said with 95%, and with 60% where it is wrong."""
    paper = asked["messages"][-1]["content"]
    task, others = task_of(paper), [one for one in SUBJECTS if one != task_of(paper)]
    wrong = luck(paper) > 0.7
    said, sure = (others[0], 0.6) if wrong else (task, 0.95)
    other = task if wrong else others[0]
    rest = {"modalities": ["text"], "contributions": ["study"], "claims": []}
    rest |= {
        f"{name}{end}": value
        for name in ("code", "data", "weights")
        for end, value in (("", "not-stated"), ("_sentence", 0))
    }
    before, behind = '{"tldr":"It is about a craft.","tasks":["', f'"],{json.dumps(rest)[1:]}'
    made = completion(before + said + behind)
    if asked.get("logprobs"):
        tops = [{"token": t, "logprob": math.log(p)} for t, p in ((said, sure), (other, 1 - sure))]
        made["choices"][0]["logprobs"] = {
            "content": [
                {"token": before, "logprob": 0.0, "top_logprobs": []},
                {**tops[0], "top_logprobs": tops},
                {"token": behind, "logprob": 0.0, "top_logprobs": []},
            ]
        }
    return made


OWN = """
fields:
  study: {type: label, question: "Which?", options: {trial: groups, survey: questions}, evidence: none}
"""


def files(folder: Path) -> tuple[Path, Path]:
    """Labels, and other papers."""
    labels = written(folder / "mine.jsonl", records(90))
    papers = [{k: r[k] for k in ("id", "title", "abstract")} for r in records(30, seed=1)]
    return labels, written(folder / "papers.jsonl", papers)


def cards(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_labels_draw_the_lines_of_a_decision_model_and_calibrate_it(
    run: Run, stub: Stub, tmp_path: Path, crafts: Path
) -> None:
    labels, papers = files(tmp_path)
    decisions = Decisions(opinion=shy)
    stub.other = decisions.answer
    where = ("--base-url", stub.url, "--taxonomy", crafts, "--cache-dir", "c")

    before = run("enrich", papers, *DECIDE, *where, "-o", "before.jsonl")
    tuned = run("tune", "--labels", labels, *TUNE, *where)
    asked = len(decisions.bodies)
    after = run("enrich", papers, *DECIDE, *where, "--tuned", "crafts.tuned.json", "-o", "after.jsonl")

    assert before.returncode == tuned.returncode == after.returncode == 0, tuned.stderr + after.stderr
    assert "tasks: calibration error" in tuned.stderr and "--plan decide" in tuned.stderr
    assert len(decisions.bodies) == asked  # the same answers, read in another way
    for card in cards(tmp_path / "before.jsonl"):
        assert card["tasks"] == [] and card["candidates"][0]["field"] == "tasks"
    for card in cards(tmp_path / "after.jsonl"):
        (task,) = card["tasks"]
        assert task["label"] == task_of(card["title"]) and task["confidence"] > 0.8
        assert "+tuned@" in card["provenance"]["prompt"]


def test_the_tokens_of_a_chat_model_become_confidences_only_by_a_fit(
    run: Run, stub: Stub, tmp_path: Path, crafts: Path
) -> None:
    labels, papers = files(tmp_path)
    stub.answer = spoken
    where = (*CHAT, "--base-url", stub.url, "--taxonomy", crafts, "--cache-dir", "c")

    plain = run("enrich", papers, *where, "-o", "plain.jsonl")
    assert plain.returncode == 0, plain.stderr
    assert not any("logprobs" in body or "top_logprobs" in body for body in stub.bodies)
    assert all(
        task["confidence"] is None for card in cards(tmp_path / "plain.jsonl") for task in card["tasks"]
    )

    tuned = run("tune", "--labels", labels, *where)
    assert tuned.returncode == 0, tuned.stderr
    assert "tasks: calibration error" in tuned.stderr
    sure = run("enrich", papers, *where, "--tuned", "crafts.tuned.json", "-o", "sure.jsonl")
    assert sure.returncode == 0, sure.stderr
    assert stub.bodies[-1]["logprobs"] is True and stub.bodies[-1]["top_logprobs"] == 5
    made = cards(tmp_path / "sure.jsonl")
    found = [
        (card["tasks"][0]["confidence"], card["tasks"][0]["label"] == task_of(card["title"])) for card in made
    ]
    assert min(c for c, right in found if right) > 0.8 and max(c for c, right in found if not right) < 0.2
    # Answers of one kind only: nothing to calibrate on.
    assert all(card["modalities"][0]["confidence"] is None for card in made)

    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    stub.answer = lambda asked: completion('{"study": "trial"}')
    own = run(
        "enrich", papers, *where, "--tuned", "crafts.tuned.json", "--fields", "own.yaml", "-o", "o.jsonl"
    )
    assert own.returncode == 0, own.stderr
    for card, same in zip(cards(tmp_path / "o.jsonl"), made, strict=True):
        assert card["tasks"] == same["tasks"] and card["fields"]["study"]["value"] == "trial"

    asked = len(stub.bodies)
    again = run("enrich", papers, *where, "-o", "plain2.jsonl")
    assert again.returncode == 0 and len(stub.bodies) == asked
    assert (tmp_path / "plain2.jsonl").read_bytes() == (tmp_path / "plain.jsonl").read_bytes()


def test_an_endpoint_that_refuses_logprobs_gives_the_cards_of_today(
    run: Run, stub: Stub, tmp_path: Path, crafts: Path
) -> None:
    labels, papers = files(tmp_path)
    stub.answer = spoken
    where = (*CHAT, "--base-url", stub.url, "--taxonomy", crafts, "--cache-dir", "c")
    assert run("tune", "--labels", labels, *where).returncode == 0
    assert run("enrich", papers, *where, "-o", "plain.jsonl").returncode == 0

    stub.judge = lambda asked: "Unknown parameter: 'logprobs'" if "logprobs" in asked else None
    done = run("enrich", papers, *where, "--tuned", "crafts.tuned.json", "-o", "tuned.jsonl", "-j", "1")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("does not give logprobs") == 1
    assert all(
        task["confidence"] is None for card in cards(tmp_path / "tuned.jsonl") for task in card["tasks"]
    )


def test_a_fit_is_for_one_model_plan_and_wording(run: Run, stub: Stub, tmp_path: Path, crafts: Path) -> None:
    labels, papers = files(tmp_path)
    stub.answer = spoken
    where = ("--base-url", stub.url, "--taxonomy", crafts, "--cache-dir", "c")
    assert run("tune", "--labels", labels, *CHAT, *where).returncode == 0
    use = ("--tuned", "crafts.tuned.json", "-o", "x.jsonl")

    for other in (("-m", "openai-compatible/other"), (*CHAT, "--plan", "decide", "--no-summary")):
        done = run("enrich", papers, *other, *where, *use)
        assert done.returncode == 2
        assert "your own labels were fitted for the" in done.stderr and "tune again" in done.stderr
    done = run("enrich", papers, "-m", "baseline", "--taxonomy", crafts, *use)
    assert done.returncode == 1 and "not a file of papercards tune" in done.stderr


def test_a_provider_that_gives_no_logprobs_is_not_asked_for_any(
    run: Run, stub: Stub, tmp_path: Path, crafts: Path
) -> None:
    labels, _ = files(tmp_path)
    stub.answer = spoken
    done = run(
        *("tune", "--labels", labels, "-m", "anthropic/claude", "--base-url", stub.url),
        *("--taxonomy", crafts, "--cache-dir", "c"),
        ANTHROPIC_API_KEY="sk-x",
    )
    assert done.returncode == 0
    assert "nothing was written" in done.stderr
    assert not any("logprobs" in body for body in stub.bodies)
