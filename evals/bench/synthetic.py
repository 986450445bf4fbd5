"""Papers for measurements: sentences of the seed corpus, put together at random, the same ones every time."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from papercards.evals.labels import SEED_CORPUS
from papercards.paper import Paper
from papercards.sources import BadRecord, open_source

CHARACTERS = 1300
"""Length of an abstract, about; arXiv's mean."""


def papers(count: int, seed: int = 0) -> Iterator[Paper]:
    """`count` papers, each with its own id, title and abstract."""
    chance = random.Random(seed)
    known = [one for one in open_source(str(SEED_CORPUS)) if not isinstance(one, BadRecord)]
    sentences = [one.sentence_text(n + 1) for one in known for n in range(len(one.sentences))]
    for number in range(count):
        abstract = ""
        while len(abstract) < CHARACTERS:
            abstract += chance.choice(sentences) + " "
        title = f"{chance.choice(known).title}, part {number}"
        yield Paper(f"synthetic:{number:08d}", title, abstract[:CHARACTERS].strip())


def line(paper: Paper) -> str:
    """The paper as a line of JSONL, with its end."""
    record = {"id": paper.id, "title": paper.title, "abstract": paper.abstract}
    return json.dumps(record, ensure_ascii=False) + "\n"


def write(path: Path, count: int, seed: int = 0) -> None:
    """Write `count` papers as JSONL."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(line(paper) for paper in papers(count, seed))
