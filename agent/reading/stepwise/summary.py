"""The one sentence that the embedded model writes, and what code can tell is wrong with it.

A small model runs on: what it says comes first and is followed by clauses that say less. So a summary that
is too long is first cut where a clause ends. One with a number or a name that the paper does not have is
asked for once more; the better of the two is kept, with its flags.

Knows text. Knows no models.
"""

import re

from ...text.spans import words
from ..answers import summary_flags
from ..draft import MAX_WORDS
from ..proper_names import strange_names

MOST_TOKENS = 48
"""A sentence of thirty words has 35 to 48."""

_LEAST_WORDS = 8
_CUTS = (
    re.compile(r"[,;:](?= )"),
    re.compile(r"(?<=\w)(?= (?:by|using|while|resulting|leading|allowing) )"),
)
"""Places where a sentence can end early, the safer ones first."""
_END = re.compile(r"(?<=[a-z0-9)\]%][.!?])\s+(?=[A-Z\"(])")


def tidy(raw: str) -> str:
    """The first sentence of what was written, at most `MAX_WORDS` words where it can be cut there."""
    text = " ".join(raw.split()).strip("\"'*` ")
    text = _END.split(text, maxsplit=1)[0]
    if len(words(text)) > MAX_WORDS:
        text = _shortened(text)
    return text if not text or text[-1] in ".!?" else f"{text.rstrip(',;: ')}."


def _shortened(text: str) -> str:
    """The longest beginning that ends with a clause and is short enough; the text itself if there is none."""
    for places in _CUTS:
        for match in reversed(list(places.finditer(text))):
            beginning = text[: match.start()].rstrip()
            if _LEAST_WORDS <= len(words(beginning)) <= MAX_WORDS and _balanced(beginning):
                return beginning
    return text


def _balanced(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count('"') % 2 == 0


def flags(tldr: str, source: str) -> tuple[str, ...]:
    """What is wrong with a summary. `source` is all that it may take numbers and names from."""
    found = list(summary_flags(tldr, source))
    if strange_names(tldr, source):
        found.append("name-not-in-source")
    if not tldr:
        found.append("no-summary")
    return tuple(found)
