"""The index against the plain way: look at every card, count and sort."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from papercards.card import Card, Label
from papercards.pages.index.database import Index
from papercards.pages.index.facets import (
    FIELDS,
    Facets,
    Tag,
    bitmap_of,
    confidence_of,
    rows_of,
    tags_of,
)
from papercards.pages.index.places import Places
from papercards.paper import Paper
from tests.sinks.cards import card

LABELS = st.sampled_from(["graph-learning", "regression", "clustering", "robotics", "odd<label>"])
WORDS = st.sampled_from(["graph", "graphs", "Time", "series", "naïve", "deep", "zero-shot", "2", "a"])
TEXTS = st.lists(WORDS, max_size=5).map(" ".join)


@st.composite
def made_cards(draw: st.DrawFn) -> list[Card]:
    made = []
    for _ in range(draw(st.integers(0, 12))):
        one = card(id=f"paper-{draw(st.integers(0, 8))}", title=draw(TEXTS) or "-", tldr=draw(TEXTS) or "-")
        tasks = tuple(Label(label=name) for name in draw(st.lists(LABELS, max_size=3)))
        claims = tuple(
            claim.model_copy(update={"kind": draw(st.sampled_from(["finding", "novelty"]))})
            for claim in one.claims * draw(st.integers(0, 2))
        )
        status = draw(st.sampled_from(["released", "promised", "not-stated"]))
        code = one.reproducibility.code.model_copy(
            update={"status": status, "confidence": draw(st.none() | st.floats(0, 1))}
        )
        made.append(
            one.model_copy(
                update={
                    "tasks": tasks,
                    "claims": claims,
                    "reproducibility": one.reproducibility.model_copy(update={"code": code}),
                }
            )
        )
    return made


def plain_counts(cards: list[Card], field: str) -> list[tuple[str, int]]:
    values = [tag.value for one in cards for tag in tags_of(one) if tag.field == field]
    return sorted({value: values.count(value) for value in values}.items(), key=lambda one: (-one[1], one[0]))


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index.db")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(made_cards(), max_size=3),
    chosen=st.lists(
        st.builds(Tag, st.just("task"), LABELS) | st.builds(Tag, st.just("code"), st.just("released")),
        max_size=2,
    ),
    word=st.none() | WORDS,
)
def test_facets_count_what_a_look_at_every_card_counts(
    index: Index, batches: list[list[Card]], chosen: list[Tag], word: str | None
) -> None:
    index.clear(papers=True)
    for batch in batches:
        index.add(batch, origin=0)
    # A later card of a paper takes the place of the earlier one, and comes last.
    latest: dict[str, Card] = {}
    for one in (one for batch in batches for one in batch):
        latest.pop(one.id, None)
        latest[one.id] = one
    fitting = [
        one
        for one in latest.values()
        if set(chosen) <= set(tags_of(one)) and (word is None or holds(one, word))
    ]

    found = index.find(word or "", chosen)

    assert index.size == len(latest)
    assert [one.id for one in index.page(found)] == [one.id for one in fitting]
    for field in FIELDS:
        assert index.counts(field, found) == plain_counts(fitting, field)


def holds(one: Card, word: str) -> bool:
    """Whether a word of the card begins so; one letter must be the whole word."""
    quotes = [claim.evidence.text for claim in one.claims]
    labels = [tag.value for tag in tags_of(one) if tag.field in ("task", "modality", "contribution")]
    texts = [one.title, one.tldr, *quotes, *labels]
    sought = folded(word).strip()
    end = " " if len(sought) < 2 else ""
    return any(f" {sought}{end}" in folded(text) for text in texts)


def folded(text: str) -> str:
    return " " + " ".join(re.findall(r"\w+", text.lower().replace("ï", "i"))) + " "


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("forec", {"a"}),
        ("FORECASTING time", {"a"}),
        ("time-series", {"a"}),
        ('"time series"', {"a"}),
        ('"series time"', set()),
        ("time -forecasting", {"b"}),
        ("-forecasting", {"b", "c"}),
        ("naive", {"c"}),
        ("abstract-word", {"b"}),
        ('"unfinished', set()),
        ("", {"a", "b", "c"}),
        ("!!! ()", {"a", "b", "c"}),
        ("* OR NEAR AND {title} : x ^", set()),
        ('a" OR "b', set()),
        ("\0", {"a", "b", "c"}),
    ],
)
def test_what_people_type_is_found_or_not_but_never_an_error(
    index: Index, words: str, found: set[str]
) -> None:
    def bare(name: str, title: str) -> Card:
        one = card(id=name, title=title, tldr="-", task=name, claim="-")
        return one.model_copy(update={"modalities": (), "contributions": ()})

    index.add_papers([Paper("b", "Time", "It has an abstract word.")])
    index.add([bare("a", "Forecasting time series"), bare("b", "Time"), bare("c", "Naïve")], origin=0)

    assert {one.id for one in index.page(index.find(words))} == found


def test_orders(index: Index) -> None:
    def dated(name: str, title: str, sure: float) -> Card:
        one = card(id=name, title=title)
        return one.model_copy(update={"tasks": (Label(label="x", confidence=sure),)})

    index.add(
        [
            dated("arxiv:2301.00002", "beta graph", 0.5),
            dated("arxiv:2312.00001", "Alpha", 0.1),
            dated("arxiv:hep-th/9901001", "gamma graph graph", 0.9),
        ],
        origin=0,
    )

    def titles(sort: str, words: str = "") -> list[str]:
        return [one.title[:5] for one in index.page(index.find(words), sort)]

    assert titles("file") == ["beta ", "Alpha", "gamma"]
    assert titles("title") == ["Alpha", "beta ", "gamma"]
    assert titles("newest") == ["Alpha", "beta ", "gamma"]
    assert titles("confidence") == ["gamma", "beta ", "Alpha"]
    assert titles("relevance", "graph") == ["gamma", "beta "]
    assert index.neighbours(index.find(), "title", "arxiv:2301.00002") == (
        "arxiv:2312.00001",
        "arxiv:hep-th/9901001",
    )
    assert index.neighbours(index.find("alpha"), "title", "arxiv:2301.00002") == (None, None)


def test_an_index_that_is_opened_again_is_the_same(tmp_path: Path) -> None:
    first = Index(tmp_path / "index.db")
    first.add([card(id="a", task="t1"), card(id="b", task="t2")], origin=0)
    first.add([card(id="a", task="t3")], origin=0)
    counts = first.counts("task", first.find())
    first.close()

    again = Index(tmp_path / "index.db")
    assert again.counts("task", again.find()) == counts == [("t2", 1), ("t3", 1)]
    again.add([card(id="c", task="t2")], origin=0)
    assert again.counts("task", again.find()) == [("t2", 2), ("t3", 1)]


@given(st.sets(st.integers(0, 300)), st.integers(0, 20), st.integers(0, 20))
def test_bitmaps_are_the_sets_they_were_made_of(rows: set[int], skip: int, most: int) -> None:
    facets = Facets()
    for row in rows:
        facets.add(row, [Tag("task", "x")])
    facets.show(rows)

    assert facets.alive == facets.bitmap(Tag("task", "x")) == bitmap_of(rows)
    assert list(rows_of(facets.alive, range(301))) == sorted(rows)
    assert list(rows_of(facets.alive, range(301), skip, most)) == sorted(rows)[skip : skip + most]
    facets.drop(rows)
    assert facets.alive == 0


def test_a_card_without_confidences_has_none() -> None:
    bare = card().model_copy(update={"tasks": (Label(label="x"),)})
    assert confidence_of(bare) is None


def test_several_threads_may_write_at_once(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.db")
    cards = [[card(id=f"paper-{thread}-{n}", title="t") for n in range(60)] for thread in range(4)]

    def write(mine: list[Card]) -> None:
        for one in mine:
            index.add([one], 0)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, cards))
    assert index.size == 240
    assert index.counts("code", index.find()) == [(cards[0][0].reproducibility.code.status, 240)]
    index.close()


def test_places_on_the_map_are_kept_and_their_axes_follow_the_index(tmp_path: Path) -> None:
    def add(numbers: range) -> None:
        kinds = ("forecasting time series", "proving theorems", "folding proteins")
        index.add([card(id=f"n{n}", title=f"{kinds[n % 3]} {n}") for n in numbers], 0)

    def placed() -> list[tuple[int, int]]:
        places = Places(index)
        places.update(wait=True)
        xs, ys = places.coordinates()
        return list(zip(xs, ys, strict=True))

    index = Index(tmp_path / "index.db")
    assert placed() == []
    add(range(6))
    few, axes = placed(), index.note("plane")
    add(range(6, 9))
    # Those that are new are put among the others.
    assert placed()[:6] == few and index.note("plane") == axes
    index.close()
    index = Index(tmp_path / "index.db")
    assert len(placed()) == 9 and index.note("plane") == axes
    add(range(9, 30))
    assert len(placed()) == 30 and index.note("plane") != axes
    index.clear()
    add(range(3))
    assert len(placed()) == 3
    index.close()
