"""The log under the hands of several processes, of a crash, and of people with editors."""

import subprocess
import sys
from pathlib import Path

import pytest

from papercards.errors import StorageError
from papercards.review.line_log import LineLog

WRITER = """
import sys
from pathlib import Path
from papercards.review.line_log import LineLog
name, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
log = LineLog(path, lambda line: True)
seen = 0
for n in range(count):
    def decide(anew, news):
        global seen
        seen += len(news)
        # What is read under the lock is all that was ever written.
        return [f"{name} {n} {seen + n}".encode()]
    log.append(decide)
"""


def whole(line: bytes) -> bool:
    return line.endswith(b"!")


def add(log: LineLog, *lines: bytes) -> None:
    log.append(lambda anew, news: lines)


def test_processes_lose_nothing_and_each_sees_all_before_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, name, str(path), "40"]) for name in ("a", "b", "c")
    ]
    assert [one.wait(60) for one in writers] == [0, 0, 0]
    lines = path.read_text().splitlines()
    assert len(lines) == 120
    assert [int(line.split()[2]) for line in lines] == list(range(120))


def test_a_reader_gets_each_line_once(tmp_path: Path) -> None:
    one, other = (LineLog(tmp_path / "log", whole) for _ in range(2))
    assert other.read() == (False, [])
    add(one, b"1!", b"2!")
    assert other.read() == (False, [b"1!", b"2!"])
    add(one, b"3!")
    assert other.read() == (False, [b"3!"])
    assert other.read() == (False, [])


def test_a_line_that_a_crash_cut_off_is_taken_away_by_the_next_writer(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"1!\n2")
    log = LineLog(path, whole)
    assert log.read() == (False, [b"1!"])
    add(log, b"3!")
    assert path.read_bytes() == b"1!\n3!\n"


def test_a_whole_last_line_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"1!\n2!")
    log = LineLog(path, whole)
    assert log.read() == (False, [b"1!", b"2!"])
    add(log, b"3!")
    assert path.read_bytes() == b"1!\n2!\n3!\n"
    assert log.read() == (False, [])


def test_another_file_in_its_place_is_read_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LineLog(path, whole)
    add(log, b"1!", b"2!")
    (tmp_path / "new").write_bytes(b"9!\n")
    (tmp_path / "new").replace(path)
    assert log.read() == (True, [b"9!"])


def test_what_decide_raises_writes_nothing(tmp_path: Path) -> None:
    log = LineLog(tmp_path / "log", whole)
    add(log, b"1!")

    def refuse(anew: bool, news: list[bytes]) -> list[bytes]:
        raise KeyError("no")

    with pytest.raises(KeyError):
        log.append(refuse)
    assert (tmp_path / "log").read_bytes() == b"1!\n"


FULL = """
import resource, sys
from pathlib import Path
from papercards.errors import StorageError
from papercards.review.line_log import LineLog
log = LineLog(Path(sys.argv[1]), lambda line: True)
resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
log.append(lambda anew, news: [b"1!"])
try:
    log.append(lambda anew, news: [b"2!", b"3!", b"4!"])
except StorageError as error:
    print(error)
print(log.read())
"""


def test_a_disk_that_refuses_takes_the_whole_batch_back(tmp_path: Path) -> None:
    path = tmp_path / "log"
    run = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in run.stdout
    assert path.read_bytes() == b"1!\n"
    assert run.stdout.endswith("(False, [])\n")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        LineLog(tmp_path, whole).read()
    assert list(tmp_path.iterdir()) == []
