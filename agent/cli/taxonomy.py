"""`papercards taxonomy`: the labels, shown and checked."""

from pathlib import Path
from typing import Annotated

import typer

from ..resources import load_taxonomy
from . import options, terminal, wiring

app = typer.Typer(help="Look at and check label sets.", no_args_is_help=True)


@app.command("show")
def show(taxonomy: options.Taxonomy = None) -> None:
    """Print the labels with their definitions."""
    from ..taxonomy import LABEL_FIELDS

    loaded = load_taxonomy(wiring.settings(taxonomy=taxonomy))
    print(f"# {loaded.version}")
    for group, labels in loaded.labels.items():
        size = loaded.sizes[group] if group in LABEL_FIELDS else None
        print(f"\n{group}" + (f" ({size.least} to {size.most} a paper)" if size else ""))
        width = max(len(label) for label in labels)
        subgroup = ""
        for label, means in labels.items():
            if loaded.groups[group][label] != subgroup:
                subgroup = loaded.groups[group][label]
                print(f"  {subgroup}")
            print(terminal.clean(f"    {label:<{width}}  {means}"))


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="A taxonomy file (.yaml).", metavar="FILE")],
) -> None:
    """Check a taxonomy file of your own."""
    from ..taxonomy import load

    loaded = load(file)
    counts = ", ".join(f"{len(labels)} {group}" for group, labels in loaded.labels.items())
    print(f"{loaded.version}: {counts}")
