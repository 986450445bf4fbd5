"""Prices: published ones by the provider's own address, the user's own, and never a guess."""

import pytest

from papercards.errors import UsageError
from papercards.model.catalogue import resolve
from papercards.model.pricing import FREE, Price, parse, published

OPENAI = "https://api.openai.com/v1"


def test_a_published_price_is_known() -> None:
    price = published(resolve("openai/gpt-4.1-mini"), OPENAI)

    assert price is not None
    assert 0 < price.prompt < price.completion
    assert price.cached_prompt is not None and price.cached_prompt < price.prompt


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("openai/a-model-of-tomorrow", OPENAI),
        ("openai/gpt-4.1-mini", "http://127.0.0.1:9/v1"),
        ("ollama/qwen3:8b", "http://127.0.0.1:11434/v1"),
    ],
)
def test_what_nobody_publishes_is_unknown_not_free(name: str, url: str) -> None:
    assert published(resolve(name), url) is None


def test_our_own_machine_is_free() -> None:
    assert published(resolve("local/qwen2.5-coder-1.5b"), "") == FREE
    assert published(resolve("baseline"), "") == FREE


def test_cached_prompt_tokens_have_their_own_price() -> None:
    assert Price(1.0, 10.0, 0.1).cost(2_000_000, 1_000_000, 100_000) == pytest.approx(2.1)
    assert Price(1.0, 10.0).cost(2_000_000, 1_000_000, 100_000) == pytest.approx(3.0)
    assert Price(1.0, 10.0, 0.1).times(0.5) == Price(0.5, 5.0, 0.05)


def test_a_price_is_written_in_dollars_a_million() -> None:
    assert parse("0.40/1.60") == Price(0.4, 1.6)
    assert parse("0.40/0.10/1.60") == Price(0.4, 1.6, 0.1)


@pytest.mark.parametrize("text", ["", "1", "a/b", "1/2/3/4", "-1/2", "nan/1", "inf/1"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--price takes USD"):
        parse(text)
