"""The sheet of a run: every figure beside its interval, its ceiling and its floor."""

import json
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from papercards.card import Claim, Label, Tokens
from papercards.evals.label_file import FIELDS
from papercards.evals.reporting.sheet import sheet
from papercards.evals.scoring.metrics import cohen_kappa
from papercards.evals.scoring.run import RunResult
from papercards.evals.scoring.score import FIGURES_OF
from papercards.evals.scoring.sentences import class_pairs, graded
from tests.evals.runs import baseline_run, baseline_sheet


@pytest.fixture(scope="module")
def baseline() -> RunResult:
    return baseline_run()


def test_every_figure_is_there_with_its_interval_and_its_ceiling() -> None:
    found = baseline_sheet()

    wanted = {(field, figure) for field in FIELDS for figure in FIGURES_OF[field]}
    wanted |= {("claims", "kappa"), ("mean", "f1")}
    assert {(one.field, one.figure) for one in found.measures} == wanted
    for one in found.measures:
        assert one.value is not None and one.interval is not None and one.ceiling is not None, one
        assert one.interval.low <= one.value <= one.interval.high, one
        assert one.floor is None
    assert 0.93 < (found.of("tasks").ceiling or 0) < 0.97


@pytest.mark.usefixtures("few_resamples")
def test_the_floor_stands_beside_another_model(baseline: RunResult) -> None:
    worse = replace(baseline, model="m", floor=baseline.values())

    found = sheet(worse)

    assert all(one.floor == one.value for one in found.measures)


def test_the_kappa_and_its_interval_are_of_the_pooled_sentences(baseline: RunResult) -> None:
    pairs = [class_pairs(paper.card, paper.labelled) for paper in baseline.papers]
    flat = [pair for paper in pairs for pair in paper]
    random = Random(5)
    draws = []
    for _ in range(400):
        drawn = [pair for paper in random.choices(pairs, k=len(pairs)) for pair in paper]
        draws.append(cohen_kappa([a for a, _ in drawn], [b for _, b in drawn]))

    found = baseline_sheet().of("claims", "kappa")

    assert found.value == pytest.approx(cohen_kappa_score([a for a, _ in flat], [b for _, b in flat]))
    assert found.interval is not None
    low, high = np.quantile(draws, [0.025, 0.975])
    assert found.interval.low == pytest.approx(low, abs=0.02)
    assert found.interval.high == pytest.approx(high, abs=0.02)


def test_confusions_count_each_paper_or_sentence_once(baseline: RunResult) -> None:
    found = {one.field: one for one in baseline_sheet().confusions}

    sizes = {field: sum(map(sum, one.counts)) for field, one in found.items()}
    sentences = sum(len(graded(paper.card, paper.labelled)) for paper in baseline.papers)
    assert sizes == {
        "modalities": 55,
        "contributions": 55,
        "claims": sentences,
        "code": 55,
        "data": 55,
        "weights": 55,
    }
    code = found["code"]
    assert sum(code.counts[n][n] for n in range(len(code.labels))) == 55


@pytest.mark.usefixtures("few_resamples")
def test_trust_finds_a_quote_that_was_tampered_with(baseline: RunResult) -> None:
    first = next(paper for paper in baseline.papers if paper.card is not None and paper.card.claims)
    assert first.card is not None
    claim = first.card.claims[0]
    text = "X" + claim.evidence.text[1:]
    forged = Claim(kind=claim.kind, evidence=claim.evidence.model_copy(update={"text": text}))
    provenance = first.card.provenance.model_copy(
        update={"calls": 3, "reasked": 2, "seconds": 2.5, "tokens": Tokens(prompt=10, completion=5)}
    )
    card = first.card.model_copy(
        update={"claims": (forged, *first.card.claims[1:]), "flags": ("x",), "provenance": provenance}
    )
    papers = [replace(paper, card=card) if paper is first else paper for paper in baseline.papers]
    papers[-1] = replace(papers[-1], card=None)

    found = sheet(replace(baseline, papers=tuple(papers)))

    trust = found.trust
    assert trust.verified.part == trust.verified.whole - 1
    assert (trust.failed.part, trust.failed.whole) == (1, 55)
    assert (trust.reasked.part, trust.flagged.part, trust.flagged.whole) == (1, 1, 54)
    assert (found.cost.calls, found.cost.prompt_tokens, found.cost.completion_tokens) == (3, 10, 5)
    assert found.cost.seconds_p90 == 0.0 and found.cost.cost_usd == 0.0


def test_the_sheet_is_json() -> None:
    data = json.loads(json.dumps(baseline_sheet().to_data()))

    assert data["papers"] == 55
    assert data["support"]["code"] == 14


@pytest.mark.usefixtures("few_resamples")
def test_repeats_give_the_agreement_of_the_model_with_itself(baseline: RunResult) -> None:
    sure = [paper for paper in baseline.papers if paper.card is not None and paper.card.tasks]
    asked = [replace(paper, again=(paper.card,)) for paper in sure]
    first = asked[0].card
    assert first is not None
    changed = first.model_copy(update={"tasks": (Label(label="robotics"),), "claims": ()})
    asked[0] = replace(asked[0], again=(changed,))
    asked[1] = replace(asked[1], again=(None,))

    found = {row.field: row for row in sheet(replace(baseline, papers=tuple(asked), repeats=2)).retest}

    assert found["tasks"].papers == len(sure) - 1
    assert found["tasks"].same_main == pytest.approx((len(sure) - 2) / (len(sure) - 1))
    assert found["modalities"].f1 == 1.0
    assert baseline_sheet().retest == ()
