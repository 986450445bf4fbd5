"""`papercards taxonomy`: shows and checks label sets."""

from pathlib import Path
from typing import Annotated

import typer

from ..runs.resources import load_taxonomy
from .command_help import Commands, example
from .shared import options, terminal, wiring

app = typer.Typer(cls=Commands, help="Start, show and check label sets.", no_args_is_help=True)


@app.command("init", epilog=example("papercards taxonomy init > mine.yaml"))
def init() -> None:
    """Print the shipped taxonomy file, to start your own from."""
    from ..taxonomy import shipped_file

    print(shipped_file(), end="")


@app.command("show", epilog=example("papercards taxonomy show"))
def show(taxonomy: options.Taxonomy = None) -> None:
    """Print all labels with their definitions."""
    from ..taxonomy import LABEL_FIELDS

    loaded = load_taxonomy(wiring.settings(taxonomy=taxonomy))
    print(f"# {loaded.version}")
    for group, labels in loaded.labels.items():
        size = loaded.sizes[group] if group in LABEL_FIELDS else None
        print(f"\n{group}" + (f" ({size.least} to {size.most} per paper)" if size else ""))
        width = max(len(label) for label in labels)
        subgroup = ""
        for label, means in labels.items():
            if loaded.groups[group][label] != subgroup:
                subgroup = loaded.groups[group][label]
                print(f"  {subgroup}")
            print(terminal.clean(f"    {label:<{width}}  {means}"))


@app.command("check", epilog=example("papercards taxonomy check labels.yaml"))
def check(
    file: Annotated[Path, typer.Argument(help="A taxonomy file (.yaml).", metavar="FILE")],
) -> None:
    """Check your own taxonomy file."""
    from ..taxonomy import load

    loaded = load(file)
    counts = ", ".join(f"{len(labels)} {group}" for group, labels in loaded.labels.items())
    print(f"{loaded.version}: {counts}")
