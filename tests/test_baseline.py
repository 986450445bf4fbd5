"""The tagger without a model: its figures on dev, its bounds, its speed, and labels that it never saw."""

import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.card import Provenance
from papercards.evals.label_file import SEED_LABELS, Labelled, join, read_labels, seed_papers
from papercards.evals.scoring.metrics import calibration_error
from papercards.evals.scoring.score import all_values, score
from papercards.pages.rendering import percent
from papercards.paper import Paper
from papercards.reading.baseline import Baseline, Chances, Scores
from papercards.reading.baseline.context import in_context
from papercards.reading.baseline.gist import gist
from papercards.reading.baseline.offers import offers
from papercards.reading.baseline.parameters import UNCHANGED, fitted
from papercards.reading.draft import Draft
from papercards.reading.evidence import build, check
from papercards.taxonomy import LABEL_FIELDS, Taxonomy, parse

Pairs = list[tuple[Labelled, Paper]]


@pytest.fixture(scope="module")
def dev() -> Pairs:
    return join(read_labels(SEED_LABELS, split="dev"), seed_papers())


@pytest.fixture(scope="module")
def tagger(taxonomy: Taxonomy) -> Baseline:
    return Baseline(taxonomy)


def words(paper: Draft) -> int:
    return len(paper.tldr.split())


def test_reaches_its_figures_on_dev(tagger: Baseline, dev: Pairs) -> None:
    provenance = Provenance(model="baseline", prompt="p", taxonomy="t", created="")
    cards = [build(paper, tagger.tag(paper), provenance) for _, paper in dev]
    table = all_values([score(card, item) for card, (item, _) in zip(cards, dev, strict=True)])

    assert [check(card, paper) for card, (_, paper) in zip(cards, dev, strict=True)] == [[]] * 55
    f1 = {field: round(row["f1"] or 0, 2) for field, row in table.items()}
    floor = {
        "tasks": 0.69,
        "modalities": 0.74,
        "contributions": 0.72,
        "claims": 0.79,
        "code": 0.95,
        "data": 0.92,
        "weights": 0.85,
    }
    assert {field: f1[field] for field in floor if f1[field] < floor[field]} == {}
    assert (table["mean"]["f1"] or 0) > 0.84
    assert (table["claims"]["kind_accuracy"] or 0) > 0.64
    assert (table["tasks"]["main_accuracy"] or 0) > 0.64


def test_probabilities_are_honest_on_dev(tagger: Baseline, dev: Pairs) -> None:
    for field in LABEL_FIELDS:
        forecasts = [
            (chance, any(label in reading.labels(field) for reading in item.readings))
            for item, paper in dev
            for label, chance in tagger.scores(paper).labels[field].items()
        ]
        assert (calibration_error(forecasts) or 1) < 0.06, field


def test_scores_cover_every_label_and_sentence_and_add_up(tagger: Baseline, dev: Pairs) -> None:
    taxonomy_labels = {field: set(tagger.scores(dev[0][1]).labels[field]) for field in LABEL_FIELDS}
    for _, paper in dev[:10]:
        scores = tagger.scores(paper)
        for field in LABEL_FIELDS:
            assert set(scores.labels[field]) == taxonomy_labels[field]
            assert all(0 <= chance <= 1 for chance in scores.labels[field].values())
        assert len(scores.sentences) == len(paper.sentences)
        for chances in scores.sentences:
            assert sum(chances.kinds.values()) + chances.none == pytest.approx(1)
        for offer in scores.offers.values():
            assert sum(offer.chances.values()) == pytest.approx(1, abs=0.001)


def test_no_answer_about_code_or_data_is_surer_than_the_labelled_papers_allow(tagger: Baseline) -> None:
    surest = "Code, data and model weights are available at https://github.com/a/b."
    for sentence in ("Nothing is said.", surest, "We release our code, our data set and all checkpoints."):
        for offer in offers(fitted().offers, [sentence]).values():
            assert 0.001 < offer.chance < 0.999
            assert percent(max(offer.chances.values())) != "100%"


def of_contributions(scores: Scores, label: str) -> Scores:
    """The same with one contribution as good as certain, and the others as good as ruled out."""
    sure = {other: 0.98 if other == label else 0.02 for other in scores.labels["contributions"]}
    return replace(scores, labels={**scores.labels, "contributions": sure})


def of_kind(scores: Scores, kind: str) -> Scores:
    """The same with every sentence a claim of one kind."""
    one = Chances(0.9, {other: 0.88 if other == kind else 0.004 for other in scores.sentences[0].kinds})
    return replace(scores, sentences=(one,) * len(scores.sentences))


def test_contributions_and_kinds_of_claims_are_weighed_with_each_other(tagger: Baseline, dev: Pairs) -> None:
    paper = dev[0][1]
    first = tagger.first_look(paper)

    def found(scores: Scores) -> Scores:
        return tagger.second_look(paper, scores)

    proving, releasing = (found(of_kind(first, kind)) for kind in ("theoretical", "resource"))
    assert proving.labels["contributions"]["theory"] > releasing.labels["contributions"]["theory"]
    assert proving.labels["contributions"]["dataset"] < releasing.labels["contributions"]["dataset"]
    method, study = (found(of_contributions(first, label)) for label in ("method", "empirical-study"))
    for one, other in zip(method.sentences, study.sentences, strict=True):
        assert one.kinds["performance"] / one.claim > other.kinds["performance"] / other.claim
        assert one.kinds["finding"] / one.claim < other.kinds["finding"] / other.claim
        assert sum(one.kinds.values()) == pytest.approx(one.claim) and one.claim < 1
    assert tagger.scores(paper) == found(first) != first


def test_a_second_look_leaves_alone_what_it_was_not_fitted_for(tagger: Baseline, dev: Pairs) -> None:
    context = fitted().context
    scores = tagger.first_look(dev[0][1])
    nothing: dict[str, frozenset[str]] = dict.fromkeys(tagger.known, frozenset())
    strange = replace(scores, sentences=(Chances(0.5, {"praise": 0.5}),))

    assert in_context(context, strange, 1, tagger.known) == strange
    unknown = in_context(context, scores, 5, nothing)
    assert unknown.mains == scores.mains
    assert unknown.labels["tasks"] == pytest.approx(scores.labels["tasks"], abs=1e-5)
    assert in_context(UNCHANGED, scores, 5, tagger.known) == scores


def test_the_sizes_of_the_taxonomy_hold(taxonomy: Taxonomy, tagger: Baseline, dev: Pairs) -> None:
    for _, paper in dev:
        draft = tagger.tag(paper)
        for field, chosen in (
            ("tasks", draft.tasks),
            ("modalities", draft.modalities),
            ("contributions", draft.contributions),
        ):
            size = taxonomy.sizes[field]
            unsure = draft.candidates.get(field, ())
            assert len(chosen) <= size.most and (len(chosen) >= size.least or unsure)
            assert not {one.label for one in unsure} & {one.label for one in chosen}
            assert len({one.label for one in chosen}) == len(chosen)
        assert words(draft) <= 30 or "summary-too-long" in draft.flags
        assert draft.tldr in paper.abstract


CUSTOM = """
sizes:
  tasks: [2, 2]
  modalities: [0, 1]
tasks:
  beekeeping: hives, bees, honey and their diseases
  shipbuilding: hulls, keels, ships and their sails
  regression: predicting continuous quantities
modalities:
  smell: odours and scents
  honey: honey samples and hives
contributions:
  machine: a machine that was built
  method: a new algorithm
claim_kinds:
  taste: sweetness, flavour and taste of the honey
  yield: kilograms of honey that a hive gives
artifact_status:
  released: it is available now
  promised: it will be released
  not-stated: nothing is said
"""


def test_labels_that_nobody_fitted_are_judged_by_their_definitions() -> None:
    custom = parse(CUSTOM, name="bees", where="bees.yaml")
    paper = Paper(
        "p",
        "Honey from urban hives",
        "Bees in cities face diseases. We propose a new algorithm that tells healthy hives from ill ones. "
        "Experiments show that its taste and flavour of the honey outperform the state of the art by 12%. "
        "We show that each hive gives 4 kilograms more honey than the baseline.",
    )

    draft = Baseline(custom).tag(paper)

    given, perhaps = draft.tasks, draft.candidates.get("tasks", ())
    assert (*given, *perhaps)[0].label == "beekeeping"
    assert len({*given, *perhaps}) >= 2
    assert [one.label for one in draft.modalities] in ([], ["honey"])
    assert {claim.sentence: claim.kind for claim in draft.claims} == {3: "taste", 4: "yield"}


def test_a_taxonomy_of_unknown_labels_alone_works(dev: Pairs) -> None:
    custom = parse(CUSTOM.replace("regression", "weaving").replace("method", "loom"), name="b", where="b")

    for _, paper in dev[:5]:
        draft = Baseline(custom).tag(paper)
        assert len(draft.tasks) == 2 or "tasks" in draft.candidates


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Code is available at https://github.com/a/b.", ("released", "not-stated", "not-stated")),
        ("Our code and models are publicly available.", ("released", "not-stated", "released")),
        ("We release the dataset and the model weights.", ("not-stated", "released", "released")),
        ("Code will be released upon acceptance.", ("promised", "not-stated", "not-stated")),
        ("The data and code will be made available soon.", ("promised", "promised", "not-stated")),
        ("Code is soon available at https://github.com/a/b.", ("promised", "not-stated", "not-stated")),
        ("See https://github.com/a/b for details.", ("released", "not-stated", "not-stated")),
        ("Model: https://huggingface.co/a/b", ("not-stated", "not-stated", "released")),
        ("Ours beats ten open-source models on public datasets.", ("not-stated",) * 3),
        ("We train on publicly available datasets.", ("not-stated",) * 3),
        ("We provide a theoretical model of code review.", ("not-stated",) * 3),
        ("We propose to publish code with every paper.", ("not-stated",) * 3),
        ("The code is on GitHub.", ("released", "not-stated", "not-stated")),
        ("Find our code on GitHub.", ("released", "not-stated", "not-stated")),
        ("A Python package is available on PyPI.", ("released", "not-stated", "not-stated")),
        ("The framework is released as a ready-to-use tool.", ("released", "not-stated", "not-stated")),
        ("We plan to open-source our framework.", ("promised", "not-stated", "not-stated")),
        ("We open-source our recommender system.", ("released", "not-stated", "not-stated")),
        (
            "The notebooks are publicly available at https://x.org/n.",
            ("released", "not-stated", "not-stated"),
        ),
        ("We release a treebank of Old English.", ("not-stated", "released", "not-stated")),
        ("We evaluate on a popular open-source platform.", ("not-stated",) * 3),
        ("We test our method on an open-source system for planning.", ("not-stated",) * 3),
        ("We present the first published system for city-scale maps.", ("not-stated",) * 3),
        (
            "We collect a new publicly available corpus of headlines.",
            ("not-stated", "released", "not-stated"),
        ),
        ("We present Owl-2 1.5, a family of open-source speech models.", ("not-stated",) * 2 + ("released",)),
        (
            "We introduce Oak, an openly available toolkit for parsing.",
            ("released", "not-stated", "not-stated"),
        ),
        ("We collect reviews from publicly available datasets.", ("not-stated",) * 3),
        (
            "The resources released with this paper include annotated datasets.",
            ("not-stated", "released", "not-stated"),
        ),
        ("The code shared alongside this article is in Python.", ("released", "not-stated", "not-stated")),
        (
            "We describe the corpora provided to participants, and the results.",
            ("not-stated", "released", "not-stated"),
        ),
        ("The data and 3D models are available online.", ("not-stated", "released", "not-stated")),
        ("We present Elm-7B, an open-weights model for law.", ("not-stated",) * 2 + ("released",)),
        ("We propose a parser and compare it with openly available models.", ("not-stated",) * 3),
        (
            "The dataset generated in this study is available at https://x.org/d.",
            ("not-stated", "released", "not-stated"),
        ),
        (
            r"The corpus can be found $\href{https://x.org/c}{here}$.",
            ("not-stated", "released", "not-stated"),
        ),
        ("Our corpus can be found at this https URL.", ("not-stated", "released", "not-stated")),
        (
            "We will open-source the generator engine to broaden access to data.",
            ("promised",) + ("not-stated",) * 2,
        ),
        (
            "We make our code publicly available, contributing to efforts to build better models.",
            ("released", "not-stated", "not-stated"),
        ),
        (
            "In addition, we contribute to the research community by releasing a Thai evaluation dataset, "
            "which includes hundreds of questions annotated by students.",
            ("not-stated", "released", "not-stated"),
        ),
        ("XNet releases a Thai evaluation dataset.", ("not-stated", "released", "not-stated")),
        ("Our data are on Zenodo.", ("not-stated", "released", "not-stated")),
        ("We release our dataset to help train better models.", ("not-stated", "released", "not-stated")),
        ("By releasing the model, we hope to advance research.", ("not-stated", "not-stated", "released")),
        ("We present a family of open-source language models.", ("not-stated", "not-stated", "released")),
        ("We open-source Fun-Chat-8B with inference code.", ("released", "not-stated", "released")),
        ("We evaluate on a publicly available dataset.", ("not-stated",) * 3),
        ("We fine-tune a popular open-source model on public data.", ("not-stated",) * 3),
        ("When enough data is available, models do well.", ("not-stated",) * 3),
        ("The code is not on GitHub.", ("not-stated",) * 3),
        ("Training data are not publicly available.", ("not-stated",) * 3),
        ("Unlike prior work, whose code is not available, ours is simple.", ("not-stated",) * 3),
        ("The authors of prior work released their code.", ("not-stated",) * 3),
        ("Releasing code is good practice.", ("not-stated",) * 3),
        ("A curated list of papers is at https://github.com/a/b.", ("not-stated",) * 3),
    ],
)
def test_rules_for_code_data_and_weights(sentence: str, expected: tuple[str, str, str]) -> None:
    found = offers(fitted().offers, ["Background comes first.", sentence])

    assert (found["code"].status, found["data"].status, found["weights"].status) == expected
    for finding in found.values():
        assert finding.sentence == (None if finding.status == "not-stated" else 2)


def test_the_summary_is_the_first_short_sentence_that_says_what_was_done() -> None:
    long = "We propose " + "very " * 40 + "much."
    done = "In this paper we present a method for ranking."

    assert gist(["Ranking is hard today.", long, done], "T") == (done, True)
    assert gist(["Ranking is hard today.", long], "T") == ("Ranking is hard today.", True)
    assert gist([long, "long " + long], "T") == (long, False)
    assert gist([], "A title") == ("A title", True)


def test_an_empty_abstract_gets_a_draft_from_its_title(tagger: Baseline) -> None:
    draft = tagger.tag(Paper("p", "Time series forecasting with transformers", ""))

    assert draft.tasks[0].label == "time-series-forecasting"
    assert draft.tldr == "Time series forecasting with transformers"
    assert draft.claims == ()


@pytest.mark.parametrize("unit", ["word ", "we open ", "https://x.io/a ", "our is as ", "We show that. "])
def test_an_abstract_of_100_000_characters_takes_under_a_few_seconds(tagger: Baseline, unit: str) -> None:
    paper = Paper("p", "T", (unit * 100_000)[:100_000])

    start = time.process_time()
    tagger.tag(paper)

    assert time.process_time() - start < 5


def test_a_paper_takes_milliseconds(tagger: Baseline, dev: Pairs) -> None:
    start = time.process_time()
    for _, paper in dev:
        tagger.tag(paper)

    assert (time.process_time() - start) / len(dev) < 0.02  # some 3 ms on a quiet machine


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from papercards.reading.baseline import Baseline; "
        "print(sorted({'numpy', 'sklearn', 'scipy', 'openai', 'instructor'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert done.stdout.strip() == "[]"


def test_equal_input_gives_equal_output_in_another_process(tmp_path: Path) -> None:
    code = (
        "from papercards.reading.baseline import Baseline; from papercards.evals.label_file import *; "
        "b = Baseline(seed_taxonomy()); ps = list(seed_papers())[:20]; "
        "print([(b.tag(p), b.scores(p).labels) for p in ps])"
    )

    def run(seed: str) -> str:
        import os

        environment = os.environ | {"PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env=environment,
        ).stdout

    assert run("1") == run("2")


def test_lines_that_end_within_a_sentence_change_nothing(tagger: Baseline, dev: Pairs) -> None:
    for _, paper in dev:
        lines = textwrap.wrap(paper.abstract, 78, break_long_words=False, break_on_hyphens=False)
        wrapped = replace(paper, abstract="  " + "\n".join(lines) + "\n")

        assert tagger.tag(wrapped) == tagger.tag(paper), paper.title
