"""All that a tagger says of a paper, in probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass

from .availability import Artifact
from .offers import Offer
from .statements import Chances


@dataclass(frozen=True, slots=True)
class Scores:
    """Probabilities for everything that a card may say of a paper."""

    labels: Mapping[str, Mapping[str, float]]
    """Label field to label to the probability that it fits; each label on its own."""
    mains: Mapping[str, Mapping[str, float]]
    """Label field to label to how strongly it asks to be the main one."""
    sentences: tuple[Chances, ...]
    """For each sentence, in order; each section is judged as an abstract of its own."""
    offers: Mapping[Artifact, Offer]
    """What is said of `code`, `data` and `weights`, with its probability."""
