"""Reads dates of publication in all the shapes that sources give them, as far as they are known.

A library for dates (dateutil) fills in what a date does not say, so that `2024` becomes some day of 2024;
here `2024` stays 2024.

Knows text and numbers.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_ISO = re.compile(r"\s*([12]\d{3})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?(?=$|[\sTZ/~?.,;:-])")
_MAIL = re.compile(r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) ")
_COMPACT = re.compile(r"\s*((?:1[5-9]|20)\d\d)(\d\d)(\d\d)\s*")
_YEAR = re.compile(r"(?<!\d)((?:1[0-9]|20)\d\d)(?!\d)")
_MONTHS = (
    *("jan ene gen", "feb fév", "mar mär", "apr avr abr", "may mai mag", "jun juin giu", "jul juil lug"),
    *("aug aoû ago", "sep set", "oct okt ott", "nov", "dec dez déc dic"),
)
"""Beginnings of the names of the months in some languages."""
_BY_NAME = {start: number for number, starts in enumerate(_MONTHS, start=1) for start in starts.split()}
_MONTH = re.compile(rf"(?<![^\W\d_])({'|'.join(_BY_NAME)})[^\W\d_]{{0,8}}\.?", re.IGNORECASE)
_DAY_BEFORE = re.compile(r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+(?:de\s+)?$", re.IGNORECASE)
_DAY_AFTER = re.compile(r"[\s~-]*(\d{1,2})(?:st|nd|rd|th)?(?!\d)", re.IGNORECASE)
_MOST = 200

Parts = tuple[int, int | None, int | None]
"""Year, month and day; None where unknown."""


def iso(parts: Parts | None) -> str | None:
    """The date in ISO 8601, as far as it is known."""
    if parts is None:
        return None
    year, month, day = parts
    if not month:
        return f"{year:04}"
    return f"{year:04}-{month:02}-{day:02}" if day else f"{year:04}-{month:02}"


def date_of(value: object) -> Parts | None:
    """The date in a text, a number, a list of numbers or an object; None if there is none."""
    if isinstance(value, str):
        return _of_text(value[:_MOST])
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return date_of(int(value)) if value == value and abs(value) < 1e15 else None
    if isinstance(value, int):
        return _of_number(value)
    if isinstance(value, Mapping):
        for name in ("date-parts", "created", "date", "raw", "literal", "year", "value"):
            if name in value and (found := date_of(value[name])) is not None:
                if name == "year":
                    return checked(found[0], month_of(value.get("month")), value.get("day"))
                return found
        return None
    if isinstance(value, list | tuple) and value:
        if isinstance(value[0], int | str) and not isinstance(value[0], bool) and len(value) <= 3:
            first = date_of(value[0])
            if first is None or first[1] or len(value) == 1:
                return first
            return checked(first[0], month_of(value[1]), value[2] if len(value) > 2 else None)
        return date_of(value[0])
    isoformat = getattr(value, "isoformat", None)
    return _of_text(str(isoformat())) if callable(isoformat) else None


def month_of(value: object) -> int | None:
    """The number of a month from its number or its name."""
    if isinstance(value, str):
        if (named := _MONTH.search(value[:_MOST])) is not None:
            return _BY_NAME[named[1].lower()]
        value = value.strip()
    number = _number(value)
    return number if number is not None and 1 <= number <= 12 else None


def checked(year: int, month: int | None, day: object) -> Parts | None:
    """The parts, without a month or a day that does not exist; None for an impossible year."""
    if not 1000 <= year <= 2999:
        return None
    if month is None or not 1 <= month <= 12:
        return year, None, None
    number = _number(day)
    return year, month, number if number is not None and 1 <= number <= 31 else None


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 12:
        return int(value)
    return (
        int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == value
        else None
    )


def _of_number(value: int) -> Parts | None:
    if 1000 <= value <= 2999:
        return value, None, None
    if 15000101 <= value <= 29991231:
        return checked(value // 10000, value // 100 % 100, value % 100)
    # Seconds or milliseconds since 1970, as pandas writes a time.
    seconds = value / 1000 if 10**11 < abs(value) < 10**14 else value if 10**8 <= value < 10**11 else None
    if seconds is None:
        return None
    when = datetime.fromtimestamp(seconds, UTC)
    return when.year, when.month, when.day


def _of_text(text: str) -> Parts | None:
    if (found := _MAIL.match(text)) is not None and found[2].lower() in _BY_NAME:
        return checked(int(found[3]), _BY_NAME[found[2].lower()], found[1])
    if (found := _ISO.match(text)) is not None and found[3]:
        return checked(int(found[1]), int(found[3]), found[4])
    if (found := _COMPACT.fullmatch(text)) is not None:
        return checked(int(found[1]), int(found[2]), found[3])
    if (year := _YEAR.search(text)) is None:
        return None
    month = _MONTH.search(text)
    if month is None:
        return int(year[1]), None, None
    before = _DAY_BEFORE.search(text[: month.start()])
    day = before or _DAY_AFTER.match(text[month.end() :])
    return checked(int(year[1]), _BY_NAME[month[1].lower()], day[1] if day else None)
