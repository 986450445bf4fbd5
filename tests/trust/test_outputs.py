"""No link is followed for a name that papercards made, and no text of a paper becomes code in an output."""

import json
import os
import re
from pathlib import Path

import pytest

from papercards.card import Card
from papercards.safety.safe_files import make_folders, open_derived, write_whole
from papercards.sinks import open_sink
from papercards.sinks.delimited import inert as inert_cell
from papercards.sinks.escaping import code
from tests.trust.conftest import Host, Program

BASELINE = ("enrich", "p.jsonl", "-m", "baseline", "-o")


def precious(victim: Path) -> Path:
    victim.write_text("precious\n")
    return victim


@pytest.mark.parametrize("kind", ["link", "hard link", "dangling link"])
@pytest.mark.parametrize(
    ("output", "derived"),
    [
        ("out/c.jsonl", "out/c.jsonl.partial"),
        ("out/c.jsonl", "out/c.run.json"),
        ("out/c.jsonl", "out/c.run.json.partial"),
        ("out/c.jsonl", "out/c.errors.jsonl"),
        ("out/c.csv", "out/c.csv.partial"),
        ("out/c.md", "out/c.md.partial"),
        ("out/c.sqlite", "out/c.sqlite.partial"),
        ("out/c.sqlite", "out/c.sqlite.writing"),
        ("out/c.sqlite", "out/c.metadata.json"),
        ("out/c.parquet", "out/c.parquet.partial"),
        ("vault:out", "out/.papercards.lock"),
        ("vault:out", "out/.papercards.partial"),
        ("vault:out", "out/Paper cards.md"),
        ("dataset:out", "out/README.md"),
        ("dataset:out", "out/README.md.partial"),
    ],
)
def test_a_link_at_a_derived_name_leads_nowhere(
    kind: str, output: str, derived: str, program: Program
) -> None:
    victim = precious(Path("../victim").resolve())
    Path("out").mkdir()
    if kind == "hard link":
        os.link(victim, derived)
    else:
        Path(derived).symlink_to(victim if kind == "link" else "../../nowhere")
    # A record that is none, so that there is something to write into the errors file.
    with Path("p.jsonl").open("a") as papers:
        papers.write("no record\n")
    done = program(*BASELINE, output)

    assert done.code in (0, 1, 2) and "internal error" not in done.err, done.err
    assert victim.read_text() == "precious\n" and not Path("../nowhere").exists()


@pytest.mark.parametrize("shard", ["c-00000-of-00002.jsonl", "c-00001-of-00002.jsonl.partial"])
def test_shards_follow_no_links(shard: str, program: Program) -> None:
    victim = precious(Path("../victim"))
    Path(shard).symlink_to(victim)
    assert program(*BASELINE, "c.jsonl", "--shards", "2").code == 0
    assert victim.read_text() == "precious\n"


def test_a_link_that_the_user_names_is_followed_and_stays(program: Program) -> None:
    Path("../elsewhere").mkdir()
    Path("c.jsonl").symlink_to("../elsewhere/cards.jsonl")
    assert program(*BASELINE, "c.jsonl").code == 0
    assert Path("c.jsonl").is_symlink() and Path("../elsewhere/cards.jsonl").read_text().startswith("{")


@pytest.mark.parametrize("name", ["assets", "charts", "data.js", "index.html", "index.html.partial"])
def test_a_site_is_written_into_its_folder_alone(name: str, program: Program) -> None:
    program(*BASELINE, "c.jsonl")
    outside = Path("../outside").resolve()
    outside.mkdir()
    victim = precious(Path("../victim").resolve())
    Path("site").mkdir()
    Path("site", name).symlink_to(victim if "." in name else outside)
    done = program("export", "site", "c.jsonl", "--source", "p.jsonl", "-o", "site")

    assert list(outside.iterdir()) == [] and victim.read_text() == "precious\n"
    assert done.code == 0 or (done.code == 2 and name in done.err), done.err


def test_a_data_set_is_written_into_its_folder_alone(program: Program) -> None:
    outside = Path("../outside")
    outside.mkdir()
    (outside / "cards-00000.parquet").write_text("precious\n")
    Path("out").mkdir()
    Path("out/data").symlink_to("../../outside")
    done = program(*BASELINE, "dataset:out")

    assert done.code == 2 and "data" in done.err
    assert (outside / "cards-00000.parquet").read_text() == "precious\n"


def test_batch_files_go_through_no_link(program: Program, host: Host) -> None:
    outside = Path("../outside")
    outside.mkdir()
    (outside / "0001.jsonl").write_text("precious\n")
    Path("c.jsonl.batch.requests").symlink_to(outside)
    asked = ("enrich", "p.jsonl", "-o", "c.jsonl", "--batch-api", "-m", "openai/m", "--base-url", host.url)
    done = program(*asked)
    assert done.code == 2 and "is a link" in done.err and host.asked == []
    assert [file.name for file in outside.iterdir()] == ["0001.jsonl"]
    Path("c.jsonl.batch.requests").unlink()
    victim = precious(Path("../victim"))
    for name in ("c.jsonl.batch.json", "c.jsonl.batch.lock"):
        Path(name).symlink_to("../nowhere")
    program(*asked)
    assert victim.read_text() == "precious\n" and not Path("../nowhere").exists()


def test_watch_review_and_results_follow_no_derived_link(program: Program) -> None:
    for name in ("c.watch.json", "c.watch.json.partial", "baseline.json.partial"):
        Path(name).symlink_to("../nowhere")
    assert program("watch", "p.jsonl", "-o", "c.jsonl", "-m", "baseline", "--once").code == 0
    Path("results").mkdir()
    Path("results/baseline.json").symlink_to("../../nowhere")
    done = program("eval", "run", "-m", "baseline", "--limit", "2", "-o", "results")
    assert Path("results/baseline.json").is_file() and not Path("results/baseline.json").is_symlink(), (
        done.err
    )
    Path("c.review.jsonl").symlink_to("../nowhere")
    refused = program("review", "apply", "c.jsonl", "-o", "d.jsonl")
    assert refused.code == 2 and "is a symbolic link" in refused.err
    assert not Path("../nowhere").exists()


def test_what_is_no_regular_file_is_not_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        os.close(open_derived(tmp_path / "pipe"))
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError):
        make_folders(tmp_path / "link" / "more", tmp_path)
    (tmp_path / "file").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "file", b"x")
    assert not (tmp_path / "target").exists() and (tmp_path / "file").stat().st_mode & 0o777 == 0o600


HOSTILE = [
    '<%* require("child_process").exec("touch /tmp/owned") %>',
    "<% tp.file.title %>",
    "{{title}} {{date:YYYY}}",
    "{% raw %} {# x #} ${7*7}",
    "`= dv.current()` `$= app.vault.delete(1)`",
    "$= 1 and = 2",
    "{{{a}}} <<%= x %>>",
]
_CODE = re.compile(r"<%|\{\{|\{%|\{#|\$\{|(?<!\\)`\s*\$?\s*=")


def card_with(tmp_path: Path, text: str, program: Program) -> Card:
    """A card that has a text in every field that takes one."""
    program(*BASELINE, "base.jsonl")
    record = json.loads(Path("base.jsonl").read_text())
    record |= {"id": text, "title": text, "tldr": text, "flags": [text]}
    record["provenance"] |= {"model": text, "created": text, "prompt": text, "taxonomy": text}
    for field in ("tasks", "modalities", "contributions"):
        record[field] = [{"label": text, "confidence": 0.5}]
    return Card.model_validate_json(json.dumps(record))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_note_holds_code_of_a_template_language(text: str, tmp_path: Path, program: Program) -> None:
    card = card_with(tmp_path, text, program)
    for output in ("vault:v", "v.md"):
        sink = open_sink(Path(output))
        sink.write(card, None)
        sink.close()
    notes = [*Path("v").rglob("*.md"), Path("v.md")]
    assert len(notes) > 3
    for note in notes:
        found = _CODE.search(note.read_text())
        assert found is None, (note, note.read_text()[found.start() - 40 : found.end() + 40])
        assert not _CODE.search(note.name), note


@pytest.mark.parametrize("text", ["= 1", "$= 1", " =dv", "$ = x", "=", "$$=x"])
def test_inline_code_is_no_query(text: str) -> None:
    assert code(text).strip("`").strip().startswith("'")


@pytest.mark.parametrize("cell", ['"=1+1', "'=1", '" =1', '""@SUM(A1)', "=1", "\t=1", "\uff1d1", ' "\n=1'])
def test_no_cell_is_a_formula_behind_quotes_and_spaces_either(cell: str) -> None:
    assert inert_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ['"Attention" is all', "a = b", "12% better", "'t is so", "x"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert inert_cell(cell) == cell
