"""Checks what a model answered for own fields against the sentences that it was shown.

A number must stand in the sentence that is named, in whatever spelling; so must a unit. A text is a span of
the paper, or is marked as the model's words. What fails is a reason that the model is asked again with.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from ..card import NOT_IN_TEXT, NOT_STATED, REFUSED, Scalar
from ..text.dates import date_of, iso
from ..text.invisible import visible
from .spec import Field

if TYPE_CHECKING:
    from .numerals import Number

_MOST_TEXT = 400
_MOST_ROWS = 100
_NOTHING = frozenset(
    (
        *("", "-", "--", "n/a", "na", "none", "null", "nothing", "unknown", "unspecified", "not stated"),
        *("not-stated", "not given", "not reported", "not mentioned", "not specified"),
    )
)
_LOOSE = " \u00a0\t\n-"
"""What may stand within a unit or not: `12-month`, `5 mg`."""
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
_SIGN = re.compile(r"^[\s<>=~≈≤≥±+]*(?:about|around|approximately|n\s?=)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list."""

    values: Mapping[str, Scalar]
    model_words: tuple[str, ...] = ()
    sentence: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """The value of an own field, its sentence by number; the fields are those of `FieldValue`."""

    value: bool | float | str | tuple[str, ...] | None = None
    unit: str | None = None
    high: float | None = None
    rows: tuple[Row, ...] = ()
    missing: str | None = None
    refused: tuple[str, ...] = ()
    confidence: float | None = None
    confidences: tuple[float | None, ...] = ()
    words: str | None = None
    sentence: int | None = None


@dataclass(frozen=True)
class Text:
    """What the model was shown."""

    title: str
    sentences: Sequence[str]
    places: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """For each place that fields name in `from`, the numbers of its sentences."""
    is_order: Callable[[str], bool] = lambda text: False
    """Whether a text gives orders to a model, so that no card may have it as a model's words."""

    def allowed(self, one: Field) -> frozenset[int] | None:
        """The sentences from which a field may be answered; None for all."""
        if not one.places:
            return None
        return frozenset().union(*(self.places.get(place, ()) for place in one.places))


def read(one: Field, given: Mapping[str, Any], text: Text) -> Value:
    """The value that an answer gives to a field; with reasons in `refused` where it is wrong."""
    allowed = text.allowed(one)
    if allowed is not None and not allowed:
        return Value(missing=NOT_IN_TEXT)
    if one.type == "list":
        return _rows(one, given[one.name], text, allowed)
    return _single(one, given[one.name], given.get(f"{one.name}_sentence", 0), text, allowed)


class _Wrong(Exception):
    pass


def _single(one: Field, given: Any, number: int, text: Text, allowed: frozenset[int] | None) -> Value:
    if given == [] or _is_nothing(given):
        least = one.size.least if one.type == "labels" else 0
        if least:
            return Value(missing=REFUSED, refused=(f"{one.name} has no id: give at least {least}",))
        return Value(missing=NOT_STATED)
    try:
        sentence = _sentence(one, number, text, allowed)
        return replace(_value(one, given, sentence, text), sentence=sentence)
    except _Wrong as wrong:
        return Value(missing=REFUSED, refused=(f"{one.name}: {wrong}",))


def _is_nothing(given: Any) -> bool:
    return isinstance(given, str) and given.strip(" .").lower() in _NOTHING


def _sentence(one: Field, number: int, text: Text, allowed: frozenset[int] | None) -> int | None:
    """The number of the sentence that states the answer; None if there is none."""
    if one.evidence == "none":
        return None
    most = len(text.sentences)
    if not 0 <= number <= most:
        raise _Wrong(f"there is no sentence {number}: the paper has 1 to {most}")
    if not number:
        if one.evidence == "required" or allowed is not None:
            raise _Wrong("names no sentence: give the number of the one that states it, or leave it empty")
        return None
    if allowed is not None and number not in allowed:
        raise _Wrong(f"sentence {number} is not in {' or '.join(one.places)}")
    return number


def _value(one: Field, given: Any, sentence: int | None, text: Text) -> Value:
    """The value, without its sentence. Raises _Wrong."""
    if one.type == "label":
        return Value(given)
    if one.type == "labels":
        return Value(tuple(dict.fromkeys(given))[: one.size.most])
    if one.type == "boolean":
        return Value(given == "yes")
    said = " ".join(visible(given.encode(errors="ignore").decode())[0].split())
    if len(said) > _MOST_TEXT:
        raise _Wrong(f"is longer than {_MOST_TEXT} characters")
    borne = _borne(sentence, text)
    if one.type in ("number", "quantity"):
        return _number(one, said, borne, sentence)
    if one.type == "date":
        return Value(_date(said, borne, sentence))
    if any(_folded(said) in _folded(part) for part in (*borne, text.title, *text.sentences)):
        return Value(said, words="paper")
    if text.is_order(said):
        raise _Wrong("is no answer to the question")
    return Value(said, words="model")


def _borne(sentence: int | None, text: Text) -> Sequence[str]:
    """Where a value must stand."""
    return (text.title, *text.sentences) if sentence is None else (text.sentences[sentence - 1],)


def _place(sentence: int | None) -> str:
    return "the paper" if sentence is None else f"sentence {sentence}"


def _number(one: Field, said: str, borne: Sequence[str], sentence: int | None) -> Value:
    from .numerals import numbers, span  # its patterns take a while to compile

    letters = one.type == "number"
    found = numbers(said, letters=letters)
    if not found:
        raise _Wrong(f'"{said[:40]}" has no number: write it as {_place(sentence)} has it')
    ends = span(said, found)
    low, high = ends or (found[0], None)
    if ends is None and len(found) > 1 and "\u00b1" not in said[low.end : found[1].start]:
        spread = re.match(r"\s?(?:\+/-|\(|\\pm)", said[low.end :])
        if spread is None and (one.type == "number" or said[: low.start].strip()):
            raise _Wrong(f'"{said[:40]}" has several numbers: give one')
    before = _SIGN.sub("", said[: low.start])
    after = said[(high or low).end :].strip()
    place = _find(low, borne, letters)
    if place is None or (high is not None and _find(high, borne, letters) is None):
        raise _Wrong(f'"{said[:40]}" does not stand in {_place(sentence)}: write one that does, or nothing')
    part, there = place
    if one.type == "number":
        unit = "%" if there.percent or low.percent else None
        if before and len(before) > 40:
            raise _Wrong("is a sentence: give the number alone")
    else:
        unit = _unit(one, "%" if low.percent else after, part, there, sentence)
    top = _find(high, borne, letters) if high is not None else None
    return Value(there.value, unit=unit, high=float(top[1].value) if top is not None else None)


def _find(number: "Number", borne: Sequence[str], letters: bool) -> "tuple[str, Number] | None":
    """The text that has a number, and the number there: one with the same likeliest reading goes first."""
    from .numerals import Number, numbers

    wanted = number.readings[0]
    second = None
    for part in borne:
        for one in numbers(part, letters=letters):
            if one.readings[0] == wanted:
                return part, one
            if second is None and wanted in one.readings:
                second = part, one
    if second is not None and second[1].readings[0] != wanted and -wanted == second[1].readings[0]:
        return second[0], Number((wanted,), second[1].start, second[1].end, second[1].percent)
    return second


def _unit(one: Field, given: str, part: str, there: "Number", sentence: int | None) -> str:
    """The unit of a quantity, as the paper writes it. Raises _Wrong."""
    assert one.unit is not None
    rest = part[there.start :]
    for spread in ("\u00b1", "+/-", "(", "\\pm"):
        given = given.partition(spread)[0]
    given = given.strip(" -")
    for unit in (given, one.unit) if not given else (given,):
        place = _unit_place(unit, rest)
        if place is not None:
            return place
    if not given:
        raise _Wrong(f"names no unit: write the number with its unit as {_place(sentence)} has it")
    raise _Wrong(f'the unit "{given[:20]}" does not stand behind the number in {_place(sentence)}')


def _unit_place(unit: str, rest: str) -> str | None:
    """A unit as it stands in a text, singular or plural, whatever the spaces and hyphens; None without it."""
    stem = unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit
    wanted = "".join(one for one in stem if one not in _LOOSE)
    rest = rest[:2000]
    places = [at for at, one in enumerate(rest) if one not in _LOOSE]
    squeezed = "".join(rest[at] for at in places)
    if len(wanted) > 2 and len(squeezed.lower()) == len(squeezed):
        wanted, squeezed = wanted.lower(), squeezed.lower()
    at = squeezed.find(wanted) if wanted else -1
    while at != -1:
        start, end = places[at], places[at + len(wanted) - 1] + 1
        whole = start == 0 or not rest[start - 1].isalpha()
        for stop in (end, end + 1) if rest[end : end + 1] == "s" else (end,):
            if whole and not rest[stop : stop + 1].isalpha():
                return " ".join(rest[start:stop].split())
        at = squeezed.find(wanted, at + 1)
    return None


def _date(said: str, borne: Sequence[str], sentence: int | None) -> str:
    parts = date_of(said)
    if parts is None:
        raise _Wrong(f'"{said[:40]}" is no date: write it as {_place(sentence)} has it')
    found = iso(parts)
    assert found is not None
    if not any(_folded(said) in _folded(part) for part in borne) and not any(
        str(parts[0]) in part for part in borne
    ):
        raise _Wrong(f'"{said[:40]}" does not stand in {_place(sentence)}')
    return found


def _folded(text: str) -> str:
    return " ".join(_DASHES.sub("-", text.translate(_QUOTES)).casefold().split()).strip(" .,;:'\"")


def _rows(
    one: Field, items: Sequence[Mapping[str, Any]], text: Text, allowed: frozenset[int] | None
) -> Value:
    rows: dict[tuple[Any, ...], Row] = {}
    refused: list[str] = []
    for position, item in enumerate(items[:_MOST_ROWS], start=1):
        try:
            row = _row(one, item, text, allowed)
        except _Wrong as wrong:
            refused.append(f"{one.name}, record {position}: {wrong}")
            continue
        if any(value is not None for value in row.values.values()):
            rows.setdefault((*row.values.items(), row.sentence), row)
    missing = None if rows else REFUSED if refused else NOT_STATED
    return Value(rows=tuple(rows.values()), missing=missing, refused=tuple(refused))


def _row(one: Field, item: Mapping[str, Any], text: Text, allowed: frozenset[int] | None) -> Row:
    sentence = _sentence(one, item["sentence"], text, allowed)
    values: dict[str, Scalar] = {}
    foreign = []
    for part in one.parts:
        value = _single_in(part, item[part.name], sentence, text)
        values[part.name] = cast("Scalar", value.value)
        if part.type == "quantity" or value.unit is not None:
            values[f"{part.name}_unit"] = value.unit
        if value.high is not None:
            values[f"{part.name}_high"] = value.high
        if value.words == "model":
            foreign.append(part.name)
    return Row(values, tuple(foreign), sentence)


def _single_in(part: Field, given: Any, sentence: int | None, text: Text) -> Value:
    if _is_nothing(given):
        return Value()
    try:
        return _value(part, given, sentence, text)
    except _Wrong as wrong:
        raise _Wrong(f"{part.name} {wrong}") from wrong
