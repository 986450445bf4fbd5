"""Atom and OAI-PMH from disk: what is read, what is passed over, and what tries to break out."""

from pathlib import Path

import pytest

from papercards.errors import BadInput
from papercards.paper import Paper
from papercards.sources import BadRecord, NoPapers, Options, open_source
from tests.services import Work, arxiv_error, atom, entry, works

OAI = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/ http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd">
<responseDate>2026-11-24T00:00:00Z</responseDate>
<request verb="ListRecords" metadataPrefix="arXiv">http://oaipmh.arxiv.org/oai</request>
%s
</OAI-PMH>
"""
ARXIV = """<record><header><identifier>oai:arXiv.org:2401.00001</identifier><datestamp>2024-01-08</datestamp>
<setSpec>cs:cs:LG</setSpec></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/">
<id>2401.00001</id><created>2024-01-08</created><authors><author><keyname>A</keyname></author></authors>
<title>With a plain record,\n  wrapped</title><categories>cs.LG stat.ML</categories><doi>10.1000/182</doi>
<abstract>  We count &lt; 4\nwith care.\n</abstract></arXiv></metadata></record>"""
RAW = """<record><header><identifier>oai:arXiv.org:math/0309136</identifier><setSpec>math</setSpec></header>
<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>math/0309136</id><submitter>A</submitter>
<version version="v1"><date>Mon, 8 Sep 2003 10:00:00 GMT</date></version><title>With a raw record</title>
<authors>A. Author</authors><categories>math.GT</categories><abstract>We knot.</abstract></arXivRaw>
</metadata></record>"""
DC = """<record><header><identifier>oai:arXiv.org:0704.0001</identifier><setSpec>physics:hep-ph</setSpec>
</header><metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>With Dublin Core</dc:title><dc:creator>B</dc:creator>
<dc:subject>High Energy Physics - Phenomenology</dc:subject><dc:description>Comment: 37 pages</dc:description>
<dc:description>We collide.</dc:description><dc:identifier>http://arxiv.org/abs/0704.0001</dc:identifier>
<dc:identifier>doi:10.1103/PhysRevD.76.013009</dc:identifier></oai_dc:dc></metadata></record>"""
DELETED = """<record><header status="deleted"><identifier>oai:arXiv.org:1</identifier></header></record>"""
LAUGHS = [f'<!ENTITY a{n} "{(f"&a{n - 1};" if n else "&a;") * 10}">' for n in range(9)]
BOMB = f'<!DOCTYPE f [<!ENTITY a "aaaaaaaaaa">{"".join(LAUGHS)}]>'


def read(path: Path, text: str | bytes, *categories: str) -> list[Paper | BadRecord]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(open_source(str(path), Options(categories=categories)))


def papers(records: list[Paper | BadRecord]) -> list[Paper]:
    assert all(isinstance(one, Paper) for one in records), records
    return [one for one in records if isinstance(one, Paper)]


def test_an_answer_of_the_api_is_read_entry_by_entry(tmp_path: Path) -> None:
    work = Work("2401.00009", "A < B", "  Lines\nstay.\n", doi="10.1000/182")

    (paper, other) = papers(read(tmp_path / "feed.xml", atom([entry(work, 2), entry(works(1)[0])], 2)))

    assert (paper.id, paper.title, paper.abstract) == ("arxiv:2401.00009", "A < B", "  Lines\nstay.\n")
    assert paper.url == "http://arxiv.org/abs/2401.00009v2" and paper.where.endswith("feed.xml, entry 1")
    assert other.id == "arxiv:2401.00000"


@pytest.mark.parametrize("name", ["feed.atom", "feed.xml", "feed.unknown"])
def test_an_atom_feed_is_known_by_its_root(tmp_path: Path, name: str) -> None:
    text = atom([entry(works(1)[0])], 1).decode()
    prolog = "<?xml version='1.0'?>\n<!-- a comment > with <feed> in it -->\n<!DOCTYPE feed>\n"

    assert len(papers(read(tmp_path / name, prolog + text.partition("?>")[2]))) == 1


def test_every_kind_of_oai_metadata_is_read_and_what_was_deleted_is_passed_over(tmp_path: Path) -> None:
    text = OAI % f"<ListRecords>{ARXIV}{DELETED}{RAW}{DC}<resumptionToken>x|1</resumptionToken></ListRecords>"

    plain, raw, core = papers(read(tmp_path / "harvest.xml", text))

    assert (plain.id, plain.abstract) == ("arxiv:2401.00001", "  We count < 4\nwith care.\n")
    assert plain.title == "With a plain record, wrapped"
    assert (raw.id, raw.abstract) == ("arxiv:math/0309136", "We knot.")
    assert (core.id, core.abstract) == ("arxiv:0704.0001", "We collide.")
    assert core.where.endswith("harvest.xml, record 4")


@pytest.mark.parametrize(
    ("wanted", "left"),
    [("cs.LG", 1), ("stat.*", 1), ("math.gt", 1), ("hep-ph", 1), ("*", 3), ("cs", 0), ("econ.EM", 0)],
)
def test_categories_of_a_harvest(tmp_path: Path, wanted: str, left: int) -> None:
    text = OAI % f"<ListRecords>{ARXIV}{DELETED}{RAW}{DC}</ListRecords>"

    if left:
        assert len(papers(read(tmp_path / "harvest.xml", text, wanted))) == left
    else:
        with pytest.raises(NoPapers, match=f"harvest.xml: has no papers of {wanted}. Check --category"):
            read(tmp_path / "harvest.xml", text, wanted)


def test_errors_of_the_services_are_errors_here(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"an error of the archive: noRecordsMatch: Nothing"):
        read(tmp_path / "harvest.xml", OAI % '<error code="noRecordsMatch">Nothing</error>')
    with pytest.raises(BadInput, match=r"feed\.xml: contains an error of arXiv: incorrect id format for x"):
        read(tmp_path / "feed.xml", atom([arxiv_error("incorrect id format for x")], 1))


@pytest.mark.parametrize("where", ["title", "summary", "attribute"])
def test_entities_of_a_documents_own_are_refused(tmp_path: Path, where: str) -> None:
    text = atom([entry(works(1)[0])], 1).decode().partition("?>")[2]
    spots = {"title": ">Paper 0<", "summary": ">  We count", "attribute": 'rel="related"'}
    bad = {"title": ">&a8;<", "summary": ">&a8; We count", "attribute": 'rel="&a8;"'}

    with pytest.raises(BadInput, match=r"entities|entity") as caught:
        read(tmp_path / "feed.xml", BOMB + text.replace(spots[where], bad[where]))
    assert "\n" not in str(caught.value) and "feed.xml" in str(caught.value)


def test_no_file_is_drawn_in_and_nothing_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("TOP-SECRET")
    text = atom([entry(works(1)[0]).replace("Paper 0", "&x;")], 1).decode().partition("?>")[2]
    doctype = f'<!DOCTYPE feed [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'

    with pytest.raises(BadInput, match="declares its own entities"):
        read(tmp_path / "feed.xml", doctype + text)
    outside = f'<!DOCTYPE feed SYSTEM "file://{tmp_path}/secret">'
    assert "TOP-SECRET" not in str(read(tmp_path / "feed.xml", outside + text.replace("&x;", "y")))


def test_what_stands_before_an_error_is_kept_and_the_rest_is_said_to_be_lost(tmp_path: Path) -> None:
    text = atom([entry(work) for work in works(300)], 300).replace(b"</title>", b"</titel>", 251)
    whole = text.replace(b"</titel>", b"</title>", 250)

    found = read(tmp_path / "feed.xml", whole)

    assert len(found) > 240 and len(papers(found[:-1])) == len(found) - 1
    assert isinstance(found[-1], BadRecord)
    assert found[-1].where.endswith(f", entry {len(found)}") and "well-formed" in found[-1].reason
    cut = read(tmp_path / "cut.xml", atom([entry(work) for work in works(300)], 300)[:-3000])
    assert len(cut) > 290 and isinstance(cut[-1], BadRecord)
    with pytest.raises(BadInput, match="is not well-formed XML"):
        read(tmp_path / "bad.xml", b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><')


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    with path.open("wb") as out:
        head, _, tail = atom([entry(works(1)[0])], 1).partition(b"<entry>")
        out.write(head + (b"<entry>" + tail.removesuffix(b"</feed>")) * 30_000 + b"</feed>")
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("needs Linux")

    def resident_mb() -> float:
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    count, early = 0, 0.0
    for count, one in enumerate(open_source(str(path)), start=1):
        assert isinstance(one, Paper)
        if count == 3000:
            early = resident_mb()
    assert count == 30_000
    assert path.stat().st_size > 13 << 20 and resident_mb() - early < 8
