"""The probability of each label in an answer, from the probabilities of its tokens.

A label is a string of a closed list, so what counts is the token at which it departs from the other labels
of that list: the share of its own continuation among all that still lead to one of them. A label of several
tokens departs in steps, whose shares are multiplied; a token may hold the quote before or behind it.

Knows tokens and taxonomies. Knows no calibration.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from ..fields.spec import ARTIFACTS
from ..model.completion import Logprobs
from ..taxonomy import LABEL_FIELDS, STATUSES, Taxonomy
from .draft import Draft, DraftArtifact, DraftClaim, Scored, rated

_LIST = re.compile(rf'"({"|".join(LABEL_FIELDS)})"\s*:\s*\[([^\]\[]*)\]')
_STATUS = re.compile(r'"(code|data|weights)"\s*:\s*"([^"]*)"')
_CLAIM = re.compile(r'"sentence"\s*:\s*(\d{1,6})\s*,\s*"kind"\s*:\s*"([^"]*)"')
_STRING = re.compile(r'"([^"]*)"')


@dataclass(frozen=True, slots=True)
class TokenChances:
    """Probabilities of what an answer says; what is missing has none."""

    labels: dict[tuple[str, str], float] = field(default_factory=dict)
    """Probability of each label, by field and label."""
    kinds: dict[int, float] = field(default_factory=dict)
    """Probability of each claim's kind, by the number of its sentence."""
    statuses: dict[str, float] = field(default_factory=dict)
    """Probability of the status of `code`, `data` and `weights`."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A label in the answer: the characters `start` to `end`."""

    field: str
    label: str
    start: int
    end: int
    number: int = 0


def token_chances(logprobs: Logprobs, taxonomy: Taxonomy) -> TokenChances:
    """The probabilities of an answer; empty where its tokens are unknown."""
    text, starts = _laid_out(logprobs)
    found = TokenChances()
    for spot in _spots(text):
        if spot.field in ARTIFACTS:
            options: Iterable[str] = STATUSES
        else:
            options = taxonomy.ids("claim_kinds" if spot.field == "claims" else spot.field)
        if spot.label not in options:
            continue
        chance = _chance(spot, [one for one in options if one != spot.label], logprobs, text, starts)
        if spot.field == "claims":
            found.kinds.setdefault(spot.number, chance)
        elif spot.field in ARTIFACTS:
            found.statuses[spot.field] = chance
        else:
            found.labels.setdefault((spot.field, spot.label), chance)
    return found


def needed(logprobs: Logprobs) -> Logprobs:
    """The tokens without the alternatives of those that belong to no label."""
    text, starts = _laid_out(logprobs)
    wanted = {number for spot in _spots(text) for number in _tokens_of(spot, starts)}
    if not wanted:
        return ()
    return tuple(tops if number in wanted else tops[:1] for number, tops in enumerate(logprobs))


def with_chances(draft: Draft, found: TokenChances) -> Draft:
    """The draft with these probabilities as its confidences, uncorrected."""

    def rate(name: str, one: Scored | DraftClaim | DraftArtifact) -> float | None:
        if isinstance(one, Scored):
            return found.labels.get((name, one.label))
        return found.kinds.get(one.sentence) if isinstance(one, DraftClaim) else found.statuses.get(name)

    return rated(draft, rate)


def _laid_out(logprobs: Logprobs) -> tuple[str, list[int]]:
    """The text that the tokens make, and where each begins."""
    words = [tops[0][0] if tops else "" for tops in logprobs]
    return "".join(words), [0, *accumulate(map(len, words))][: len(words)]


def _spots(text: str) -> Iterator[_Spot]:
    """The labels in an answer. Of repeated fields the last counts: reasoning comes before the answer."""
    lists = {match[1]: match for match in _LIST.finditer(text)}
    for name, match in lists.items():
        for one in _STRING.finditer(match[2]):
            start = match.start(2) + one.start(1)
            yield _Spot(name, one[1], start, start + len(one[1]))
    for match in {match[1]: match for match in _STATUS.finditer(text)}.values():
        yield _Spot(match[1], match[2], match.start(2), match.end(2))
    for match in {int(match[1]): match for match in _CLAIM.finditer(text)}.values():
        yield _Spot("claims", match[2], match.start(2), match.end(2), int(match[1]))


def _chance(
    spot: _Spot, others: Sequence[str], logprobs: Logprobs, text: str, starts: Sequence[int]
) -> float:
    """The product over the label's tokens of its share among what still leads to some label."""
    own, rest = f'{spot.label}"', [f'{other}"' for other in others]
    chance = 1.0
    for number in _tokens_of(spot, starts):
        tops, start = logprobs[number], starts[number]
        if not tops or start + len(tops[0][0]) <= spot.start:
            continue
        before, written = text[start : spot.start], text[spot.start : start]
        mine = theirs = 0.0
        for token, logprob in tops:
            if not token.startswith(before) or not token:
                continue  # what opens no string leads to no label
            so_far = written + token[len(before) :]
            if _leads(so_far, own):
                mine += math.exp(logprob)
            elif any(_leads(so_far, other) for other in rest):
                theirs += math.exp(logprob)
        if mine + theirs > 0:
            chance *= mine / (mine + theirs)
    return chance


def _tokens_of(spot: _Spot, starts: Sequence[int]) -> range:
    """The tokens that hold a label and the quote behind it."""
    return range(max(0, bisect_right(starts, spot.start) - 1), bisect_right(starts, spot.end))


def _leads(so_far: str, label: str) -> bool:
    return label.startswith(so_far) or so_far.startswith(label)
