"""Calls, tokens and cost of a call, a paper or a run.

Knows numbers only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls, tokens and USD of one or more requests; can be added."""

    calls: int = 0
    """Number of requests answered with a completion, invalid ones included."""
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    """Part of `prompt_tokens` that the endpoint had in a cache."""
    completion_tokens: int = 0
    """Completion tokens, reasoning included."""
    known_usd: float = 0.0
    """Total known cost in USD."""
    unpriced: int = 0
    """Number of possibly billed requests of unknown cost: without usage, with an answer that broke off or was
    not waited for, or with an unknown price.
    """

    @property
    def cost_usd(self) -> float | None:
        """Total cost in USD; None if part of it is unknown."""
        return None if self.unpriced else self.known_usd

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_prompt_tokens + other.cached_prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.known_usd + other.known_usd,
            self.unpriced + other.unpriced,
        )


NOTHING = Spent()
