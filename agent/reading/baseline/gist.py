"""One sentence of the abstract that stands for the paper. Knows text alone."""

import re
from collections.abc import Sequence

from ...text.spans import words
from ..draft import MAX_WORDS

_PROPOSES = re.compile(
    r"\b(?:we|this (?:paper|work|article|report|study|survey)|in this (?:paper|work))\b.{0,40}?"
    r"\b(?:propos|present|introduc|show|develop|prove|study|investigat|demonstrat|provid|describ|establish|releas)\w*",
    re.IGNORECASE,
)


def gist(sentences: Sequence[str], title: str) -> tuple[str, bool]:
    """The sentence, and whether it keeps to 30 words.

    The first that says what the authors did, else the first at all, of those that are short enough; the
    shortest if none is; the title of a paper without abstract.
    """
    if not sentences:
        return title, len(words(title)) <= MAX_WORDS
    short = [text for text in sentences if 3 < len(words(text)) <= MAX_WORDS]
    for text in short:
        if _PROPOSES.search(text):
            return text, True
    if short:
        return short[0], True
    shortest = min(sentences, key=lambda text: len(words(text)))
    return shortest, len(words(shortest)) <= MAX_WORDS
