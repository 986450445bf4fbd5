"""`papercards trust`: lets a folder's `papercards.toml` choose endpoints and caches."""

from pathlib import Path
from typing import Annotated

import typer

from ..errors import UsageError
from .shared import terminal


def trust(
    folder: Annotated[
        Path, typer.Argument(help="Folder whose papercards.toml you trust.", metavar="FOLDER")
    ] = Path(),
    undo: Annotated[bool, typer.Option("--undo", help="Stop trusting it.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List trusted files.")] = False,
) -> None:
    """Trust the papercards.toml of a folder.

    It may then choose endpoints, caches and models. When its content changes, it must be trusted again.
    """
    from ..configuration.settings import FILE_NAME
    from ..configuration.trust import forget, trusted_files

    if list_:
        for one in trusted_files():
            state = "" if one.unchanged else "  (changed or missing since: not trusted)"
            print(terminal.clean(f"{one.path}{state}"))
        return
    file = folder if folder.name == FILE_NAME else folder / FILE_NAME
    if undo:
        if not forget(file):
            raise UsageError(
                "is not trusted",
                where=str(file),
                next_step="List the trusted files with: papercards trust --list",
            )
        print(terminal.clean(f"no longer trusted: {file.resolve()}"))
        return
    _trust(file)


def _trust(file: Path) -> None:
    from ..configuration.risky_settings import line_of, risks
    from ..configuration.settings import parse
    from ..configuration.trust import trust as remember

    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read: {error.strerror}",
            where=str(file),
            next_step="Give a folder that has a papercards.toml",
        ) from error
    values = parse(content, str(file))
    text = content.decode("utf-8")
    remember(file, content)
    print(terminal.clean(f"trusted with its current content: {file.resolve()}"))
    # Assume limits of the user, so that all risks are shown.
    for risk in risks(values, {"max_cost": 1.0}, file.absolute().parent):
        line = line_of(risk.name, text)
        said = f"{file.name}:{line}: {text.splitlines()[line - 1].strip()}" if line else risk.name
        print(terminal.clean(f"  {said}  ({risk.why})"))
