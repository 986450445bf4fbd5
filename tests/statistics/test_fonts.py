"""Letters that Matplotlib's own font lacks: from an installed font, or named."""

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from papercards import stats, write_stats
from papercards.card import Card
from papercards.publication import Publication

from .cards import cards

VENUE = "計算機學報"


def font(path: Path, letters: str) -> Path:
    """A font with a square for each of these letters."""
    names = [".notdef", *(f"u{ord(letter):04X}" for letter in letters)]
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 800), (800, 800), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (900, 100)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Squares for tests", "styleName": "Regular", "psName": "Squares"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture
def made() -> list[Card]:
    return [
        one.model_copy(update={"publication": Publication(venue=VENUE if at % 2 else "NeurIPS")})
        for at, one in enumerate(cards(40))
    ]


@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_letters_come_from_an_installed_font_or_are_named(
    made: list[Card], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = stats(made, by="venue", share="code=released")
    installed: list[str] = []
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: installed)
    monkeypatch.setattr(font_manager.fontManager, "ttflist", font_manager.fontManager.ttflist[:])

    (said,) = write_stats(found, tmp_path / f"without.{kind}")
    assert said.startswith(f"no installed font has 5 letters of the {kind.upper()} plot")
    assert all(letter in said for letter in VENUE)
    assert write_stats(found, tmp_path / "text.svg") == ()
    assert VENUE in (tmp_path / "text.svg").read_text("utf-8")

    installed.append(str(font(tmp_path / "squares.ttf", VENUE[:-1])))
    (said,) = write_stats(found, tmp_path / f"most.{kind}")
    assert said.startswith("no installed font has 1 letter ") and f"({VENUE[-1]})" in said

    installed.append(str(font(tmp_path / "rest.ttf", VENUE)))
    assert write_stats(found, tmp_path / f"with.{kind}") == ()
    whole, without = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("with", "without"))
    assert whole != without
    if kind == "pdf":
        assert b"Squares" in whole
