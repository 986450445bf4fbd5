"""What strangers can put into papers, and what must not come of it: the program as a user runs it.

Every format that can be written is tried, those that others add included.
"""

import csv
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from papercards.sinks import FORMATS, Format
from tests.conftest import Run

ESCAPE = "\x1b]0;owned\x07"
"""What sets the title of a terminal's window; rich never writes it."""

BAR = re.compile(r"\x1b\[(?:2K|1A|\?25[lh]|0m|38;[25];\d+m|38;5;\d+;\d+m)")
"""What the progress bar writes itself: it draws its line again, in colours that no text here has."""

TEXTS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1",
    "\r=1",
    "../../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\System32\\drivers\\etc\\hosts",
    "..\\..\\x",
    "..",
    "~/x",
    "a\0b",
    f"{ESCAPE}\x1b[31mred\x9b31m",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "]]>&xxe;<!DOCTYPE x [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>",
    "]] [[x|y]] {{x}} ${x} %s {0}",
    "'; DROP TABLE papers; --",
    "\u202egnp.exe",
    "CON",
    "x" * 5000,
    "\ufffe\uffff",
    '}, @string{x = "y"}, title = {',
    "TY  - JOUR\nER  - ",
]


def source(path: Path) -> Path:
    """Papers with these titles and abstracts, once with names of their own and once with these for an id."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(TEXTS):
            abstract = (
                f"{text} is what we propose. It is 12% better than {text}. Code: https://github.com/a/b."
            )
            for name in (f"paper-{number}", text):
                record = {
                    "id": name,
                    "title": text,
                    "abstract": abstract,
                    "url": f"javascript:alert({number})",
                }
                file.write(json.dumps(record) + "\n")
    return path


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything under it, with size and time of change."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def said(done: "subprocess.CompletedProcess[str]") -> str:
    """What it said, which is for people: no traceback, no fault of its own, nothing to steer a terminal."""
    text = done.stdout + done.stderr
    assert "Traceback" not in text, text[-2000:]
    assert "internal error" not in text, text[-2000:]
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
    return text


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_nothing_of_a_paper_gets_out_of_an_output(run: Run, tmp_path: Path, kind: Format) -> None:
    here = tmp_path / "a" / "b" / "c" / "d" / "e"
    (here / "out").mkdir(parents=True)
    source(here / "papers.jsonl")
    output = f"{kind.name}:out/cards{kind.extensions[0] if kind.extensions else ''}"
    before = tree(tmp_path)
    done = run("enrich", "papers.jsonl", "-m", "baseline", "-o", output, cwd=here)
    after = tree(tmp_path)

    assert done.returncode in (0, 1), done.stderr
    said(done)
    allowed = (str(here / "out"), str(tmp_path / "home"))
    assert [path for path in after if path not in before and not path.startswith(allowed)] == []
    assert [path for path in before if before[path] != after[path] and not path.startswith(allowed)] == []
    written = [path for path in (here / "out").rglob("*") if path.is_file()]
    assert written
    for path in written:
        is_neutral(path)
    strays = [
        path.name for path in (here / "out").iterdir() if not path.name.startswith(("cards", "metadata"))
    ]
    assert strays == []


def is_neutral(path: Path) -> None:
    """That a text file cannot steer a terminal, a spreadsheet, a browser or an XML parser."""
    data = path.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return  # a database, a columnar file: values, not text
    if "\0" in text:
        return
    assert "\x1b" not in text, path
    assert "\x07" not in text, path
    if path.suffix in (".csv", ".tsv"):
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.reader(lines, delimiter="\t" if path.suffix == ".tsv" else ","):
                for cell in row:
                    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (path, cell)
    if path.suffix in (".md", ".html", ".htm", ".xml", ".atom", ".rss", ".rdf"):
        assert "<script" not in text.lower(), path
        assert "<img" not in text.lower(), path
        assert "<!doctype x" not in text.lower(), path
        assert not re.search(r"""(href=["']?|\]\(<?)javascript:""", text), path


@pytest.mark.slow
def test_standard_output_on_a_terminal_is_not_steered(tmp_path: Path, environment: dict[str, str]) -> None:
    pty = pytest.importorskip("pty")
    source(tmp_path / "papers.jsonl")
    assert sys.executable
    commands = [
        ["enrich", "papers.jsonl", "-m", "baseline"],
        ["summarize", "papers.jsonl", "--pick", "27", "-m", "baseline"],
        ["summarize", "papers.jsonl", "--pick", "27", "-m", "baseline", "--json"],
        ["enrich", f"{ESCAPE}\x9b.jsonl", "-m", "baseline"],
    ]
    for command in commands:
        shown = on_a_terminal(pty, command, tmp_path, environment)
        assert shown
        assert "\x1b]" not in shown, command
        assert "\x07" not in shown, command
        assert not re.search("[\x80-\x9f]", shown), command
        if command[0] == "enrich":
            assert "\x1b" not in BAR.sub("", shown), command


def on_a_terminal(pty: object, command: list[str], cwd: Path, environment: dict[str, str]) -> str:
    """What a command writes where both of its outputs are a terminal."""
    ours, theirs = pty.openpty()  # type: ignore[attr-defined]
    child = subprocess.Popen(
        [sys.executable, "-m", "papercards", *command],
        cwd=cwd,
        env=environment | {"TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        shown += more
    os.close(ours)
    assert child.wait(60) in (0, 1, 2)
    return shown.decode()


def test_a_file_of_cards_that_somebody_made_up_is_shown_and_checked_without_harm(
    run: Run, tmp_path: Path
) -> None:
    source(tmp_path / "papers.jsonl")
    run("enrich", "papers.jsonl", "-m", "baseline", "-o", "cards.jsonl")
    evil = []
    for line in (tmp_path / "cards.jsonl").read_text(encoding="utf-8").splitlines():
        card = json.loads(line)
        for field in ("id", "title", "tldr"):
            card[field] += f"{ESCAPE}\x9b"
        for field in ("tasks", "modalities", "contributions"):
            for label in card[field]:
                label["label"] = f"../../{ESCAPE}\x9b"
        for claim in card["claims"]:
            claim["kind"] += f"{ESCAPE}\x9b"
        card["flags"] = [f"{ESCAPE}\x9b"]
        card["provenance"]["model"] = f"{ESCAPE}\x9b"
        evil.append(json.dumps(card))
    (tmp_path / "evil.jsonl").write_text("\n".join(evil))

    assert "paper" in said(run("verify", "evil.jsonl", "--source", "papers.jsonl"))
    assert "main task" in said(run("show", "evil.jsonl"))


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("x.json", f'[{{"title": "T", "abstract": {DEEP}', ["enrich", "x.json", "-m", "baseline"]),
        ("x.json", DEEP, ["enrich", "x.json", "-m", "baseline"]),
        ("x.jsonl", DEEP, ["show", "x.jsonl"]),
        ("x.run.json", '{"version": ' + DEEP, ["rerun", "x.run.json"]),
        ("x.yaml", "tasks: " + DEEP, ["taxonomy", "check", "x.yaml"]),
        ("papercards.toml", f"model = {DEEP}", ["enrich", "x.jsonl", "-m", "baseline"]),
        ("x.jsonl", DEEP, ["eval", "labels", "check", "x.jsonl"]),
    ],
    ids=["document", "array", "cards", "record", "taxonomy", "settings", "labels"],
)  # fmt: skip
def test_what_is_nested_too_deeply_is_one_line(
    run: Run, tmp_path: Path, name: str, content: str, command: list[str]
) -> None:
    (tmp_path / name).write_text(content)
    done = run(*command)

    assert done.returncode in (1, 2)
    lines = said(done).splitlines()
    assert len(lines) <= 2 and all(len(line) < 500 for line in lines)
    (line,) = (line for line in lines if line.startswith("papercards: "))
    assert line.startswith(f"papercards: {name}")


def test_lines_that_are_nested_too_deeply_are_set_aside_and_the_others_get_their_cards(
    run: Run, tmp_path: Path
) -> None:
    lines = [
        f'{{"title": "T", "abstract": {DEEP}',
        f'{{"title": "T", "x": {DEEP}{"]" * len(DEEP)}}}',
        json.dumps({"title": "Good", "abstract": "We do it. It is 12% better."}),
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(lines) + "\n")
    done = run("enrich", "x.jsonl", "-m", "baseline", "-o", "out.jsonl")

    assert done.returncode == 1
    said(done)
    assert [json.loads(line)["title"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        "Good"
    ]
    errors = [json.loads(line) for line in (tmp_path / "out.errors.jsonl").read_text().splitlines()]
    assert [one["where"] for one in errors] == ["x.jsonl:1", "x.jsonl:2"]
    assert all(len(one["message"]) < 500 for one in errors)


def huge(path: Path, head: bytes, size: int, tail: bytes) -> Path:
    """A file with one line of `size` bytes between head and tail, of which next to nothing is on the disk."""
    with path.open("wb") as file:
        file.write(head + b"a" * (1 << 17))
        file.seek(size)
        file.write(b"\n" + tail)
    return path


def peak(
    command: list[str], cwd: Path, environment: dict[str, str], stdin: IO[bytes] | int = subprocess.DEVNULL
) -> tuple[int, int, float]:
    """Exit code, megabytes of memory at most, seconds."""
    begin = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-c", WEIGH, sys.executable, "-m", "papercards", *command],
        cwd=cwd,
        env=environment,
        stdin=stdin,
        capture_output=True,
        check=True,
    )
    code, size = map(int, told.stdout.split())
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return code, size // scale, time.monotonic() - begin


WEIGH = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""
"""A slim process between the test and the program: a child's peak counts its parent's memory at the start."""


GOOD = b'{"title": "Good", "abstract": "We do it. It is 12% better."}\n'
LINES = {
    "x.jsonl": (b'{"title": "x", "abstract": "', GOOD),
    "x.csv": (b"title,abstract\nx,", b"Good,We do it. It is 12% better.\n"),
    "x.txt": (b"Get trending papers in your email inbox\nTitle\n", b"Good\nWe do it. It is 12% better.\n"),
    "x.json": (b'[{"title": "x", "abstract": "', GOOD),
}
SIZES = [128 << 20, pytest.param(5_000_000_000, marks=pytest.mark.slow)]
"""The larger one has more bytes than a number of 32 bits counts."""


@pytest.mark.skipif(os.name == "nt", reason="no wait4 there")
@pytest.mark.parametrize("size", SIZES, ids=["128 MB", "5 GB"])
@pytest.mark.parametrize("name", LINES)
def test_a_huge_line_costs_no_memory_and_the_rest_is_read(
    tmp_path: Path, environment: dict[str, str], name: str, size: int
) -> None:
    head, tail = LINES[name]
    if name.endswith(".json") and size < 1 << 30:
        size = 1 << 31  # a document is held whole up to a gigabyte
    huge(tmp_path / name, head, size, tail)
    code, megabytes, seconds = peak(
        ["enrich", name, "-m", "baseline", "-o", "out.jsonl"], tmp_path, environment
    )

    assert code in (1, 2)
    assert megabytes < 150
    assert seconds < 600
    if not name.endswith(".json"):
        assert (tmp_path / "out.jsonl").read_text().count('"title":"Good"') == 1
        (error,) = (tmp_path / "out.errors.jsonl").read_text().splitlines()
        assert "longer than 16 MB" in error


@pytest.mark.skipif(os.name == "nt", reason="no wait4 there")
def test_a_pipe_that_never_ends_its_line_costs_no_memory(tmp_path: Path, environment: dict[str, str]) -> None:
    script = (
        "import sys\n"
        'sys.stdout.buffer.write(b\'{"title": "x", "abstract": "\')\n'
        "for _ in range(128): sys.stdout.buffer.write(b'a' * (1 << 20))\n"
        f"sys.stdout.buffer.write(b'\\n' + {GOOD!r})\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    command = ["enrich", "-", "-m", "baseline", "-o", "out.jsonl"]
    code, megabytes, _ = peak(command, tmp_path, environment, writer.stdout)
    writer.stdout.close()
    assert writer.wait(60) == 0

    assert code == 1
    assert megabytes < 150
    assert (tmp_path / "out.jsonl").read_text().count('"title":"Good"') == 1


def test_no_format_is_left_out() -> None:
    assert {"jsonl", "markdown", "vault", "atom", "rss"} <= {kind.name for kind in FORMATS}
