"""Corrections as a sequence of edits: any sequence means something, on disk as in memory."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papercards.card import Card
from papercards.errors import BadInput
from papercards.review.corrected import corrected
from papercards.review.edits import MAIN, ArtifactValue, ClaimValue, Key, Place, Value, original, version_of
from papercards.review.review_file import Conflict, NewEdit, ReviewFile
from tests.sinks.cards import card as make_card
from tests.sinks.cards import evidence

CARD = make_card()
KEY = Key(CARD.id, version_of(CARD))
CLAIM = CARD.claims[0].evidence

_LABELS = st.sampled_from(["time-series-forecasting", "graph-learning", "robotics"])
_PLACES: st.SearchStrategy[tuple[Place, Value]] = st.one_of(
    st.tuples(
        st.sampled_from([Place("tasks", "time-series-forecasting"), Place("tasks", "graph-learning")]),
        st.none() | _LABELS,
    ),
    st.tuples(st.just(Place("tasks", MAIN)), _LABELS),
    st.tuples(
        st.just(Place("claims", "1")),
        st.none()
        | st.sampled_from(["finding", "performance"]).map(lambda k: ClaimValue(kind=k, evidence=CLAIM)),
    ),
    st.tuples(
        st.just(Place("code")),
        st.sampled_from(
            [ArtifactValue(status="not-stated"), ArtifactValue(status="promised", evidence=evidence("Soon."))]
        ),
    ),
    st.tuples(st.just(Place("tldr")), st.sampled_from(["It counts.", "It forecasts."])),
    st.tuples(st.just(Place("paper")), st.sampled_from([None, "reviewed"])),
)
_STEPS = st.lists(
    st.tuples(st.sampled_from(["ada", "bob"]), st.booleans(), st.none() | _PLACES), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_STEPS)
def test_any_sequence_of_edits_by_two_windows_is_what_a_model_says(
    steps: list[tuple[str, bool, tuple[Place, Value] | None]],
) -> None:
    """The model is a stack for each place: the card's own value, then the values in force."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.jsonl"
        windows = {by: ReviewFile(path) for by in ("ada", "bob")}
        model: dict[Place, list[tuple[str, str, Value]]] = {}
        order: list[tuple[str, Place]] = []
        for by, looks, step in steps:
            window = windows[by]
            if looks:
                window.refresh()
            if step is None:
                mine = [(n, place) for n, place in order if model[place] and model[place][-1][:2] == (n, by)]
                undone = window.undo(KEY, by)
                assert [edit.undoes for edit in undone] == [n for n, _ in mine[-1:]]
                for _, place in mine[-1:]:
                    model[place].pop()
                continue
            place, value = step
            seen = window.overlay.last(KEY, place)
            new_edit = NewEdit(
                place, seen.value if seen else original(CARD, place), value, seen.edit if seen else ""
            )
            stack = model.setdefault(place, [])
            if (stack[-1][0] if stack else "") != new_edit.seen:
                before = path.read_bytes()
                with pytest.raises(Conflict) as conflict:
                    window.write(KEY, [new_edit], by)
                assert (conflict.value.theirs.edit if conflict.value.theirs else None) == (
                    stack[-1][0] if stack else None
                )
                assert path.read_bytes() == before
                continue
            (edit,) = window.write(KEY, [new_edit], by)
            stack.append((edit.edit, by, value))
            order.append((edit.edit, place))

        again = ReviewFile(path)
        expected = {place: stack[-1][2] for place, stack in model.items() if stack}
        assert {place: edit.value for place, edit in again.overlay.of(KEY).items()} == expected
        for window in windows.values():
            window.refresh()
            assert window.overlay.of(KEY) == again.overlay.of(KEY)
        made = corrected(CARD, again.overlay.of(KEY))
        assert Card.model_validate_json(made.to_json()) == made
        assert made == CARD if not expected else "reviewed" in made.flags
        assert len({one.label for one in made.tasks}) == len(made.tasks)


def test_an_edit_says_who_when_of_which_card_and_what_it_replaced(tmp_path: Path) -> None:
    file = ReviewFile(tmp_path / "review.jsonl")
    place = Place("tasks", "time-series-forecasting")
    file.write(KEY, [NewEdit(place, "time-series-forecasting", "robotics")], "ada")
    line = json.loads((tmp_path / "review.jsonl").read_text())
    assert line["by"] == "ada"
    assert line["at"].endswith("Z")
    assert (line["card"], line["version"]) == KEY
    assert (line["field"], line["item"], line["was"], line["value"]) == (*place, place.item, "robotics")


def test_one_wish_that_comes_too_late_keeps_all_of_its_batch_out(tmp_path: Path) -> None:
    ada, bob = ReviewFile(tmp_path / "r.jsonl"), ReviewFile(tmp_path / "r.jsonl")
    ada.write(KEY, [NewEdit(Place("tldr"), CARD.tldr, "Hers.")], "ada")
    both = [NewEdit(Place("paper"), None, "reviewed"), NewEdit(Place("tldr"), CARD.tldr, "His.")]
    with pytest.raises(Conflict) as conflict:
        bob.write(KEY, both, "bob")
    assert conflict.value.theirs is not None
    assert (conflict.value.theirs.by, conflict.value.theirs.value) == ("ada", "Hers.")
    assert not bob.overlay.reviewed(KEY)


def test_a_file_of_cards_is_not_taken_for_a_review(tmp_path: Path) -> None:
    path = tmp_path / "cards.jsonl"
    path.write_text(CARD.to_json() + "\n")
    with pytest.raises(BadInput, match=r"cards.jsonl:1: not an edit"):
        ReviewFile(path)


def test_corrections_keep_confidences_of_what_was_accepted_and_invent_none() -> None:
    from papercards.review.edits import Edit

    def edit(place: Place, value: Value) -> Edit:
        return Edit(
            edit="1", at="", by="a", card="", version="", field=place.field, item=place.item,
            was=original(CARD, place), value=value,
        )  # fmt: skip

    accepted = Place("tasks", "time-series-forecasting")
    added = Place("tasks", "robotics")
    main = Place("tasks", MAIN)
    claim = Place("claims", "2")
    edits = {
        accepted: edit(accepted, "time-series-forecasting"),
        added: edit(added, "robotics"),
        main: edit(main, "robotics"),
        claim: edit(
            claim,
            ClaimValue(
                kind="finding",
                evidence=evidence("x").model_copy(update={"sentence": 2, "start": 50, "end": 51}),
            ),
        ),
    }
    made = corrected(CARD, edits)
    assert [(one.label, one.confidence) for one in made.tasks] == [
        ("robotics", None),
        ("time-series-forecasting", 0.9),
    ]
    assert [one.evidence.sentence for one in made.claims] == [1, 2]
    assert made.provenance == CARD.provenance
