"""What each format says of authors, dates and venues is read, and changes nothing else of a paper.

The records are made here, in the forms that the formats' own documentation shows.
"""

# ruff: noqa: E501
import json
from pathlib import Path

import pytest

from papercards.paper import Paper
from papercards.publication import Publication, json_of
from papercards.sources import Options, open_source
from papercards.sources.columns import Columns
from papercards.sources.service_records import paper as of_service
from tests.sources import pdfs

ABSTRACT = "We forecast the load of cities. The error falls by five percent in every month."

FILES: dict[str, str] = {
    "p.bib": "@inproceedings{zhang2024, title={T}, abstract={%s}, author={Zhang, Wei and Bo van Li}, year=2024,"
    " month=mar, booktitle={Proc. of X}, keywords={a, b}, doi={10.1000/x}}",
    "p.ris": "TY  - CONF\nID  - zhang2024\nTI  - T\nAB  - %s\nAU  - Zhang, Wei\nAU  - van Li, Bo\nPY  - 2024\n"
    "DA  - 2024/03//\nT2  - Proc. of X\nKW  - a\nKW  - b\nDO  - 10.1000/x\nER  - \n",
    "p.nbib": "PMID- 1234567\nOWN - NLM\nTI  - T\nAB  - %s\nFAU - Zhang, Wei\nAU  - Zhang W\nFAU - van Li, Bo\n"
    "AU  - van Li B\nDP  - 2024 Mar\nJT  - Proc. of X\nOT  - a\nOT  - b\nLID - 10.1000/x [doi]\n",
    "p.ciw": "FN X\nVR 1.0\nPT J\nAU Zhang, W\n   van Li, B\nAF Zhang, Wei\n   van Li, Bo\nTI T\nSO Proc. of X\n"
    "DE a; b\nAB %s\nPD MAR\nPY 2024\nDI 10.1000/x\nUT WOS:1\nER\n",
    "p.enw": "%%0 Journal Article\n%%T T\n%%A Zhang, Wei\n%%A van Li, Bo\n%%J Proc. of X\n%%D 2024\n%%8 March 2024\n"
    "%%K a\n%%K b\n%%X %s\n%%R 10.1000/x\n%%F zhang2024\n",
    "csl.json": '[{"id": "zhang2024", "type": "paper-conference", "title": "T", "abstract": "%s", "author": '
    '[{"family": "Zhang", "given": "Wei"}, {"family": "Li", "given": "Bo", "non-dropping-particle": "van"}], '
    '"issued": {"date-parts": [[2024, 3]]}, "container-title": "Proc. of X", "keyword": "a, b", "DOI": "10.1000/x"}]',
    "bbt.json": '{"config": {"label": "BetterBibTeX JSON"}, "items": [{"itemType": "conferencePaper", "title": "T",'
    ' "abstractNote": "%s", "creators": [{"creatorType": "author", "firstName": "Wei", "lastName": "Zhang"}, '
    '{"creatorType": "author", "firstName": "Bo", "lastName": "van Li"}], "date": "March 2024", "citationKey": '
    '"zhang2024", "proceedingsTitle": "Proc. of X", "tags": [{"tag": "a"}, {"tag": "b"}], "DOI": "10.1000/x"}]}',
    "p.jsonl": '{"title": "T", "abstract": "%s", "authors": ["Wei Zhang", "Bo van Li"], "date": "2024-03", '
    '"venue": "Proc. of X", "keywords": ["a", "b"], "doi": "10.1000/x", "citation_key": "zhang2024"}\n',
    "p.csv": 'Title,Abstract,Authors,Year,Month,Journal,Keywords,DOI\nT,"%s","Zhang, Wei; van Li, Bo",2024,3,'
    "Proc. of X,a; b,10.1000/x\n",
    "scopus.csv": 'Authors,Author full names,Title,Year,Source title,Abstract,Author Keywords,DOI\n"Zhang W.; van '
    'Li B.","Zhang, Wei (1); van Li, Bo (2)",T,2024,Proc. of X,"%s",a; b,10.1000/x\n',
    "pubmed.xml": "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article><Journal><JournalIssue>"
    "<PubDate><Year>2024</Year><Month>Mar</Month></PubDate></JournalIssue><Title>Proc. of X</Title></Journal>"
    "<ArticleTitle>T</ArticleTitle><ELocationID EIdType='doi'>10.1000/x</ELocationID><Abstract><AbstractText>%s"
    "</AbstractText></Abstract><AuthorList><Author><LastName>Zhang</LastName><ForeName>Wei</ForeName><Initials>W"
    "</Initials></Author><Author><LastName>van Li</LastName><ForeName>Bo</ForeName></Author></AuthorList></Article>"
    "<KeywordList><Keyword>a</Keyword><Keyword>b</Keyword></KeywordList></MedlineCitation></PubmedArticle>"
    "</PubmedArticleSet>",
    "anthology.xml": "<collection id='2024.x'><volume id='long'><meta><booktitle>Proc. of X</booktitle><year>2024"
    "</year><month>March</month></meta><paper id='1'><title>T</title><author><first>Wei</first><last>Zhang</last>"
    "</author><author><first>Bo</first><last>van Li</last></author><abstract>%s</abstract><doi>10.1000/x</doi>"
    "<bibkey>zhang2024</bibkey></paper></volume></collection>",
    "endnote.xml": "<xml><records><record><contributors><authors><author>Zhang, Wei</author><author>van Li, Bo"
    "</author></authors></contributors><titles><title>T</title><secondary-title>Proc. of X</secondary-title>"
    "</titles><dates><year>2024</year><pub-dates><date>March 2024</date></pub-dates></dates><keywords><keyword>a"
    "</keyword><keyword>b</keyword></keywords><abstract>%s</abstract><electronic-resource-num>10.1000/x"
    "</electronic-resource-num></record></records></xml>",
    "mods.xml": "<modsCollection xmlns='http://www.loc.gov/mods/v3'><mods ID='zhang2024'><titleInfo><title>T</title>"
    "</titleInfo><name type='personal'><namePart type='given'>Wei</namePart><namePart type='family'>Zhang"
    "</namePart><role><roleTerm>author</roleTerm></role></name><name><namePart type='given'>Bo</namePart>"
    "<namePart type='family'>van Li</namePart></name><abstract>%s</abstract><originInfo><dateIssued>2024-03"
    "</dateIssued></originInfo><relatedItem type='host'><titleInfo><title>Proc. of X</title></titleInfo>"
    "</relatedItem><subject><topic>a</topic></subject><subject><topic>b</topic></subject><identifier type='doi'>"
    "10.1000/x</identifier></mods></modsCollection>",
    "jats.xml": "<article><front><journal-meta><journal-title>Proc. of X</journal-title></journal-meta><article-meta>"
    "<article-id pub-id-type='doi'>10.1000/x</article-id><title-group><article-title>T</article-title></title-group>"
    "<contrib-group><contrib contrib-type='author'><name><surname>Zhang</surname><given-names>Wei</given-names>"
    "</name></contrib><contrib contrib-type='author'><name><surname>van Li</surname><given-names>Bo</given-names>"
    "</name></contrib></contrib-group><pub-date><month>3</month><year>2024</year></pub-date><abstract><p>%s</p>"
    "</abstract><kwd-group><kwd>a</kwd><kwd>b</kwd></kwd-group></article-meta></front></article>",
    "page.html": "<html><head><meta name='citation_title' content='T'><meta name='citation_author' content='Zhang, "
    "Wei'><meta name='citation_author' content='van Li, Bo'><meta name='citation_publication_date' content='2024/03'>"
    "<meta name='citation_journal_title' content='Proc. of X'><meta name='citation_keywords' content='a'><meta "
    "name='citation_keywords' content='b'><meta name='citation_doi' content='10.1000/x'><meta "
    "name='citation_abstract' content='%s'></head><body><p>x</p></body></html>",
    "oai.xml": "<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><ListRecords><record><header/><metadata><dc "
    "xmlns='http://purl.org/dc/elements/1.1/'><title>T</title><creator>Zhang, Wei</creator><creator>van Li, Bo"
    "</creator><date>2024-03</date><publisher>Proc. of X</publisher><subject>a</subject><subject>b</subject>"
    "<description>%s</description><identifier>doi:10.1000/x</identifier></dc></metadata></record></ListRecords>"
    "</OAI-PMH>",
    "feed.rss": "<rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:prism='http://prismstandard.org/"
    "namespaces/basic/2.0/'><channel><item><title>T</title><description>%s</description><dc:creator>Wei Zhang, Bo "
    "van Li</dc:creator><prism:publicationName>Proc. of X</prism:publicationName><dc:date>2024-03</dc:date>"
    "<dc:identifier>doi:10.1000/x</dc:identifier></item></channel></rss>",
}


def read(path: Path, content: str, **options: object) -> Paper:
    path.write_text(content.replace("%s", ABSTRACT).replace("%%", "%"), encoding="utf-8")
    (paper,) = open_source(str(path), Options(**options))  # type: ignore[arg-type]
    assert isinstance(paper, Paper), paper
    return paper


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_authors_date_venue_and_keywords(tmp_path: Path, name: str) -> None:
    about = read(tmp_path / name, FILES[name]).publication

    assert [one.inverted for one in about.authors] == ["Zhang, Wei", "van Li, Bo"]
    assert (about.year, about.venue, about.doi) == (2024, "Proc. of X", "10.1000/x")
    assert about.date == ("2024" if name == "scopus.csv" else "2024-03")
    assert about.keywords == (() if name in ("feed.rss", "anthology.xml") else ("a", "b"))
    keyed = ("p.bib", "p.ris", "p.enw", "csl.json", "bbt.json", "p.jsonl", "anthology.xml", "mods.xml")
    assert about.citation_key == ("zhang2024" if name in keyed else None)
    assert about.source is not None and about.source.startswith(name)


@pytest.mark.parametrize("name", FILES)
def test_what_is_known_of_a_publication_changes_neither_id_nor_text(tmp_path: Path, name: str) -> None:
    paper = read(tmp_path / name, FILES[name])

    assert (paper.title, paper.abstract) == ("T", ABSTRACT)
    assert paper.id == "doi:10.1000/x"
    assert paper == Paper(paper.id, "T", ABSTRACT, url=paper.url)


ARXIV = {
    "id": "0704.0001",
    "title": "T",
    "abstract": ABSTRACT,
    "authors": "C. Balázs, B. Li Jr",
    "authors_parsed": [["Balázs", "C.", ""], ["Li", "B.", "Jr"]],
    "journal-ref": "Phys.Rev.D76:013009,2007",
    "categories": "hep-ph cs.LG",
    "doi": "10.1103/PhysRevD.76.013009",
    "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],
    "update_date": "2008-11-26",
}
"""A record in the form of arXiv's metadata dump."""


def test_the_dump_of_arxiv_gives_all_it_has() -> None:
    paper = Columns().paper(ARXIV, "/data/arxiv.json:7")

    assert isinstance(paper, Paper)
    about = paper.publication
    assert [one.inverted for one in about.authors] == ["Balázs, C.", "Li, Jr, B."]
    assert (about.date, about.venue) == ("2007-04-02", "Phys.Rev.D76:013009,2007")
    assert about.categories == ("hep-ph", "cs.LG")
    assert (about.arxiv_id, about.doi) == ("0704.0001", "10.1103/physrevd.76.013009")
    assert about.url == "https://arxiv.org/abs/0704.0001"
    assert about.source == "arxiv.json:7"


@pytest.mark.parametrize(
    "record",
    [
        {
            "id": "https://openalex.org/W1", "doi": "https://doi.org/10.1000/x", "display_name": "T",
            "abstract_inverted_index": {"We": [0], "count.": [1]}, "publication_date": "2024-03-05",
            "publication_year": 2024, "authorships": [{"author": {"display_name": "Wei Zhang"}}],
            "primary_location": {"source": {"display_name": "Proc. of X"}},
            "best_oa_location": {"pdf_url": "https://e.org/x.pdf"}, "keywords": [{"display_name": "a"}],
        },
        {
            "paperId": "0" * 40, "title": "T", "abstract": ABSTRACT, "externalIds": {"DOI": "10.1000/x"},
            "authors": [{"authorId": "1", "name": "Wei Zhang"}], "year": 2024, "publicationDate": "2024-03-05",
            "venue": "", "journal": {"name": "Proc. of X", "pages": "1"}, "fieldsOfStudy": ["a"],
            "openAccessPdf": {"url": "https://e.org/x.pdf", "status": "GREEN"},
        },
        {
            "title": ["T"], "abstract": f"<jats:p>{ABSTRACT}</jats:p>", "DOI": "10.1000/x", "author":
            [{"given": "Wei", "family": "Zhang"}], "issued": {"date-parts": [[2024, 3, 5]]}, "container-title":
            ["Proc. of X"], "subject": ["a"], "URL": "https://doi.org/10.1000/x", "pdf_url": "https://e.org/x.pdf",
        },
    ],
    ids=["openalex", "semantic-scholar", "crossref"],
)  # fmt: skip
def test_records_of_services_give_what_they_have(record: dict[str, object]) -> None:
    paper = of_service(Columns(), record, "x:1")

    assert isinstance(paper, Paper)
    about = paper.publication
    assert [one.inverted for one in about.authors] == ["Zhang, Wei"]
    assert (about.year, about.date, about.venue) == (2024, "2024-03-05", "Proc. of X")
    assert (about.doi, about.pdf_url) == ("10.1000/x", "https://e.org/x.pdf")
    assert about.keywords + about.categories == ("a",)


def test_a_hugging_face_paper_gives_authors_and_date() -> None:
    inner = {"id": "2401.03955", "title": "T", "summary": ABSTRACT, "authors": [{"name": "Wei Zhang"}]}
    paper = of_service(Columns(), {"paper": inner, "publishedAt": "2024-01-08T00:00:00.000Z"}, "x")

    assert isinstance(paper, Paper)
    assert (paper.publication.byline, paper.publication.date) == ("Zhang", "2024-01-08")


def test_columns_of_a_table_are_named(tmp_path: Path) -> None:
    content = 'Titel,Text,Verfasser,Jahr,Zeitschrift,Schluessel\nT,"%s","Zhang, Wei",1999,Z,k1\n'
    columns = {
        "title": "Titel", "abstract": "Text", "authors": "Verfasser", "year": "Jahr", "venue": "Zeitschrift",
        "citation_key": "Schluessel",
    }  # fmt: skip
    about = read(tmp_path / "p.csv", content, columns=columns).publication

    assert (about.byline, about.year, about.venue, about.citation_key) == ("Zhang", 1999, "Z", "k1")


def test_the_year_of_a_publication_goes_before_the_date_of_its_preprint() -> None:
    record = {"title": "T", "abstract": ABSTRACT, "published": "2019-11-02", "year": 2020, "month": "June"}
    paper = Columns().paper(record, "x")

    assert isinstance(paper, Paper)
    assert paper.publication.date == "2020-06"


def test_an_arxiv_id_alone_gives_the_month() -> None:
    for id_, date in (
        ("arxiv:2401.03955", "2024-01"),
        ("arxiv:math/0309136", "2003-09"),
        ("arxiv:hep-th/9901001", "1999-01"),
    ):
        assert Paper(id_, "T", "A").publication.date == date


@pytest.mark.parametrize(
    "odd",
    [
        {
            "authors": {"a": {"b": {}}},
            "year": "\ud800",
            "venue": [[[[]]]],
            "keywords": {"x": 1},
            "doi": 1.5e300,
        },
        {
            "authors": ["\ud800 x", "\x00", "=cmd()"],
            "date": [[[[1]]]],
            "venue": {"name": None},
            "pdf_url": "javascript:x",
        },
        {"authors": "A" * 3_000_000, "venue": "V" * 100_000, "keywords": "k;" * 100_000, "versions": [[]]},
        {"authors": [[[]], [{}], [None, None]], "month": "13", "year": 10**30, "day": []},
    ],
)
def test_odd_values_are_passed_over(odd: dict[str, object]) -> None:
    paper = Columns().paper({"title": "T", "abstract": ABSTRACT, **odd}, "x")
    if not isinstance(paper, Paper):
        return  # its DOI is no text

    text = json_of(paper.publication)
    json.loads(text)
    text.encode()
    assert len(paper.publication.venue or "") <= 500
    assert len(paper.publication.keywords) <= 200
    assert paper.publication.pdf_url is None


def test_a_position_has_no_folders_of_its_owner() -> None:
    for where, source in (
        ("/home/me/lib/a.bib:12", "a.bib:12"),
        ("C:\\Users\\me\\a.bib:12", "a.bib:12"),
        ("../a.bib:12", "a.bib:12"),
        ("arxiv:hep-th/9901001", "arxiv:hep-th/9901001"),
        ("https://e.org/a", "https://e.org/a"),
        ("", None),
    ):
        assert Paper("x", "T", "A", where).publication.source == source


def test_nothing_is_read_of_a_publication_before_it_is_needed() -> None:
    asked = []

    def told() -> Publication:
        asked.append(1)
        return Publication(venue="V")

    paper = Paper("x", "T", "A", told=told)
    assert not asked
    assert paper.publication.venue == paper.publication.venue == "V"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("Ada Lovelace and Charles Babbage", ["Lovelace, Ada", "Babbage, Charles"]),
        ("Lovelace, Ada; Babbage, Charles", ["Lovelace, Ada", "Babbage, Charles"]),
        ("Ada Lovelace, Some Secretary", []),
        ("admin", []),
        ("", []),
    ],
)
def test_authors_in_the_metadata_of_a_pdf_are_those_that_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, author: str, expected: list[str]
) -> None:
    class Signed(pdfs.Sheets):
        def made(self) -> bytes:
            self.set_author(author)
            return super().made()

    monkeypatch.setattr(pdfs, "Sheets", Signed)
    (tmp_path / "p.pdf").write_bytes(pdfs.one_column.__wrapped__())

    (paper,) = open_source(tmp_path / "p.pdf")
    assert isinstance(paper, Paper), paper
    assert [one.inverted for one in paper.publication.authors] == expected


def test_both_forms_of_arxiv_s_own_metadata_are_read(tmp_path: Path) -> None:
    whole = "<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><ListRecords>{}</ListRecords></OAI-PMH>".format(
        "<record><header/><metadata><arXiv xmlns='http://arxiv.org/OAI/arXiv/'><id>1501.00001</id><created>2015-01-02"
        "</created><authors><author><keyname>Balázs</keyname><forenames>C.</forenames><affiliation>X</affiliation>"
        "</author><author><keyname>Li</keyname><forenames>B.</forenames><suffix>Jr</suffix></author></authors><title>T"
        "</title><categories>cs.LG stat.ML</categories><journal-ref>J. X</journal-ref><abstract>%s</abstract></arXiv>"
        "</metadata></record><record><header/><metadata><arXivRaw xmlns='http://arxiv.org/OAI/arXivRaw/'><id>1501.00001"
        "</id><version version='v1'><date>Fri, 2 Jan 2015 00:00:00 GMT</date></version><version version='v2'><date>Sat, "
        "3 Jan 2026 00:00:00 GMT</date></version><title>T</title><authors>C. Balázs, B. Li Jr</authors><categories>cs.LG "
        "stat.ML</categories><journal-ref>J. X</journal-ref><abstract>%s</abstract></arXivRaw></metadata></record>"
    )
    (tmp_path / "h.xml").write_text(whole.replace("%s", ABSTRACT), encoding="utf-8")

    papers = list(open_source(tmp_path / "h.xml"))  # all of them, before any is asked for its authors
    for paper in papers:
        assert isinstance(paper, Paper), paper
        about = paper.publication
        assert [one.inverted for one in about.authors] == ["Balázs, C.", "Li, Jr, B."]
        assert (about.date, about.venue, about.categories) == ("2015-01-02", "J. X", ("cs.LG", "stat.ML"))
    assert len(papers) == 2
