"""The words that a person meets are plain modern English: help, messages, pages and documents.

The patterns are phrases of the private dialect that the project once had. They are specific enough to leave
ordinary English alone; a new one that slips in is a line here.
"""

import ast
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from papercards.cli.app import app

ROOT = Path(__file__).parent.parent
CODE = Path(str(resources.files("papercards")))

ARCHAIC = re.compile(
    r"""
    \bNone:\s                                    # "None: 8765, or any that is free"
    |\b[Mm]end(?:s|ed)?\b
    |\bwas\ there\ before\b|\bis\ there\ (?:twice|already)\b
    |\bas\ many\ as\ the\ endpoint\ bears\b|\bcannot\ bear\b|\bbears?\ (?:these|it)\b
    |\bNeither\ read\ nor\b
    |\b[Ll]et(?:s|ting)?\ go\ of\b
    |\bmade\ to\ (?:do\ harm|take\ long)\b
    |\b(?:goes|go|gone|going)\ on\ (?:with|from\ here|where)\b|\bto\ go\ on\b
    |\b(?:passed|pass|passes)\ over\b|\bpassed\ by\b
    |\b(?:is|are)\ said\ to\ the\ user\b|\band\ says?\ so\b
    |\bthe\ (?:disk|system)\ (?:refuses|says)\b
    |\bwhere\ (?:there\ is|it\ is)\ (?:none|no)\b
    |(?<![Tt]here\ )\bis\ no\ (?:such|file|folder|JSON|record|library|paper|label|kind|object)\b
    |(?<![Tt]here\ )\bis\ no\ (?:arXiv|DOI|margin|figure|id)\b
    |\bknows\ no\ (?:model|such|system|word)\b
    |\b[Tt]ake(?:s)?\ (?:the|your)\ last\ \w+\ back\b|\b[Tt]aken\ back\b
    |\bsomebody\ else's\b.*\bleft\ alone\b
    |\bwas\ here\ first\b
    |\ball\ the\ same\b
    |\b[Nn]othing\ fits\b|\bTo\ repeat\ it\b
    |\bto\ the\ baseline\b|\bonly\ [^ ]+%\ sure\b
    |\basked\ (?:again|anew)\ and\ again\b|\b[Ll]ook\ at\ a\ query\ again\b
    |\bhow\ far\ (?:it|answers|each)\b
    |\bOURS=THEIRS\b
    |\bthat\ (?:often|were)\.$
    |\bThat\ were\b
    |\bby\ what\ they\ are\ for\b
    |\bnobody\ (?:knows|asks|is\ asked)\b|\bWho\ is\ asking\ what\b
    |\bas\ it\ (?:stands|was\ left)\b|\bletter\ for\ letter\b
    |\ba\ line\ a\ (?:tag|paper)\b|\bone\ a\ line\b
    |\b(?:row|note|section|card)\ a\ (?:paper|card|line|label)\b
    |\bmay\ repeat\b
    |\bsay\ it\ with\ --|\bSay\ (?:how|who|which|what|a\ value|whether)\b
    |\bis\ whole\ or\ not\ there\b|\bthat\ is\ whole\b|\bwhole\ ones\b
    |\bcannot\ be\ had\b|\bmade\ anew\b|\bwritten\ anew\b|\bbegin(?:s)?\ anew\b
    |\bof\ our\ own\b|\ba\ server\ of\ ours\b
    |\bwishes\b|\bwished\b
    |\bbehind\ (?:the|its)\ (?:last|end)\b
    """,
    re.VERBOSE,
)

MARKS = ("<!-- papercards: begin", "<!-- papercards:begin")
"""Marks in people's files: their words are a file format."""

TO_A_MODEL = ("answers.py", "request_body.py", "doctor.py", "unwrapping.py")
"""Files whose texts a model reads; changing them changes the cards."""

FRAGMENT = re.compile(r"(?:Of|That|Where|Who|And|With|Before|By) [^.]*\.|(?:Of|By) .*|Bytes\.|Papers\.")
"""A field's docstring that is the tail of a sentence, whose head would be the name of the field."""


def found_in(texts: Iterator[tuple[str, str]]) -> list[str]:
    """Place and words of each archaic phrase."""
    return [
        f"{place}: {match[0]!r} in {text[:100]!r}"
        for place, text in texts
        for match in ARCHAIC.finditer(text)
    ]


def code_files() -> list[Path]:
    """The modules of the package, benchmarks aside."""
    return [path for path in sorted(CODE.rglob("*.py")) if "bench" not in path.parts]


def helps() -> Iterator[tuple[str, str]]:
    """Summaries, options and examples of every command."""
    from typer.main import get_command

    def each(name: str, command: object) -> Iterator[tuple[str, str]]:
        for part in ("help", "epilog", "short_help"):
            yield name, getattr(command, part, None) or ""
        for option in getattr(command, "params", []):
            yield f"{name} {option.name}", getattr(option, "help", None) or ""
        for word, child in getattr(command, "commands", {}).items():
            yield from each(f"{name} {word}", child)

    yield from each("papercards", get_command(app))


def messages() -> Iterator[tuple[str, str]]:
    """String literals that are prose: errors, next steps, notes. Docstrings and regular expressions aside."""
    for path in code_files():
        if path.name in TO_A_MODEL:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        held = {
            id(child) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for child in node.values
        }
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        patterns = {
            id(inner)
            for call in calls
            if isinstance(call.func, ast.Attribute)
            and call.func.attr in ("compile", "sub", "split", "search")
            for inner in ast.walk(call)
        }
        documented = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if id(node) in patterns or id(node) in documented or id(node) in held:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if not node.value.startswith(MARKS):
                    yield f"{path.relative_to(CODE)}:{node.lineno}", node.value
            elif isinstance(node, ast.JoinedStr):
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
                )
                yield f"{path.relative_to(CODE)}:{node.lineno}", text


def pages() -> Iterator[tuple[str, str]]:
    """Templates and scripts of the pages, and the template of the report."""
    files = [
        path for kind in ("html", "js", "j2") for path in CODE.rglob(f"*.{kind}") if "bench" not in path.parts
    ]
    assert len(files) > 20
    for path in files:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield f"{path.relative_to(CODE)}:{number}", line


def documents() -> Iterator[tuple[str, str]]:
    """The user's documents."""
    kept = {"architecture.md", "decisions.md", "performance.md", "injection.md"}
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        if path.name not in kept:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                yield f"{path.name}:{number}", line


def test_the_help_of_every_command_is_plain() -> None:
    assert found_in(helps()) == []


def test_messages_are_plain() -> None:
    assert found_in(messages()) == []


def test_pages_are_plain() -> None:
    assert found_in(pages()) == []


def test_documents_are_plain() -> None:
    assert found_in(documents()) == []


def test_every_command_has_an_example_and_a_summary_that_fits() -> None:
    from typer.main import get_command

    def leaves(name: str, command: object) -> Iterator[tuple[str, object]]:
        children = getattr(command, "commands", {})
        if not children:
            yield name, command
        for word, child in children.items():
            yield from leaves(f"{name} {word}", child)

    for name, command in leaves("papercards", get_command(app)):
        summary = (getattr(command, "help", None) or "").split("\n\n")[0].strip()
        assert summary.endswith(".") and len(summary) < 100, (name, summary)
        assert f"{name} " in (getattr(command, "epilog", None) or "") + " ", name


def test_the_docstrings_of_fields_are_whole_phrases() -> None:
    tails = []
    for path in code_files():
        for holder in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(holder, (ast.ClassDef, ast.Module)):
                continue
            for field, text in zip(holder.body, holder.body[1:], strict=False):
                if isinstance(field, (ast.AnnAssign, ast.Assign)) and isinstance(text, ast.Expr):
                    words = text.value.value if isinstance(text.value, ast.Constant) else ""
                    if isinstance(words, str) and FRAGMENT.match(words):
                        tails.append(f"{path.relative_to(CODE)}:{text.lineno}: {words[:80]}")
    assert tails == []


@pytest.mark.parametrize(
    "plain",
    [
        "Port to listen on (default: 8765, or the next free one).",
        "duplicate of arxiv:2003.02673, skipped",
        "Fix the file and try again",
        "Run the same command again to continue",
        "recommended settings, amended later",
        "The whole file was read.",
    ],
)
def test_ordinary_english_passes(plain: str) -> None:
    assert ARCHAIC.search(plain) is None


@pytest.mark.parametrize(
    "archaic",
    [
        "None: 8765, or any that is free.",
        "Mend the file and try again",
        "arxiv:1 was there before",
        "Taken back.",
    ],
)
def test_the_old_dialect_is_caught(archaic: str) -> None:
    assert ARCHAIC.search(archaic) is not None
