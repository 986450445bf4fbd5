"""What the README says is there is there."""

import re
from dataclasses import fields
from pathlib import Path

from papercards.settings import ENVIRONMENT, Settings, merge
from tests.card_reference import PAGE, page
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
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), (path.name, target)


def test_the_reference_of_the_card_is_what_its_records_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.card_reference"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([a-z-]+\.md)", index))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}


def test_the_settings_page_names_every_setting_and_its_example_is_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in (field.name for field in fields(Settings)):
        assert f"`{name}`" in text, name
    for variable in ENVIRONMENT.values():
        assert variable in text, variable
    (tmp_path / "papercards.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    made = merge({}, {}, tmp_path / "papercards.toml")
    assert made.model == "openai/gpt-4.1-mini" and made.endpoint["reasoning_effort"] == "low"
