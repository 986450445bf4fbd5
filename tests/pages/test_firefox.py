"""The rooms in Firefox: the same pages, scripts and keys as in Chromium, looked over by axe-core too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from papercards.pages.index.database import Index
from papercards.pages.label import routes as label
from papercards.pages.review import routes as review
from papercards.pages.static_site import export
from papercards.paper import Paper
from papercards.review.passes import Passes
from papercards.review.review_file import ReviewFile
from papercards.sinks import read_cards
from papercards.taxonomy import Taxonomy
from tests.pages.browsing import AXE
from tests.pages.conftest import Served, wait_for, write_cards
from tests.pages.desks import desk
from tests.pages.firefox import FIREFOX, Firefox, firefox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(FIREFOX is None, reason="no Firefox is installed"),
]

NARROW = "return document.documentElement.scrollWidth <= innerWidth"
AUDIT = (
    "return axe.run({resultTypes: ['violations'], preload: false, ...arguments[0]})"
    ".then((found) => found.violations.map((one) => `${one.id}: ${one.nodes[0].html}`))"
)


@pytest.fixture(scope="module")
def fox() -> Iterator[Firefox]:
    with firefox() as one:
        yield one


@pytest.fixture(scope="module")
def running(
    fox: Firefox,
    seed_cards: Path,
    seed_papers: list[Paper],
    taxonomy: Taxonomy,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("rooms")
    cards = write_cards(folder / "cards.jsonl", list(read_cards(seed_cards))[:3])
    with desk(
        cards,
        folder,
        seed_papers[:3],
        taxonomy,
        review_file=folder / "r.jsonl",
        work=folder / "w.jsonl",
    ) as one:
        fox.open(one.entrance)
        wait_for(lambda: fox.url.endswith("/browse"))
        yield one


def test_every_room_fits_has_keys_and_no_fault(
    fox: Firefox, running: Served, seed_papers: list[Paper]
) -> None:
    name = seed_papers[0].id
    rooms = [
        "/browse",
        "/browse?view=table",
        "/browse/charts",
        "/browse/map",
        "/api",
        "/review",
        "/label",
        "/label/agreement",
    ]
    rooms += [f"/browse/paper/{name}", review.paper_path(name), label.paper_path(name)]
    for room in rooms:
        fox.open(running.url + room)
        for width in (320, 390, 768, 1920, 1280):
            fox.show(width=width)
            assert fox.run("return innerWidth") == width
            assert fox.run(NARROW), (room, width)
        fox.run("document.querySelector('.wordmark').focus()")
        fox.press("?")
        assert "this list" in fox.run("return document.querySelector('dialog[open] dl').innerText"), room
        fox.press("\ue00c")
        assert fox.run("return !document.querySelector('dialog[open]')"), room
        assert fox.run("return document.activeElement.className") == "wordmark", room
        if AXE.exists():
            fox.run(AXE.read_text("utf-8"))
            assert fox.run(AUDIT, {}) == [], room
            fox.show(width=1280, dark=True)
            assert fox.run(AUDIT, {"runOnly": ["color-contrast"]}) == [], room
            fox.show(width=1280)


def test_what_is_searched_corrected_and_labelled_by_keyboard_is_there(
    fox: Firefox, running: Served, seed_papers: list[Paper]
) -> None:
    fox.open(f"{running.url}/browse")
    fox.press("/", *"xmodel-1")
    wait_for(lambda: fox.run("return document.querySelector('.said').innerText") == "1 of 3 papers")
    fox.press("\ue00c", "j", "\ue007")
    wait_for(lambda: "/browse/paper/" in fox.url)
    assert fox.run("return document.querySelectorAll('.abstract mark').length") > 0

    fox.open(running.url + review.paper_path(seed_papers[0].id))
    fox.press("w", "a")
    file = ReviewFile(running.cards.with_name("r.jsonl"))

    def edits() -> int:
        file.refresh()
        return sum(len(file.overlay.of(key)) for key in file.overlay.cards())

    wait_for(lambda: edits() == 1)
    fox.press("u")
    wait_for(lambda: edits() == 0)

    fox.open(running.url + label.paper_path(seed_papers[0].id))
    fox.press("1", "t", *"robotics", "\ue007", "\ue00c")
    passes = Passes(running.cards.with_name("w.jsonl"))

    def work() -> list[str]:
        passes.refresh()
        save = passes.work("ada", seed_papers[0])
        return [*save.work.tasks] if save is not None and save.work.claims else []

    wait_for(lambda: work() == ["robotics"])


def test_an_open_page_of_a_renewed_site_says_that_there_is_news(
    fox: Firefox, seed_cards: Path, tmp_path: Path
) -> None:
    index = Index(tmp_path / "index.db")
    cards = list(read_cards(seed_cards))
    index.add(cards[:2], origin=0)
    export("cards.jsonl", index, tmp_path / "site", renewed=True)
    fox.open((tmp_path / "site/index.html").as_uri())
    news = "return document.querySelector('[data-part=news]').innerText"
    wait_for(lambda: fox.run("return window.PAPERCARDS_NEWS !== undefined"))
    assert fox.run(news) == ""
    index.add(cards[2:5], origin=0)
    export("cards.jsonl", index, tmp_path / "site", renewed=True)
    index.close()
    fox.run("dispatchEvent(new Event('focus'))")
    wait_for(lambda: fox.run(news) == "3 new papers. Show it")
    fox.run("document.querySelector('[data-part=news] button').click()")
    wait_for(lambda: fox.run("return document.querySelector('.said')?.innerText") == "5 papers")
