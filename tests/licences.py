"""Under which licence comes what papercards brings: the list of docs/licences.md, from what is installed.

`python -m tests.licences > docs/licences.md` writes it anew.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker

from papercards.models import LOCAL

ROOT = Path(__file__).parent.parent
LAYERS = {"base": "always", "local": "`local`", "extras": "an extra"}
"""Each lock, and when what it holds is installed."""

HEAD = """# Licences of what papercards brings

papercards is under the Apache License 2.0. It contains no code of others; these packages are installed with
it, at the versions in `locks/`. The licence is what each says of itself. Written by
`python -m tests.licences`; a test compares it with what is installed.

| package | licence | installed |
|---|---|---|
"""

WEIGHTS = """
Weights of embedded models, fetched when one is first used:

| file | licence |
|---|---|
"""


def locked() -> list[tuple[str, str, str]]:
    """Name, version and layer of each package that is installed here with all extras."""
    found = []
    for layer in LAYERS:
        text = (ROOT / "locks" / f"{layer}.txt").read_text()
        for name, version, marker in re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))? \\$", text, re.MULTILINE):
            if not marker or Marker(marker).evaluate():
                found.append((name, version, layer))
    return sorted(found)


def licence_of(name: str) -> str:
    """What a package says: its expression, else its classifiers, else the first line of its licence."""
    about = metadata.metadata(name)
    if about["License-Expression"]:
        return about["License-Expression"]
    prefix = "License :: "
    classes = [one for one in about.get_all("Classifier") or () if one.startswith(prefix)]
    named = sorted({one.rpartition(" :: ")[2] for one in classes} - {"OSI Approved"})
    return ", ".join(named) or (about["License"] or "not said").strip().splitlines()[0]


def row(name: str, licence: str, layer: str) -> str:
    return f"| {name} | {licence} | {LAYERS[layer]} |\n"


def weights() -> list[str]:
    """A row for each embedded model's file, which is fetched when it is first needed."""
    return [f"| {model.file.name} | {model.file.licence} |\n" for model in LOCAL.values() if model.file]


if __name__ == "__main__":
    packages = [row(name, licence_of(name), layer) for name, _, layer in locked()]
    sys.stdout.write("".join([HEAD, *packages, WEIGHTS, *weights()]))
