"""What is known of a publication costs no request: neither question nor finished card depends on it."""

import json
from pathlib import Path
from typing import Any

import pytest

from papercards.paper import Paper
from papercards.publication import Person, Publication
from papercards.taxonomy import Taxonomy
from tests.cli.test_enrich import cards, hosted, some, write
from tests.cli.test_warm import forget
from tests.conftest import Run
from tests.stub import Stub
from tests.test_reader import reader

__all__ = ["hosted"]

ABOUT = {"authors": ["Wei Zhang", "Bo Li"], "year": 2024, "venue": "Proc. of X", "citation_key": "zhang2024"}


def test_the_question_and_its_key_are_the_same_with_and_without(stub: Stub, taxonomy: Taxonomy) -> None:
    bare = Paper("arxiv:2401.03955", "Small models", "We train a model. It is good.")
    about = Publication((Person("Zhang", "Wei"),), year=2024, venue="Proc. of X", citation_key="k")
    known = Paper(bare.id, bare.title, bare.abstract, "a.bib:3", "https://e.org", told=lambda: about)

    one = reader(stub, taxonomy, None)
    assert one.question(known).key == one.question(bare).key
    assert one.question(known).shown == one.question(bare).shown


@pytest.mark.parametrize("forgotten", [None, "finished"])
def test_a_warm_rerun_asks_nobody_and_brings_what_the_source_says_now(
    run: Run, tmp_path: Path, stub: Stub, hosted: dict[str, str], forgotten: str | None
) -> None:
    def go(name: str, *more: dict[str, Any]) -> list[dict[str, Any]]:
        records = [one | about for one, about in zip(some(len(more)), more, strict=True)]
        write(tmp_path / "p.jsonl", *records)
        done = run("enrich", "p.jsonl", "--cache-dir", "c", "-o", name, **hosted)
        assert done.returncode == 0, done.stderr
        if forgotten:
            forget(tmp_path, forgotten)
        return cards(tmp_path / name)

    bare = go("bare.jsonl", {}, {}, {})
    assert len(stub.bodies) == 3
    full = go("full.jsonl", ABOUT, {}, ABOUT)
    changed = go("changed.jsonl", ABOUT, {}, ABOUT | {"venue": "Y", "year": 2025})

    assert len(stub.bodies) == 3
    assert "Zhang" not in json.dumps(stub.bodies) and "Proc. of X" not in json.dumps(stub.bodies)
    assert bare[0]["publication"] == {"source": "p.jsonl:1"}
    assert full[0]["publication"] == {
        "authors": [{"family": "Zhang", "given": "Wei"}, {"family": "Li", "given": "Bo"}],
        "year": 2024,
        "date": "2024",
        "venue": "Proc. of X",
        "citation_key": "zhang2024",
        "source": "p.jsonl:1",
    }
    assert changed[0] == full[0]
    assert (changed[2]["publication"]["venue"], changed[2]["publication"]["year"]) == ("Y", 2025)
    for one, other in zip(bare, full, strict=True):
        assert {**one, "publication": 0} == {**other, "publication": 0}


def test_a_rerun_of_a_corrected_library_finds_its_cards(run: Run, tmp_path: Path) -> None:
    entry = "@article{k, title={T of it}, abstract={We count. It works well.}, author={%s}, year=%s}\n"
    for name, author, year in (("a", "Zhang, Wei", 2023), ("b", "Zhang, Wei and Li, Bo", 2024)):
        (tmp_path / "l.bib").write_text(entry % (author, year))
        done = run("enrich", "l.bib", "-m", "baseline", "--force", "--cache-dir", "c", "-o", f"{name}.jsonl")
        assert done.returncode == 0, done.stderr

    (card,) = cards(tmp_path / "b.jsonl")
    assert json.loads((tmp_path / "b.run.json").read_text())["counts"]["cached"] == 1
    assert card["publication"]["year"] == 2024
    assert [one["family"] for one in card["publication"]["authors"]] == ["Zhang", "Li"]


def test_a_run_of_papers_without_any_abstract_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "l.bib").write_text("@book{k1, title={A}}\n@book{k2, title={B}}\n")
    done = run("enrich", "l.bib", "-m", "baseline", "-o", "c.jsonl")

    assert done.returncode == 1
    (line,) = (one for one in done.stderr.splitlines() if one.startswith("papercards: "))
    assert "2 papers without an abstract got no card: k1, k2 (the first, l.bib:1: has no abstract" in line
