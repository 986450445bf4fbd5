"""The pages in a real browser: by mouse, by keyboard, narrow, dark, and looked over by axe-core."""

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from papercards.pages.index.database import Index
from papercards.pages.index.facets import Tag
from papercards.pages.static_site import export
from papercards.paper import Paper
from papercards.sinks import read_cards
from tests.pages.browsing import AXE, BROWSER, Open, faults, narrow_enough
from tests.pages.conftest import Served, served, write_cards
from tests.pages.hostile import ID, TITLE, hostile
from tests.sinks.cards import card

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
]


@pytest.fixture
def enter(open_page: Open, seed_served: Served) -> Open:
    """A page of the seed papers' server, let in by its address."""

    def go(path: str = "/browse", **settings: object) -> Page:
        page = open_page(seed_served.entrance, **settings)
        page.wait_for_url("**/browse")
        if path != "/browse":
            page.goto(seed_served.url + path)
        return page

    return go


@pytest.fixture(scope="module")
def site(seed_cards: Path, seed_papers: list[Paper], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("static")
    index = Index(folder / "index.db")
    index.add_papers(seed_papers)
    index.add(read_cards(seed_cards), origin=0)
    export("cards.jsonl", index, folder / "site")
    index.close()
    return (folder / "site/index.html").as_uri()


def count(page: Page) -> str:
    return page.locator(".said").inner_text()


def paper_address(cards: Path) -> str:
    """Of a paper that has a statement of each sort."""
    one = next(card for card in read_cards(cards) if card.reproducibility.links and len(card.claims) > 1)
    return f"/browse/paper/{quote(one.id)}"


def test_search_facet_and_open_a_paper(enter: Open, seed_served: Served) -> None:
    page = enter()
    assert "token" not in page.url
    expect(page.locator(".said")).to_have_text("215 papers")

    page.get_by_label("Search").fill("forecast")
    expect(page.locator(".said")).not_to_have_text("215 papers")
    found = seed_served.index.find("forecast").count
    expect(page.locator(".said")).to_have_text(f"{found} of 215 papers")
    page.locator("#facet-code + ul").get_by_text("released").click()
    expect(page.locator(".chips")).to_contain_text("Code released")
    assert page.url.endswith("/browse?q=forecast&code=released")
    narrowed = count(page)
    assert narrowed != f"{found} of 215 papers"

    page.reload()
    expect(page.locator(".said")).to_have_text(narrowed)
    assert page.get_by_label("Search").input_value() == "forecast"

    first = page.locator("[data-open]").first
    title = first.inner_text()
    first.click()
    expect(page.locator("h1")).to_have_text(title)
    assert page.locator(".abstract mark").count() > 0
    page.get_by_role("link", name="All matching papers").click()
    expect(page.locator(".said")).to_have_text(narrowed)
    page.go_back()
    page.go_back()
    expect(page.locator(".said")).to_have_text(narrowed)
    page.locator(".chips").get_by_text("Clear all").click()
    expect(page.locator(".said")).to_have_text("215 papers")


def test_without_scripts_all_of_it_works_too(enter: Open, seed_served: Served) -> None:
    page = enter(java_script_enabled=False)

    page.get_by_label("Search").fill("graph")
    page.get_by_role("button", name="Search").click()
    assert count(page) == f"{seed_served.index.find('graph').count} of 215 papers"
    page.locator(".facet a").first.click()
    assert page.locator(".chips").count() == 1
    page.locator("[data-open]").first.click()
    assert page.locator(".abstract").count() == 1


def test_a_long_filter_is_narrowed_by_typing(enter: Open, site: str, open_page: Open) -> None:
    for page in (enter(), open_page(site)):
        facet = page.locator('[aria-labelledby="facet-task"]')
        facet.get_by_label("Find in task").fill("Théorem")
        expect(facet.locator("a:visible")).to_have_count(1)
        facet.get_by_label("Find in task").fill("zzz")
        expect(facet.get_by_text("No such value.")).to_be_visible()
        facet.get_by_label("Find in task").fill("theorem")
        facet.locator("a:visible").click()
        expect(page.locator(".chips")).to_contain_text("Task theorem proving")


def test_the_site_names_what_found_nothing(open_page: Open, site: str, seed_served: Served) -> None:
    page = open_page(f"{site}#/?q={quote('forecast qqqq')}&code=released")
    left = seed_served.index.find("forecast", [Tag("code", "released")]).count
    expect(page.locator(".empty")).to_contain_text("No paper has “qqqq”.")
    page.get_by_role("link", name=f"Without “qqqq”: {left} papers").click()
    expect(page.locator(".said")).to_have_text(f"{left} of 215 papers")


def test_by_keyboard(enter: Open) -> None:
    page = enter()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("graph", delay=5)
    expect(page.locator(".chips")).to_contain_text("“graph”")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-open]").nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-open]").nth(1)).to_be_focused()
    page.keyboard.press("k")
    first = page.locator("[data-open]").nth(0)
    expect(first).to_be_focused()
    titles = page.locator("[data-open]").all_inner_texts()

    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(titles[0])
    page.wait_for_load_state()  # the keys come with a script
    page.keyboard.press("j")
    expect(page.locator("h1")).to_have_text(titles[1])
    page.wait_for_load_state()
    page.keyboard.press("Escape")
    expect(page.locator(".said")).to_contain_text("of 215")
    assert page.url.endswith("/browse?q=graph")


def test_a_mark_says_its_kind_and_confidence(enter: Open, seed_served: Served) -> None:
    page = enter(paper_address(seed_served.cards))

    page.locator(".abstract mark").first.hover()
    tip = page.locator(".tip")
    expect(tip).to_be_visible()
    said = tip.inner_text()
    assert "%" in said
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()

    ref = page.locator(".ref").first
    ref.focus()
    expect(tip).to_be_visible()
    assert tip.inner_text() in (ref.get_attribute("aria-label") or "")
    page.keyboard.press("Enter")
    expect(page.locator("#passage-1")).to_be_in_viewport()


def test_narrow_and_dark(enter: Open, seed_served: Served, site: str, open_page: Open) -> None:
    page = enter(width=390, height=844, color_scheme="dark")

    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for path in (
        "/browse",
        "/browse?view=table",
        "/browse/charts",
        "/browse/map",
        paper_address(seed_served.cards),
    ):
        page.goto(seed_served.url + path)
        assert narrow_enough(page), path
    page.goto(seed_served.url + "/browse")
    assert not page.locator(".facet").first.is_visible()
    page.locator(".filters > summary").click()
    assert page.locator(".facet").first.is_visible()
    page.emulate_media(color_scheme="light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    static = open_page(site, width=390, height=844)
    assert narrow_enough(static)


def test_cards_appear_as_they_are_written(open_page: Open, tmp_path: Path) -> None:
    cards = write_cards(tmp_path / "cards.jsonl", [card(id="a", title="The first")])
    with served(cards, tmp_path, []) as running:
        page = open_page(running.entrance)
        expect(page.locator(".said")).to_have_text("1 paper")

        with cards.open("a") as file:
            file.write(card(id="b", title="The second").to_json() + "\n")

        expect(page.locator(".said")).to_have_text("2 papers", timeout=20_000)
        expect(page.locator(".papers")).to_contain_text("The second")


def test_the_map_by_mouse_and_keyboard(enter: Open, site: str, open_page: Open) -> None:
    for page in (enter("/browse/map?by=code"), open_page(f"{site}#/?view=map&by=code")):
        canvas = page.locator("canvas")
        expect(canvas).to_have_attribute("aria-label", "Map of 215 papers")
        expect(page.locator("[data-progress]")).to_be_empty()
        here = page.locator("[data-here]")
        canvas.focus()
        page.keyboard.press("ArrowRight")
        expect(here).not_to_be_empty()
        first = here.inner_text()
        page.keyboard.press("ArrowRight")
        expect(here).not_to_have_text(first)
        page.keyboard.press("+")
        page.locator(".key").get_by_role("link", name="released").click()
        expect(canvas).to_have_attribute("aria-label", "Map of 57 papers")
        expect(page.locator(".said")).to_have_text("57 of 215 papers")
        page.get_by_role("link", name="Contribution", exact=True).click()
        expect(page.locator(".key")).to_contain_text("empirical study")
        with page.expect_download() as saved:
            page.get_by_role("button", name="PNG").click()
        assert saved.value.path().read_bytes().startswith(b"\x89PNG")
        page.get_by_role("button", name="All").click()
        canvas.focus()
        page.keyboard.press("ArrowUp")
        expect(here).not_to_be_empty()
        title = here.inner_text()
        page.keyboard.press("Enter")
        expect(page.locator("h1:visible")).to_have_text(title)


def test_the_table_of_the_site_is_that_of_the_server(enter: Open, site: str, open_page: Open) -> None:
    query = "view=table&column=task&column=tldr&column=confidence&sort=title"
    cells = "all => all.map(one => one.textContent.trim())"
    served_page, static = enter(f"/browse?{query}"), open_page(f"{site}#/?{query}")
    expect(static.locator(".papers-table td")).to_have_count(75)
    assert served_page.locator(".papers-table td").evaluate_all(cells) == static.locator(
        ".papers-table td"
    ).evaluate_all(cells)
    for page in (served_page, static):
        page.get_by_text("Columns", exact=True).click()
        page.get_by_role("checkbox", name="Code").check()
        if page is served_page:
            page.get_by_role("button", name="Show").click()
        expect(page.locator(".papers-table thead")).to_contain_text("Code")


def test_hostile_text_does_nothing(open_page: Open, tmp_path: Path) -> None:
    bad, paper = hostile()
    cards = write_cards(tmp_path / "cards.jsonl", [bad])
    with served(cards, tmp_path, [paper]) as running:
        page = open_page(running.entrance)
        page.get_by_label("Search").fill("alert")
        expect(page.locator(".chips")).to_contain_text("alert")
        page.locator("[data-open]").click()
        expect(page.locator("h1")).to_have_text(TITLE)
        assert page.locator("article img, article svg, article script").count() == 0
        assert page.locator('a[href^="javascript"]').count() == 0
        page.goto(running.url + "/browse/charts")
        export("hostile", running.index, tmp_path / "site")

    page = open_page((tmp_path / "site/index.html").as_uri() + f"#/paper/{quote(ID, safe='')}")
    expect(page.locator("h1:visible")).to_have_text(TITLE)
    assert page.locator("article img, article svg, article script").count() == 0
    assert page.locator('a[href^="javascript"]').count() == 0


def test_another_site_cannot_use_the_cookie(enter: Open, seed_served: Served, tmp_path: Path) -> None:
    page = enter()
    target = f"{seed_served.url}/browse"
    (tmp_path / "evil.html").write_text(
        f'<form method="post" action="{target}"><button>Go</button></form><a href="{target}">list</a>'
    )
    page.goto((tmp_path / "evil.html").as_uri())

    page.get_by_text("list").click()
    page.wait_for_url(target)
    assert "contains the access token" in page.content()
    page.goto((tmp_path / "evil.html").as_uri())
    page.get_by_text("Go").click()
    page.wait_for_url(target)
    assert "other sites" in page.content()


def test_the_site_from_disk_finds_what_the_server_finds(
    open_page: Open, seed_served: Served, site: str
) -> None:
    page = open_page(site)
    expect(page.locator(".said")).to_have_text("215 papers")
    index = seed_served.index
    for words, task in (
        ("graph", ""),
        ("time-series", ""),
        ('"language model" -training', ""),
        ("large lang", "language-modeling"),
        ("naïve", ""),
        ("qqqq", ""),
        ("", "language-modeling"),
    ):
        query = "&".join([f"q={quote(words)}"] * bool(words) + [f"task={task}"] * bool(task))
        page.goto(f"{site}#/?{query}")
        text = seed_served.page(
            "/browse", **({"q": words} if words else {}), **({"task": task} if task else {})
        )
        total = index.size
        found = next(n for n in range(total + 1) if f">{n} of 215 papers<" in text)
        expect(page.locator(".said")).to_have_text(f"{found} of 215 papers")
        mine = page.locator(".facet a").evaluate_all("all => all.map(one => one.dataset.key)")
        assert all(f'data-key="{key}"' in text for key in mine)
        assert len(mine) == text.count('data-key="') - text.count('data-key="chip') - text.count(
            'data-key="paper'
        ) - text.count('data-key="sort') - text.count('data-key="view') - text.count('data-key="next"')


def test_the_site_from_disk_by_mouse_and_keyboard(open_page: Open, site: str) -> None:
    page = open_page(site)
    page.keyboard.press("/")
    page.keyboard.type("forecast")
    expect(page.locator(".said")).to_contain_text(" of 215 papers")
    page.keyboard.press("Escape")
    page.locator("#facet-code + ul").get_by_text("released").click()
    expect(page.locator(".chips")).to_contain_text("Code released")
    page.keyboard.press("j")
    title = page.locator("[data-open]").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("h1:visible")).to_have_text(title)
    assert page.locator(".abstract mark").count() > 0

    page.reload()
    expect(page.locator("h1:visible")).to_have_text(title)
    page.locator(".ref").first.click()
    expect(page.locator("#passage-1")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".chips")).to_contain_text("forecast")
    page.get_by_role("link", name="Charts").click()
    expect(page.locator("figure:visible")).to_have_count(4)
    with page.expect_download() as saved:
        page.locator("figure:visible").first.get_by_role("link", name="PNG").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    page.locator("figure:visible svg a", has_text="Language modeling").first.click()
    expect(page.locator(".chips")).to_contain_text("Task language modeling")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing: npm ci --prefix tests/browser")
def test_axe_finds_no_serious_fault(enter: Open, seed_served: Served, site: str, open_page: Open) -> None:
    paper = paper_address(seed_served.cards)
    page = enter(bypass_csp=True)
    for path in (
        "/browse?q=model&task=language-modeling",
        "/browse?q=qqqq",
        "/browse/charts",
        "/browse/map",
        "/browse?view=table",
        paper,
    ):
        page.goto(seed_served.url + path)
        assert faults(page) == [], path
    static = open_page(site, bypass_csp=True)
    for part in (
        "#/?q=model",
        "#/charts",
        "#/?view=map",
        "#/?view=table",
        "#/paper/" + quote(paper.rpartition("/")[2], safe="%"),
    ):
        static.goto(site + part)
        expect(static.locator("h1:visible")).to_have_count(1)
        assert faults(static) == [], part
