"""Numbers with units: whether two quantities are the same within a tolerance, in whatever units.

Units are those of pint; a unit that it does not know (`participants`, `BLEU`) equals only itself. Units come
from papers and from people, so only plain products of units with one-digit powers are parsed.

Knows numbers and words. Needs the `eval` extra (pint).
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from papercards.errors import MissingExtra

if TYPE_CHECKING:
    from pint import UnitRegistry

_MOST = 40
_LETTERS = "A-Za-z\u00b5\u03bc\u03a9\u2126\u00c5\u212b\u00b0%"
_POWER = re.compile(rf"(?<=[{_LETTERS}]) ?\^?\*{{0,2}} ?([-\u2212]?[0-9])(?![0-9])")
_UNIT = re.compile(rf"[{_LETTERS}_]+(?:\*\*-?[0-9])?(?:[ /*\u00b7]+[{_LETTERS}_]+(?:\*\*-?[0-9])?)*")


def close(one: float, other: float, tolerance: float) -> bool:
    """Whether two numbers differ by at most this share of the larger one."""
    return abs(one - other) <= tolerance * max(abs(one), abs(other)) + 1e-12


def same_quantity(
    one: float, unit: str | None, other: float, other_unit: str | None, tolerance: float
) -> bool:
    """Whether two quantities are the same, after conversion to the second unit.

    Raises MissingExtra without pint.
    """
    if _plain(unit) == _plain(other_unit):
        return close(one, other, tolerance)
    converted = convert(one, unit or "", other_unit or "")
    return converted is not None and close(converted, other, tolerance)


def convert(value: float, unit: str, to: str) -> float | None:
    """A number of one unit in another; None if a unit is unknown or of another dimension."""
    known, wanted = parsed(unit), parsed(to)
    if known is None or wanted is None:
        return None
    import pint

    try:
        return float(_registry().Quantity(value, known).to(wanted).magnitude)
    except (pint.PintError, ValueError, TypeError, ArithmeticError):
        return None


@cache
def parsed(unit: str) -> str | None:
    """A unit as pint writes it; None for one that it does not know."""
    text = " ".join(unit.split())
    text = _POWER.sub(lambda found: f"**{found[1].replace(chr(0x2212), '-')}", text)
    if len(text) > _MOST or not _UNIT.fullmatch(text):
        return None
    registry = _registry()
    import pint

    try:
        return str(registry.Unit(text.replace("\u00b7", "*")))
    except (pint.PintError, ValueError, TypeError, AttributeError, ArithmeticError):
        return None


@cache
def _registry() -> "UnitRegistry[float]":
    try:
        import pint
    except ImportError as error:
        raise MissingExtra("the comparison of units", "eval") from error
    return pint.UnitRegistry(cache_folder=None)


def _plain(unit: str | None) -> str:
    return " ".join((unit or "").casefold().split())
