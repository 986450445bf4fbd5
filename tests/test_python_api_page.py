"""The examples of docs/python-api.md are run as they stand there."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "python-api.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
LIBRARY = """
@article{sets, title = {Deep Sets}, abstract = {We study models for sets. We show that a function of
sets can be decomposed. Our code is available at https://github.com/example/deep-sets.}}
@article{empty, title = {Nothing to read}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "library.bib").write_text(LIBRARY)
    return tmp_path


def test_every_example_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    assert len(EXAMPLES) >= 7
    for example in EXAMPLES:
        exec(compile(example, str(PAGE), "exec"), {"__name__": "example"})

    printed = capsys.readouterr().out
    assert "https://github.com/example/deep-sets" in printed and "library.bib" in printed
    assert (folder / "cards.md").exists() and (folder / "with-code.csv").exists()


def test_formats_of_the_example_read_and_write(folder: Path) -> None:
    from papercards import Card, Session
    from papercards.sinks.interface import Output
    from papercards.sources.columns import Columns
    from papercards.sources.interface import Input

    mine: dict[str, object] = {"__name__": "mine"}
    exec(compile(EXAMPLES[-1], str(PAGE), "exec"), mine)
    (folder / "x.lines").write_text(
        "Deep Sets\tWe study models for sets. We show that they can be decomposed.\n"
    )
    with (folder / "x.lines").open("rb") as stream:
        papers = list(mine["SOURCE"].read(Input("x.lines", stream, Columns({}))))  # type: ignore[attr-defined]
    with Session(model="baseline", cache=False) as session:
        (card,) = session.run(papers)
    assert isinstance(card, Card)
    sink = mine["SINK"].open(Output(folder / "x.titles"))  # type: ignore[attr-defined]
    sink.write(card, None)
    sink.close()
    assert (folder / "x.titles").read_text() == "Deep Sets\n"
