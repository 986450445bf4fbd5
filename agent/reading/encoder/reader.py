"""Cards from the sentence encoder: a fraction of a second of computing for each, and nobody is asked.

Knows no files and no other papers.
"""

import asyncio
from collections.abc import Callable

from ...model.catalogue import Model
from ...paper import Paper
from ...taxonomy import Taxonomy
from ..own_layer import OwnLayer
from ..reader import Reading
from ..reading_copy import reading_copy
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
        super().__init__(
            model,
            f"encoder@{probes.version} baseline@{fit.baseline}",
            taxonomy,
            layer,
            prompt=f"encoder@{probes.version}",
            made_by={"model_sha256": model.file.sha256, "baseline": fit.baseline},
        )
        self._connect = connect
        self._tagger: Tagger | None = None
        self._connecting = asyncio.Lock()

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper."""
        copy = reading_copy(paper).not_emptied()
        async with self._connecting:
            if self._tagger is None:
                self._tagger = self._with_layer(await asyncio.to_thread(self._connect))
        return Reading(await asyncio.to_thread(self._card, self._tagger, paper, copy))
