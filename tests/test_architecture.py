"""The map of the code is that of its import contracts, and every folder has one."""

import configparser
from pathlib import Path

from tests.architecture_map import PAGE, ROOT, written


def test_the_map_is_made_from_the_contracts() -> None:
    assert PAGE.read_text(encoding="utf-8") == written(), (
        "run: python -m tests.architecture_map > docs/architecture.md"
    )


def test_every_folder_has_an_exhaustive_contract() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    exhaustive = {
        container.strip()
        for name in contracts.sections()
        if contracts[name].get("exhaustive") == "true"
        for container in contracts[name]["containers"].strip().splitlines()
    }
    folders = {
        file.parent
        for top in ("agent", "evals")
        for file in (ROOT / top).rglob("*.py")
        if "bench" not in file.parts
    }
    for folder in folders:
        inner = folder.relative_to(ROOT).parts
        package = ".".join(("papercards", *(inner[1:] if inner[0] == "agent" else inner)))
        several = [file for file in folder.glob("*.py") if file.name != "__init__.py"]
        if len(several) > 1:
            assert package in exhaustive, package
            assert (folder / "__init__.py").exists()


def test_a_module_has_at_most_so_many_lines() -> None:
    longest = {
        str(file.relative_to(ROOT)): lines
        for top in ("agent", "evals")
        for file in Path(ROOT / top).rglob("*.py")
        if "bench" not in file.parts and (lines := len(file.read_text(encoding="utf-8").splitlines())) > 480
    }
    assert not longest, longest
