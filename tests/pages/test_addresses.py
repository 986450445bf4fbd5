"""Addresses of papers and of selections, whatever stands in them."""

import time
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest

from papercards.pages.browse.selection import MOST_TAGS, read
from papercards.pages.requests import paper_address
from tests.pages.conftest import served, write_cards
from tests.pages.test_browse import Page
from tests.sinks.cards import card


@pytest.mark.parametrize(
    "name", ["..", ".", "=..", "=", "a/../b", "../x", "a b", "%2e%2e", "x?y#z", "...", "=a"]
)
def test_every_id_has_an_address_that_browsers_ask_for(tmp_path: Path, name: str) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id=name), card(id="other")])
    with served(cards, tmp_path, []) as running:
        address = paper_address("/browse", name)
        # A browser works out what leads up a folder before it asks.
        assert urljoin("http://127.0.0.1/", address).removeprefix("http://127.0.0.1") == address
        assert "/../" not in f"{unquote(address)}/" or "%2F" in address

        assert address in Page(running.page("/browse")).links()
        assert running.page(address)


def test_an_address_of_thousands_of_tags_is_answered_as_one_of_thirty(tmp_path: Path) -> None:
    pairs = [("task", f"t{n}") for n in range(3_000)]

    assert len(read(pairs).tags) == MOST_TAGS == 30
    with served(write_cards(tmp_path / "cards.jsonl", [card(id="a")]), tmp_path, []) as running:
        begin = time.process_time()
        assert running.page("/browse?" + "&".join(f"task=t{n}" for n in range(3_000)))
        assert time.process_time() - begin < 10
