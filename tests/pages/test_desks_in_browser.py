"""The Review and Label rooms in a real browser: by keyboard, in two windows, and killed in the middle."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from papercards.card import Card
from papercards.pages.label import routes as label
from papercards.pages.review import routes as review
from papercards.pages.static_site import export
from papercards.paper import Paper
from papercards.review.edits import Key, Place, version_of
from papercards.review.passes import Passes
from papercards.review.review_file import ReviewFile
from papercards.sinks import read_cards
from papercards.taxonomy import Taxonomy
from tests.conftest import Run
from tests.pages.browsing import AXE, BROWSER, Open, faults, narrow_enough
from tests.pages.conftest import Served, served, wait_for, write_cards
from tests.pages.desks import Process, desk, label_room, paper_file
from tests.pages.full_text import Full

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
]


@pytest.fixture
def few(seed_cards: Path, tmp_path: Path) -> list[Card]:
    found = list(read_cards(seed_cards))[:4]
    write_cards(tmp_path / "cards.jsonl", found)
    return found


@pytest.fixture
def running(
    few: list[Card], seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> Iterator[Served]:
    with desk(
        tmp_path / "cards.jsonl",
        tmp_path,
        seed_papers[:3],
        taxonomy,
        review_file=tmp_path / "r.jsonl",
        work=tmp_path / "w.jsonl",
    ) as one:
        yield one


def enter(open_page: Open, running: Served, path: str, **settings: object) -> Page:
    page = open_page(running.entrance, **settings)
    page.wait_for_url(f"{running.url}/browse")
    page.goto(running.url + path)
    return page


def item(page: Page, key: str) -> str:
    return f'[data-key="{key}"]'


def hear(page: Page, words: str) -> None:
    expect(page.locator("[data-said]")).to_contain_text(words)


def test_a_label_is_corrected_by_keyboard_and_applied(
    open_page: Open, running: Served, few: list[Card], run: Run, tmp_path: Path
) -> None:
    page = enter(open_page, running, "/review")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/paper/**")
    title = page.locator("h1").inner_text()
    card = next(one for one in few if one.title == title)
    task = card.tasks[0].label
    at = page.locator(item(page, f"tasks:{task}"))
    # It begins with the most doubtful item, and goes on to the next one.
    doubtful = page.locator("[data-to]").evaluate_all("all => all.map(one => one.dataset.to)")
    expect(page.locator("[data-item].current")).to_have_attribute("data-key", doubtful[0])
    page.keyboard.press("w")
    expect(page.locator("[data-item].current")).to_have_attribute("data-key", doubtful[1])
    expect(page.get_by_role("button", name="Accept the rest")).to_be_in_viewport()

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    expect(at).to_be_focused()
    likeliest = at.locator('[data-digit="1"]').get_attribute("data-value")
    page.keyboard.press("1")
    hear(page, f"{task.replace('-', ' ')} changed to {str(likeliest).replace('-', ' ')}")
    expect(at).to_be_focused()
    expect(at.locator(".verdict")).to_contain_text("changed by ada")

    page.reload()
    expect(at.locator(".value")).to_have_text(str(likeliest).replace("-", " "))
    done = run("review", "apply", "cards.jsonl", "r.jsonl", "-o", "merged.jsonl")
    assert done.returncode == 0, done.stderr
    merged = {one.id: one for one in read_cards(tmp_path / "merged.jsonl")}
    assert merged[card.id].tasks[0].label == likeliest
    assert list(read_cards(tmp_path / "cards.jsonl")) == few

    page.get_by_role("button", name="Undo").click()
    hear(page, "Undone")
    page.keyboard.press("d")
    page.wait_for_url(lambda url: quote(card.id, safe=":") not in url and "/review/paper/" in url)
    review_file = ReviewFile(tmp_path / "r.jsonl")
    key = Key(card.id, version_of(card))
    assert review_file.overlay.reviewed(key)
    assert review_file.overlay.of(key)[Place("tasks", task)].value == task


def test_claims_and_statuses_by_keyboard(
    open_page: Open, running: Served, few: list[Card], tmp_path: Path
) -> None:
    card = few[0]
    page = enter(open_page, running, f"/browse/paper/{quote(card.id)}")
    page.get_by_role("link", name="Review this card").click()
    page.wait_for_url(f"**{review.paper_path(card.id)}")
    free = next(n for n in range(1, 20) if n not in {one.evidence.sentence for one in card.claims})
    claim = card.claims[0].evidence.sentence
    page.locator(item(page, f"claims:{free}")).click()
    page.keyboard.press("4")
    hear(page, f"sentence {free}: finding added")
    page.locator(item(page, f"claims:{claim}")).locator(".words").click()
    page.keyboard.press("r")
    hear(page, f"sentence {claim}: {card.claims[0].kind} rejected")

    data = page.locator(item(page, "data:"))
    assert card.reproducibility.data.evidence is not None
    expect(data.locator(".value")).to_have_text("released")
    data.click()
    page.keyboard.press("2")
    page.keyboard.press("e")
    expect(page.locator("[data-pick-hint]")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(data.locator(".value")).to_have_text("promised")
    expect(data.locator(".where")).to_contain_text(
        f"sentence {card.reproducibility.data.evidence.sentence + 1}"
    )
    page.locator(item(page, "add:tasks")).click()
    page.keyboard.press("e")
    page.keyboard.type("robot arm")
    expect(page.get_by_role("option")).to_have_count(0)
    for _ in range(4):
        page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    hear(page, "robotics added")
    page.locator(item(page, "tasks:robotics")).locator(".value").click()
    page.keyboard.press("m")
    hear(page, "main label of tasks: robotics")
    page.locator(item(page, "tldr:")).click()
    page.keyboard.press("e")
    page.keyboard.press("Control+a")
    page.keyboard.type("A small summary.")
    page.get_by_role("button", name="Save").click()
    hear(page, "summary changed")

    edits = ReviewFile(tmp_path / "r.jsonl").overlay.of(Key(card.id, version_of(card)))
    assert {place: edit.value is None for place, edit in edits.items()} == {
        Place("claims", str(free)): False,
        Place("claims", str(claim)): True,
        Place("data"): False,
        Place("tasks", "robotics"): False,
        Place("tasks", "#main"): False,
        Place("tldr"): False,
    }


def test_sentences_of_a_section_by_keyboard(
    open_page: Open, full: Full, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    card, free = full.card, full.free("Conclusion")
    with desk(full.cards, tmp_path, [full.paper], taxonomy, review_file=tmp_path / "r.jsonl") as running:
        page = enter(open_page, running, review.paper_path(card.id))
        page.locator(item(page, f"claims:{free}")).click()
        page.keyboard.press("6")
        hear(page, f"sentence {free}: novelty added")
        # From the last sentence of the abstract the next one down is the section's first.
        own = len(replace(full.paper, sections=()).sentences)
        page.locator(item(page, f"claims:{own}")).locator(".words").click()
        page.keyboard.press("ArrowDown")
        expect(page.locator(item(page, f"claims:{own + 1}"))).to_be_focused()
        weights = page.locator(item(page, "weights:"))
        weights.click()
        page.keyboard.press("e")
        expect(page.locator("[data-pick-hint]")).to_be_visible()
        page.locator(f'[data-sentence="{free}"]').click()
        expect(weights.locator(".where")).to_have_text(f"sentence {free}")
        export("cards", running.index, tmp_path / "site")
    edits = ReviewFile(tmp_path / "r.jsonl").overlay.of(Key(card.id, version_of(card)))
    places = [edit.value.evidence.place for edit in edits.values()]  # type: ignore[union-attr]
    assert places == ["Conclusion, p. 3"] * 2

    site = open_page((tmp_path / "site/index.html").as_uri() + f"#/paper/{quote(card.id, safe='')}")
    expect(site.get_by_role("heading", name="Data Availability, p. 3")).to_be_visible()
    last = site.locator(".passages li").last
    last.get_by_role("link", name="Data Availability, p. 3").click()
    expect(site.locator(".abstract .ref").last).to_be_focused()
    expect(site.locator(".abstract").last.locator("mark").first).to_be_visible()


def test_two_windows_of_two_people_on_one_file_lose_nothing(
    open_page: Open,
    running: Served,
    few: list[Card],
    seed_papers: list[Paper],
    taxonomy: Taxonomy,
    tmp_path: Path,
) -> None:
    card = few[0]
    task = card.tasks[0].label
    (tmp_path / "other").mkdir()
    with desk(
        tmp_path / "cards.jsonl",
        tmp_path / "other",
        seed_papers[:3],
        taxonomy,
        review_file=tmp_path / "r.jsonl",
        reviewer="grace",
    ) as hers:
        mine = enter(open_page, running, review.paper_path(card.id))
        theirs = enter(open_page, hers, review.paper_path(card.id))
        # A page that does not look for the others' edits, as one whose window is hidden.
        mine.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
        theirs.locator(item(theirs, f"tasks:{task}")).click()
        theirs.keyboard.press("1")
        hear(theirs, "changed to")
        hers_now = theirs.locator(item(theirs, f"tasks:{task}")).get_attribute("data-now")

        mine.locator(item(mine, f"tasks:{task}")).click()
        mine.locator(item(mine, "code:")).click()
        mine.keyboard.press("a")
        hear(mine, "accepted")
        mine.evaluate("document.querySelector('[data-key^=\"tasks:\"]').dataset.seen = ''")
        mine.locator(item(mine, f"tasks:{task}")).click()
        mine.keyboard.press("r")
        expect(mine.get_by_role("alert")).to_contain_text("grace has already changed this")
        expect(mine.locator(item(mine, f"tasks:{task}")).locator(".value")).to_have_text(
            str(hers_now).replace("-", " ")
        )
        mine.get_by_role("button", name="Save my change anyway").click()
        hear(mine, "rejected")
        # She sees it without doing anything.
        expect(theirs.locator(item(theirs, f"tasks:{task}")).locator(".verdict")).to_contain_text(
            "rejected by ada", timeout=20_000
        )
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(one["by"], one["field"]) for one in lines] == [
        ("grace", "tasks"),
        ("ada", "code"),
        ("ada", "tasks"),
    ]
    assert lines[2]["after"] == lines[0]["edit"]


def label_by_keyboard(page: Page, task: str, kind: str) -> None:
    """One paper, without the mouse."""
    expect(page.locator("[data-item].current")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(kind)
    for key, words in (("t", task), ("m", "text"), ("c", "method")):
        page.keyboard.press(key)
        page.keyboard.insert_text(words)
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
    for key in ("o", "i", "w"):
        page.keyboard.press(key)
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(page.locator("[data-missing]")).to_have_text("")


def test_three_papers_labelled_blind_by_two_people_who_then_see_their_agreement(
    open_page: Open, seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path: Path
) -> None:
    papers = seed_papers[:3]
    for by, task in (("ada", "robotics"), ("grace", "graph learning")):
        room = label_room(tmp_path / "w.jsonl", papers, taxonomy, by)
        (tmp_path / by).mkdir()
        with served(
            write_cards(tmp_path / by / "c.jsonl", []), tmp_path / by, [], lambda _, room=room: [room]
        ) as one:
            page = open_page(one.entrance)
            page.wait_for_url("**/label")
            page.get_by_role("link", name="Start").click()
            for number, paper in enumerate(papers):
                expect(page.locator("h1")).to_have_text(paper.title)
                assert page.locator("[data-chosen] > li").count() == 0
                assert page.locator("input:checked").count() == 0
                # They agree in the second paper alone.
                label_by_keyboard(page, "robotics" if number == 1 else task, "1")
                page.keyboard.press("d")
            page.wait_for_url("**/label/agreement")
            if by == "ada":
                expect(page.locator("main")).to_contain_text("at least one other annotator")
            else:
                expect(page.locator("main")).to_contain_text("ada, grace on 3 papers")
                row = page.get_by_role("row", name="tasks").first
                expect(row.get_by_role("cell").first).to_have_text("0.333")
                expect(page.locator(".differs")).to_have_count(2)
                expect(page.locator(".differs").first).to_contain_text("graph learning")
    saved = {by: Passes(tmp_path / "w.jsonl").saves(by) for by in ("ada", "grace")}
    assert all(save.done and save.saw == () for saves in saved.values() for save in saves.values())


def test_what_was_typed_outlives_a_killed_server(
    open_page: Open, seed_papers: list[Paper], environment: dict[str, str], tmp_path: Path
) -> None:
    source = paper_file(tmp_path / "papers.jsonl", seed_papers[:2])
    options = ("--label", "w.jsonl", "--annotator", "ada", "--source", source)
    server = Process(*options, environment=environment, folder=tmp_path)
    try:
        page = open_page(server.url)
        page.wait_for_url("**/label")
        page.get_by_role("link", name="Start").click()
        page.locator("#tldr").click()
        typed = ""
        # Typed on and on: a save waits for no pause.
        while len(stored(tmp_path)) < 20:
            page.keyboard.type("word ", delay=15)
            typed += "word "
            assert len(typed) < 5000
        server.kill()
        kept = stored(tmp_path)
        assert typed.startswith(kept)
        assert len(kept) >= 20
        page.keyboard.type("and after")
        expect(page.get_by_role("alert")).to_contain_text("the server does not respond")

        server = Process(*options, "--port", server.port, environment=environment, folder=tmp_path)
        again = page.context.new_page()
        again.goto(server.url)
        again.wait_for_url("**/label")
        # The first window still has all of it, and saves it as soon as it is let in again.
        expect(page.locator("[data-state]")).to_have_text("Saved", timeout=20_000)
        assert stored(tmp_path) == f"{typed}and after"
        again.get_by_role("link", name="Continue").click()
        expect(again.locator("#tldr")).to_have_value(f"{typed}and after")
    finally:
        server.kill()


def stored(folder: Path) -> str:
    """The summary on the disk."""
    if not (folder / "w.jsonl").exists():
        return ""
    saves = Passes(folder / "w.jsonl").saves("ada")
    return next(iter(saves.values())).work.tldr if saves else ""


def test_what_was_typed_outlives_a_killed_browser(
    browser: Browser, running: Served, seed_papers: list[Paper], tmp_path: Path
) -> None:
    assert BROWSER is not None
    profile = tmp_path / "profile"
    chromium = subprocess.Popen(
        [
            BROWSER,
            "--headless=new",
            "--no-sandbox",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
        ],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ports = profile / "DevToolsActivePort"
        wait_for(lambda: ports.exists() and len(ports.read_text().split()) == 2)
        other = browser.browser_type.connect_over_cdp(f"http://127.0.0.1:{ports.read_text().split()[0]}")
        page = other.contexts[0].pages[0]
        page.goto(running.entrance)
        page.wait_for_url("**/browse")
        page.goto(running.url + label.paper_path(seed_papers[0].id))
        page.keyboard.press("3")
        page.locator("#tldr").click()
        typed = ""
        while len(stored(tmp_path)) < 20:
            page.keyboard.type("word ", delay=15)
            typed += "word "
            assert len(typed) < 5000
        os.killpg(chromium.pid, signal.SIGKILL)
        kept = stored(tmp_path)
        assert typed.startswith(kept)
        assert len(kept) >= 20
    finally:
        if chromium.poll() is None:
            os.killpg(chromium.pid, signal.SIGKILL)
        chromium.wait(20)
    work = Passes(tmp_path / "w.jsonl").work("ada", seed_papers[0])
    assert work is not None
    assert [(one.sentence, one.kind) for one in work.work.claims] == [(1, "theoretical")]


def test_what_a_model_says_is_shown_when_asked_and_the_guidelines_can_be_searched(
    open_page: Open, running: Served, seed_papers: list[Paper], tmp_path: Path
) -> None:
    page = enter(open_page, running, label.paper_path(seed_papers[0].id))
    page.keyboard.press("g")
    page.get_by_label("Search guidelines").fill("moving objects theorem")
    expect(page.locator("[data-guide-found]")).to_have_text("0 found")
    page.get_by_label("Search guidelines").fill("upon acceptance")
    expect(page.locator("[data-guide-text]")).to_contain_text("will be released")
    expect(page.locator("[data-guide-entry]:visible")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_role("button", name="Show a model's answer").click()
    expect(page.locator(".shown")).to_contain_text("Answer of baseline")
    save = Passes(tmp_path / "w.jsonl").work("ada", seed_papers[0])
    assert save is not None
    assert save.saw == ("baseline",)


def paths(few: list[Card], seed_papers: list[Paper]) -> list[str]:
    return [
        "/review",
        "/review?show=done",
        review.paper_path(few[0].id),
        "/label",
        label.paper_path(seed_papers[0].id),
        "/label/agreement",
        "/api",
    ]


def test_narrow_and_wide(open_page: Open, running: Served, few: list[Card], seed_papers: list[Paper]) -> None:
    page = enter(open_page, running, "/review")
    for path in paths(few, seed_papers):
        page.goto(running.url + path)
        for width in (320, 390, 768, 1920):
            page.set_viewport_size({"width": width, "height": 844})
            assert narrow_enough(page), (path, width)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: npm ci --prefix tests/browser")
def test_axe_finds_no_serious_fault_in_the_desks(
    open_page: Open, running: Served, few: list[Card], seed_papers: list[Paper]
) -> None:
    page = enter(open_page, running, "/review", bypass_csp=True)
    for path in paths(few, seed_papers):
        page.goto(running.url + path)
        if path.startswith(("/review/paper", "/label/paper")):
            # With verdicts of each sort, an open list, an open dialog.
            for key in ("ArrowRight", "a", "r", "ArrowDown", "1"):
                page.keyboard.press(key)
            page.wait_for_load_state("networkidle")
            assert faults(page) == [], path
            page.keyboard.press("?")
            assert faults(page) == [], path
            page.keyboard.press("Escape")
            page.keyboard.press("e" if "review" in path else "t")
        assert faults(page) == [], path
