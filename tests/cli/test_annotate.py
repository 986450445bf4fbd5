"""`annotate`, and `enrich` into a library, as a user runs them."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from papercards.cli.app import app
from papercards.errors import PapercardsError
from tests.conftest import Run
from tests.libraries import HERE, many
from tests.sinks.cards import card
from tests.zotero_stub import WEB_KEY, ZoteroStub, serving


@pytest.mark.parametrize("name", ["better-biblatex.bib", "zotero-csl.json"])
def test_a_library_is_enriched_annotated_and_restored(run: Run, tmp_path: Path, name: str) -> None:
    library = tmp_path / name
    original = (HERE / name).read_bytes()
    library.write_bytes(original)
    out = tmp_path / f"out{library.suffix}"
    output = f"csl:{out.name}" if library.suffix == ".json" else out.name
    enriched = run("enrich", name, "-m", "baseline", "-o", "cards.jsonl", "-o", output)
    assert "cards" in enriched.stderr and out.read_bytes() != original, enriched.stderr

    done = run("annotate", name, "--cards", "cards.jsonl")
    assert done.returncode == 0 and f"papercards annotate {name} --undo" in done.stderr
    assert library.read_bytes() == out.read_bytes()

    undone = run("annotate", name, "--undo")
    assert undone.returncode == 0, undone.stderr
    assert library.read_bytes() == original
    assert not list(tmp_path.glob("*.undo")) and not list(tmp_path.glob("*.partial"))


def test_the_diff_of_a_library_of_500_can_be_patched(run: Run, tmp_path: Path) -> None:
    library = tmp_path / "many.bib"
    library.write_bytes(many())
    enriched = run("enrich", "many.bib", "-m", "baseline", "-o", "c.jsonl", "-o", "t.bib")
    assert "500 cards" in enriched.stderr and "5 failed" in enriched.stderr
    assert 'has the same key "key20" as the entry in line' in enriched.stderr

    # Bytes: the file is not UTF-8 throughout, and neither is what is said of it.
    command = [sys.executable, "-m", "papercards", "annotate", "many.bib", "--cards", "c.jsonl", "--dry-run"]
    diff = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    assert library.read_bytes() == many()
    subprocess.run(["patch", "--binary", "-s", "many.bib"], cwd=tmp_path, check=True, input=diff)

    assert library.read_bytes() == (tmp_path / "t.bib").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["refs.bib"], "no cards given. Give the card file with --cards"),
        (["refs.bib", "--undo", "--dry-run"], "--undo cannot be combined with other options"),
        (["refs.bib", "--undo"], "refs.bib: nothing to undo. The undo file would be refs.bib.undo"),
        (["zotero:", "--cards", "c.jsonl", "-o", "x"], "--output: Zotero libraries are annotated in place"),
        (["c.jsonl", "--cards", "c.jsonl"], "c.jsonl: not a library that can be annotated"),
        (["refs.bib", "--cards", "c.jsonl"], "refs.bib: no entry matches any of these cards"),
        (["none.bib", "--cards", "c.jsonl"], "none.bib: cannot read: No such file"),
        (["zotero:", "--cards", "c.jsonl"], "zotero: Zotero does not respond at http://127.0.0.1:9/api"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAPERCARDS_ZOTERO_URL", "http://127.0.0.1:9/api")
    (tmp_path / "refs.bib").write_bytes((HERE / "better-biblatex.bib").read_bytes())
    (tmp_path / "c.jsonl").write_text(card().to_json() + "\n")

    error = CliRunner().invoke(app, ["annotate", *arguments]).exception

    assert isinstance(error, PapercardsError)
    assert str(error).startswith(why)
    assert (tmp_path / "refs.bib").read_bytes() == (HERE / "better-biblatex.bib").read_bytes()


def test_another_file_may_take_the_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.jsonl").write_text(card(id="doi:10.1109/cvpr.2016.90").to_json() + "\n")
    original = (HERE / "zotero.ris").read_bytes()
    (tmp_path / "a.ris").write_bytes(original)

    done = CliRunner().invoke(app, ["annotate", "a.ris", "--cards", "c.jsonl", "-o", "b.ris"])

    assert done.exit_code == 0 and "1 of 3 entries matched a card; written to b.ris" in done.stderr
    assert (tmp_path / "a.ris").read_bytes() == original
    assert (tmp_path / "b.ris").read_bytes().count(b"\nN1  - papercards: ") == 1


def zotero() -> ZoteroStub:
    stub = ZoteroStub(lasting=True)
    abstract = "We propose a method. It is 12% faster."
    stub.add("AAAA1111", "Attention Is All\x1b[31m", abstract, DOI="10.48550/arXiv.1706.03762")
    stub.add("BBBB2222", "No abstract", "")
    return stub


def test_zotero_is_enriched_annotated_and_restored(run: Run, tmp_path: Path) -> None:
    with serving(zotero()) as stub:
        where = {"PAPERCARDS_ZOTERO_URL": stub.url}
        enriched = run("enrich", "zotero:", "-m", "baseline", "-o", "cards.jsonl", **where)
        assert '"id":"arxiv:1706.03762"' in (tmp_path / "cards.jsonl").read_text()
        assert "zotero:BBBB2222: has an empty abstract" in enriched.stderr

        shown = run("annotate", "zotero:", "--cards", "cards.jsonl", "--dry-run", **where)
        assert "+tag: contribution/" in shown.stdout and "\x1b" not in shown.stdout
        assert stub.version == 100
        done = run("annotate", "zotero:", "--cards", "cards.jsonl", **where)
        assert done.returncode == 0 and "1 annotated" in done.stderr, done.stderr
        assert "papercards: " in stub.items["AAAA1111"]["extra"]
        undone = run("annotate", "zotero:", "--undo", **where)
        assert undone.returncode == 0, undone.stderr
        assert (stub.items["AAAA1111"]["extra"], stub.items["AAAA1111"]["tags"]) == ("", [])
    assert not list(tmp_path.glob("*.undo"))


def test_zotero_org_is_annotated_with_a_key_that_is_written_nowhere(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cards.jsonl").write_text(card(id="arxiv:1706.03762").to_json() + "\n")
    with serving(zotero(), web=True) as stub:
        where = {"PAPERCARDS_ZOTERO_URL": stub.url, "ZOTERO_API_KEY": WEB_KEY}
        done = run("annotate", "zotero:", "--cards", "cards.jsonl", **where)
        assert done.returncode == 0, done.stderr
        assert stub.keys == [WEB_KEY]
    assert WEB_KEY not in done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if WEB_KEY.encode() in path.read_bytes()]
