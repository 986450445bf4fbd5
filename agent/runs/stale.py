"""What of finished cards is out of date: which fields, why, and what asking them again would cost.

A field is out of date if it was answered with another spec, by another model, or not at all. Knows cards and
readers. Knows no terminal, and sends nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..card import Card
from ..fields.spec import SHIPPED, FieldSet
from ..reading.decide.reader import DecideReader
from ..reading.own_labels import OwnLabelsReader
from ..reading.reader import ModelReader, Reader
from .estimate import CHARACTERS_PER_TOKEN, Estimate

NEW = "not asked yet"
CHANGED = "question, type or options changed"
UNKNOWN = "made with other labels or another prompt, of which nothing is known here"
OTHER_MODEL = "made by another model"

_USUAL_CHARACTERS = 1600
"""Characters of a title and an abstract, for cards that do not tell how long their paper was."""
_ANSWER_TOKENS = 20
"""Usual completion tokens of one field."""


@dataclass
class Stale:
    """What is out of date in a file of cards."""

    cards: int = 0
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Number of cards for each field and reason."""
    wanted: Estimate = field(default_factory=Estimate)
    """What asking would take; `papers` are those of which something is out of date."""

    @property
    def is_current(self) -> bool:
        """Whether nothing is out of date."""
        return not self.fields


def stale(cards: Iterable[Card], reader: Reader, fields: FieldSet, model: str) -> Stale:
    """What of these cards is out of date for this reader and these fields."""
    found = Stale()
    names = [name for name in fields.asked if fields.only is None or name in fields.only]
    for card in cards:
        found.cards += 1
        reasons = _reasons(card, reader, fields, model)
        missing = [name for name in names if name in reasons]
        if not missing:
            continue
        found.fields.update((name, reasons[name]) for name in missing)
        found.wanted.papers += 1
        if isinstance(reader, ModelReader):
            characters = reader.characters_for(missing) + _length(card, reader)
            found.wanted.calls += 1
            found.wanted.prompt_tokens += round(characters / CHARACTERS_PER_TOKEN)
            found.wanted.completion_tokens += 10 + _ANSWER_TOKENS * len(missing)
        elif isinstance(reader, DecideReader):
            calls, asked = reader.size_of(missing)
            found.wanted.calls += calls
            found.wanted.prompt_tokens += round((asked + calls * _USUAL_CHARACTERS) / CHARACTERS_PER_TOKEN)
    return found


def _reasons(card: Card, reader: Reader, fields: FieldSet, model: str) -> dict[str, str]:
    """Why fields are out of date, by name."""
    made = card.provenance
    if made.model != model:
        return dict.fromkeys(fields.asked, OTHER_MODEL)
    if isinstance(reader, ModelReader):
        specs: Mapping[str, str] | None = made.specs or reader.specs_of(made.prompt)
        if specs is None:
            return dict.fromkeys(fields.asked, UNKNOWN)
        current = reader.specs
    else:
        specs = {**made.specs, **dict.fromkeys(SHIPPED, f"{made.prompt} {made.taxonomy}")}
        now = f"{reader.made_by['prompt']} {reader.made_by['taxonomy']}"
        # Only some types have an answer of such models; the others stay null whenever they are read.
        own = reader.specs if isinstance(reader, DecideReader | OwnLabelsReader) else {}
        current = {**own, **dict.fromkeys(SHIPPED, now)}
    return {
        name: NEW if name not in specs else CHANGED
        for name, spec in current.items()
        if specs.get(name) != spec
    }


def _length(card: Card, reader: ModelReader) -> float:
    """Characters of a paper as it is sent, from the tokens of its card where they tell."""
    made = card.provenance
    if made.calls != 1 or made.answers or not made.tokens.prompt:
        return _USUAL_CHARACTERS
    rest = made.tokens.prompt * CHARACTERS_PER_TOKEN - reader.characters_for(SHIPPED)
    return rest if 200 < rest < 100_000 else _USUAL_CHARACTERS
