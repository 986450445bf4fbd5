"""A folder on any file system that fsspec knows: a path, `s3://`, `gs://`, `hf://` and others.

A file appears whole or not at all. Knows bytes and names. Knows no cards.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import StorageError, UsageError, importing

AT_ONCE = 32
"""Files that are read at a time: a service's answers take longer than its bytes."""


class Place:
    """A folder, which need not exist. Raises StorageError if it cannot be read or written."""

    def __init__(self, address: str) -> None:
        """Raises UsageError for an address whose protocol is unknown or not installed."""
        with importing("A run on Ray", "ray"):
            from fsspec.core import url_to_fs
        self.address = str(Path(address).absolute()) if "://" not in address else address
        try:
            self._fs, self._root = url_to_fs(self.address)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"cannot open this address: {error}",
                where=address,
                next_step="Install the package for its protocol, such as s3fs or gcsfs",
            ) from error
        self.local = "file" in (
            self._fs.protocol if isinstance(self._fs.protocol, tuple) else (self._fs.protocol,)
        )

    def __truediv__(self, name: str) -> "Place":
        return Place(f"{self.address.rstrip('/')}/{name}")

    def path(self, name: str) -> str:
        """Where a file is, for messages."""
        return f"{self.address.rstrip('/')}/{name}"

    def files(self) -> dict[str, int]:
        """Names and sizes of the files, not those of folders in it; sorted."""
        try:
            self._fs.invalidate_cache()
            found = self._fs.ls(self._root, detail=True)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._broken("list", "", error) from error
        names = ((one["name"].rstrip("/").rpartition("/")[2], one) for one in found if one["type"] == "file")
        return {name: int(one["size"] or 0) for name, one in sorted(names, key=lambda one: one[0])}

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None if there is none."""
        try:
            content: bytes = self._fs.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._broken("read", name, error) from error
        return content

    def read_all(self, names: Iterable[str]) -> Iterator[bytes]:
        """The bytes of several files in order, several at a time; files that are gone are left out."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from (content for content in pool.map(self.read, names) if content is not None)

    def open(self, name: str) -> Any:
        """A file for reading in binary."""
        try:
            return self._fs.open(f"{self._root}/{name}", "rb")
        except OSError as error:
            raise self._broken("read", name, error) from error

    def write(self, name: str, content: bytes) -> None:
        """Write a file; it is whole, or as it was."""
        path = f"{self._root}/{name}"
        try:
            if not self.local:
                self._fs.pipe_file(path, content)
                return
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = Path(f"{path}.{uuid4().hex[:8]}.partial")
            try:
                partial.write_bytes(content)
                partial.replace(path)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
        except OSError as error:
            raise self._broken("write", name, error) from error

    def append(self, name: str, number: int, content: bytes) -> str:
        """Add to a log; the name of the file that has it: a new one where nothing can be appended."""
        if not self.local:
            self.write(f"{name}-{number:06}", content)
            return f"{name}-{number:06}"
        try:
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(f"{self._root}/{name}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._broken("write", name, error) from error
        return name

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are gone are left alone."""
        for name in names:
            try:
                self._fs.rm_file(f"{self._root}/{name}")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._broken("remove", name, error) from error

    def _broken(self, doing: str, name: str, error: OSError) -> StorageError:
        return StorageError(
            f"cannot {doing} it: {error.strerror or error}",
            where=self.path(name) if name else self.address,
            next_step="Run the same command again to continue",
        )
