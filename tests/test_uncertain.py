"""A label that is not likely enough is told as a candidate, and nowhere as a fact."""

import csv
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.bibliography.tags import tags as keywords
from papercards.card import UNCERTAIN, Candidate, Card, parse_card
from papercards.cli.shared import card_table, terminal
from papercards.pages.index.facets import tags_of
from papercards.paper import Paper
from papercards.reading.baseline import Baseline
from papercards.reading.baseline.parameters import fitted
from papercards.reading.draft import Scored
from papercards.reading.tagger_reader import BaselineReader
from papercards.review.worries import worries
from papercards.sinks import open_sink
from papercards.taxonomy import Taxonomy
from tests.sinks.cards import card

CANDIDATES = (
    Candidate(field="tasks", label="image-generation", confidence=0.29),
    Candidate(field="tasks", label="robotics", confidence=0.21),
)


@pytest.fixture
def unsure() -> Card:
    return card().model_copy(update={"tasks": (), "candidates": CANDIDATES})


def test_a_paper_about_nothing_that_the_taxonomy_has_gets_candidates_and_no_main_task(
    taxonomy: Taxonomy,
) -> None:
    paper = Paper(
        "p", "On the mating of newts", "Newts live in ponds. They mate in spring and sleep in winter."
    )

    made = BaselineReader(taxonomy).card(paper)

    assert made.tasks == () and made.main_task == UNCERTAIN
    maybe = made.unsure_of("tasks")
    assert 1 <= len(maybe) <= 3
    assert [one.confidence for one in maybe] == sorted((one.confidence for one in maybe), reverse=True)


def test_no_label_stands_below_its_threshold_as_a_fact(taxonomy: Taxonomy) -> None:
    tagger = Baseline(taxonomy)
    paper = Paper("p", "On the mating of newts", "Newts live in ponds.")
    scores = tagger.scores(paper)
    shipped = fitted()
    strict = {
        field: replace(
            fit, trained=replace(fit.trained, threshold=0.9), defined=replace(fit.defined, threshold=0.9)
        )
        for field, fit in shipped.fields.items()
    }

    draft = tagger.draft(scores, replace(shipped, fields=strict))

    assert draft.tasks == draft.modalities == draft.contributions == ()
    assert set(draft.candidates) == {"tasks", "modalities", "contributions"}
    best = max(scores.labels["tasks"].items(), key=lambda pair: pair[1])
    assert draft.candidates["tasks"][0] == Scored(best[0], round(best[1], 4))


def test_a_sure_card_says_nothing_of_candidates(unsure: Card) -> None:
    assert "candidates" not in json.loads(card().to_json())
    assert parse_card(unsure.to_json(), "here") == unsure


def test_tables_have_uncertain_and_the_candidates(unsure: Card, tmp_path: Path) -> None:
    for name in ("cards.csv", "cards.sqlite"):
        sink = open_sink(tmp_path / name)
        sink.write(unsure, None)
        sink.close()

    (row,) = csv.DictReader((tmp_path / "cards.csv").open())
    base = sqlite3.connect(tmp_path / "cards.sqlite")
    found = base.execute("select field, label, confidence from candidates order by position").fetchall()
    base.close()

    assert (row["main_task"], row["main_task_confidence"], row["tasks"]) == (UNCERTAIN, "", "")
    assert row["candidates"] == "tasks: image-generation 0.29; tasks: robotics 0.21"
    assert found == [("tasks", "image-generation", 0.29), ("tasks", "robotics", 0.21)]


def test_notes_and_pages_say_perhaps(
    unsure: Card, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sink = open_sink(tmp_path / "cards.md")
    sink.write(unsure, None)
    sink.close()
    terminal.print_card(unsure)
    card_table.print_cards([unsure], card_table.DEFAULT)

    assert (
        "Tasks not sure, perhaps: `image-generation` (29%), `robotics` (21%)"
        in (tmp_path / "cards.md").read_text()
    )
    shown = capsys.readouterr().out
    assert "uncertain (image-generation 0.29, robotics 0.21)" in shown and shown.count(UNCERTAIN) == 2
    assert ("task", UNCERTAIN) in list(tags_of(unsure))
    assert "task/" not in str(keywords(unsure))


def test_what_is_uncertain_is_worth_a_look(unsure: Card, taxonomy: Taxonomy) -> None:
    found = worries(unsure, None, taxonomy)

    assert any(one.kind == "unsure" and "image generation 29%" in one.text for one in found)
