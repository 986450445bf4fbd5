"""Scores the values of own fields against those of annotators.

The rule is that of the shipped fields: what every reading has is required, what only some have is acceptable.
A null is the answer that the paper does not say. A value is right when it is what any one reading says:

- `label`, `labels`, `boolean`: the same options;
- `number`, `quantity`: within a tolerance, units converted; ranges at both ends;
- `date`: as far as the reading knows it;
- `text`: the same words in the same order; `overlap` is the F1 of the words (Rajpurkar et al. 2016);
- `list`: records are matched by the assignment with the greatest agreement (Kuhn 1955), the mean over their
  parts; a record is right when all its parts are. `overlap` is the F1 of the agreements.

Knows values. Knows no models and no files; needs the `eval` extra (SciPy, and pint for units).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from papercards.card import (
    NOT_ANSWERED,
    NOT_ASKED,
    NOT_IN_TEXT,
    UNCERTAIN,
    FieldRow,
    FieldValue,
    Scalar,
)

from .metrics import Counts, ratio
from .units import close, same_quantity

TOLERANCE = 0.01
"""Share by which a number may differ."""
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class OwnScore:
    """The score of one own field of one paper."""

    counts: Counts
    """Options, values or records that are right, wrong and missed."""
    right: bool
    """Whether the whole value is right, a null included; what is not answered is not."""
    overlap: float | None = None
    """Agreement of texts or records, 0 to 1; None for other types, and where both sides have nothing."""
    answered: bool = True
    """False if the model left it open, was not asked, or cannot answer such fields."""

    @property
    def right_if_answered(self) -> bool | None:
        """Whether an answer is right; None without one."""
        return self.right if self.answered else None


FIGURES = ("precision", "recall", "f1", "accuracy", "answered", "accuracy_of_answered", "overlap")
"""Figures of an own field: of its options, values or records; share of papers with all right, of all papers;
share that is answered; share with all right among those; agreement."""


_UNANSWERED = (NOT_ANSWERED, NOT_ASKED, NOT_IN_TEXT, UNCERTAIN)


def score_value(
    predicted: FieldValue | None, expected: Sequence[FieldValue], *, tolerance: float = TOLERANCE
) -> OwnScore:
    """Score a value against those of all readings; None stands for a paper that failed.

    A value that the model leaves open, was not asked for, or cannot answer, counts as missing, and is not
    right even if the paper does not state it. Raises MissingExtra for quantities without pint.
    """
    found = _scored(predicted, expected, tolerance)
    if predicted is not None and predicted.missing in _UNANSWERED:
        return replace(found, right=False, answered=False)
    return found


def _scored(predicted: FieldValue | None, expected: Sequence[FieldValue], tolerance: float) -> OwnScore:
    kind = expected[0].type
    if kind in ("label", "labels"):
        return _of_options(predicted, expected)
    if kind == "list":
        return _of_records(predicted, expected, tolerance)
    stated = [one for one in expected if one.value is not None]
    answer = predicted if predicted is not None and predicted.value is not None else None
    hit = answer is not None and any(_same(answer, one, tolerance) for one in stated)
    required = len(stated) == len(expected)
    counts = Counts(
        hits=int(hit and required),
        wrong=int(answer is not None and not hit),
        missed=int(required and not hit),
    )
    # A paper that failed has not said that there is nothing.
    right = hit or (predicted is not None and answer is None and len(stated) < len(expected))
    overlap = None
    if kind == "text" and (stated or answer is not None):
        overlap = max((word_f1(_text(answer), _text(one)) for one in expected), default=0.0)
    return OwnScore(counts, right, overlap)


def _of_options(predicted: FieldValue | None, expected: Sequence[FieldValue]) -> OwnScore:
    said = {label.label for label in predicted.labels} if predicted is not None else set()
    sets = [{label.label for label in one.labels} for one in expected]
    required, acceptable = set.intersection(*sets), set.union(*sets)
    counts = Counts(len(said & required), len(said - acceptable), len(required - said))
    return OwnScore(counts, predicted is not None and counts.wrong == counts.missed == 0)


def _same(one: FieldValue, reading: FieldValue, tolerance: float) -> bool:
    mine, theirs = one.value, reading.value
    if reading.type in ("number", "quantity"):
        if not _is_number(mine) or not _is_number(theirs):
            return False
        ends = [(float(mine), float(theirs))]  # type: ignore[arg-type]
        if one.high is not None or reading.high is not None:
            if one.high is None or reading.high is None:
                return False
            ends.append((one.high, reading.high))
        if reading.type == "quantity":
            return all(same_quantity(a, one.unit, b, reading.unit, tolerance) for a, b in ends)
        return all(close(a, b, tolerance) for a, b in ends)
    if reading.type == "date":
        return isinstance(mine, str) and isinstance(theirs, str) and mine.startswith(theirs)
    if reading.type == "text":
        return _words(_text(one)) == _words(_text(reading))
    return mine == theirs


def _of_records(predicted: FieldValue | None, expected: Sequence[FieldValue], tolerance: float) -> OwnScore:
    """Against the reading with which the records agree best."""
    said = predicted.rows if predicted is not None else ()
    scores = [_against(said, reading.rows, tolerance) for reading in expected]
    best = max(scores, key=lambda one: (one.overlap if one.overlap is not None else 1.0, one.counts.hits))
    if predicted is None:
        return OwnScore(best.counts, False, best.overlap)
    return best


def _against(said: Sequence[FieldRow], reading: Sequence[FieldRow], tolerance: float) -> OwnScore:
    if not said and not reading:
        return OwnScore(Counts(), True)
    pairs = matched(said, reading, tolerance)
    hits = sum(agreement == 1 for _, _, agreement in pairs)
    counts = Counts(hits, len(said) - hits, len(reading) - hits)
    overlap = 2 * sum(agreement for _, _, agreement in pairs) / (len(said) + len(reading))
    return OwnScore(counts, counts.wrong == counts.missed == 0, overlap)


def matched(
    said: Sequence[FieldRow], reading: Sequence[FieldRow], tolerance: float = TOLERANCE
) -> list[tuple[int, int, float]]:
    """The pairs of records that belong together, as indices with their agreement, which is above 0."""
    if not said or not reading:
        return []
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    table = np.array([[agreement(one.values, other.values, tolerance) for other in reading] for one in said])
    rows, columns = linear_sum_assignment(table, maximize=True)
    return [
        (int(i), int(j), float(table[i, j])) for i, j in zip(rows, columns, strict=True) if table[i, j] > 0
    ]


def agreement(one: Mapping[str, Scalar], other: Mapping[str, Scalar], tolerance: float) -> float:
    """The mean agreement of the parts of two records that either has: 1 if all are the same."""
    there = [
        name for name in dict.fromkeys((*one, *other)) if (one.get(name), other.get(name)) != (None, None)
    ]
    # The unit of a part is compared with its number.
    names = [name for name in there if not (name.endswith(_UNIT) and name.removesuffix(_UNIT) in there)]
    parts = [_part(one, other, name, tolerance) for name in names]
    return sum(parts) / len(parts) if parts else 1.0


_UNIT = "_unit"


def _part(one: Mapping[str, Scalar], other: Mapping[str, Scalar], name: str, tolerance: float) -> float:
    mine, theirs = one.get(name), other.get(name)
    if mine is None or theirs is None:
        return 0.0
    if _is_number(mine) and _is_number(theirs):
        unit, wanted = (str(row.get(name + _UNIT) or "") for row in (one, other))
        return float(same_quantity(float(mine), unit, float(theirs), wanted, tolerance))
    if isinstance(mine, str) and isinstance(theirs, str):
        return word_f1(mine, theirs)
    return float(mine == theirs)


def word_f1(one: str, other: str) -> float:
    """F1 of the words of two texts, as often as they come; 1 for the same words, 0 if either is empty."""
    mine, theirs = _words(one), _words(other)
    shared = (Counter(mine) & Counter(theirs)).total()
    return ratio(2 * shared, len(mine) + len(theirs)) or 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _text(value: FieldValue | None) -> str:
    return value.value if value is not None and isinstance(value.value, str) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
