"""Cards from taggers that send no requests: the baseline here, the sentence encoder on top of it.

Knows no files and no other papers.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from ..card import Card, Provenance
from ..model.cache import Part
from ..model.catalogue import BASELINE, Model
from ..paper import Paper
from ..taxonomy import Taxonomy
from . import evidence
from .draft import Draft
from .reader import Reading, Wanted
from .reading_copy import ReadingCopy, reading_copy

if TYPE_CHECKING:
    from .baseline import Baseline
    from .own_layer import OwnLayer


class Tagger(Protocol):
    """Tags a paper in this process."""

    def tag(self, paper: Paper) -> Draft:
        """The labels, claims and statuses of a paper."""
        ...


class TaggerReader:
    """Makes cards with a tagger."""

    def __init__(
        self,
        model: Model,
        tagger_name: str,
        taxonomy: Taxonomy,
        layer: "OwnLayer | None",
        *,
        prompt: str,
        made_by: Mapping[str, Part],
    ) -> None:
        """`layer` is put on top. Raises UsageError if it was fitted over something else.

        `prompt` is what cards call the tagger; `made_by` is what else they depend on.
        """
        self.tagger_name = tagger_name
        self._layer = layer
        if layer is not None:
            from .own_layer import check_layer

            check_layer(layer, tagger_name, taxonomy.version)
            prompt += f"+{layer.version}"
        self._provenance = Provenance(
            model=model.name,
            model_sha256=model.file.sha256 if model.file is not None else None,
            prompt=prompt,
            taxonomy=taxonomy.version,
            created="",
            cost_usd=0.0,
        )
        self.made_by: Mapping[str, Part] = {
            "model": model.name,
            "prompt": prompt,
            "taxonomy": taxonomy.version,
            **made_by,
        }

    def _with_layer(self, tagger: "Baseline") -> Tagger:
        if self._layer is None:
            return tagger
        from .own_layer import TunedTagger

        return TunedTagger(tagger, self._layer)

    def wants(self, paper: Paper) -> Wanted | None:
        """Always None, because no requests are sent."""
        return None

    def stop(self) -> None:
        """Do nothing, since no requests are sent."""

    async def close(self) -> None:
        """Do nothing, since nothing was opened."""

    def _card(self, tagger: Tagger, paper: Paper, copy: ReadingCopy) -> Card:
        draft = copy.renumbered(tagger.tag(copy.paper))
        return evidence.build(paper, draft, self._provenance, withheld=copy.withheld)


class BaselineReader(TaggerReader):
    """Makes cards without a model, by similarity, rules and fitted weights, in milliseconds."""

    def __init__(self, taxonomy: Taxonomy, layer: "OwnLayer | None" = None) -> None:
        """`layer` is put on top. Raises UsageError if it was fitted over something else."""
        from .baseline import Baseline  # reads its fitted parameters

        tagger = Baseline(taxonomy)
        name = f"baseline@{tagger.version}"
        super().__init__(BASELINE, name, taxonomy, layer, prompt=name, made_by={})
        self._tagger = self._with_layer(tagger)

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        return Reading(self._card(self._tagger, paper, reading_copy(paper).not_emptied()))

    def card(self, paper: Paper) -> Card:
        """The card of a paper, synchronously; from its title if nothing else is left of it."""
        return self._card(self._tagger, paper, reading_copy(paper))
