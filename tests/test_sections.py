"""Sections of a full text beside the abstract: read, numbered, quoted, checked; and papers without them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from papercards.card import Card
from papercards.paper import Paper, Section
from papercards.reading import evidence
from papercards.reading.prompting import card_prompt
from papercards.reading.tagger_reader import BaselineReader
from papercards.runs.card_lines import CardLines
from papercards.sources.full_text.outline import MAX_CHARACTERS, Heading, Paragraph, kind_of, pick
from papercards.taxonomy import Taxonomy
from tests.conftest import Run
from tests.sources import pdfs
from tests.stub import Stub


@pytest.fixture
def full(paper: Paper) -> Paper:
    end = "We counted to 4. It is 30% faster than before.\n\nWe release the code at https://github.com/c/d."
    return replace(
        paper,
        sections=(
            Section("Conclusion", end, ((0, 8), (17, 9))),
            Section("Data Availability", "The data set is available at https://zenodo.org/1."),
        ),
    )


def test_sentences_are_numbered_across_all_parts(full: Paper) -> None:
    own = len(replace(full, sections=()).sentences)

    assert full.sentence_text(own + 1) == "We counted to 4."
    assert full.sentence_text(own + 2) == "It is 30% faster than before."
    assert full.section_of(own) is None
    assert full.section_of(own + 1) == full.sections[0]
    assert full.section_of(own + 4) == full.sections[1]
    assert len(full.sentences) == own + 4
    assert full.text.startswith(f"{full.abstract}\n\nWe counted")


def test_evidence_counts_in_the_section_that_it_names_and_knows_its_page(full: Paper) -> None:
    own = len(replace(full, sections=()).sentences)

    quoted = evidence.evidence(full, own + 2)

    assert (quoted.section, quoted.page, quoted.place) == ("Conclusion", 9, "Conclusion, p. 9")
    assert full.sections[0].text[quoted.start : quoted.end] == quoted.text == "It is 30% faster than before."
    assert evidence.evidence(full, own + 1).page == 8
    assert evidence.evidence(full, own + 4).place == "Data Availability"
    assert evidence.evidence(full, 1).place == ""


def test_a_card_of_an_abstract_has_no_word_of_sections(paper: Paper, taxonomy: Taxonomy) -> None:
    line = BaselineReader(taxonomy).card(paper).to_json()

    assert "section" not in line
    assert "page" not in line
    assert Card.model_validate_json(line).to_json() == line


def test_a_card_of_a_full_text_survives_its_file_and_its_check(full: Paper, taxonomy: Taxonomy) -> None:
    card = BaselineReader(taxonomy).card(full)
    again = Card.model_validate_json(card.to_json())

    assert again == card
    assert {claim.evidence.section for claim in card.claims} >= {None, "Conclusion"}
    assert card.reproducibility.data.evidence is not None
    assert card.reproducibility.data.evidence.section == "Data Availability"
    assert [(one.url, one.section, one.page) for one in card.reproducibility.links] == [
        ("https://github.com/a/b", None, None),
        ("https://github.com/c/d", "Conclusion", 9),
        ("https://zenodo.org/1", "Data Availability", None),
    ]
    assert evidence.check(again, full) == []


def test_the_labels_of_the_baseline_follow_from_the_abstract(full: Paper, taxonomy: Taxonomy) -> None:
    reader = BaselineReader(taxonomy)
    with_sections, alone = reader.card(full), reader.card(replace(full, sections=()))

    assert (with_sections.tldr, with_sections.tasks, with_sections.modalities) == (
        alone.tldr,
        alone.tasks,
        alone.modalities,
    )
    own = [claim for claim in with_sections.claims if claim.evidence.section is None]
    assert tuple(own) == alone.claims


def test_verification_tells_a_changed_quote_a_wrong_page_and_a_section_not_read(
    full: Paper, taxonomy: Taxonomy
) -> None:
    card = BaselineReader(taxonomy).card(full)
    claim = next(one for one in card.claims if one.evidence.section)

    def faults(**changes: object) -> list[str]:
        changed = claim.model_copy(update={"evidence": claim.evidence.model_copy(update=changes)})
        return evidence.check(card.model_copy(update={"claims": (changed,)}), full)

    assert faults() == []
    assert "a different text" in faults(text=claim.evidence.text.upper())[0]
    assert "is not sentence" in faults(page=77)[0]
    assert "was not read; use the same --sections" in faults(section="Appendix")[0]
    assert "was not read; use the same --sections" in evidence.check(card, replace(full, sections=()))[0]


def test_the_prompt_shows_sections_under_their_names_and_is_as_before_without(
    full: Paper, taxonomy: Taxonomy
) -> None:
    prompt = card_prompt(taxonomy, {})
    alone, shown = prompt.show(replace(full, sections=())), prompt.show(full)
    own = alone.sentences

    assert alone.content.count("[") == own
    assert "Section:" not in alone.content
    assert shown.sentences == own + 4
    assert f"\nSection: Conclusion\n[{own + 1}] We counted to 4.\n[{own + 2}] It is" in shown.content
    assert shown.content.startswith(alone.content.removesuffix("\n</paper>"))
    assert shown.flags == ()


def test_what_does_not_fit_is_left_out_from_the_end_with_a_flag(full: Paper, taxonomy: Taxonomy) -> None:
    prompt = card_prompt(taxonomy, {})
    own = prompt.show(replace(full, sections=()))
    budget = len(own.source) + 60

    shown = prompt.show(full, budget)

    assert own.sentences < shown.sentences < len(full.sentences)
    assert shown.flags == ("sections-cut",)
    assert prompt.show(full, 80).flags == ("abstract-cut",)


def test_a_section_that_was_cut_when_it_was_read_is_flagged(full: Paper, taxonomy: Taxonomy) -> None:
    cut = replace(full, sections=(replace(full.sections[0], whole=False),))

    assert "sections-cut" in BaselineReader(taxonomy).card(cut).flags
    assert "sections-cut" not in BaselineReader(taxonomy).card(full).flags


def test_finished_lines_are_told_apart_by_sections(full: Paper, tmp_path: Path) -> None:
    finished = CardLines(tmp_path, {"model": "m"})
    alone = replace(full, sections=())
    moved = replace(full, sections=(replace(full.sections[0], pages=((0, 9),)), full.sections[1]))
    line = f'{{"id":"{full.id}",}}'.encode()
    finished.keep(full, line)
    finished.close()

    finished = CardLines(tmp_path, {"model": "m"})
    assert finished.recall([full, alone, moved]) == [line, None, None]
    finished.close()


def test_all_is_bounded_and_says_so() -> None:
    blocks = [
        part
        for n in range(9)
        for part in (Heading(f"{n} Part {n}", 1), Paragraph("A sentence of words. " * 500, ((0, n + 1),)))
    ]

    sections = pick(blocks, ["all"])

    assert sum(len(one.text) for one in sections) <= MAX_CHARACTERS
    assert [one.whole for one in sections] == [*[True] * (len(sections) - 1), False]
    assert sections[-1].text.endswith("words.")
    assert [one.name for one in sections] == [f"Part {n}" for n in range(len(sections))]


def test_sections_with_one_name_are_told_apart() -> None:
    blocks = [Heading("Conclusion", 1), Paragraph("One."), Heading("Conclusion", 1), Paragraph("Two.")]

    assert [one.name for one in pick(blocks, ["conclusion"])] == ["Conclusion", "Conclusion (2)"]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("5 Conclusions", "conclusion"),
        ("VI. CONCLUSION AND FUTURE WORK", "conclusion"),
        ("C O N C L U S I O N S", "conclusion"),
        ("Concluding remarks", "conclusion"),
        ("Summary and Outlook", "conclusion"),
        ("Discussion and Conclusion", "conclusion"),
        ("4.2. Discussion", "discussion"),
        ("Data Availability Statement", "availability"),
        ("Code availability", "availability"),
        ("Availability of data and materials", "availability"),
        ("1 I NTRODUCTION", "introduction"),
        ("A R T I C L E I N F O A B S T R A C T", "abstract"),
        ("Acknowledgments", "thanks"),
        ("R EFERENCES", "references"),
        ("3 Counting with care", ""),
        ("To address these limitations, we propose a new way, a", ""),
    ],
)
def test_headings_are_known_however_they_are_set(heading: str, kind: str) -> None:
    assert kind_of(heading) == kind


def enrich(run: Run, *more: str, **variables: str) -> list[dict[str, object]]:
    done = run("enrich", "paper.pdf", "-m", "baseline", *more, **variables)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_command_reads_verifies_and_reruns_sections(run: Run, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdfs.one_column())
    wanted = ("--sections", "abstract,conclusion,availability")

    printed = run("summarize", "paper.pdf", "-m", "baseline", *wanted)
    made = run("enrich", "paper.pdf", "-m", "baseline", *wanted, "-o", "cards.jsonl", "-o", "cards.md")
    verified = run("verify", "cards.jsonl", "--source", "paper.pdf", *wanted)
    forgotten = run("verify", "cards.jsonl", "--source", "paper.pdf")
    again = run("rerun", "cards.run.json")

    assert printed.returncode == 0, printed.stderr
    assert "(Conclusion, p. 3)" in " ".join(printed.stdout.split())
    assert made.returncode == 0, made.stderr
    assert "(Conclusion, p. 3)" in (tmp_path / "cards.md").read_text()
    (card,) = [json.loads(line) for line in (tmp_path / "cards.jsonl").read_text().splitlines()]
    assert {claim["evidence"].get("section") for claim in card["claims"]} >= {"Conclusion"}
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert forgotten.returncode == 1
    assert "use the same --sections as when the card was made" in forgotten.stdout
    assert again.returncode == 0, again.stderr
    assert "identical to the recorded bytes" in again.stderr


def test_a_section_that_there_is_not_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdfs.one_column())

    done = run("summarize", "paper.pdf", "-m", "baseline", "--sections", "conclusion,appendices")

    assert done.returncode == 2
    assert done.stderr.startswith('papercards: --sections: unknown section "appendices". ')


def test_a_hosted_model_sees_them(run: Run, tmp_path: Path, stub: Stub) -> None:
    (tmp_path / "paper.pdf").write_bytes(pdfs.one_column())
    where = ("--base-url", stub.url, "-m", "openai/stub", "--json")

    done = run("summarize", "paper.pdf", *where, "--sections", "conclusion", OPENAI_API_KEY="sk-x")
    alone = run("summarize", "paper.pdf", *where, OPENAI_API_KEY="sk-x")

    assert done.returncode == 0, done.stderr
    assert alone.returncode == 0, alone.stderr
    with_sections, without = stub.papers()
    assert "Section: Conclusion\n" in with_sections
    assert pdfs.text().conclusion.split(". ")[0] in with_sections
    assert with_sections.startswith(without.removesuffix("\n</paper>"))
