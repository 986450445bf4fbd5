"""What people correct is seen in Browse, its filters and files at once, and marked; the card file stays."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from papercards.card import Card
from papercards.paper import Paper
from papercards.review.edits import ArtifactValue, Key, Place, Value, original, version_of
from papercards.review.review_file import NewEdit, ReviewFile
from papercards.sinks import read_cards
from papercards.taxonomy import Taxonomy
from tests.pages.conftest import Served, write_cards
from tests.pages.desks import desk


@pytest.fixture(scope="module")
def few(seed_cards: Path) -> list[Card]:
    return list(read_cards(seed_cards))[:6]


@pytest.fixture
def running(
    few: list[Card], seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> Iterator[Served]:
    cards = write_cards(tmp_path / "cards.jsonl", few)
    with desk(cards, tmp_path, seed_papers[:6], taxonomy, review_file=tmp_path / "r.jsonl") as served:
        yield served


def edit(running: Served, card: Card, place: Place, value: Value) -> None:
    """An edit by somebody at another machine, who has the same review file."""
    made = NewEdit(place, original(card, place), value)
    ReviewFile(running.cards.parent / "r.jsonl").write(Key(card.id, version_of(card)), [made], "eve")


def task_count(running: Served, task: str) -> int:
    found = json.loads(running.page("/api/stats", by="task"))
    return next((one["cards"] for one in found["groups"] if one["value"] == task), 0)


def changes(running: Served) -> int:
    return int(json.loads(running.page("/browse/status"))["changes"])


def test_a_corrected_label_is_listed_counted_and_saved(running: Served, few: list[Card]) -> None:
    card, before = few[0], running.cards.read_bytes()
    old = card.tasks[0].label
    counted, seen = task_count(running, old), changes(running)
    assert "Corrected" not in running.page("/browse")

    edit(running, card, Place("tasks", old), "robotics")

    assert changes(running) > seen
    page = running.page("/browse", task="robotics")
    assert ">1 of 6 papers<" in page
    assert "Corrected: tasks" in page
    assert task_count(running, old) == counted - 1
    assert ">robotics<" in running.page("/browse/charts", task="robotics")
    assert "Corrected: tasks" in running.page(f"/browse/paper/{quote(card.id)}")
    (saved,) = running.page("/browse/save/jsonl", task="robotics").splitlines()
    assert json.loads(saved)["tasks"][0]["label"] == "robotics"
    api = json.loads(running.page(f"/api/cards/{quote(card.id)}"))
    assert "reviewed" in api["flags"]
    # Review still shows what the model said, and the file is as it was.
    assert old in running.page(f"/review/paper/{quote(card.id)}")
    assert running.cards.read_bytes() == before


def test_what_is_undone_is_gone(running: Served, few: list[Card]) -> None:
    card = few[1]
    edit(running, card, Place("code"), ArtifactValue(status="not-stated"))
    assert "Corrected: code" in running.page("/browse", code="not-stated")

    file = ReviewFile(running.cards.parent / "r.jsonl")
    file.undo(Key(card.id, version_of(card)), "eve")

    assert "Corrected" not in running.page("/browse")
    assert running.index.find(tags=[]).count == 6


def test_a_paper_that_was_found_right_says_so(running: Served, few: list[Card]) -> None:
    edit(running, few[2], Place("paper"), "reviewed")

    page = running.page("/browse")
    assert page.count('<span class="corrected">Reviewed</span>') == 1
    assert "Corrected" not in page


def test_a_card_that_is_made_again_is_shown_as_it_is(running: Served, few: list[Card]) -> None:
    card = few[3]
    edit(running, card, Place("tldr"), "A better summary.")
    assert "A better summary." in running.page("/browse")

    made = card.provenance.model_copy(update={"created": "2030-01-01T00:00:00Z"})
    running.index.add([card.model_copy(update={"provenance": made})], origin=0)
    assert "A better summary." in running.page("/browse")  # it says the same in that place

    again = card.model_copy(update={"tldr": "Made again."})
    running.index.add([again], origin=0)

    page = running.page("/browse")
    assert "Made again." in page
    assert "A better summary." not in page
