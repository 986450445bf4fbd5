"""Libraries as sources: BibTeX, RIS, CSL-JSON, Zotero's exports, from files that programs write."""

import io
import shutil
import sys
from pathlib import Path

import pytest

from papercards.errors import BadInput, MissingExtra
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, count_records, open_source
from tests.libraries import HERE, many


def read(name: str, **columns: str) -> list[Paper | BadRecord]:
    return list(open_source(str(HERE / name), Options(columns=columns)))


def papers(name: str) -> dict[str, Paper]:
    return {one.id: one for one in read(name) if isinstance(one, Paper)}


def bad(found: list[Paper | BadRecord]) -> list[tuple[str, str]]:
    return [(one.where.rpartition("/")[2], one.reason) for one in found if isinstance(one, BadRecord)]


def test_bibtex_is_read_as_latex_means_it() -> None:
    found = papers("better-biblatex.bib")

    assert list(found) == ["arxiv:1706.03762", "doi:10.1007/bf01700692"]
    attention, godel = found.values()
    assert attention.title == "Attention Is All You Need"
    assert attention.abstract.endswith(
        "It achieves 28.4 BLEU on WMT 2014 English-to-German, an improvement of 2% in $O(n^ 2)$."
    )
    assert attention.where.endswith("better-biblatex.bib:5")
    assert godel.title == "Über formal unentscheidbare Sätze der Principia"
    assert "every $\\omega$-consistent recursive class $\\kappa$ of formulæ has" in godel.abstract
    assert "the system — as Hilbert's — is incomplete" in godel.abstract
    # BibTeX reads an entry within @comment, too.
    assert [where for where, _ in bad(read("better-biblatex.bib"))] == [
        "better-biblatex.bib:30",
        "better-biblatex.bib:33",
    ]


def test_a_column_may_be_any_field_of_bibtex() -> None:
    found = read("better-biblatex.bib", title="shorttitle")

    assert [one.title for one in found if isinstance(one, Paper)] == ["Satz VI"]


def test_latin_1_is_read_where_it_can_be_nothing_else(tmp_path: Path) -> None:
    [paper] = read("jabref-latin1.bib")
    assert isinstance(paper, Paper)
    assert (paper.id, paper.title) == ("Noel1999", "Déjà créée")
    assert paper.abstract == "Une méthode est créée. Elle marche à 95%."

    file = tmp_path / "gbk.bib"
    file.write_bytes(
        "@misc{k, title = {中文标题}, abstract = {A long abstract in English, but for one word.}}".encode(
            "gbk"
        )
    )
    assert bad(list(open_source(str(file)))) == [("gbk.bib:1", "has characters that are not valid Unicode")]


def test_ris_is_read_as_zotero_and_endnote_write_it() -> None:
    found = papers("zotero.ris")
    [endnote] = papers("endnote.ris").values()

    assert list(found) == ["doi:10.1109/cvpr.2016.90", "arxiv:1706.03762"]
    assert found["arxiv:1706.03762"].url == "http://arxiv.org/abs/1706.03762"
    assert bad(read("zotero.ris"))[0][0] == "zotero.ris:24"
    assert "has no abstract" in bad(read("zotero.ris"))[0][1]
    assert (endnote.id, endnote.title) == ("doi:10.1000/abc", "Café networks")
    assert endnote.abstract == "We study cafés. The second line of it."


def test_csl_json_is_read_without_the_markup_of_jats_and_html() -> None:
    found = papers("zotero-csl.json")

    assert list(found) == [
        "arxiv:1706.03762",
        "doi:10.1109/cvpr.2016.90",
        "http://zotero.org/users/1/items/CCCC3333",
    ]
    assert found["arxiv:1706.03762"].abstract == "We propose the Transformer, p < 0.05."
    assert found["doi:10.1109/cvpr.2016.90"].title == "Deep Residual Learning"
    assert found["arxiv:1706.03762"].where.endswith(":2")


def test_better_bibtex_json_is_read_without_attachments_and_notes() -> None:
    assert [(key, one.title) for key, one in papers("better-bibtex.json").items()] == [
        ("arxiv:1706.03762", "Attention Is All You Need"),
        ("doi:10.1000/talk", "A Talk"),
        ("book2019", "A Book"),
    ]


def test_zotero_rdf_finds_a_doi_in_the_journal() -> None:
    assert [(key, one.title) for key, one in papers("zotero.rdf").items()] == [
        ("doi:10.1109/cvpr.2016.90", "Deep Residual Learning"),
        ("arxiv:1706.03762", "Attention Is All You Need"),
        ("doi:10.1000/talk", "A Talk"),
    ]
    [(where, why)] = bad(read("zotero.rdf"))
    assert where == "zotero.rdf:46" and "no abstract" in why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>', "has a document type"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "has a document type"),
        ("<rdf>", "is not XML"),
        ("<html/>", "is not RDF"),
    ],
)
def test_an_rdf_file_with_entities_is_refused(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "z.rdf").write_text(content)

    with pytest.raises(BadInput, match=why):
        list(open_source(str(tmp_path / "z.rdf")))


def test_an_arxiv_paper_has_one_id_in_all_formats() -> None:
    for name in ("better-biblatex.bib", "zotero.ris", "zotero-csl.json", "better-bibtex.json", "zotero.rdf"):
        assert "arxiv:1706.03762" in papers(name), name


@pytest.mark.parametrize("name", ["better-biblatex.bib", "zotero.ris", "zotero-csl.json", "endnote.ris"])
def test_a_library_is_known_by_its_content_and_counted_as_it_is_read(name: str, tmp_path: Path) -> None:
    data = (HERE / name).read_bytes()

    piped = list(open_source("-", stdin=io.BytesIO(data)))

    assert [one.id for one in piped if isinstance(one, Paper)] == list(papers(name))
    assert count_records(str(HERE / name)) == len(read(name)) == len(piped)


def test_json_that_is_no_csl_is_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(
        '[{"type": "paper", "title": "T", "abstract": "<p>A</p>", "DOI": "10.1000/x"}]'
    )

    [paper] = open_source(str(tmp_path / "p.json"))

    assert isinstance(paper, Paper) and paper.abstract == "A"


def test_items_in_one_line_have_columns(tmp_path: Path) -> None:
    (tmp_path / "r.bib").write_text("@misc{a, title={A}, abstract={x}} @misc{b, title={B}, abstract={y}}")

    assert [one.where.rpartition("/")[2] for one in open_source(str(tmp_path / "r.bib"))] == [
        "r.bib:1",
        "r.bib:1:35",
    ]


def test_a_library_of_500_is_read_with_its_duplicates_told(tmp_path: Path) -> None:
    (tmp_path / "many.bib").write_bytes(many())

    found = list(open_source(str(tmp_path / "many.bib")))

    good = [one for one in found if isinstance(one, Paper)]
    assert len(good) == 500
    assert good[3].title == "A Study of Übung 3 \N{GREEK SMALL LETTER ALPHA} $x_{3}$"
    assert good[3].abstract == "We count to 3 with a new nested method. It is 12% faster."
    assert len(bad(found)) == 5
    assert all("has the same key" in why for _, why in bad(found))


def test_a_folder_of_libraries_is_read_whole(tmp_path: Path) -> None:
    for name in ("zotero.ris", "better-biblatex.bib", "zotero.rdf"):
        shutil.copy(HERE / name, tmp_path)

    assert sum(isinstance(one, Paper) for one in open_source(str(tmp_path))) == 7


@pytest.mark.parametrize(
    ("package", "name", "feature"),
    [
        ("bibtexparser", "better-biblatex.bib", "BibTeX"),
        ("rispy", "zotero.ris", "RIS"),
        ("lxml", "zotero.rdf", "Zotero RDF"),
    ],
)
def test_a_library_that_is_not_installed_is_told_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, package: str, name: str, feature: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra, match=rf"{feature} needs an extra.*papercards\[sources\]"):
        read(name)
