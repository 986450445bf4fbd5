"""Estimates the calls, tokens and cost of a run before anything is sent.

Knows readers and prices. Knows no terminal.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..id_set import IdSet
from ..model.pricing import Price
from ..paper import Paper
from ..reading.reader import Reader
from ..sources import BadRecord

CHARACTERS_PER_TOKEN = 4.0
"""Approximate characters per token of English and JSON schemas with OpenAI's and Qwen's tokenizers."""
USUAL_ANSWER_TOKENS = 150
"""Default completion tokens of a card, if the cache has no answers to estimate from."""


@dataclass(slots=True)
class Estimate:
    """Sums over the papers of a source."""

    papers: int = 0
    unreadable: int = 0
    filled: int = 0
    """Papers whose abstract was looked up."""
    duplicates: int = 0
    cached: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    most_completion_tokens: int = 0
    """Completion tokens if every answer had the maximum length."""

    def cost(self, price: Price) -> float:
        """Cost in USD for answers of usual length, without the provider's prompt cache."""
        return price.cost(self.prompt_tokens, 0, self.completion_tokens)

    def most(self, price: Price) -> float:
        """Cost in USD if every answer had the maximum length, without re-asks."""
        return price.cost(self.prompt_tokens, 0, self.most_completion_tokens)


def estimate(reader: Reader, records: Iterable[Paper | BadRecord]) -> Estimate:
    """Look up every paper in the cache and sum up what would be sent. Sends nothing."""
    sums, seen = Estimate(), IdSet()
    for record in records:
        if isinstance(record, BadRecord):
            sums.unreadable += 1
            continue
        if not seen.add(record.id):
            sums.duplicates += 1
            continue
        sums.papers += 1
        sums.filled += record.told is not None and record.publication.abstract_source is not None
        wanted = reader.wants(record)
        if wanted is None:
            sums.cached += 1
            continue
        sums.calls += wanted.calls
        sums.prompt_tokens += round(wanted.characters / CHARACTERS_PER_TOKEN)
        sums.completion_tokens += min(USUAL_ANSWER_TOKENS, wanted.most_completion_tokens)
        sums.most_completion_tokens += wanted.most_completion_tokens
    return sums
