"""What tests share: a loopback endpoint, papers, and the program run as a user runs it."""

import functools
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import certifi
import platformdirs
import pytest
import typer.main
from hypothesis import settings

from papercards.local.fetch import fetch
from papercards.model.catalogue import SMOLLM
from papercards.paper import Paper, paper_id
from papercards.taxonomy import Taxonomy, parse
from tests.in_process import call
from tests.stub import Stub, serve

SEED = Path(str(resources.files("papercards.evals") / "corpus" / "hf-papers-listing.txt"))
KEY = "sk-test-0123456789"

# How long an example takes is a matter of what else the machine does.
settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")


MEMORY = Path("/dev/shm")
ENOUGH = 4 << 30
"""Bytes; all tests together keep half a gigabyte until they have passed."""


def pytest_configure() -> None:
    """Folders of tests are in memory where there is room: a run waits for a disk up to 30 times."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs real weights is slow by itself: the fast tests fetch nothing."""
    for item in items:
        if "smollm_file" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """What all tests are made of is not looked through again at each collection of garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def stub() -> Iterator[Stub]:
    """An endpoint that answers well until it is told otherwise."""
    one = Stub()
    server = serve(one)
    yield one
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    """The shipped labels."""
    file = resources.files("papercards.prompts") / "taxonomies" / "ml-papers.yaml"
    return parse(file.read_text(encoding="utf-8"), name="ml-papers", where="ml-papers")


def make_paper(title: str, abstract: str, where: str = "papers.jsonl:1") -> Paper:
    return Paper(paper_id(title, abstract), title, abstract, where)


@pytest.fixture
def paper() -> Paper:
    return make_paper(
        "Counting to Four",
        "Counting is hard. We count to 4 with a new method. It is 12% better than guessing. "
        "Our code is available at https://github.com/a/b.",
    )


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, no keys, no way out but loopback."""
    return environment_of(tmp_path / "home")


def environment_of(home: Path) -> dict[str, str]:
    """The same for tests that share one; makes the home."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    home.mkdir()
    models = os.environ.get("PAPERCARDS_TEST_MODELS")
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONUTF8": "1",
        **({"PAPERCARDS_MODELS": models} if models else {}),
    }


@pytest.fixture(scope="session", autouse=True)
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One authority: to load all that the system trusts takes each client a third of a small run."""
    end = "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("trusted") / "one.pem"
    file.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield file


@pytest.fixture(scope="session", autouse=True)
def known_commands() -> Iterator[None]:
    """The tree of commands is the same each time, and takes as long to make as a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.main.get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str], certificate: Path) -> Run:
    """The program with a user's words, `run("enrich", "papers.jsonl")`, in an empty folder.

    It runs in the process of the test, as if it had one of its own: see `tests/in_process.py`.
    """

    def go(
        *arguments: str | Path, cwd: Path | None = None, input: str | None = None, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        known = {"SSL_CERT_FILE": str(certificate)}
        return call([*map(str, arguments)], cwd or tmp_path, known | environment | variables, input)

    return go


@pytest.fixture
def run_process(tmp_path: Path, environment: dict[str, str]) -> Run:
    """The same in a process of its own, for what only a process can show."""

    def go(
        *arguments: str | Path,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float = 300,
        **variables: str,
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "papercards", *map(str, arguments)],
            cwd=cwd or tmp_path,
            env=environment | variables,
            input=input,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return go


@pytest.fixture(scope="session")
def smollm_file() -> Path:
    """SmolLM2-135M, fetched as a user's would be, once for all test runs."""
    folder = os.environ.get("PAPERCARDS_TEST_MODELS")
    directory = Path(folder) if folder else Path(platformdirs.user_cache_dir("papercards")) / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE")  # that of `certificate` knows no publisher
        return fetch(SMOLLM, directory, progress=lambda done, whole: None)
