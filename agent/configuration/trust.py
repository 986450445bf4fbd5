"""The settings files that the user trusts: a list in the user's own configuration folder.

A file is trusted by its resolved path and the SHA-256 of its content, so a changed or moved file is not
trusted. Only the user can write that list.

Knows paths and hashes. Knows no settings.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import StorageError
from ..safety.safe_files import write_whole

_NAME = "trusted.json"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A trusted file."""

    path: str
    """The resolved path."""
    sha256: str
    """SHA-256 of the content when it was trusted."""

    @property
    def unchanged(self) -> bool:
        """Whether the file still has that content."""
        try:
            return hashlib.sha256(Path(self.path).read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def is_trusted(file: Path, content: bytes) -> bool:
    """Whether the user trusts this file with this content."""
    return Trusted(str(file.resolve()), hashlib.sha256(content).hexdigest()) in trusted_files()


def trust(file: Path, content: bytes) -> None:
    """Trust a file with this content only. Raises StorageError."""
    path = str(file.resolve())
    rest = [one for one in trusted_files() if one.path != path]
    _save([*rest, Trusted(path, hashlib.sha256(content).hexdigest())])


def forget(file: Path) -> bool:
    """Stop trusting a file; returns whether it was trusted. Raises StorageError."""
    path = str(file.resolve())
    known = trusted_files()
    rest = [one for one in known if one.path != path]
    if len(rest) == len(known):
        return False
    _save(rest)
    return True


def trusted_files() -> list[Trusted]:
    """All trusted files in the order of trusting; empty if the list cannot be read."""
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

    A relative path in XDG_CONFIG_HOME is not used: it would depend on the working directory.
    """
    try:
        import platformdirs

        found = platformdirs.user_config_path("papercards")
    except RuntimeError:
        return None
    return found if found.is_absolute() else None


def _save(files: list[Trusted]) -> None:
    folder = user_folder()
    if folder is None:
        raise StorageError("no home folder for the list of trusted files", next_step="Set HOME")
    records = [{"path": one.path, "sha256": one.sha256} for one in files]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / _NAME, json.dumps({"files": records}, indent=1).encode() + b"\n")
    except OSError as error:
        raise StorageError(
            f"cannot write the list of trusted files: {error.strerror}", where=str(folder)
        ) from error
