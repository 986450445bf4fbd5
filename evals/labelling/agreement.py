"""Measures how well the passes of a label file agree, which tells how high a figure can sensibly be.

All figures are over pairs of passes of the same paper; with more than two passes all pairs count. Sentences
are those of the paper. The self-agreement of a model over repeated queries is computed in the same way
(`retest`). Krippendorff's alpha for sets weighs a disagreement by the MASI distance (Passonneau 2006,
"Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation"), both from NLTK.

Knows no models and no files.
"""

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from papercards.card import NOT_ANSWERED, Card, FieldValue
from papercards.errors import importing
from papercards.paper import Paper
from papercards.taxonomy import LABEL_FIELDS

from ..label_file import ARTIFACTS, FIELDS, Labelled, Reading, join
from ..scoring.metrics import Counts, accuracy, cohen_kappa, ratio, total
from ..scoring.own_fields import score_value
from ..scoring.run import PaperResult
from ..scoring.score import PaperScore, all_values, as_reading, score_reading
from ..scoring.sentences import NO_CLAIM, sentence_classes

_EMPTY = frozenset({""})
"""Replaces the empty set, whose MASI distance to itself is undefined."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two passes in one field; None for undefined or inapplicable figures."""

    field: str
    """The field, one of `score.FIELDS` or an own one."""
    papers: int
    """Number of papers with at least two passes."""
    f1: float | None
    """F1 of one pass against the other, over labels, claim sentences, artifacts that are not `not-stated`, or
    values and records of own fields.
    """
    exact: float | None = None
    """Share of pairs with the same answer: the whole set, the status, or the value by the rules of scores."""
    same_main: float | None = None
    """Share of pairs with the same first label."""
    alpha: float | None = None
    """Krippendorff's alpha of the sets."""
    kappa: float | None = None
    """Cohen's kappa of the first label, the sentence classes, the status, or the option of an own field."""
    same_kind: float | None = None
    """Share with the same kind, among sentences that both call a claim."""


def agree(labelled: Sequence[Labelled], papers: Iterable[Paper]) -> tuple[Agreement, ...]:
    """The agreement in every field of `score.FIELDS`, then in every own field.

    Raises BadInput for a record without a paper, and MissingExtra without NLTK. Without any paper with two
    passes, all rows are None.
    """
    joined = join(labelled, papers)
    rows = [_of_labels(field, *_passes(field, joined)) for field in LABEL_FIELDS]
    rows.append(_of_claims(*_passes("claims", joined)))
    rows += [_of_status(name, *_passes(name, joined)) for name in ARTIFACTS]
    own = dict.fromkeys(name for item in labelled for one in item.readings for name in one.own)
    return (*rows, *(_of_own(name, labelled) for name in own))


def ceiling(labelled: Sequence[Labelled], papers: Iterable[Paper] = ()) -> dict[str, dict[str, float | None]]:
    """The score of each pass when it is used as if it were a model and measured against the others.

    Maps fields of `score.FIELDS` and own ones to their figures, over every choice of the pass that is used as
    the model. With two passes, precision, recall and F1 of a label field are
    therefore the same number. It is stricter than the scoring of a model: a model is not penalised where the
    passes differ, so it can score above the ceiling. With `papers`, claims also have the `kappa` of the
    sentence classes. Papers with one pass are not counted; if there are no others, every figure is None.
    """
    scores = [score for item in labelled for score in _stand_ins(item)]
    table = {field: dict(row) for field, row in all_values(scores).items() if field != "mean"}
    known = tuple(papers)
    if known or any(item.abstract is not None for item in labelled):
        table["claims"]["kappa"] = _of_claims(*_passes("claims", join(labelled, known))).kappa
    return table


def retest(papers: Sequence[PaperResult]) -> tuple[Agreement, ...]:
    """The self-agreement of a model that was queried several times for each paper.

    Each answer counts as a pass. Papers without an answer in every repeat are not counted. Raises
    MissingExtra without NLTK.
    """
    asked = []
    for paper in papers:
        cards = [card for card in (paper.card, *paper.again) if card is not None]
        if len(cards) == 1 + len(paper.again):
            asked.append(replace(paper.labelled, readings=tuple(map(_as_reading, cards)), fields=FIELDS))
    return agree(asked, ())


def _as_reading(card: Card) -> Reading:
    own = {name: one for name, one in card.fields.items() if one.missing != NOT_ANSWERED}
    return replace(as_reading(card), own=own)


_Pairs = Sequence[tuple[Paper, Reading, Reading]]
"""A paper and two of its passes."""


def _passes(field: str, joined: Iterable[tuple[Labelled, Paper]]) -> tuple[_Pairs, int]:
    """All pairs of passes that have the field, and the number of papers."""
    pairs = [
        (paper, one, other)
        for item, paper in joined
        if field in item.fields
        for one, other in itertools.combinations(item.readings, 2)
    ]
    return pairs, len({paper.id for paper, _, _ in pairs})


def _of_labels(field: str, pairs: _Pairs, papers: int) -> Agreement:
    lists = [(one.labels(field), other.labels(field)) for _, one, other in pairs]
    counts = total(Counts(len({*a} & {*b}), len({*a} - {*b}), len({*b} - {*a})) for a, b in lists)
    mains = [(a[0], b[0]) for a, b in lists if a and b]
    first, second = [a for a, _ in mains], [b for _, b in mains]
    sets: dict[str, dict[Reading, frozenset[str]]] = {}
    for paper, *both in pairs:
        for reading in both:
            sets.setdefault(paper.id, {})[reading] = frozenset(reading.labels(field))
    return Agreement(
        field,
        papers,
        counts.f1,
        exact=accuracy({*a} == {*b} for a, b in lists),
        same_main=accuracy(a == b for a, b in mains),
        alpha=set_alpha({name: tuple(found.values()) for name, found in sets.items()}),
        kappa=cohen_kappa(first, second),
    )


def _of_status(name: str, pairs: _Pairs, papers: int) -> Agreement:
    statuses = [(one.status(name), other.status(name)) for _, one, other in pairs]
    stated = total(_compare(a != "not-stated", b != "not-stated") for a, b in statuses)
    return Agreement(
        name,
        papers,
        stated.f1,
        exact=accuracy(a == b for a, b in statuses),
        kappa=cohen_kappa([a for a, _ in statuses], [b for _, b in statuses]),
    )


def _of_claims(pairs: _Pairs, papers: int) -> Agreement:
    first: list[str] = []
    second: list[str] = []
    for paper, one, other in pairs:
        first += sentence_classes(paper, one.claims)
        second += sentence_classes(paper, other.claims)
    classes = list(zip(first, second, strict=True))
    both = [(a, b) for a, b in classes if NO_CLAIM not in (a, b)]
    counts = total(_compare(a != NO_CLAIM, b != NO_CLAIM) for a, b in classes)
    return Agreement(
        "claims",
        papers,
        counts.f1,
        kappa=cohen_kappa(first, second),
        same_kind=ratio(sum(a == b for a, b in both), len(both)),
    )


def _of_own(name: str, labelled: Sequence[Labelled]) -> Agreement:
    sets: dict[str, tuple[FieldValue, ...]] = {}
    for item in labelled:
        values = tuple(one.own[name] for one in item.readings if name in one.own)
        if len(values) > 1:
            sets[item.id] = values
    pairs = [pair for values in sets.values() for pair in itertools.combinations(values, 2)]
    scores = [score_value(one, [other]) for one, other in pairs]
    kinds = {one.type for values in sets.values() for one in values}
    chosen = [(str(one.value), str(other.value)) for one, other in pairs] if kinds & {*_OPTIONS} else []
    options = {paper: tuple(frozenset(one.texts) for one in values) for paper, values in sets.items()}
    return Agreement(
        name,
        len(sets),
        total(one.counts for one in scores).f1,
        exact=accuracy(one.right for one in scores),
        alpha=set_alpha(options) if kinds == {"labels"} else None,
        kappa=cohen_kappa([one for one, _ in chosen], [other for _, other in chosen]),
    )


_OPTIONS = ("label", "boolean")


def _compare(one: bool, other: bool) -> Counts:
    return Counts(hits=int(one and other), wrong=int(one and not other), missed=int(other and not one))


def set_alpha(sets: Mapping[str, Sequence[frozenset[str]]]) -> float | None:
    """Krippendorff's alpha with the MASI distance over item to the sets of its passes, in order.

    None if no item has two passes, or if all sets are the same, since then alpha is undefined. Raises
    MissingExtra without NLTK.
    """
    rated = [
        (str(coder), item, labels or _EMPTY)
        for item, passes in sets.items()
        if len(passes) > 1
        for coder, labels in enumerate(passes)
    ]
    distinct: set[Hashable] = {labels for _, _, labels in rated}
    if len(distinct) < 2:
        return None
    with importing("the agreement of label sets", "eval"):
        from nltk.metrics.agreement import AnnotationTask
        from nltk.metrics.distance import masi_distance
    return float(AnnotationTask(data=rated, distance=masi_distance).alpha())


def _stand_ins(item: Labelled) -> Iterator[PaperScore]:
    for place, guess in enumerate(item.readings):
        if truth := [*item.readings[:place], *item.readings[place + 1 :]]:
            yield score_reading(guess, item, truth)
