"""Own fields can be corrected, and corrections outlive a card that is made again."""

from pathlib import Path
from typing import Any

import pytest

from papercards.card import Card, Evidence, FieldValue
from papercards.card_files import read_cards, write_cards
from papercards.pages.review.items import own_choices
from papercards.review.corrected import corrected
from papercards.review.edits import OWN, Key, Place, Value, original, version_of
from papercards.review.merging import apply
from papercards.review.own_values import corrected_value, written
from papercards.review.review_file import NewEdit, ReviewFile
from papercards.sinks import open_sink
from tests.sinks.cards import card as plain_card

SAID = Evidence(start=0, end=12, sentence=1, text="12 took part")
PEOPLE = FieldValue(type="number", value=12, evidence=SAID)
DESIGN = FieldValue(type="label", value="rct", confidence=0.8)


def card(**fields: FieldValue) -> Card:
    return plain_card().model_copy(update={"fields": {"people": PEOPLE, "design": DESIGN, **fields}})


def correct(path: Path, one: Card, place: Place, value: Value) -> None:
    key = Key(one.id, version_of(one))
    ReviewFile(path).write(key, [NewEdit(place, original(one, place), value)], "ada")


def applied(tmp_path: Path, one: Card) -> tuple[Card, list[str]]:
    write_cards([one], tmp_path / "cards.jsonl")
    sink = open_sink(tmp_path / "out.jsonl")
    done = apply(tmp_path / "cards.jsonl", ReviewFile(tmp_path / "r.jsonl").overlay, sink, {})
    sink.close()
    [made] = read_cards(tmp_path / "out.jsonl")
    return made, done.faults


def test_a_corrected_value_has_no_confidence_and_no_sentence_of_the_old_one(tmp_path: Path) -> None:
    correct(tmp_path / "r.jsonl", card(), Place(OWN, "people"), "14")
    made, faults = applied(tmp_path, card())
    assert made.fields["people"] == FieldValue(type="number", value=14)
    assert made.fields["design"] == DESIGN and "reviewed" in made.flags and not faults


def test_accepting_keeps_the_value_and_rejecting_says_so(tmp_path: Path) -> None:
    correct(tmp_path / "r.jsonl", card(), Place(OWN, "people"), "12")
    correct(tmp_path / "r.jsonl", card(), Place(OWN, "design"), None)
    made, _ = applied(tmp_path, card())
    assert made.fields["people"] == PEOPLE
    assert (made.fields["design"].value, made.fields["design"].missing) == (None, "rejected")


def test_corrections_survive_a_card_with_a_further_field(tmp_path: Path) -> None:
    before = card()
    correct(tmp_path / "r.jsonl", before, Place(OWN, "people"), "14")
    correct(tmp_path / "r.jsonl", before, Place("tldr"), "A better summary.")
    after = card(place=FieldValue(type="text", value="Ghent", words="paper"))
    made, faults = applied(tmp_path, after)
    assert made.fields["people"].value == 14 and made.tldr == "A better summary."
    assert made.fields["place"].value == "Ghent" and not faults


def test_a_correction_of_a_value_that_is_another_now_is_reported(tmp_path: Path) -> None:
    correct(tmp_path / "r.jsonl", card(), Place(OWN, "people"), "14")
    made, faults = applied(tmp_path, card(people=FieldValue(type="number", value=99)))
    assert made.fields["people"].value == 99
    assert faults == [f"{made.id}: 1 correction by ada skipped: made on an earlier version of the card"]


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("label", "cohort", "cohort"),
        ("labels", "a; b", ("a", "b")),
        ("boolean", "No", False),
        ("number", "1,234", 1234),
        ("quantity", "2.5 mg", 2.5),
        ("date", "March 2024", "2024-03"),
        ("text", "adults  with asthma", "adults with asthma"),
    ],
)
def test_what_a_person_writes_is_read_by_type(type_: str, text: str, value: object) -> None:
    before = FieldValue.model_validate({"type": type_})
    found = corrected_value(before, text)
    assert found.value == value
    assert corrected_value(found, written(found)) == found


@pytest.mark.parametrize(
    ("type_", "text"),
    [("label", "Not An Id"), ("boolean", "maybe"), ("number", "many"), ("date", "soon"), ("list", "a=1")],
)
def test_what_is_no_such_value_is_refused_with_a_sentence(type_: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        corrected_value(FieldValue.model_validate({"type": type_}), text)


ROWS = (
    {"values": {"dataset": "Beans", "value": 91.2}},
    {"values": {"dataset": "Peas; b", "value": 80.0}},
    {"values": {"dataset": "Beans", "value": 91.2}},
)


@pytest.mark.parametrize(
    ("value", "digit", "now"),
    [
        ({"type": "boolean", "value": True}, "no", "no"),
        ({"type": "label", "value": "cohort"}, "rct", "rct"),
        ({"type": "labels", "value": ["text", "code"]}, "text", "code"),
        ({"type": "labels", "value": ["text"]}, "image", "text; image"),
        ({"type": "labels", "value": ["text"]}, "text", None),
        (
            {"type": "list", "rows": ROWS[:2]},
            "dataset: Beans, value: 91.2",
            "dataset: Peas; b, value: 80",
        ),
        ({"type": "list", "rows": ROWS[:1]}, "dataset: Beans, value: 91.2", None),
    ],
)
def test_a_choice_of_an_own_field_is_the_value_that_it_leads_to(
    value: dict[str, Any], digit: str, now: str | None
) -> None:
    before = FieldValue.model_validate(value)
    options = {"label": ["cohort", "rct"], "labels": ["text", "image"]}.get(before.type, [])
    choices = {one.name or one.value: one for one in own_choices(before, written(before), options)}
    after = corrected_value(before, choices[digit].value or None)
    assert written(after) == now
    # The same choice leads back to what was there.
    again = {one.name or one.value: one for one in own_choices(before, now, options)}
    if before.type in ("labels", "list"):
        assert again[digit].held != choices[digit].held
        assert written(corrected_value(before, again[digit].value)) == written(before)


def test_without_edits_a_card_is_the_same() -> None:
    assert corrected(card(), {}) is not None and corrected(card(), {}) == card()
