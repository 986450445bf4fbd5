"""Prices of tokens in USD.

Prices come from genai-prices, which lists published prices, or from the user. An unknown price is None, never
0.

Knows model names and addresses. Knows no requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import UsageError
from .catalogue import Model
from .providers import own_address

_MILLION = 1_000_000
_SAMPLE = 1_000
"""Number of tokens whose price is looked up: far below any provider's long-context rates."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price in USD per million tokens."""

    prompt: float
    completion: float
    cached_prompt: float | None = None
    """Price of cached prompt tokens; None if they cost the same as others."""

    def cost(self, prompt: int, cached_prompt: int, completion: int) -> float:
        """Cost in USD of some tokens; `cached_prompt` is the part of `prompt` that was cached."""
        cached = self.prompt if self.cached_prompt is None else self.cached_prompt
        fresh = max(0, prompt - cached_prompt)
        return (fresh * self.prompt + cached_prompt * cached + completion * self.completion) / _MILLION

    def times(self, factor: float) -> "Price":
        """The price multiplied by a factor."""
        cached = None if self.cached_prompt is None else self.cached_prompt * factor
        return Price(self.prompt * factor, self.completion * factor, cached)


FREE = Price(0.0, 0.0)
"""The price of a model on this machine."""


def parse(text: str) -> Price:
    """`0.40/1.60` or `0.40/0.10/1.60`: USD per million tokens of prompt, (cached prompt,) completion.

    Raises UsageError for anything else.
    """
    try:
        values = [float(part) for part in text.split("/")]
    except ValueError:
        values = []
    if len(values) not in (2, 3) or not all(0 <= value < float("inf") for value in values):
        raise UsageError(
            f'--price takes USD per million tokens as prompt/completion, not "{text}"',
            next_step="For example: --price 0.40/1.60, or with cached prompt tokens: 0.40/0.10/1.60",
        )
    return Price(values[0], values[-1], values[1] if len(values) == 3 else None)


def published(model: Model, url: str, variables: Mapping[str, str] | None = None) -> Price | None:
    """The provider's price; None if unknown, for example for an endpoint that is not the provider's own.

    `variables` are those of the provider's address.

    For decisions, the price of questions; answers are not billed.
    """
    if model.file is not None or model.plan == "baseline":
        return FREE
    if model.provider is None or url != own_address(model.provider, variables or {}, model.model_id):
        return None
    if model.plan == "decide":
        known = model.provider.decisions.prices if model.provider.decisions is not None else {}
        return Price(known[model.model_id], 0.0) if model.model_id in known else None
    from genai_prices import Usage, calc_price

    def usd(usage: Usage) -> float:
        found = calc_price(usage, model.model_id, provider_api_url=url)
        return float(found.total_price) * _MILLION / _SAMPLE

    try:
        prompt = usd(Usage(input_tokens=_SAMPLE))
        cached = usd(Usage(input_tokens=_SAMPLE, cache_read_tokens=_SAMPLE))
        completion = usd(Usage(output_tokens=_SAMPLE))
    except (LookupError, ValueError):
        return None
    return Price(prompt, completion, cached)
