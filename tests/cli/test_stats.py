"""`stats`: shares by group, as a table in the terminal, in files, and as a plot."""

import csv
import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from scipy import stats as scipy_stats

from papercards.card_files import write_cards
from papercards.evals.label_file import SEED_LABELS
from tests.conftest import SEED, Run
from tests.publication.test_outputs import library
from tests.statistics.cards import cards, labelled


@pytest.fixture
def made(tmp_path: Path) -> Path:
    write_cards(cards(), tmp_path / "cards.jsonl")
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def texts(path: Path) -> list[str]:
    """The words of a drawing, each whole."""
    found = ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")
    return ["".join(one.itertext()) for one in found]


@pytest.mark.parametrize("by", ["year", "task", "year,task"])
def test_a_table_and_a_plot_of_shares_with_the_intervals_of_scipy(run: Run, made: Path, by: str) -> None:
    done = run("stats", "cards.jsonl", "--by", by, "-o", "trends.csv", "-o", "trends.svg")

    assert done.returncode == 0 and done.stdout == "", done.stderr
    found = rows(made / "trends.csv")
    assert "300 cards, " in done.stderr and f"{len(found)} shares → trends.csv, trends.svg" in done.stderr
    assert {row["feature"] for row in found} == {"code=released", "data=released", "weights=released"}
    for row in found:
        count, n = int(row["count"]), int(row["n"])
        expected = scipy_stats.binomtest(count, n).proportion_ci(method="wilson")
        assert float(row["share"]) == pytest.approx(count / n, abs=1e-6)
        assert float(row["low"]) == pytest.approx(expected.low, abs=1e-6)
        assert float(row["high"]) == pytest.approx(expected.high, abs=1e-6)
        assert row["marks"] == ("small" if n < 10 else "")
    words = texts(made / "trends.svg")
    assert "Share of papers" in words and {"Code released", "Data released", "Weights released"} <= set(words)
    if by == "year":
        assert {"Year", "2019", "2020", "2021", "2022", "no year"} <= set(words)  # of 2020 there is no paper
        assert {row["n"] for row in found} <= set(words)
    elif by == "task":
        names = {f"{row['task'].replace('-', ' ') or 'no task'} ({row['n']})" for row in found}
        assert names <= set(words) and any(name.startswith("uncertain (") for name in names)
    else:
        assert {"language modeling", "no task", "uncertain", "Year"} <= set(words)
        assert "Thin and hollow: fewer than 10 papers." in " ".join(words)


def test_the_terminal_shows_the_shares_and_what_is_unknown(run: Run, made: Path) -> None:
    done = run(
        "stats", "cards.jsonl", "--by", "year", "--share", "code=released", "--where", "task=clustering"
    )

    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["year", "feature", "n", "with", "share", "95%", "interval"]
    assert [line[0] for line in lines[1:]] == ["2019", "2021", "2022", "no"]
    assert re.fullmatch(r"\d+\.\d%", lines[1][5]) and re.fullmatch(r"\[\d+\.\d%,", lines[1][6])
    assert lines[1][1:3] == ["code", "released"]
    assert (
        "did not fulfil the conditions" in done.stderr
        and "without year: in a group of their own" in done.stderr
    )


def test_every_format_has_the_same_rows_and_the_same_cards_give_the_same_bytes(run: Run, made: Path) -> None:
    kinds = ("csv", "tsv", "json", "jsonl", "svg", "pdf", "png")
    words = [word for kind in kinds for word in ("-o", f"one.{kind}")]
    for name in ("one", "two"):
        again = [word.replace("one.", f"{name}.") for word in words]
        done = run("stats", "cards.jsonl", "--by", "venue", "--share", "task=clustering", *again)
        assert done.returncode == 0, done.stderr

    for kind in kinds:
        assert (made / f"one.{kind}").read_bytes() == (made / f"two.{kind}").read_bytes(), kind
    whole = json.loads((made / "one.json").read_text("utf-8"))
    lines = [json.loads(line) for line in (made / "one.jsonl").read_text("utf-8").splitlines()]
    table = rows(made / "one.csv")
    assert whole["rows"] == lines and whole["papers"] == 300 and whole["notes"]
    assert len(table) == len(lines) == len((made / "one.tsv").read_text("utf-8").splitlines()) - 1
    assert [float(row["low"]) if row["low"] else None for row in table] == [one["low"] for one in lines]
    assert (made / "one.pdf").read_bytes().startswith(b"%PDF")
    assert (made / "one.png").read_bytes().startswith(b"\x89PNG")


def test_names_from_papers_are_neither_formulas_nor_markup(run: Run, made: Path) -> None:
    run("stats", "cards.jsonl", "--by", "venue", "-o", "t.csv", "-o", "t.tsv", "-o", "t.svg")

    assert {row["venue"][:2] for row in rows(made / "t.csv")} == {"Ne", "'=", "Pr", ""}
    assert "\n=" not in (made / "t.tsv").read_text("utf-8")
    words = " ".join(texts(made / "t.svg"))
    assert "Proceedings of the <b>ACL</b> & $more$" in words and "=HYPERLINK(0)" in words


def test_a_plot_with_more_groups_than_fit_says_so(run: Run, made: Path) -> None:
    some = [
        one.model_copy(update={"id": f"{one.id}-{n}", "flags": (f"flag-{number % 50:02}",)})
        for n in range(2)
        for number, one in enumerate(cards())
    ]
    write_cards(some, made / "many.jsonl")

    done = run("stats", "many.jsonl", "--by", "flag", "-o", "t.csv", "-o", "t.svg")

    assert "the plot shows 30 of 50 groups by flag, the largest" in done.stderr
    assert len(rows(made / "t.csv")) == 150
    words = texts(made / "t.svg")
    assert "flag-29 (12)" in words and "flag-30 (12)" not in words
    assert "Shown: 30 of 50 groups by flag, the largest." in " ".join(words)


def test_hand_labels_correct_the_shares_and_too_few_of_them_are_marked(run: Run, made: Path) -> None:
    labelled(cards(), made / "labels.jsonl")
    words = ("stats", "cards.jsonl", "--by", "year,task", "--labels", "labels.jsonl")

    done = run(*words, "-o", "t.csv", "-o", "t.svg")

    assert done.returncode == 0, done.stderr
    assert "300 cards, 100 labelled papers, " in done.stderr
    found = rows(made / "t.csv")
    corrected = [row for row in found if row["method"] == "prediction-powered"]
    assert 10 < len(corrected) < len(found)
    for row in found:
        assert float(row["low"]) <= float(row["share"]) <= float(row["high"])
        if row in corrected:
            assert int(row["labelled"]) >= 10 and 0 <= float(row["weight"]) <= 1
        else:
            assert "uncorrected" in row["marks"] and not row["weight"]
    assert f"{len(found) - len(corrected)} of {len(found)} shares not corrected" in done.stderr
    said = " ".join(texts(made / "t.svg"))
    assert "prediction-powered" in said and "Crosses: not corrected for errors of the tags" in said
    table = run(*words).stdout.splitlines()
    assert table[0].split()[3:] == ["n", "with", "of", "cards", "labelled", "share", "95%", "interval"]
    assert any("uncorrected" in line for line in table)


def test_all_tags_of_a_corpus_are_corrected_and_left_out_papers_are_named(run: Run, tmp_path: Path) -> None:
    run("enrich", SEED, "-m", "baseline", "-o", "cards.jsonl")
    run("convert", "cards.jsonl", "cards.sqlite")

    for name in ("cards.jsonl", "cards.sqlite"):
        done = run("stats", name, "--labels", str(SEED_LABELS), "-o", f"{name}.json")
        assert done.returncode == 0, done.stderr
        assert "60 cards left out: labelled papers of the split train" in done.stderr

    assert (tmp_path / "cards.jsonl.json").read_bytes() == (tmp_path / "cards.sqlite.json").read_bytes()
    corpus = json.loads((tmp_path / "cards.jsonl.json").read_text("utf-8"))
    assert (corpus["papers"], corpus["labelled"]) == (155, 55)
    for row in corpus["rows"]:
        assert row["method"] == "prediction-powered" and row["low"] <= row["share"] <= row["high"]
    fields = {row["feature"].partition("=")[0] for row in corpus["rows"]}
    assert fields == {"task", "modality", "contribution", "claim", "code", "data", "weights"}


@pytest.mark.slow
def test_a_library_of_300_entries_by_year_and_by_task(run: Run, tmp_path: Path) -> None:
    entries = library(tmp_path, 300, 60)
    run("enrich", "library.bib", "-m", "baseline", "-o", "cards.jsonl")

    for by in ("year", "task", "author", "venue,year"):
        done = run("stats", "cards.jsonl", "--by", by, "-o", f"{by}.csv", "-o", f"{by}.pdf")
        assert done.returncode == 0, done.stderr

    whole = [one for one in entries.values() if one["whole"]]
    years = {row["year"]: int(row["n"]) for row in rows(tmp_path / "year.csv")}
    assert years == {str(year): sum(one["year"] == year for one in whole) for year in range(2000, 2026)}
    authors = {row["author"]: int(row["n"]) for row in rows(tmp_path / "author.csv")}
    named = {name for one in whole for name in one["authors"]}
    assert authors == {name: sum(name in one["authors"] for one in whole) for name in named}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "trends.xlsx"], 'trends.xlsx: unknown format ".xlsx"'),
        (["-o", "trends"], "trends: unknown format"),
        (["-o", "cards.jsonl"], "is both an input and an output"),
        (["--by", "yaer"], '--by: unknown field "yaer". Did you mean "year"?'),
        (["--by", "title"], "--by: title has another value in almost every card"),
        (["--share", "code>"], "--share"),
        (["--where", "year>3000", "-o", "t.csv", "-o", "t.svg"], "t.svg: there is nothing to draw"),
        (["--labelled-cards", "cards.jsonl"], "--labelled-cards: needs labels"),
        (["--labels", "none.jsonl"], "none.jsonl: cannot read the labels"),
    ],
)
def test_what_cannot_be_asked_is_one_line(run: Run, made: Path, words: list[str], says: str) -> None:
    done = run("stats", "cards.jsonl", *words)

    assert done.returncode in (1, 2)
    (line,) = done.stderr.splitlines()
    assert says in line


def test_a_plot_without_matplotlib_is_one_line_and_a_table_needs_none(
    run: Run, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    done = run("stats", "cards.jsonl", "--by", "year", "-o", "trends.svg", "-o", "trends.csv")

    assert done.returncode == 2
    assert done.stderr == (
        "papercards: A plot needs an extra that is not installed. Install it with: pip install "
        "'papercards[eval]'; in a copy of the repository: pip install '.[eval]'\n"
    )
    assert not (made / "trends.csv").exists()
    assert run("stats", "cards.jsonl", "--by", "year", "-o", "trends.csv").returncode == 0
