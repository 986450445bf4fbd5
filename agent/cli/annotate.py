"""`papercards annotate`: adds the tags of cards to the library that the papers came from."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInput, UsageError
from ..text.wording import counted
from .shared import options, source_options, terminal

if TYPE_CHECKING:
    from ..bibliography.tags import Tags
    from ..bibliography.zotero import Zotero
    from ..sources.columns import Columns


def annotate(
    library: Annotated[
        str,
        typer.Argument(
            help="A .bib, .ris or CSL .json file, or zotero:, zotero:collection/KEY, zotero:tag/NAME. "
            "[env: PAPERCARDS_ZOTERO_URL, ZOTERO_API_KEY]",
            metavar="LIBRARY",
        ),
    ],
    cards: Annotated[
        Path | None,
        typer.Option(
            help="The cards, in any format that can be read back (see papercards formats).", metavar="CARDS"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        options.to_file("Write to this file and leave the library unchanged."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the changes as a diff and write nothing.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Undo the last annotation.")] = False,
    column: options.Columns = None,
) -> None:
    """Add tags and summaries to the entries of a library, in place."""
    from ..bibliography.tags import tags
    from ..paper import identity
    from ..sinks import read_cards
    from ..sources.columns import Columns

    live = library.startswith("zotero:")
    if undo and (cards or output or dry_run):
        raise UsageError("--undo cannot be combined with other options")
    if live and output:
        raise UsageError(
            "Zotero libraries are annotated in place, so --output does not apply",
            where="--output",
            next_step="Use --dry-run to see the changes first",
        )
    if undo:
        if live:
            _undo_zotero(library)
        else:
            _undo_file(Path(library))
        return
    if cards is None:
        raise UsageError("no cards given", next_step="Give the card file with --cards")
    marks = {identity(card.id, card.title): tags(card) for card in read_cards(cards)}
    columns = Columns(source_options.columns(column))
    if live:
        _annotate_zotero(library, marks, columns, dry_run=dry_run)
    else:
        _annotate_file(Path(library), marks, columns, output, dry_run=dry_run)


def _annotate_file(
    path: Path, marks: "Mapping[str, Tags]", columns: "Columns", output: Path | None, *, dry_run: bool
) -> None:
    from ..annotate import files
    from ..annotate.diff import unified
    from ..sinks.files import write_file

    change = files.annotated(path, marks, columns)
    _check(str(path), change.matched)
    said = f"{change.matched:,} of {counted(change.entries, 'entry', 'entries')} matched a card"
    if dry_run:
        sys.stdout.buffer.writelines(unified(str(path), change.before, change.edits))
        sys.stdout.buffer.flush()
        terminal.note(f"{said}; nothing was written")
    elif output is not None:
        write_file(output, [change.after])
        terminal.note(f"{said}; written to {output}")
    elif not change.edits:
        terminal.note(f"{said}; all tags are there already, nothing to do")
    else:
        files.save(path, change)
        terminal.note(f"{said}; {path} annotated. To undo: papercards annotate {path} --undo")


def _undo_file(path: Path) -> None:
    from ..annotate import files

    files.take_back(path)
    terminal.note(f"{path}: last annotation undone")


def _annotate_zotero(name: str, marks: "Mapping[str, Tags]", columns: "Columns", *, dry_run: bool) -> None:
    from ..annotate import zotero as items

    zotero = _connect(name)
    try:
        change = items.annotated(zotero, marks, columns)
        _check(name, change.matched)
        said = f"{change.matched:,} of {counted(change.items, 'item')} matched a card"
        if dry_run:
            for line in items.described(change.changes):
                print("".join(c if c.isprintable() else "?" for c in line))
            terminal.note(f"{said}; nothing was written")
        elif not change.changes:
            terminal.note(f"{said}; all tags are there already, nothing to do")
        else:
            if zotero.local:
                terminal.note("Zotero may ask for permission: check its window")
            failed = items.save(zotero, change.changes, items.undo_path(name))
            done = len(change.changes) - len(failed)
            terminal.note(f"{said}; {done} annotated. To undo: papercards annotate {name} --undo")
            _report(failed)
    finally:
        zotero.close()


def _undo_zotero(name: str) -> None:
    from ..annotate import zotero as items

    zotero = _connect(name)
    try:
        done, failed = items.take_back(zotero, items.undo_path(name))
        terminal.note(f"last annotation undone for {counted(done, 'item')}")
        _report(failed)
    finally:
        zotero.close()


def _connect(name: str) -> "Zotero":
    from ..bibliography.zotero import Zotero, place

    return Zotero(
        place(name),
        source_options.in_environment(source_options.SOURCE_URLS).get("zotero"),
        os.environ.get("ZOTERO_API_KEY"),
    )


def _check(library: str, matched: int) -> None:
    """Raise BadInput if no card matches the library: the cards are probably for another one."""
    if not matched:
        raise BadInput(
            "no entry matches any of these cards",
            where=library,
            next_step=f"Make cards for this library: papercards enrich {library} -o cards.jsonl",
        )


def _report(failed: list[str]) -> None:
    for one in failed[:20]:
        terminal.note(f"papercards: {one}")
    if failed:
        raise typer.Exit(1)
