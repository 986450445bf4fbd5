"""`NAME:` on the command line, and what of a source may be published."""

from pathlib import Path

import pytest

from papercards.sinks import destination
from papercards.sinks.interface import Output
from papercards.text.prefix import split


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("s2:DOI:10.1000/182", ("s2:", "DOI:10.1000/182")),
        ("arXiv:hep-th/9901001", ("arXiv:", "hep-th/9901001")),
        ("arxiv-query:cat:cs.LG", ("arxiv-query:", "cat:cs.LG")),
        ("vault:notes", ("vault:", "notes")),
        ("c:/papers.bib", ("", "c:/papers.bib")),
        ("https://arxiv.org/abs/2401.03955", ("", "https://arxiv.org/abs/2401.03955")),
        ("papers.jsonl", ("", "papers.jsonl")),
        ("my file: a.txt", ("", "my file: a.txt")),
    ],
)
def test_a_name_before_a_colon(word: str, parts: tuple[str, str]) -> None:
    assert split(word) == parts


@pytest.mark.parametrize(
    "source",
    [
        "s2:DOI:10.1000/182",
        "s2:649def34f8be52c8b66281af98ae884c09aef38b",
        "arXiv:hep-th/9901001",
        "doi:10.1000/182",
        "10.1000/182",
        "hep-th/9901001",
        "2401.03955",
        "arxiv-query:ti:a/b",
        "hf-daily:2026-11-24",
        "hf-dataset:owner/name",
        "openalex:W1,W2",
        "https://huggingface.co/papers/2401.03955",
    ],
)
def test_a_source_that_is_named_is_published_as_it_is(source: str) -> None:
    assert Output(Path("x"), (source,)).source_names == (source,)


def test_of_a_source_that_is_a_path_only_its_name_is_published(tmp_path: Path) -> None:
    (tmp_path / "182").write_text("x")
    sources = (
        "/home/me/secret/papers.bib",
        "drafts/papers.bib",
        f"hf-dataset:{tmp_path}",
        "hf-dataset:/home/me/gone",
        "~/papers.bib",
        "https://me:word@example.org/a?key=b",
    )

    assert Output(Path("x"), sources).source_names == (
        "papers.bib",
        "papers.bib",
        f"hf-dataset:{tmp_path.name}",
        "hf-dataset:gone",
        "papers.bib",
        "https://example.org/a",
    )


def test_an_output_names_its_format_in_front(tmp_path: Path) -> None:
    kind, place = destination(Path(f"jsonl:{tmp_path}/cards.txt"))

    assert (kind.name, place) == ("jsonl", tmp_path / "cards.txt")
