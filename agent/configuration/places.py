"""Folders of answers and weights on this machine.

Knows settings. Knows no environment but the user's home folder.
"""

from pathlib import Path

from ..errors import UsageError
from .settings import Settings


def cache_directory(chosen: Settings) -> Path:
    """The folder in the settings, else the user's cache folder; never one in the working directory."""
    return _expanded(chosen.cache_dir) if chosen.cache_dir else _user_cache()


def models_directory(chosen: Settings) -> Path:
    """Folder of the weights of embedded models."""
    return _expanded(chosen.models_dir) if chosen.models_dir else _user_cache() / "models"


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError("no such home folder", where=path) from error


def _user_cache() -> Path:
    """The user's cache directory. Raises UsageError for a user without a home, as in many containers."""
    import platformdirs

    try:
        found = platformdirs.user_cache_path("papercards")
    except RuntimeError:  # raised by newer releases of platformdirs
        found = Path()
    if found.is_absolute():
        return found
    raise UsageError(
        "no home folder for answers and models",
        next_step="Give folders with --cache-dir and PAPERCARDS_MODELS, or set HOME",
    )
