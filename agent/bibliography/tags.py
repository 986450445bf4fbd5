"""The form of a card for reference managers: keywords, and one line of notes.

Keywords are `task/…`, `modality/…`, `contribution/…`, and `code/released` or `code/promised`, the same for
`data` and `weights`; "not stated" gives no keyword. The note starts with `papercards: `, so that it can be
found and replaced later without touching what people wrote.

Cards may come from anywhere, so both are sanitised here: keywords keep only letters, digits and `_.+:/-`, and
the note is one printable line. Formats add their own escaping.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..text.invisible import visible

if TYPE_CHECKING:
    from ..card import Card
    from ..publication import Publication

MARK = "papercards: "

_UNFIT = re.compile(r"[^\w.+:/-]+")
_MOST = 2000
"""Maximum characters of a note; a summary has thirty words."""


@dataclass(frozen=True, slots=True)
class Tags:
    """The data written into an entry."""

    keywords: tuple[str, ...]
    """Keywords without duplicates, in the order of the card."""
    note: str
    """One line that starts with `MARK`; empty for no note."""

    def missing(self, there: Iterable[str]) -> list[str]:
        """The keywords that are missing, ignoring case."""
        known = {word.strip().casefold() for word in there}
        return [word for word in self.keywords if word.casefold() not in known]


def behind(words: str, more: Iterable[str]) -> str:
    """Keywords as they go on behind others in one text, with the separator that stands there."""
    separator = "; " if ";" in words and "," not in words else ", "
    before = words.rstrip()
    return (" " if before[-1:] in (",", ";") else separator if before else "") + separator.join(more)


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


_CONFERENCE = re.compile(
    r"\b(?:proc(?:eedings|\.)?|conference|conf\.|workshop|symposium|meeting|congress|advances in neural"
    r"|lecture notes|neurips|nips|icml|iclr|aaai|ijcai|acl|naacl|emnlp|eacl|coling|cvpr|iccv|eccv|kdd"
    r"|sigir|interspeech|icassp|colt|aistats|uai|chi|www|colm|corl|icra)\b",
    re.IGNORECASE,
)


def kind_of(about: "Publication") -> Literal["article", "conference", "other"]:
    """Whether a paper is of a journal or a conference, from the name of its venue."""
    if not about.venue or about.venue.casefold().startswith(("arxiv", "corr", "biorxiv", "medrxiv")):
        return "other"
    return "conference" if _CONFERENCE.search(about.venue) else "article"


def one_line(text: str) -> str:
    """The text on one line, without invisible characters and invalid Unicode."""
    shown = "".join(c for c in visible(" ".join(text.split()))[0] if unicodedata.category(c)[0] != "C")
    return " ".join(shown.split())


def with_note(lines: str, note: str) -> str:
    """The lines of a note field with our note: replacing an older one, else at the end."""
    if not note:
        return lines
    kept = lines.split("\n")
    ours = [at for at, line in enumerate(kept) if line.startswith(MARK)]
    if not ours:
        return f"{lines}\n{note}" if lines else note
    kept[ours[0]] = note
    return "\n".join(kept)
