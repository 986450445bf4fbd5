"""Counts labels and makers of many cards, in bounded memory."""

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, NamedTuple

from ..card import Card

MOST_NAMES = 10_000
"""Maximum number of different names that are counted; a taxonomy has about a hundred."""


class Maker(NamedTuple):
    """The model, prompt and taxonomy of a card."""

    model: str
    model_sha256: str | None
    prompt: str
    taxonomy: str


@dataclass
class Facts:
    """Counts of cards."""

    cards: int = 0
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    """Counts by field of the card: tasks, modalities, contributions, claims (their kinds), code, data,
    weights.
    """
    makers: Counter[Maker] = field(default_factory=Counter)
    first: str = ""
    """Time of the first answer in UTC; empty if no model was used."""
    last: str = ""

    def add(self, card: Card) -> None:
        """Count one card."""
        there, made = card.reproducibility, card.provenance
        self.cards += 1
        for name, labels in (
            ("tasks", {one.label for one in card.tasks}),
            ("modalities", {one.label for one in card.modalities}),
            ("contributions", {one.label for one in card.contributions}),
            ("claims", {one.kind for one in card.claims}),
            ("code", {there.code.status}),
            ("data", {there.data.status}),
            ("weights", {there.weights.status}),
        ):
            counter = self.labels.setdefault(name, Counter())
            for label in sorted(labels):
                _count(counter, label)
        _count(self.makers, Maker(made.model, made.model_sha256, made.prompt, made.taxonomy))
        if made.created:
            self.first = min(self.first or made.created, made.created)
            self.last = max(self.last, made.created)


def _count(counter: Counter[Any], name: object) -> None:
    if name in counter or len(counter) < MOST_NAMES:
        counter[name] += 1


@dataclass(frozen=True)
class Measured:
    """Published evaluation figures."""

    split: str
    papers: int
    date: str
    figures: dict[str, str]


def measured(maker: Maker) -> Measured | None:
    """The figures for exactly this model, prompt and taxonomy; None if not measured."""
    file = resources.files("papercards") / "data" / "measured.toml"
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["measured"]:
        if all(entry[name] == getattr(maker, name) for name in ("model", "prompt", "taxonomy")):
            return Measured(entry["split"], entry["papers"], entry["date"], entry["figures"])
    return None
