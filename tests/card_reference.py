"""Writes `docs/card.md`, the reference of a card's fields, from the records in `papercards.card`.

Run it after a change of the card: `python -m tests.card_reference`.
"""

import ast
import collections.abc
import dataclasses
import inspect
import types
import typing
from collections.abc import Iterator
from pathlib import Path

from papercards import card, publication

PAGE = Path(__file__).parent.parent / "docs" / "card.md"

INTRODUCTION = """# The card

A card is one JSON object, one line of a card file. This page lists all its fields;
`papercards schema` prints the JSON schema. Offsets count Unicode code points of the abstract,
or of the section that the evidence names, from 0 and half-open:
`abstract[start:end]` is the quoted text. `papercards verify` checks that.

This page is generated: edit the docstrings in `agent/card.py` and `agent/publication.py`, and run
`python -m tests.card_reference`.
"""


def page() -> str:
    """The content of `docs/card.md`."""
    records: list[type] = [
        card.Card,
        card.Label,
        card.Claim,
        card.Evidence,
        card.Reproducibility,
        card.Artifact,
    ]
    records += [
        card.CardLink,
        card.FieldValue,
        card.FieldRow,
        card.Provenance,
        card.Answered,
        card.Tokens,
        publication.Publication,
        publication.Person,
    ]
    return "\n".join([INTRODUCTION, *(_section(record) for record in records)])


def _section(record: type) -> str:
    about = _descriptions(record)
    lines = [f"## {record.__name__}", "", inspect.cleandoc(record.__doc__ or ""), ""]
    lines += ["| field | type | meaning |", "|---|---|---|"]
    for name, annotation in _fields(record):
        lines.append(f"| `{name}` | {_kind(annotation)} | {about[name]} |")
    return "\n".join([*lines, ""])


def _fields(record: type) -> Iterator[tuple[str, object]]:
    """Name in JSON and type of each field of a model or a dataclass."""
    if issubclass(record, card.Record):
        for name, field in record.model_fields.items():
            yield field.alias or name, field.annotation
    else:
        hints = typing.get_type_hints(record)
        yield from ((field.name, hints[field.name]) for field in dataclasses.fields(record))


def _descriptions(record: type) -> dict[str, str]:
    """The docstring under each field, those of base classes included. A field without one is a KeyError."""
    found: dict[str, str] = {}
    for one in reversed(record.__mro__):
        if one.__module__ in (card.__name__, publication.__name__):
            body = ast.parse(inspect.getsource(one)).body[0]
            assert isinstance(body, ast.ClassDef)
            for field, text in zip(body.body, body.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                    assert isinstance(field.target, ast.Name) and isinstance(text.value, ast.Constant)
                    name = "schema" if field.target.id == "schema_version" else field.target.id
                    found[name] = " ".join(str(text.value.value).replace("|", "\\|").split())
    return found


def _kind(annotation: object) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    if origin is typing.Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(_kind(one) for one in arguments)
    if annotation is type(None):
        return "null"
    if typing.get_origin(annotation) is collections.abc.Mapping:
        return f"object of {_kind(typing.get_args(annotation)[1])}"
    assert isinstance(annotation, type)
    plain = {str: "text", int: "integer", float: "number", bool: "true or false"}
    if annotation in plain:
        return plain[annotation]
    return f"[{annotation.__name__}](#{annotation.__name__.lower()})"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
