"""No regular expression takes longer over a text than in proportion to its length, whoever wrote the text."""

import re

import pytest

from tests.trust.patterns import Found, every_pattern
from tests.trust.pumping import FEW, Slow, grows

MADE_WHEN_USED = {
    "papercards.model.adapting",  # a parameter's name, 200 characters of an endpoint's words
    "papercards.reading.baseline.statements",  # a table of them, which is looked through
    "papercards.reading.instruction_patterns",  # the same
    "papercards.safety.redact",  # a key, escaped
    "papercards.configuration.risky_settings",  # the name of a setting, escaped
    "papercards.sources.categories",  # names of categories, escaped
    "papercards.sources.services.halving",  # an id, escaped
    "papercards.sources.full_text.outline",  # a table of them, which is looked through
    "papercards.sources.xml_stream",  # a prefix, escaped
}
"""Modules with patterns that are put together of what is known only then, and why they are no risk."""

USED = {"papercards.sources.full_text.outline._PATTERNS": frozenset({"fullmatch"})}
"""What is called on patterns in tables; for others, that they are searched for."""


@pytest.fixture(scope="module")
def found() -> tuple[list[Found], list[str]]:
    return every_pattern()


def _methods(one: Found) -> frozenset[str]:
    return next((some for name, some in USED.items() if one.where.startswith(f"{name}[")), one.methods)


@pytest.mark.slow
def test_every_pattern_of_the_program_is_found(found: tuple[list[Found], list[str]]) -> None:
    patterns, unknown = found
    names = {one.where for one in patterns}

    assert len(patterns) > 400
    assert {where.rpartition(":")[0] for where in unknown} <= MADE_WHEN_USED
    # One in a module, in a table, in a class of a table, and within a function.
    assert "papercards.text.spans._URL" in names
    assert any(".CUES[" in name for name in names)
    assert any(name.startswith("papercards.sources.files.tagged._DIALECTS[0].") for name in names)
    assert any(re.fullmatch(r"papercards\.sources\.xml_stream:\d+", name) for name in names)


@pytest.mark.slow
def test_no_pattern_is_slow_over_any_text_that_is_made_of_it(found: tuple[list[Found], list[str]]) -> None:
    patterns, slow, longest = found[0], [], (0.0, "")
    for one in patterns:
        worst, seconds = grows(one.pattern, _methods(one))
        longest = max(longest, (seconds, one.where))
        if worst is not None:
            slow.append(f"{one.where} {one.pattern.pattern!r}: {worst}")
    print(f"{len(patterns)} patterns; the longest took {longest[0]:.3f} s: {longest[1]}")  # noqa: T201
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d+[a-z]+",
        r"<!--.*?-->",
        r"\s+$",
        r"(?<=://)[^\s]*[?]\S*",
        r"(?:a+)+b",
        r"(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<x",
        r"[a-z]+\d",
        r"\w+\s*:\s*\w+@",
        r"(a|b|ab)*c",
        r"\.?\s*\(arXiv\)\s*$",
    ],
)
def test_a_pattern_that_grows_faster_than_its_text_is_noticed(pattern: str) -> None:
    # What few texts find is found by all of them: the few are among these.
    slow, _ = grows(re.compile(pattern, re.DOTALL), most=FEW)

    assert isinstance(slow, Slow)
    assert slow.growth > 8


@pytest.mark.parametrize(
    "pattern", [r"(?<!\d)\d++[a-z]+", r"^(?=.*code)(?=.*here)", r"\b\w+\b", r"we .{0,30}show", r"<[^<>]*>"]
)
def test_a_linear_pattern_passes(pattern: str) -> None:
    slow, longest = grows(re.compile(pattern))

    assert slow is None
    assert longest < 1
