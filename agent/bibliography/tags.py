"""A card as reference managers can hold it: keywords, and one line of notes.

Keywords are `task/…`, `modality/…`, `contribution/…`, and `code/released` or `code/promised`, the same for
`data` and `weights`; what is not stated gives none. The note begins with `papercards: `, by which it is found
again: it is replaced, and what people wrote is not.

Cards may come from anywhere, so both are made harmless here: keywords keep letters, digits and `_.+:/-`, the
note is one line that can be printed. Formats add what they need on top.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..invisible import visible

if TYPE_CHECKING:
    from ..card import Card

MARK = "papercards: "

_UNFIT = re.compile(r"[^\w.+:/-]+")
_MOST = 2000
"""Characters of a note: a summary has thirty words."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What is written into an entry."""

    keywords: tuple[str, ...]
    """Without duplicates, in the card's order."""
    note: str
    """One line with `MARK` at its beginning; empty: none."""

    def missing(self, there: Iterable[str]) -> list[str]:
        """The keywords that are not there yet, upper and lower case being the same."""
        known = {word.strip().casefold() for word in there}
        return [word for word in self.keywords if word.casefold() not in known]


def tags(card: "Card") -> Tags:
    """The keywords and the note of a card."""
    held = card.reproducibility
    words = [
        *(f"task/{one.label}" for one in card.tasks),
        *(f"modality/{one.label}" for one in card.modalities),
        *(f"contribution/{one.label}" for one in card.contributions),
        *(
            f"{name}/{artifact.status}"
            for name, artifact in (("code", held.code), ("data", held.data), ("weights", held.weights))
            if artifact.status != "not-stated"
        ),
    ]
    fit = (_UNFIT.sub("-", word).strip("-")[:100] for word in words)
    line = one_line(card.tldr)[:_MOST]
    return Tags(tuple(dict.fromkeys(fit)), MARK + line if line else "")


def one_line(text: str) -> str:
    """The text on one line, without what cannot be seen and what is no valid Unicode."""
    shown = "".join(c for c in visible(" ".join(text.split()))[0] if unicodedata.category(c)[0] != "C")
    return " ".join(shown.split())


def with_note(lines: str, note: str) -> str:
    """Lines of notes with ours among them: in place of an older one, else at the end."""
    if not note:
        return lines
    kept = lines.split("\n")
    ours = [at for at, line in enumerate(kept) if line.startswith(MARK)]
    if not ours:
        return f"{lines}\n{note}" if lines else note
    kept[ours[0]] = note
    return "\n".join(kept)
