"""The program with a key, and what it leaves behind."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import KEY, Run


@dataclass
class Ran:
    """What a command did."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of a file; none where it is not there."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards, of a run that was ended early, too."""
        return self.lines("cards.jsonl") or self.lines("cards.jsonl.partial")

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What failed, and why."""
        return self.lines("cards.errors.jsonl")

    @property
    def record(self) -> dict[str, Any]:
        """The record of the run."""
        found: dict[str, Any] = json.loads((self.folder / "cards.run.json").read_text())
        return found


Program = Callable[..., Ran]


@pytest.fixture
def program(tmp_path: Path, run: Run) -> Program:
    """`program("enrich", "papers.jsonl", ...)` in an empty folder, with a key and a cache of its own."""
    providers = ("OPENAI", "OPENROUTER", "DEEPSEEK", "GROQ", "MISTRAL")
    own = {f"{name}_API_KEY": KEY for name in providers} | {"PAPERCARDS_CACHE_DIR": str(tmp_path / "cache")}

    def go(*arguments: object, **variables: str) -> Ran:
        done = run(*arguments, **own | variables)
        assert KEY not in done.stdout + done.stderr
        return Ran(done.returncode, done.stdout, done.stderr, tmp_path)

    return go


@pytest.fixture
def papers(tmp_path: Path) -> Callable[[int], str]:
    """Writes so many papers and gives the name of the file."""

    def write(count: int) -> str:
        with (tmp_path / "papers.jsonl").open("w", encoding="utf-8") as out:
            for n in range(count):
                text = (
                    f"Paper {n} is about counting. We count with a new method. It is better than guessing. "
                    "The code is available at https://github.com/a/b."
                )
                out.write(json.dumps({"title": f"Counting, part {n}", "abstract": text}) + "\n")
        return "papers.jsonl"

    return write
