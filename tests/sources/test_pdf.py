"""PDFs of many kinds: what is read of each, and what is said of those that cannot be read."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from papercards.paper import Paper
from papercards.sources import BadRecord, Options, count_records, open_source
from papercards.sources.confined import Child
from papercards.sources.pdf.prose import Mender, ligatures
from tests.conftest import Run
from tests.sources import pdfs

WANTED = Options(sections=("abstract", "conclusion", "availability"))


def read(tmp_path: Path, content: bytes, options: Options = WANTED) -> Paper | BadRecord:
    file = tmp_path / "paper.pdf"
    file.write_bytes(content)
    (found,) = open_source(str(file), options)
    return found


@pytest.mark.parametrize(
    "make",
    [
        pdfs.one_column,
        pdfs.two_columns,
        lambda: pdfs.two_columns(across=True),
        lambda: pdfs.one_column(ligatures=True),
        lambda: pdfs.one_column(hyphens=True),
        lambda: pdfs.one_column(abstract=""),
        lambda: pdfs.one_column(abstract="A B S T R A C T"),
        lambda: pdfs.rotated(90),
        lambda: pdfs.rotated(180),
    ],
    ids=["one", "two", "across", "ligatures", "hyphens", "no-heading", "spaced", "rotated", "upside-down"],
)
def test_title_abstract_and_sections_are_read_letter_for_letter(
    tmp_path: Path, make: Callable[[], bytes]
) -> None:
    said = pdfs.text()

    paper = read(tmp_path, make())

    assert isinstance(paper, Paper), paper
    assert paper.title == said.title
    assert paper.abstract == said.abstract
    assert [(one.name, one.text) for one in paper.sections] == [
        ("Conclusion", said.conclusion),
        ("Data Availability", pdfs.AVAILABILITY),
    ]
    assert all(one.pages[0][0] == 0 and one.pages[0][1] >= 2 for one in paper.sections)
    assert paper.where.endswith("paper.pdf")


def test_text_that_runs_up_the_sheet_is_read_and_what_lies_across_it_is_not(tmp_path: Path) -> None:
    paper = read(tmp_path, pdfs.sideways())

    assert isinstance(paper, Paper), paper
    assert paper.abstract == pdfs.text().abstract


def test_a_paper_takes_its_id_from_the_stamp_of_arxiv(tmp_path: Path) -> None:
    paper = read(tmp_path, pdfs.stamped())

    assert isinstance(paper, Paper), paper
    assert paper.id == "arxiv:2401.03955"


def test_without_sections_only_the_abstract_is_read_and_the_id_is_the_same(tmp_path: Path) -> None:
    content = pdfs.one_column()
    with_sections, alone = read(tmp_path, content), read(tmp_path, content, Options())

    assert isinstance(with_sections, Paper)
    assert isinstance(alone, Paper)
    assert alone.sections == ()
    assert alone.id == with_sections.id
    assert alone.text == alone.abstract


def test_all_gives_every_section_that_says_something_of_the_work(tmp_path: Path) -> None:
    paper = read(tmp_path, pdfs.one_column(), Options(sections=("all",)))

    assert isinstance(paper, Paper)
    assert [one.name for one in paper.sections] == [
        "Introduction",
        "Experiments",
        "Conclusion",
        "Data Availability",
    ]
    assert "A. Author and B. Writer" not in paper.text  # the running head


@pytest.mark.slow
def test_300_pages_are_read_to_the_page_of_the_conclusion(tmp_path: Path) -> None:
    paper = read(tmp_path, pdfs.long(), Options(sections=("conclusion",)))

    assert isinstance(paper, Paper), paper
    (conclusion,) = paper.sections
    assert conclusion.text == pdfs.text().conclusion
    assert conclusion.pages == ((0, 298),)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pdfs.encrypted, "is encrypted: a password is needed to read it"),
        (pdfs.scanned, "has no text: its pages are pictures; make them text with OCR first"),
        (pdfs.corrupt, "is damaged: no PDF that can be opened"),
        (pdfs.cut_off, "is damaged: no PDF that can be opened"),
        (
            lambda: pdfs.raw(b"BT /F1 12 Tf 72 700 Td (Letter to a friend) Tj ET"),
            "has no abstract that can be",
        ),
        (pdfs.bomb, "broke its reader, which may take 1 GB of memory: it is damaged, or made to do harm"),
    ],
    ids=["encrypted", "scanned", "corrupt", "cut-off", "no-paper", "bomb"],
)
def test_what_cannot_be_read_is_a_bad_record_and_the_next_file_is_read(
    tmp_path: Path, make: Callable[[], bytes], reason: str
) -> None:
    (tmp_path / "1.pdf").write_bytes(make())
    (tmp_path / "2.pdf").write_bytes(pdfs.one_column())

    bad, good = open_source(str(tmp_path))

    assert isinstance(bad, BadRecord)
    assert bad.where.endswith("1.pdf")
    assert bad.reason.startswith(reason)
    assert "\n" not in bad.reason
    assert isinstance(good, Paper)


def test_a_password_that_is_empty_keeps_nobody_out(tmp_path: Path) -> None:
    paper = read(tmp_path, pdfs.encrypted(""))

    assert isinstance(paper, Paper)
    assert paper.abstract == pdfs.text().abstract


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "large.pdf"
    with file.open("wb") as stream:
        stream.write(b"%PDF-1.7\n")
        stream.truncate(300 << 20)

    (bad,) = open_source(str(file))

    assert bad == BadRecord(str(file), "is larger than 256 MB: no paper")


def test_the_reader_may_take_no_more_memory_than_is_said(tmp_path: Path) -> None:
    """The bound is the system's: what asks for more ends, whatever it is."""
    code = (
        "from papercards.sources.confined import bound_memory\n"
        "bound_memory(1 << 30)\n"
        "try:\n    bytearray(3 << 30)\nexcept MemoryError:\n    print('bounded')"
    )
    if sys.platform != "linux":
        pytest.skip("other systems do not hold a process to it")

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout == "bounded\n", done.stderr


@pytest.mark.parametrize(
    "thinks",
    [
        "import time; time.sleep(600)",
        "from papercards.sources.confined import alarm\nalarm(1)\nwhile True: pass",
    ],
    ids=["by-its-parent", "by-itself"],
)
def test_a_reader_that_takes_too_long_is_ended(thinks: str) -> None:
    child = Child([sys.executable, "-c", thinks], 1 << 30, 0.5 if "sleep" in thinks else 600)

    answer = child.ask({"path": "paper.pdf"})
    child.close()

    assert answer["error"].startswith("takes longer than")


def test_what_crashes_the_reader_is_an_error_and_it_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdfs.one_column())
    crashes = "import os, sys; sys.stdin.readline(); os.abort()"
    child = Child([sys.executable, "-c", crashes], 1 << 30)

    first, second = child.ask({"path": "a.pdf"}), child.ask({"path": "b.pdf"})
    child.close()

    assert first["error"].startswith("broke its reader")
    assert second == first


def test_a_pdf_comes_through_a_pipe_too(environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "papercards", "summarize", "-", "-m", "baseline", "--json"],
        input=pdfs.one_column(),
        capture_output=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == pdfs.text().title


def test_a_pdf_counts_as_one_paper_without_being_read(tmp_path: Path) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(pdfs.scanned())

    assert count_records(str(file)) == 1


def test_a_file_that_only_calls_itself_a_pdf(run: Run, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_text("Title\n\nAbstract.")

    done = run("summarize", "paper.pdf", "-m", "baseline")

    assert done.returncode == 1
    assert done.stderr == "papercards: paper.pdf: is no PDF file\n"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (pdfs.encrypted, "paper.pdf: is encrypted: a password is needed to read it"),
        (pdfs.scanned, "paper.pdf: has no text: its pages are pictures; make them text with OCR first"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    run: Run, tmp_path: Path, make: Callable[[], bytes], message: str
) -> None:
    (tmp_path / "paper.pdf").write_bytes(make())

    done = run("summarize", "paper.pdf", "-m", "baseline")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"papercards: {message}\n"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["strong per-", "formance in", "many"], "strong performance in many"),
        (["the state-of-the-", "art and the art of it"], "the state-of-the-art and the art of it"),
        (["Self-", "Consistency and GPT-", "4"], "Self-Consistency and GPT-4"),
        (["a well-known one", "is the well-", "known one"], "a well-known one is the well-known one"),
        (["open data and", "driven by it: data-", "driven"], "open data and driven by it: data-driven"),
        (["methods are", "meth-", "ods"], "methods are methods"),
        (
            ["at https://github.com/a-", "b/c or", "https://x.org/", "d."],
            "at https://github.com/a-b/c or https://x.org/d.",
        ),
        (["see https://github.", "com/a/b. Then", "more"], "see https://github.com/a/b. Then more"),
        (["More-", "over"], "Moreover"),
    ],
)
def test_hyphens_at_line_ends_are_mended_where_they_part_a_word(lines: list[str], text: str) -> None:
    joined, starts = Mender(lines).join(lines)

    assert joined == text
    assert len(starts) == len(lines)
    assert all(joined[at:].startswith(line.rstrip("-")[:3]) for at, line in zip(starts, lines, strict=True))


def test_ligatures_and_stray_accents_become_letters() -> None:
    assert ligatures("e\ufb03cient \ufb01lters in a ca\ufb00e, na\u00a8\u0131ve, caf\u00b4e") == (
        "efficient filters in a caffe, naïve, café"
    )


def test_a_reader_ends_with_the_program(run_process: Run, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdfs.one_column())

    done = run_process("enrich", "paper.pdf", "-m", "baseline")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    left = [
        entry
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if b"papercards.sources.pdf.child" in _bytes(entry)
        and str(tmp_path).encode() in _bytes(entry.parent / "environ")
    ]
    assert left == []


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
