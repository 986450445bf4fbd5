"""Whether a paper's code, data and weights are to be had, by a classifier that has the rules as features.

The rules of `availability` see what is said to be given out. Whether the authors mean a thing of their own
("the code is available") or the world in general ("when enough data is available") hangs on the words around
it, so a logistic regression weighs both. It judges each sentence; the surest one speaks for the paper.

Knows text and fitted weights.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...card import Status
from .availability import ARTIFACTS, NOUNS, Artifact, Rule, evidence
from .features import runs, sigmoid, tokens
from .parameters import OfferFit

_HEDGE = re.compile(
    r"\b(?:not|never|no|often|always|when|where|if|already|hardly|enough|limited|amount|many|most|usually"
    r"|existing|widely|although|unavailable|lack|requir\w*)\b"
)
_OPEN = re.compile(
    r"\b(?:open[- ]?(?:sourc\w*|weights?|access)|releas\w*|publicly|made available|share[ds]?|publish\w*)\b"
)
_FOOTNOTE = re.compile(r"(?<=[a-z]{4})\d\b")
_LINKED = 2.2
_WORDS = 3.0
"""Length of the vector of a sentence's words; each cue counts 1."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the paper says about one artifact."""

    rule: Rule
    """The rule that matched the sentence."""
    sentence: int | None
    """Number of the clearest sentence, from 1; None if no sentence mentions it."""
    chance: float
    """Probability that it is stated to be released or promised."""
    promised: float
    """Probability that it is only promised, if it is stated."""
    stated: bool

    @property
    def status(self) -> Status:
        """The likeliest, where the chance is above the fitted threshold."""
        if not self.stated:
            return "not-stated"
        return "promised" if self.promised > 0.5 else "released"

    @property
    def chances(self) -> dict[Status, float]:
        """The probability of each status: they add up to 1."""
        promised = round(self.chance * self.promised, 4)
        released = round(self.chance - promised, 4)
        return {"released": released, "promised": promised, "not-stated": round(1 - self.chance, 4)}


def signals(text: str, place: int, size: int) -> dict[Artifact, tuple[Rule, dict[str, float]]]:
    """For each artifact that a sentence may speak of, the rule that fired and the features by name.

    `place` is the sentence's number from 1, `size` how many there are.
    """
    seen = evidence(_FOOTNOTE.sub("", text))
    if seen is None:
        return {}
    lower = seen.bare.lower()
    opens = _OPEN.search(lower) is not None
    cues = {*seen.cues, *(["open"] if opens else []), *(["hedge"] if _HEDGE.search(lower) else [])}
    found: dict[Artifact, tuple[Rule, dict[str, float]]] = {}
    for artifact in ARTIFACTS:
        rule = seen.rules.get(artifact, "silent")
        named = NOUNS[artifact].search(seen.bare) is not None
        if rule == "silent" and not named and not (artifact == "code" and (opens or "link" in cues)):
            continue
        names = {f"{artifact}-{rule}", f"rule-{rule}", artifact, *cues, *(f"{cue}-{rule}" for cue in cues)}
        names |= {"noun"} if named else set()
        names |= {"last"} if place == size else set()
        row = dict.fromkeys(names, 1.0) | {"place": place / size}
        masked = seen.bare
        for other in ARTIFACTS:
            masked = NOUNS[other].sub(" thingx " if other == artifact else " otherx ", masked)
        said = runs(tokens(masked), 2)
        found[artifact] = (rule, row | {f"w:{word}": _WORDS for word in said})
    return found


def log_odds(fit: OfferFit, rule: Rule, row: dict[str, float]) -> float:
    """That a sentence states that the artifact is, or will be, to be had.

    A bare link to a repository or a model's page does so whatever else is said, as the labels' guidelines
    have it.
    """
    total, spoken, size = fit.bias, 0.0, 0
    # Sorted, because sets have no order and sums of floats depend on it.
    for name, value in sorted(row.items()):
        if (weight := fit.weights.get(name)) is None:
            continue
        if name.startswith("w:"):
            spoken += value * weight
            size += 1
        else:
            total += value * weight
    total += spoken / size**0.5 if size else 0.0
    return max(total, _LINKED) if rule == "linked" else total


def offers(fit: OfferFit, sentences: Sequence[str]) -> dict[Artifact, Offer]:
    """What the sentences of a paper say of code, data and weights."""
    best: dict[Artifact, tuple[float, int, Rule]] = {}
    for number, text in enumerate(sentences, start=1):
        for artifact, (rule, row) in signals(text, number, len(sentences)).items():
            odds = log_odds(fit, rule, row)
            if artifact not in best or odds > best[artifact][0]:
                best[artifact] = (odds, number, rule)
    found = {}
    for artifact in ARTIFACTS:
        odds, number, rule = best.get(artifact, (fit.bounds[artifact][0], 0, "silent"))
        found[artifact] = offer_of(fit, artifact, odds, rule, number)
    return found


def offer_of(
    fit: OfferFit, artifact: Artifact, odds: float, rule: Rule = "silent", sentence: int | None = None
) -> Offer:
    """What follows from the log odds of the clearest sentence."""
    least, most = fit.bounds[artifact]
    chance = sigmoid(min(max(odds, least), most))
    stated = chance >= fit.threshold
    return Offer(rule, sentence if stated else None, chance, fit.promised.get(rule, 0.0), stated)
