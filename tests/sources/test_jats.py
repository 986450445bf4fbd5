"""JATS: what an article says, and that no entity of a file does anything."""

from pathlib import Path

import pytest

from papercards.errors import BadInput
from papercards.paper import Paper, Section
from papercards.sources import BadRecord, Options, open_source
from tests.conftest import Run

DOCTYPE = (
    '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving and Interchange DTD v1.3 20210610'
    '//EN" "JATS-archivearticle1-3.dtd"{subset}>'
)
ARTICLE = """
<article xmlns:mml="http://www.w3.org/1998/Math/MathML" xmlns:xlink="http://www.w3.org/1999/xlink"
 article-type="research-article">
<front><journal-meta><journal-title-group>
<journal-title>J. Ex.</journal-title></journal-title-group></journal-meta>
<article-meta>
<article-id pub-id-type="pmcid">PMC123</article-id>
<article-id pub-id-type="doi">10.1371/Journal.Pone.0000001</article-id>
<title-group>
<article-title>Counting <italic>E. coli</italic> &amp; others: &alpha;&ndash;&omega;</article-title>
</title-group>
<abstract abstract-type="graphical"><p>A picture.</p></abstract>
<abstract><title>Abstract</title>
<sec><title>Background</title><p>Counting is hard.<!-- really --></p></sec>
<sec><title>Results</title><p>We need 10<sup>3</sup> steps for
 <inline-formula><alternatives><tex-math>$n$</tex-math>
<mml:math><mml:mi>n</mml:mi></mml:math></alternatives></inline-formula>
 cells<sup><xref ref-type="bibr" rid="b1">12</xref>,<xref
 ref-type="bibr" rid="b2">13</xref></sup>.</p></sec></abstract>
<custom-meta-group><custom-meta id="data-availability"><meta-name>Data Availability</meta-name>
<meta-value>All data are at <ext-link xlink:href="https://zenodo.org/1">https://zenodo.org/1</ext-link>.</meta-value>
</custom-meta></custom-meta-group>
</article-meta></front>
<body>
<sec sec-type="intro"><label>1</label><title>Introduction</title><p>Cells are many.</p></sec>
<sec><label>4</label><title>Discussion</title><p>We discuss.</p>
<sec><title>Limitations</title><p>Only four cells.</p></sec>
<sec><title>Outlook</title><p>More cells.</p></sec></sec>
<sec sec-type="conclusions"><label>5</label><title>What we learnt</title><p>We counted.</p>
<fig><caption><p>A figure of cells.</p></caption></fig>
<list><list-item><p>It was 12% faster.</p></list-item></list></sec>
</body>
<back><ack><p>We thank all.</p></ack>
<fn-group><fn><label>1</label><p>Code is available at https://github.com/a/b.</p></fn><fn><p>Deceased.</p></fn></fn-group>
<ref-list><title>References</title><ref><mixed-citation>Cited.</mixed-citation></ref></ref-list></back>
</article>
"""


def read(tmp_path: Path, xml: str, *sections: str, name: str = "paper.nxml") -> list[Paper | BadRecord]:
    (tmp_path / name).write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}', encoding="utf-8")
    return list(open_source(str(tmp_path / name), Options(sections=sections)))


def test_an_article_is_read_with_its_sections(tmp_path: Path) -> None:
    (paper,) = read(tmp_path, DOCTYPE.format(subset="") + ARTICLE, "conclusion", "availability")

    assert isinstance(paper, Paper), paper
    assert paper.id == "doi:10.1371/journal.pone.0000001"
    assert paper.title == "Counting E. coli & others: \u03b1\u2013\u03c9"
    assert paper.abstract == "Background: Counting is hard.\n\nResults: We need 10^3 steps for n cells."
    assert paper.sections == (
        Section("What we learnt", "We counted.\n\nIt was 12% faster."),
        Section("Data Availability", "All data are at https://zenodo.org/1."),
        Section("Notes", "Code is available at https://github.com/a/b."),
    )


def test_a_part_of_a_known_kind_is_a_section_and_others_belong_to_theirs(tmp_path: Path) -> None:
    (paper,) = read(tmp_path, ARTICLE.replace("&alpha;&ndash;&omega;", ""), "discussion", "limitations")

    assert isinstance(paper, Paper), paper
    assert paper.sections == (
        Section("Discussion", "We discuss.\n\nMore cells."),
        Section("Limitations", "Only four cells."),
    )


def test_the_discussion_stands_in_for_a_conclusion_that_is_not_there(tmp_path: Path) -> None:
    xml = ARTICLE.replace("&alpha;&ndash;&omega;", "").replace(' sec-type="conclusions"', "")
    (paper,) = read(tmp_path, xml, "conclusion")

    assert isinstance(paper, Paper), paper
    assert [one.name for one in paper.sections] == ["Discussion"]


def test_a_set_of_articles_is_read_one_by_one_and_a_bad_one_costs_itself(tmp_path: Path) -> None:
    bare = ARTICLE.replace("&alpha;&ndash;&omega;", "")
    empty = "<article><front><article-meta><title-group/></article-meta></front></article>"
    found = read(tmp_path, f"<pmc-articleset>{bare}{empty}{bare}</pmc-articleset>", name="set.xml")

    first, bad, last = found
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert isinstance(bad, BadRecord)
    assert bad.reason == "has an empty title"


def lol(most: int) -> str:
    """Entities of ten times the one before; a billion laughs with `most` at 10."""
    return '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, most))


def test_entities_of_a_file_expand_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    subset = (
        f' [{lol(2)}<!ENTITY file SYSTEM "{tmp_path}/secret.txt">'
        '<!ENTITY % more SYSTEM "http://127.0.0.1:9/x.dtd">%more;]'
    )
    xml = ARTICLE.replace("&alpha;&ndash;&omega;", "x&l1;y&file;z")

    (paper,) = read(tmp_path, DOCTYPE.format(subset=subset) + xml)

    assert isinstance(paper, Paper), paper
    assert paper.title == "Counting E. coli & others: xyz"
    assert "SECRET" not in paper.text


@pytest.mark.parametrize(
    ("was", "bomb"),
    [("&alpha;&ndash;&omega;", "&l11;"), ('"research-article"', '"&l11;"')],
    ids=["text", "attribute"],
)
def test_a_billion_laughs_are_an_error_at_once(tmp_path: Path, was: str, bomb: str) -> None:
    xml = DOCTYPE.format(subset=f" [{lol(12)}]") + ARTICLE.replace(was, bomb)

    with pytest.raises(BadInput, match="has entities that expand to more and more"):
        read(tmp_path, xml)


def test_what_is_cut_off_keeps_what_came_before(tmp_path: Path) -> None:
    bare = ARTICLE.replace("&alpha;&ndash;&omega;", "")
    first, bad = read(tmp_path, f"<pmc-articleset>{bare}{bare[:800]}", name="set.xml")

    assert isinstance(first, Paper)
    assert isinstance(bad, BadRecord)
    assert "the rest was skipped" in bad.reason


def test_the_command_reads_it_and_says_where_a_claim_stands(run: Run, tmp_path: Path) -> None:
    (tmp_path / "paper.xml").write_text(DOCTYPE.format(subset="") + ARTICLE)

    done = run("summarize", "paper.xml", "-m", "baseline", "--sections", "conclusion,availability")

    assert done.returncode == 0, done.stderr
    assert "(Notes)" in done.stdout
    assert "https://github.com/a/b" in done.stdout
