"""Messages: plurals, and the nearest known name for a typo."""

from pathlib import Path

import pytest

from papercards.errors import UsageError
from papercards.model.catalogue import resolve
from papercards.sinks import destination
from papercards.text.wording import counted, did_you_mean


def test_a_count_has_the_right_plural() -> None:
    assert [counted(n, "card") for n in (0, 1, 2, 1200)] == ["0 cards", "1 card", "2 cards", "1,200 cards"]
    assert counted(2, "entry", "entries") == "2 entries" and counted(1, "entry", "entries") == "1 entry"


def test_a_typo_gets_the_nearest_name_and_nonsense_gets_none() -> None:
    assert did_you_mean("Basline", ["baseline", "local/x"]) == 'Did you mean "baseline"?'
    assert did_you_mean("zebra", ["baseline", "local/x"]) == ""
    assert did_you_mean("x", []) == ""


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("basline", '"baseline"'),
        ("Baseline", '"baseline"'),
        ("local/qwen2.5-coder-1.5", '"local/qwen2.5-coder-1.5b"'),
        ("qwen2.5-coder-1.5b", '"local/qwen2.5-coder-1.5b"'),
        ("opnai/gpt-4.1-mini", '"openai/gpt-4.1-mini"'),
        ("mistrall/large", '"mistral/large"'),
    ],
)
def test_a_mistyped_model_is_named(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(name)
    assert f"Did you mean {meant}?" in str(caught.value)


@pytest.mark.parametrize(("name", "meant"), [("cards.jsnl", ".json"), ("cards.parqet", ".parquet")])
def test_a_mistyped_format_is_named(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as caught:
        destination(Path(name))
    assert f'Did you mean "{meant}' in str(caught.value)
