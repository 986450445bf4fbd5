"""Turns requests of the Review page into edits, and edits into messages.

Knows the desk and what pages send. Knows no addresses.
"""

from typing import Annotated, cast

from pydantic import Field

from ...card import Card, Evidence, Status
from ...reading.evidence import evidence
from ...review.corrected import labels, quotes
from ...review.edits import (
    ARTIFACTS,
    FIELDS,
    MAIN,
    OWN,
    ArtifactValue,
    ClaimValue,
    Edit,
    Key,
    Place,
    Value,
    original,
    version_of,
)
from ...review.own_values import corrected_value, written
from ...review.review_file import NewEdit
from ...taxonomy import LABEL_FIELDS, STATUSES
from ...text.wording import label_words
from ..requests import BadRequest, Body, Text
from .desk import Desk


class Refused(Exception):
    """A change that would make the card invalid; the message is shown to the user."""


class Wish(Body):
    """A change that a page asks for."""

    card: Text = ""
    version: Text = ""
    """Version of the card that the page shows."""
    do: Text = ""
    """`accept`, `reject`, `set`, `undo` or `done`."""
    field: Text = ""
    item: Text = ""
    value: Annotated[str, Field(max_length=2000)] = ""
    sentence: int | None = None
    seen: Text = ""
    """Id of the edit of that place that the page shows; empty for the card itself."""
    token: Text = ""
    """Token of the edits that the page shows, see `token_of`."""


def new_edit_of(desk: Desk, card: Card, wish: Wish) -> NewEdit:
    """The edit requested by a page. Raises Refused, or BadRequest for what our pages never send."""
    key = Key(card.id, version_of(card))
    place, do, seen = Place(wish.field, wish.item), wish.do, wish.seen
    if place.field not in FIELDS:
        raise BadRequest("unknown field")
    held = desk.file.overlay.last(key, place)
    was = held.value if held is not None else original(card, place)
    if do == "accept":
        if was is None:
            raise Refused("Nothing to accept here.")
        return NewEdit(place, was, was, seen)
    if do == "reject":
        if place.field in ARTIFACTS:
            return NewEdit(place, was, ArtifactValue(status="not-stated"), seen)
        if place.field == "tldr":
            raise Refused("A card needs a summary; change it instead.")
        if was is None:
            raise Refused("Nothing to reject here.")
        return NewEdit(place, was, None, seen)
    if do != "set":
        raise BadRequest("unknown action")
    return NewEdit(place, was, _value(desk, card, key, place, wish), seen)


def _value(desk: Desk, card: Card, key: Key, place: Place, wish: Wish) -> Value:
    given, number = wish.value, wish.sentence
    if place.field in LABEL_FIELDS:
        return _label(desk, card, key, place, given)
    if place.field == "tldr":
        summary = " ".join(given.split())
        if not summary:
            raise Refused("A card needs a summary.")
        return summary
    if place.field == "claims":
        if given not in desk.taxonomy.labels["claim_kinds"]:
            raise BadRequest("unknown kind")
        if not (place.item.isascii() and place.item.isdecimal() and len(place.item) < 6):
            raise BadRequest("unknown sentence")
        before = original(card, place)
        if isinstance(before, ClaimValue):
            return ClaimValue(kind=given, evidence=before.evidence)
        return ClaimValue(kind=given, evidence=_evidence(desk, card, key, int(place.item)))
    if place.field == OWN:
        before_it = card.fields.get(place.item)
        if before_it is None:
            raise BadRequest("unknown field")
        try:
            return written(corrected_value(before_it, given.strip() or None))
        except ValueError as error:
            raise Refused(str(error)) from error
    if place.field in ARTIFACTS:
        if given not in STATUSES:
            raise BadRequest("unknown status")
        if given == "not-stated":
            return ArtifactValue(status="not-stated")
        if number is None:
            raise Refused("Choose the sentence that states it.")
        return ArtifactValue(status=cast("Status", given), evidence=_evidence(desk, card, key, number))
    if given not in ("", "reviewed"):
        raise BadRequest("unknown state")
    return given or None


def _label(desk: Desk, card: Card, key: Key, place: Place, given: str) -> str:
    field = place.field
    edits = desk.file.overlay.of(key)
    hold = [one.label for one in labels(card, field, edits)]
    if place.item == MAIN:
        if given not in hold:
            raise Refused("Only a label of this card can be the main one.")
        return given
    if given not in desk.taxonomy.labels[field] and given != original(card, place):
        raise BadRequest("unknown label")
    if original(card, place) is None and place.item != given and place not in edits:
        raise BadRequest("the card does not have this label")
    edit = edits.get(place)
    now = edit.value if edit is not None else original(card, place)
    if given in hold and given != now:
        raise Refused(f"The card already has {given}.")
    if now is None and len(hold) >= desk.taxonomy.sizes[field].most:
        raise Refused(f"At most {desk.taxonomy.sizes[field].most} {field}; reject one first.")
    return given


def _evidence(desk: Desk, card: Card, key: Key, number: int) -> Evidence:
    paper = desk.paper(card)
    if paper is not None and 1 <= number <= len(paper.sentences):
        return evidence(paper, number)
    quoted = quotes(card, desk.file.overlay.of(key)).get(number)
    if quoted is not None:
        return quoted
    if paper is None:
        raise Refused("The abstract is not available; start papercards serve with --source.")
    raise BadRequest("unknown sentence")


def all_done(desk: Desk, card: Card) -> list[NewEdit]:
    """The edits that accept the rest and mark the paper as done."""
    key = Key(card.id, version_of(card))
    new_edits = []
    for item in desk.page(card).open:
        value = original(card, item.place)
        new_edits.append(NewEdit(item.place, value, value))
    done = Place("paper")
    held = desk.file.overlay.last(key, done)
    was: Value = held.value if held else None
    return [*new_edits, NewEdit(done, was, "reviewed", held.edit if held else "")]


def about(edit: Edit) -> str:
    """A description of an edit."""

    def plain(value: Value) -> str:
        if isinstance(value, ClaimValue):
            return label_words(value.kind)
        if isinstance(value, ArtifactValue):
            return label_words(value.status)
        if value is None:
            return "nothing"
        return value if edit.field in ("tldr", OWN) else label_words(value)

    if edit.field == "paper":
        return "the paper was marked as done" if edit.value else "the paper was reopened"
    what = edit.item if edit.field == OWN else edit.field
    if edit.field == "claims":
        what = f"sentence {edit.item}"
    if edit.item == MAIN:
        return f"main label of {edit.field}: {plain(edit.value)}"
    if edit.accepts:
        return f"{what}: {plain(edit.value)} accepted"
    if edit.field == "tldr":
        return "summary changed"
    if edit.was is None:
        return f"{what}: {plain(edit.value)} added"
    if edit.value is None:
        return f"{what}: {plain(edit.was)} rejected"
    return f"{what}: {plain(edit.was)} changed to {plain(edit.value)}"
