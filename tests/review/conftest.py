"""What tests of corrections share: papers with sentences, and the baseline's cards of them."""

import json
from pathlib import Path

import pytest

from papercards.card import Card, Label
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.taxonomy import LABEL_FIELDS, Taxonomy
from tests.conftest import make_paper


@pytest.fixture(scope="session")
def papers() -> list[Paper]:
    texts = {
        "Counting to Four": "Counting is hard. We count to 4 with a new method. "
        "It is 12% better than guessing. "
        "Our code is available at https://github.com/a/b.",
        "Graphs That Forecast": "Graphs change over time. We forecast time series on graphs with attention. "
        "The error falls by 8 percent. We will release the data.",
        "A Bound for Sets": "Sets have no order. We prove a bound for functions on sets. It is tight.",
    }
    return [make_paper(title, abstract) for title, abstract in texts.items()]


@pytest.fixture(scope="session")
def cards(papers: list[Paper], taxonomy: Taxonomy) -> list[Card]:
    reader = BaselineReader(taxonomy)
    return [_sure(reader.card(paper)) for paper in papers]


def _sure(card: Card) -> Card:
    """The card with its first candidate for each field that has no more: something to correct."""
    found = {
        field: tuple(Label(label=one.label, confidence=one.confidence) for one in card.unsure_of(field)[:1])
        for field in LABEL_FIELDS
        if not getattr(card, field)
    }
    return card.model_copy(update={**found, "candidates": ()})


@pytest.fixture
def cards_file(cards: list[Card], tmp_path: Path) -> Path:
    path = tmp_path / "cards.jsonl"
    # Spaces that our own writer would not leave: unchanged cards must keep them.
    path.write_text("".join(card.to_json().replace('","', '", "') + "\n" for card in cards), encoding="utf-8")
    return path


@pytest.fixture
def source_file(papers: list[Paper], tmp_path: Path) -> Path:
    path = tmp_path / "papers.jsonl"
    lines = [json.dumps({"title": one.title, "abstract": one.abstract}) for one in papers]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
