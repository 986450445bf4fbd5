"""Own fields in the pages: filters, values, marks, the static site and the Review room."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from papercards.card import Card, FieldRow, FieldValue
from papercards.card_files import write_cards
from papercards.pages.browse import selection
from papercards.pages.index.facets import Tag, tags_of
from papercards.paper import Paper
from papercards.reading.evidence import evidence
from papercards.review.edits import OWN, Key, Place, version_of
from papercards.review.review_file import ReviewFile
from papercards.taxonomy import Taxonomy
from tests.pages.conftest import Served
from tests.pages.desks import desk
from tests.sinks.cards import card as plain_card

PAPER = Paper("x1", "Tiny <b>beans</b>", "We asked 12 people. They were assigned by chance.")
FIELDS = {
    "design": FieldValue(type="label", value="rct", confidence=0.8, evidence=evidence(PAPER, 2)),
    "people": FieldValue(type="number", value=12, evidence=evidence(PAPER, 1)),
    "place": FieldValue(type="text", missing="not-stated"),
    "results": FieldValue(type="list", rows=(FieldRow(values={"data": "<i>Beans</i>", "score": 3}),)),
}


def card(**changes: Any) -> Card:
    empty = {"claims": (), "fields": FIELDS, "title": PAPER.title, "id": PAPER.id}
    return plain_card().model_copy(update=empty | changes)


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    other = {**FIELDS, "design": FieldValue(type="label", value="cohort")}
    write_cards([card(), card(id="x2", title="Other beans", fields=other)], tmp_path / "cards.jsonl")
    return tmp_path / "cards.jsonl"


@pytest.fixture
def running(cards: Path, tmp_path: Path, taxonomy: Taxonomy) -> Iterator[Served]:
    with desk(cards, tmp_path, [PAPER], taxonomy, review_file=tmp_path / "r.jsonl") as running:
        yield running


def test_labels_are_filters_and_other_fields_are_stated_or_not() -> None:
    tags = [tag for tag in tags_of(card()) if tag.field.startswith("own.")]
    assert tags == [
        Tag("own.design", "rct"),
        Tag("own.people", "stated"),
        Tag("own.place", "not-stated"),
        Tag("own.results", "stated"),
    ]


def test_an_address_keeps_own_fields_and_nothing_odd() -> None:
    state = selection.read([("own.design", "rct"), ("own.<b>", "x"), ("own.", "x"), ("task", "t")])
    assert state.tags == (Tag("own.design", "rct"), Tag("task", "t"))
    assert state.query == "task=t&own.design=rct"


def test_the_list_narrows_by_an_own_field(running: Served) -> None:
    page = running.page("/browse")
    assert 'id="facet-own.design">Design</h3>' in page and "own.design=cohort" in page
    narrow = running.page("/browse", **{"own.design": "cohort"})
    assert "1 of 2 papers" in narrow and "Other beans" in narrow and "Tiny" not in narrow


def test_a_paper_shows_values_marks_their_sentences_and_escapes_all(running: Served) -> None:
    page = running.page(f"/browse/paper/{quote('x1')}")
    assert "Your fields" in page and "<dt>People</dt>" in page
    assert 'class="has-own"' in page and "We asked 12 people." in page
    assert "data: &lt;i&gt;Beans&lt;/i&gt;, score: 3" in page and "<i>Beans" not in page


def test_the_static_site_has_them(cards: Path, tmp_path: Path, run: Any) -> None:
    done = run("export", "site", cards, "-o", "site")
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "site" / "data.js").read_text("utf-8")
    assert json.dumps(["own.design", "Design"], separators=(",", ":")) in data
    assert '["People",["12"],' in data


def post(running: Served, **body: object) -> tuple[int, dict[str, Any]]:
    whole = {"card": "x1", "version": version_of(card()), "field": OWN, **body}
    headers = {"Origin": running.url, "Content-Type": "application/json"}
    answer, said = running.ask("/review/edit", "POST", body=json.dumps(whole), **headers)
    return answer.status, json.loads(said)


def test_a_value_is_corrected_in_review_and_what_is_none_is_refused(running: Served, tmp_path: Path) -> None:
    assert "Your fields" in running.page("/review/paper/x1")
    assert post(running, item="people", do="set", value="1,400")[0] == 200
    status, said = post(running, item="people", do="set", value="many", seen="")
    assert status == 409 or "number" in json.dumps(said)
    assert post(running, item="nothing", do="set", value="1")[0] == 400
    assert post(running, item="design", do="accept")[0] == 200
    edits = ReviewFile(tmp_path / "r.jsonl").overlay.of(Key("x1", version_of(card())))
    assert edits[Place(OWN, "people")].value == "1400"
    assert edits[Place(OWN, "design")].accepts
    page = running.page("/review/paper/x1")
    assert "1400" in page and ">12</s>" in page
