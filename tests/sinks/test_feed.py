"""Feeds: valid for a reader, the newest first, bounded, and gone on with by the next run."""

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from papercards.card import Card
from papercards.errors import BadInput
from papercards.paper import Paper
from papercards.sinks import destination, open_sink
from papercards.sinks.feed import MOST
from tests.conftest import SEED, Run

from .cards import card

BOTH = pytest.mark.parametrize("name", ["feed.atom", "feed.rss"])


def write(path: Path, *cards: Card, paper: Paper | None = None) -> None:
    sink = open_sink(path)
    for one in cards:
        sink.write(one, paper)
    sink.close()


def read(path: Path) -> "feedparser.FeedParserDict":
    """As a feed reader has it; what it calls bozo is not well-formed."""
    found = feedparser.parse(path.read_bytes(), sanitize_html=False)
    assert not found.bozo, found.get("bozo_exception")
    return found


def made(created: str, **changes: str) -> Card:
    one = card(**changes)
    return one.model_copy(update={"provenance": one.provenance.model_copy(update={"created": created})})


@BOTH
def test_a_feed_reader_finds_what_the_card_says(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, card(title="Tiny & <b>fast</b>", claim='It is < 40% "better".'))
    feed = read(tmp_path / name)

    (entry,) = feed.entries
    assert feed.version == {"feed.atom": "atom10", "feed.rss": "rss20"}[name]
    assert feed.feed.title == "Paper cards"
    assert entry.id == "urn:papercards:paper:arxiv:2401.03955"
    assert entry.link == "https://arxiv.org/abs/2401.03955"
    assert entry.updated_parsed[:6] == (2026, 11, 23, 21, 0, 0) if name == "feed.atom" else True
    assert entry.get("published_parsed", entry.get("updated_parsed"))[:6] == (2026, 11, 23, 21, 0, 0)
    assert "<p>Small models forecast well.</p>" in entry.summary
    assert "<li><b>performance</b>: “It is &lt; 40% &quot;better&quot;.”</li>" in entry.summary
    assert [tag.term for tag in entry.tags] == ["time-series-forecasting", "time-series", "method", "dataset"]
    # RSS does not say whether a title is HTML, and this reader takes it for it.
    assert entry.title == ("Tiny & <b>fast</b>" if name == "feed.atom" else "Tiny & &lt;b>fast&lt;/b>")
    assert entry.title_detail.type == ("text/plain" if name == "feed.atom" else "text/html")


@BOTH
def test_the_seed_papers_twice_are_the_same_bytes(run: Run, tmp_path: Path, name: str) -> None:
    first = run("enrich", SEED, "-m", "baseline", "--limit", "120", "-o", name)
    before = (tmp_path / name).read_bytes()
    # The clock is a run's only other input.
    old = before.replace(b"2026-", b"2001-") if b"2026-" in before else before
    (tmp_path / name).write_bytes(old)
    second = run("enrich", SEED, "-m", "baseline", "--limit", "120", "-o", name)

    assert first.returncode == second.returncode == 0, first.stderr
    assert (tmp_path / name).read_bytes() == old
    assert len(read(tmp_path / name).entries) == MOST


@BOTH
def test_a_daily_run_becomes_a_feed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(
        path, made("2026-01-01T00:00:00Z", id="a", title="A"), made("2026-01-02T00:00:00Z", id="b", title="B")
    )
    write(
        path,
        made("2026-01-03T00:00:00Z", id="c", title="C"),
        made("2026-01-02T00:00:00Z", id="b", title="B2"),
    )
    write(path, made("2026-01-04T00:00:00+02:00", id="a", title="A", tldr="New."))
    feed = read(path)

    assert [entry.title for entry in feed.entries] == ["A", "C", "B2"]
    assert "New." in feed.entries[0].summary
    assert (
        b"2026-01-03T22:00:00Z" in path.read_bytes() or b"Sat, 03 Jan 2026 22:00:00 GMT" in path.read_bytes()
    )


@BOTH
def test_only_the_newest_are_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    cards = [
        made(f"2026-01-01T{n // 60:02}:{n % 60:02}:00Z", id=f"p{n:04}", title=f"T{n}") for n in range(900)
    ]
    write(path, *cards)
    feed = read(path)

    assert [entry.title for entry in feed.entries] == [f"T{n}" for n in range(899, 799, -1)]
    before = path.read_bytes()
    write(path, *cards)
    assert path.read_bytes() == before


@BOTH
def test_what_fell_out_does_not_come_back_as_new(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    many = [made("", id=f"p{n}", title=f"T{n}") for n in range(150)]
    write(path, *many)
    assert [entry.title for entry in read(path).entries] == [f"T{n}" for n in range(MOST)]

    old = path.read_bytes().replace(str(datetime.now(UTC).year).encode(), b"2001")
    path.write_bytes(old)
    fresh = [made("", id=f"n{n}", title=f"N{n}") for n in range(5)]
    write(path, *fresh, *many)
    titles = [entry.title for entry in read(path).entries]
    assert titles[:5] == [f"N{n}" for n in range(5)]
    assert titles[5:] == [f"T{n}" for n in range(95)]

    before = path.read_bytes()
    write(path, *fresh, *many)
    assert path.read_bytes() == before


@BOTH
def test_what_others_put_into_a_feed_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path, made("2026-01-01T00:00:00Z", id="a", title="A"))
    text = path.read_text().replace("Paper cards", "My reading")
    close = "</entry>" if name == "feed.atom" else "</item>"
    path.write_text(text.replace(close, f'<x:note xmlns:x="urn:x">mine</x:note>{close}'))
    write(
        path,
        made("2026-01-02T00:00:00Z", id="a", title="A2"),
        made("2026-01-03T00:00:00Z", id="b", title="B"),
    )

    assert read(path).feed.title == "My reading"
    assert [entry.title for entry in read(path).entries] == ["B", "A2"]
    assert path.read_text().count(">mine<") == 1


def test_an_entry_without_a_page_is_valid(tmp_path: Path) -> None:
    write(tmp_path / "f.atom", card(id="sha256:1234"))
    root = ElementTree.parse(tmp_path / "f.atom").getroot()
    atom = "{http://www.w3.org/2005/Atom}"

    assert root.tag == f"{atom}feed"
    assert root.find(f"{atom}entry/{atom}link") is None
    for needed in ("id", "title", "updated", "content"):
        assert root.findtext(f"{atom}entry/{atom}{needed}")
    for needed in ("id", "title", "updated", f"author/{atom}name"):
        assert root.findtext(f"{atom}{needed}")


def test_the_address_of_a_paper_is_a_web_address_or_none(tmp_path: Path) -> None:
    paper = Paper("x", "X", "Y", url="javascript:alert(1)")
    write(tmp_path / "f.atom", card(id="x"), paper=paper)

    assert "javascript" not in (tmp_path / "f.atom").read_text()


BOMB = '<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa">{}]><feed xmlns="{}"><title>&j;</title></feed>'


@BOTH
@pytest.mark.parametrize(
    "content",
    [
        BOMB.format(
            "".join(
                f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
            ),
            "http://www.w3.org/2005/Atom",
        ),
        '<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>&x;</title></feed>',
        f"<feed xmlns='http://www.w3.org/2005/Atom'>{'<a>' * 100_000}{'</a>' * 100_000}</feed>",
        "<html><body>a page</body></html>",
        "not XML",
        "<rss><channel>",
        '<?xml version="1.0" encoding="no-such"?><feed/>',
        "<!-- " + "x" * (17 << 20) + " --><feed/>",
    ],
    ids=["bomb", "external", "deep", "page", "text", "cut off", "encoding", "huge"],
)
def test_what_is_no_feed_is_neither_read_nor_overwritten(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        open_sink(path)

    assert path.read_text() == content
    assert "\n" not in str(caught.value)
    assert ("document type" in str(caught.value)) == ("DOCTYPE" in content)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_feed_of_the_other_kind_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "f.rss", card())
    (tmp_path / "f.rss").rename(tmp_path / "f.xml")
    with pytest.raises(BadInput, match="is not in Atom format"):
        open_sink(tmp_path / "f.xml")

    assert destination(Path("rss:f.xml"))[0].name == "rss"


@BOTH
def test_a_stopped_run_leaves_the_feed_as_it_was(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, card())
    before = (tmp_path / name).read_bytes()
    sink = open_sink(tmp_path / name)
    sink.write(card(id="other"), None)
    sink.abandon()

    assert (tmp_path / name).read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [name]


@settings(max_examples=40)
@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_well_formed(
    tmp_path_factory: pytest.TempPathFactory, title: str, tldr: str, id: str
) -> None:
    folder = tmp_path_factory.mktemp("feed")
    for name in ("f.atom", "f.rss"):
        for _ in range(2):
            write(folder / name, card(id=id or "x", title=title, tldr=tldr, task=title, flag=id))
        assert len(read(folder / name).entries) == 1
        text = (folder / name).read_text()
        assert not any(ord(c) < 32 and c not in "\t\n" for c in text)  # XML has both


def test_the_page_of_a_source_is_the_feeds_page_without_its_password(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "f.atom", sources=("papers.jsonl", "https://me:secret@example.org/list"))
    sink.close()

    assert read(tmp_path / "f.atom").feed.link == "https://example.org/list"
    assert json.dumps((tmp_path / "f.atom").read_text()).count("secret") == 0
