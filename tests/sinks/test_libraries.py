"""Libraries given back with tags: everything else byte for byte."""

import json
from pathlib import Path

import pytest

from papercards.bibliography.tags import tags
from papercards.errors import UsageError
from papercards.paper import Paper
from papercards.sinks import open_sink, read_cards
from papercards.sources import BadRecord, open_source
from tests.bibliography.tagged import HOSTILE
from tests.libraries import HERE, many
from tests.sinks.cards import card

TAGS = tags(card())
WORDS = ", ".join(TAGS.keywords)


def papers(*sources: Path) -> list[Paper]:
    found = [one for source in sources for one in open_source(str(source))]
    return [one for one in found if not isinstance(one, BadRecord)]


def write(output: Path | str, some: list[Paper], *sources: Path) -> None:
    sink = open_sink(Path(output), None, tuple(map(str, sources)))
    for one in some:
        sink.write(card(id=one.id, title=one.title), one)
    sink.close()


def test_500_entries_come_back_with_tags_and_nothing_else_is_touched(tmp_path: Path) -> None:
    source, out = tmp_path / "many.bib", tmp_path / "tagged.bib"
    source.write_bytes(many())

    write(out, papers(source), source)

    done = out.read_bytes()
    assert done.count(b"task/time-series-forecasting") == done.count(TAGS.note.encode()) == 500
    # What was put in, cut out by its words alone, leaves the file as it was.
    for end in ("\r\n", "\n"):
        done = done.replace(f",{end}  keywords = {{{WORDS}}}".encode(), b"")
        done = done.replace(f",{end}  annote = {{{TAGS.note}}}".encode(), b"")
        done = done.replace(f"{end}{TAGS.note}".encode(), b"")
    assert done.replace(f", {WORDS}".encode(), b"") == many()


def test_what_came_out_goes_in_again_and_comes_out_the_same(tmp_path: Path) -> None:
    for name in ("better-biblatex.bib", "jabref-latin1.bib", "zotero.ris", "endnote.ris"):
        out, again = tmp_path / name, tmp_path / f"again-{name}"

        write(out, papers(HERE / name), HERE / name)
        write(again, papers(out), out)

        assert out.read_bytes() == again.read_bytes() != (HERE / name).read_bytes()
        assert [(one.id, one.title, one.abstract) for one in papers(out)] == [
            (one.id, one.title, one.abstract) for one in papers(HERE / name)
        ]


def test_csl_comes_back_under_its_name(tmp_path: Path) -> None:
    source, out = HERE / "zotero-csl.json", tmp_path / "out.json"

    write(f"csl:{out}", papers(source), source)

    before, after = json.loads(source.read_bytes()), json.loads(out.read_bytes())
    for item in after:
        item["keyword"] = item["keyword"].removesuffix(WORDS).removesuffix(", ")
        item["note"] = item["note"].removesuffix(TAGS.note).removesuffix("\n")
    assert [{k: v for k, v in item.items() if v} for item in after] == before


@pytest.mark.parametrize(
    ("name", "output"),
    [("better-biblatex.bib", "o.bib"), ("zotero.ris", "o.ris"), ("zotero-csl.json", "csl:o.json")],
)
def test_papers_from_elsewhere_are_entries_behind_the_others(
    name: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = [
        Paper(
            "arxiv:2401.03955",
            'Tiny & "Mixers" {x}',
            "We are 50% small.",
            "p.jsonl:1",
            url="https://a.b/~c_d",
        ),
        Paper("doi:10.1000/a(b)<c>", "Odd DOI", "It is odd.", "p.jsonl:2"),
        Paper("sha256:00112233aabbccdd", "No name", "It has none.", "p.jsonl:3"),
    ]

    write(output, [*papers(HERE / name), *made], HERE / name)

    file = tmp_path / output.removeprefix("csl:")
    found = papers(file)[-3:]
    assert [(one.id, one.title, one.abstract) for one in found] == [
        (one.id, one.title, one.abstract) for one in made
    ]
    head = (HERE / name).read_bytes()[:40]
    assert file.read_bytes().startswith(head)


@pytest.mark.parametrize("output", ["o.bib", "o.ris", "csl:o.json"])
def test_without_a_library_all_entries_are_new(
    output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = [
        Paper(f"arxiv:2401.{n:05}", text, f"{text} It is.", f"p.jsonl:{n}")
        for n, text in enumerate(HOSTILE[:5])
    ]

    write(output, made)

    assert [one.id for one in papers(tmp_path / output.removeprefix("csl:"))] == [one.id for one in made]


def test_a_key_that_the_library_has_is_not_taken_again(tmp_path: Path) -> None:
    source, out = tmp_path / "a.bib", tmp_path / "o.bib"
    source.write_text("@misc{SHA256:00112233aabbccdd, title={T}, abstract={A}, doi={10.1000/x}}")

    write(out, [*papers(source), Paper("sha256:00112233aabbccdd", "U", "B", "p.txt:1")], source)

    _, second = papers(out)
    assert second.title == "U" and second.id.startswith("sha256:00112233aabbccdd-")


def test_several_libraries_and_a_folder_come_out_as_one(tmp_path: Path) -> None:
    one, folder, out = tmp_path / "one.bib", tmp_path / "folder", tmp_path / "o.bib"
    folder.mkdir()
    one.write_text("% first\n@misc{a, title={A}, abstract={x}}")
    (folder / "two.bib").write_text("% second\n@misc{b, title={B}, abstract={y}}\n")

    write(out, papers(one, folder), one, folder)

    text = out.read_text()
    assert text.index("% first") < text.index("@misc{a") < text.index("% second") < text.index("@misc{b")
    assert text.count(TAGS.note) == 2

    csl = [tmp_path / "x.json", tmp_path / "y.json"]
    for n, file in enumerate(csl):
        file.write_text(
            json.dumps([{"id": n, "type": "book", "title": f"T{n}", "abstract": "A", "issued": {}}])
        )
    write(f"csl:{tmp_path / 'z.json'}", papers(*csl), *csl)
    assert [item["id"] for item in json.loads((tmp_path / "z.json").read_text())] == [0, 1]


def test_the_source_may_be_the_output(tmp_path: Path) -> None:
    source = tmp_path / "a.bib"
    source.write_text("@misc{a, title={A}, abstract={x}}\n")

    write(source, papers(source), source)

    assert (
        source.read_text()
        == f"@misc{{a, title={{A}}, abstract={{x}}, keywords={{{WORDS}}}, annote={{{TAGS.note}}}}}\n"
    )


def test_an_abandoned_output_is_not_there_and_a_library_holds_no_cards(tmp_path: Path) -> None:
    source, out = HERE / "zotero.ris", tmp_path / "o.ris"
    sink = open_sink(out, None, (str(source),))
    sink.write(card(), papers(source)[0])
    sink.abandon()

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError, match="cards cannot be read back from ris"):
        list(read_cards(source))
    with pytest.raises(UsageError, match="csl:FILE"):
        open_sink(tmp_path / "x.docx")
