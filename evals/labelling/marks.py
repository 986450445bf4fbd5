"""What a cell of a label table says: words, and spans of the text.

A cell is text, a list, or what annotation tools export: `{"choices": […]}`, `{"taxonomy": [[…]]}` and
`{"start", "end", "text", "labels"}` of Label Studio, `[start, end, label]` and `{"start_offset", …}` of
doccano, `{"start", "end", "label"}` of Prodigy. Spreadsheets hold lists as text, as JSON or as Python writes
them.

Knows cells. Knows no labels, no papers and no files.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NOTHING = frozenset(("", "nan", "null", "#n/a", "<na>"))
_MOST_LITERAL = 20_000
"""Characters of a text that are parsed as a list."""
_WORDS = ("choices", "taxonomy", "labels", "hypertextlabels", "label", "rating", "number", "text")
"""Names under which Label Studio keeps the answer of a control, the likeliest first."""

Word = tuple[str, ...]
"""A label as written, behind the names of the groups that a hierarchy has it in."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of the text with its labels; the offsets are as the tool counted them."""

    start: int
    end: int
    labels: tuple[Word, ...]
    text: str | None = None
    """The text that was marked, where the tool says it."""


def words_and_marks(cell: object) -> tuple[list[Word], list[Mark]]:
    """Everything that a cell says, in its order. Raises ValueError with the reason for what says nothing."""
    words: list[Word] = []
    marks: list[Mark] = []
    for one in _said(parsed(cell)):
        if isinstance(one, Mark):
            marks.append(one)
        else:
            words.append(one)
    return words, marks


def texts_of(cell: object) -> list[str]:
    """The texts of a list, as they are. Raises ValueError for anything else."""
    value = parsed(cell)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("not a list of texts")
    return [str(one) for one in value]


def is_empty(cell: object) -> bool:
    """Whether there is nothing in a cell; an empty list is something."""
    return cell is None or (isinstance(cell, str) and cell.strip().casefold() in _NOTHING) or cell != cell


def parsed(cell: object) -> object:
    """The list or object that a text spells, else the cell as it is."""
    if not isinstance(cell, str) or cell.lstrip()[:1] not in ("[", "{") or len(cell) > _MOST_LITERAL:
        return cell
    for read in (json.loads, ast.literal_eval):
        try:
            return read(cell.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return cell


def _said(value: object) -> Iterator[Word | Mark]:
    if is_empty(value):
        return
    if isinstance(value, bool):
        yield ("yes" if value else "no",)
    elif isinstance(value, int | float):
        yield (f"{value:g}" if isinstance(value, float) else str(value),)
    elif isinstance(value, str):
        yield (value.strip(),)
    elif isinstance(value, Mapping):
        yield from _of_object(value)
    elif isinstance(value, list | tuple):
        if len(value) == 3 and all(type(end) is int for end in value[:2]) and isinstance(value[2], str):
            yield Mark(value[0], value[1], ((value[2],),))
            return
        for one in value:
            yield from _said(one)
    else:
        raise ValueError(f"a {type(value).__name__} is not a label")


def _of_object(value: Mapping[object, object]) -> Iterator[Word | Mark]:
    start = value.get("start", value.get("start_offset"))
    end = value.get("end", value.get("end_offset"))
    is_span = start is not None and end is not None
    name = next((name for name in _WORDS if value.get(name) is not None), None)
    if name is None or (is_span and name == "text"):
        raise ValueError("an object without labels")
    said = value[name]
    if name == "taxonomy" and isinstance(said, list):
        labels = [tuple(map(str, path)) if isinstance(path, list) else (str(path),) for path in said]
    else:
        labels = [one for one in _said(said) if not isinstance(one, Mark)]
    if not is_span:
        yield from labels
        return
    try:
        text = value.get("text")
        yield Mark(int(str(start)), int(str(end)), tuple(labels), text if isinstance(text, str) else None)
    except ValueError as error:
        raise ValueError(f"the span {start}-{end} has no numbers") from error
