"""Finished lines: found for the same paper and scope, for no other, and never in the way."""

import pickle
import random
import shutil
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

import papercards
from papercards.paper import Paper
from papercards.runs.card_lines import CardLines, code_digest
from tests.processes import PROCESSES

SCOPE = {"model": "m", "repeat": 0}


def papers(count: int) -> list[Paper]:
    return [Paper(f"id{n}", f"Title {n}", f"Abstract {n}.", f"p:{n}") for n in range(count)]


def line_of(paper: Paper) -> bytes:
    return f'{{"id":"{paper.id}","title":"é 🙂","text":"{"x" * 2000}"}}'.encode()


def fill(directory: Path, some: list[Paper], scope: dict[str, object] = SCOPE) -> None:
    finished = CardLines(directory, scope)
    for paper in some:
        finished.keep(paper, line_of(paper))
    finished.close()


def table(directory: Path) -> Path:
    return directory / "answers" / "finished.db"


def test_gives_back_the_lines_that_were_kept_in_the_order_of_the_papers(tmp_path: Path) -> None:
    some = papers(700)
    fill(tmp_path, some[::2])
    random.Random(1).shuffle(some)

    found = CardLines(tmp_path, SCOPE).recall(some)
    assert found == [line_of(paper) if int(paper.id[2:]) % 2 == 0 else None for paper in some]


def test_a_line_is_for_one_paper_and_one_scope(tmp_path: Path) -> None:
    (paper,) = papers(1)
    fill(tmp_path, [paper])
    finished = CardLines(tmp_path, SCOPE)

    others = [replace(paper, **{name: "other"}) for name in ("id", "title", "abstract")]
    moved = Paper(paper.id + paper.title[:1], paper.title[1:], paper.abstract)
    assert finished.recall([*others, moved]) == [None] * 4
    assert finished.recall([replace(paper, where="q:7", url="https://a.b")]) == [line_of(paper)]
    assert CardLines(tmp_path, SCOPE | {"repeat": 1}).recall([paper]) == [None]


@pytest.mark.parametrize("damage", ["header", "pages", "emptied", "other", "cut"])
def test_a_damaged_table_is_passed_over_and_begun_anew(tmp_path: Path, damage: str) -> None:
    some = papers(300)
    fill(tmp_path, some)
    content = bytearray(table(tmp_path).read_bytes())
    match damage:
        case "header":
            content[:100] = random.Random(1).randbytes(100)
        case "pages":
            content[20_000:] = random.Random(1).randbytes(len(content) - 20_000)
        case "emptied":
            content.clear()
        case "other":
            content[:] = b"not a table at all, but text" * 1000
        case "cut":
            del content[len(content) // 2 :]
    table(tmp_path).write_bytes(content)

    first = CardLines(tmp_path, SCOPE)
    found = first.recall(some)
    assert all(line in (None, line_of(paper)) for paper, line in zip(some, found, strict=True))
    assert None in found
    first.close()
    fill(tmp_path, some)
    fill(tmp_path, some)
    assert CardLines(tmp_path, SCOPE).recall(some) == [line_of(paper) for paper in some]


def test_a_line_that_somebody_changed_is_a_miss(tmp_path: Path) -> None:
    some = papers(4)
    fill(tmp_path, some)
    with sqlite3.connect(table(tmp_path)) as rows:
        ids = [row for (row,) in rows.execute("SELECT rowid FROM lines ORDER BY rowid")]
        rows.execute("UPDATE lines SET line = replace(line, 'x', 'y') WHERE rowid = ?", ids[:1])
        rows.execute("UPDATE lines SET line = ? WHERE rowid = ?", (pickle.dumps(print), ids[1]))
        rows.execute("UPDATE lines SET line = '' WHERE rowid = ?", ids[2:3])
    rows.close()

    assert CardLines(tmp_path, SCOPE).recall(some) == [None, None, None, line_of(some[3])]


def test_where_nothing_can_be_kept_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    finished = CardLines(tmp_path / "file", SCOPE)
    finished.keep(papers(1)[0], b"{}")
    finished.close()

    assert finished.recall(papers(2)) == [None, None]


def test_deleting_the_answers_deletes_the_lines_and_nobody_else_may_look_in(tmp_path: Path) -> None:
    fill(tmp_path / "c", papers(1))

    assert [path.name for path in (tmp_path / "c").iterdir()] == ["answers"]
    assert stat.S_IMODE((tmp_path / "c" / "answers").stat().st_mode) == 0o700


def test_a_line_is_on_disk_though_nobody_closed(tmp_path: Path) -> None:
    some = papers(300)
    finished = CardLines(tmp_path, SCOPE)
    for paper in some:
        finished.keep(paper, line_of(paper))

    assert sum(line is not None for line in CardLines(tmp_path, SCOPE).recall(some)) >= 256


def _keep(directory: Path, first: int) -> None:
    every = papers(800)
    finished = CardLines(directory, SCOPE)
    for begin in range(first, first + 400, 20):
        some = [every[n % 800] for n in range(begin, begin + 20)]
        for paper, line in zip(some, finished.recall(some), strict=True):
            assert line in (None, line_of(paper))
            finished.keep(paper, line_of(paper))
        finished._write()
    assert finished._rows is not None, "given up"
    finished.close()


def test_four_processes_keep_and_recall_at_once(tmp_path: Path) -> None:
    children = [PROCESSES.Process(target=_keep, args=(tmp_path / "c", 200 * n)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)

    assert [child.exitcode for child in children] == [0] * 4
    every = papers(800)
    assert CardLines(tmp_path / "c", SCOPE).recall(every) == [line_of(paper) for paper in every]


def test_any_file_of_the_package_at_any_depth_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "papercards"
    here = Path(papercards.__file__).parent

    def left_out(folder: str, names: list[str]) -> set[str]:
        """What is large, so that each digest is quick."""
        large = {name for name in names if (Path(folder) / name).stat().st_size > 200_000}
        return large | {"__pycache__", "corpus", "labels"}

    shutil.copytree(here, package, ignore=left_out)
    monkeypatch.setattr("papercards.runs.card_lines.resources.files", lambda _: package)
    digest = code_digest.__wrapped__
    first = digest()
    assert digest() == first

    folders = {path.parent for path in package.rglob("*") if path.is_file()}
    assert len(folders) > 10
    for folder in folders:
        file = min(path for path in folder.iterdir() if path.is_file())
        before = file.read_bytes()
        file.write_bytes(before + b"#")
        assert digest() != first, file
        file.write_bytes(before)
    (package / "new" / "room").mkdir(parents=True)
    (package / "new" / "room" / "__init__.py").touch()
    assert digest() != first
    shutil.rmtree(package / "new")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").touch()
    assert digest() == first

    file = package / "reading" / "evidence.py"
    file.rename(package / "evidence_.py")
    assert digest() != first
