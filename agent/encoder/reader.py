"""Cards from the sentence encoder: a fraction of a second of computing for each, and nobody is asked.

Knows no files and no other papers.
"""

import asyncio
from collections.abc import Callable, Mapping

from .. import evidence
from ..cache import Part
from ..card import Card, Provenance
from ..models import Model
from ..paper import Paper
from ..reader import Reading, Wanted, emptied
from ..reading_copy import ReadingCopy, reading_copy
from ..taxonomy import Taxonomy
from .tagger import EncodedTagger, load_fit


class EncoderReader:
    """Reads with one encoder. `connect` makes the tagger, which is done at the first paper."""

    def __init__(self, model: Model, taxonomy: Taxonomy, connect: Callable[[], EncodedTagger]) -> None:
        assert model.file is not None
        fit, probes = load_fit(model.model_id)
        self._connect = connect
        self._tagger: EncodedTagger | None = None
        self._connecting = asyncio.Lock()
        self._provenance = Provenance(
            model=model.name,
            model_sha256=model.file.sha256,
            prompt=f"encoder@{probes.version}",
            taxonomy=taxonomy.version,
            created="",
            cost_usd=0.0,
        )
        self.made_by: Mapping[str, Part] = {
            "model": model.name,
            "model_sha256": model.file.sha256,
            "prompt": self._provenance.prompt,
            "baseline": fit.baseline,
            "taxonomy": taxonomy.version,
        }

    def wants(self, paper: Paper) -> Wanted | None:
        """Nothing: no call is made."""
        return None

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        copy = reading_copy(paper)
        if copy.emptied:
            raise emptied(paper)
        async with self._connecting:
            if self._tagger is None:
                self._tagger = await asyncio.to_thread(self._connect)
        return Reading(await asyncio.to_thread(self._card, self._tagger, paper, copy))

    def _card(self, tagger: EncodedTagger, paper: Paper, copy: ReadingCopy) -> Card:
        draft = copy.renumbered(tagger.tag(copy.paper))
        return evidence.build(paper, draft, self._provenance, withheld=copy.withheld)

    def stop(self) -> None:
        """Nobody is asked."""

    async def close(self) -> None:
        """Nothing was opened."""
