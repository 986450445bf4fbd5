"""What the README says is there is there."""

import re
from pathlib import Path

from tests.conftest import Run

ROOT = Path(__file__).parent.parent


def test_every_command_and_option_of_the_readme_exists(run: Run) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    groups = ("eval", "models", "taxonomy")
    seen = set()
    for line in re.findall(
        r"papercards ((?:summarize|enrich|eval|verify|show|schema|taxonomy|models)[^`\n]*)", text
    ):
        words = line.split()
        names = words[1].split("|") if words[0] in groups else [""]
        for name in names:
            command = [words[0], name] if name else [words[0]]
            shown = run(*command, "--help")
            assert shown.returncode == 0, (command, shown.stderr)
            for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line):
                assert option in shown.stdout, (command, option)
            seen.add(words[0])
    assert seen >= {"summarize", "enrich", "eval", "verify", "show", "schema", "taxonomy", "models"}


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), (page.name, target)
