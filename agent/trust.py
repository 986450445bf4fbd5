"""Which settings files the user has trusted: a list in the user's own configuration folder.

A file is trusted by its resolved path and the SHA-256 of its content, so that one that changed, or lies
elsewhere, is not. Whoever can write that list is the user.

Knows paths and hashes. Knows no settings.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from .errors import StorageError
from .safe_files import write_whole

_NAME = "trusted.json"


@dataclass(frozen=True, slots=True)
class Trusted:
    """One file that was trusted."""

    path: str
    """Resolved."""
    sha256: str
    """Of its content when it was trusted."""

    @property
    def unchanged(self) -> bool:
        """Whether the file still has that content."""
        try:
            return hashlib.sha256(Path(self.path).read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def is_trusted(file: Path, content: bytes) -> bool:
    """Whether the user trusted this file with this content."""
    return Trusted(str(file.resolve()), hashlib.sha256(content).hexdigest()) in trusted_files()


def trust(file: Path, content: bytes) -> None:
    """Trust a file with this content, and no other content of it. Raises StorageError."""
    path = str(file.resolve())
    rest = [one for one in trusted_files() if one.path != path]
    _save([*rest, Trusted(path, hashlib.sha256(content).hexdigest())])


def forget(file: Path) -> bool:
    """Trust a file no longer; whether it was trusted. Raises StorageError."""
    path = str(file.resolve())
    known = trusted_files()
    rest = [one for one in known if one.path != path]
    if len(rest) == len(known):
        return False
    _save(rest)
    return True


def trusted_files() -> list[Trusted]:
    """All that are trusted, in the order in which they were. A list that cannot be read trusts nothing."""
    folder = user_folder()
    if folder is None:
        return []
    try:
        found = json.loads((folder / _NAME).read_bytes())
        return [Trusted(str(one["path"]), str(one["sha256"])) for one in found["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def user_folder() -> Path | None:
    """The user's configuration folder of papercards; None for a user without a home.

    A relative path in XDG_CONFIG_HOME would be a folder of whoever made the working directory.
    """
    try:
        found = platformdirs.user_config_path("papercards")
    except RuntimeError:
        return None
    return found if found.is_absolute() else None


def _save(files: list[Trusted]) -> None:
    folder = user_folder()
    if folder is None:
        raise StorageError(
            "there is no home folder to keep the list of trusted files in", next_step="Set HOME"
        )
    records = [{"path": one.path, "sha256": one.sha256} for one in files]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / _NAME, json.dumps({"files": records}, indent=1).encode() + b"\n")
    except OSError as error:
        raise StorageError(
            f"the list of trusted files cannot be written: {error.strerror}", where=str(folder)
        ) from error
