"""The report: one file, no network, no script, everything escaped, the same bytes every time."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from papercards.errors import StorageError
from papercards.evals.reporting.report import render, write
from papercards.evals.reporting.sheet import Sheet, sheet
from papercards.evals.scoring.run import RunResult
from tests.evals.conftest import rough_intervals
from tests.evals.runs import HOSTILE, baseline_run, worse_run

NAME = "evil/<b>$x$</b>"


class Page(HTMLParser):
    """Tags with their attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def runs() -> list[tuple[RunResult, Sheet]]:
    with rough_intervals():
        return [(run, sheet(run)) for run in (baseline_run(), worse_run(NAME))]


@pytest.fixture(scope="module")
def page(runs: list[tuple[RunResult, Sheet]]) -> str:
    return render(runs)


def test_nothing_is_loaded_and_nothing_runs(page: str) -> None:
    found = Page(page)

    assert not {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "object", "embed", "base"}
    for tag, attributes in found.tags:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "src" not in attributes
        href = attributes.get("href") or attributes.get("xlink:href") or "#"
        assert href.startswith("#") or (tag == "a" and href.startswith("https://")), href
        assert "url(http" not in (attributes.get("style") or "")
    policies = [a for t, a in found.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in (policies[0]["content"] or "")
    assert "@import" not in page and "url(http" not in page


def test_words_of_papers_and_models_are_words(page: str) -> None:
    text = Page(page).text

    assert HOSTILE in text
    assert "</td><img onerror=alert(1)>" in text
    assert text.count(NAME) > 3


def test_it_is_small_and_the_same_every_time(page: str, runs: list[tuple[RunResult, Sheet]]) -> None:
    assert len(page.encode()) < 1_000_000
    assert render(runs) == page


def test_no_two_ids_are_the_same(page: str) -> None:
    ids = [attributes["id"] for _, attributes in Page(page).tags if "id" in attributes]

    assert len(ids) == len(set(ids)) > 20


def test_it_says_what_must_be_known(page: str, runs: list[tuple[RunResult, Sheet]]) -> None:
    text = " ".join(Page(page).text.split())

    assert "made by a language model in two passes, not checked by a domain expert" in text
    assert "2 of 55 (4%)" in text and "the answer was cut off" in text
    assert "ROUGE is a sanity check, not a goal" in text
    assert "at 90% precision this model answers" in text
    for field in ("tasks", "claims"):
        f1 = runs[1][1].of(field)
        assert f"{f1.value:.2f} {f1.interval.low:.2f} to {f1.interval.high:.2f}" in text  # type: ignore[union-attr]


@pytest.mark.usefixtures("few_resamples")
def test_other_peoples_labels_are_not_called_ours() -> None:
    base = baseline_run()
    few = base.papers[:5]
    papers = [replace(one, labelled=replace(one.labelled, id=f"x{n}")) for n, one in enumerate(few)]
    theirs = replace(base, papers=tuple(papers), labels="theirs.jsonl@1")

    assert "language model in two passes" not in render([(theirs, sheet(theirs))])
    ours = replace(base, papers=few)
    assert "language model in two passes" in render([(ours, sheet(ours))])


@pytest.mark.slow
def test_runs_that_cannot_be_compared_are_called_so() -> None:
    base = baseline_run()
    other = replace(base, split="train")

    assert "not comparable" in render([(base, sheet(base)), (other, sheet(other))])


@pytest.mark.parametrize("size", [1, 0])
def test_few_papers_make_a_page(size: int) -> None:
    few = replace(worse_run(), papers=worse_run().papers[:size])

    assert "No answer has a confidence." in render([(few, sheet(few))])


def test_a_report_needs_a_run() -> None:
    with pytest.raises(ValueError, match="needs at least one run"):
        render([])


@pytest.mark.usefixtures("few_resamples")
def test_a_file_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    few = replace(worse_run(), papers=worse_run().papers[:1])
    run = [(few, sheet(few))]
    write(tmp_path / "report.html", run)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(StorageError):
        write(tmp_path, run)
