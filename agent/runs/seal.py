"""A seal on files that papercards keeps for itself: a keyed hash, with a key in the user's own folder.

A cache may be in a folder that others can write to. Data with the seal was written by this user; data without
it is not used.

Knows bytes. Knows no tables.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

from ..configuration.trust import user_folder

_NAME = "seal.key"
_BYTES = 32


class Seal:
    """Makes seals with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, *parts: bytes) -> int:
        """The seal over parts as a signed 64-bit number, which SQLite can store."""
        state = hashlib.blake2b(key=self._key, digest_size=8)
        for part in parts:
            state.update(len(part).to_bytes(8))
            state.update(part)
        return int.from_bytes(state.digest(), signed=True)


def user_seal() -> Seal:
    """The user's seal; for a user without a home folder, one that is only valid in this process."""
    folder = user_folder()
    return Seal(_key(folder) if folder is not None else secrets.token_bytes(_BYTES))


@cache
def _key(folder: Path) -> bytes:
    path = folder / _NAME
    with suppress(OSError):
        if (key := _read(path)) is None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f".{_NAME}.{secrets.token_hex(6)}")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(_BYTES))
            try:
                os.link(fresh, path)  # two processes may come at once: the first one's stays
                fresh.unlink()
            except FileExistsError:
                fresh.unlink()
            except OSError:  # a file system without such links
                fresh.replace(path)
            key = _read(path)
        if key is not None:
            return key
    return secrets.token_bytes(_BYTES)


def _read(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == _BYTES else None
