"""Another distribution's source and sink, installed for real, found by extension, name and form."""

import sys
from pathlib import Path

import pytest

from tests.conftest import Run

MODULE = """
from papercards.paper import Paper
from papercards.sinks import Format as SinkFormat
from papercards.sources import Format, Reference


def read(source):
    for number, line in enumerate(source.stream, start=1):
        title, abstract = line.decode().rstrip().split("|")
        yield Paper(title, title, abstract, where=f"{source.name}:{number}")


def named(spec, options):
    yield Paper(spec, "Named", "A paper by its name.", where=spec)


class Titles:
    files = ()

    def __init__(self, output):
        self.file = output.path.open("w")

    def write(self, card, paper):
        print(card.title, file=self.file)

    def close(self):
        self.file.close()

    def abandon(self):
        self.file.close()


PIPES = Format("pipes", (".pipes",), read)
NAMED = Reference("Shelf", ("shelf:NAME",), lambda spec: spec.startswith("shelf:"), named)
TITLES = SinkFormat("titles", (".titles",), Titles)
"""


def install(folder: Path, source: str = "shelf:PIPES") -> None:
    """What an installer would leave behind."""
    (folder / "shelf.py").write_text(MODULE)
    info = folder / "papercards_shelf-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: papercards-shelf\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[papercards.sources]\npipes = {source}\nnamed = shelf:NAMED\n"
        "[papercards.sinks]\ntitles = shelf:TITLES\n"
    )


@pytest.fixture
def enrich(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that finds what is installed in its folder."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shelf", raising=False)
    return lambda *words: run("enrich", *words, "-m", "baseline", "--no-cache")


def test_a_plug_in_reads_names_and_writes(enrich: Run, tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "a.pipes").write_text("One|We test it.\nTwo|We test it, too.\n")

    done = enrich("a.pipes", "shelf:x", "-o", "out.titles", "-o", "titles:other")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.titles").read_text() == "One\nTwo\nNamed\n"
    assert (tmp_path / "other").read_text() == "One\nTwo\nNamed\n"


@pytest.mark.parametrize(
    ("source", "words"),
    [("shelf:NOTHING", "cannot load"), ("shelf:MODULE", "is a str, not a Format or Reference")],
)
def test_a_broken_plug_in_is_one_line_and_harms_nobody_else(
    enrich: Run, tmp_path: Path, source: str, words: str
) -> None:
    install(tmp_path, source)
    (tmp_path / "shelf.py").write_text(MODULE + "\nMODULE = 'text'\n")
    (tmp_path / "a.pipes").write_text("One|We test it.\n")
    (tmp_path / "a.txt").write_text("One\n\nWe test it.\n")

    broken = enrich("a.pipes")
    assert broken.returncode == 2
    assert broken.stderr.count("\n") == 1
    assert "papercards-shelf" in broken.stderr and words in broken.stderr
    assert enrich("a.txt").returncode == 0
