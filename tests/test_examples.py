"""The examples of docs/ that are marked as runnable are run as they stand there, and print what they say.

`<!-- run -->` stands before a console block: each `$` line is run in the page's folder, and the lines under
it must be printed, in that order; `…` stands for anything. `<!-- file: NAME -->` stands before the content
of a file. Every folder has docs/examples/library.bib.
"""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import Run

DOCS = Path(__file__).parent.parent / "docs"
PART = re.compile(r"^<!-- (run|file: (\S+)) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = [
    path
    for path in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md")))
    if PART.search(path.read_text(encoding="utf-8"))
]


def expected(lines: list[str]) -> "re.Pattern[str]":
    """What the lines of a block match: blanks of any length, `…` for any text or any lines."""
    whole = "\n".join(" ".join(line.split()) for line in lines)
    return re.compile(re.escape(whole).replace("…", ".*?").replace(r"\ ", " ") + r"\s*\Z", re.DOTALL)


def printed(done: str) -> str:
    return "\n".join(" ".join(line.split()) for line in done.splitlines()).strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_runnable_examples_print_what_the_page_says(page: Path, run: Run, tmp_path: Path) -> None:
    shutil.copy(DOCS / "examples" / "library.bib", tmp_path)
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")
    for _, file, content in PART.findall(page.read_text(encoding="utf-8")):
        if file:
            (tmp_path / file).write_text(content, encoding="utf-8")
            continue
        for call in content.removeprefix("$ ").split("\n$ "):
            command, *lines = call.strip("\n").splitlines()
            program, *words = shlex.split(command)
            assert program == "papercards", command
            target = words.pop() if words[-2:-1] == [">"] else None
            done = run(*(words[:-1] if target else words))
            assert done.returncode == 0, (command, done.stderr)
            if target:
                (tmp_path / target).write_text(done.stdout, encoding="utf-8")
            if lines:
                said = printed(done.stderr + done.stdout)
                assert expected(lines).match(said), (command, said)


def test_an_example_that_prints_something_else_is_found() -> None:
    assert not expected(["6 cards, …", "  done"]).match("7 cards, 1.0 s\ndone")
    assert expected(["6 cards, …", "  done"]).match("6 cards, 1.0 s\ndone")


def test_several_pages_have_runnable_examples() -> None:
    assert {"README.md", "quickstart.md", "taxonomy.md"} <= {page.name for page in PAGES}
