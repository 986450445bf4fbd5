"""The Review and Label rooms as requests: who may write, what is refused, what is told to whom."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

import pytest

from papercards.card import Card, Label
from papercards.pages.index.database import Index
from papercards.pages.label import routes as label
from papercards.pages.review import routes as review
from papercards.pages.review.queue import Queue
from papercards.paper import Paper
from papercards.review.edits import version_of
from papercards.review.passes import Passes
from papercards.review.review_file import ReviewFile
from papercards.sinks import read_cards
from papercards.taxonomy import Taxonomy
from papercards.text.wording import label_words
from tests.pages.conftest import TOKEN, Served, served, write_cards
from tests.pages.desks import desk, label_room
from tests.pages.hostile import hostile

WRITES = ("/review/edit", "/label/save", "/label/reveal")


@pytest.fixture(scope="module")
def few(seed_cards: Path) -> list[Card]:
    return list(read_cards(seed_cards))[:6]


@pytest.fixture
def running(
    few: list[Card], seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> Iterator[Served]:
    with both_rooms(few, seed_papers[:6], taxonomy, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def refusing(
    few: list[Card], seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The same for requests that write nothing; checked at the end, too."""
    folder = tmp_path_factory.mktemp("refusing")
    with both_rooms(few, seed_papers[:6], taxonomy, folder) as running:
        yield running
    assert nothing_written(running)


def nothing_written(running: Served) -> bool:
    folder = running.cards.parent
    return not (folder / "r.jsonl").exists() and not (folder / "w.jsonl").exists()


def both_rooms(
    cards: list[Card], papers: list[Paper], taxonomy: Taxonomy, folder: Path
) -> AbstractContextManager[Served]:
    path = write_cards(folder / "cards.jsonl", cards)
    return desk(path, folder, papers, taxonomy, review_file=folder / "r.jsonl", work=folder / "w.jsonl")


def post(running: Served, path: str, body: object, **headers: str) -> tuple[int, dict[str, object]]:
    sent = {"Origin": running.url, "Content-Type": "application/json", **headers}
    text = body if isinstance(body, str) else json.dumps(body)
    answer, said = running.ask(path, "POST", body=text, **sent)
    return answer.status, json.loads(said) if said.startswith("{") else {"said": said}


def new_edit(card: Card, **more: object) -> dict[str, object]:
    return {"card": card.id, "version": version_of(card), **more}


@pytest.mark.parametrize("path", WRITES)
def test_nobody_else_may_write(refusing: Served, few: list[Card], path: str) -> None:
    body = json.dumps(new_edit(few[0], do="accept", field="code", paper=few[0].id))
    json_type = {"Content-Type": "application/json"}
    origin = {"Origin": refusing.url}

    unknown, _ = refusing.ask(path, "POST", known=False, body=body, **origin, **json_type)
    wrong, _ = refusing.ask(
        path,
        "POST",
        known=False,
        body=body,
        Cookie=f"papercards-{refusing.port}=guess",
        **origin,
        **json_type,
    )
    foreign, _ = refusing.ask(path, "POST", body=body, Origin="https://evil.example", **json_type)
    cross, _ = refusing.ask(path, "POST", body=body, Sec_Fetch_Site="cross-site", **json_type)
    silent, _ = refusing.ask(path, "POST", body=body, **json_type)
    renamed, _ = refusing.ask(path, "POST", body=body, Host="evil.example", **origin, **json_type)
    form, _ = refusing.ask(path, "POST", body=body, Content_Type="text/plain", **origin)
    read, _ = refusing.ask(f"{path}?token={TOKEN}", "GET")

    assert [one.status for one in (unknown, wrong, foreign, cross, silent, renamed, form)] == [
        403, 403, 403, 403, 403, 400, 400,
    ]  # fmt: skip
    assert read.status != 200 or "http-equiv" in _
    assert nothing_written(refusing)


BAD_EDITS: list[object] = [
    "",
    "[]",
    "{",
    "[" * 100_000,
    '{"card": 1}',
    '{"x": "' + "x" * 300_000 + '"}',
    {"do": "drop", "field": "code"},
    {"do": "set", "field": "nothing", "value": "x"},
    {"do": "set", "field": "tasks", "item": "no-such-task", "value": "no-such-task"},
    {"do": "set", "field": "tasks", "item": "robotics", "value": "graph-learning"},
    {"do": "set", "field": "claims", "item": "999", "value": "finding"},
    {"do": "set", "field": "claims", "item": "-1", "value": "finding"},
    {"do": "set", "field": "claims", "item": "1", "value": "no-kind"},
    {"do": "set", "field": "code", "value": "released", "sentence": 999},
    {"do": "set", "field": "code", "value": "released", "sentence": True},
    {"do": "set", "field": "code", "value": "maybe"},
    {"do": "set", "field": "paper", "value": "gone"},
    {"do": "set", "field": "tldr", "value": "\ud800"},
]


def test_what_no_page_of_ours_sends_is_refused(refusing: Served, few: list[Card]) -> None:
    for body in BAD_EDITS:
        whole = new_edit(few[0], **body) if isinstance(body, dict) else body
        status, said = post(refusing, "/review/edit", whole)
        assert status == 400, (body, said)
        assert "Traceback" not in str(said)
    assert nothing_written(refusing)


def test_what_makes_no_good_card_is_said_and_not_written(
    refusing: Served, few: list[Card], taxonomy: Taxonomy
) -> None:
    full = next(card for card in few if len(card.tasks) == taxonomy.sizes["tasks"].most)
    spare = next(one for one in taxonomy.labels["tasks"] if one not in {task.label for task in full.tasks})
    status, said = post(
        refusing, "/review/edit", new_edit(full, do="set", field="tasks", item=spare, value=spare)
    )
    assert (status, said["said"]) == (422, "At most 3 tasks; reject one first.")
    status, said = post(refusing, "/review/edit", new_edit(few[0], do="set", field="code", value="released"))
    assert (status, said["said"]) == (422, "Choose the sentence that states it.")
    status, said = post(refusing, "/review/edit", new_edit(few[0], do="reject", field="tldr"))
    assert status == 422
    status, said = post(
        refusing, "/review/edit", new_edit(few[0], do="accept", field="claims", item="1") | {"version": "0"}
    )
    assert status == 409
    assert "has changed" in str(said["said"])
    assert nothing_written(refusing)


def test_an_edit_of_what_somebody_changed_shows_theirs(
    running: Served, few: list[Card], tmp_path: Path
) -> None:
    label = few[0].tasks[0].label
    edit = {"do": "set", "field": "tasks", "item": label, "value": "robotics"}
    assert post(running, "/review/edit", new_edit(few[0], **edit))[0] == 200
    before = (tmp_path / "r.jsonl").read_bytes()

    status, said = post(running, "/review/edit", new_edit(few[0], **edit | {"value": "clustering"}))

    assert status == 409
    assert f"ada has already changed this: tasks: {label_words(label)} changed to robotics" in str(
        said["said"]
    )
    assert (tmp_path / "r.jsonl").read_bytes() == before
    seen = ReviewFile(tmp_path / "r.jsonl").overlay.of((few[0].id, version_of(few[0])))  # type: ignore[arg-type]
    (mine,) = seen.values()
    again = new_edit(few[0], **edit | {"value": "clustering", "seen": mine.edit})
    assert post(running, "/review/edit", again)[0] == 200


def test_what_deserves_an_eye_comes_first_and_says_why(
    few: list[Card], seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> None:
    sure = [
        card.model_copy(
            update={
                "tasks": tuple(Label(label=one.label) for one in card.tasks),
                "modalities": tuple(Label(label=one.label) for one in card.modalities),
                "contributions": tuple(Label(label=one.label) for one in card.contributions),
                "claims": tuple(one.model_copy(update={"confidence": None}) for one in card.claims),
                "provenance": card.provenance.model_copy(update={"model": "local/some"}),
            }
        )
        for card in few
    ]
    wrong = sure[3].model_copy(
        update={
            "tasks": (Label(label="robotics", confidence=0.2),),
            "flags": ("abstract-cut",),
            "tldr": "It is 987% better.",
        }
    )
    cards = write_cards(tmp_path / "cards.jsonl", [*sure[:3], wrong, *sure[4:]])
    other = write_cards(tmp_path / "other.jsonl", sure)
    index = Index(tmp_path / "index.db")
    index.add_papers(seed_papers[:6])
    index.add(read_cards(cards), origin=0)
    queue = Queue(index, taxonomy, other)
    queue.judge_all()

    first = queue.page(lambda key: True)[0]
    assert first.key.card == few[3].id
    kinds = {one.kind for one in first.worries}
    assert kinds == {"unsure", "baseline", "other", "flag", "check"}
    texts = [f"{one.about}: {one.text}" for one in first.worries]
    assert "robotics: 20% confident" in texts
    assert "robotics: not in the other run" in texts
    assert ": the summary has 987, which is not in the paper" in texts
    assert queue.page(lambda key: True, "check")[0].key == first.key
    assert queue.counts()["check"] == 1
    assert queue.next(few[3].id, lambda key: True) is not None
    assert queue.next(few[3].id, lambda key: True, back=True) is None

    # A second look judges nothing again, until a card changes.
    judged = []
    again = Queue(index, taxonomy, other)
    again.judge = lambda card: judged.append(card.id) or []  # type: ignore[method-assign,assignment,func-returns-value]
    again.judge_all()
    assert judged == []
    index.add([sure[3]], origin=0)
    again.judge_all()
    assert judged == [few[3].id]
    queue.close()
    again.close()
    index.close()


def work(paper: Paper, **more: object) -> dict[str, object]:
    return {
        "paper": paper.id,
        "tasks": ["robotics"],
        "modalities": ["text"],
        "contributions": ["method"],
        "claims": {"1": "novelty"},
        "code": {"status": "not-stated", "sentence": None},
        "data": {"status": "not-stated", "sentence": None},
        "weights": {"status": "released", "sentence": 2},
        "tldr": "A thing that grace has said.",
        "seen": "",
        **more,
    }


def test_labelling_shows_nothing_of_another_annotator_or_a_model_until_asked(
    running: Served, seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> None:
    paper = seed_papers[0]
    with served(
        tmp_path / "cards.jsonl",
        Path(str(tmp_path)) / "..",
        [],
        lambda index: [label_room(tmp_path / "w.jsonl", seed_papers[:6], taxonomy, "grace")],
    ) as hers:
        status, said = post(hers, "/label/save", work(paper, done=True))
        assert status == 200, said
    page = running.page(f"/label/paper/{quote(paper.id)}")
    assert "grace" not in page
    assert 'data-save=""' in page
    assert " checked>" not in page
    assert "Answer of baseline" not in page

    status, said = post(running, "/label/reveal", work(paper, tldr=""))
    assert status == 200
    page = running.page(f"/label/paper/{quote(paper.id)}")
    assert "Answer of baseline" in page
    assert "grace" not in page
    status, said = post(running, "/label/save", work(paper, seen=said["save"], done=True))
    assert status == 200
    passes = Passes(tmp_path / "w.jsonl")
    assert passes.work("ada", paper).saw == ("baseline",)  # type: ignore[union-attr]
    assert passes.work("grace", paper).saw == ()  # type: ignore[union-attr]
    assert "Agreement is shown when" in running.page("/label/agreement")


def test_a_save_over_another_windows_save_is_refused(
    running: Served, seed_papers: list[Paper], tmp_path: Path
) -> None:
    paper = seed_papers[0]
    status, first = post(running, "/label/save", work(paper))
    assert status == 200
    status, said = post(running, "/label/save", work(paper, tldr="From the other window."))
    assert (status, said["save"]) == (409, first["save"])
    assert Passes(tmp_path / "w.jsonl").work("ada", paper).work.tldr == "A thing that grace has said."  # type: ignore[union-attr]


BAD_WORK: list[dict[str, object]] = [
    {"paper": "no such"},
    {"tasks": ["no-such-task"]},
    {"tasks": ["robotics"] * 2},
    {"tasks": "robotics"},
    {"claims": {"99": "novelty"}},
    {"claims": {"1": "no-kind"}},
    {"claims": {"x": "novelty"}},
    {"claims": []},
    {"code": {"status": "released", "sentence": 99}},
    {"code": {"status": "released", "sentence": -1}},
    {"code": {"status": "maybe"}},
    {"tldr": "x" * 5000},
]


def test_labels_that_no_page_of_ours_sends_are_refused(refusing: Served, seed_papers: list[Paper]) -> None:
    for more in BAD_WORK:
        status, said = post(refusing, "/label/save", work(seed_papers[0]) | more)
        assert status == 400, (more, said)
    assert nothing_written(refusing)


def test_a_paper_is_done_when_all_is_said(refusing: Served, seed_papers: list[Paper]) -> None:
    lacking = work(seed_papers[0], tasks=[], weights={"status": "released", "sentence": None}, done=True)
    status, said = post(refusing, "/label/save", lacking)
    assert status == 422
    assert said["missing"] == ["tasks: at least 1", "weights: the sentence that states it"]


def test_hostile_text_is_escaped_in_every_room(taxonomy: Taxonomy, tmp_path: Path) -> None:
    bad, paper = hostile()
    cards = write_cards(tmp_path / "cards.jsonl", [bad])
    other = write_cards(tmp_path / "other.jsonl", [bad.model_copy(update={"tasks": (Label(label="<i>x"),)})])
    with desk(
        cards,
        tmp_path,
        [paper],
        taxonomy,
        review_file=tmp_path / "r.jsonl",
        reviewer="<b>ada",
        against=other,
        work=tmp_path / "w.jsonl",
    ) as running:
        name = quote(bad.id, safe="")
        field = bad.tasks[0].label
        assert post(running, "/review/edit", new_edit(bad, do="accept", field="tasks", item=field))[0] == 200
        summary = new_edit(bad, do="set", field="tldr", value="</textarea><script>alert(9)</script>")
        status, said = post(running, "/review/edit", summary)
        assert status == 200
        pages = [
            str(said["part"]),
            running.page("/review"),
            running.page(review.paper_path(bad.id)),
            running.page("/label"),
            running.page(label.paper_path(bad.id)),
            json.loads(running.page(f"/review/now?card={name}"))["part"],
        ]
        for page in pages:
            for markup in ("<script>alert", "<img", "<svg", "<b>", "<i>"):
                assert markup not in page, (markup, page[:300])
