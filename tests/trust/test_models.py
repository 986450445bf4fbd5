"""A model file is loaded after its hash was checked, whatever lies beside it."""

import json
import os
from pathlib import Path

import pytest

from papercards.local import store
from tests.local.conftest import model_file, noise

FILE = model_file(noise(1000))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folders of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def note_of(path: Path, *, sha256: str = FILE.sha256) -> str:
    state = path.stat()
    said = {
        "sha256": sha256,
        "size": state.st_size,
        "mtime_ns": state.st_mtime_ns,
        "ctime_ns": state.st_ctime_ns,
    }
    return json.dumps(said)


def test_a_note_that_came_with_the_file_does_not_count(folder: Path) -> None:
    path = store.path_of(FILE, folder)
    path.write_bytes(b"GGUF" + noise(1000)[4:])
    state = path.stat()
    for name in (f"{path.name}.checked.json", f"{state.st_dev:x}-{state.st_ino:x}.json"):
        (folder / name).write_text(note_of(path))
        (folder / "checked-models").mkdir(exist_ok=True)
        (folder / "checked-models" / name).write_text(note_of(path))
    assert store.find(FILE, folder) is None


@pytest.mark.parametrize("relative", [".", "models"])
def test_a_users_folder_that_is_not_absolute_is_a_strangers(
    relative: str, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = store.path_of(FILE, folder)
    path.write_bytes(b"GGUF" + noise(1000)[4:])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", relative)
    state = path.stat()
    notes = tmp_path / relative / "papercards" / "checked-models"
    notes.mkdir(parents=True)
    (notes / f"{state.st_dev:x}-{state.st_ino:x}.json").write_text(note_of(path))
    assert store.find(FILE, folder) is None


def test_a_file_that_was_put_in_anothers_place_is_hashed_again(folder: Path) -> None:
    path = store.path_of(FILE, folder)
    path.write_bytes(noise(1000))
    assert store.find(FILE, folder) == path
    state = path.stat()
    # In place, with its size and time of change put back: the inode's own time tells.
    with path.open("r+b") as file:
        file.write(b"GGUF")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_ino == state.st_ino and store.find(FILE, folder) is None
    # Another file under the name, with the same size and time.
    other = folder / "other"
    other.write_bytes(b"GGUF" + noise(1000)[4:])
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(path)
    assert store.find(FILE, folder) is None


def test_a_copy_in_a_strangers_folder_is_hashed_on_its_own(folder: Path, tmp_path: Path) -> None:
    store.path_of(FILE, folder).write_bytes(noise(1000))
    assert store.find(FILE, folder) is not None
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    store.path_of(FILE, elsewhere).write_bytes(b"GGUF" + noise(1000)[4:])
    assert store.find(FILE, elsewhere) is None
