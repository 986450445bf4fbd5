"""Cards from taggers that send no requests: the baseline here, the sentence encoder on top of it.

Knows no files and no other papers.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ..card import Card, Provenance
from ..model.cache import Part
from ..model.catalogue import BASELINE
from ..paper import Paper
from ..taxonomy import Taxonomy
from . import evidence
from .draft import Draft
from .reader import Reading, Wanted, emptied
from .reading_copy import ReadingCopy, reading_copy

if TYPE_CHECKING:
    from .own_layer import OwnLayer


class Tagger(Protocol):
    """Tags a paper in this process."""

    def tag(self, paper: Paper) -> Draft:
        """The labels, claims and statuses of a paper."""
        ...


class TaggerReader:
    """Makes cards with a tagger."""

    def __init__(self, provenance: Provenance, made_by: Mapping[str, Part]) -> None:
        self._provenance = provenance
        self.made_by: Mapping[str, Part] = {
            "model": provenance.model,
            "prompt": provenance.prompt,
            "taxonomy": provenance.taxonomy,
            **made_by,
        }

    def wants(self, paper: Paper) -> Wanted | None:
        """Always None, because no requests are sent."""
        return None

    def stop(self) -> None:
        """Do nothing, since no requests are sent."""

    async def close(self) -> None:
        """Do nothing, since nothing was opened."""

    @staticmethod
    def _copy(paper: Paper) -> ReadingCopy:
        """What is read of a paper. Raises PaperFailed if nothing is left of it."""
        copy = reading_copy(paper)
        if copy.emptied:
            raise emptied(paper)
        return copy

    def _card(self, tagger: Tagger, paper: Paper, copy: ReadingCopy) -> Card:
        draft = copy.renumbered(tagger.tag(copy.paper))
        return evidence.build(paper, draft, self._provenance, withheld=copy.withheld)


class BaselineReader(TaggerReader):
    """Makes cards without a model, by similarity, rules and fitted weights, in milliseconds."""

    def __init__(self, taxonomy: Taxonomy, layer: "OwnLayer | None" = None) -> None:
        """`layer` is put on top. Raises UsageError if it was fitted over something else."""
        from .baseline import Baseline  # reads its fitted parameters

        tagger = Baseline(taxonomy)
        self.tagger_name = f"baseline@{tagger.version}"
        self._tagger: Tagger = tagger
        prompt = self.tagger_name
        if layer is not None:
            from .own_layer import TunedTagger, check_layer

            check_layer(layer, self.tagger_name, taxonomy.version)
            self._tagger = TunedTagger(tagger, layer)
            prompt += f"+{layer.version}"
        provenance = Provenance(
            model=BASELINE.name, prompt=prompt, taxonomy=taxonomy.version, created="", cost_usd=0.0
        )
        super().__init__(provenance, {})

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        return Reading(self._card(self._tagger, paper, self._copy(paper)))

    def card(self, paper: Paper) -> Card:
        """The card of a paper, synchronously; from its title if nothing else is left of it."""
        return self._card(self._tagger, paper, reading_copy(paper))
