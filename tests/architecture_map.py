"""Makes docs/architecture.md of contracts and docstrings: `python -m tests.architecture_map > FILE`."""

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"

HEAD = """# Architecture: the map

A paper goes in (title and abstract, more if there is more), a *card* comes out: summary, tags, claims with evidence,
reproducibility. [Decisions](decisions.md) says why things are as they are.

```
source ─→ paper ─→ prompt ─→ call ─→ card ─→ sink          evals: labels + cards ─→ scores ─→ report
sources/           reading/  model/          sinks/
                   └─ reading/reader.py: one paper, one card ─┘
                   └─ runs/: many papers, in order, resumable ┘     session.py: the library    cli/: the commands
```

`agent/` is installed as `papercards`, `evals/` as `papercards.evals`, `prompts/` (the words sent to a model, no code) as
`papercards.prompts`. A file imports only from lower layers: import-linter holds that for every folder (`.importlinter`, all contracts
exhaustive, so a new file needs a place). This page is made from those contracts: the topmost layer comes first.

| layer | room or file | what lives there |
|---|---|---|
"""  # noqa: E501


def written() -> str:
    """The page as it should be."""
    return HEAD + "".join(f"| {layer} | `{name}` | {text} |\n" for layer, name, text in _rows())


def _rows() -> Iterator[tuple[int, str, str]]:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    rows = contracts["importlinter:contract:rooms"]["layers"].strip().splitlines()
    for number, row in enumerate(rows):
        for name in map(str.strip, row.split("|")):
            if name == "prompts":
                continue
            home = ROOT / ("evals" if name == "evals" else f"agent/{name}")
            yield len(rows) - number, f"{name}/" if home.is_dir() else f"{name}.py", _says(home)
            if home.is_dir():
                for room in sorted(home.rglob("__init__.py")):
                    if room.parent != home and "bench" not in room.parts:
                        inner = room.parent.relative_to(home.parent)
                        yield len(rows) - number, f"{inner}/", _says(room.parent)


def _says(home: Path) -> str:
    """The first sentence or line of a room's or a file's docstring."""
    file = home / "__init__.py" if home.is_dir() else home.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


if __name__ == "__main__":
    print(written(), end="")  # noqa: T201
