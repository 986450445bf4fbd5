"""What answers cost: one shape for a call, a paper and a run.

Knows numbers only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls, tokens and USD, of one question or of many; they add up."""

    calls: int = 0
    """Requests that were answered with a completion, wrong ones included."""
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    """The part of `prompt_tokens` that the endpoint had in a cache."""
    completion_tokens: int = 0
    """Tokens of reasoning included."""
    known_usd: float = 0.0
    """USD for everything whose cost is known."""
    unpriced: int = 0
    """Requests that may have been billed, at a cost that nobody knows: no usage came, the answer broke off
    or was not waited for, or the price is not known."""

    @property
    def cost_usd(self) -> float | None:
        """USD for all of it; None: part of it is not known."""
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
