"""Cards of full texts in the rooms and the site: shown, corrected and applied, with sections and without."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from papercards.card import Card
from papercards.pages.index.database import Index
from papercards.pages.label import routes as label
from papercards.pages.review import routes as review
from papercards.pages.review.queue import Queue
from papercards.pages.static_site import export
from papercards.paper import Paper
from papercards.reading.answers import ARTIFACTS
from papercards.reading.evidence import check, cited, numbered_as
from papercards.reading.tagger_reader import BaselineReader
from papercards.review.edits import version_of
from papercards.sinks import read_cards
from papercards.taxonomy import Taxonomy
from tests.conftest import Run, environment_of
from tests.pages.conftest import Served, wait_for, write_cards
from tests.pages.desks import Process, desk
from tests.pages.full_text import SECTIONS, Full, read
from tests.pages.test_browse import Page
from tests.pages.test_desks import post
from tests.pages.test_static_site import data, texts
from tests.sources import pdfs, test_jats


@pytest.fixture
def running(full: Full, taxonomy: Taxonomy, tmp_path: Path) -> Iterator[Served]:
    with desk(full.cards, tmp_path, [full.paper], taxonomy, review_file=tmp_path / "r.jsonl") as one:
        yield one


@pytest.fixture
def unread(full: Full, taxonomy: Taxonomy, tmp_path: Path) -> Iterator[Served]:
    """The same, served without the sections."""
    alone = replace(full.paper, sections=())
    with desk(full.cards, tmp_path, [alone], taxonomy, review_file=tmp_path / "r.jsonl") as one:
        yield one


def edit(running: Served, card: Card, do: str, field: str, item: object = "", **more: object) -> str:
    new_edit = {
        "card": card.id,
        "version": version_of(card),
        "do": do,
        "field": field,
        "item": str(item),
        **more,
    }
    status, said = post(running, "/review/edit", new_edit)
    assert status == 200, said
    return str(said["part"])


@contextmanager
def process(folder: Path, *arguments: str | Path) -> Iterator[Callable[[str], str]]:
    """`papercards serve` as a user starts it; gives what gives the body of a page."""
    server = Process(*arguments, environment=environment_of(folder / "home"), folder=folder)
    cookie = ""

    def get(path: str) -> str:
        nonlocal cookie
        link.request("GET", path, headers={"Cookie": cookie})
        answer = link.getresponse()
        cookie = answer.headers.get("Set-Cookie", cookie).partition(";")[0]
        return answer.read().decode()

    link = HTTPConnection("127.0.0.1", int(server.port), timeout=20)
    try:
        get(f"/?{urlsplit(server.url).query}")
        yield get
    finally:
        link.close()
        server.kill()


def test_serve_shows_the_sections_that_a_card_names_with_marks(full: Full, tmp_path: Path) -> None:
    options = (*full.source, "--sections", SECTIONS, "--label", tmp_path / "w.jsonl")
    with process(tmp_path, full.cards, *options) as get:
        wait_for(lambda: not json.loads(get("/browse/status"))["reading"])
        html = get(f"/browse/paper/{quote(full.card.id)}")
        word = pdfs.text().conclusion.split()[0]
        found = get(f"/browse?q={word}")
        labelling = get(label.paper_path(full.card.id))

    assert word not in f"{full.paper.title} {full.paper.abstract}"
    text = Page(re.sub(r'<a class="ref".*?</a>', "", html)).text
    for section in full.paper.sections:
        assert f"{section.name}, p. {section.page_at(0)}" in text
        assert section.text in text
    quoted = {(one.section, one.start) for _, one in cited(full.card)}
    assert len(re.findall(r' id="mark-\d+"', html)) == len(quoted)
    assert {section for section, _ in quoted} == {None, "Conclusion", "Data Availability"}
    assert "not found where the card says" not in text
    assert ">1 paper<" in found
    # Labels are about abstracts.
    own = len(replace(full.paper, sections=()).sentences)
    assert f'data-sentence="{own}"' in labelling
    assert f'data-sentence="{own + 1}"' not in labelling


def test_without_the_sections_their_sentences_are_quoted_with_their_place(full: Full, unread: Served) -> None:
    quoted = next(one.evidence for one in full.card.claims if one.evidence.section)
    for path in (f"/browse/paper/{quote(full.card.id)}", review.paper_path(full.card.id)):
        page = Page(unread.page(path))
        assert "Quotes from the paper" in page.text
        assert "--sections" in page.text
        assert quoted.text in page.text
        assert quoted.place in page.text
        assert "not found where the card says" not in page.text


def test_corrections_in_sections_are_applied_and_verified(
    full: Full, running: Served, run: Run, tmp_path: Path
) -> None:
    card = full.card
    kept, free = full.claim("Data Availability"), full.free("Conclusion")
    gone = full.claim("Conclusion")
    changed = next(
        one.evidence.sentence
        for one in card.claims
        if one.evidence.section == "Conclusion" and one.evidence.sentence != gone
    )
    page = running.page(review.paper_path(card.id))
    assert "Conclusion, p. 3</h2>" in page
    numbers = re.findall(r'data-sentence="(\d+)"', page)
    assert numbers == [str(number) for number, _ in enumerate(full.paper.sentences, start=1)]
    edit(running, card, "accept", "claims", kept)
    edit(running, card, "reject", "claims", gone)
    edit(running, card, "set", "claims", changed, value="efficiency")
    edit(running, card, "set", "claims", free, value="novelty")
    edit(running, card, "set", "weights", value="released", sentence=free)

    done = run("review", "apply", full.cards, tmp_path / "r.jsonl", "-o", "merged.jsonl", *full.source)
    assert done.returncode == 0, done.stderr
    checked = run("verify", "merged.jsonl", *full.source, "--sections", SECTIONS)
    assert checked.returncode == 0, checked.stdout
    (merged,) = read_cards(tmp_path / "merged.jsonl")
    claims = {one.evidence.sentence: one for one in merged.claims}
    assert list(claims) == sorted(claims)
    assert gone not in claims
    assert (claims[changed].kind, claims[free].kind) == ("efficiency", "novelty")
    assert claims[kept] in card.claims
    assert (claims[free].evidence.section, claims[free].evidence.page) == ("Conclusion", 3)
    assert merged.reproducibility.weights.evidence == claims[free].evidence


def test_what_is_quoted_can_be_judged_without_its_section(
    full: Full, unread: Served, run: Run, tmp_path: Path
) -> None:
    card = full.card
    gone, quoted = full.claim("Conclusion"), full.claim("Data Availability")
    edit(unread, card, "reject", "claims", gone)
    edit(unread, card, "set", "claims", quoted, value="finding")
    edit(unread, card, "set", "weights", value="promised", sentence=quoted)
    new_edit = {"card": card.id, "version": version_of(card), "do": "set", "field": "claims"}
    status, _ = post(
        unread, "/review/edit", new_edit | {"item": str(full.free("Conclusion")), "value": "finding"}
    )
    assert status == 400

    assert run("review", "apply", full.cards, tmp_path / "r.jsonl", "-o", "merged.jsonl").returncode == 0
    (merged,) = read_cards(tmp_path / "merged.jsonl")
    assert check(merged, full.paper) == []
    assert gone not in {one.evidence.sentence for one in merged.claims}
    assert merged.reproducibility.weights.evidence == card.reproducibility.data.evidence


def test_labels_are_about_abstracts_and_what_is_left_out_is_said(
    full: Full, running: Served, run: Run, tmp_path: Path
) -> None:
    card = full.card
    beyond = [one for one in card.claims if one.evidence.section]
    token = running.page(review.paper_path(card.id)).partition('data-token="')[2].partition('"')[0]
    new_edit = {"card": card.id, "version": version_of(card), "do": "done", "token": token}
    assert post(running, "/review/edit", new_edit)[0] == 200
    arguments = ("review", "to-labels", full.cards, tmp_path / "r.jsonl", "-o", "labels.jsonl", *full.source)

    done = run(*arguments)
    assert done.returncode == 1
    assert "data: stated in Data Availability, p. 3, not in the abstract" in done.stderr
    stated = [
        name
        for name in ARTIFACTS
        if (found := card.reproducibility.artifact(name).evidence) and found.section
    ]
    assert "data" in stated

    assert post(running, "/review/edit", {**new_edit, "do": "undo"})[0] == 200
    for name in stated:
        edit(running, card, "set", name, value="not-stated")
    again = running.page(review.paper_path(card.id)).partition('data-token="')[2].partition('"')[0]
    assert post(running, "/review/edit", new_edit | {"token": again})[0] == 200
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"{len(beyond)} claims outside the abstract skipped: labels are about abstracts" in done.stderr
    record = json.loads((tmp_path / "labels.jsonl").read_text("utf-8"))
    assert record["abstract"] == full.paper.abstract
    assert [(one["start"], one["end"]) for one in record["labels"][0]["claims"]] == [
        (one.evidence.start, one.evidence.end) for one in card.claims if one.evidence.section is None
    ]


def test_sections_with_other_numbers_than_the_cards_are_not_taken_for_them(
    full: Full, tmp_path: Path
) -> None:
    other = read(full.folder / "papers", "availability")
    card = full.card
    assert numbered_as(card, full.paper) is full.paper
    assert numbered_as(card, other) == replace(other, sections=())
    some = read(full.folder / "papers", "conclusion")
    assert numbered_as(card, some) is some
    assert any("is not sentence" in fault for fault in check(card, other, unread=False))
    assert check(card, some, unread=False) == []


def test_the_queue_checks_titles_and_quotes_but_not_what_was_not_read(
    full: Full, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    def faults(card: Card, paper: Paper) -> list[str]:
        (tmp_path / "index.db").unlink(missing_ok=True)
        (tmp_path / "index.review.db").unlink(missing_ok=True)
        index = Index(tmp_path / "index.db")
        index.add_papers([paper])
        index.add([card], origin=0)
        queue = Queue(index, taxonomy)
        queue.judge_all()
        (queued,) = queue.page(lambda key: True)
        queue.close()
        index.close()
        return [one.text for one in queued.worries if one.kind == "check"]

    claim = next(one for one in full.card.claims if one.evidence.section)
    other = claim.evidence.model_copy(update={"text": claim.evidence.text.upper()})
    tampered = full.card.model_copy(update={"claims": (claim.model_copy(update={"evidence": other}),)})

    assert faults(full.card, full.paper) == []
    assert faults(full.card, replace(full.paper, sections=())) == []
    assert faults(full.card, replace(full.paper, title="Another Title")) == [
        "the title differs from the paper's"
    ]
    assert "a different text" in faults(tampered, full.paper)[0]
    assert "987" in faults(full.card.model_copy(update={"tldr": "It is 987% better."}), full.paper)[0]


def test_the_site_has_the_sections_and_without_them_the_quotes(full: Full, tmp_path: Path) -> None:
    def exported(paper: Paper) -> dict[str, object]:
        index = Index(tmp_path / f"{len(paper.sections)}.db")
        index.add_papers([paper])
        index.add([full.card], origin=0)
        export("cards.jsonl", index, tmp_path / "site")
        index.close()
        (only,) = data(tmp_path / "site")
        return only

    here = exported(full.paper)
    assert texts(here) == {
        "Abstract": full.paper.abstract,
        **{f"{one.name}, p. {one.page_at(0)}": one.text for one in full.paper.sections},
    }
    quoted = next(one.evidence for one in full.card.claims if one.evidence.section)
    assert not any(len(one) > 3 for one in here["passages"])  # type: ignore[attr-defined]
    there = exported(replace(full.paper, sections=()))
    assert texts(there) == {"Abstract": full.paper.abstract}
    assert [quoted.place, quoted.text, False] in [one[1:] for one in there["passages"]]  # type: ignore[attr-defined]


def test_a_text_without_pages_has_its_headings_alone(taxonomy: Taxonomy, tmp_path: Path) -> None:
    xml = test_jats.DOCTYPE.format(subset="") + test_jats.ARTICLE
    (tmp_path / "paper.nxml").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}', encoding="utf-8")
    paper = read(tmp_path / "paper.nxml", "conclusion", "availability")
    card = BaselineReader(taxonomy).card(paper)
    named = {one.section for _, one in cited(card)}
    assert {"Data Availability", "Notes"} <= named
    cards = write_cards(tmp_path / "cards.jsonl", [card])
    with desk(cards, tmp_path, [paper], taxonomy, review_file=tmp_path / "r.jsonl") as running:
        html = running.page(f"/browse/paper/{quote(card.id)}")
    assert "<h2>Data Availability</h2>" in html
    assert "<h2>Notes</h2>" in html
    assert ("What we learnt" in html) == ("What we learnt" in named)
