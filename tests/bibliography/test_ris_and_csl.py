"""RIS, CSL-JSON and markup: what is read, and that tags touch nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.bibliography import csl, ris
from papercards.bibliography.charset import decoded
from papercards.bibliography.markup import plain
from papercards.bibliography.tags import MARK, one_line, tags
from tests.bibliography.tagged import HOSTILE, TAGS, tag_all, taken_out
from tests.sinks.cards import card

KWS = "".join(f"KW  - {word}\n" for word in TAGS.keywords)
NOTE = "papercards: Small models forecast well."


def fields(text: str) -> list[dict[str, object]]:
    return [dict(record) for entry in ris.entries(text) if not isinstance(record := entry.record(), str)]


# RIS


def test_a_record_is_read_with_what_continues_its_lines() -> None:
    text = (
        "\ufeffProvider: x\r\n\r\nTY  - JOUR\r\nID  - k1\r\nT1  - A title\r\n that goes on\r\n"
        "N2  - First line;\r\nsecond line.\r\nDO  - 10.1/x\r\nUR  - http://a.b/?x=1;y=2\r\n"
        "UR  - https://arxiv.org/abs/1706.03762v2\r\nER  - \r\n"
    )

    [record] = fields(text)

    assert record["title"] == "A title that goes on"
    assert record["abstract"] == "First line; second line."
    assert (record["id"], record["doi"]) == ("k1", "10.1/x")
    assert record["url"] == "https://arxiv.org/abs/1706.03762v2"


def test_records_without_their_first_or_last_line_are_told_apart() -> None:
    text = (
        "TY  - JOUR\nTI  - One\nTY  - JOUR\nTI  - Two\nER  -\nTI  - Lost\nER  - \n\nTY  - JOUR\nTI  - Three"
    )

    found = [(entry.place, entry.record()) for entry in ris.entries(text)]

    assert [place for place, _ in found] == ["1", "3", "6", "9"]
    assert found[2][1] == 'does not start with "TY  - "'
    assert [one["title"] for one in fields(text)] == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("TY  - JOUR\nTI  - T\nER  - \n", f"TY  - JOUR\nTI  - T\n{KWS}N1  - {NOTE}\nER  - \n"),
        ("TY  - JOUR\nKW  - a\nTI  - T\nER  - ", f"TY  - JOUR\nKW  - a\n{KWS}TI  - T\nN1  - {NOTE}\nER  - "),
        (
            "TY  - JOUR\nTI  - T\n\nTY  - X\n\n",
            f"TY  - JOUR\nTI  - T\n{KWS}N1  - {NOTE}\n\nTY  - X\n{KWS}N1  - {NOTE}\n\n",
        ),
        ("TY  - JOUR\nTI  - T", f"TY  - JOUR\nTI  - T\n{KWS}N1  - {NOTE}"),
    ],
)
def test_tags_are_lines_before_the_end(before: str, after: str) -> None:
    for end in ("\n", "\r\n"):
        done = tag_all(ris.KIND, before.replace("\n", end).encode())

        assert done.decode() == after.replace("\n", end)
        assert tag_all(ris.KIND, done) == done
        assert taken_out(ris.KIND, before.replace("\n", end).encode()) == before.replace("\n", end).encode()


def test_in_ris_our_note_is_replaced_and_others_stay() -> None:
    once = tag_all(ris.KIND, b"TY  - JOUR\nN1  - mine\nER  - \n")

    again = tag_all(ris.KIND, once, tags(card(tldr="They forecast better.")))

    assert again == once.replace(b"Small models forecast well", b"They forecast better")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_one_line_of_ris(text: str) -> None:
    done = tag_all(ris.KIND, b"TY  - JOUR\nTI  - T\nER  - \n", tags(card(tldr=text, task=text)))
    new = ris.new(card(title=text, tldr=text), None, "key")

    assert len(list(ris.entries(decoded(done)))) == len(list(ris.entries(new))) == 1
    assert f"N1  - {MARK}{one_line(text)}\n" in done.decode()


_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["TY  - JOUR", "ER  - ", "ER  -", "KW  - a", "N1  - x", "TI  - T", "", " goes on", "AB  - é"]
        ),
        st.text(alphabet="TYER -\tKWé", max_size=8),
    ),
    max_size=14,
)


@given(_LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.binary(max_size=5), st.text(max_size=15))
def test_ris_tags_touch_nothing_else(lines: list[str], end: str, odd: bytes, tldr: str) -> None:
    library = odd + end.join(["", *lines]).encode()
    marks = tags(card(tldr=tldr))
    done = tag_all(ris.KIND, library, marks)

    assert taken_out(ris.KIND, library, marks) == library
    assert tag_all(ris.KIND, done, marks) == done
    assert len(list(ris.entries(decoded(done)))) == len(list(ris.entries(decoded(library))))


# CSL-JSON

ITEM = {"id": "http://zotero.org/users/1/items/ABCD2345", "type": "article-journal", "title": "A <i>b</i>"}


def test_an_item_is_read_without_the_tags_in_its_text() -> None:
    item = ITEM | {
        "abstract": "<jats:title>Abstract</jats:title><jats:p>It is &lt; 5 for x < y.</jats:p>"
        "<jats:p>H<sub>2</sub>O</jats:p>",
        "number": "arXiv:2401.03955",
    }

    [entry] = csl.entries(json.dumps([item]))
    record = entry.record()

    assert isinstance(record, dict)
    assert record["title"] == "A b"
    assert record["abstract"] == "It is < 5 for x < y.\nH2O"
    assert record["arxivid"] == "2401.03955"


@pytest.mark.parametrize(
    "text",
    [
        "x < y and z > w",
        "a <foo> b </foo>",
        "if a<b, c>d",
        "AT&T; &c.",
        "  two  spaces\n\n\nkept ",
        "<3 pandas>",
    ],
)
def test_text_without_markup_is_kept_letter_for_letter(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize(
    "more", [{}, {"keyword": "a, b", "note": "mine\nPMID: 1"}, {"keyword": ["a"], "note": ""}]
)
def test_members_are_added_or_lengthened(indent: str | int | None, more: dict[str, object]) -> None:
    library = json.dumps([ITEM | more, {"id": 2, "type": "book"}], indent=indent).encode() + b"\n"
    done = tag_all(csl.KIND, library)

    first, second = json.loads(done)
    words = first.pop("keyword")
    note = first.pop("note")
    assert first == ITEM
    assert second == {"id": 2, "type": "book", "keyword": ", ".join(TAGS.keywords), "note": NOTE}
    if isinstance(words, str):
        assert words.split(", ")[-6:] == list(TAGS.keywords)
    else:
        assert words == ["a", *TAGS.keywords]
    assert note.split("\n")[-1] == NOTE
    assert tag_all(csl.KIND, done) == done
    assert taken_out(csl.KIND, library) == library
    if indent == 2 and not more:
        assert b'",\n    "keyword": "task/' in done


def test_in_csl_our_line_of_the_note_is_replaced_and_others_stay() -> None:
    once = json.dumps([ITEM | {"note": f"a\\nb\n{NOTE}\nz"}]).encode()

    [item] = json.loads(tag_all(csl.KIND, once, tags(card(tldr='They "forecast" better.'))))

    assert item["note"] == 'a\\nb\npapercards: They "forecast" better.\nz'


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_a_string_of_json(text: str) -> None:
    library = json.dumps([ITEM]).encode()
    done = json.loads(tag_all(csl.KIND, library, tags(card(tldr=text, task=text))))
    new = json.loads(
        "".join(csl.joined([decoded(library)], [csl.new(card(title=text, tldr=text), None, "k")]))
    )

    assert [set(item) for item in done] == [{*ITEM, "keyword", "note"}]
    assert done[0]["note"] == MARK + one_line(text)
    assert new[0] == ITEM and new[1]["title"] == one_line(text)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["keyword", "note", "title", "é\n\\"]), st.text() | st.integers() | st.none()
        )
    ),
    st.sampled_from([None, 1, "\r\n"]),
    st.booleans(),
)
def test_csl_tags_touch_nothing_else(
    items: list[dict[str, object]], indent: str | int | None, ascii: bool
) -> None:
    library = json.dumps(
        [ITEM | item for item in items], indent=None if indent == "\r\n" else indent, ensure_ascii=ascii
    )
    data = library.replace("\n", "\r\n" if indent == "\r\n" else "\n").encode("utf-8", "surrogatepass")
    done = tag_all(csl.KIND, data)

    assert tag_all(csl.KIND, done) == done
    for old, new in zip(
        json.loads(data.decode("utf-8", "surrogatepass")),
        json.loads(done.decode("utf-8", "surrogatepass")),
        strict=True,
    ):
        assert {k: v for k, v in old.items() if k not in ("keyword", "note")} == {
            k: v for k, v in new.items() if k not in ("keyword", "note")
        }
    if MARK not in library:
        assert taken_out(csl.KIND, data) == data


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"id": 1}, 3]', "is not an object"),
        ('[{"id": 1}, {"id": ', "is not valid JSON: Expecting value; the rest of the file was skipped"),
        ('[{"id": 1} {"id": 2}]', 'is not valid JSON: "," or "]" expected; the rest of the file was skipped'),
        (
            '[{"id": 1}, ' + "[" * 100_000,
            "is not valid JSON: nested too deeply; the rest of the file was skipped",
        ),
    ],
)
def test_what_is_no_item_is_told_and_what_was_before_it_stays(text: str, why: str) -> None:
    first, second = csl.entries(text)

    assert first.record() == {"id": 1}
    assert (second.record(), second.edits(TAGS)) == (why, ())
