# ruff: noqa: RUF001, RUF002
"""Numbers as people write them: `1,234`, `12 000`, `−3.5`, `1.2 million`, `3 × 10⁵`, `twenty-four`, `91 %`.

A number may be read in more than one way (`1.2 million` is 1,200,000, and holds 1.2); the likeliest reading
comes first. All patterns are linear in the length of the text. Knows no fields.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

MINUS = "-\u2212\u2010\u2011\u2013\ufe63\uff0d"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_GAP = "[\u00a0\u2009\u202f\u2007 ]"
_TIMES_TEN = r"(?:[×x*·]|\\times|\\cdot)\s?10"
_GROUPED = (
    r"\d{1,3}(?:\.\d{3}){2,9}|\d{1,3}(?:,\d{3}){1,9}|\d{1,3}(?:'\d{3}){1,9}"
    rf"|\d{{1,3}}(?:{_GAP}\d{{3}}(?!\d)){{1,9}}"
)
_DIGITS = re.compile(
    rf"(?P<sign>(?<![\w.,)\]%])[{MINUS}]\s?)?"
    rf"(?P<whole>(?<![\d.])(?:(?:{_GROUPED})(?![\d])|\d{{1,40}})|(?<![\w.])(?=\.\d))"
    r"(?P<rest>[.,·]\d{1,40})?"
    rf"(?P<power>[eE][+{MINUS}]?\d{{1,3}}(?![\w])"
    rf"|\s?{_TIMES_TEN}\s?(?:\^|\*\*)?\s?\{{?[{MINUS}]?\d{{1,3}}\}}?|\s?{_TIMES_TEN}[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,4}}"
    rf"|(?<=(?<!\d)10)(?:(?:\^|\*\*)\{{?[{MINUS}]?\d{{1,3}}\}}?|[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,4}}))?"
)
_TIMES = re.compile(
    r"[\s-]?(hundred|thousand|million|billion|trillion)s?(?![a-z])|([kKMB]|\s?bn|\s?mn)(?![\w])"
)
_TIMES_IN_WORDS = re.compile(r"[\s-]?(hundred|thousand|million|billion|trillion)s?(?![a-z])")
_SCALES = {
    "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "K": 3, "M": 6, "B": 9,
    "bn": 9, "mn": 6,
}  # fmt: skip
_PERCENT = re.compile(r"\s?(?:\\?%|\uff05|\u066a|per ?cent(?!ile)|percent(?!ile|age point))", re.IGNORECASE)
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: n for n, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_SPELT = re.compile(
    r"(?<![\w-])(?:(?:an?|{0})[\s-](?=hundred|thousand|million|billion))?(?:{0}|hundred|thousand|million|billion)"
    r"(?:(?:[\s-]|,\s)(?:and\s)?(?:{0}|hundred|thousand|million|billion)){{0,12}}(?![\w])".format(
        "|".join(sorted(_WORDS, key=len, reverse=True))
    ),
    re.IGNORECASE,
)
_BETWEEN = re.compile(rf"\s?(?:[{MINUS}\u2014~]|to|and|through|\.\.\.?)\s?", re.IGNORECASE)
_MOST = 20_000
_LARGEST = 300
"""Digits before the point, at most: more is no number of a paper, and no number of JSON."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text."""

    readings: tuple[Decimal, ...]
    """What it may be, the likeliest first."""
    start: int
    end: int
    """Offset after the number, a percent sign and words such as `million` included."""
    percent: bool = False

    @property
    def value(self) -> int | float:
        """The likeliest reading."""
        first = self.readings[0]
        whole = first == first.to_integral_value() and abs(first) < 10**15
        return int(first) if whole else float(first)


def numbers(text: str, *, letters: bool = True) -> list[Number]:
    """The numbers of a text, in order; a text over 20,000 characters is cut.

    With `letters`, `7B` is 7,000,000,000; without, as for `300K`, letters may be a unit.
    """
    text = text[:_MOST]
    times = _TIMES if letters else _TIMES_IN_WORDS
    found = [one for match in _DIGITS.finditer(text) if (one := _written(match, text, times)) is not None]
    spelt = [_counted(match, text) for match in _SPELT.finditer(text)]
    taken = {place for one in found for place in range(one.start, one.end)}
    found += [one for one in spelt if one.start not in taken]
    return sorted(found, key=lambda one: one.start)


def _written(match: re.Match[str], text: str, scales: re.Pattern[str]) -> Number | None:
    whole, rest, power = match["whole"], match["rest"] or "", match["power"] or ""
    sign = "-" if match["sign"] else ""
    end = match.end()
    if not whole and not rest:
        return None
    if power and whole == "10" and not rest and power[0] in "^*⁻⁰¹²³⁴⁵⁶⁷⁸⁹" and "10" not in power[:6]:
        whole, power = "1", f"x10{power}"  # `10⁵ cells`
    readings = [f"{sign}{plain}{_exponent(power)}" for plain in _plain(whole, rest) if plain]
    values = [value for one in readings if (value := Decimal(one)).adjusted() < _LARGEST]
    if not values:
        return None
    times = scales.match(text, end)
    if times is not None:
        scale = _SCALES[times[1].lower() if times[1] else times[2].strip()]
        values = [values[0].scaleb(scale), *values]
        end = times.end()
    percent = _PERCENT.match(text, end)
    if sign:
        # A hyphen may be a dash: `accuracy -91` is rare, `5 -10` is not.
        values += [-value for value in values]
    return Number(
        tuple(dict.fromkeys(values)), match.start(), percent.end() if percent else end, bool(percent)
    )


def _plain(whole: str, rest: str) -> Iterator[str]:
    """The digits with a decimal point, in the readings that they allow."""
    bare = re.sub(r"\D", "", whole)
    digits = rest[1:]
    if not rest:
        yield bare
        last = re.split(r"\D", whole)
        if len(last) > 1 and not re.search(r"[,']", whole):
            yield from last  # `in 2020 100 patients`
    elif rest[0] == "," and not (len(digits) == 3 and len(bare) <= 3):
        yield f"{bare or 0}.{digits}"
        yield bare
        yield digits  # `1,24` may be two numbers of a list
    elif rest[0] == ",":
        yield f"{bare}{digits}"
    else:
        yield f"{bare or 0}.{digits}"


def _exponent(power: str) -> str:
    if not power:
        return ""
    plain = power.translate(_SUPERSCRIPTS)
    for minus in MINUS:
        plain = plain.replace(minus, "-")
    if plain[0] not in "eE":
        plain = plain[plain.index("10") + 2 :]
    found = re.search(r"-?\d+", plain)
    return f"E{found[0]}" if found else ""


def _counted(match: re.Match[str], text: str) -> Number:
    """A number in words."""
    total = part = 0
    for word in re.findall(r"[a-z]+", match[0].lower()):
        if word in _WORDS:
            part += _WORDS[word]
        elif word in ("a", "an"):
            part = 1
        elif word == "hundred":
            part = (part or 1) * 100
        elif word in _SCALES:
            total += (part or 1) * 10 ** _SCALES[word]
            part = 0
    percent = _PERCENT.match(text, match.end())
    end = percent.end() if percent else match.end()
    return Number((Decimal(total + part),), match.start(), end, bool(percent))


def span(text: str, found: list[Number]) -> tuple[Number, Number] | None:
    """The two ends of a range, if the numbers of a text are one: `5–10`, `5 to 10`."""
    if len(found) != 2:
        return None
    low, high = found
    between = text[low.end : high.start]
    if not between and text[high.start : high.start + 1] in MINUS:
        positive = tuple(abs(one) for one in high.readings)
        return low, Number(tuple(dict.fromkeys(positive)), high.start, high.end, high.percent)
    return (low, high) if _BETWEEN.fullmatch(between) else None
