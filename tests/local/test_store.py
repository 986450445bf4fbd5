import json
import os
from pathlib import Path

import pytest

from papercards.errors import StorageError
from papercards.local import store
from tests.local.conftest import model_file, noise


def test_a_whole_file_is_found_and_its_hash_is_noted_with_the_user(tmp_path: Path, notes: Path) -> None:
    file = model_file(noise(1000))
    store.path_of(file, tmp_path).write_bytes(noise(1000))

    assert store.find(file, tmp_path) == tmp_path / "model.gguf"
    (note,) = notes.iterdir()
    assert json.loads(note.read_text())["sha256"] == file.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]


def test_a_noted_file_is_not_hashed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = model_file(noise(1000))
    store.path_of(file, tmp_path).write_bytes(noise(1000))
    store.find(file, tmp_path)
    hashed: list[Path] = []

    def noted_hash(path: Path) -> str:
        hashed.append(path)
        return file.sha256

    monkeypatch.setattr(store, "sha256_of", noted_hash)

    assert store.find(file, tmp_path) is not None
    assert hashed == []

    os.utime(tmp_path / "model.gguf", ns=(1, 1))
    assert store.find(file, tmp_path) is not None
    assert hashed == [tmp_path / "model.gguf"]


def test_a_file_changed_after_the_note_is_not_found(tmp_path: Path) -> None:
    file = model_file(noise(1000))
    path = store.path_of(file, tmp_path)
    path.write_bytes(noise(1000))
    store.find(file, tmp_path)
    path.write_bytes(b"x" + noise(1000)[1:])

    assert store.find(file, tmp_path) is None
    assert store.state_of(file, tmp_path) == "damaged"


def test_a_note_for_another_content_does_not_count(tmp_path: Path) -> None:
    other, file = model_file(b"y" * 1000), model_file(noise(1000))
    path = store.path_of(file, tmp_path)
    path.write_bytes(b"y" * 1000)
    store.write_note(other, path)

    assert store.find(file, tmp_path) is None


@pytest.mark.parametrize("note", ["", "[]", "null", '{"sha256": 1}', "\x00"])
def test_a_damaged_note_only_costs_a_hash(tmp_path: Path, note: str, notes: Path) -> None:
    file = model_file(noise(1000))
    store.path_of(file, tmp_path).write_bytes(noise(1000))
    store.find(file, tmp_path)
    (kept,) = notes.iterdir()
    kept.write_text(note)

    assert store.find(file, tmp_path) is not None


def test_the_state_tells_absent_partial_and_whole(tmp_path: Path) -> None:
    file = model_file(noise(1000))
    assert store.state_of(file, tmp_path / "nowhere") == "absent"

    store.part_of(file, tmp_path).write_bytes(noise(1000)[:400])
    assert store.state_of(file, tmp_path) == "partial"

    store.path_of(file, tmp_path).write_bytes(noise(1000))
    assert store.state_of(file, tmp_path) == "whole"


def test_a_folder_in_the_place_of_the_file_is_said_plainly(tmp_path: Path) -> None:
    file = model_file(b"")
    store.path_of(file, tmp_path).mkdir()
    size = store.path_of(file, tmp_path).stat().st_size

    with pytest.raises(StorageError, match=r"model\.gguf"):
        store.find(model_file(noise(size)), tmp_path)
