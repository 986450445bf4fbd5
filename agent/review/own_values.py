"""Values of own fields as people write and correct them."""

import re
from collections.abc import Sequence

from ..card import REJECTED, FieldRow, FieldValue
from ..fields.numerals import numbers, span
from ..text.dates import date_of, iso

_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
MOST = 1000
"""Maximum characters of a value."""
SEPARATOR = "; "
"""Stands between the parts of a value that has several."""


def written(value: FieldValue | None) -> str | None:
    """A value as text that `corrected_value` reads as the same; None for none."""
    if value is None or not value.texts:
        return None
    return SEPARATOR.join(value.texts)


def parts(value: FieldValue, text: str | None) -> Sequence[str]:
    """The parts of such a text of a field of labels or records."""
    if text is None:
        return ()
    if value.type != "list":
        return [part.strip() for part in re.split(r"[;,]", text) if part.strip()]
    return [row.text for row in _kept(value, text)]


def _kept(value: FieldValue, text: str) -> Sequence[FieldRow]:
    """The records whose texts make up the text. Raises ValueError if something else stands in it."""
    kept = []
    for row in value.rows:
        rest = text.removeprefix(row.text)
        if rest != text and (not rest or rest.startswith(SEPARATOR)):
            kept.append(row)
            text = rest.removeprefix(SEPARATOR)
    if text:
        raise ValueError("A record can be taken out of a list, and not changed here.")
    return kept


def corrected_value(before: FieldValue, text: str | None) -> FieldValue:
    """The value that a person gave; without evidence and confidence, which belong to the model's answer.

    None rejects what was there. Raises ValueError, with a sentence for people, for a text that is no such
    value.
    """
    if text == written(before):
        return before
    if text is None:
        return FieldValue(type=before.type, missing=REJECTED)
    if before.type == "list":
        return before.model_copy(update={"rows": tuple(_kept(before, text))})
    text = " ".join(text.split())
    if before.type in ("label", "labels"):
        ids = parts(before, text)
        if not ids or not all(map(_LABEL.fullmatch, ids)) or (before.type == "label" and len(ids) > 1):
            raise ValueError("Write the id of an option" + ("s" if before.type == "labels" else "") + ".")
        return FieldValue(type=before.type, value=ids[0] if before.type == "label" else tuple(ids))
    if before.type == "boolean":
        if text.lower() not in ("yes", "no"):
            raise ValueError("Write yes or no.")
        return FieldValue(type=before.type, value=text.lower() == "yes")
    if before.type in ("number", "quantity"):
        return _number(before, text)
    if before.type == "date":
        if (found := iso(date_of(text))) is None:
            raise ValueError("Write a date, such as 2024-03-05 or March 2024.")
        return FieldValue(type=before.type, value=found)
    return FieldValue(type=before.type, value=text)


def _number(before: FieldValue, text: str) -> FieldValue:
    found = numbers(text, letters=before.type == "number")
    ends = span(text, found)
    if not found or (len(found) > 1 and ends is None):
        raise ValueError("Write one number.")
    unit = "%" if found[-1].percent else text[found[-1].end :].strip() or None
    high = float(ends[1].value) if ends else None
    return FieldValue(type=before.type, value=found[0].value, high=high, unit=unit)
