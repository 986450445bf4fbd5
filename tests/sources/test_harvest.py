"""Feeds and archives by address, read once and watched."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from papercards.errors import BadInput, PapercardsError, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Listing, Options, listing, open_source
from tests.cli.test_watch import Look, ids, look
from tests.services import Shelf, Time, Work, serving, works
from tests.stub import Fault

__all__ = ["look"]

PAGE = 40


class Archive(Shelf):
    """The works from the oldest on as OAI-PMH has them, and the newest twenty as RSS."""

    dates: dict[str, str]
    """Of works that came later than the others."""

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path == "/rss":
            return 200, self.rss()
        if path == "/oai":
            return 200, self.oai(query)
        return 404, b"<html>404</html>"

    def rss(self) -> bytes:
        items = "".join(
            f"<item><title>{w.title}</title><link>https://arxiv.org/abs/{w.id}</link>"
            f"<description>{w.abstract}</description></item>"
            for w in self.works[:20]
        )
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()

    def oai(self, query: dict[str, str]) -> bytes:
        since, at = query.get("from", ""), 0
        if token := query.get("resumptionToken"):
            assert query.keys() == {"verb", "resumptionToken"}
            since, _, place = token.partition("|&")
            at = int(place)
        dates = getattr(self, "dates", {})
        found = [w for w in reversed(self.works) if dates.get(w.id, "2026-11-01") >= since]
        if not found:
            body = '<error code="noRecordsMatch">none</error>'
            return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{body}</OAI-PMH>'.encode()
        records = "".join(
            f"<record><header><identifier>oai:x:{w.id}</identifier></header><metadata>"
            '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{w.title}</dc:title>'
            f"<dc:description>{w.abstract}</dc:description>"
            f"<dc:identifier>https://arxiv.org/abs/{w.id}</dc:identifier></oai_dc:dc></metadata></record>"
            for w in found[at : at + PAGE]
        )
        more = f"{since}|&amp;{at + PAGE}" if at + PAGE < len(found) else ""
        return (
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
            f'{records}<resumptionToken completeListSize="{len(found)}">{more}</resumptionToken>'
            "</ListRecords></OAI-PMH>"
        ).encode()


@pytest.fixture
def shelf() -> Iterator[Archive]:
    with serving(Archive(works(100))) as one:
        assert isinstance(one, Archive)
        yield one


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own server needs no second between two requests."""
    monkeypatch.setattr("papercards.sources.services.web.turn", lambda *_: nullcontext())


def found(spec: str, **options: object) -> list[str]:
    records = list(open_source(spec, Options(**options)))  # type: ignore[arg-type]
    assert not any(isinstance(one, BadRecord) for one in records), records
    return [one.id for one in records if isinstance(one, Paper)]


def test_an_archive_is_harvested_by_its_tokens(shelf: Archive) -> None:
    every = found(f"oai:{shelf.url}/oai?set=cs")

    assert every == [f"arxiv:{work.id}" for work in reversed(shelf.works)]
    asked = shelf.queries()
    assert asked[0] == {"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "cs"}
    assert len(asked) == 3 and asked[1]["resumptionToken"] == "|&40"


def test_a_harvest_since_a_date_and_one_of_nothing(shelf: Archive) -> None:
    shelf.dates = {shelf.works[0].id: "2026-11-20"}

    assert found(f"oai:{shelf.url}/oai", since="2026-11-15") == [f"arxiv:{shelf.works[0].id}"]
    with pytest.raises(BadInput, match="has no papers"):
        found(f"oai:{shelf.url}/oai", since="2026-11-25")


def test_a_feed_is_read_by_address(shelf: Archive) -> None:
    assert found(f"feed:{shelf.url}/rss") == [f"arxiv:{work.id}" for work in shelf.works[:20]]
    assert listing(f"feed:{shelf.url}/rss") is Listing.WINDOW


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("feed:example.org/rss", "is not an http or https address"),
        ("feed:file:///etc/passwd", "is not an http or https address"),
        ("oai:https://", "is not an http or https address|no such file"),
        ("oai:https://example.org/oai?sets=cs", '"sets" is no argument of a harvest'),
        ("feed:https://me:secret@example.org/rss", "has a password"),
    ],
)
def test_what_is_no_address_is_refused(spec: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        list(open_source(spec))
    assert "secret" not in str(caught.value)


def test_what_is_not_there_or_cut_off_is_an_error(shelf: Archive) -> None:
    with pytest.raises(BadInput, match="no feed at this address"):
        found(f"feed:{shelf.url}/nothing")
    shelf.gate = lambda _: Fault(200, shelf.rss()[:300])
    with pytest.raises(BadInput, match="unexpected answer"):
        found(f"feed:{shelf.url}/rss", clock=Time().clock)


def test_a_watch_of_an_archive_misses_nothing_and_asks_from_a_date_on(
    look: Look, shelf: Archive, tmp_path: Path
) -> None:
    source = f"oai:{shelf.url}/oai"
    said: list[str] = []
    while not said or "more follow in the next round" in said[-1]:
        said.append(look(source, "c.jsonl", no_cache=True, limit=30).splitlines()[-1])
        assert len(said) < 9
    assert len(said) == 4 and len(set(ids(tmp_path / "c.jsonl"))) == len(ids(tmp_path / "c.jsonl")) == 100

    shelf.works.insert(0, Work("2402.00001", "News", "A new one. It works."))
    shelf.dates = {"2402.00001": "2099-01-01"}
    begin = len(shelf.asked)
    assert "1 checked, 1 new" in look(source, "c.jsonl", no_cache=True)
    assert len(shelf.asked) == begin + 1 and "from" in shelf.queries()[-1]


def test_an_error_in_the_middle_of_a_harvest_loses_nothing(
    look: Look, shelf: Archive, tmp_path: Path
) -> None:
    begin = len(shelf.asked)
    shelf.gate = lambda _: Fault(400) if len(shelf.asked) > begin + 1 else None
    with pytest.raises(PapercardsError, match="rejected the request"):
        look(f"oai:{shelf.url}/oai", "c.jsonl", no_cache=True, limit=1000)
    shelf.gate = None

    assert " 60 new" in look(f"oai:{shelf.url}/oai", "c.jsonl", no_cache=True, limit=1000)
    assert len(set(ids(tmp_path / "c.jsonl"))) == 100


def test_a_watch_of_a_feed_says_when_it_came_too_late(look: Look, shelf: Archive, tmp_path: Path) -> None:
    source = f"feed:{shelf.url}/rss"
    assert "20 checked, 20 new" in look(source, "c.jsonl", no_cache=True)
    shelf.works[:0] = [Work(f"2402.{n:05d}", f"News {n}", "A new one. It works.") for n in range(15)]
    assert "may be missing" not in look(source, "c.jsonl", no_cache=True)
    shelf.works[:0] = [Work(f"2403.{n:05d}", f"More {n}", "A new one. It works.") for n in range(30)]

    said = look(source, "c.jsonl", no_cache=True)

    assert "shows only its newest 20 papers, and none of the last round" in said and "20 new" in said
    assert len(ids(tmp_path / "c.jsonl")) == 55
