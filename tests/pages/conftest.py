"""What tests of the pages share: cards of the seed papers, and the application on a port of its own."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from papercards.card import Card
from papercards.pages.app import ROOMS, application
from papercards.pages.index.database import Index
from papercards.pages.index.follow import Follower
from papercards.pages.reach import Reach
from papercards.pages.room import Room
from papercards.pages.serving import listen
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.sources import BadRecord, open_source
from papercards.taxonomy import Taxonomy
from tests.conftest import SEED
from tests.pages.browsing import BROWSER, Open
from tests.servers.loopback import Server

if TYPE_CHECKING:
    from tests.pages.full_text import Full

TOKEN = "token-of-the-tests"

EXPECTED = ("status of 403", "status of 409", "ERR_CONNECTION_REFUSED")
"""What a browser writes down of refusals that a test provokes."""


@dataclass(frozen=True)
class Served:
    """A running application."""

    port: int
    index: Index
    follower: Follower
    cards: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def entrance(self) -> str:
        return f"{self.url}/?token={TOKEN}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        known: bool = True,
        body: str | None = None,
        encoding: str = "utf-8",
        **headers: str,
    ) -> tuple[HTTPResponse, str]:
        """One request as the browser that was let in sends it; `Sec_Fetch_Site` is the header with dashes."""
        sent = {"Cookie": f"papercards-{self.port}={TOKEN}"} if known else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        link = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.request(method, path, body=body, headers=sent)
            answer = link.getresponse()
            return answer, answer.read().decode(encoding)
        finally:
            link.close()

    def page(self, path: str, **query: str) -> str:
        answer, text = self.ask(path + ("?" + urlencode(query) if query else ""))
        assert answer.status == 200, text
        return text


@contextmanager
def served(
    cards: Path,
    folder: Path,
    papers: list[Paper],
    rooms: Callable[[Index], Sequence[Room]] = lambda index: ROOMS,
) -> Iterator[Served]:
    index = Index(folder / "index.db")
    follower = Follower(cards, index, papers)
    server = listen(0)
    port = server.getsockname()[1]
    app = application(cards, index, follower, TOKEN, Reach(port), rooms(index))
    try:
        with Server(uvicorn.Config(app, log_level="error")).running([server]):
            wait_for(lambda: not follower.busy)
            yield Served(port, index, follower, cards)
    finally:
        index.close()


def wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until it is true; the bound only ends a test that would never end."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(scope="session")
def seed_papers() -> list[Paper]:
    return [record for record in open_source(str(SEED)) if not isinstance(record, BadRecord)]


@pytest.fixture(scope="session")
def seed_cards(
    seed_papers: list[Paper], taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The baseline's cards of the seed papers."""
    reader = BaselineReader(taxonomy)
    path = tmp_path_factory.mktemp("seed") / "cards.jsonl"
    write_cards(path, [reader.card(paper) for paper in seed_papers])
    return path


@pytest.fixture(scope="session")
def seed_served(
    seed_cards: Path, seed_papers: list[Paper], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with served(seed_cards, tmp_path_factory.mktemp("served"), seed_papers) as running:
        yield running


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> "Full":
    """A PDF with sections and its card."""
    from tests.pages.full_text import enriched  # brings libraries that other tests need not wait for

    return enriched(tmp_path_factory.mktemp("full"))


def write_cards(path: Path, cards: list[Card]) -> Path:
    path.write_text("".join(card.to_json() + "\n" for card in cards), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """A page in a browser of its own; what it says of errors fails the test at its end."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def go(url: str, *, width: int = 1280, height: int = 900, **settings: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}") or dialog.dismiss())
        page.on(
            "console",
            lambda said: (
                said.type == "error"
                and not any(expected in said.text for expected in EXPECTED)
                and "favicon" not in str(said.location)
                and complaints.append(f"{said.text} {said.location}")
            ),
        )
        page.goto(url)
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []
