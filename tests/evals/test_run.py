"""A run's result: complete, the same after writing and reading, and fair to failures."""

from dataclasses import replace
from pathlib import Path

import pytest

from papercards.card import Tokens
from papercards.errors import BadInput
from papercards.evals.run import RunResult, read_result, rows, score_run, to_json
from papercards.evals.score import FIELDS
from tests.evals.test_score import LABELLED, make_card

SECOND = replace(LABELLED, id="p2")


def run(failed: dict[str, str] | None = None) -> RunResult:
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
    return score_run(cards, failed or {}, [LABELLED, SECOND], model="m", split="dev", labels="l@0")


def test_a_result_is_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    result = run({"p2": "the answer was cut off"})
    file.write_text(to_json(result, result), encoding="utf-8")

    again = read_result(file)

    assert again == result
    assert to_json(again, result) == file.read_text(encoding="utf-8")


def test_a_failed_paper_counts_against_the_model() -> None:
    result = run({"p2": "the answer was cut off"})

    assert [paper.failure for paper in result.papers] == [None, "the answer was cut off"]
    assert result.cost().failed == 1
    assert result.figures()["claims"].recall == 0.5
    assert result.figures()["claims"].precision == 1.0


def test_a_paper_that_nobody_ran_counts_as_failed() -> None:
    assert run().papers[1].failure == "was not run"


def test_a_card_without_a_label_is_refused() -> None:
    with pytest.raises(ValueError, match="no label for p9"):
        score_run({"p9": make_card()}, {}, [LABELLED], model="m", split="dev", labels="l@0")


def test_the_cost_adds_up_the_cards() -> None:
    cost = run().cost()

    assert (cost.calls, cost.prompt_tokens, cost.completion_tokens, cost.flagged) == (2, 100, 7, 1)
    assert (cost.seconds_median, cost.seconds_p90) == (3.0, 3.0)
    assert cost.cost_usd is None


def test_the_table_has_a_row_for_each_field_and_the_mean_beside_the_baseline() -> None:
    result = run()
    best = score_run(
        {"p1": make_card(), "p2": make_card()}, {}, [LABELLED, SECOND], model="b", split="dev", labels="l@0"
    )

    table = rows(result, best)

    assert [row.field for row in table] == [*FIELDS, "mean"]
    assert table[0].f1 == 0.0
    assert table[0].baseline_f1 == 1.0
    assert dict(table[0].extra) == {"main": 0.0, "exact": 0.0}
    assert dict(table[3].extra) == {"kind": 1.0}
    assert table[-1].baseline_f1 == 1.0
    assert all(row.baseline_f1 is None for row in rows(result))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not an evaluation result of this version"),
        ('{"version": 99}', "not an evaluation result of this version"),
        ('{"version": 1, "model": "m"}', "not an evaluation result: "),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(BadInput, match=said) as caught:
        read_result(file)
    assert str(caught.value).startswith(f"{file}: ")
