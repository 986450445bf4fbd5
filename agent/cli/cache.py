"""`papercards cache`: shows what is in the cache, and checks it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import typer

from ..configuration.places import cache_directory
from ..text.wording import counted
from .command_help import Commands, example
from .shared import options, wiring

app = typer.Typer(cls=Commands, help="Show and check the cache.", no_args_is_help=True)


@app.command("stats", epilog=example("papercards cache stats"))
def stats(cache_dir: options.CacheDir = None) -> None:
    """Print the folder and size of the cache."""
    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    answers, _ = _answers(folder)
    lines, _ = _lines(folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {counted(answers, 'answer')}, {counted(lines, 'finished card')}, {size / 1e6:,.1f} MB")


@app.command("verify", epilog=example("papercards cache verify"))
def verify(cache_dir: options.CacheDir = None) -> None:
    """Find answers and cards in the cache that are damaged or were not written by papercards.

    Damaged entries are never used: answers are requested again, and cards are made again.
    """
    from ..errors import VerifyFailed

    folder = cache_directory(wiring.settings(cache_dir=cache_dir))
    answers, damaged = _answers(folder)
    lines, strange = _lines(folder)
    print(f"{folder}")
    print(f"  {counted(answers, 'answer')}, {len(damaged):,} of them damaged")
    print(f"  {counted(lines, 'finished card')}, {strange:,} of them changed or made by another user")
    for key, why in damaged[:20]:
        print(f"  answer {key[:16]}: {why}")
    if strange:
        print(
            "  Finished cards that were changed or made by another user are not used: they are made again "
            "from the answers, without requests. To remove them, delete answers/finished.db."
        )
    if damaged:
        raise VerifyFailed(
            f"{counted(len(damaged), 'answer')} damaged and not used",
            where=str(folder),
            next_step="Nothing needs to be done: these answers are requested again when they are needed. "
            "If you did not expect this, delete the folder: someone else may have written to it",
        )
    print("no damage found" if not strange else "no damaged answers")


def _answers(folder: Path) -> tuple[int, list[tuple[str, str]]]:
    """The number of answers, and the damaged ones by key, with what is wrong."""
    from ..model.cache import decode

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
                    damaged.append((repr(key)[:40], "is not text"))
                elif decode(key, value) is None:
                    damaged.append((key, "was changed, or moved from another place"))
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    return count, damaged


def _lines(folder: Path) -> tuple[int, int]:
    from ..runs.card_lines import survey

    try:
        return survey(folder) or (0, 0)
    except sqlite3.Error as error:
        raise _unreadable(folder / "answers" / "finished.db", error) from error


def _unreadable(path: Path, error: sqlite3.Error) -> Exception:
    from ..errors import VerifyFailed

    return VerifyFailed(
        f"cannot read: {error}",
        where=str(path),
        next_step="Delete this file; its content is requested or made again"
        if "locked" not in str(error)
        else "Another process is using it: try again when that has ended",
    )
