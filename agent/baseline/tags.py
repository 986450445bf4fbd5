"""How well each label of a field fits a paper, from words alone.

For every pair of paper and label a handful of numbers is computed (how close the definition is, what the
nearest training papers carry, which keywords occur, how common the label is), and one logistic regression
with weights shared by all labels turns them into a probability. Shared weights are what a few dozen training
papers can pay for, and they let a label that was never seen in training be judged by its definition.

Knows texts and definitions. Knows no files; what was fitted is handed in.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..taxonomy import LABEL_FIELDS, Size, Taxonomy
from .features import Vector, add, runs, sigmoid, terms, tokens, weigh
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


@dataclass(frozen=True, slots=True)
class _Field:
    labels: tuple[str, ...]
    known: frozenset[str]
    """Those of which more than the definition is known."""
    definitions: Mapping[str, Sequence[tuple[str, float]]]
    """Term to the labels whose definition has it, with its weight there."""
    keywords: Mapping[str, Sequence[tuple[str, float]]]
    """Run of stems to the labels that have it as a keyword, with its weight."""


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
        self._fields = {
            field: self._field(field, taxonomy.labels[field], keywords.get(field, {}))
            for field in LABEL_FIELDS
        }
        self._terms = frozenset(rarity).union(*(field.definitions for field in self._fields.values()))

    def _field(self, name: str, labels: Mapping[str, str], keywords: Mapping[str, Iterable[str]]) -> _Field:
        definitions: dict[str, list[tuple[str, float]]] = defaultdict(list)
        phrases: dict[str, list[str]] = defaultdict(list)
        for label, definition in labels.items():
            counted = terms(f"{label.replace('-', ' ')} {definition}")
            for term, weight in weigh(counted, self._rarity, self._unknown).items():
                definitions[term].append((label, weight))
            for word in sorted({phrase(keyword) for keyword in keywords.get(label, ())} - {""}):
                phrases[word].append(label)
        carried = {label for paper in self._papers for label in paper.labels.get(name, {})}
        return _Field(
            labels=tuple(labels),
            known=frozenset(label for label in labels if label in carried or label in keywords),
            definitions=definitions,
            keywords={
                word: [
                    (label, self._keyword_rarity.get(word, self._unknown) / math.sqrt(len(having)))
                    for label in having
                ]
                for word, having in phrases.items()
            },
        )

    def known(self, field: str) -> frozenset[str]:
        """The labels of a field of which more than the definition is known."""
        return self._fields[field].known

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
            if " " not in term or term in self._terms
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
        own = self._fields[field]
        close = _closeness(words.vector, own.definitions)
        title_close = _closeness(words.title, own.definitions)
        hits: dict[str, float] = defaultdict(float)
        title_hits: dict[str, float] = defaultdict(float)
        # Sorted, because sets have no order and sums of floats depend on it.
        for word in sorted(own.keywords.keys() & words.runs.keys()):
            for label, weight in own.keywords[word]:
                hits[label] += weight * (1 + math.log(words.runs[word]))
                if word in words.title_runs:
                    title_hits[label] += weight
        raw: dict[str, Row] = {
            label: (
                close[label],
                title_close[label],
                votes[label] / nearby,
                pull[label] / math.sqrt(mass[label]) if mass[label] else 0.0,
                math.log((mass[label] + 0.5) / (size + 1)),
                hits[label],
                title_hits[label],
            )
            for label in own.labels
        }
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


def _closeness(vector: Vector, definitions: Mapping[str, Sequence[tuple[str, float]]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for term, weight in vector.items():
        for label, other in definitions.get(term, ()):
            found[label] += weight * other
    return found


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
