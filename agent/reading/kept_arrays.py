"""Arrays that take long to make, kept in a file.

Knows arrays and files. Knows no texts and no models.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]


def kept(path: Path, names: tuple[str, ...]) -> "Arrays | None":
    """The arrays of these names in a file; None if it cannot be read or lacks one."""
    import numpy as np

    unreadable = (OSError, ValueError, KeyError, EOFError, BadZipFile)
    with suppress(*unreadable), np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in names}
    return None


def keep(path: Path, arrays: "Arrays") -> None:
    """Write arrays to a file, if that is possible: it only saves time."""
    import numpy as np

    flat: dict[str, Any] = dict(arrays)
    partial = path.with_name(f"{path.stem}.{os.getpid()}.npz")
    # A disk that is full or read-only is no reason to stop.
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        np.savez(partial, **flat)
        partial.replace(path)
