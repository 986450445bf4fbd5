"""What the model adds to the baseline's scores."""

import math
from dataclasses import replace

import numpy as np
import pytest

from papercards.paper import Paper
from papercards.reading.baseline import Baseline, Chances
from papercards.reading.baseline.features import log_odds
from papercards.reading.baseline.parameters import UNCHANGED, Cut, FieldFit, Linear
from papercards.reading.baseline.pooling import ClaimStack, kind_shares, pool
from papercards.reading.stepwise.readout import Readout, from_json, load_probe, to_json
from papercards.reading.stepwise.stack import Stack, load_stack
from papercards.taxonomy import LABEL_FIELDS, Taxonomy

MODEL = "qwen2.5-coder-1.5b"


def stack(taxonomy: Taxonomy) -> Stack:
    """The baseline's scores, and the model's at the same weight."""
    cut = Cut(Linear(0.0, (1.0, 0.5, 0.5, *[0.0] * 5)), 0.4)
    defined = Cut(Linear(0.0, (1.0, 0.5, 0.5)), 0.4)
    return Stack(
        fitted_on="l",
        script="s",
        fields={
            field: FieldFit(cut, defined, (), Linear(0.0, (0.0, 0.0, 0.0, 1.0, *[0.0] * 4)))
            for field in LABEL_FIELDS
        },
        claims=ClaimStack(0.0, (1.0, 1.0), 0.5, (0.5, 0.5), taxonomy.claim_kinds),
        context=UNCHANGED,
    )


def silent(taxonomy: Taxonomy, paper: Paper) -> Readout:
    """A readout that leans nowhere."""
    kinds = math.log(1 / len(taxonomy.claim_kinds))
    return Readout(
        tuple((0.0, *[kinds] * len(taxonomy.claim_kinds)) for _ in paper.sentences),
        {field: tuple((0.0,) * 4 for _ in taxonomy.labels[field]) for field in LABEL_FIELDS},
    )


def test_a_model_that_leans_nowhere_changes_nothing(taxonomy: Taxonomy, paper: Paper) -> None:
    tagger = Baseline(taxonomy)
    scores = tagger.scores(paper)

    found = stack(taxonomy).combine(scores, silent(taxonomy, paper), taxonomy, tagger.known, 9)

    for field in LABEL_FIELDS:
        assert found.labels[field] == pytest.approx(dict(scores.labels[field]))
        assert found.mains[field] == pytest.approx(
            {
                label: score if label in tagger.known[field] else log_odds(scores.labels[field][label])
                for label, score in scores.mains[field].items()
            }
        )
    for old, new in zip(scores.sentences, found.sentences, strict=True):
        assert new.claim == pytest.approx(old.claim)
        assert new.kind == old.kind


def test_what_the_model_says_raises_and_lowers(taxonomy: Taxonomy, paper: Paper) -> None:
    tagger = Baseline(taxonomy)
    scores = tagger.scores(paper)
    readout = silent(taxonomy, paper)
    tasks = list(taxonomy.labels["tasks"])
    leaning = tuple((3.0,) * 4 if task == "robotics" else (-1.0,) * 4 for task in tasks)
    kinds = [-9.0] * len(taxonomy.claim_kinds)
    kinds[taxonomy.claim_kinds.index("novelty")] = 0.0
    said = replace(
        readout,
        labels={**readout.labels, "tasks": leaning},
        sentences=((5.0, *kinds), *readout.sentences[1:]),
    )

    found = stack(taxonomy).combine(scores, said, taxonomy, tagger.known, 9)

    assert found.labels["tasks"]["robotics"] > scores.labels["tasks"]["robotics"]
    assert found.labels["tasks"]["dialogue"] < scores.labels["tasks"]["dialogue"]
    assert found.sentences[0].claim > scores.sentences[0].claim
    assert found.sentences[0].kind == "novelty"
    assert sum(found.sentences[0].kinds.values()) == pytest.approx(found.sentences[0].claim)


def test_sentences_that_were_not_read_stay_the_baselines(taxonomy: Taxonomy, paper: Paper) -> None:
    tagger = Baseline(taxonomy)
    scores = tagger.scores(paper)
    readout = silent(taxonomy, paper)

    found = stack(taxonomy).combine(
        scores, replace(readout, sentences=readout.sentences[:1]), taxonomy, tagger.known, 9
    )

    assert found.sentences[1:] == scores.sentences[1:]


def test_kinds_that_the_probe_does_not_know_leave_the_kinds_to_the_baseline(
    taxonomy: Taxonomy, paper: Paper
) -> None:
    tagger = Baseline(taxonomy)
    scores = tagger.scores(paper)
    other = stack(taxonomy)
    strange = replace(other, claims=replace(other.claims, kinds=("a", "b")))

    found = strange.combine(scores, silent(taxonomy, paper), taxonomy, tagger.known, 9)

    assert [one.kind for one in found.sentences] == [one.kind for one in scores.sentences]


def test_a_pool_is_a_weighted_geometric_mean() -> None:
    found = pool({"a": 0.9, "b": 0.1}, {"a": math.log(0.2), "b": math.log(0.8)}, (0.5, 0.5))

    expected = np.array([0.9 * 0.2, 0.1 * 0.8]) ** 0.5
    assert [found["a"], found["b"]] == pytest.approx(list(expected / expected.sum()))
    assert kind_shares(Chances(0.5, {"a": 0.2, "b": 0.3})) == {"a": 0.4, "b": 0.6}
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0)) and math.isfinite(log_odds(0.0))


def test_a_readout_is_the_same_after_writing_and_reading(taxonomy: Taxonomy, paper: Paper) -> None:
    readout = silent(taxonomy, paper)

    assert from_json(to_json(readout, "A summary.", 1), taxonomy) == (readout, "A summary.")


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"labels": {"tasks": [[0, 0]]}}', "null"])
def test_what_is_no_readout_is_refused(text: str, taxonomy: Taxonomy) -> None:
    with pytest.raises(ValueError):
        from_json(text, taxonomy)


def test_the_shipped_fit_is_of_one_piece(taxonomy: Taxonomy) -> None:
    from papercards.reading.stepwise.transcript import load_script

    probe, fitted = load_probe(MODEL), load_stack(MODEL)

    assert probe.kinds == fitted.claims.kinds == taxonomy.claim_kinds
    assert probe.kind.shape == (6, 3 * 1536 + 1) and probe.claim.shape == (3 * 1536 + 1,)
    assert probe.labels.shape == (len(probe.columns), 1537)
    assert fitted.script == load_script().version
    for field in LABEL_FIELDS:
        assert probe.usual[field].shape == (1536,)
        assert {label for at, label in probe.columns if at == field} <= set(taxonomy.labels[field])
        fit = fitted.fields[field]
        for model in (fit.trained.model, fit.defined.model, fit.main):
            assert all(weight >= 0 for weight in model.weights)


def test_an_unknown_model_is_said_to_be_so() -> None:
    from papercards.errors import UsageError

    with pytest.raises(UsageError, match="no fitted weights"):
        load_probe("none")
    with pytest.raises(UsageError, match="no fitted weights"):
        load_stack("none")
