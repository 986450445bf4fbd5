"""How well each label of a field fits a paper, from words alone.

For every pair of paper and label a handful of numbers is computed (how close the definition is, which
keywords occur, what a regression of the label's own on all words says), and one logistic regression with
weights shared by all labels turns them into a probability. Shared weights let a label with few training
papers lean on the rest, and a label that was never seen in training be judged by its definition.

Knows texts and definitions. Knows no files; what was fitted is handed in.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...taxonomy import LABEL_FIELDS, Size, Taxonomy
from .features import Vector, add, runs, sigmoid, terms, tokens, weigh
from .parameters import FieldFit, WordFit

TITLE_WEIGHT = 3.0
"""How many times the words of the title count."""
LONGEST_KEYWORD = 4
UNSEEN = -8.0
"""Log odds of a label with keywords that no training paper carries, by its words."""
CANDIDATES = 3
"""Labels that are told where none is likely enough."""
MAIN = "-main"
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
class _Field:
    labels: tuple[str, ...]
    known: frozenset[str]
    """Those of which more than the definition is known."""
    definitions: Mapping[str, Sequence[tuple[str, float]]]
    """Term to the labels whose definition has it, with its weight there."""
    keywords: Mapping[str, Sequence[tuple[str, float]]]
    """Run of stems to the labels that have it as a keyword, with its weight."""


Logits = Mapping[str, Mapping[str, float]]
"""Field to label to log odds; of its being the main label under the field's name with `MAIN` behind it."""


class Tagger:
    """The features of every label of a taxonomy for a paper."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        *,
        rarity: Mapping[str, float],
        keyword_rarity: Mapping[str, float],
        keywords: Mapping[str, Mapping[str, Iterable[str]]],
        words: WordFit | None = None,
    ) -> None:
        """Without `words`, their log odds are given to `features`, or are unknown."""
        self._rarity = rarity
        self._unknown = max(rarity.values())
        self._keyword_rarity = keyword_rarity
        self._words = words
        self._rows = {term: number for number, term in enumerate(rarity)}
        self._trained: dict[str, set[str]] = defaultdict(set)
        for field, label in words.labels if words is not None else ():
            self._trained[field].add(label)
        self._fields = {
            field: self._field(field, taxonomy.labels[field], keywords.get(field, {}))
            for field in LABEL_FIELDS
        }
        self._known_terms = frozenset(rarity).union(*(one.definitions for one in self._fields.values()))

    def _field(self, name: str, labels: Mapping[str, str], keywords: Mapping[str, Iterable[str]]) -> _Field:
        definitions: dict[str, list[tuple[str, float]]] = defaultdict(list)
        phrases: dict[str, list[str]] = defaultdict(list)
        for label, definition in labels.items():
            counted = terms(f"{label.replace('-', ' ')} {definition}")
            for term, weight in weigh(counted, self._rarity, self._unknown).items():
                definitions[term].append((label, weight))
            for word in sorted({phrase(keyword) for keyword in keywords.get(label, ())} - {""}):
                phrases[word].append(label)
        return _Field(
            labels=tuple(labels),
            known=frozenset(label for label in labels if label in self._trained[name] or label in keywords),
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

    def vector(self, title: str, abstract: str) -> Vector:
        """The terms of a paper that were seen in training, weighed."""
        kept = {term: n for term, n in count(title, abstract).items() if term in self._rarity}
        return weigh(kept, self._rarity, self._unknown)

    def words(self, title: str, abstract: str) -> Vector:
        """All terms of a paper, weighed, also those that were not seen in training."""
        return weigh(count(title, abstract), self._rarity, self._unknown)

    def features(self, title: str, abstract: str, logits: Logits | None = None) -> dict[str, dict[str, Row]]:
        """The rows of all labels for a paper; `logits` defaults to what the weights of its words give."""
        if logits is None:
            logits = self._logits(self.vector(title, abstract))
        vector = weigh(
            {t: n for t, n in count(title, abstract).items() if t in self._known_terms},
            self._rarity,
            self._unknown,
        )
        spoken = tokens(title)
        heading = weigh(terms(title), self._rarity, self._unknown)
        said = runs([*spoken, ".", *tokens(abstract)], LONGEST_KEYWORD)
        titled = runs(spoken, LONGEST_KEYWORD)
        return {
            field: self._field_rows(
                self._fields[field],
                vector,
                heading,
                said,
                titled,
                (logits.get(field, {}), logits.get(field + MAIN, {})),
            )
            for field in LABEL_FIELDS
        }

    def _logits(self, vector: Vector) -> Logits:
        return {} if self._words is None else word_log_odds(self._words, self._rows, vector)

    @staticmethod
    def _field_rows(
        own: _Field,
        vector: Vector,
        heading: Vector,
        said: Mapping[str, int],
        titled: Mapping[str, int],
        logits: Sequence[Mapping[str, float]],
    ) -> dict[str, Row]:
        close = _closeness(vector, own.definitions)
        title_close = _closeness(heading, own.definitions)
        hits: dict[str, float] = defaultdict(float)
        title_hits: dict[str, float] = defaultdict(float)
        # Sorted, because sets have no order and sums of floats depend on it.
        for word in sorted(own.keywords.keys() & said.keys()):
            for label, weight in own.keywords[word]:
                hits[label] += weight * (1 + math.log(said[word]))
                if word in titled:
                    title_hits[label] += weight
        closest = max((close[label] for label in own.labels), default=0.0) or 1.0
        most = max(hits.values(), default=0.0) or 1.0
        most_titled = max(title_hits.values(), default=0.0) or 1.0
        beside = beside_tops(logits, own.labels)
        return {
            label: (
                close[label],
                title_close[label],
                close[label] / closest,
                math.log1p(hits[label]),
                hits[label] / most,
                float(title_hits[label] > 0),
                title_hits[label] / most_titled,
                *beside[label],
            )
            for label in own.labels
        }


def word_log_odds(words: WordFit, rows: Mapping[str, int], vector: Vector) -> Logits:
    """The log odds of each label for a paper; `rows` has the number of each term's row of weights."""
    size = len(words.labels)
    weights = memoryview(words.weights).cast("b")
    sums = [0.0] * size
    for term, value in vector.items():
        if (row := rows.get(term)) is not None:
            sums = [
                total + value * weight
                for total, weight in zip(sums, weights[row * size : (row + 1) * size], strict=True)
            ]
    found: dict[str, dict[str, float]] = defaultdict(dict)
    columns = zip(words.labels, sums, words.scales, words.biases, strict=True)
    for (field, label), total, scale, bias in columns:
        found[field][label] = bias + scale * total
    return found


def _closeness(vector: Vector, definitions: Mapping[str, Sequence[tuple[str, float]]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for term, weight in vector.items():
        for label, other in definitions.get(term, ()):
            found[label] += weight * other
    return found


def beside_tops(tables: Sequence[Mapping[str, float]], labels: Iterable[str]) -> dict[str, Row]:
    """For each label its log odds in each table, each followed by its distance to the greatest there."""
    labels = list(labels)
    columns = [[table.get(label, UNSEEN) for label in labels] for table in tables]
    tops = [max(column, default=UNSEEN) for column in columns]
    return {
        label: tuple(
            value
            for column, top in zip(columns, tops, strict=True)
            for value in (column[place], column[place] - top)
        )
        for place, label in enumerate(labels)
    }


def judged(
    fits: Mapping[str, FieldFit], rows: Mapping[str, Mapping[str, Row]], known: Mapping[str, frozenset[str]]
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """By field what `probabilities` gives for each label, and what `mains` does."""
    return (
        {field: probabilities(fits[field], rows[field], known[field]) for field in LABEL_FIELDS},
        {field: mains(fits[field], rows[field], known[field]) for field in LABEL_FIELDS},
    )


def probabilities(fit: FieldFit, rows: Mapping[str, Row], known: frozenset[str]) -> dict[str, float]:
    """The probability of each label; `known` are those with more than a definition."""
    return {
        label: sigmoid(
            fit.trained.model.log_odds(row) if label in known else fit.defined.model.log_odds(row[:DEFINED])
        )
        for label, row in rows.items()
    }


def mains(fit: FieldFit, rows: Mapping[str, Row], known: frozenset[str]) -> dict[str, float]:
    """How strongly each label asks to be the main one; by its definition where no more is known of it."""
    return {
        label: fit.main.log_odds(row) if label in known else fit.defined.model.log_odds(row[:DEFINED])
        for label, row in rows.items()
    }


def choose(
    chances: Mapping[str, float],
    fit: FieldFit,
    known: frozenset[str],
    size: Size,
    main: Mapping[str, float] | None = None,
) -> tuple[str, ...]:
    """The labels to give, the main one first, then the likeliest: all above the threshold, at most `size`.

    `main` scores each as the main one (default: its probability). There may be fewer labels than a paper
    should have, see `candidates`.
    """
    likely = [
        label
        for label in sorted(chances, key=lambda label: (-chances[label], label))
        if chances[label] >= (fit.trained if label in known else fit.defined).threshold
    ]
    if likely and likely[0] in fit.alone and size.least <= 1:
        return (likely[0],)
    chosen = [label for label in likely if label not in fit.alone][: size.most]
    if main is not None:
        first = max(chosen, key=lambda label: (main[label], label), default=None)
        chosen.sort(key=lambda label: label != first)
    return tuple(chosen)


def candidates(chances: Mapping[str, float], chosen: Sequence[str], size: Size) -> tuple[str, ...]:
    """The likeliest labels beside those that were given, where these are fewer than a paper should have."""
    if len(chosen) >= size.least:
        return ()
    others = sorted(chances.keys() - set(chosen), key=lambda label: (-chances[label], label))
    return tuple(others[: max(CANDIDATES, size.least - len(chosen))])
