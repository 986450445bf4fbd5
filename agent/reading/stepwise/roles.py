"""The role that the baseline takes each sentence for, in one word.

It stands after the sentence in the transcript, so that the model reads a paper in which every sentence has
been answered for, as in the form that it is to fill in. The states that are read stand before it.

Knows scores of the baseline. Knows no models.
"""

import re
from collections.abc import Sequence

from ..baseline import Chances

_PROPOSE = re.compile(
    r"\b(we|paper|work|article|report|study)\b.{0,40}"
    r"\b(propos|introduc|present|develop|aim|investigat|study|explor|consider|examin|address)\w*",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(we|our)\b", re.IGNORECASE)
_WORDS = {"theoretical": "theory"}


def roles(sentences: Sequence[str], chances: Sequence[Chances], threshold: float) -> list[str]:
    """The kind of each claim; else `aim`, `method` once the paper speaks of its own work, `background`."""
    found = []
    own = False
    for text, chance in zip(sentences, chances, strict=True):
        if chance.claim >= threshold:
            role = _WORDS.get(chance.kind, chance.kind)
        elif _PROPOSE.search(text):
            role = "aim"
        else:
            role = "method" if own else "background"
        own = own or bool(_OWN.search(text))
        found.append(role)
    return found
