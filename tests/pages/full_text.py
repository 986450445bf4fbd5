"""A paper with sections and the card that a run made of it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from papercards.card import Card
from papercards.paper import Paper
from papercards.sinks import read_cards
from papercards.sources import Options, open_source
from tests.conftest import environment_of
from tests.sources import pdfs

SECTIONS = "conclusion,availability"


@dataclass(frozen=True)
class Full:
    """A PDF and the card that `enrich --sections` made of it."""

    folder: Path
    cards: Path
    card: Card
    paper: Paper

    @property
    def source(self) -> list[str]:
        return ["--source", str(self.folder / "papers")]

    def claim(self, section: str | None) -> int:
        """A claim in the abstract or a section, by its sentence."""
        return next(one.evidence.sentence for one in self.card.claims if one.evidence.section == section)

    def free(self, section: str) -> int:
        """A sentence in a section that is no claim."""
        claimed = {one.evidence.sentence for one in self.card.claims}
        return next(
            number
            for number in range(1, len(self.paper.sentences) + 1)
            if number not in claimed and (found := self.paper.section_of(number)) and found.name == section
        )


def read(folder: Path, *sections: str) -> Paper:
    (paper,) = open_source(str(folder), Options(sections=sections))
    assert isinstance(paper, Paper), paper
    return paper


def enriched(folder: Path) -> Full:
    """A PDF in a folder, through `papercards enrich --sections`."""
    (folder / "papers").mkdir()
    (folder / "papers" / "paper.pdf").write_bytes(pdfs.one_column())
    command = ["enrich", "papers", "-m", "baseline", "--sections", SECTIONS, "-o", "cards.jsonl"]
    environment = environment_of(folder / "home")
    subprocess.run([sys.executable, "-m", "papercards", *command], cwd=folder, env=environment, check=True)
    (card,) = read_cards(folder / "cards.jsonl")
    return Full(folder, folder / "cards.jsonl", card, read(folder / "papers", *SECTIONS.split(",")))
