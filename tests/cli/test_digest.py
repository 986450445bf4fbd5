"""The digest of a watch: what is new since the last round, the most interesting papers first."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from papercards.card import parse_card
from papercards.errors import PapercardsError, UsageError
from papercards.reading.likeness import Nearest, Words
from papercards.sinks.digest import MOST, Digest, Entry, digest_place, rendered
from tests.cli.test_watch import Look, ids, look, shelf
from tests.services import Shelf, Work, works
from tests.sinks.cards import card
from tests.sinks.test_markdown import OURS, Page

__all__ = ["look", "shelf"]

CATS = Work(
    "2402.00001", "Cats in images", "We segment cats in images. A network for pictures of cats works."
)
SOUND = Work(
    "2402.00002", "Speech of dogs", "We transcribe speech. A network for audio of barking dogs works."
)
GRAPH = Work("2402.00003", "Graphs of proteins", "We fold proteins. A network on molecular graphs works.")
LIBRARY = """
@misc{barks, title={Transcribing barks}, author={Sun, Ada},
  abstract={Barking dogs in audio are transcribed. Speech of dogs becomes text, and the network works.}}
@misc{none, title={Without an abstract}}
@misc{there, title={Graphs of proteins}, eprint={2402.00003}, archiveprefix={arXiv},
  abstract={We fold proteins. A network on molecular graphs works.}}
"""


@pytest.fixture(autouse=True)
def no_encoder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An encoder of this machine is not used: it takes seconds, and is elsewhere not there."""
    monkeypatch.setenv("PAPERCARDS_MODELS", str(tmp_path / "models"))


def headings(path: Path) -> list[str]:
    form = r"<h2><a[^>]*>(.*?)</a></h2>" if path.suffix == ".html" else r"## \[(.*?)\]"
    return re.findall(form, path.read_text())


def test_a_digest_has_what_is_new_since_the_last_round_by_likeness_to_a_library(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    (tmp_path / "lib.bib").write_text(LIBRARY)
    words = ("arxiv-query:x", "c.jsonl", "digest.html", "digest.md", "all.md")
    shelf.works = works(3)
    first = look(*words, like="lib.bib", no_cache=True)
    assert "digest.html: 3 new papers. Ordered by likeness to lib.bib (2 papers)" in first
    shelf.works[:0] = [CATS, SOUND, GRAPH]

    said = look(*words, like="lib.bib", no_cache=True)

    by = "by the words of title and abstract."
    assert f"digest.md: 3 new papers. Ordered by likeness to lib.bib (2 papers), {by}" in said
    assert headings(tmp_path / "digest.html") == headings(tmp_path / "digest.md")
    assert headings(tmp_path / "digest.md") == ["Graphs of proteins", "Speech of dogs", "Cats in images"]
    page = (tmp_path / "digest.html").read_text()
    assert "Like “Transcribing barks” in your library (0." in page
    assert "This paper is in your library." in page and "3 new papers since 20" in page
    assert 'href="http://arxiv.org/abs/2402.00002v1"' in page and "A. Author" in page and "2024-01-08" in page
    assert (tmp_path / "all.md").read_text().count("## [") == 6
    again = look(*words, like="lib.bib", no_cache=True)
    assert "digest.html: 0 new papers" in again
    assert "No new papers since" in (tmp_path / "digest.md").read_text()


def test_a_library_may_be_a_file_of_cards_and_what_it_has_no_word_of_comes_last(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.works = [SOUND]
    look("arxiv-query:x", "mine.jsonl", no_cache=True)
    other = Work("2402.00009", "Barks and speech", "We transcribe audio of dogs. Barking becomes text.")
    shelf.works = [CATS, other]

    look("arxiv-query:x", "c.jsonl", "digest:new.md", like="mine.jsonl", no_cache=True)

    assert headings(tmp_path / "new.md") == ["Barks and speech", "Cats in images"]


def test_without_a_library_the_order_is_that_of_the_source(look: Look, shelf: Shelf, tmp_path: Path) -> None:
    shelf.works = [CATS, SOUND, GRAPH]
    look("arxiv-query:x", "c.jsonl", "new.html", no_cache=True)

    assert headings(tmp_path / "new.html") == [CATS.title, SOUND.title, GRAPH.title]
    assert "in your library" not in (tmp_path / "new.html").read_text()


def test_cards_of_a_round_whose_digest_could_not_be_written_are_in_the_next(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.works = works(2)
    look("arxiv-query:x", "c.jsonl", "new.html", no_cache=True)
    shelf.works.insert(0, CATS)
    (tmp_path / "new.html").unlink()
    (tmp_path / "new.html").mkdir()
    with pytest.raises(PapercardsError, match="is a folder"):
        look("arxiv-query:x", "c.jsonl", "new.html", no_cache=True)
    assert len(ids(tmp_path / "c.jsonl")) == 3
    (tmp_path / "new.html").rmdir()
    shelf.works.insert(0, SOUND)
    # As after a kill: half a card at the end of the file.
    with (tmp_path / "c.jsonl").open("ab") as made:
        made.write((tmp_path / "c.jsonl").read_bytes().splitlines()[0][:99])

    look("arxiv-query:x", "c.jsonl", "new.html", no_cache=True)

    assert headings(tmp_path / "new.html") == [CATS.title, SOUND.title]


def test_a_digest_that_is_added_later_has_no_old_papers(look: Look, shelf: Shelf, tmp_path: Path) -> None:
    shelf.works = works(2)
    look("arxiv-query:x", "c.jsonl", no_cache=True)
    shelf.works.insert(0, CATS)

    look("arxiv-query:x", "c.jsonl", "new.html", no_cache=True)

    assert headings(tmp_path / "new.html") == [CATS.title]


class Strict(HTMLParser):
    """Notes every tag and attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</article></body><iframe src=//x>",
        "[x](javascript:alert(1)) <b>bold</b> `{{7*7}}`",
        "line\nline\u202e\u200b",
    ],
)
def test_text_of_papers_is_text_in_every_place(evil: str) -> None:
    record = json.loads(card().to_json())
    record["title"] = record["tldr"] = evil
    record["tasks"][0]["label"] = evil
    record["publication"] = {
        "authors": [{"literal": evil}],
        "venue": evil,
        "date": "2024-01-02",
        "url": "javascript:alert(1)",
    }
    one = Entry(parse_card(record, "x"), 0.5, evil)
    digest = Digest("2026-11-29", "", [one], 1, evil)

    page = Strict()
    page.feed(rendered(digest, Path("x.html")))
    assert page.tags <= set("html head meta title style body h1 h2 p strong code em".split())
    assert not any(name.startswith("on") or name in ("href", "src") for name, _ in page.attributes)
    note = Page(rendered(digest, Path("x.md")))
    assert set(note.tags) <= OURS | {"em"} and note.hrefs == []


def test_a_digest_shows_no_more_than_can_be_read_and_says_so() -> None:
    digest = Digest("2026-11-29", "2026-11-28", [Entry(card())] * MOST, MOST + 7)

    assert f"{MOST + 7} new papers since 2026-11-28. The first {MOST} are shown" in rendered(
        digest, Path("x.html")
    )


def test_which_outputs_are_digests() -> None:
    names = ("digest.md", "out/Digest-week.markdown", "x.html", "x.HTM", "digest:x.md")
    assert all(digest_place(Path(name)) for name in names)
    assert not any(digest_place(Path(name)) for name in ("cards.md", "c.jsonl", "vault:notes", "digest.csv"))


def test_a_library_without_a_digest_or_that_is_not_there_is_refused_at_once(
    look: Look, shelf: Shelf, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="nothing is ordered without a digest"):
        look("arxiv-query:x", "c.jsonl", like="lib.bib")
    with pytest.raises(UsageError, match="no such file"):
        look("arxiv-query:x", "c.jsonl", "digest.md", like="lib.bib")
    assert shelf.asked == []


def test_vectors_of_a_library_are_kept_and_a_damaged_file_of_them_is_made_anew(tmp_path: Path) -> None:
    import numpy as np

    from papercards.reading.encoder.embedding import Embedding
    from papercards.reading.likeness import Encoded

    asked: list[str] = []

    class Letters:
        """Counts letters, in place of a network."""

        def embed(self, title: str, parts: object) -> Embedding:
            asked.append(title)
            row = np.array([title.count(c) for c in "abcdefghijklmnopqrstuvwxyz"], dtype=np.float32)
            return Embedding(np.stack([row / np.linalg.norm(row)] * 2), np.zeros((0, 26), np.float32))

    kept = tmp_path / "cache" / "likeness.npz"
    library = [("cats", "We look at cats."), ("dogs", "We look at dogs.")]

    def make(*more: tuple[str, str]) -> Encoded:
        return Encoded([*library, *more], Letters(), "letters", kept)  # type: ignore[arg-type]

    assert make().nearest(("cat", "A cat.")) == Nearest(0, pytest.approx(0.866, abs=1e-3))
    make()
    assert asked == ["cats", "dogs", "cat"]
    make(("birds", "We look at birds."))
    assert asked[3:] == ["birds"]
    kept.write_bytes(kept.read_bytes()[:200])
    found = make().nearest(("dog", "A dog."))
    assert found is not None and found.number == 1 and asked[4:] == ["cats", "dogs", "dog"]


def test_likeness_by_words_finds_the_paper_of_the_same_subject() -> None:
    library = [("Cats", CATS.abstract or ""), ("Dogs", SOUND.abstract or "")]

    found = Words(library).nearest(("Dogs that bark", "Speech and audio of barking dogs."))

    assert isinstance(found, Nearest) and found.number == 1 and 0.2 < found.likeness < 1
    assert Words([]).nearest(("a", "b")) is None
    same = Words(library).nearest(library[0])
    assert same is not None and same.likeness == pytest.approx(1, abs=1e-5)
