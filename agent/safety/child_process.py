"""How a child is started: none of its code from the working directory, and only the variables that it needs.

A child reads files that strangers made, or runs what others wrote: it gets no keys. The working directory
may be a stranger's too, and a `json.py` in it must not be imported, nor a library in it be loaded.

Knows commands and variables. Knows no papers.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from .redact import holds_a_secret

_KEPT = frozenset(
    {
        *("PATH", "LANG", "HOME", "TMPDIR", "TEMP", "TMP", "TZ"),
        *("SYSTEMROOT", "USERPROFILE", "LOCALAPPDATA", "APPDATA"),
        *("PYTHONHOME", "PYTHONUTF8", "PYTHONUSERBASE", "VIRTUAL_ENV"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    }
)

NOWHERE = Path(sys.executable).anchor or os.sep
"""Working directory of child processes: libraries may load files from the working directory."""


def python(module: str) -> list[str]:
    """The command that runs a module with this Python; -P keeps the working directory out of its path."""
    return [sys.executable, "-P", "-m", module]


def environment(*prefixes: str, of: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables for a child of ours: what the system and Python need, and those with a prefix."""
    kept = {
        name: value
        for name, value in of.items()
        if name.upper() in _KEPT
        or name.startswith("LC_")
        or (name.startswith(prefixes) and not holds_a_secret(name))
    }
    here = Path.cwd()
    places = [here / place for place in of.get("PYTHONPATH", "").split(os.pathsep) if place]
    if safe := [str(place) for place in places if place.resolve() != here.resolve()]:
        kept["PYTHONPATH"] = os.pathsep.join(safe)
    return kept


def without_secrets(of: Mapping[str, str] = os.environ) -> dict[str, str]:
    """All variables but those that hold a secret by their name, for a program that is not ours."""
    python_path = environment(of=of).get("PYTHONPATH")
    rest = {name: value for name, value in of.items() if not holds_a_secret(name) and name != "PYTHONPATH"}
    return rest | ({"PYTHONPATH": python_path} if python_path else {})


def program(name: str) -> str | None:
    """The path of a program, never one that lies in the working directory."""
    found = shutil.which(name)
    if found is None or not Path(found).is_absolute():
        return None
    return None if Path(found).parent.resolve() == Path.cwd().resolve() else found
