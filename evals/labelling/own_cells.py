"""What a cell says of an own field: a number, a quantity, a date, a text, a truth value, or records.

Knows cells and fields. Knows no rows and no files.
"""

import re
from collections.abc import Mapping, Sequence

from papercards.card import NOT_STATED, FieldRow, FieldValue, Scalar
from papercards.fields.numerals import numbers, span
from papercards.fields.spec import Field
from papercards.text.dates import date_of, iso

from .label_words import STATUS_WORDS
from .marks import parsed

_NOT_STATED = frozenset(("not stated", "not-stated", "not reported", "none", "null", "n/a", "na", "-", "?"))
_ABOUT = re.compile(r"(?:~|\u2248|=|\+|n|about|around|approx\.?|approximately|ca\.?|\s)*", re.IGNORECASE)
_SPREAD = re.compile(r"(?<!\s)\s*+(?:\u00b1|\+/-|\().*", re.DOTALL)
_CONTROLS = ("choices", "number", "rating", "datetime", "taxonomy", "text")
"""Names under which Label Studio keeps the answer of a control, or the text of a span."""


def is_not_stated(cell: object) -> bool:
    """Whether a cell says that the paper does not state it."""
    return isinstance(cell, str) and cell.strip().casefold() in _NOT_STATED


def chosen(one: Field, labels: Sequence[str]) -> FieldValue:
    """The value of a field with options. Raises ValueError for several options of one `label`."""
    if one.type == "labels":
        return FieldValue(type="labels", value=tuple(labels))
    if len(labels) > 1:
        raise ValueError(f"{one.name}: {' and '.join(labels)}")
    return FieldValue(type="label", value=labels[0])


def value_of(one: Field, cell: object) -> FieldValue:
    """The value that a cell has for a field without options. Raises ValueError with what is wrong."""
    if one.type != "list":
        cell = _unwrapped(parsed(cell))
    if is_not_stated(cell):
        return FieldValue(type=one.type, missing=NOT_STATED)
    if one.type == "list":
        return _records(one, parsed(cell))
    value, unit, high = _single(one, cell)
    return FieldValue(type=one.type, value=value, unit=unit, high=high)


def _unwrapped(cell: object) -> object:
    """The answer in what a tool exports of a control: `{"choices": ["Yes"]}`, `[{"number": 120}]`."""
    if isinstance(cell, list) and len(cell) == 1:
        return _unwrapped(cell[0])
    if isinstance(cell, Mapping) and "value" not in cell:
        inner = next((cell[name] for name in _CONTROLS if name in cell), None)
        return cell if inner is None else _unwrapped(inner)
    return cell


def _single(one: Field, cell: object) -> tuple[Scalar, str | None, float | None]:
    if isinstance(cell, Mapping) and one.type in ("number", "quantity"):
        unit = cell.get("unit")
        number, _, high = _single(one, cell.get("value"))
        return number, str(unit) if unit else one.unit, high
    if one.type == "boolean":
        word = (
            f"{cell:g}" if isinstance(cell, int | float) else str(cell).strip().casefold().removesuffix(".0")
        )
        meant = STATUS_WORDS.get(word)
        if meant not in ("released", "not-stated") or word in ("available", "public", "open"):
            raise ValueError(f'"{str(cell)[:40]}" says neither yes nor no')
        return meant == "released", None, None
    if one.type in ("number", "quantity"):
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return _whole(float(cell)), one.unit, None
        return _counted(one, _SPREAD.sub("", str(cell)))
    if one.type == "date":
        date = date_of(str(cell))
        if date is None:
            raise ValueError(f'"{str(cell)[:40]}" is not a date')
        return iso(date), None, None
    return " ".join(str(cell).split()), None, None


def _counted(one: Field, text: str) -> tuple[Scalar, str | None, float | None]:
    """A number as people write it, with what stands behind it as its unit."""
    found = numbers(text, letters=one.type == "number")
    ends = span(text, found)
    if not found or len(found) > 1 + bool(ends) or not _ABOUT.fullmatch(text[: found[0].start]):
        what = "is not a number" if one.type == "number" else "is not a number with a unit"
        raise ValueError(f'"{text[:40]}" {what}')
    low, high = ends or (found[0], None)
    unit = "%" if low.percent else text[(high or low).end :].strip() or one.unit
    return low.value, unit if one.type == "quantity" else None, float(high.value) if high else None


def _records(one: Field, cell: object) -> FieldValue:
    if not isinstance(cell, list) or not all(isinstance(record, dict) for record in cell):
        raise ValueError("is not a list of records, as in [{...}, {...}]")
    parts = {part.name: part for part in one.parts}
    rows = []
    for record in cell:
        values: dict[str, Scalar] = {}
        for name, value in record.items():
            base = next((name.removesuffix(end) for end in _ENDS if name.removesuffix(end) in parts), name)
            if base not in parts:
                raise ValueError(f'"{name}" is not a part of {one.name}, which has {", ".join(parts)}')
            if name != base:
                values[name] = value
                continue
            if value is None or is_not_stated(value):
                values.setdefault(name, None)
                continue
            values[name], unit, high = _single(parts[name], value)
            if parts[name].type == "quantity":
                values.setdefault(f"{name}_unit", unit)
            if high is not None:
                values[f"{name}_high"] = high
        rows.append(FieldRow(values=values))
    return FieldValue(type="list", rows=tuple(rows), missing=None if rows else NOT_STATED)


_ENDS = ("_unit", "_high")


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 1e15 else number
