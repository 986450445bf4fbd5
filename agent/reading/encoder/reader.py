"""Cards from the sentence encoder: a fraction of a second of computing for each, and nobody is asked.

Knows no files and no other papers.
"""

import asyncio
from collections.abc import Callable

from ...card import Provenance
from ...model.catalogue import Model
from ...paper import Paper
from ...taxonomy import Taxonomy
from ..own_layer import OwnLayer, TunedTagger, check_layer
from ..reader import Reading
from ..tagger_reader import Tagger, TaggerReader
from .tagger import EncodedTagger, load_fit


class EncoderReader(TaggerReader):
    """Makes cards with one encoder. `connect` makes the tagger, at the first paper."""

    def __init__(
        self,
        model: Model,
        taxonomy: Taxonomy,
        connect: Callable[[], EncodedTagger],
        layer: OwnLayer | None = None,
    ) -> None:
        """`layer` is put on top. Raises UsageError if it was fitted over something else."""
        assert model.file is not None
        fit, probes = load_fit(model.model_id)
        self.tagger_name = f"encoder@{probes.version} baseline@{fit.baseline}"
        if layer is not None:
            check_layer(layer, self.tagger_name, taxonomy.version)
        self._layer = layer
        self._connect = connect
        self._tagger: Tagger | None = None
        self._connecting = asyncio.Lock()
        provenance = Provenance(
            model=model.name,
            model_sha256=model.file.sha256,
            prompt=f"encoder@{probes.version}" + (f"+{layer.version}" if layer is not None else ""),
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
                tagger = await asyncio.to_thread(self._connect)
                self._tagger = tagger if self._layer is None else TunedTagger(tagger, self._layer)
        return Reading(await asyncio.to_thread(self._card, self._tagger, paper, copy))
