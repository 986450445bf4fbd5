"""Fetching from the publisher: a real HTTP server on loopback."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from papercards.errors import EndpointError, StorageError
from papercards.local import fetch as fetching
from papercards.local.fetch import fetch
from papercards.model.catalogue import ModelFile
from tests.clocks import PATIENCE_S, until
from tests.local.conftest import Publisher, model_file, noise

Publish = Callable[..., Publisher]

CONTENT = noise(3_000_000)


def bring(file: ModelFile, directory: Path, said: list[str] | None = None) -> Path:
    return fetch(file, directory, progress=lambda done, whole: None, say=(said or []).append)


def left_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {"model.gguf.lock"}


def test_brings_the_file_and_tells_how_far_it_is(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(CONTENT)
    seen: list[tuple[int, int]] = []

    path = fetch(
        model_file(CONTENT, publisher.url), tmp_path, progress=lambda done, whole: seen.append((done, whole))
    )

    assert path.read_bytes() == CONTENT
    assert left_in(tmp_path) == {"model.gguf"}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_file_that_is_there_is_not_fetched(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(CONTENT)
    bring(model_file(CONTENT, publisher.url), tmp_path)
    bring(model_file(CONTENT, publisher.url), tmp_path)

    assert len(publisher.ranges) == 1


def test_a_cut_connection_goes_on_where_it_broke(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(CONTENT, cut_after=1_000_000)

    assert bring(model_file(CONTENT, publisher.url), tmp_path).read_bytes() == CONTENT
    assert publisher.ranges == [None, "bytes=1000000-"]


def test_a_publisher_without_ranges_starts_over(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(CONTENT, cut_after=1_000_000, knows_ranges=False)

    assert bring(model_file(CONTENT, publisher.url), tmp_path).read_bytes() == CONTENT
    assert len(publisher.ranges) == 2


CHILD = """
import sys
from pathlib import Path
from papercards.local.fetch import fetch
from papercards.model.catalogue import ModelFile
name, sha256, size, url, directory = sys.argv[1:]
file = ModelFile(name, sha256, int(size), url, (), (), "Apache-2.0")
fetch(file, Path(directory), progress=lambda done, whole: None, say=lambda line: print(line, flush=True))
print("done", flush=True)
"""


def in_a_process(file: ModelFile, directory: Path, limit: int | None = None) -> "subprocess.Popen[str]":
    """`fetch` in a process of its own, which may write files of at most `limit` bytes."""

    def lower() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", CHILD, file.name, file.sha256, str(file.size), file.url, str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lower,
    )


def test_a_killed_fetch_goes_on_and_its_torn_end_is_dropped(publish: Publish, tmp_path: Path) -> None:
    content = noise(34 << 20)
    publisher = publish(content, stall_after=33 << 20)
    file = model_file(content, publisher.url)
    child = in_a_process(file, tmp_path)
    state = tmp_path / "model.gguf.part.json"
    until(state.exists)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    good = json.loads(state.read_text())["good"]
    with (tmp_path / "model.gguf.part").open("ab") as part:
        part.write(b"torn")
    publisher.stall_after = None

    assert bring(file, tmp_path).read_bytes() == content
    assert good == 32 << 20
    assert publisher.ranges == [None, f"bytes={good}-"]


def test_a_part_of_another_file_is_not_gone_on_with(publish: Publish, tmp_path: Path) -> None:
    old = noise(2_500_000)
    publisher = publish(old, cut_after=1_000_000, knows_ranges=True)
    publisher.content = old
    with pytest.raises(EndpointError):
        bring(model_file(old + b"more", publisher.url), tmp_path)  # another length: nothing is taken
    (tmp_path / "model.gguf.part").write_bytes(old[:1000])
    (tmp_path / "model.gguf.part.json").write_text(
        json.dumps({"sha256": model_file(old).sha256, "good": 1000, "lengths": []})
    )
    publisher.content, publisher.cut_after = CONTENT, None
    publisher.ranges.clear()

    assert bring(model_file(CONTENT, publisher.url), tmp_path).read_bytes() == CONTENT
    assert publisher.ranges == [None]


def test_other_bytes_are_deleted_and_refused(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(b"x" + CONTENT[1:])

    with pytest.raises(EndpointError, match="SHA-256") as caught:
        bring(model_file(CONTENT, publisher.url), tmp_path)

    assert model_file(CONTENT).sha256 in str(caught.value)
    assert left_in(tmp_path) == set()


def test_a_page_instead_of_the_file_is_refused(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(b"<html>Please log in</html>")

    with pytest.raises(EndpointError, match="another length"):
        bring(model_file(CONTENT, publisher.url), tmp_path)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_is_not_repeated(publish: Publish, tmp_path: Path, status: int) -> None:
    publisher = publish(CONTENT, status=status)

    with pytest.raises(EndpointError, match=f"HTTP {status}"):
        bring(model_file(CONTENT, publisher.url), tmp_path)
    assert len(publisher.ranges) == 1


def test_without_a_source_the_user_is_told_which_file_to_put_where(tmp_path: Path) -> None:
    file = model_file(CONTENT, "http://127.0.0.1:9/model.gguf")

    with pytest.raises(EndpointError) as caught:
        bring(file, tmp_path)

    message = str(caught.value)
    assert "\n" not in message
    for part in ("127.0.0.1:9", "refused", file.sha256, str(file.size), str(tmp_path / "model.gguf")):
        assert part in message


def test_a_file_put_there_by_hand_is_taken(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(CONTENT)

    assert bring(model_file(CONTENT), tmp_path) == tmp_path / "model.gguf"


def test_a_silent_publisher_costs_seconds(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publish(CONTENT, stall_after=0)
    monkeypatch.setattr(fetching, "_FIRST_TIMEOUT_S", 0.3)
    monkeypatch.setattr(fetching, "_LATER_TIMEOUT_S", PATIENCE_S)
    started = time.monotonic()

    with pytest.raises(EndpointError, match="timed out"):
        bring(model_file(CONTENT, publisher.url), tmp_path)
    assert time.monotonic() - started < PATIENCE_S / 2


def test_two_processes_fetch_once(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(CONTENT, held=threading.Event())
    file = model_file(CONTENT, publisher.url)
    children = [in_a_process(file, tmp_path) for _ in range(2)]
    said: list[list[str]] = [[], []]

    def listen(number: int) -> None:
        said[number].extend(iter(children[number].stdout.readline, ""))  # type: ignore[union-attr]

    listening = [threading.Thread(target=listen, args=(number,)) for number in range(2)]
    for thread in listening:
        thread.start()
    until(lambda: any("Another process" in line for line in [*said[0], *said[1]]))
    assert publisher.held is not None
    publisher.held.set()
    for thread in listening:
        thread.join(PATIENCE_S)
    for child in children:
        child.wait(PATIENCE_S)
    outputs = ["".join(lines) for lines in said]
    assert all(output.endswith("done\n") for output in outputs)
    assert sum("Another process" in output for output in outputs) == 1
    assert len(publisher.ranges) == 1
    assert (tmp_path / "model.gguf").read_bytes() == CONTENT


def test_a_disk_that_fills_up_is_said_and_the_next_fetch_is_right(publish: Publish, tmp_path: Path) -> None:
    publisher = publish(CONTENT)
    file = model_file(CONTENT, publisher.url)
    child = in_a_process(file, tmp_path, limit=1_500_000)

    error = child.communicate(timeout=PATIENCE_S)[1]
    assert child.returncode == 1
    last = error.strip().splitlines()[-1]
    assert last.startswith("papercards.errors.StorageError") and "PAPERCARDS_MODELS" in last
    assert bring(file, tmp_path).read_bytes() == CONTENT


def test_too_little_room_is_said_before_anything_is_fetched(
    publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publish(CONTENT)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 1_000_000))

    with pytest.raises(StorageError, match=r"model\.gguf needs 3 MB, but only 1 MB are free"):
        bring(model_file(CONTENT, publisher.url), tmp_path)
    assert publisher.ranges == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="PAPERCARDS_MODELS"):
        bring(model_file(CONTENT), tmp_path / "file" / "models")
