"""Cards from the sentence encoder: a fraction of a second of computing for each, and nobody is asked.

Knows no files and no other papers.
"""

import asyncio
from collections.abc import Callable

from ...card import Provenance
from ...model.catalogue import Model
from ...paper import Paper
from ...taxonomy import Taxonomy
from ..reader import Reading
from ..tagger_reader import TaggerReader
from .tagger import EncodedTagger, load_fit


class EncoderReader(TaggerReader):
    """Makes cards with one encoder. `connect` makes the tagger, at the first paper."""

    def __init__(self, model: Model, taxonomy: Taxonomy, connect: Callable[[], EncodedTagger]) -> None:
        assert model.file is not None
        fit, probes = load_fit(model.model_id)
        self._connect = connect
        self._tagger: EncodedTagger | None = None
        self._connecting = asyncio.Lock()
        provenance = Provenance(
            model=model.name,
            model_sha256=model.file.sha256,
            prompt=f"encoder@{probes.version}",
            taxonomy=taxonomy.version,
            created="",
            cost_usd=0.0,
        )
        super().__init__(provenance, {"model_sha256": model.file.sha256, "baseline": fit.baseline})

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        copy = self._copy(paper)
        async with self._connecting:
            if self._tagger is None:
                self._tagger = await asyncio.to_thread(self._connect)
        return Reading(await asyncio.to_thread(self._card, self._tagger, paper, copy))
