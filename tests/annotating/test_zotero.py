"""Zotero annotated: through the local program where its user lets us, or through zotero.org with a key."""

from pathlib import Path

import pytest

from papercards.annotate import zotero as items
from papercards.bibliography.tags import tags
from papercards.bibliography.zotero import Zotero, place
from papercards.errors import EndpointError, UsageError
from papercards.sources.columns import Columns
from tests.sinks.cards import card
from tests.zotero_stub import WEB_KEY, ZoteroStub, serving

NOTE = "papercards: Small models forecast well."


def library(count: int = 2) -> ZoteroStub:
    stub = ZoteroStub()
    for n in range(count):
        stub.add(f"AAAA{n:04}", f"Paper {n}", "", tags=[{"tag": "mine"}], extra="PMID: 1\nCitation Key: x")
    return stub


def plan(zotero: Zotero, count: int = 2, tldr: str = "Small models forecast well.") -> items.Annotated:
    ids = [f"zotero:AAAA{n:04}" for n in range(count)]
    return items.annotated(zotero, {one: tags(card(id=one, tldr=tldr)) for one in ids}, Columns())


def connected(stub: ZoteroStub, key: str | None = None) -> Zotero:
    return Zotero(place("zotero:"), stub.url, key)


def test_items_get_automatic_tags_and_a_line_of_extra_and_lose_them_again(tmp_path: Path) -> None:
    undo = tmp_path / "zotero.undo"
    with serving(library()) as stub:
        before = {key: (one["tags"], one["extra"]) for key, one in stub.items.items()}
        zotero = connected(stub)

        assert items.save(zotero, plan(zotero).changes, undo) == []

        first = stub.items["AAAA0000"]
        assert first["tags"][0] == {"tag": "mine"}
        assert first["tags"][1] == {"tag": "task/time-series-forecasting", "type": 1}
        assert len(first["tags"]) == 7
        assert first["extra"] == f"PMID: 1\nCitation Key: x\n{NOTE}"
        assert plan(zotero).changes == []

        [other, _] = plan(zotero, tldr="They forecast better.").changes
        assert other.after.extra == "PMID: 1\nCitation Key: x\npapercards: They forecast better."
        assert other.after.tags == first["tags"]

        assert items.take_back(zotero, undo) == (2, [])
        assert {key: (one["tags"], one["extra"]) for key, one in stub.items.items()} == before
        assert not undo.exists()
        with pytest.raises(UsageError, match="nothing to undo"):
            items.take_back(zotero, undo)


@pytest.mark.parametrize(("lasting", "asked"), [(True, 1), (False, 3)])
def test_leave_is_asked_for_as_often_as_it_is_needed(tmp_path: Path, lasting: bool, asked: int) -> None:
    stub = library(120)
    stub.lasting = lasting
    with serving(stub):
        zotero = connected(stub)

        assert items.save(zotero, plan(zotero, 120).changes, tmp_path / "u") == []

    assert [path for _, path in stub.asked].count("/api/local/authorize") == asked
    assert len(stub.keys) == 3


def test_no_leave_changes_nothing(tmp_path: Path) -> None:
    undo = tmp_path / "u"
    stub = library()
    with serving(stub):
        zotero = connected(stub)
        changes = plan(zotero).changes
        stub.consent = False
        with pytest.raises(EndpointError, match=r"write access was denied\. Allow it when Zotero asks"):
            items.save(zotero, changes, undo)

        assert stub.version == 100
        stub.consent = True
        assert items.take_back(zotero, undo) == (0, [])
        assert not undo.exists()


def test_an_older_zotero_reads_only_and_says_what_to_do(tmp_path: Path) -> None:
    stub = library()
    stub.writable = False
    with serving(stub):
        zotero = connected(stub)
        with pytest.raises(UsageError, match=r"is read-only for other programs.*Zotero 10.*ZOTERO_API_KEY"):
            items.save(zotero, plan(zotero).changes, tmp_path / "u")
    assert all(method == "GET" for method, _ in stub.asked)
    assert not (tmp_path / "u").exists()


def test_an_item_that_was_changed_meanwhile_is_left_and_told(tmp_path: Path) -> None:
    undo = tmp_path / "u"
    with serving(library()) as stub:
        zotero = connected(stub)
        changes = plan(zotero).changes
        stub.items["AAAA0001"].update(version=101, extra="new")

        assert items.save(zotero, changes, undo) == ["AAAA0001 was changed in the meantime"]

        assert stub.items["AAAA0001"]["extra"] == "new"
        assert items.take_back(zotero, undo) == (1, [])


def test_what_people_changed_since_is_not_undone(tmp_path: Path) -> None:
    undo = tmp_path / "u"
    with serving(library()) as stub:
        zotero = connected(stub)
        items.save(zotero, plan(zotero).changes, undo)
        stub.items["AAAA0000"]["tags"].append({"tag": "later"})

        with pytest.raises(
            UsageError, match=r"1 item has been changed or deleted since \(such as AAAA0000\)"
        ):
            items.take_back(zotero, undo)

        assert NOTE in stub.items["AAAA0001"]["extra"]
        assert undo.exists()


def test_zotero_org_takes_its_key_and_nobody_else_sees_it(tmp_path: Path) -> None:
    undo = tmp_path / "u"
    with serving(library(), web=True) as stub:
        zotero = connected(stub, WEB_KEY)

        assert items.save(zotero, plan(zotero).changes, undo) == []

        assert stub.asked[0] == ("GET", "/keys/current")
        assert stub.asked[-1] == ("POST", "/users/7/items")
        assert stub.keys == [WEB_KEY]
        assert WEB_KEY not in undo.read_text()
        with pytest.raises(EndpointError, match="does not accept this key") as caught:
            plan(connected(stub, "wrong-key-0000"))
        assert "wrong-key" not in str(caught.value)


def test_the_changes_can_be_looked_at_before() -> None:
    with serving(library(1)) as stub:
        lines = list(items.described(plan(connected(stub), 1).changes))

    assert lines[:2] == ["@@ AAAA0000 Paper 0 @@", "+tag: task/time-series-forecasting"]
    assert lines[-1] == f"+extra: {NOTE}"
    assert not [line for line in lines if line.startswith("-")]
