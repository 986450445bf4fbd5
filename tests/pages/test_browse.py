"""The Browse room as its HTML says it, without a browser."""

import json
import math
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from papercards import stats
from papercards.card import Artifact, Card, CardLink, Evidence, FieldValue, Reproducibility
from papercards.pages.browse import selection as state
from papercards.pages.browse.colours import GONE, OTHER
from papercards.pages.index.facets import Tag
from papercards.publication import Person, Publication
from papercards.reading.plane import SIDE, fit
from papercards.sinks import read_cards
from papercards.statistics.table import written
from papercards.text.wording import label_words
from tests.pages.conftest import Served, served, wait_for, write_cards
from tests.pages.hostile import ABSTRACT, ID, TITLE, hostile
from tests.sinks.cards import card
from tests.statistics.cards import cards as cards_with_years

OWN_FIELDS = {"sample_size": FieldValue(type="number", value=215, confidence=0.9)}


class Page(HTMLParser):
    """The elements and the text of a page, as a browser would take them apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [about["href"] or "" for tag, about in self.elements if tag == "a"]


class Table(HTMLParser):
    """The texts of the cells of a page's tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._inside = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def assert_inert(html: str) -> Page:
    page = Page(html)
    for tag, about in page.elements:
        assert tag not in ("img", "b", "iframe", "object", "style")
        assert tag != "script" or re.fullmatch(r"(/|\w)[\w/.]*\.js", about.get("src") or "")
        assert not any(name.startswith("on") or name == "style" for name in about), about
        for name in ("href", "src", "action"):
            assert not (about.get(name) or "").strip().lower().startswith(("javascript", "vbscript"))
    return page


def test_the_list_shows_cards_counts_and_pages(seed_served: Served) -> None:
    cards = list(read_cards(seed_served.cards))
    page = Page(seed_served.page("/browse"))
    second = Page(seed_served.page("/browse", page="2"))

    assert "215 papers" in page.text
    assert cards[0].title in page.text
    assert cards[0].tldr in page.text
    assert cards[25].title in second.text
    assert cards[0].title not in second.text
    assert "Page 2 of 9" in second.text


def test_facets_narrow_and_can_be_taken_back(seed_served: Served) -> None:
    cards = list(read_cards(seed_served.cards))
    fitting = [
        one
        for one in cards
        if any(label.label == "language-modeling" for label in one.tasks)
        and one.reproducibility.code.status == "released"
    ]
    page = Page(seed_served.page("/browse", task="language-modeling", code="released"))

    assert f"{len(fitting)} of 215 papers" in page.text
    assert all(one.title in page.text for one in fitting[:25])
    assert "/browse?task=language-modeling" in page.links()
    assert "/browse?code=released" in page.links()
    # Of code, one value at a time; of tasks, several.
    assert "/browse?task=language-modeling&code=promised" not in page.links()
    both = [link for link in page.links() if link.startswith("/browse?task=language-modeling&task=")]
    assert both


def test_the_address_says_all_of_it() -> None:
    tags = (Tag("task", "x y"), Tag("code", "released"))
    seen = state.Selection("a b", tags, "title", 3, "table", ("year", "own.size"), "venue")
    pairs = [
        *(("q", "a b"), ("task", "x y"), ("code", "released"), ("sort", "title"), ("page", "3")),
        *(("view", "table"), ("column", "year"), ("column", "own.size"), ("by", "venue")),
    ]

    assert state.read(pairs) == seen
    shown = "view=table&column=year&column=own.size&by=venue"
    assert seen.query == f"q=a+b&task=x+y&code=released&sort=title&{shown}&page=3"
    assert seen.toggled(Tag("code", "promised")).tags == (Tag("task", "x y"), Tag("code", "promised"))
    assert seen.toggled(Tag("task", "x y")).query == f"q=a+b&code=released&sort=title&{shown}"
    odd = [
        ("view", "x"),
        ("column", "x"),
        ("by", "x"),
        ("page", "-1"),
        ("page", "\uff19"),
        ("sort", "drop"),
        ("who", "?"),
        ("task", ""),
    ]
    assert state.read(odd) == state.Selection()
    assert state.Selection().query == ""


@pytest.mark.parametrize(
    "path", ["/browse?page=9999999", "/browse?q=%00%ff", "/browse?task=%F0%9F", "/browse?page=x"]
)
def test_odd_addresses_show_a_page(seed_served: Served, path: str) -> None:
    answer, _ = seed_served.ask(path)

    assert answer.status == 200


def test_a_paper_has_its_abstract_with_all_statements_marked(seed_served: Served) -> None:
    one = next(card for card in read_cards(seed_served.cards) if card.reproducibility.links and card.claims)
    html = seed_served.page(f"/browse/paper/{quote(one.id)}")
    page = Page(html)

    text = seed_served.index.paper(one.id)
    assert text is not None
    assert sum(tag == "mark" for tag, _ in page.elements) >= len(one.claims)
    for claim in one.claims:
        assert claim.evidence.text.split()[0] in page.text
        assert f"{claim.confidence:.0%}" in page.text
    link = one.reproducibility.links[0].url
    safe = [about for tag, about in page.elements if tag == "a" and about["href"] == link]
    assert safe
    assert all(about["rel"] == "noopener noreferrer" for about in safe)


def test_what_is_not_there_is_said(seed_served: Served) -> None:
    for path in ("/browse/paper/nobody", "/nowhere", "/browse/charts/none.svg"):
        answer, text = seed_served.ask(path)

        assert answer.status == 404
        assert "Not found" in text


def test_charts_have_the_numbers_of_stats(tmp_path: Path) -> None:
    claims = card().claims
    made = [
        one.model_copy(update={"claims": claims if at % 3 else ()})
        for at, one in enumerate(cards_with_years())
    ]
    again = made[0].model_copy(update={"id": "again", "same_as": made[0].id})
    with served(write_cards(tmp_path / "cards.jsonl", [*made, again]), tmp_path, []) as running:
        for name, share, by in (
            ("years", "year", ""),
            ("tasks", "task", ""),
            ("claims", "claim", ""),
            ("code", "code=released", "task"),
            ("code-by-year", "code=released", "year"),
        ):
            for where in ("", "graph-learning"):
                query = f"?task={where}" if where else ""
                answer, text = running.ask(f"/browse/charts/{name}.csv{query}")
                asked = stats(
                    [*made, again], by=by or (), share=share, where=f"task={where}" if where else ()
                )
                assert text.encode() == b"".join(written(asked, ".csv")), name
                assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
        _, pairs = running.ask("/browse/charts/together.csv")
        # A further record of the first paper would be one more.
        both = sum({"clustering", "regression"} <= {label.label for label in one.tasks} for one in made)
        assert re.search(rf"^(clustering,regression|regression,clustering),{both}$", pairs, re.MULTILINE)

        html = running.page("/browse/charts", venue="NeurIPS")
        row = next(one for one in stats(made, by="task", share="code=released", where="venue=NeurIPS").rows)
        figures = rf"{row.share:.0%}, {row.low:.0%} to {row.high:.0%}, {row.count} of {row.n}"
        href = re.search(rf'<a href="([^"]*)" tabindex="-1"><title>[^<]*{figures}</title>', html)
        assert href
        # The keyboard gets to the same links in the table, and the drawing is hidden from screen readers.
        assert f'<td><a href="{href[1]}">' in html
        assert html.count('<svg xmlns="http://www.w3.org/2000/svg"') == html.count(
            'aria-hidden="true" font-family'
        )
        # Its click shows the papers that it counts.
        assert f"{row.count} of 301 papers" in running.page(unescape(href[1]))


def test_charts_are_whole_svg_files(seed_served: Served) -> None:
    for name in ("tasks", "together", "code", "claims"):
        answer, text = seed_served.ask(f"/browse/charts/{name}.svg")
        root = ET.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "<a " not in text
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.svg"'
    assert "Efficient training" in text or "95% intervals" in text
    assert "No papers match" in seed_served.page("/browse/charts", q="qqqqqq")
    few = seed_served.page("/browse/charts", task="clustering")
    assert re.search(r">\d of \d<", few)
    assert 'class="hollow"' in few


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    bad, paper = hostile()
    cards = write_cards(tmp_path / "cards.jsonl", [bad, card(id="good")])
    with served(cards, tmp_path, [paper]) as running:
        for path in ("/browse", "/browse/charts", f"/browse/paper/{quote(ID, safe='')}"):
            page = assert_inert(running.page(path))
            if path != "/browse/charts":
                assert TITLE in page.text
        # The number of the passage stands between the two.
        assert ABSTRACT[:44] in page.text
        assert ABSTRACT[44:] in page.text
        _, text = running.ask("/browse/charts/tasks.svg")
        assert {one.tag.rpartition("}")[2] for one in ET.fromstring(text).iter()} <= {
            "svg", "title", "desc", "rect", "line", "g", "text",
        }  # fmt: skip
        assert_inert(running.page("/browse", q=TITLE, task="<img src=x>", sort="title"))


def test_without_an_abstract_the_quotes_are_shown(tmp_path: Path) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(claim="It is 40% better.")])
    with served(cards, tmp_path, []) as running:
        page = Page(running.page("/browse/paper/arxiv:2401.03955"))

        assert "It is 40% better." in page.text
        assert "--source" in page.text
        assert "https://arxiv.org/abs/2401.03955" in page.links()


def test_the_status_says_when_there_is_more(tmp_path: Path) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a")])
    with served(cards, tmp_path, []) as running:
        before = json.loads(running.page("/browse/status"))
        assert before == {"changes": before["changes"], "cards": 1, "reading": False, "fault": ""}


def test_what_found_nothing_is_named_with_a_way_back(seed_served: Served) -> None:
    index = seed_served.index
    page = Page(seed_served.page("/browse", q='forecast "no such phrase"', code="released"))
    left = index.find("forecast", [Tag("code", "released")]).count

    assert "No paper has “no such phrase”." in page.text
    assert "No paper has “forecast”." not in page.text
    assert f"Without “no such phrase”: {left} papers" in page.text
    assert "/browse?q=forecast&code=released" in page.links()
    # Each alone has papers; together they have none.
    page = Page(seed_served.page("/browse", task="robotics", modality="molecule"))
    assert "No papers match." in page.text
    assert "No paper has" not in page.text
    left = index.find(tags=[Tag("modality", "molecule")]).count
    assert f"Without Task robotics: {left} papers" in page.text


def test_a_compact_list_stays_compact(seed_served: Served) -> None:
    html = seed_served.page("/browse", view="compact", q="graph")
    page = Page(html)

    assert 'class="papers compact"' in html
    assert 'class="papers compact"' not in seed_served.page("/browse", view="dense", q="graph")
    assert "/browse?q=graph" in page.links()
    narrowed = [link for link in page.links() if link.startswith("/browse?") and "task=" in link]
    assert narrowed
    assert all("view=compact" in link for link in narrowed)
    assert ("input", {"type": "hidden", "name": "view", "value": "compact"}) in page.elements


def test_a_table_has_the_columns_of_its_address(tmp_path: Path) -> None:
    made = [
        one.model_copy(update={"fields": OWN_FIELDS if at < 3 else {}})
        for at, one in enumerate(cards_with_years(9))
    ]
    with served(write_cards(tmp_path / "cards.jsonl", made), tmp_path, []) as running:
        html = running.page("/browse?view=table&column=own.sample_size&column=year&sort=title&q=zhang")
        table = Table(html)
        assert table.rows[0] == ["Title", "Sample size", "Year"]
        titles = sorted(made, key=lambda one: one.title.lower())
        assert [row[0] for row in table.rows[1:]] == [one.title for one in titles]
        assert [row[1:] for row in table.rows[1:]] == [
            ["215" if one.fields else "", str(one.publication.year or "")] for one in titles
        ]
        # What is chosen in the form keeps the rest of the view.
        page = Page(html)
        for name, value in (("q", "zhang"), ("view", "table"), ("sort", "title")):
            assert ("input", {"type": "hidden", "name": name, "value": value}) in page.elements
        boxes = {
            about["value"]: "checked" in about
            for tag, about in page.elements
            if about.get("type") == "checkbox"
        }
        assert [name for name, on in boxes.items() if on] == ["own.sample_size", "year"]
        assert {"author", "task", "claim", "tldr", "confidence"} <= boxes.keys()
        assert 'aria-sort="ascending"' in html
        default = Table(running.page("/browse?view=table")).rows[0]
        assert default == ["Title", "Author", "Year", "Venue", "Task", "Contribution", "Code"]


def test_the_map_has_a_place_and_a_colour_for_every_paper(tmp_path: Path) -> None:
    made = cards_with_years(40)
    cards = write_cards(tmp_path / "cards.jsonl", made)
    with served(cards, tmp_path, []) as running:

        def places() -> bytes:
            return running.ask("/browse/map/places", encoding="latin-1")[1].encode("latin-1")

        def classes(query: str) -> bytes:
            return running.ask(f"/browse/map/classes?{query}", encoding="latin-1")[1].encode("latin-1")

        html = running.page("/browse/map", by="year")
        wait_for(lambda: len(places()) == 40 * 4)
        latest = [one.publication.year for one in made]
        years = sorted({year for year in latest if year}, reverse=True)
        assert list(classes("by=year")) == [years.index(year) + 1 if year else OTHER for year in latest]
        chosen = classes("by=code&year=2021")
        assert [number > 0 for number in chosen] == [year == 2021 for year in latest]
        assert f"/browse/map?year={years[0]}&by=year" in Page(html).links()
        assert json.loads(running.page("/browse/map/3"))["title"] == made[3].title
        assert running.ask("/browse/map/40")[0].status == 404

        # A replaced card leaves its row; the one in its place is put on the axes that there are.
        with cards.open("a") as file:
            file.write(made[0].to_json() + "\n")
        wait_for(lambda: len(classes("")) == 41 and len(places()) == 41 * 4)
        assert classes("")[0] == GONE
        whole = places()
        assert whole[:2] == whole[80:82] and whole[82:84] == whole[162:164]


def test_papers_with_the_same_words_lie_together() -> None:
    kinds = (
        "forecasting of time series with seasons",
        "theorem proving by a language model",
        "molecules and proteins",
    )
    texts = [(f"Paper {at}", f"On {kind} and more. We study {kind}.") for at in range(30) for kind in kinds]
    plane = fit(texts)
    placed = [plane.place(text) for text in texts]

    def apart(one: int, other: int) -> float:
        return math.dist(placed[one], placed[other])

    assert max(apart(0, at) for at in range(0, 90, 3)) < min(apart(0, at) for at in range(90) if at % 3)
    assert fit(texts) == plane
    assert all(0 <= end <= SIDE for place in placed for end in place)
    fit([])
    assert fit([("", "")]).place(("", "Words")) == fit([("", "")]).place(("", ""))


def test_labels_read_as_words(seed_served: Served) -> None:
    html = seed_served.page("/browse")
    page = Page(html)

    for words in ("multilingual NLP", "any data"):
        assert words in page.text
    for label in ("multilingual nlp", "agnostic"):
        assert f">{label}<" not in html
    assert label_words("vision-3d") == "3D vision"
    assert label_words("architecture-search-and-automl") == "architecture search and AutoML"
    assert label_words("solid-state") == "solid state"
    assert label_words("x-ray-imaging") == "x-ray imaging"
    assert label_words("deep-q-learning") == "deep q-learning"


def test_a_row_has_authors_venue_year_and_what_is_available(tmp_path: Path) -> None:
    people = tuple(Person(family=name) for name in ("Zhang", "Müller", "Li", "Okafor", "Şahin"))
    known = Publication(authors=people, venue="NeurIPS", year=2024, pdf_url="https://example.org/a.pdf")
    url = "https://github.com/a/b"
    link = CardLink(url=url, kind="code", start=0, end=len(url))
    plain = card(id="arxiv:2401.03955")
    quoted = Evidence(start=0, end=3, sentence=1, text="It.")
    held = Reproducibility(
        code=Artifact(status="released", confidence=0.95, evidence=quoted),
        data=Artifact(status="promised", confidence=0.6, evidence=quoted),
        weights=Artifact(status="not-stated", confidence=0.8),
        links=(link,),
    )
    cards = [plain.model_copy(update={"publication": known, "reproducibility": held})]
    with served(write_cards(tmp_path / "cards.jsonl", cards), tmp_path, []) as running:
        html = running.page("/browse")
        paper = running.page("/browse/paper/arxiv:2401.03955")
    page = Page(html)
    assert "Zhang, Müller, Li +2 · NeurIPS 2024" in page.text
    assert url in page.links()
    assert html.count('class="badge ') == 2
    assert "Data promised" in page.text
    ways = Page(paper).links()
    assert {url, "https://example.org/a.pdf", "https://arxiv.org/abs/2401.03955"} <= set(ways)
    for share, step in (("95%", "high"), ("60%", "low"), ("80%", "middle")):
        assert f'<span class="bar {step}"><span class="digits">{share}</span></span>' in paper


def test_years_are_bars_with_gaps(tmp_path: Path) -> None:
    def of(year: int, at: int) -> Card:
        return card(id=f"x{year}-{at}").model_copy(update={"publication": Publication(year=year)})

    cards = [
        of(year, at) for year, count in ((2018, 1), (2019, 4), (2021, 2), (2023, 4)) for at in range(count)
    ]
    with served(write_cards(tmp_path / "cards.jsonl", cards), tmp_path, []) as running:
        html = running.page("/browse")
        one = running.page("/browse", year="2019")
    assert re.findall(r'<rect y="(\d+)" width="1" height="(\d+)"/>', html) == [
        *(("75", "25"), ("0", "100"), ("50", "50"), ("0", "100")),
    ]
    assert html.split('class="years"')[1].split("</ol>")[0].count("<li>") == 6
    assert "/browse?year=2019" in Page(html).links()
    assert 'class="years"' not in one
