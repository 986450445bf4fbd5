"""The drawing of risk against coverage by corpus."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from papercards.evals.reporting.coverage import draw
from tests.evals.runs import baseline_run, worse_run


def test_each_corpus_has_its_row_and_each_model_its_line(tmp_path: Path) -> None:
    base = baseline_run()
    other = replace(base, labels="arxiv-dev.jsonl@1")

    draw([base, replace(worse_run("some/model"), labels=base.labels), other], tmp_path / "one.svg")
    draw([base], tmp_path / "two.svg")

    texts = ["".join(one.itertext()) for one in _texts(tmp_path / "one.svg")]
    assert sum(text.startswith("labels.jsonl, dev: ") for text in texts) == 2
    assert sum(text.startswith("arxiv-dev.jsonl, dev: ") for text in texts) == 2
    assert texts.count("baseline") == 4 and texts.count("some/model") == 2
    alone = ["".join(one.itertext()) for one in _texts(tmp_path / "two.svg")]
    assert "arxiv-dev.jsonl, dev: claims" not in alone and alone.count("baseline") == 2


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        draw([baseline_run()], tmp_path / name)

    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def _texts(path: Path) -> list[ET.Element]:
    return list(ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text"))
