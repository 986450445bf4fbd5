"""BibTeX: what is read of an entry, and that tags touch nothing else."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.bibliography import bibtex
from papercards.bibliography.charset import decoded
from papercards.bibliography.tags import MARK, Tags, one_line, tags
from papercards.sources import open_source
from tests.bibliography.tagged import HOSTILE, TAGS, WORDS, tag_all, taken_out
from tests.sinks.cards import card

KIND = bibtex.KIND
NOTE = "papercards: Small models forecast well."


def records(text: str) -> list[object]:
    return [entry.record() for entry in bibtex.entries(text)]


def fields(text: str) -> list[dict[str, object]]:
    return [record for record in records(text) if isinstance(record, dict)]


def test_macros_are_resolved_with_what_is_joined_to_them() -> None:
    [record] = fields(
        '@string{acm = "ACM " # {Press}}\n@STRING(j = acm # " J.")\n@book{k, publisher = j # { 2} # x}'
    )

    assert record["publisher"] == "ACM Press J. 2x"


def test_macros_that_double_do_not_fill_memory() -> None:
    lines = "".join(f"@string{{m{n + 1} = m{n} # m{n}}}\n" for n in range(60))

    [record] = fields(f'@string{{m0 = "ha "}}\n{lines}@misc{{k, title = m60, abstract = {{A}}}}')

    assert len(str(record["title"])) < 1 << 21


def test_broken_entries_have_a_line_and_the_rest_goes_on() -> None:
    text = (
        "@misc{a, title = {A}}\n@misc{b, title = {B\n@misc{c, title = {C}}\n"
        "@misc{d, title={D} year=1}\n@misc{e, title={E}}"
    )

    found = {entry.place: entry.record() for entry in bibtex.entries(text)}

    assert [place for place, one in found.items() if isinstance(one, str)] == ["2", "4"]
    assert str(found["2"]).startswith("is not a complete entry: Unexpected block start")
    assert found["4"] == 'the field "title" has no valid value; a comma may be missing'


def test_a_key_that_is_there_twice_is_told_with_its_first_line() -> None:
    found = records("@misc{a, title={A}}\n\n@misc{a, title={B}}")

    assert found[1] == 'has the same key "a" as the entry in line 1; BibTeX only reads the first'


def test_an_arxiv_id_is_found_where_scholar_puts_it() -> None:
    [record] = fields("@article{k, title={T}, journal={arXiv preprint arXiv:1706.03762}}")

    assert record["arxivid"] == "1706.03762"


@pytest.mark.parametrize(
    "said",
    [
        "eprint = {2401.00001}, archivePrefix = {arXiv}, primaryClass = {cs.LG}",
        "eprint = {arXiv:2401.00001 [cs.LG]}, archiveprefix = {arXiv}",
        "eprint = {https://arxiv.org/abs/2401.00001v2}",
        "eprint = {abs/2401.00001}",
        "number = {arXiv:2401.00001}, publisher = {arXiv}",
        "journal = {CoRR}, volume = {abs/2401.00001}",
        "journal = {ArXiv}, volume = {abs/2401.00001}",
        "journal = {arXiv preprint arXiv:2401.00001}",
        "journal = {arXiv e-prints}, eid = {arXiv:2401.00001}, pages = {arXiv:2401.00001}",
        r"howpublished = {\url{https://arxiv.org/abs/2401.00001}}",
        r"note = {Preprint at \href{https://arxiv.org/abs/2401.00001}{arXiv}}",
        "note = {arXiv:2401.00001 [cs.LG]}",
        "url = {http://arxiv.org/abs/2401.00001}, year = 2024",
        "url = {https://huggingface.co/papers/2401.00001}",
        "doi = {10.48550/ARXIV.2401.00001}",
    ],
)
def test_an_arxiv_id_is_found_wherever_exports_put_it(said: str, tmp_path: Path) -> None:
    library = tmp_path / "l.bib"
    library.write_text(f"@misc{{key, title = {{T}}, abstract = {{We do. It works.}}, {said}}}")

    (paper,) = open_source(str(library))

    assert paper.id == "arxiv:2401.00001"  # type: ignore[union-attr]


def test_a_number_of_another_kind_is_no_arxiv_id(tmp_path: Path) -> None:
    library = tmp_path / "l.bib"
    library.write_text(
        "@article{key, title = {T}, abstract = {We do.}, number = {2401.00001}, note = {Version 2401.00001}}"
    )

    (paper,) = open_source(str(library))

    assert paper.id == "key"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "@a{k,\n  title = {T}\n}\n",
            f"@a{{k,\n  title = {{T}},\n  keywords = {{{WORDS}}},\n  annote = {{{NOTE}}}\n}}\n",
        ),
        (
            "@a{k,\r\n\ttitle = {T},\r\n}",
            f"@a{{k,\r\n\ttitle = {{T}},\r\n\tkeywords = {{{WORDS}}},\r\n\tannote = {{{NOTE}}},\r\n}}",
        ),
        ("@a{k, title={T}}", f"@a{{k, title={{T}}, keywords={{{WORDS}}}, annote={{{NOTE}}}}}"),
        ("@a(k, title={T})", f"@a(k, title={{T}}, keywords={{{WORDS}}}, annote={{{NOTE}}})"),
        (
            "@a{k,\n  publisher = {T}}",
            f"@a{{k,\n  publisher = {{T}},\n  keywords = {{{WORDS}}},\n  annote = {{{NOTE}}}}}",
        ),
        (
            "@a{k,\n  title     = {T},\n}",
            f"@a{{k,\n  title     = {{T}},\n  keywords  = {{{WORDS}}},\n  annote    = {{{NOTE}}},\n}}",
        ),
        (
            "@a{k, Keywords = {a, b}, annote = {x}}",
            f"@a{{k, Keywords = {{a, b, {WORDS}}}, annote = {{x\n{NOTE}}}}}",
        ),
        (
            '@a{k, keywords = "a; b" , annote = ""}',
            f'@a{{k, keywords = "a; b; {WORDS.replace(", ", "; ")}" , annote = "{NOTE}"}}',
        ),
        (
            "@a{k, keywords = {}, annote = mine}",
            f"@a{{k, keywords = {{{WORDS}}}, annote = mine # {{\n{NOTE}}}}}",
        ),
        (
            "@a{k, keywords = kw # { more, }, annote = {x}}",
            f"@a{{k, keywords = kw # {{ more, {WORDS} }}, annote = {{x\n{NOTE}}}}}".replace(
                " }, annote", " }, annote"
            ),
        ),
        ("@a{k}", f"@a{{k,\n  keywords = {{{WORDS}}},\n  annote = {{{NOTE}}}}}"),
    ],
)
def test_tags_are_laid_out_as_the_entry_is(before: str, after: str) -> None:
    done = tag_all(KIND, before.encode())

    assert done.decode() == after
    assert tag_all(KIND, done) == done
    assert taken_out(KIND, before.encode()) == before.encode()


def test_a_keyword_that_is_there_is_not_added_and_another_run_replaces_our_note_alone() -> None:
    once = tag_all(KIND, b"@a{k, keywords = {Task/Time-Series-Forecasting}, annote = {mine}}")
    again = tag_all(KIND, once, tags(card(tldr="They forecast better.", task="forecasting")))

    assert once.lower().count(b"task/time-series-forecasting") == 1
    assert again == once.replace(b"Small models forecast well", b"They forecast better").replace(
        b"weights/promised", b"weights/promised, task/forecasting"
    )


def test_letters_fit_a_file_that_is_not_utf8() -> None:
    done = tag_all(KIND, "@a{k, title = {Gödel}}".encode("latin-1"), Tags(("task/é",), f"{MARK}ö 中"))

    assert done == '@a{k, title = {Gödel}, keywords = {task/é}, annote = {papercards: \\"o ?}}'.encode(
        "latin-1"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_inside_its_field(text: str) -> None:
    library = b'@a{k, title = {T}}\n\n@a{l, annote = "x", keywords = {a}}\n'
    done = tag_all(KIND, library, tags(card(tldr=text, task=text)))

    first, second = fields(decoded(done))
    assert [first["id"], second["id"]] == ["k", "l"]
    assert set(first) == {"title", "keywords", "annote", "id"}
    assert first["annote"] == MARK + one_line(text)
    assert second["annote"] == f"x {MARK}{one_line(text)}"


# Properties: whatever a library looks like

_VALUES = st.recursive(
    st.text(alphabet='ab é\\%$@,=#\n"中', max_size=8).map(lambda one: one.replace("\\", "").replace('"', "")),
    lambda inner: st.lists(inner, max_size=3).map(lambda some: "".join(f"{{{one}}}" for one in some)),
    max_leaves=4,
)
_DELIMITED = st.one_of(
    _VALUES.map(lambda one: f"{{{one}}}"),
    _VALUES.map(lambda one: f'"{one}"'),
    st.sampled_from(["2020", "acm", 'acm # " x"', "{a} # {b}"]),
).filter(lambda one: not re.search(r"\n\s*@", one))
_NAMES = st.lists(
    st.sampled_from(["title", "abstract", "Keywords", "annote", "note", "author", "year"]),
    unique=True,
    max_size=5,
)


@st.composite
def _entry(draw: st.DrawFn) -> str:
    key = draw(st.from_regex(r"[a-z]{6,12}", fullmatch=True))
    gap, indent = (
        draw(st.sampled_from([" = ", "=", "   =  "])),
        draw(st.sampled_from(["\n  ", "\r\n\t", " ", ""])),
    )
    written = ",".join(f"{indent}{name}{gap}{draw(_DELIMITED)}" for name in draw(_NAMES))
    comma = draw(st.sampled_from(["", ",", " ,"])) if written else ""
    opening, closing = draw(st.sampled_from(["{}", "()"]))
    end = draw(st.sampled_from(["", indent]))
    return f"@article{opening}{key}{',' + written if written else ''}{comma}{end}{closing}"


_BETWEEN = st.sampled_from(
    [
        "\n",
        "\r\n\r\n",
        "\n% a comment\n",
        '\n@string{acm = "ACM"}\n',
        "\n@comment{x {y}}\n",
        '\n@preamble{"p"}\n',
    ]
)


@given(st.lists(st.tuples(_entry(), _BETWEEN), max_size=4), st.binary(max_size=6), st.text(max_size=20))
def test_tags_touch_nothing_else_and_are_all_there(
    some: list[tuple[str, str]], odd: bytes, tldr: str
) -> None:
    library = b"% " + odd.replace(b"@", b"") + b"\n" + "".join(a + b for a, b in some).encode()
    marks = tags(card(tldr=tldr))
    done = tag_all(KIND, library, marks)

    assert taken_out(KIND, library, marks) == library
    assert tag_all(KIND, done, marks) == done
    before, after = list(bibtex.entries(decoded(library))), list(bibtex.entries(decoded(done)))
    assert [entry.key for entry in after] == [entry.key for entry in before]
    for old, new in zip(before, after, strict=True):
        was, now = old.record(), new.record()
        assert isinstance(was, dict) == isinstance(now, dict)
        if isinstance(was, dict) and isinstance(now, dict):
            assert {k: v for k, v in was.items() if k not in ("keywords", "annote")} == {
                k: v for k, v in now.items() if k not in ("keywords", "annote")
            }
            assert set(TAGS.keywords) <= set(re.split("[,;] ", str(now["keywords"])))


@given(st.text(alphabet='@article{}(),="#\\ \nkx%', max_size=60) | st.binary(max_size=60).map(decoded))
def test_any_text_is_read_and_tagged_without_harm(text: str) -> None:
    entries = list(bibtex.entries(text))
    done = decoded(tag_all(KIND, text.encode("utf-8", "surrogateescape")))

    assert len(list(bibtex.entries(done))) == len(entries)
    assert all(entry.record() is not None for entry in entries)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_new_entry_reads_as_the_card(title: str, tldr: str) -> None:
    made = card(title=title, tldr=tldr)

    [record] = fields(bibtex.new(made, None, "key"))

    assert record.get("title", "") == one_line(title)
    assert record["eprint"] == "2401.03955"
    assert record.get("annote", "") == tags(made).note
