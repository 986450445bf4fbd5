"""Why an answer is not in a cache: what its key has that the nearest stored answers have not.

Parts of a key that are hashes are told by the names beside the answers where there are any.

Knows keys. Knows no papers and no terminal.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .cache import Kept, Parts

_SECRET = ("extra_body",)
"""Parts that a user filled with what nobody else should see: only that they differ is said."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored answer, and what is asked otherwise now."""

    row: Kept
    changes: tuple[str, ...]
    """Each part that differs in a line, as `prompt changed: card@12345678 → card@9abcdef0`."""


def nearest(rows: Iterable[Kept], parts: Parts, names: Mapping[str, str], most: int = 3) -> list[Difference]:
    """The stored answers of a paper that differ least from what is asked, the nearest and newest first.

    `parts` may lack those that only the paper's text gives; rows are of the paper if they have its id in
    `names`, or its text. One answer for each kind of difference.
    """
    found: dict[tuple[str, ...], Difference] = {}
    for row in rows:
        same_id = row.names.get("id") == names.get("id")
        if same_id or ("paper" in parts and row.parts.get("paper") == parts["paper"]):
            changes = tuple(changes_of(row, parts, names))
            before = found.get(changes)
            if before is None or before.row.answer.created < row.answer.created:
                found[changes] = Difference(row, changes)
    newest = sorted(found.values(), key=lambda one: one.row.answer.created, reverse=True)
    return sorted(newest, key=lambda one: len(one.changes))[:most]


def changes_of(row: Kept, parts: Parts, names: Mapping[str, str]) -> Iterator[str]:
    """What differs from a stored answer, a line each."""
    differing = [
        name
        for name in dict.fromkeys((*parts, *row.parts))
        if row.parts.get(name) != parts.get(name) and (name in parts or name not in _OF_TEXT)
    ]
    told = False
    if any(name in differing for name in ("prefix", "schema", "taxonomy", "questions")):
        for name in ("prompt", "taxonomy", "fields"):
            before, now = row.names.get(name, ""), names.get(name, "")
            if row.names and before != now:
                told = True
                yield f"{name} changed: {before or 'none'} → {now or 'none'}"
    for name in differing:
        old, new = row.parts.get(name), parts.get(name)
        if name in ("paper", "state"):
            yield "the text of the paper changed, or how it is shown"
        elif name in ("prefix", "schema", "taxonomy", "probe") and isinstance(old or new, str):
            if not told and not (name == "schema" and "prefix" in differing):
                what = {"prefix": "prompt, taxonomy or fields", "schema": "form of the answer"}.get(
                    name, name
                )
                yield f"{what} changed: {_short(old)} → {_short(new)}"
        elif name == "questions":
            if not told:
                yield "other questions are asked"
        elif name in _SECRET:
            yield f"{name} changed"
        elif name == "model":
            yield f"model changed: {_named(row.names, old)} → {_named(names, new)}"
        else:
            before, now = (
                _short(some.get(name)) if name in some else "default" for some in (row.parts, parts)
            )
            yield f"{name} changed: {before} → {now}"


_OF_TEXT = ("paper", "schema", "state", "questions")
"""Parts that are unknown without the text of the paper."""


def _named(names: Mapping[str, str], part: object) -> str:
    return names.get("model") or str(part)


def _short(value: object) -> str:
    if value is None:
        return "none"
    text = str(value)
    is_hash = len(text) == 64 and all(c in "0123456789abcdef" for c in text)
    return text[:8] if is_hash else text[:80]
