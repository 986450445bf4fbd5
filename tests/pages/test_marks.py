"""An abstract in pieces: nothing lost, everything marked where it stands."""

from hypothesis import given
from hypothesis import strategies as st

from papercards.card import Artifact, CardLink, Claim, Evidence
from papercards.pages.browse.marks import KNOWN_KINDS, passages, pieces, style
from papercards.pages.rendering import opened
from papercards.paper import Paper
from tests.sinks.cards import card

TEXT = "We win. We win by 3% 😀 at https://github.com/a/b. It is new."
PAPER = Paper("a", "A Title", TEXT)


@st.composite
def spans(draw: st.DrawFn) -> tuple[int, int]:
    start = draw(st.integers(0, len(TEXT) - 1))
    return start, draw(st.integers(start + 1, len(TEXT)))


@given(st.lists(st.tuples(spans(), st.sampled_from(["performance", "novelty", "finding"])), max_size=6))
def test_every_character_is_marked_with_just_what_is_said_of_it(
    said: list[tuple[tuple[int, int], str]],
) -> None:
    claims = tuple(
        Claim(kind=kind, evidence=Evidence(start=start, end=end, sentence=1, text=TEXT[start:end]))
        for (start, end), kind in said
    )
    bare = card().reproducibility.model_copy(
        update={name: Artifact(status="not-stated") for name in ("code", "weights")}
    )
    made = card().model_copy(update={"claims": claims, "reproducibility": bare})

    marked = passages(made, PAPER)
    cut = pieces(TEXT, marked, ())

    assert "".join(piece.text for piece in cut) == TEXT
    seen = [{saying.name for saying in piece.sayings} for piece in cut for _ in piece.text]
    for place, names in enumerate(seen):
        assert names == {kind for (start, end), kind in said if start <= place < end}
    ends = [end.number for piece in cut for end in piece.ends]
    assert sorted(ends) == [one.number for one in marked] == list(range(1, len(marked) + 1))


def test_what_is_said_of_the_same_words_is_one_passage() -> None:
    where = Evidence(start=0, end=7, sentence=1, text="We win.")
    made = card().model_copy(
        update={
            "claims": (Claim(kind="performance", evidence=where), Claim(kind="novelty", evidence=where)),
            "reproducibility": card().reproducibility.model_copy(
                update={"code": Artifact(status="released", confidence=0.5, evidence=where)}
            ),
        }
    )

    first, *_ = passages(made, PAPER)

    assert [one.name for one in first.sayings] == ["performance", "novelty", "code released"]
    assert first.placed


def test_words_that_stand_elsewhere_are_not_marked() -> None:
    marked = passages(card(claim="Not there."), PAPER)

    assert not any(one.placed for one in marked)
    assert [piece.text for piece in pieces(TEXT, marked, ())] == [TEXT]


def test_a_link_leads_only_where_its_words_say() -> None:
    start = TEXT.index("https")
    end = start + len("https://github.com/a/b")

    def url(target: str) -> set[str | None]:
        link = CardLink(url=target, kind="code", start=start, end=end)
        return {piece.url for piece in pieces(TEXT, (), [link])}

    assert url("https://github.com/a/b") == {None, "https://github.com/a/b"}
    assert url("https://evil.example/") == {None}
    assert url("javascript:alert(1)") == {None}


def test_only_http_is_opened() -> None:
    assert opened("https://a.b/c?d#e") == "https://a.b/c?d#e"
    assert opened("HTTP://a.b") == "HTTP://a.b"
    for bad in (
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//a.b",
        "https:",
        "http://[",
        "file:///etc/passwd",
        "",
        None,
    ):
        assert opened(bad) is None, bad


def test_a_kind_never_names_its_own_class() -> None:
    classes = [style(kind) for kind in (*KNOWN_KINDS, 'x" onclick="y', "other")]

    assert len(set(classes[: len(KNOWN_KINDS)])) == len(KNOWN_KINDS)
    assert all(name.startswith("kind-") and name[5:].isdigit() for name in classes)
