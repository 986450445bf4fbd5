"""Synthetic papers, the same in every run: `python evals/bench/papers.py 1000 papers.jsonl`.

Titles are those of the seed corpus; abstracts are its sentences in new company, about 1,300 characters.
Each abstract begins with its mark `[doc N]`, which the stub endpoint says again in its answer: so a card
shows whether it is about its own paper.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

CORPUS = Path(__file__).parents[1] / "corpus" / "hf-papers-listing.txt"
ABSTRACT_CHARACTERS = 1300
_PLAIN = re.compile(r"[\w ,;:.()/%'-]+[.!?]")
"""Formulas and odd quotes can keep a sentence from ending, so that an abstract would be one sentence."""


def papers(count: int) -> Iterator[dict[str, str]]:
    """Papers 0 to `count`, as records with id, title and abstract."""
    titles, sentences = _material()
    for number in range(count):
        # Of all that Random gives, only random() is promised to stay the same in later Pythons.
        draw = Random(number).random
        abstract = f"[doc {number}]"
        while len(abstract) < ABSTRACT_CHARACTERS:
            abstract = f"{abstract} {sentences[int(draw() * len(sentences))]}"
        title = titles[int(draw() * len(titles))]
        yield {"id": paper_id(number), "title": title, "abstract": abstract}


def paper_id(number: int) -> str:
    """The id of paper `number`; its card has it too."""
    return f"doc-{number}"


def mark(number: int) -> str:
    """What the answer about paper `number` begins with."""
    return f"[doc {number}]"


def write(path: Path, count: int) -> Path:
    """Write them as JSONL."""
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(paper, ensure_ascii=False) + "\n" for paper in papers(count))
    return path


def _material() -> tuple[list[str], list[str]]:
    """Titles and sentences of the seed corpus: two lines of head, then title and abstract in turn."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()[2:]
    sentences = [
        sentence
        for abstract in lines[1::2]
        for sentence in re.split(r"(?<=[.!?]) +(?=[A-Z])", abstract.strip())
        if 40 <= len(sentence) <= 300 and _PLAIN.fullmatch(sentence)
    ]
    return [title.removeprefix("Subscribe") for title in lines[0::2]], sentences


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
