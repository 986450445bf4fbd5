"""What can be said of many cards together: how many have a label, and what made them. Memory is bounded."""

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, NamedTuple

from ..card import Card

MOST_NAMES = 10_000
"""Different names that are counted; a taxonomy has some hundred."""


class Maker(NamedTuple):
    """What cards were made by."""

    model: str
    model_sha256: str | None
    prompt: str
    taxonomy: str


@dataclass
class Facts:
    """Counts, in cards."""

    cards: int = 0
    labels: dict[str, Counter[str]] = field(default_factory=dict)
    """By the card's field: tasks, modalities, contributions, claims (their kinds), code, data, weights."""
    makers: Counter[Maker] = field(default_factory=Counter)
    first: str = ""
    """When the first answer was made, UTC; empty where no model was asked."""
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
    """Published figures."""

    split: str
    papers: int
    date: str
    figures: dict[str, str]


def measured(maker: Maker) -> Measured | None:
    """What was measured with exactly this model, prompt and taxonomy; None: nothing."""
    file = resources.files("papercards") / "data" / "measured.toml"
    for entry in tomllib.loads(file.read_text(encoding="utf-8"))["measured"]:
        if all(entry[name] == getattr(maker, name) for name in ("model", "prompt", "taxonomy")):
            return Measured(entry["split"], entry["papers"], entry["date"], entry["figures"])
    return None
