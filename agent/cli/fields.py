"""`papercards fields`: begins, shows and checks files of own fields."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..text.wording import did_you_mean
from .command_help import Commands, example
from .shared import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..fields.spec import Field

app = typer.Typer(
    cls=Commands, help="Ask questions of your own: start, show and check a fields file.", no_args_is_help=True
)


@app.command("init", epilog=example("papercards fields init clinical > clinical.yaml"))
def init(
    name: Annotated[
        str, typer.Argument(help="clinical, materials or ml-results.", metavar="NAME")
    ] = "ml-results",
) -> None:
    """Print a shipped fields file to start from."""
    from ..fields.file import example as shipped

    print(shipped(name), end="")


@app.command("show", epilog=example("papercards fields show mine.yaml"))
def show(
    file: Annotated[str, typer.Argument(help="A fields file, or the name of a shipped one.", metavar="FILE")],
) -> None:
    """Print a fields file with all defaults filled in."""
    from ..fields.file import chosen, written

    fields = chosen(file, None)
    print(f"# {fields.version}")
    for line in written(fields).splitlines():
        print(terminal.clean(line))


@app.command("check", epilog=example("papercards fields check mine.yaml"))
def check(
    file: Annotated[Path, typer.Argument(help="A fields file (.yaml).", metavar="FILE")],
) -> None:
    """Check your own fields file and list every mistake with its line."""
    from ..fields.file import BadFields, load

    try:
        fields = load(file)
    except BadFields as error:
        for fault in error.faults:
            print(terminal.clean(f"{file}:{fault.line}: {fault.what}. {fault.remedy}"))
        raise typer.Exit(error.exit_code) from None
    for one in fields.own:
        for line in _doubts(one):
            terminal.note(f"{one.name}: {line}")
    kinds = ", ".join(f"{one.name} ({one.type})" for one in fields.own)
    print(terminal.clean(f"{fields.version}: {kinds}; shipped: {', '.join(fields.shipped) or 'none'}"))


_SECTIONS = (
    "abstract introduction background related methods materials data experiments evaluation results "
    "discussion limitations conclusions availability appendix"
).split()
"""Usual beginnings of section names."""


def _doubts(one: "Field") -> "Iterator[str]":
    """What is allowed in a field and may still be a slip."""
    import importlib.util

    for place in one.places:
        if not any(usual.startswith(place.rstrip("s")) for usual in _SECTIONS) and (
            near := did_you_mean(place, _SECTIONS)
        ):
            yield f'from: "{place}" is no usual section. {near}'
    if one.unit is not None and importlib.util.find_spec("pint") is not None:
        from ..evals.scoring.units import parsed

        if parsed(one.unit) is None:
            yield f'eval knows no unit "{one.unit}" and compares it as a word'
