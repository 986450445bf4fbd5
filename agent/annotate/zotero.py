"""Adds tags to a Zotero library, and removes them again.

Keywords become automatic tags (type 1), which Zotero can hide or delete all at once; the note becomes a line
of `Extra`, so that one change of an item covers both. Tags and lines written by people stay unchanged. Zotero
refuses to change an item that was modified since it was read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bibliography.tags import Tags, with_note
from ..bibliography.zotero import Zotero, key_of
from ..bibliography.zotero_item import NO_PAPERS, record
from ..errors import UsageError
from ..paper import Paper, identity
from ..sources.columns import Columns
from ..text.wording import counted
from .undo import ItemState, ZoteroStep, read_steps, write_steps

_AUTOMATIC = 1


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item and the new content of its two fields."""

    key: str
    version: int
    title: str
    before: ItemState
    after: ItemState


@dataclass(frozen=True, slots=True)
class Annotated:
    """The planned changes of a library."""

    changes: Sequence[ItemChange]
    items: int
    matched: int


def annotated(zotero: Zotero, marks: Mapping[str, Tags], columns: Columns) -> Annotated:
    """The planned changes for the tags of each paper, by `identity`. Writes nothing."""
    changes: list[ItemChange] = []
    count = 0
    done: set[str] = set()
    for item in zotero.items():
        data = item["data"]
        if data.get("itemType") in NO_PAPERS:
            continue
        count += 1
        name = f"zotero:{key_of(item)}"
        found = record(data, name)
        if not found.get("abstract"):
            found["abstract"] = "-"
        paper = columns.paper(found, name)
        if not isinstance(paper, Paper):
            continue
        own = identity(paper.id, paper.title)
        if own not in marks or name in done:
            continue
        done.add(name)
        before = _state(item)
        after = _tagged(before, marks[own])
        if after != before:
            changes.append(ItemChange(key_of(item), _version(item), paper.title, before, after))
    return Annotated(changes, count, len(done))


def described(changes: Sequence[ItemChange]) -> Iterator[str]:
    """The changes as a diff, one line per tag or line of `Extra`."""
    for change in changes:
        yield f"@@ {change.key} {change.title} @@"
        for sign, one, other in (("-", change.before, change.after), ("+", change.after, change.before)):
            yield from (f"{sign}tag: {tag['tag']}" for tag in one.tags if tag not in other.tags)
            lines = other.extra.split("\n")
            yield from (
                f"{sign}extra: {line}" for line in one.extra.split("\n") if line and line not in lines
            )


def undo_path(name: str) -> Path:
    """Path of the undo file in the working directory: `zotero-collection-ABCD2345.undo`."""
    return Path(f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-')[:100]}.undo")


def save(zotero: Zotero, changes: Sequence[ItemChange], undo: Path) -> list[str]:
    """Write the changes, after writing the undo file; returns what was not saved, as `KEY why`.

    Raises EndpointError or UsageError if Zotero accepts no changes.
    """
    zotero.check_writable()
    steps = read_steps(undo, ZoteroStep)
    step = ZoteroStep(
        before={change.key: change.before for change in changes},
        after={change.key: change.after for change in changes},
    )
    write_steps(undo, [*steps, step])
    failed = dict(_failures(zotero, changes, step.after))
    kept = {change.key for change in changes} - failed.keys()
    step = ZoteroStep(
        before={key: state for key, state in step.before.items() if key in kept},
        after={key: state for key, state in step.after.items() if key in kept},
    )
    write_steps(undo, [*steps, step] if kept else steps)
    return [f"{key} {why}" for key, why in failed.items()]


def take_back(zotero: Zotero, undo: Path) -> tuple[int, list[str]]:
    """Undo the last change of items; returns the number undone, and what was not, as `KEY why`.

    Raises UsageError if there is nothing to undo or an item has changed since.
    """
    steps = read_steps(undo, ZoteroStep)
    if not steps:
        raise UsageError(
            "nothing to undo", where=zotero.place.name, next_step=f"The undo file would be {undo}"
        )
    zotero.check_writable()
    step: ZoteroStep = steps[-1]
    there = {key_of(item): item for item in zotero.some_items(list(step.after))}
    states = {key: _state(item) for key, item in there.items()}
    # What a cut-off run never wrote is as it was before.
    done = [key for key in step.after if states.get(key) != step.before[key]]
    changed = [key for key in done if states.get(key) != step.after[key]]
    if changed:
        raise UsageError(
            f"{counted(len(changed), 'item has', 'items have')} been changed or deleted since (such as "
            f"{changed[0]}), so this cannot be undone",
            where=zotero.place.name,
            next_step="Restore these items, or undo in Zotero itself",
        )
    changes = [ItemChange(key, _version(there[key]), "", step.after[key], step.before[key]) for key in done]
    failed = dict(_failures(zotero, changes, step.before))
    left = ZoteroStep(
        before={key: step.before[key] for key in failed}, after={key: step.after[key] for key in failed}
    )
    write_steps(undo, [*steps[:-1], left] if failed else steps[:-1])
    return len(done) - len(failed), [f"{key} {why}" for key, why in failed.items()]


def _failures(
    zotero: Zotero, changes: Sequence[ItemChange], wanted: Mapping[str, ItemState]
) -> Iterator[tuple[str, str]]:
    written = [{"key": one.key, "version": one.version, **wanted[one.key].model_dump()} for one in changes]
    return ((key, why) for key, why in zotero.save(written) if why)


def _state(item: Mapping[str, Any]) -> ItemState:
    data = item["data"]
    tags = data.get("tags")
    extra = data.get("extra")
    return ItemState(
        tags=[tag for tag in tags if isinstance(tag, dict) and isinstance(tag.get("tag"), str)]
        if isinstance(tags, list)
        else [],
        extra=extra if isinstance(extra, str) else "",
    )


def _version(item: Mapping[str, Any]) -> int:
    version = item.get("version")
    return version if isinstance(version, int) else 0


def _tagged(before: ItemState, marks: Tags) -> ItemState:
    missing = marks.missing(tag["tag"] for tag in before.tags)
    return ItemState(
        tags=[*before.tags, *({"tag": word, "type": _AUTOMATIC} for word in missing)],
        extra=with_note(before.extra, marks.note),
    )
