"""The JSON interface: what Browse finds, for programs that send the token in a header."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema import Draft202012Validator

from papercards import stats
from papercards.card import Candidate, Card, FieldValue
from papercards.sinks import read_cards
from tests.pages.conftest import TOKEN, Served, served, write_cards
from tests.sinks.cards import card
from tests.statistics.cards import cards as cards_with_years

BEARER = {"Authorization": f"Bearer {TOKEN}"}


def get(served: Served, path: str, *pairs: tuple[str, str], code: int = 200) -> dict[str, Any]:
    """The answer to a program, which has no cookie."""
    answer, text = served.ask(path + ("?" + urlencode(pairs) if pairs else ""), known=False, **BEARER)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.status == code, text
    found: dict[str, Any] = json.loads(text)
    return found


def test_it_finds_what_browse_finds(seed_served: Served) -> None:
    for pairs in (
        (),
        (("q", "graph"),),
        (("task", "language-modeling"), ("code", "released"), ("sort", "title")),
    ):
        found = get(seed_served, "/api/cards", *pairs)
        page = seed_served.page(f"/browse?{urlencode(pairs)}")
        total = found["total"]
        assert f">{total} of 215 papers<" in page or (not pairs and ">215 papers<" in page)
        places = [page.index(f'data-key="paper:{one["id"]}"') for one in found["cards"]]
        assert places == sorted(places)
        assert len(places) == min(20, total) > 0


def test_pages_are_bounded_and_link_to_the_next(seed_served: Served) -> None:
    seen: list[str] = []
    address = "/api/cards?limit=100&sort=title"
    sizes = []
    while address:
        found = get(seed_served, address)
        sizes.append(len(found["cards"]))
        seen += [one["id"] for one in found["cards"]]
        address = found.get("next", "")
    assert sizes == [100, 100, 15]
    assert len(set(seen)) == 215
    assert "next" not in get(seed_served, "/api/cards", ("skip", "5000"))


def test_a_card_is_the_line_of_the_file(seed_served: Served) -> None:
    card = next(iter(read_cards(seed_served.cards)))
    for name in (card.id, quote(card.id, safe="")):
        assert get(seed_served, f"/api/cards/{name}") == json.loads(card.to_json())


def test_counts_add_up(seed_served: Served) -> None:
    found = get(seed_served, "/api/stats", ("by", "code"), ("task", "language-modeling"))
    counts = {one["value"]: one["cards"] for one in found["groups"]}
    assert sum(counts.values()) == found["total"]
    released = get(seed_served, "/api/cards", ("task", "language-modeling"), ("code", "released"))
    assert released["total"] == counts["released"]
    assert get(seed_served, "/api/stats")["by"] == "task"


def test_counts_are_those_of_stats(tmp_path: Path) -> None:
    unsure = Candidate(field="tasks", label="clustering", confidence=0.4)
    made = cards_with_years(30)
    made[3] = made[3].model_copy(update={"tasks": (), "candidates": (unsure,)})
    every = [*made, made[0].model_copy(update={"id": "again", "same_as": made[0].id})]
    with served(write_cards(tmp_path / "cards.jsonl", every), tmp_path, []) as running:
        for by in ("task", "code", "claim", "year", "venue", "author"):
            for where in ((), ("venue", "NeurIPS")):
                found = get(running, "/api/stats", ("by", by), *[where] * bool(where))
                expected = stats(every, share=by, where="=".join(where) or ())
                assert found["total"] == expected.papers
                assert {(one["value"], one["cards"], one["share"]) for one in found["groups"]} == {
                    (row.feature.partition("=")[2], row.count, round(row.share or 0, 4))
                    for row in expected.rows[:30]
                }
                assert [found["known"]] == sorted({row.n for row in expected.rows} or {0})


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("/api/cards?task=language-modelling", 400, "language-modeling"),
        ("/api/cards?tasks=clustering", 400, "task"),
        ("/api/cards?task=", 400, "/api/stats"),
        ("/api/cards?sort=best", 400, "newest"),
        ("/api/cards?limit=101", 400, "limit"),
        ("/api/cards?limit=0", 400, "limit"),
        ("/api/cards?skip=-1", 400, "skip"),
        ("/api/cards?skip=%EF%BC%99", 400, "skip"),
        ("/api/stats?by=colour", 400, "task"),
        ("/api/stats?limit=3", 400, "by"),
        ("/api/cards/nobody", 404, "/api/cards"),
        ("/api/nothing", 404, "/api/openapi.json"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(
    seed_served: Served, path: str, code: int, says: str
) -> None:
    error = get(seed_served, path, code=code)

    assert set(error) == {"status", "message", "next_step"}
    assert says in error["next_step"]


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer guess", f"Basic {TOKEN}", TOKEN, "Bearer \xff"])
def test_without_the_token_there_is_an_error_and_nothing_else(seed_served: Served, given: str) -> None:
    for path in ("/api/cards", "/api/stats", "/api/openapi.json", "/api/nothing"):
        answer, text = seed_served.ask(path, known=False, **({"Authorization": given} if given else {}))
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert json.loads(text)["status"] == "unauthorized"


def test_the_header_opens_only_this_interface_and_only_to_read(seed_served: Served) -> None:
    for path in ("/browse", "/", "/browse/status", "/api", "/apiary", "//api/cards", "/api/../browse"):
        answer, text = seed_served.ask(path, known=False, **BEARER)
        assert answer.status in (401, 403, 404), path
        assert "Xmodel" not in text
    for method in ("POST", "PUT", "DELETE"):
        answer, text = seed_served.ask("/api/cards", method, body="{}", known=False, **BEARER)
        assert (answer.status, json.loads(text)["status"]) == (405, "read_only")
    answer, _ = seed_served.ask("/api/cards", known=False, Host="evil.example", **BEARER)
    assert answer.status == 400
    assert seed_served.ask("/api/cards")[0].status == 200  # with the cookie of the browser


def test_the_description_fits_the_answers(seed_served: Served) -> None:
    described = get(seed_served, "/api/openapi.json")
    refs = {one for one in json.dumps(described).split('"') if one.startswith("#/")}
    for ref in refs:
        node: Any = described
        for part in ref[2:].split("/"):
            node = node[part]
    card = next(iter(read_cards(seed_served.cards)))
    for path, address in (
        ("/api/cards", "/api/cards?limit=100"),
        ("/api/cards/{id}", f"/api/cards/{card.id}"),
        ("/api/stats", "/api/stats?by=author"),
    ):
        answers = described["paths"][path]["get"]["responses"]
        schema = answers["200"]["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": described["components"]}).validate(
            get(seed_served, address)
        )
    names = {one["name"] for one in described["paths"]["/api/cards"]["get"]["parameters"]}
    for name in names - {"skip", "limit", "sort", "q"}:
        assert get(seed_served, "/api/cards", (name, "?"), code=400)["message"].startswith(f"no {name} ")


def test_own_fields_are_filters_and_counts(tmp_path: Path) -> None:
    def of(name: str, design: str) -> Card:
        value = FieldValue(type="label", value=design, confidence=0.9)
        return card(id=name).model_copy(update={"fields": {"design": value}})

    cards = [of("a", "rct"), of("b", "cohort"), of("c", "rct")]
    with served(write_cards(tmp_path / "cards.jsonl", cards), tmp_path, []) as running:
        assert get(running, "/api/cards", ("own.design", "rct"))["total"] == 2
        groups = get(running, "/api/stats", ("by", "own.design"))["groups"]
        assert [(one["value"], one["cards"]) for one in groups] == [("rct", 2), ("cohort", 1)]
        error = get(running, "/api/cards", ("own.design", "RCT"), code=400)
        assert error["next_step"] == "Use one of: rct, cohort"
        assert "own.design" in get(running, "/api/cards", ("own.colour", "red"), code=400)["next_step"]
        described = get(running, "/api/openapi.json")["paths"]["/api/cards"]["get"]
        assert "own.design" in {one["name"] for one in described["parameters"]}
