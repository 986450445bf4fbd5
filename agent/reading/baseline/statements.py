"""Which sentences claim something, and of what kind.

A sentence is described by the runs of stems in it, by cues (has a number, says "we prove", contrasts with
earlier work, …) and by its place. A logistic regression over these says whether it is a claim, a second one,
multinomial, of which kind. A kind that was never seen in training is judged by how close its definition is.

The cues are written by hand from how abstracts are written in general. Knows texts; knows no files.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .features import Vector, runs, sigmoid, terms, tokens, weigh
from .features import cosine as closeness
from .parameters import ClaimFit

_PATTERNS = {
    "own": r"\b(we|our|ours|this (paper|work|article|report|study|survey))\b",
    "better": r"\b(outperform|surpass|exceed|achiev|attain|improv|beat|match(es|ing)?\b|reach|yield|boost"
    r"|enhanc|gain|superior|rival)\w*",
    "results-show": r"\b(experiment|evaluation|result|benchmark|empirical|ablation|simulation|analys[ie]s"
    r"|case stud)\w*\b.{0,60}\b(show|demonstrat|indicat|reveal|suggest|confirm|validat|prove|highlight"
    r"|illustrat|verif)\w*",
    "we-show": r"\bwe\b.{0,30}\b(show|demonstrate|find|found|observe|discover|reveal|verify|confirm"
    r"|report)\b",
    "find": r"\b(we (also |further )?(find|found|observe|discover|identify)|findings?|reveals?|surprising"
    r"|interestingly|notably|suggests?|insight|observ|correlat|tend to|depend)\w*",
    "prove": r"\b(prove[sdn]?|proof|theorem|lemma|bound(s|ed)?|guarantee\w*|provabl\w+"
    r"|necessary and sufficient"
    r"|if and only if|np-?hard\w*|hardness|optimality|polynomial[- ]time|converge\w*|minimax"
    r"|sample complexity"
    r"|universal|impossib\w+|characteri[sz]\w+|equivalen\w+|isomorph\w+|axiom\w*|derive[sd]?|establish\w*"
    r"|consisten\w+|identifiab\w+|o\()",
    "cheaper": r"\b(faster|speed-?up|speed|latency|throughput|flops?|memory|compute|computational\w*"
    r"|parameters?"
    r"|cost\w*|efficien\w+|cheaper|lightweight|fewer|reduc\w+|less|sav(e|es|ing|ings)|scalab\w+|runtime"
    r"|wall-?clock|overhead|accelerat\w+|only \d+)\b",
    "times": r"(?<!\d)\d++(\.\d++)?\s*+(x|\u00d7|times|\\times|-fold)(?!\w)",
    "percent": r"\d\s*\\?%|percent|points?\b",
    "number": r"\d",
    "state-of-the-art": r"\b(state[- ]of[- ]the[- ]art|sota|competitive|comparable|on par|superior"
    r"|better (than|performance)|best|significant\w*|substantial\w*|consistent\w*|strong performance"
    r"|accuracy)\b",
    "than": r"\b(than|compared (to|with)|over (existing|previous|prior|the)|baselines?|versus)\b",
    "release": r"\b(releas\w+|open[- ]?sourc\w+|publicly|available|accessible|github|hugging ?face)\b",
    "link": r"https?://|www\.|github\.com",
    "artifact": r"\b(code|codes|data ?sets?|models?|checkpoints?|weights|benchmark|corpus|library|toolkit"
    r"|implementation|package)\b",
    "provide": r"\b(we|paper|work|report)\b.{0,40}\b(provide|contribute|release|present|introduce|construct"
    r"|collect|build|publish|offer|compile|curate)\w*\b.{0,60}\b(data ?sets?|benchmark|corpus|suite|library"
    r"|toolkit|package|models?|examples|problems|collection|repository|tool)\b",
    "propose": r"\b(we|paper|work|article|report|study)\b.{0,30}\b(propos|introduc|present|develop"
    r"|design|aim"
    r"|investigat|study|explor|consider|describ|address|examin|focus)\w*",
    "first": r"\b(the first|first time|first to|first work|novel|unlike|never|unprecedented"
    r"|no (prior|previous|existing))\b",
    "contrast": r"\b(however|despite|although|while|yet|unfortunately|challeng\w+|remain\w*|recent\w*"
    r"|existing"
    r"|often|typically|traditional\w*|limited|lack\w*|difficult\w*|problem|important|crucial"
    r"|increasingly|popular"
    r"|widely|have been|has been|has become)\b",
    "goal": r"\b(aim|goal|hope|seek|in order to|future work|to address|to this end|to tackle|to overcome"
    r"|specifically|in particular|first,|then|finally|consists? of|we (use|apply|adopt|employ|train"
    r"|leverage"
    r"|evaluate|conduct|perform|discuss|review|compare|test))\b",
    "experiments": r"\b(extensive|experiments?|experimental\w*|empirical\w*|evaluat\w+|results?"
    r"|demonstrat\w+)\b",
    "effective": r"\b(effective\w*|robust\w*|generali[sz]\w+|strong|success\w*|promising|advantage\w*"
    r"|benefit\w*"
    r"|enabl\w+|capab\w+|potential)\b",
    "can": r"\b(can|able to|allow\w*)\b",
    "show": r"\b(show|shows|showing|demonstrate|demonstrates|prove|exhibit|exhibits)\b",
}
CUES: Mapping[str, re.Pattern[str]] = {name: re.compile(pattern) for name, pattern in _PATTERNS.items()}
"""Names of what a sentence may have, and how it is seen in lower case (which is searched twice as fast as any
case)."""

PLACES = (
    "place",
    "place-squared",
    "is-first",
    "is-second",
    "is-last",
    "is-last-but-one",
    "few-sentences",
    "length",
    "after-own",
    "after-propose",
    "after-results",
    "after-show",
)
"""Names of what is said of a sentence by where it stands, and after what."""

WORD_WEIGHT = 3.0
"""Length of the vector of a sentence's words; each cue counts 1."""
NEW_KIND_WEIGHT = 4.0
"""How strongly the closeness of a definition speaks for a kind that was never seen."""

_NUMBER = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the classifier sees of a sentence."""

    words: frozenset[str]
    """Runs of one or two stems; every number is `num`."""
    cues: Mapping[str, float]
    """Cues and places that are not 0, by name."""


@dataclass(frozen=True, slots=True)
class Chances:
    """The probabilities for one sentence."""

    claim: float
    """Probability of a claim of any kind."""
    kinds: Mapping[str, float]
    """Probability of a claim of each kind; they add up to `claim`."""

    @property
    def none(self) -> float:
        """Probability of no claim."""
        return 1 - self.claim

    def rescaled(self, claim: float) -> "Chances":
        """The same kinds with another probability of being a claim."""
        scale = claim / self.claim if self.claim else 0.0
        return Chances(claim, {kind: scale * share for kind, share in self.kinds.items()})

    @property
    def kind(self) -> str:
        """The likeliest kind."""
        return max(self.kinds, key=lambda kind: (self.kinds[kind], kind))


def describe(sentences: Sequence[str]) -> list[Sentence]:
    """The features of all sentences of an abstract."""
    size = len(sentences)
    found: list[Sentence] = []
    spoken = proposed = resulted = shown = False
    for number, text in enumerate(sentences, start=1):
        here = _cues(text)
        place = number / size
        cues = dict.fromkeys(here, 1.0) | {
            "place": place,
            "place-squared": place * place,
            "is-first": float(number == 1),
            "is-second": float(number == 2),
            "is-last": float(number == size),
            "is-last-but-one": float(number == size - 1),
            "few-sentences": float(size <= 3),
            "length": min(len(text.split()), 60) / 60,
            "after-own": float(spoken),
            "after-propose": float(proposed),
            "after-results": float(resulted),
            "after-show": float(shown),
        }
        words = frozenset(runs(tokens(_NUMBER.sub(" num ", text)), 2))
        found.append(Sentence(words, {name: value for name, value in cues.items() if value}))
        spoken = spoken or "own" in here or "propose" in here
        proposed = proposed or "propose" in here
        resulted = resulted or "results-show" in here
        shown = "show" in here
    return found


def _cues(text: str) -> tuple[str, ...]:
    # In one order, since sums of floats depend on it.
    lower = text.lower()
    return tuple(name for name, pattern in CUES.items() if pattern.search(lower))


class Classifier:
    """The probabilities of claims and their kinds, for the kinds of one taxonomy."""

    def __init__(self, fit: ClaimFit, kinds: Mapping[str, str], rarity: Mapping[str, float]) -> None:
        self._fit = fit
        self._kinds = kinds
        self._columns = {kind: n for n, kind in enumerate(fit.kinds, start=1) if kind in kinds}
        self._rarity = rarity
        self._unknown = max(rarity.values())
        self._definitions: dict[str, Vector] = {
            kind: weigh(terms(f"{kind} {meaning}"), rarity, self._unknown)
            for kind, meaning in kinds.items()
            if kind not in self._columns
        }

    def chances(self, sentences: Sequence[str]) -> list[Chances]:
        """The probabilities for each sentence of an abstract."""
        return [
            self._one(text, sentence) for text, sentence in zip(sentences, describe(sentences), strict=True)
        ]

    def _one(self, text: str, sentence: Sentence) -> Chances:
        scores = list(self._fit.bias)
        known = [self._fit.words[word] for word in sorted(sentence.words) if word in self._fit.words]
        if known:
            scale = WORD_WEIGHT / math.sqrt(len(known))
            for row in known:
                scores = [score + scale * weight for score, weight in zip(scores, row, strict=True)]
        for name, value in sentence.cues.items():
            cue = self._fit.cues[name]
            scores = [score + value * weight for score, weight in zip(scores, cue, strict=True)]
        claim = sigmoid(scores[0])
        odds = {kind: scores[column] for kind, column in self._columns.items()}
        if self._definitions:
            vector = weigh(terms(text), self._rarity, self._unknown)
            odds |= {
                kind: NEW_KIND_WEIGHT * closeness(vector, definition)
                for kind, definition in self._definitions.items()
            }
        top = max(odds.values())
        shares = {kind: math.exp(odds[kind] - top) for kind in self._kinds}
        whole = sum(shares.values())
        return Chances(claim, {kind: claim * share / whole for kind, share in shares.items()})
