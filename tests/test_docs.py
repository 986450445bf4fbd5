"""What the documents say is there is there."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from papercards.cli.app import app
from papercards.configuration.settings import ENVIRONMENT, Settings, merge
from tests import references

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
PROGRAM = typer.main.get_command(app)
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@cache
def commands(page: Path) -> list[list[str]]:
    """The words of each call of the program in a page's code, continued lines joined, remarks left out."""
    return list(_commands(page))


def _commands(page: Path) -> Iterator[list[str]]:
    text = page.read_text(encoding="utf-8")
    blocks = "".join(FENCE.findall(text)).replace("\\\n", " ")
    for code in (*blocks.splitlines(), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))):
        for part in code.split("&&"):
            if found := re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*papercards (.*)", part.strip()):
                yield re.split(r"\s#\s", f"{found[1]} ")[0].split()


def named(words: list[str]) -> Iterator[tuple[str, Any]]:
    """Each command that they name: `models list|pull` names two. Raises KeyError for what there is not."""
    group: Any = PROGRAM
    path = "papercards"
    for word in words:
        if not hasattr(group, "commands") or word.startswith("-"):
            break
        *others, name = word.split("|")
        yield from ((f"{path} {other}", group.commands[other]) for other in others)
        group, path = group.commands[name], f"{path} {name}"
    yield path, group


def options(command: Any) -> set[str]:
    own = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    return own | {"--help", "-h", "--debug", "--version"}


def every_command() -> set[str]:
    def below(path: str, command: Any) -> Iterator[str]:
        if hasattr(command, "commands"):
            for name, one in command.commands.items():
                yield from below(f"{path} {name}", one)
        else:
            yield path

    return set(below("papercards", PROGRAM))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_that_a_page_shows_exists(page: Path) -> None:
    for words in commands(page):
        for path, command in named(words):
            shown = set(re.findall(r"(?<![\w'-])(?<!--sort )--?[a-zA-Z][a-zA-Z-]*", " ".join(words)))
            assert shown <= options(command), (path, shown - options(command))


def test_the_documents_show_every_command() -> None:
    shown = {path for page in PAGES for words in commands(page) for path, _ in named(words)}

    assert every_command() - shown == set()


def test_a_command_or_option_that_there_is_not_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Say `papercards nothing`, or:\n```console\n$ papercards serve C \\\n   --no-such  # -x\n```\n"
    )

    first, second = commands(page)
    assert first == ["serve", "C", "--no-such"]
    ((_, command),) = named(first)
    assert "--no-such" not in options(command) and "--no-browser" in options(command)
    with pytest.raises(KeyError):
        list(named(second))


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for path in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), (path.name, target)


@pytest.mark.parametrize("name", references.PAGES)
def test_the_reference_pages_are_what_the_program_says(name: str) -> None:
    made = references.PAGES[name]()
    assert (references.DOCS / name).read_text(encoding="utf-8") == made, "run: python -m tests.references"


def test_every_page_is_in_the_index_and_in_the_menu_of_the_site() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([a-z-]+\.md)", index))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert linked == pages - {"index.md"}
    menu = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    assert {name for part in menu for names in part.values() for name in names} == pages


@pytest.fixture
def site(tmp_path: Path) -> Callable[[], "subprocess.CompletedProcess[str]"]:
    """Builds the site from a copy of its sources, into `site/` of the test's folder."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)

    def build() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return build


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(
    site: Callable[[], "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    done = site()

    assert done.returncode == 0 and "No issues" in done.stdout + done.stderr, done.stdout + done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//", text) == []
    assert "time-series-forecasting" in (tmp_path / "site" / "search.js").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_broken_link_ends_the_building_of_the_site(
    site: Callable[[], "subprocess.CompletedProcess[str]"], tmp_path: Path
) -> None:
    with (tmp_path / "docs" / "faq.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](quickstart.md#nowhere)\n")

    assert site().returncode != 0


def test_the_settings_page_names_every_setting_and_its_example_is_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in (field.name for field in fields(Settings)):
        assert f"`{name}`" in text, name
    for variable in ENVIRONMENT.values():
        assert variable in text, variable
    (tmp_path / "papercards.toml").write_text(text.split("```toml\n")[1].split("```")[0])
    made = merge({}, {}, tmp_path / "papercards.toml")
    assert made.model == "openai/gpt-4.1-mini" and made.endpoint["reasoning_effort"] == "low"
