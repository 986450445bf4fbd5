"""Shares of features by group, with intervals, from cards and, if there are any, from hand labels.

Knows cards and label files. Knows no files of cards and no drawings.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..card import UNCERTAIN, Card
from ..card_fields import condition, singular
from ..errors import BadInput, UsageError
from ..evals.label_file import check_split, read_labels
from ..evals.labelling.label_texts import label_file
from ..text.wording import counted
from .groups import DOUBTFUL, Counts, Group, grouping, shares
from .intervals import wilson
from .labelled import LabelledPapers, Labels

SMALL = 10
"""Number of papers below which a group is marked as small."""


@dataclass(frozen=True, slots=True)
class Row:
    """The share of one feature in one group."""

    group: Group
    """A value for each grouping field: None if the cards have none, `uncertain` if none is likely enough."""
    feature: str
    """The feature, such as `code=released`."""
    n: int
    """Number of cards in the group that tell whether they have the feature."""
    count: int
    """Number of these that have it."""
    unknown: int
    """Number of cards in the group that do not tell."""
    share: float | None = None
    """The share of papers with the feature: `count / n`, or corrected; None if n is 0."""
    low: float | None = None
    high: float | None = None
    method: str = ""
    """Method of the interval: `wilson`, `prediction-powered`, or empty if there is none."""
    labelled: int | None = None
    """Number of labelled papers in the group, by their labels or cards; None if no labels are of use here."""
    weight: float | None = None
    """Weight of the cards in a corrected share; at 0 only the labels count."""
    marks: tuple[str, ...] = ()
    """`small`: fewer papers than asked for. `uncorrected`: too few labelled papers for a correction."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Shares by group, in the order of the groups."""

    by: tuple[str, ...]
    """Names of the groupings, such as `year` and `task`."""
    rows: tuple[Row, ...]
    papers: int
    """Number of counted cards."""
    labelled: int | None
    """Number of labelled papers that correct the shares; None without labels."""
    small: int
    level: float
    notes: tuple[str, ...]
    """What is not counted, or not known, in sentences."""


def stats(
    cards: Iterable[Card],
    *,
    by: str | Sequence[str] = (),
    share: str | Sequence[str] = (),
    where: str | Sequence[str] = (),
    labels: str | Path | None = None,
    split: str = "dev",
    labelled_cards: Iterable[Card] = (),
    small: int = SMALL,
    level: float = 0.95,
) -> Statistics:
    """The shares of features among cards, by group, with intervals.

    Cards are read once and not kept; memory grows with the number of groups. Own fields are those of the
    first card: options, and numbers by quartiles.

    Args:
        cards: Cards, such as those of `read_cards`.
        by: Up to two fields to group by, such as `year` or `year,task`. A card counts in each of its groups.
        share: Features, as conditions (`code=released`, `venue~neurips`) or as fields that stand for all
            their values (`task`). Default: released code, data and weights; without a grouping, all tags.
        where: Conditions that a card must fulfil to be counted, such as `year>=2020`.
        labels: A label file. Shares that depend on tags are then corrected, with prediction-powered
            intervals, where a group has enough labelled papers. These must be a random sample of the papers.
        split: The split of the label file that is used. Papers of the split `train` are not counted.
        labelled_cards: Cards of labelled papers that are not among the cards, by the same model.
        small: Number of papers below which a group is marked.
        level: Level of the intervals.

    Raises:
        UsageError: An unknown field, a condition that is none, or a level outside (0, 1).
        BadInput: A card or label that cannot be read, or no labelled paper among the cards.

    """
    if not 0 < level < 1:
        raise UsageError(
            f"{level} is not a confidence level", next_step="Use a number between 0 and 1, such as 0.95"
        )
    cards = iter(cards)
    first = next(cards, None)
    own = {name: one.type for name, one in first.fields.items()} if first is not None else {}
    cards = itertools.chain(() if first is None else (first,), cards)
    fields = grouping(_several(by), own)
    counts = Counts(fields, shares(_several(share), fields, own))
    if labels is not None and (theirs := [name for name in counts.fields if name in own]):
        raise UsageError(
            f"shares of {theirs[0]} cannot be corrected: labels correct the card's own fields",
            where="--labels",
            next_step="Leave out --labels, or own fields",
        )
    conditions = [condition(text, own=lambda: frozenset(own)) for text in _several(where)]
    known = _labels(labels, split)
    papers = LabelledPapers(counts)
    seen = left_out = repeated = 0
    for seen, card in enumerate(cards, start=1):  # noqa: B007  (counted for the notes)
        if card.same_as is not None:
            repeated += 1
            continue
        if not all(one.holds(card) for one in conditions):
            continue
        item = known.find(card) if known else None
        if known and item and known.leaves_out(item):
            left_out += 1
            continue
        of = counts.add(card)
        if known:
            papers.count(of)
            if item and known.uses(item):
                papers.add(item, card, counted=True)
    for card in labelled_cards:
        item = known.find(card) if known else None
        if known and item and known.uses(item) and all(one.holds(card) for one in conditions):
            papers.add(item, card, counted=False)
    if known and not len(papers):
        raise BadInput(
            f"none of the {counted(seen, 'card')} is of a labelled paper of the split {split}",
            where=str(labels),
            next_step="Make cards of labelled papers with the same model, or choose another split",
        )
    counts.named(own)
    return shares_of(
        counts,
        papers if known else None,
        small=small,
        level=level,
        passed=seen - repeated - left_out - counts.cards,
        left_out=left_out,
        repeated=repeated,
    )


def shares_of(
    counts: Counts,
    papers: LabelledPapers | None = None,
    *,
    small: int = SMALL,
    level: float = 0.95,
    passed: int = 0,
    left_out: int = 0,
    repeated: int = 0,
) -> Statistics:
    """The shares of features that were counted, whoever counted them.

    `papers` are labelled ones that correct the shares. The last three are cards that were not counted: those
    that do not fulfil the conditions, labelled ones of the split train, and further records of a paper.
    """
    rows = tuple(_rows(counts, papers, small, level))
    notes = _notes(counts, passed, left_out, rows)
    if repeated:
        notes = (f"{counted(repeated, 'card')} left out: further records of papers that are counted", *notes)
    labelled = len(papers) if papers is not None else None
    names = tuple(map(singular, counts.by))
    return Statistics(names, rows, counts.cards, labelled, small, level, notes)


def _several(words: str | Sequence[str]) -> Sequence[str]:
    return [words] if isinstance(words, str) else words


def _labels(labels: str | Path | None, split: str) -> Labels | None:
    check_split(split)
    return None if labels is None else Labels(read_labels(label_file(Path(labels))), split)


def _rows(counts: Counts, papers: LabelledPapers | None, small: int, level: float) -> Iterator[Row]:
    features = counts.features(papers.features() if papers is not None else ())
    for group in counts.ordered():
        for at, feature in features:
            yield _row(counts, papers, group, (at, feature), small, level)


def _row(
    counts: Counts,
    papers: LabelledPapers | None,
    group: Group,
    feature: tuple[int, str],
    small: int,
    level: float,
) -> Row:
    at, name = feature
    n, count = counts.told[group, at], counts.having[group, at, name]
    row = Row(group, name, n, count, counts.papers[group] - n, marks=("small",) if n < small else ())
    if n:
        low, high = wilson(count, n, level)
        row = replace(row, share=count / n, low=low, high=high, method="wilson")
    if papers is None or not papers.corrects(counts.shares[at]):
        return row
    found, labelled = papers.estimate(group, at, name, level)
    if found is None:
        return replace(row, labelled=labelled, marks=(*row.marks, "uncorrected"))
    return replace(
        row,
        share=found.share,
        low=found.low,
        high=found.high,
        method="prediction-powered",
        labelled=labelled,
        weight=found.weight,
    )


def _notes(counts: Counts, passed: int, left_out: int, rows: Sequence[Row]) -> tuple[str, ...]:
    found = []
    if passed > 0:
        seen = passed + counts.cards + left_out
        found.append(f"{passed:,} of {counted(seen, 'card')} did not fulfil the conditions")
    if left_out:
        found.append(
            f"{counted(left_out, 'card')} left out: labelled papers of the split train, which the model may "
            "have been fitted on"
        )
    for name, values in zip(counts.by, counts.of_value, strict=True):
        word = singular(name).replace("_", " ")
        if none := values[None]:
            found.append(f"{counted(none, 'card')} without {word}: in a group of their own")
        if name in DOUBTFUL and (unsure := values[UNCERTAIN]):
            found.append(f"{counted(unsure, 'card')} with an uncertain {word}: in a group of their own")
    for at, share in enumerate(counts.shares):
        if silent := counts.silent[at]:
            found.append(f"{counted(silent, 'card')} without a known {share.name}: not in n")
    if rest := sum("uncorrected" in row.marks for row in rows):
        found.append(
            f"{rest:,} of {counted(len(rows), 'share')} not corrected: too few labelled papers in the group"
        )
    return tuple(found)
