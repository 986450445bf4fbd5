"""File systems without locks: the work is done, and what cannot be guarded is said."""

import errno
import fcntl
import logging
from pathlib import Path

import pytest

from papercards.errors import StorageError
from papercards.local.part import fetching
from papercards.model.cache import Cache
from papercards.model.catalogue import SMOLLM
from papercards.model.in_flight import InFlight
from papercards.review.line_log import LineLog
from papercards.safety import file_locks
from papercards.sinks.files import RecordFile
from papercards.sources.services.fetched import Store

NUMBERS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP]


@pytest.fixture(params=NUMBERS)
def without_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(request.param, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(file_locks, "_said", [])


@pytest.mark.usefixtures("without_locks")
def test_every_file_is_written_without_its_guard_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "papercards"):
        for name in ("a", "b"):
            file = RecordFile(tmp_path / name)
            file.append(b"line\n")
            file.finish()
        log = LineLog(tmp_path / "log", lambda line: True)
        log.append(lambda anew, lines: [b"one"])
        Store(tmp_path / "fetched").stamp("host").close()
        with fetching(SMOLLM, tmp_path, lambda: pytest.fail("nobody has it")):
            pass

    assert (tmp_path / "b").read_bytes() == b"line\n"
    assert log.read() == (False, [])
    assert (tmp_path / "log").read_bytes() == b"one\n"
    (said,) = caplog.messages
    assert str(tmp_path) in said and "no locks" in said


@pytest.mark.usefixtures("without_locks")
def test_every_process_is_alone_on_the_cache(tmp_path: Path) -> None:
    import asyncio

    for _ in range(2):
        claims = InFlight(tmp_path)
        assert asyncio.run(claims.ask_once("k", lambda: "unasked")) is None
        claims.close()
    assert not list((tmp_path / "running").iterdir())


@pytest.mark.parametrize("number", NUMBERS)
def test_a_cache_that_cannot_be_locked_says_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(StorageError, match=r"no locks.*--cache-dir"):
        Cache(tmp_path)


def test_who_has_a_lock_keeps_the_others_out(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with path.open("wb") as one, path.open("ab") as other:
        assert file_locks.lock(one, path)
        with pytest.raises(BlockingIOError):
            file_locks.lock(other, path, wait=False)
