"""`papercards cache`: what is kept, and whether it is whole."""

import sqlite3
from contextlib import closing
from pathlib import Path

import typer

from ..places import cache_directory
from . import options, wiring

app = typer.Typer(help="The answers and cards that are kept.", no_args_is_help=True)


@app.command("stats")
def stats(cache_dir: options.CacheDir = None) -> None:
    """Say where the cache is, and how much is in it."""
    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    answers, _ = _answers(folder)
    lines, _ = _lines(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {answers:,} answers, {lines:,} finished cards, {size / 1e6:,.1f} MB in all")


@app.command("verify")
def verify(cache_dir: options.CacheDir = None) -> None:
    """Look for answers and cards in the cache that are damaged, or that something else than papercards wrote.

    What is damaged is never used: it is asked for, or made, again.
    """
    from ..errors import VerifyFailed

    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    answers, damaged = _answers(folder)
    lines, strange = _lines(folder)
    print(f"{folder}")
    print(f"  {answers:,} answers, {len(damaged):,} of them damaged")
    print(f"  {lines:,} finished cards, {strange:,} of them not as you left them")
    for key, why in damaged[:20]:
        print(f"  answer {key[:16]}: {why}")
    if strange:
        print(
            "  Finished cards that were changed, or that another user made, are not used: they are made "
            "again from the answers, which costs no request. To be rid of them, delete answers/finished.db."
        )
    if damaged:
        raise VerifyFailed(
            f"{len(damaged):,} answers are damaged and will not be used",
            where=str(folder),
            next_step="Nothing must be done: those papers are asked about again when they come. "
            "If you did not expect this, delete the folder: somebody else may have written to it",
        )
    print("all whole" if not strange else "all answers whole")


def _answers(folder: Path) -> tuple[int, list[tuple[str, str]]]:
    """The number of answers, and the damaged ones by key, with what is wrong."""
    from ..cache import decode

    path = folder / "answers" / "cache.db"
    if not path.is_file():
        return 0, []
    count = 0
    damaged = []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as table:
            for key, value, mode, file in table.execute("SELECT key, value, mode, filename FROM Cache"):
                if isinstance(key, str) and key.startswith("note:"):
                    continue
                count += 1
                if not isinstance(key, str) or not isinstance(value, str) or mode != 1 or file is not None:
                    damaged.append((repr(key)[:40], "is no text, as all answers are"))
                elif decode(key, value) is None:
                    damaged.append((key, "is not as papercards wrote it, or was moved from another place"))
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    return count, damaged


def _lines(folder: Path) -> tuple[int, int]:
    from ..finished import survey

    try:
        return survey(folder) or (0, 0)
    except sqlite3.Error as error:
        raise _unreadable(folder / "answers" / "finished.db", error) from error


def _unreadable(path: Path, error: sqlite3.Error) -> Exception:
    from ..errors import VerifyFailed

    return VerifyFailed(
        f"cannot be read: {error}",
        where=str(path),
        next_step="Delete this file, and what is in it is asked for, or made, again"
        if "locked" not in str(error)
        else "Another process holds it: try again when it has ended",
    )
