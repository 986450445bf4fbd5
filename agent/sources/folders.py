"""Which files of a folder hold papers.

Not those that papercards wrote: what this run writes, what the records of earlier runs name, records, errors
and lists of cards. Plain text is a paper where it is named, beside papers it is rather a note on them; but a
text that has the form of a bibliography, of a table or of a saved page is read like any other file.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from ..errors import PapercardsError, UsageError
from .interface import Options
from .registry import PLAIN_TEXT, known_extensions, recognized
from .unpacked import own_extension, unpacked

_OURS = (".run.json", ".errors.jsonl", ".watch.json", ".review.jsonl", ".partial", ".undo")
_CARD = (b'"tldr"', b'"provenance"')
_SHOWN = 5


def files_of(folder: Path, spec: str, options: Options) -> list[Path]:
    """The files in it and below it, sorted, hidden ones left out. Raises UsageError where there is none."""
    known = set(known_extensions())
    inside = sorted(one for one in folder.rglob("*") if own_extension(one) in known and one.is_file())
    inside = [one for one in inside if not any(p.startswith(".") for p in one.relative_to(folder).parts)]
    written = {path.resolve() for path in options.outputs} | set(_recorded(inside))
    found, ours, notes = [], [], []
    for one in inside:
        if (
            one.resolve() in written
            or one.name.endswith(_OURS)
            or any(up in written for up in one.resolve().parents)
        ):
            ours.append(one)
            continue
        head = _head(one)
        if all(sign in head for sign in _CARD) or _is_table_of_cards(head):
            ours.append(one)
        elif own_extension(one) in PLAIN_TEXT.extensions and not recognized(str(one), head):
            notes.append(one)
        else:
            found.append(one)
    if options.remark is not None:
        _remark(options, spec, ours, "of papercards' own and no papers")
        _remark(options, spec, notes, "plain text, which is read where it is named")
    if not found:
        raise UsageError(
            "is a folder without any file that can be read",
            where=spec,
            next_step=f"Known are: {' '.join(sorted(known - set(PLAIN_TEXT.extensions)))}",
        )
    return found


def _remark(options: Options, spec: str, files: list[Path], what: str) -> None:
    if files and options.remark is not None:
        names = ", ".join(one.name for one in files[:_SHOWN]) + (", …" if len(files) > _SHOWN else "")
        options.remark(f"{spec}: {len(files)} files left out, {what}: {names}")


def _recorded(files: list[Path]) -> Iterator[Path]:
    """What the records of earlier runs say that these runs wrote."""
    for record in files:
        if not record.name.endswith(".run.json"):
            continue
        try:
            whole = json.loads(record.read_bytes())
            base = record.parent / whole["folder"]
            for named in whole["settings"]["outputs"]:
                _, _, path = str(named).rpartition(":") if not Path(named).is_absolute() else ("", "", named)
                yield (base / path).resolve()
            for output in whole["outputs"]:
                yield (base / output["path"]).resolve()
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return unpacked(str(path), stream)[0]
    except (OSError, PapercardsError):
        return b""


def _is_table_of_cards(head: bytes) -> bool:
    first = head.partition(b"\n")[0].decode("utf-8", "replace").lstrip("\ufeff").replace('"', "")
    return "tldr" in first and "main_task" in first
