"""How alike a paper is to the papers that the taggers were fitted on, and what accuracy that lets one expect.

The labelled papers are put into groups by their words. A paper's likeness is the cosine of its words with the
closest group's mean. What share of main tasks is right at which likeness is a logistic regression on labelled
papers that neither tagger nor groups had seen. `python -m papercards.evals.fitting.fit_home` fits both.

Knows words. Knows no other papers.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pydantic import TypeAdapter

from .baseline.features import sigmoid, weigh
from .baseline.parameters import DATA, fitted
from .baseline.tags import count

HOME = DATA / "home.json"
STEP = 0.005
"""Width of the steps in which likenesses are counted."""
LEAST_PAPERS = 10
"""Number of papers below which a share would say nothing."""
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Expectation:
    """Log odds of a right main task by likeness: bias + weight * likeness, with the fit's error."""

    bias: float
    weight: float
    covariance: tuple[float, float, float]
    """Variance of the bias, covariance, variance of the weight."""


@dataclass(frozen=True, slots=True)
class HomeFit:
    """What was fitted, as `data/home.json` has it."""

    fitted_on: str
    """Versions of the labels."""
    far: float
    """Likeness below which a paper is far: that of the least alike tenth of the labelled papers."""
    groups: int
    terms: Mapping[str, tuple[tuple[int, int], ...]]
    """For each term the groups whose mean has it, with its weight there in thousandths."""
    expected: Mapping[str, Expectation]
    """The expectation for each model, by its name."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a corpus is from the labelled papers."""

    papers: int
    far: float
    """Share of the papers that are unlike all labelled ones; 0.1 is usual among those themselves."""
    main_task: float | None
    """Share of main tasks expected to be right; None where no fit holds, as for a taxonomy of your own."""
    low: float | None
    high: float | None
    """The ends of its 95% interval."""


ADAPTER: TypeAdapter[HomeFit] = TypeAdapter(HomeFit)


@lru_cache(maxsize=1)
def home() -> HomeFit:
    """What ships."""
    return ADAPTER.validate_json(HOME.read_bytes())


def likeness(fit: HomeFit, title: str, abstract: str) -> float:
    """The cosine with the closest group, from 0 to 1."""
    rarity = fitted().rarity
    found = [0.0] * fit.groups
    for term, value in weigh(count(title, abstract), rarity, max(rarity.values())).items():
        for group, weight in fit.terms.get(term, ()):
            found[group] += value * weight
    return max(found) / 1000


def expected(fit: Expectation, steps: Mapping[int, float]) -> tuple[float, float, float]:
    """The share of right main tasks for papers counted by step of likeness, and its 95% interval.

    The interval has both the fit's error and that of so many papers.
    """
    size = sum(steps.values())
    mean = spread = by_bias = by_weight = 0.0
    for step, papers in steps.items():
        at = (step + 0.5) * STEP
        chance = sigmoid(fit.bias + fit.weight * at)
        slope = chance * (1 - chance) * papers / size
        mean += chance * papers / size
        spread += chance * (1 - chance) * papers / size
        by_bias += slope
        by_weight += slope * at
    of_bias, both, of_weight = fit.covariance
    error = by_bias**2 * of_bias + 2 * by_bias * by_weight * both + by_weight**2 * of_weight
    half = _Z * math.sqrt(max(0.0, error) + spread / size)
    return mean, max(0.0, mean - half), min(1.0, mean + half)


class Survey:
    """Measures the papers of a run: each of the first 250, then ever fewer, so that it costs little."""

    def __init__(self, model: str, *, shipped_taxonomy: bool) -> None:
        """`model` is the name of the tagger whose accuracy is expected."""
        self._model = model
        self._shipped = shipped_taxonomy
        self._steps: Counter[int] = Counter()
        self._papers = self._measured = 0
        self._far = 0
        self._stride = 1

    def see(self, title: str, abstract: str) -> None:
        """Take a paper, each one once."""
        self._papers += 1
        if self._papers % self._stride:
            return
        fit = home()
        alike = likeness(fit, title, abstract)
        self._steps[int(alike / STEP)] += self._stride
        self._far += self._stride * (alike < fit.far)
        self._measured += 1
        if self._measured % 250 == 0:
            self._stride *= 2

    def distance(self) -> Distance | None:
        """The outcome; None for so few papers that a share would say nothing."""
        weight = sum(self._steps.values())
        if self._papers < LEAST_PAPERS or not weight:
            return None
        fit = home().expected.get(self._model) if self._shipped else None
        values = expected(fit, self._steps) if fit is not None else (None, None, None)
        main, low, high = (None if value is None else round(value, 3) for value in values)
        return Distance(self._papers, round(self._far / weight, 3), main, low, high)


def told(found: Distance) -> str:
    """A distance in one line."""
    if found.main_task is not None and found.low is not None and found.high is not None:
        interval = f"[{found.low:.0%}, {found.high:.0%}]"
        quality = f"expected quality: about {found.main_task:.0%} of main tasks right {interval}"
    else:
        quality = (
            "expected quality: unknown, since confidences were fitted with other labels or another model"
        )
    return (
        f"{quality}; {found.far:.0%} of {found.papers:,} papers are unlike the labelled ones (10% is usual). "
        "To measure it, label some: papercards eval labels sample CARDS -n 50 --random"
    )
