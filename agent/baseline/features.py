"""Words of a text as features: stems, runs of stems, TF-IDF vectors and their cosine.

Pure Python on purpose: a paper takes well under a millisecond, and nothing heavy is imported. Knows no
labels and no papers.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

Vector = Mapping[str, float]
"""A sparse vector of length 1, or an empty one."""

_TOKEN = re.compile(r"[a-z][a-z0-9]*|(?<!\d)\d++[a-z]+\d*")
_URL = re.compile(r"https?://\S+|www\.\S+")

_SUREST = 1e-6

STOP = frozenset(
    "a about above after all also although an and any are as at be because been before being "
    "between both but by can could did do does doing during each either etc few for from "
    "further furthermore had has have having he her here his how however i if in into is it its "
    "itself may might more moreover most much must no nor not of off on once one only or other "
    "our out over own per rather s same she should since so some still such t than that the "
    "their them then there therefore these they this those through thus to too toward towards "
    "two under until up upon us use used using various very via was we well were what when "
    "where whether which while who whose why will with within without would yet you your e g "
    "i.e".split()
)
"""Words that say nothing of a subject."""


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A lower-case word without the usual endings of English inflection, British spelling folded.

    Much milder than Porter's: `models`, `modeling` and `modelled` meet, `generalize` and `general` do not.
    """
    if len(word) <= 3:
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    word = word.replace("isation", "ization").replace("ising", "izing")
    if word.endswith("ise") and len(word) > 5:
        word = word[:-3] + "ize"
    for ending in ("ing", "ed"):
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= 3 and re.search("[aeiouy]", rest):
            word = rest[:-1] if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] != "s" else rest
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def tokens(text: str) -> list[str]:
    """The stems of a text in order, stop words too; URLs and bare numbers are left out."""
    return [stem(word) for word in _TOKEN.findall(_URL.sub(" ", text.lower()))]


def runs(stems: list[str], longest: int) -> Counter[str]:
    """How often each run of 1 to `longest` stems occurs, joined by spaces."""
    found: Counter[str] = Counter(stems)
    for size in range(2, longest + 1):
        found.update(" ".join(part) for part in zip(*(stems[i:] for i in range(size)), strict=False))
    return found


def terms(text: str) -> Counter[str]:
    """The stems and pairs of neighbouring stems that say something, with their counts."""
    kept = [word for word in tokens(text) if word not in STOP and len(word) > 1]
    return runs(kept, 2)


def add(*weighted: tuple[Mapping[str, float], float]) -> dict[str, float]:
    """The sum of counts, each times its weight."""
    total: dict[str, float] = {}
    for counts, weight in weighted:
        for term, count in counts.items():
            total[term] = total.get(term, 0.0) + weight * count
    return total


def inverse_frequencies(documents: Iterable[Iterable[str]]) -> dict[str, float]:
    """Smoothed inverse document frequency: ln((1 + n) / (1 + df)) + 1, as scikit-learn computes it."""
    seen: Counter[str] = Counter()
    size = 0
    for document in documents:
        seen.update(set(document))
        size += 1
    return {term: math.log((1 + size) / (1 + df)) + 1 for term, df in seen.items()}


def weigh(counts: Mapping[str, float], rarity: Mapping[str, float], unknown: float) -> Vector:
    """The TF-IDF vector of length 1, with 1 + ln(count) as term weight.

    `unknown` is the rarity of terms that `rarity` does not have.
    """
    raw = {
        term: (1 + math.log(count) if count >= 1 else count) * rarity.get(term, unknown)
        for term, count in counts.items()
        if count > 0
    }
    length = math.sqrt(sum(value * value for value in raw.values()))
    return {term: value / length for term, value in raw.items()} if length else {}


def cosine(one: Vector, other: Vector) -> float:
    """The cosine of the angle between two vectors: 0 to 1."""
    if len(other) < len(one):
        one, other = other, one
    return sum(value * other[term] for term, value in one.items() if term in other)


def sigmoid(value: float) -> float:
    """The probability for log odds."""
    return 1 / (1 + math.exp(-max(-35.0, min(35.0, value))))


def log_odds(probability: float) -> float:
    """Log odds, finite for 0 and 1."""
    bounded = min(max(probability, _SUREST), 1 - _SUREST)
    return math.log(bounded / (1 - bounded))
