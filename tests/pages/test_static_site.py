"""The site as files: small, whole and inert. A browser opens it in test_browser.py."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from papercards.errors import StorageError
from papercards.pages.index.database import Index
from papercards.pages.static_site import export
from papercards.paper import Paper
from papercards.sinks import read_cards
from tests.pages.hostile import TITLE, hostile
from tests.pages.test_browse import assert_inert
from tests.sinks.cards import card

LIMIT = 2_000_000


def test_the_seed_papers_are_under_two_megabytes(
    seed_cards: Path, seed_papers: list[Paper], tmp_path: Path
) -> None:
    index = Index(tmp_path / "index.db")
    index.add_papers(seed_papers)
    index.add(read_cards(seed_cards), origin=0)

    size = export("cards.jsonl", index, tmp_path / "site")

    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert size == sum(path.stat().st_size for path in files) < LIMIT
    assert {str(path.relative_to(tmp_path / "site")) for path in files} == {
        "index.html", "data.js", "assets/pages.css", "assets/keys.js", "assets/marks.js", "assets/site.js",
        "assets/facets.js", "assets/figures.js", "assets/map.js", "assets/help.js",
        *(f"charts/{name}.csv" for name in ("tasks", "together", "code", "claims")),
        *(f"charts/{name}.svg" for name in ("tasks", "together", "code", "claims")),
    }  # fmt: skip
    papers = data(tmp_path / "site")
    assert len(papers) == 215
    for paper, source in zip(papers, seed_papers, strict=True):
        assert texts(paper) == {"Abstract": source.abstract}
        assert len(paper["at"]) == 2
    index.close()


def texts(paper: dict[str, Any]) -> dict[str, str]:
    """What the page shows, by its headings."""
    return {
        heading: "".join(piece if isinstance(piece, str) else piece[0] for piece in pieces)
        for heading, pieces in paper["parts"]
    }


def data(site: Path) -> list[dict[str, Any]]:
    text = (site / "data.js").read_text("utf-8")
    found = re.search(r"papers = (\[\n.*),\n\];\n", text, re.DOTALL)
    assert found
    papers: list[dict[str, Any]] = json.loads(found[1] + "]")
    return papers


def test_hostile_text_is_only_text(tmp_path: Path) -> None:
    bad, paper = hostile()
    index = Index(tmp_path / "index.db")
    index.add_papers([paper])
    index.add([bad, card(id="good")], origin=0)

    export(TITLE, index, tmp_path / "site")

    assert TITLE in assert_inert((tmp_path / "site/index.html").read_text("utf-8")).text
    text = (tmp_path / "site/data.js").read_text("utf-8")
    assert "<" not in text
    assert "\u2028" not in text
    assert data(tmp_path / "site")[0]["title"] == TITLE
    index.close()


def test_a_site_can_be_written_again_but_not_over_a_file(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.db")
    export("none", index, tmp_path / "site")
    index.add([card(id="a")], origin=0)
    export("one", index, tmp_path / "site")
    assert len(data(tmp_path / "site")) == 1

    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="is a file, but a folder is needed"):
        export("one", index, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    index.close()
