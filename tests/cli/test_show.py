"""`show`: which cards, in which order, with which columns, and where they are saved."""

import csv
from pathlib import Path

import pytest

from papercards.publication import Person, Publication
from papercards.sinks import open_sink, read_cards
from tests.conftest import Run
from tests.sinks.cards import card

WHO = {
    "a": (("Zhang", "Li"), 2021, "NeurIPS"),
    "b": (("Şahin",), 2024, "Journal of Things"),
    "c": (("Zhang",), 2023, "ICML"),
    "d": ((), None, None),
}


@pytest.fixture(autouse=True)
def cards(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "cards.jsonl")
    for name, (people, year, venue) in WHO.items():
        about = Publication(
            tuple(Person(one, "Wei") for one in people), year=year, venue=venue, citation_key=f"key-{name}"
        )
        made = card(id=name, title=f"Paper {name}", task="forecasting" if name < "c" else "parsing")
        sink.write(made.model_copy(update={"publication": about}), None)
    sink.close()


def shown(run: Run, *words: str) -> list[str]:
    """The titles of a selection, in order."""
    done = run("show", "cards.jsonl", "--columns", "title", *words)
    assert done.returncode == 0, done.stderr
    return [line.split()[1] for line in done.stdout.splitlines()[1:]]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["year>=2023"], "bc"),
        (["year<2023"], "a"),
        (["year=2024"], "b"),
        (["year!=2024"], "acd"),
        (["year>=2021", "year<2024"], "ac"),
        (["venue~neur"], "a"),
        (["venue!~neur"], "bcd"),
        (["author~zhang"], "ac"),
        (["authors=zhang, wei"], "ac"),
        (["author~zhang", "year>2021"], "c"),
        (["task=parsing"], "cd"),
        (["main-task = forecasting"], "ab"),
        (["code=released", "citation_key=key-b"], "b"),
        (["date>=2023-06"], ""),
        (["title~PAPER B"], "b"),
        # A label as it is shown.
        (["modality=Time Series"], "abcd"),
        (["modality!=time series"], ""),
    ],
)
def test_conditions_choose_cards(run: Run, conditions: list[str], expected: str) -> None:
    assert shown(run, *(word for one in conditions for word in ("--where", one))) == list(expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--sort", "year"], "acbd"),
        (["--sort", "-year"], "bcad"),
        (["--sort", "-year", "--limit", "2"], "bc"),
        (["--sort", "venue"], "cbad"),
        (["--sort", "authors"], "cabd"),
        (["--sort", "-task"], "cdab"),
        (["--limit", "1"], "a"),
    ],
)
def test_cards_are_sorted_and_those_without_a_value_come_last(
    run: Run, words: list[str], expected: str
) -> None:
    assert shown(run, *words) == list(expected)


def test_the_chosen_columns_are_shown(run: Run) -> None:
    done = run("show", "cards.jsonl", "--columns", "year,byline,venue,citation-key", "--limit", "1")

    assert [line.split() for line in done.stdout.splitlines()] == [
        ["year", "byline", "venue", "citation", "key"],
        ["2021", "Zhang", "and", "Li", "NeurIPS", "key-a"],
    ]


def test_labels_are_shown_as_words(run: Run, tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "cards.jsonl")
    sink.write(card(id="a", task="multilingual-nlp"), None)
    sink.close()
    done = run("show", "cards.jsonl", "--columns", "main_task,modalities,data,id")
    assert done.stdout.splitlines()[1].split("  ")[0] == "multilingual NLP"
    assert "time series" in done.stdout and "not stated" in done.stdout


def test_a_selection_is_saved_in_any_format(run: Run, tmp_path: Path) -> None:
    done = run(
        *("show", "cards.jsonl", "--where", "year>=2023", "--sort", "-year"),
        *("-o", "some.jsonl", "-o", "some.csv", "-o", "some.bib"),
    )

    assert done.returncode == 0, done.stderr
    assert "2 cards → some.jsonl, some.csv, some.bib" in done.stderr
    assert [one.id for one in read_cards(tmp_path / "some.jsonl")] == ["b", "c"]
    rows = list(csv.DictReader((tmp_path / "some.csv").read_text("utf-8").splitlines()))
    assert [row["citation_key"] for row in rows] == ["key-b", "key-c"]
    library = (tmp_path / "some.bib").read_text("utf-8")
    assert library.index("{key-b,") < library.index("{key-c,")
    assert "author = {Şahin, Wei}" in library


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--where", "yaer>2020"], 'unknown field "yaer"'),
        (["--where", "year>soon"], 'year is a number, not "soon"'),
        (["--where", "year"], '"year" is not a condition'),
        (["--where", ""], '"" is not a condition'),
        (["--where", "venue="], '"venue=" is not a condition'),
        (["--sort", "shoesize"], 'unknown field "shoesize"'),
        (["--columns", "title,,x"], "unknown field"),
        (["-o", "cards.jsonl"], "is both an input and an output"),
    ],
)
def test_what_cannot_be_asked_is_one_line(run: Run, words: list[str], says: str) -> None:
    done = run("show", "cards.jsonl", *words)

    assert done.returncode == 2
    (line,) = (one for one in done.stderr.splitlines() if one.startswith("papercards: "))
    assert says in line
