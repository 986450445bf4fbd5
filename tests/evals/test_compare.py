from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from papercards.card import Card
from papercards.errors import GateMissed, UsageError
from papercards.evals.label_file import Labelled, read_labels
from papercards.evals.scoring.compare import (
    MEASURES,
    Comparison,
    Guard,
    compare,
    mcnemar,
    parse_guard,
    require_no_worse,
)
from papercards.evals.scoring.run import PaperResult, RunResult, score_run
from tests.evals.records import card, record, write
from tests.evals.scored import draw, make_score, status

SIZE = 40


@pytest.fixture
def labelled(tmp_path: Path) -> tuple[Labelled, ...]:
    return read_labels(write(tmp_path / "labels.jsonl", [record(f"p{n}") for n in range(SIZE)]))


def unlabelled(name: str) -> Labelled:
    return Labelled(name, name, "dev", (), None, "")


def run(labelled: tuple[Labelled, ...], model: str = "m", **changed: Card | None) -> RunResult:
    """A run that has every task right, but for the cards that are given."""
    cards = {item.id: card(item.id, "regression") for item in labelled}
    found = {name: one for name, one in (cards | changed).items() if one is not None}
    return score_run(found, {}, labelled, model=model, split="dev", labels="labels.jsonl@0")


def simulated(model: str, seed: int, skill: float, size: int = 200) -> RunResult:
    papers = [PaperResult(unlabelled(one.id), None, None, one) for one in draw(Random(seed), size, skill)]
    return RunResult(model, "dev", "p", "t", "l", tuple(papers))


def verdicts(comparison: Comparison) -> dict[str, str]:
    return {f"{d.field}.{d.figure}": d.verdict for d in comparison.differences}


def test_a_run_is_the_same_as_itself() -> None:
    one = simulated("a", 1, 0.0)

    found = compare(one, one)

    assert set(verdicts(found).values()) == {"same"}
    assert all(d.difference == 0 for d in found.differences)
    assert all((d.interval and (d.interval.low, d.interval.high)) == (0, 0) for d in found.differences)
    assert all((t.only_first, t.only_second, t.p) == (0, 0, 1.0) for t in found.tests)
    assert found.changes == ()
    assert found.line.startswith("same: mean F1 ")


def test_one_paper_that_differs_is_shown_with_both_answers_and_is_no_proof(
    labelled: tuple[Labelled, ...],
) -> None:
    found = compare(run(labelled, "old", p7=card("p7", "dialogue", "regression")), run(labelled, "new"))

    (change,) = found.changes
    assert (change.id, change.field) == ("p7", "tasks")
    assert (change.first, change.second) == ("dialogue, regression", "regression")
    assert (change.first_errors, change.second_errors) == (2, 0)
    main = found.of("tasks", "main_accuracy")
    assert main.difference == pytest.approx(1 / SIZE)
    assert main.interval is not None
    assert main.interval.low == 0 < main.interval.high
    assert main.verdict == "same"
    assert {t.field: (t.only_first, t.only_second) for t in found.tests if t.only_first or t.only_second} == {
        "tasks": (0, 1)
    }


def test_a_paper_without_a_card_counts_as_an_answer_that_changed(labelled: tuple[Labelled, ...]) -> None:
    found = compare(run(labelled), run(labelled, p3=None))

    assert {change.second for change in found.changes} == {"no card"}
    assert found.of("tasks", "main_accuracy").difference == pytest.approx(-1 / SIZE)


def test_a_known_effect_is_found_in_both_directions() -> None:
    weak, strong = simulated("weak", 2, -0.15), simulated("strong", 3, 0.1)

    there, back = compare(weak, strong), compare(strong, weak)

    assert there.of("mean").verdict == there.of("tasks").verdict == "better"
    assert back.of("mean").verdict == back.of("tasks").verdict == "worse"
    for one, other in zip(there.differences, back.differences, strict=True):
        assert one.difference == pytest.approx(-(other.difference or 0))
    assert there.line.startswith("better: mean F1 ")
    assert there.line.endswith("200 papers")


@pytest.mark.slow
def test_no_effect_is_called_one_about_once_in_twenty() -> None:
    called = 0
    for seed in range(200):
        papers = simulated("a", seed, 0.0, 55), simulated("b", seed + 1000, 0.0, 55)
        called += compare(*papers, resamples=499).of("mean").verdict != "same"

    assert 2 <= called <= 20


def test_papers_of_one_run_only_are_named_and_count_nowhere(labelled: tuple[Labelled, ...]) -> None:
    whole = run(labelled, p1=card("p1", "dialogue"))
    part = replace(whole, papers=whole.papers[2:], labels="other@1")

    found = compare(whole, part)

    assert found.only_first == ("p0", "p1")
    assert found.only_second == ()
    assert compare(part, whole).only_second == ("p0", "p1")
    assert found.papers == SIZE - 2
    assert found.of("tasks").difference == 0
    assert found.narrowed == ""


def test_runs_over_different_papers_cannot_be_compared(labelled: tuple[Labelled, ...]) -> None:
    whole = run(labelled)

    with pytest.raises(UsageError, match="no paper in common"):
        compare(replace(whole, papers=whole.papers[:3]), replace(whole, papers=whole.papers[3:]))


def only(run_: RunResult, *fields: str, first: int = 0, last: int = SIZE) -> RunResult:
    """The run as if its labels were of these papers and fields alone."""
    items = [replace(paper.labelled, fields=fields) for paper in run_.papers[first:last]]
    cards = {paper.id: paper.card for paper in run_.papers[first:last] if paper.card is not None}
    return score_run(cards, {}, items, model=run_.model, split="dev", labels=f"{'-'.join(fields)}@1")


def test_runs_scored_on_different_fields_are_refused(labelled: tuple[Labelled, ...]) -> None:
    whole = run(labelled, p7=card("p7", "dialogue"))

    with pytest.raises(UsageError, match=r"different labels \(tasks against code\)") as refused:
        compare(only(whole, "tasks"), only(whole, "code"))
    assert refused.value.exit_code == 2


def test_runs_are_narrowed_to_the_fields_and_papers_that_both_have_labels_for(
    labelled: tuple[Labelled, ...],
) -> None:
    old, new = run(labelled, "old", p7=card("p7", "dialogue", code="released")), run(labelled, "new")

    found = compare(only(old, "tasks", "code", last=30), only(new, "tasks", "modalities", first=5))

    assert (found.fields, found.papers) == (("tasks",), 25)
    assert found.narrowed == (
        "the labels of the two runs differ; compared only where they are the same: tasks in 25 papers"
    )
    assert {change.field for change in found.changes} == {"tasks"}
    assert found.of("tasks").difference == found.of("mean").difference
    assert found.of("code").difference is found.of("modalities").difference is None


def test_papers_that_were_labelled_anew_are_left_out_in_that_field_alone(
    labelled: tuple[Labelled, ...],
) -> None:
    whole = run(labelled)
    item = whole.papers[3].labelled
    anew = replace(item, readings=tuple(replace(one, tasks=("dialogue",)) for one in item.readings))
    items = [anew if one.id == item.id else one for one in labelled]
    cards = {paper.id: paper.card for paper in whole.papers if paper.card is not None}
    corrected = score_run(cards, {}, items, model="m", split="dev", labels="labels.jsonl@2")

    found = compare(whole, corrected)

    assert found.papers == SIZE
    assert found.of("tasks").difference == 0
    assert f"tasks in {SIZE - 1} papers, modalities in {SIZE} papers" in found.narrowed


def test_a_paper_whose_text_changed_between_the_runs_is_not_compared(labelled: tuple[Labelled, ...]) -> None:
    def with_text(text: str) -> RunResult:
        items = [replace(one, abstract=text if one.id == "p0" else "The same.") for one in labelled]
        return score_run({}, {}, items, model="m", split="dev", labels="l")

    assert compare(with_text("One."), with_text("Two.")).papers == SIZE - 1


def test_a_guard_on_a_field_that_is_not_compared_fails(labelled: tuple[Labelled, ...]) -> None:
    whole = run(labelled)
    found = compare(only(whole, "tasks", "code"), only(whole, "tasks"))

    with pytest.raises(GateMissed, match="code was not compared"):
        require_no_worse(found, [Guard("code", "f1", None)])
    require_no_worse(found, [Guard("tasks", "f1", None)])


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_two_sided_sign_test_of_scipy(only_first: int, only_second: int) -> None:
    found = mcnemar("tasks", only_first, only_second)

    apart = only_first + only_second
    fewer = min(only_first, only_second)
    by_hand = min(1.0, 2 * float(stats.binom.cdf(fewer, apart, 0.5)))
    assert found.p == pytest.approx(by_hand)
    if apart:
        assert found.p == stats.binomtest(only_first, apart).pvalue


def test_mcnemar_counts_papers_that_only_one_run_has_right() -> None:
    def with_code(model: str, *answers: str) -> RunResult:
        scores = [make_score(f"p{n}", code=status(a, "released")) for n, a in enumerate(answers)]
        papers = [PaperResult(unlabelled(one.id), None, None, one) for one in scores]
        return RunResult(model, "dev", "p", "t", "l", tuple(papers))

    yes, no = "released", "promised"
    found = compare(with_code("a", yes, yes, yes, no, no), with_code("b", yes, no, no, yes, no))

    code = next(test for test in found.tests if test.field == "code")
    assert (code.only_first, code.only_second) == (2, 1)
    assert code.p == stats.binomtest(2, 3).pvalue


@pytest.mark.parametrize(
    ("text", "guard"),
    [
        ("tasks", Guard("tasks", "f1", None)),
        ("mean:0.02", Guard("mean", "f1", 0.02)),
        ("claims.kind_accuracy:0", Guard("claims", "kind_accuracy", 0.0)),
    ],
)
def test_a_guard_is_read(text: str, guard: Guard) -> None:
    assert parse_guard(text) == guard


@pytest.mark.parametrize("text", ["", "task", "tasks.recall", "tasks:", "tasks:x", "tasks:-0.1", "tasks:nan"])
def test_what_is_no_guard_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UsageError, match=r"--fail-if-worse: .*(mean\.f1, tasks\.f1|0 to 1)") as caught:
        parse_guard(text)
    assert caught.value.exit_code == 2


def fall(labelled: tuple[Labelled, ...], papers: int) -> Comparison:
    wrong: dict[str, Any] = {f"p{n}": card(f"p{n}", "dialogue") for n in range(papers)}
    return compare(run(labelled, "old"), run(labelled, "new", **wrong))


def test_worse_beyond_chance_misses_the_gate(labelled: tuple[Labelled, ...]) -> None:
    require_no_worse(fall(labelled, 1), [parse_guard("tasks"), parse_guard("mean")])

    with pytest.raises(GateMissed, match=r"new against old: tasks F1 1.000 to 0.700: -0.300 \[") as caught:
        require_no_worse(fall(labelled, 12), [parse_guard("modalities"), parse_guard("tasks")])
    assert caught.value.exit_code == 3
    assert "modalities" not in str(caught.value)


def test_a_margin_allows_a_fall_of_that_much_and_no_more(labelled: tuple[Labelled, ...]) -> None:
    fallen = fall(labelled, 1)

    require_no_worse(fallen, [parse_guard("tasks.main_accuracy:0.025")])
    with pytest.raises(GateMissed, match=r"a drop of more than 0\.02"):
        require_no_worse(fallen, [parse_guard("tasks.main_accuracy:0.02")])


def test_what_only_the_second_run_lacks_misses_the_gate(labelled: tuple[Labelled, ...]) -> None:
    silent = {item.id: None for item in labelled}
    found = compare(
        run(labelled, "old", p1=card("p1", "regression", code="released")), run(labelled, **silent)
    )

    assert found.of("code").second is None
    require_no_worse(found, [parse_guard("claims")])
    with pytest.raises(GateMissed, match="code F1 is undefined in one of the runs"):
        require_no_worse(found, [parse_guard("code")])


def test_every_measure_is_compared(labelled: tuple[Labelled, ...]) -> None:
    found = compare(run(labelled), run(labelled))

    assert tuple((d.field, d.figure) for d in found.differences) == MEASURES
    assert found.of("claims").verdict == "unknown"
    with pytest.raises(KeyError):
        found.of("tasks", "recall")
