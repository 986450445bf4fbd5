"""Chooses the files of a folder that contain papers.

Files written by papercards are left out: outputs of this run, outputs in the records of earlier runs,
records, error files and card files. Plain text is read only if it is given by name, since in a folder of
papers it is usually a note; but a text in the form of a bibliography, a table or a saved page is read like
any other file.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from ..errors import PapercardsError, UsageError
from ..text.wording import counted
from .interface import Options
from .registry import PLAIN_TEXT, known_extensions, recognized
from .unpacked import own_extension, unpacked

_OURS = (".run.json", ".errors.jsonl", ".watch.json", ".review.jsonl", ".partial", ".undo")
_CARD = (b'"tldr"', b'"provenance"')
_SHOWN = 5


def files_of(folder: Path, spec: str, options: Options) -> list[Path]:
    """The files in and below a folder, sorted, without hidden ones. Raises UsageError if there are none."""
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
        _remark(options, spec, ours, "written by papercards")
        _remark(options, spec, notes, "plain text, which is read only if given by name")
    if not found:
        raise UsageError(
            "the folder has no readable files",
            where=spec,
            next_step=f"Known extensions: {' '.join(sorted(known - set(PLAIN_TEXT.extensions)))}",
        )
    return found


def _remark(options: Options, spec: str, files: list[Path], what: str) -> None:
    if files and options.remark is not None:
        names = ", ".join(one.name for one in files[:_SHOWN]) + (", …" if len(files) > _SHOWN else "")
        options.remark(f"{spec}: {counted(len(files), 'file')} skipped ({what}): {names}")


def _recorded(files: list[Path]) -> Iterator[Path]:
    """The outputs of earlier runs, according to their records."""
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
