"""Where answers and weights are kept on this machine.

Knows settings. Knows no environment but the user's home folder.
"""

from pathlib import Path

import platformdirs

from .errors import UsageError
from .settings import Settings


def cache_directory(chosen: Settings) -> Path:
    """The one that was named, else the user's. One that lies in the working directory may be a stranger's."""
    return _expanded(chosen.cache_dir) if chosen.cache_dir else _user_cache()


def models_directory(chosen: Settings) -> Path:
    """Where the weights of embedded models are kept."""
    return _expanded(chosen.models_dir) if chosen.models_dir else _user_cache() / "models"


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError("whose home folder that is is not known", where=path) from error


def _user_cache() -> Path:
    """The user's cache directory. Raises UsageError for a user without a home, as in many containers."""
    try:
        found = platformdirs.user_cache_path("papercards")
    except RuntimeError:  # as newer releases of platformdirs tell it
        found = Path()
    if found.is_absolute():
        return found
    raise UsageError(
        "there is no home folder to keep answers and models in",
        next_step="Name folders with --cache-dir and PAPERCARDS_MODELS, or set HOME",
    )
