"""Review files and work files through the real commands, and through the real check of label files."""

import json
from pathlib import Path

import pytest

from papercards.card import Card
from papercards.paper import Paper
from papercards.reading.evidence import evidence
from papercards.review.edits import ArtifactValue, ClaimValue, Key, Place, original, version_of
from papercards.review.passes import Passes, Statement, work_on
from papercards.review.review_file import NewEdit, ReviewFile
from papercards.sinks import read_cards
from papercards.taxonomy import Taxonomy
from tests.conftest import Run


def accept_all(card: Card, review: ReviewFile, by: str = "ada") -> None:
    places = [
        Place(field, one.label)
        for field in ("tasks", "modalities", "contributions")
        for one in getattr(card, field)
    ]
    places += [Place("claims", str(one.evidence.sentence)) for one in card.claims]
    places += [Place(name) for name in ("code", "data", "weights")]
    key = Key(card.id, version_of(card))
    overlay = review.overlay.of(key)
    new_edits = [
        NewEdit(place, original(card, place), original(card, place))
        for place in places
        if place not in overlay
    ]
    review.write(key, [*new_edits, NewEdit(Place("paper"), None, "reviewed")], by)


def correct(card: Card, paper: Paper, review: ReviewFile) -> None:
    key = Key(card.id, version_of(card))
    first = card.tasks[0].label
    review.write(key, [NewEdit(Place("tasks", first), first, "mathematical-reasoning")], "ada")
    value = ClaimValue(kind="finding", evidence=evidence(paper, 1))
    review.write(key, [NewEdit(Place("claims", "1"), original(card, Place("claims", "1")), value)], "ada")
    code = ArtifactValue(status="promised", evidence=evidence(paper, 4))
    review.write(key, [NewEdit(Place("code"), original(card, Place("code")), code)], "ada")


def test_apply_corrects_what_was_edited_and_keeps_all_other_bytes(
    cards: list[Card], papers: list[Paper], cards_file: Path, run: Run, tmp_path: Path
) -> None:
    correct(cards[0], papers[0], ReviewFile(tmp_path / "cards.review.jsonl"))
    before = cards_file.read_bytes()
    done = run("review", "apply", cards_file, "-o", "merged.jsonl")
    assert done.returncode == 0, done.stderr
    assert "3 cards, 1 reviewed" in done.stderr
    assert cards_file.read_bytes() == before
    merged = (tmp_path / "merged.jsonl").read_bytes()
    assert merged.split(b"\n")[1:] == before.split(b"\n")[1:]
    one = next(read_cards(tmp_path / "merged.jsonl"))
    assert (one.tasks[0].label, one.tasks[0].confidence) == ("mathematical-reasoning", None)
    assert (one.claims[0].kind, one.claims[0].evidence.sentence) == ("finding", 1)
    assert one.reproducibility.code.status == "promised"
    assert one.flags[-1] == "reviewed"
    assert one.provenance == cards[0].provenance


def test_merged_cards_pass_verification(
    cards: list[Card], papers: list[Paper], cards_file: Path, source_file: Path, run: Run, tmp_path: Path
) -> None:
    correct(cards[0], papers[0], ReviewFile(tmp_path / "cards.review.jsonl"))
    assert run("review", "apply", cards_file, "-o", "merged.jsonl").returncode == 0
    checked = run("verify", "merged.jsonl", "--source", source_file)
    assert checked.returncode == 0, checked.stdout


def test_apply_leaves_out_edits_of_what_has_changed_and_says_so(
    cards: list[Card], papers: list[Paper], cards_file: Path, run: Run, tmp_path: Path
) -> None:
    review = ReviewFile(tmp_path / "r.jsonl")
    correct(cards[0], papers[0], review)
    correct(cards[1], papers[1], review)
    changed = cards[0].model_copy(update={"tldr": "Another run says this.", "tasks": ()})
    gone = [changed.to_json(), cards[2].to_json()]
    cards_file.write_text("\n".join(gone) + "\n", encoding="utf-8")
    done = run("review", "apply", cards_file, "r.jsonl", "-o", "merged.jsonl")
    assert done.returncode == 1
    skipped = f"{cards[0].id}: 1 correction by ada skipped: made on an earlier version of the card"
    assert skipped in done.stderr
    assert f"{cards[1].id}: 3 corrections by ada skipped: the card is not in the file" in done.stderr
    merged = (tmp_path / "merged.jsonl").read_text("utf-8").splitlines()
    assert merged[1] == gone[1]
    one = next(read_cards(tmp_path / "merged.jsonl"))
    assert (one.tasks, one.reproducibility.code.status) == ((), "promised")
    assert one.tldr == "Another run says this."


def test_apply_will_not_write_over_what_it_reads(cards_file: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").touch()
    done = run("review", "apply", cards_file, "r.jsonl", "-o", cards_file)
    assert done.returncode == 2
    assert "is both an input and an output" in done.stderr
    assert run("review", "apply", cards_file, "none.jsonl", "-o", "m.jsonl").returncode == 2


@pytest.mark.parametrize("with_source", [True, False])
def test_reviewed_papers_are_labels_that_the_check_accepts(
    cards: list[Card],
    papers: list[Paper],
    cards_file: Path,
    source_file: Path,
    run: Run,
    tmp_path: Path,
    with_source: bool,
) -> None:
    review = ReviewFile(tmp_path / "cards.review.jsonl")
    correct(cards[0], papers[0], review)
    accept_all(cards[0], review)
    accept_all(cards[1], review, "bob")
    source = ["--source", source_file] if with_source else []
    done = run("review", "to-labels", cards_file, "-o", "labels.jsonl", "--split", "test", *source)
    assert done.returncode == 0, done.stderr
    checked = run("eval", "labels", "check", "labels.jsonl", "--papers", source_file)
    assert checked.returncode == 0, checked.stdout
    one, other = map(json.loads, (tmp_path / "labels.jsonl").read_text("utf-8").splitlines())
    assert one["split"] == "test"
    assert ("abstract" in one) == with_source
    reading = one["labels"][0]
    assert reading["annotator"] == "ada"
    assert reading["made"] == {"how": "corrected", "saw": [cards[0].provenance.model]}
    assert reading["tasks"][0] == "mathematical-reasoning"
    assert reading["code"] == "promised"
    assert "tldr" not in reading
    assert other["labels"][0]["annotator"] == "bob"


def test_papers_that_are_not_done_are_no_labels(
    cards: list[Card], papers: list[Paper], cards_file: Path, run: Run, tmp_path: Path
) -> None:
    review = ReviewFile(tmp_path / "cards.review.jsonl")
    correct(cards[0], papers[0], review)
    key = Key(cards[1].id, version_of(cards[1]))
    only = [NewEdit(Place("tasks", one.label), one.label, None) for one in cards[1].tasks]
    review.write(key, [*only, NewEdit(Place("paper"), None, "reviewed")], "ada")
    done = run("review", "to-labels", cards_file, "-o", "labels.jsonl")
    assert done.returncode == 1
    assert "1 partly reviewed paper skipped" in done.stderr
    assert "0 tasks, not 1 to 3" in done.stderr


def label(passes: Passes, by: str, paper: Paper, taxonomy: Taxonomy, task: str, done: bool = True) -> None:
    work = work_on(
        paper,
        taxonomy,
        {"tasks": [task], "modalities": ["text"], "contributions": ["method"]},
        {2: "performance"},
        {name: Statement(status="not-stated") for name in ("code", "data", "weights")},
        "",
    )
    before = passes.work(by, paper)
    passes.save(by, paper, work, done=done, seen=before.save if before else "")


@pytest.mark.slow
def test_double_labels_pass_the_check_and_agree(
    papers: list[Paper], source_file: Path, taxonomy: Taxonomy, run: Run, tmp_path: Path
) -> None:
    passes = Passes(tmp_path / "work.jsonl")
    for paper in papers:
        label(passes, "ada", paper, taxonomy, "mathematical-reasoning")
    for paper in papers[:2]:
        label(passes, "bob", paper, taxonomy, "graph-learning")
    done = run("label", "export", "work.jsonl", "-o", "labels.jsonl", "--source", source_file)
    assert done.returncode == 0, done.stderr
    assert f"{papers[2].id}: not finished by bob" in done.stderr
    assert "2 papers by ada, bob" in done.stderr
    checked = run("eval", "labels", "check", "labels.jsonl")
    assert checked.returncode == 0, checked.stdout
    agreed = run("eval", "labels", "agree", "labels.jsonl", "--json")
    assert agreed.returncode == 0, agreed.stderr
    rows = {row["field"]: row for row in json.loads(agreed.stdout)}
    assert rows["tasks"]["f1"] == 0
    assert rows["modalities"]["f1"] == 1

    alone = run("label", "export", "work.jsonl", "-o", "ada.jsonl", "--annotator", "ada")
    assert alone.returncode == 0
    assert run("eval", "labels", "check", "ada.jsonl", "--papers", source_file).returncode == 0
    assert run("label", "export", "work.jsonl", "-o", "x.jsonl", "--annotator", "eve").returncode == 2


def test_work_on_another_text_is_not_given_to_this_one(
    papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> None:
    passes = Passes(tmp_path / "work.jsonl")
    label(passes, "ada", papers[0], taxonomy, "graph-learning")
    other = Paper(papers[0].id, papers[0].title, papers[0].abstract + " And more.")
    assert passes.work("ada", other) is None
    assert passes.stale("ada", other)
    assert passes.work("bob", papers[0]) is None
