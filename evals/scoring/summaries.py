"""Checks a one-sentence summary: its length, its numbers and names, its words.

ROUGE (Lin 2004, "ROUGE: a package for automatic evaluation of summaries") counts words shared with a
reference. It is a sanity check, not a goal: a title or a first sentence scores well, a good summary in
different words does not. So both are reported beside it, and it only serves to notice that something broke.

Computed as in the `rouge-score` package without stemming (the tests compare the two): lower case, runs of
ASCII letters and digits, F-measure, the better of the references.

Knows papers and text. Knows no models and no files.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from papercards.reading.proper_names import strange_names
from papercards.text.spans import sentences, strange_numbers, words

_TOKEN = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Rouge:
    """ROUGE F-measures, 0 to 1."""

    one: float
    """ROUGE-1: single words."""
    longest: float
    """ROUGE-L: the longest common subsequence."""


@dataclass(frozen=True, slots=True)
class SummaryScore:
    """The checks of one summary."""

    words: int
    numbers: tuple[str, ...]
    """Numbers in digits that are not in the paper."""
    names: tuple[str, ...]
    """Names that are not in the paper, see `papercards.reading.proper_names`."""
    rouge: Rouge | None
    """Score against the references; None without references."""
    title: Rouge | None
    """Score of the title as a summary."""
    first: Rouge | None
    """Score of the first sentence as a summary."""


def score_summary(tldr: str, title: str, abstract: str, references: Sequence[str]) -> SummaryScore:
    """Check a summary against its paper, and against the reference summaries."""
    source = f"{title}\n{abstract}"
    spans = sentences(abstract)
    first = abstract[spans[0].start : spans[0].end] if spans else ""
    return SummaryScore(
        words=len(words(tldr)),
        numbers=tuple(sorted(strange_numbers(tldr, source))),
        names=strange_names(tldr, source),
        rouge=best_rouge(tldr, references),
        title=best_rouge(title, references),
        first=best_rouge(first, references),
    )


def rouge(text: str, reference: str) -> Rouge:
    """ROUGE-1 and ROUGE-L of a text against one reference; 0 where either has no words."""
    guess, truth = _TOKEN.findall(text.lower()), _TOKEN.findall(reference.lower())
    shared = sum((Counter(guess) & Counter(truth)).values())
    return Rouge(
        _f_measure(shared, len(guess), len(truth)),
        _f_measure(_longest_common(guess, truth), len(guess), len(truth)),
    )


def best_rouge(text: str, references: Sequence[str]) -> Rouge | None:
    """The best F-measures over the references; None without any."""
    scores = [rouge(text, reference) for reference in references]
    if not scores:
        return None
    return Rouge(max(score.one for score in scores), max(score.longest for score in scores))


def _f_measure(shared: int, guess: int, truth: int) -> float:
    return 2 * shared / (guess + truth) if shared else 0.0


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for place, twin in enumerate(other, start=1):
            above = row[place]
            row[place] = diagonal + 1 if word == twin else max(above, row[place - 1])
            diagonal = above
    return row[-1]
