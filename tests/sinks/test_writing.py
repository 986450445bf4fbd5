"""What is written is whole, or is not there: JSONL, the errors file, and disks that refuse."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.card import Card, parse_card
from papercards.errors import PapercardsError, StorageError, UsageError
from papercards.sinks import ErrorsFile, errors_path, open_sink, read_cards
from papercards.sinks.files import RecordFile

from .cards import card

BOTH = pytest.mark.parametrize("name", ["cards.jsonl", "cards.md"])


def one_line(error: PapercardsError, *words: str) -> None:
    assert "\n" not in str(error)
    assert "Error" not in str(error)
    assert "Errno" not in str(error)
    for word in words:
        assert word in str(error)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_jsonl_is_read_back_as_the_same_cards(tmp_path: Path) -> None:
    written = [card(id=f"x{n}", title=f"Títle \u2028 {n}") for n in range(3)]
    sink = open_sink(tmp_path / "cards.jsonl")
    for one in written:
        sink.write(one, None)
    sink.close()

    assert list(read_cards(tmp_path / "cards.jsonl")) == written


@BOTH
def test_the_name_appears_only_when_all_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("from an earlier run")
    sink = open_sink(path)
    sink.write(card(), None)
    before = path.read_text()
    sink.close()

    assert before == "from an earlier run"
    assert "Tiny Time Mixers" in path.read_text()
    assert names(tmp_path) == [name]


@BOTH
def test_cards_are_in_the_partial_file_as_they_come(tmp_path: Path, name: str) -> None:
    sink = open_sink(tmp_path / name)
    sizes = []
    for _ in range(3):
        sink.write(card(), None)
        sizes.append((tmp_path / f"{name}.partial").stat().st_size)
    sink.abandon()

    assert 0 < sizes[0] < sizes[1] < sizes[2]
    assert names(tmp_path) == [f"{name}.partial"]


@BOTH
def test_an_abandoned_output_without_cards_leaves_nothing(tmp_path: Path, name: str) -> None:
    open_sink(tmp_path / name).abandon()

    assert names(tmp_path) == []


@BOTH
def test_a_partial_file_of_a_killed_run_is_begun_anew(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.partial").write_text("rest of a killed run\n" * 1000)
    sink = open_sink(tmp_path / name)
    sink.write(card(), None)
    sink.close()

    assert "killed" not in (tmp_path / name).read_text()


@BOTH
def test_closing_twice_and_abandoning_after_it_change_nothing(tmp_path: Path, name: str) -> None:
    sink = open_sink(tmp_path / name)
    sink.write(card(), None)
    sink.close()
    content = (tmp_path / name).read_bytes()
    sink.close()
    sink.abandon()

    assert (tmp_path / name).read_bytes() == content


def test_an_output_without_cards_is_an_empty_file(tmp_path: Path) -> None:
    open_sink(tmp_path / "cards.jsonl").close()

    assert (tmp_path / "cards.jsonl").read_bytes() == b""


def test_missing_folders_are_made(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "a" / "b" / "cards.jsonl")
    sink.write(card(), None)
    sink.close()

    assert (tmp_path / "a" / "b" / "cards.jsonl").is_file()


def test_a_link_keeps_pointing_at_the_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.jsonl").write_text("old")
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    sink = open_sink(tmp_path / "link.jsonl")
    sink.write(card(), None)
    sink.close()

    assert (tmp_path / "link.jsonl").is_symlink()
    assert (tmp_path / "real.jsonl").read_text() != "old"


@pytest.mark.parametrize("name", ["cards", "cards.docx", "cards.jsonl.gz"])
def test_an_unknown_extension_lists_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_sink(tmp_path / name)

    one_line(caught.value, name, ".jsonl", ".md")
    assert names(tmp_path) == []


@BOTH
def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(StorageError) as caught:
        open_sink(tmp_path / name)
    one_line(caught.value, name, "is a folder")
    assert caught.value.exit_code == 2


@BOTH
def test_a_folder_in_the_place_of_the_partial_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.partial").mkdir()

    with pytest.raises(StorageError, match="is a folder"):
        open_sink(tmp_path / name)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(StorageError) as caught:
        open_sink(tmp_path / "out" / "cards.jsonl")
    one_line(caught.value, "is a file, but a folder is needed")


@BOTH
def test_a_read_only_folder_is_refused(read_only: Path, name: str) -> None:
    with pytest.raises(StorageError) as caught:
        open_sink(read_only / name)
    one_line(caught.value, name, "Choose another folder")


def test_a_second_run_on_the_same_output_is_refused(tmp_path: Path) -> None:
    first = open_sink(tmp_path / "cards.jsonl")
    first.write(card(), None)

    with pytest.raises(StorageError, match="in use by another run"):
        open_sink(tmp_path / "cards.jsonl")
    first.close()
    assert len(list(read_cards(tmp_path / "cards.jsonl"))) == 1


@BOTH
def test_a_full_disk_leaves_whole_records(mount: Callable[[str], Path], name: str) -> None:
    folder = mount("size=1m")
    sink = open_sink(folder / name)

    written = 0
    with pytest.raises(StorageError) as caught:
        while True:
            sink.write(card(id=f"x{written}", claim="A long sentence. " * 400), None)
            written += 1
    sink.abandon()

    one_line(caught.value, name, "the disk is full")
    partial = folder / f"{name}.partial"
    assert written > 20
    assert not (folder / name).exists()
    if name.endswith(".jsonl"):
        lines = partial.read_text(encoding="utf-8").splitlines()
        assert len([parse_card(line, str(partial)) for line in lines]) == written
    else:
        assert partial.read_text().endswith("</sub>\n\n")
        assert partial.read_text().count("</sub>") == written


def test_an_output_can_go_on_when_there_is_room_again(mount: Callable[[str], Path]) -> None:
    folder = mount("size=256k")
    filler = folder / "filler"
    filler.write_bytes(b"x" * 200_000)
    sink = open_sink(folder / "cards.jsonl")
    big = card(claim="A long sentence. " * 4000)
    with pytest.raises(StorageError):
        sink.write(big, None)
    filler.unlink()
    sink.write(big, None)
    sink.close()

    assert list(read_cards(folder / "cards.jsonl")) == [big]


def test_a_file_size_limit_leaves_whole_records(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from papercards.sinks.files import RecordFile\n"
        "from papercards.errors import StorageError\n"
        "file = RecordFile(Path(sys.argv[1]))\n"
        "try:\n"
        "    for _ in range(100): file.append(b'x' * 999 + b'\\n')\n"
        "except StorageError as error: print(error)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_500, 10_500))

    path = tmp_path / "file"
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, str(path)],
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )

    assert "larger than is allowed" in done.stdout, done.stderr
    assert path.stat().st_size == 10_000


def test_an_interrupted_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RecordFile(tmp_path / "file")
    file.append(b"one\n")
    write = os.write

    def half(fd: int, data: bytes) -> int:
        if len(data) < 4:
            raise KeyboardInterrupt
        return write(fd, bytes(data[:2]))

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(KeyboardInterrupt):
        file.append(b"two\n")
    monkeypatch.undo()
    file.append(b"three\n")
    file.finish()

    assert (tmp_path / "file").read_bytes() == b"one\nthree\n"


def test_no_errors_no_errors_file(tmp_path: Path) -> None:
    path = errors_path(tmp_path / "cards.jsonl")
    path.write_text("from an earlier run")
    errors = ErrorsFile(path)
    errors.close()

    assert names(tmp_path) == []
    assert errors.count == 0


def test_errors_are_lines_that_are_there_at_once(tmp_path: Path) -> None:
    path = errors_path(tmp_path / "cards.jsonl")
    errors = ErrorsFile(path)
    errors.write("arxiv:1", "p.jsonl:1", "PaperFailed", "no answer", 3)
    errors.write(None, "p.jsonl:2", "BadRecord", "is not JSON", 0)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    errors.close()

    assert path.name == "cards.errors.jsonl"
    assert lines == [
        {
            "id": "arxiv:1",
            "where": "p.jsonl:1",
            "error": "PaperFailed",
            "message": "no answer",
            "attempts": 3,
        },
        {
            "id": None,
            "where": "p.jsonl:2",
            "error": "BadRecord",
            "message": "is not JSON",
            "attempts": 0,
        },
    ]


def test_an_errors_file_that_cannot_be_removed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cards.errors.jsonl"
    path.mkdir()

    with pytest.raises(StorageError) as caught:
        ErrorsFile(path)
    one_line(caught.value, "cards.errors.jsonl")


def test_errors_on_a_full_disk_are_whole_lines(mount: Callable[[str], Path]) -> None:
    path = mount("size=64k") / "cards.errors.jsonl"
    errors = ErrorsFile(path)

    with pytest.raises(StorageError, match="the disk is full"):
        for number in range(1000):
            errors.write(f"x{number}", "", "PaperFailed", "m" * 500, 1)
    errors.close()
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == errors.count > 50


@given(where=st.text(st.characters()), message=st.text(st.characters()))
def test_any_words_make_one_line_of_json(
    tmp_path_factory: pytest.TempPathFactory, where: str, message: str
) -> None:
    path = tmp_path_factory.mktemp("errors") / "e.jsonl"
    errors = ErrorsFile(path)
    errors.write("x", where, "BadRecord", message, 0)
    errors.close()

    (line,) = path.read_bytes().decode().removesuffix("\n").split("\n")
    assert (json.loads(line)["where"], json.loads(line)["message"]) == (where, message)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_title_makes_one_line_that_is_read_back(title: str) -> None:
    one = card(title=title)

    assert "\n" not in one.to_json()
    assert Card.model_validate_json(one.to_json()) == one
