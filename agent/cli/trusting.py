"""`papercards trust`: let a folder's `papercards.toml` say where keys go and which caches are believed."""

from pathlib import Path
from typing import Annotated

import typer

from . import terminal


def trust(
    folder: Annotated[
        Path, typer.Argument(help="The folder whose papercards.toml you trust.", metavar="FOLDER")
    ] = Path(),
    undo: Annotated[bool, typer.Option("--undo", help="Trust it no longer.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the files that are trusted.")] = False,
) -> None:
    """Trust the papercards.toml of a folder, as it is now. Once it changes, it must be trusted again."""
    from ..errors import UsageError
    from ..settings import FILE_NAME
    from ..trust import forget, trusted_files

    if list_:
        for one in trusted_files():
            state = "" if one.unchanged else "  (changed or gone since: not trusted)"
            print(terminal.clean(f"{one.path}{state}"))
        return
    file = folder if folder.name == FILE_NAME else folder / FILE_NAME
    if undo:
        if not forget(file):
            raise UsageError("was not trusted", where=str(file), next_step="See: papercards trust --list")
        print(terminal.clean(f"no longer trusted: {file.resolve()}"))
        return
    _trust(file)


def _trust(file: Path) -> None:
    from ..errors import UsageError
    from ..risky_settings import line_of, risks
    from ..settings import parse
    from ..trust import trust as remember

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(file),
            next_step="Name a folder that has a papercards.toml",
        ) from error
    values = parse(content, str(file))
    text = content.decode("utf-8")
    remember(file, content)
    print(terminal.clean(f"trusted, as it is now: {file.resolve()}"))
    # As if the user had limits of their own, so that all is told that can matter.
    for risk in risks(values, {"max_cost": 1.0}, file.absolute().parent):
        line = line_of(risk.name, text)
        said = f"{file.name}:{line}: {text.splitlines()[line - 1].strip()}" if line else risk.name
        print(terminal.clean(f"  {said}  ({risk.why})"))
