"""A run's result: complete, the same after writing and reading, and fair to failures."""

from dataclasses import replace
from pathlib import Path

import pytest

from papercards.card import Tokens
from papercards.errors import BadInput
from papercards.evals.label_file import FIELDS
from papercards.evals.scoring.run import RunResult, read_result, score_run, to_json
from tests.evals.test_score import LABELLED, make_card

SECOND = replace(LABELLED, id="p2")


def run(failed: dict[str, str] | None = None, floor: RunResult | None = None) -> RunResult:
    provenance = make_card().provenance
    cards = {
        "p1": make_card(tasks=("clustering",)).model_copy(
            update={
                "flags": ("summary-too-long",),
                "provenance": provenance.model_copy(
                    update={"seconds": 3.0, "calls": 2, "tokens": Tokens(prompt=100, completion=7)}
                ),
            }
        )
    }
    return score_run(
        cards, failed or {}, [LABELLED, SECOND], model="m", split="dev", labels="l@0", floor=floor
    )


def test_a_result_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    result = run({"p2": "the answer was cut off"})
    file.write_text(to_json(result, {"mean": 0.5}), encoding="utf-8")

    again = read_result(file)

    assert again == result
    assert to_json(again, {"mean": 0.5}) == file.read_text(encoding="utf-8")


def test_a_failed_paper_counts_against_the_model() -> None:
    result = run({"p2": "the answer was cut off"})

    assert [paper.failure for paper in result.papers] == [None, "the answer was cut off"]
    claims = result.values()["claims"]
    assert (claims["recall"], claims["precision"]) == (0.5, 1.0)


def test_a_paper_that_nobody_ran_counts_as_failed() -> None:
    assert run().papers[1].failure == "was not run"


def test_a_card_without_a_label_is_refused() -> None:
    with pytest.raises(ValueError, match="no label for p9"):
        score_run({"p9": make_card()}, {}, [LABELLED], model="m", split="dev", labels="l@0")


def test_the_floor_is_the_baselines_figures_and_is_kept(tmp_path: Path) -> None:
    best = score_run(
        {"p1": make_card(), "p2": make_card()}, {}, [LABELLED, SECOND], model="b", split="dev", labels="l@0"
    )
    result = run(floor=best)
    (tmp_path / "run.json").write_text(to_json(result, {}), encoding="utf-8")

    again = read_result(tmp_path / "run.json")

    assert set(again.floor) == {*FIELDS, "mean"}
    assert again.floor["tasks"]["f1"] == again.floor["mean"]["f1"] == 1.0
    assert again.values()["tasks"]["f1"] == 0.0
    assert again.floor["data"]["f1"] is None
    assert best.floor == {}


def test_what_the_model_said_when_asked_again_is_kept(tmp_path: Path) -> None:
    result = score_run(
        {"p1": make_card()},
        {},
        [LABELLED, SECOND],
        model="m",
        split="dev",
        labels="l@0",
        again=[{"p1": make_card(tasks=("clustering",)), "p2": make_card()}],
    )

    assert result.repeats == 2
    assert [len(paper.again) for paper in result.papers] == [1, 1]
    assert result.papers[1].card is None and result.papers[1].again[0] is not None
    (tmp_path / "run.json").write_text(to_json(result, {}), encoding="utf-8")
    assert read_result(tmp_path / "run.json") == result


def test_the_place_in_a_label_file_stays_out_of_the_result() -> None:
    assert "l.jsonl:1" not in to_json(run(), {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not an evaluation result of this version"),
        ('{"version": 99}', "not an evaluation result of this version"),
        ('{"version": 2, "model": "m"}', "not an evaluation result: "),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(BadInput, match=said) as caught:
        read_result(file)
    assert str(caught.value).startswith(f"{file}: ")
