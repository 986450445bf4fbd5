"""Files annotated in place: the diff is what `patch` does, and the way back gives the same bytes."""

import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.annotate import files
from papercards.annotate.diff import unified
from papercards.bibliography.charset import decoded
from papercards.bibliography.entry import Edit
from papercards.bibliography.tags import tags
from papercards.errors import BadInput, StorageError, UsageError
from papercards.paper import Paper, identity
from papercards.sources.columns import Columns
from tests.libraries import HERE, many
from tests.sinks.cards import card


def change(path: Path, *ids: str, tldr: str = "Small models forecast well.") -> files.Annotated:
    """Cards of these ids, with the titles that the library has under its own keys."""
    titles: dict[str, str] = {}
    for entry in files.kind_of(path, path.read_bytes()).entries(decoded(path.read_bytes())):
        record = entry.record()
        if not isinstance(record, str):
            paper = Columns().paper({**record, "abstract": "-"}, "")
            titles.setdefault(entry.key, paper.title if isinstance(paper, Paper) else "")
    marks = {identity(one, titles.get(one, "?")): tags(card(id=one, tldr=tldr)) for one in ids}
    return files.annotated(path, marks, Columns())


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "refs.bib"
    path.write_bytes((HERE / "better-biblatex.bib").read_bytes().replace(b"\n", b"\r\n"))
    return path


def test_an_entry_is_found_by_its_id_with_or_without_an_abstract(library: Path) -> None:
    found = change(library, "arxiv:1706.03762", "withoutAbstract", "doi:10.1/other")

    assert (found.entries, found.matched, len(found.edits)) == (4, 2, 3)


def test_all_entries_of_one_paper_are_annotated_but_those_that_bibtex_ignores(tmp_path: Path) -> None:
    path = tmp_path / "a.bib"
    path.write_text(
        "@misc{a, title={A}, doi={10.1000/x}}\n@misc{b, title={A}, doi={10.1000/X}}\n@misc{a, title={C}}\n"
    )

    found = change(path, "doi:10.1000/x", "a", "b")

    assert found.matched == 2
    assert [b"keywords" in line for line in found.after.splitlines() if line[:1] == b"@"] == [
        True,
        True,
        False,
    ]


def test_undo_takes_one_annotation_back_at_a_time(library: Path) -> None:
    library.chmod(0o640)
    first = library.read_bytes()
    files.save(library, change(library, "arxiv:1706.03762"))
    second = library.read_bytes()
    files.save(library, change(library, "arxiv:1706.03762", "withoutAbstract", tldr="They forecast better."))

    assert stat.S_IMODE(library.stat().st_mode) == 0o640
    assert first != second != library.read_bytes()
    files.take_back(library)
    assert library.read_bytes() == second
    files.take_back(library)
    assert library.read_bytes() == first
    assert sorted(one.name for one in library.parent.iterdir()) == ["refs.bib"]
    with pytest.raises(UsageError, match="nothing to undo"):
        files.take_back(library)


def test_a_file_that_was_changed_since_is_left_alone(library: Path) -> None:
    files.save(library, change(library, "arxiv:1706.03762"))
    library.write_bytes(library.read_bytes() + b"% mine\n")
    kept = library.read_bytes()

    with pytest.raises(UsageError, match="has changed since it was annotated"):
        files.take_back(library)
    assert library.read_bytes() == kept

    files.save(library, change(library, "withoutAbstract"))
    files.take_back(library)
    assert library.read_bytes() == kept


def test_a_run_that_was_cut_off_before_the_file_was_written_leaves_no_step(library: Path) -> None:
    files.save(library, change(library, "arxiv:1706.03762"))
    kept, steps = library.read_bytes(), files.undo_path(library).read_bytes()
    files.save(library, change(library, "withoutAbstract"))
    assert files.undo_path(library).read_bytes() != steps
    library.write_bytes(kept)

    files.take_back(library)

    assert library.read_bytes() == (HERE / "better-biblatex.bib").read_bytes().replace(b"\n", b"\r\n")


def test_an_undo_file_that_is_damaged_harms_nothing(library: Path) -> None:
    files.save(library, change(library, "arxiv:1706.03762"))
    kept, undo = library.read_bytes(), files.undo_path(library)
    undo.write_text(undo.read_text().replace('""', '"x"', 1))
    with pytest.raises(BadInput, match="the undo file is damaged"):
        files.take_back(library)
    undo.write_text("nonsense")
    with pytest.raises(BadInput, match="is not an undo file"):
        files.take_back(library)
    assert library.read_bytes() == kept


def test_a_disk_that_refuses_leaves_the_library_and_nothing_to_undo(library: Path) -> None:
    kept = library.read_bytes()
    library.with_name("refs.bib.partial").mkdir()

    with pytest.raises(StorageError):
        files.save(library, change(library, "arxiv:1706.03762"))

    assert library.read_bytes() == kept
    with pytest.raises(UsageError, match="nothing to undo"):
        files.take_back(library)


def test_a_link_keeps_pointing_at_the_file_that_is_changed(library: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.bib"
    link.symlink_to(library)

    files.save(link, change(link, "arxiv:1706.03762"))

    assert link.is_symlink() and b"papercards: " in library.read_bytes()
    files.take_back(link)
    assert b"papercards: " not in library.read_bytes()


def patched(path: Path, diff: bytes) -> bytes:
    """The file after the system's `patch`."""
    subprocess.run(["patch", "--binary", "-s", str(path)], input=diff, check=True)
    return path.read_bytes()


def test_the_diff_of_500_entries_is_what_patch_needs(tmp_path: Path) -> None:
    path = tmp_path / "many.bib"
    path.write_bytes(many())
    found = change(
        path, *(f"key{n}" for n in range(0, 500, 2)), *(f"doi:10.1000/{n}" for n in range(1, 500, 2))
    )

    diff = b"".join(unified("many.bib", found.before, found.edits))

    assert found.matched == 500
    assert patched(path, diff) == found.after
    removed = [line for line in diff.splitlines() if line.startswith(b"-") and not line.startswith(b"---")]
    assert len(removed) < 1100


@given(st.lists(st.text(alphabet="ab\n", max_size=4), max_size=12), st.data())
def test_a_diff_turns_the_old_into_the_new(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    spans = [one for at, one in enumerate(spans) if not at or one[0] > spans[at - 1][1]]
    edits = [Edit(start, end, data.draw(st.text(alphabet="cd\n", max_size=4))) for start, end in spans]
    new, at = "", 0
    for edit in edits:
        new, at = new + text[at : edit.start] + edit.new, edit.end
    new += text[at:]

    lines = list(unified("x", text.encode(), edits))

    assert _applied(text.encode(), lines) == new.encode()
    assert bool(lines) == (new != text)


def test_edits_that_cancel_each_other_make_no_diff() -> None:
    assert list(unified("x", b"\n\n", [Edit(0, 1, ""), Edit(2, 2, "\n")])) == []


def _applied(old: bytes, diff: list[bytes]) -> bytes:
    """What a strict reader of unified diffs makes of it: every context line and count must be right."""
    source = old.splitlines(keepends=True)
    made: list[bytes] = []
    at = 0
    lines = iter(
        b"".join(diff).replace(b"\n\\ No newline at end of file\n", b"\x00\n").splitlines(keepends=True)[2:]
    )
    for line in lines:
        old_span, new_span = line.decode().split("@@")[1].split()
        start, count = map(int, old_span[1:].split(","))
        new_start, new_count = map(int, new_span[1:].split(","))
        begin = start - 1 if count else start
        made += source[at:begin]
        at = begin
        assert len(made) == (new_start - 1 if new_count else new_start)
        while count or new_count:
            line = next(lines)
            sign, content = line[:1], line[1:].replace(b"\x00\n", b"")
            if sign in b" -":
                assert source[at] == content
                at, count = at + 1, count - 1
            if sign in b" +":
                made.append(content)
                new_count -= 1
    return b"".join(made + source[at:])
