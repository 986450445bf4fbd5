"""How well each label of a field fits a paper, from words alone.

For every pair of paper and label a handful of numbers is computed (how close the definition is, what the
nearest training papers carry, which keywords occur, how common the label is), and one logistic regression
with weights shared by all labels turns them into a probability. Shared weights are what a few dozen training
papers can pay for, and they let a label that was never seen in training be judged by its definition.

Knows texts and definitions. Knows no files; what was fitted is handed in.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..taxonomy import LABEL_FIELDS, Size, Taxonomy
from .features import Vector, add, cosine, runs, sigmoid, terms, tokens, weigh
from .parameters import FieldFit, TrainedPaper

TITLE_WEIGHT = 3.0
"""How many times the words of the title count."""
LONGEST_KEYWORD = 4
NEIGHBOURS = 10
DEFINED = 3
"""How many of the features need nothing but a definition; they come first."""

Row = tuple[float, ...]


def count(title: str, abstract: str) -> dict[str, float]:
    """The terms of a paper."""
    return add((terms(title), TITLE_WEIGHT), (terms(abstract), 1.0))


def phrase(keyword: str) -> str:
    """A keyword as `runs` spells it."""
    return " ".join(tokens(keyword))


@dataclass(frozen=True, slots=True)
class _Words:
    vector: Vector
    title: Vector
    runs: Mapping[str, int]
    title_runs: Mapping[str, int]
    similarities: Sequence[float]
    """To each training paper, in order; 0 for the one left out."""
    nearest: Sequence[int]


class Tagger:
    """The features of every label of a taxonomy for a paper."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        *,
        rarity: Mapping[str, float],
        keyword_rarity: Mapping[str, float],
        keywords: Mapping[str, Mapping[str, Iterable[str]]],
        papers: Sequence[TrainedPaper],
    ) -> None:
        self._rarity = rarity
        self._unknown = max(rarity.values())
        self._keyword_rarity = keyword_rarity
        self._papers = papers
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, paper in enumerate(papers):
            for term, weight in paper.terms.items():
                self._postings[term].append((number, weight))
        self._definitions: dict[str, dict[str, Vector]] = {}
        self._phrases: dict[str, dict[str, tuple[str, ...]]] = {}
        self._shared: dict[str, Counter[str]] = {}
        wanted: set[str] = set()
        for field in LABEL_FIELDS:
            counted = {
                label: terms(f"{label.replace('-', ' ')} {definition}")
                for label, definition in taxonomy.labels[field].items()
            }
            for found in counted.values():
                wanted.update(found)
            known = keywords.get(field, {})
            self._phrases[field] = {
                label: tuple(sorted({phrase(word) for word in known.get(label, ())} - {""}))
                for label in counted
            }
            self._shared[field] = Counter(word for words in self._phrases[field].values() for word in words)
            self._definitions[field] = {
                label: weigh(found, rarity, self._unknown) for label, found in counted.items()
            }
        self._pairs = wanted | set(rarity)
        carried: dict[str, set[str]] = {field: set() for field in LABEL_FIELDS}
        for paper in papers:
            for field in LABEL_FIELDS:
                carried[field].update(paper.labels.get(field, {}))
        self._seen = {
            field: frozenset(
                label
                for label in self._definitions[field]
                if label in carried[field] or label in keywords.get(field, {})
            )
            for field in LABEL_FIELDS
        }

    def known(self, field: str) -> frozenset[str]:
        """The labels of a field of which more than the definition is known."""
        return self._seen[field]

    def features(
        self, title: str, abstract: str, *, leave_out: int | None = None
    ) -> dict[str, dict[str, Row]]:
        """The rows of all labels for a paper; `leave_out` is its own number if it is a training paper."""
        words = self._words(title, abstract, leave_out)
        return {field: self._rows(field, words, leave_out) for field in LABEL_FIELDS}

    def _words(self, title: str, abstract: str, leave_out: int | None) -> _Words:
        kept = {
            term: value
            for term, value in count(title, abstract).items()
            if " " not in term or term in self._pairs
        }
        vector = weigh(kept, self._rarity, self._unknown)
        similarities = [0.0] * len(self._papers)
        for term, weight in vector.items():
            for number, other in self._postings.get(term, ()):
                similarities[number] += weight * other
        if leave_out is not None:
            similarities[leave_out] = 0.0
        order = sorted(range(len(similarities)), key=lambda number: -similarities[number])
        spoken = tokens(title)
        return _Words(
            vector=vector,
            title=weigh(terms(title), self._rarity, self._unknown),
            runs=runs([*spoken, ".", *tokens(abstract)], LONGEST_KEYWORD),
            title_runs=runs(spoken, LONGEST_KEYWORD),
            similarities=similarities,
            nearest=order[:NEIGHBOURS],
        )

    def _rows(self, field: str, words: _Words, leave_out: int | None) -> dict[str, Row]:
        votes: dict[str, float] = defaultdict(float)
        pull: dict[str, float] = defaultdict(float)
        mass: dict[str, float] = defaultdict(float)
        near = frozenset(words.nearest)
        for number, paper in enumerate(self._papers):
            if number == leave_out:
                continue
            for label, share in paper.labels.get(field, {}).items():
                mass[label] += share
                pull[label] += share * words.similarities[number]
                if number in near:
                    votes[label] += share * words.similarities[number]
        nearby = sum(words.similarities[number] for number in words.nearest) or 1.0
        size = len(self._papers) - (leave_out is not None)
        raw: dict[str, Row] = {}
        for label, definition in self._definitions[field].items():
            hits = title_hits = 0.0
            for word in self._phrases[field][label]:
                if word in words.runs:
                    weight = self._keyword_rarity.get(word, self._unknown) / math.sqrt(
                        self._shared[field][word]
                    )
                    hits += weight * (1 + math.log(words.runs[word]))
                    if word in words.title_runs:
                        title_hits += weight
            raw[label] = (
                cosine(words.vector, definition),
                cosine(words.title, definition),
                votes[label] / nearby,
                pull[label] / math.sqrt(mass[label]) if mass[label] else 0.0,
                math.log((mass[label] + 0.5) / (size + 1)),
                hits,
                title_hits,
            )
        best = [max(column) or 1.0 for column in zip(*raw.values(), strict=True)]
        return {
            label: (
                row[0],
                row[1],
                row[0] / best[0],
                row[2],
                row[2] / best[2],
                row[3],
                row[4],
                math.log1p(row[5]),
                row[5] / best[5],
                float(row[6] > 0),
                row[6] / best[6],
            )
            for label, row in raw.items()
        }


def probabilities(fit: FieldFit, rows: Mapping[str, Row], known: frozenset[str]) -> dict[str, float]:
    """The probability of each label; `known` are those with more than a definition."""
    return {
        label: sigmoid(
            fit.trained.model.log_odds(row) if label in known else fit.defined.model.log_odds(row[:DEFINED])
        )
        for label, row in rows.items()
    }


def choose(chances: Mapping[str, float], fit: FieldFit, known: frozenset[str], size: Size) -> tuple[str, ...]:
    """The labels to give, the likeliest first: all above the threshold, within the size of the field."""
    order = sorted(chances, key=lambda label: (-chances[label], label))
    if order and order[0] in fit.alone and size.least <= 1:
        return (order[0],)
    chosen: list[str] = []
    for label in order:
        if len(chosen) == size.most:
            break
        cut = fit.trained if label in known else fit.defined
        wanted = chances[label] >= cut.threshold and label not in fit.alone
        if wanted or len(chosen) < size.least:
            chosen.append(label)
    return tuple(chosen)
