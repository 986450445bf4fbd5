"""What can be checked of a one-sentence summary: its length, its numbers and names, its words.

ROUGE (Lin 2004, "ROUGE: a package for automatic evaluation of summaries") counts words shared with a
reference. It is a floor and not a goal: a title or a first sentence scores well in it, a good summary in
other words does not. So both stand beside it, and it serves to notice that something broke.

Computed as in the `rouge-score` package without stemming (the tests compare the two): lower case, runs of
ASCII letters and digits, F-measure, the better of the references.

Knows papers and text. Knows no models and no files.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from papercards.text import digits, numbers, sentences, words

_TOKEN = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")  # noqa: RUF001 - the curly apostrophe of typeset text


@dataclass(frozen=True, slots=True)
class Rouge:
    """F-measures, 0 to 1."""

    one: float
    """ROUGE-1: single words."""
    longest: float
    """ROUGE-L: the longest common subsequence."""


@dataclass(frozen=True, slots=True)
class SummaryScore:
    """One summary."""

    words: int
    numbers: tuple[str, ...]
    """Numbers in digits that the paper does not have."""
    names: tuple[str, ...]
    """Names that the paper does not have, see `names`."""
    rouge: Rouge | None
    """Against the references; None without any."""
    title: Rouge | None
    """What the title as a summary would score."""
    first: Rouge | None
    """What the first sentence would score."""


def score_summary(tldr: str, title: str, abstract: str, references: Sequence[str]) -> SummaryScore:
    """Check a summary against its paper, and against the reference summaries."""
    source = f"{title}\n{abstract}"
    spans = sentences(abstract)
    first = abstract[spans[0].start : spans[0].end] if spans else ""
    return SummaryScore(
        words=len(words(tldr)),
        numbers=tuple(sorted(digits(tldr) - numbers(source))),
        names=strange_names(tldr, source),
        rouge=best_rouge(tldr, references),
        title=best_rouge(title, references),
        first=best_rouge(first, references),
    )


def names(text: str) -> tuple[str, ...]:
    """Words that are written as names, in order, each once.

    A word with a capital or a digit after its first letter (`GPT-4o`, `ImageNet`, `BERT`), and a capitalised
    word that does not begin the text. A rule of thumb: it takes `English` for a name, and `adam` for none.
    """
    found = []
    for place, match in enumerate(_WORD.finditer(text)):
        word = match.group()
        inside = any(c.isupper() or c.isdigit() for c in word[1:]) and any(c.isalpha() for c in word)
        if inside or (place > 0 and word[0].isupper() and len(word) > 1):
            found.append(word)
    return tuple(dict.fromkeys(found))


def strange_names(text: str, source: str) -> tuple[str, ...]:
    """The names of a text that the source does not have in any case or number, hyphens aside.

    The parts of a name count by themselves: `LSTM-based` is known where `LSTM` is.
    """
    known = {part for word in _WORD.findall(source) for part in (_bare(word), *map(_bare, _parts(word)))}
    return tuple(
        name
        for name in names(text)
        if _bare(name) not in known
        and not all(_bare(part) in known for part in _parts(name) if any(c.isupper() for c in part))
    )


def _parts(word: str) -> list[str]:
    return [part for part in re.split(r"[-'’.]", word) if part]  # noqa: RUF001


def _bare(word: str) -> str:
    return re.sub(r"[-'’.]", "", word).casefold().removesuffix("s")  # noqa: RUF001


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
