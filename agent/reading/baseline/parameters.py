"""What was fitted on the `train` split: `data/baseline.json`, written by `papercards.evals.fitting.fit`.

Read once a process. The keyword lists of `data/keywords.toml` are written by hand and stand beside it. Knows
neither papers nor labels files.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import Base64Bytes, TypeAdapter

from ...text.spans import digest

DATA = Path(__file__).parent.parent.parent / "data"
FITTED = DATA / "baseline.json"
KEYWORDS = DATA / "keywords.toml"


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression: log odds = bias + the sum of weight times feature."""

    bias: float
    weights: tuple[float, ...]

    def log_odds(self, features: tuple[float, ...]) -> float:
        """The log odds for one row of features, in the order of the weights."""
        return self.bias + sum(w * x for w, x in zip(self.weights, features, strict=True))


@dataclass(frozen=True, slots=True)
class Cut:
    """A regression with the probability from which its answer counts as yes."""

    model: Linear
    threshold: float


@dataclass(frozen=True, slots=True)
class FieldFit:
    """One label field."""

    trained: Cut
    """For labels that training papers carry or that have keywords: all features."""
    defined: Cut
    """For labels of which nothing but the definition is known: the first features alone."""
    alone: tuple[str, ...]
    """Labels that, in training, hardly ever had another beside them."""
    main: Linear
    """Which label is the main one: the highest log odds among those that are given."""


@dataclass(frozen=True, slots=True)
class WordFit:
    """For each label a weight for each term, in one byte each: log odds = bias + scale * sum of products."""

    labels: tuple[tuple[str, str], ...]
    """Field and label of each column; `tasks-main` is the field of a label's being the main one."""
    scales: tuple[float, ...]
    biases: tuple[float, ...]
    weights: Base64Bytes
    """Rows of signed bytes, in the order of `Parameters.rarity`."""


@dataclass(frozen=True, slots=True)
class ClaimFit:
    """The sentence classifier: is it a claim, and of which kind."""

    kinds: tuple[str, ...]
    threshold: float
    words: Mapping[str, tuple[float, ...]]
    """For each run of stems its weight for "is a claim" and for each kind."""
    cues: Mapping[str, tuple[float, ...]]
    """The same for each cue of `statements.CUES` and each place in the text."""
    bias: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OfferFit:
    """The classifier of sentences that say whether code, data or weights are to be had."""

    weights: Mapping[str, float]
    """Weights by the names of `offers.signals`."""
    bias: float
    threshold: float
    promised: Mapping[str, float]
    """For each rule, the share of offers that are promised, not released."""
    bounds: Mapping[str, tuple[float, float]]
    """For each artifact, the lowest and the highest log odds that labelled papers give reason for."""


@dataclass(frozen=True, slots=True)
class Context:
    """The second look at a paper's scores, see `context`."""

    kinds: tuple[str, ...]
    contributions: tuple[str, ...]
    labels: Mapping[str, Mapping[str, Linear]]
    """Field to label to what corrects its log odds, from these and, for contributions, the evidence."""
    mains: Mapping[str, Mapping[str, Linear]]
    """The same for its being the main one."""
    claims: tuple[Linear, ...]
    """A score of a sentence for each kind of claim, then for none; empty where sentences stay as they are."""


UNCHANGED = Context((), (), {}, {}, ())
"""A second look that leaves everything as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """All of it; equal to nothing but itself."""

    fitted_on: str
    """Versions of the labels."""
    rarity: Mapping[str, float]
    keyword_rarity: Mapping[str, float]
    words: WordFit
    fields: Mapping[str, FieldFit]
    claims: ClaimFit
    offers: OfferFit
    context: Context


ADAPTER: TypeAdapter[Parameters] = TypeAdapter(Parameters)
"""JSON to `Parameters` and back."""


@lru_cache(maxsize=1)
def fitted() -> Parameters:
    """The parameters that come with the package."""
    return ADAPTER.validate_json(FITTED.read_bytes())


@lru_cache(maxsize=1)
def keywords() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Field to label to keywords, as they are written."""
    table: TypeAdapter[Mapping[str, Mapping[str, tuple[str, ...]]]] = TypeAdapter(
        Mapping[str, Mapping[str, tuple[str, ...]]]
    )
    return table.validate_python(tomllib.loads(KEYWORDS.read_text(encoding="utf-8")))


@lru_cache(maxsize=4)
def version(parameters: Parameters) -> str:
    """Eight hex digits of the SHA-256 of the parameters and the keyword file."""
    return digest(ADAPTER.dump_json(parameters).decode(), KEYWORDS.read_text(encoding="utf-8"))[:8]
