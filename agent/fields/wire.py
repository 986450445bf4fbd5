"""How own fields are asked: a paragraph of the prompt for each, and their parts of the answer's schema.

Numbers, dates and texts are strings, empty for none, so that the schema has no union and no bound, and code
can check them as they are written in the paper.
"""

from collections.abc import Iterable
from typing import Any, Literal

from .spec import Field

_AS_WRITTEN = {
    "number": "Write the number exactly as the sentence has it",
    "quantity": "Write the number and its unit exactly as the sentence has them, in {unit} if you can choose",
    "text": "Write it in the paper's own words, as few as possible",
    "date": "Write the date exactly as the sentence has it",
}


def paragraph(field: Field) -> str:
    """The paragraph of the prompt for a field."""
    lines = [f"{field.name}: {field.question.strip()} {_form(field)}"]
    lines += [f"{option}: {means}" for option, means in field.options.items()]
    if field.parts:
        lines += [f"{part.name}: {part.question.strip()} {_form(part)}" for part in field.parts]
        for part in field.parts:
            lines += [f"{part.name} {option}: {means}" for option, means in part.options.items()]
    return "\n".join(lines)


def _form(field: Field) -> str:
    where = f" Only from: {', '.join(field.places)}." if field.places else ""
    if field.type == "list":
        return (
            f"A list of records, empty if the paper states none, each with "
            f"{_list(part.name for part in field.parts)}, "
            f"and sentence: the number of the sentence that states it.{where}"
        )
    if field.type == "label":
        form = "One id, or not-stated."
    elif field.type == "labels":
        least, most = field.size.least, field.size.most
        form = f"{least} to {most} ids, the main one first; an empty list if the paper does not say."
    elif field.type == "boolean":
        form = "yes or no, or not-stated."
    else:
        form = f"{_AS_WRITTEN[field.type].format(unit=field.unit)}, or nothing if it is not stated."
    if field.evidence != "none":
        form += f" {field.name}_sentence: the number of the sentence that says so, or 0."
    return form + where


def _list(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def schema(field: Field, number: Any) -> dict[str, tuple[Any, Any]]:
    """The parts of the answer for a field, but for lists, as name to type; `number` is that of a sentence."""
    found: dict[str, tuple[Any, Any]] = {field.name: (kind(field), ...)}
    if field.evidence != "none" and field.type != "list":
        found[f"{field.name}_sentence"] = (number, ...)
    return found


def kind(field: Field) -> Any:
    """The type of one value on the wire."""
    if not field.choices:
        return str
    one: Any = Literal[tuple(field.choices)]
    return list[one] if field.type == "labels" else one
