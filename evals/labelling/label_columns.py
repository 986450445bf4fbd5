"""Which column of a label table holds what: as the user says, else by names, else by what is in it.

Knows names, cells and labels. Knows no files.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from papercards.errors import UsageError
from papercards.sources.columns import Choice, Columns, Key, quoted

from ...text.wording import did_you_mean
from .label_words import ALIASES, LabelWords
from .marks import is_empty, words_and_marks

MIXED = "labels"
"""Labels of several fields in one column, as tools have that ask one question."""
_PAPER = ("title", "abstract", "id", "doi", "arxiv_id", "url")
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "body", "document", "papertext", "content"),
    "annotator": tuple("annotator labeller labeler coder rater annotatedby labelledby labeledby".split()),
    "split": ("split", "fold", "partition", "subset"),
    "tldr": ("tldr", "tl;dr"),
    "sentences": ("sentences",),
    "roles": ("roles", "sentencelabels", "sentenceroles"),
}
"""Our names of further columns to theirs, folded."""
_AROUND = re.compile(
    r"^(?:gold|true|manual|human|expert|is|has|main)|(?:labels?|available|availability|stated|released|annotations?|gold)$"
)
"""What stands before and behind the name of a field in the name of a column."""
_SAMPLE = 200
_ENOUGH = 0.8
"""Share of a column's words that must be labels, for it to be taken for one without a name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of a table."""

    paper: Choice
    others: Mapping[str, str]
    """Columns of `_OTHERS`, by our name."""
    labels: Mapping[str, str]
    """Column of each field, by the field or `MIXED`."""
    ignored: tuple[str, ...] = ()
    """Columns that have the name of a field and none of its labels."""

    def told(self) -> str:
        """`tasks from "Aufgabe", code`: where the labels come from, in one line."""
        return ", ".join(
            field
            if field in (_fold(column), column, ALIASES.get(column.casefold()))
            else f'{field} from "{column}"'
            for field, column in self.labels.items()
        )


def plan(
    rows: Sequence[Mapping[str, object]], given: Mapping[str, str], words: LabelWords, where: str
) -> Plan:
    """Find the columns of a table, or of all its first rows if these differ.

    `given` maps our names to theirs. Raises UsageError for a name that is none of ours or none of theirs, and
    if no column holds labels.
    """
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    named = dict(_named(given, names, words, where))
    paper = Columns({ours: theirs for ours, theirs in named.items() if ours in _PAPER}).choose(names)
    folded: dict[str, str] = {}
    for name in names:
        folded.setdefault(_fold(name), name)
    others = {ours: theirs for ours, theirs in named.items() if ours in _OTHERS}
    for ours, guesses in _OTHERS.items():
        found = next((folded[guess] for guess in guesses if guess in folded), None)
        if ours not in others and found is not None and found not in named.values():
            others[ours] = found
    labels = {ours: theirs for ours, theirs in named.items() if ours not in (*_PAPER, *_OTHERS)}
    taken = {*labels.values(), *others.values(), *_first_names(paper)}
    ignored = []
    for name in names:
        field = _field(name, words)
        if name in taken or field is None or field in labels:
            continue
        if field != MIXED and not _has_labels(rows, name, field, words):
            ignored.append(name)
            continue
        taken.add(name)
        labels[field] = name
    for name in names:
        if name not in taken and (field := _by_content(rows, name, words)) and field not in labels:
            taken.add(name)
            labels[field] = name
    if "sentences" in others and "roles" not in others and MIXED in labels:
        others["roles"] = labels.pop(MIXED)
    if not any(_first_names(paper)) and not {"text", "sentences"} & others.keys():
        raise UsageError(
            f"no column looks like a title, an abstract or an id; its columns are: {quoted(names)}",
            where=where,
            next_step="Name them: --column title=NAME --column abstract=NAME",
        )
    if not labels and "roles" not in others:
        raise UsageError(
            f"no column holds labels; its columns are: {quoted(names)}",
            where=where,
            next_step="Name it: --column task=NAME, or --column labels=NAME for labels of all kinds",
        )
    return Plan(paper, others, labels, tuple(ignored))


def _named(
    given: Mapping[str, str], names: Sequence[str], words: LabelWords, where: str
) -> Iterator[tuple[str, str]]:
    folded = {_fold(name): name for name in names}
    known = (*_PAPER, *_OTHERS, *words.own, *ALIASES, MIXED)
    for ours, theirs in given.items():
        field = words.field(ours) or ours
        if field not in known:
            raise UsageError(
                f'unknown field "{ours}"',
                where="--column",
                next_step=did_you_mean(ours, known) or f"Known fields: {', '.join(known)}",
            )
        column = theirs if theirs in names else folded.get(_fold(theirs))
        if column is None:
            near = did_you_mean(theirs, names)
            raise UsageError(
                f'no column "{theirs}"', where=where, next_step=near or f"Its columns: {quoted(names)}"
            )
        yield field, column


def _first_names(choice: Choice) -> Iterator[str]:
    keys: tuple[Key | None, ...] = (
        *(choice.title, choice.abstract, choice.id, choice.doi, choice.arxiv_id, choice.url),
    )
    return (key if isinstance(key, str) else key[0] for key in keys if key is not None)


def _field(name: str, words: LabelWords) -> str | None:
    folded = _fold(name)
    own = {_fold(one): one for one in words.own}
    if folded in own:
        return own[folded]
    if folded in (MIXED, "label", "cats", "entities", "accept"):
        return MIXED
    if folded == "spans":
        return "claims"
    return ALIASES.get(folded) or ALIASES.get(_AROUND.sub("", folded))


def _sample(rows: Sequence[Mapping[str, object]], name: str) -> Iterator[object]:
    return (row[name] for row in rows[:_SAMPLE] if name in row and not is_empty(row[name]))


def _has_labels(rows: Sequence[Mapping[str, object]], name: str, field: str, words: LabelWords) -> bool:
    """Whether any cell has a label of the field, or there are none to tell by."""
    if field not in words.ids:
        return True
    none = True
    for cell in _sample(rows, name):
        try:
            said, marks = words_and_marks(cell)
        except ValueError:
            continue
        if any(words.labels(field, [word], lenient=True) for word in said) or marks:
            return True
        none = none and not said
    return none


def _by_content(rows: Sequence[Mapping[str, object]], name: str, words: LabelWords) -> str | None:
    """The field of a column of another name: that of its labels, if nearly all its words are labels."""
    known = total = 0
    listed = False
    fields: dict[str, set[str]] = {}
    for cell in _sample(rows, name):
        try:
            said, marks = words_and_marks(cell)
        except ValueError:
            return None
        if marks:
            kinds = [words.label("claims", label[-1]) for mark in marks for label in mark.labels]
            return "claims" if any(kind is not None for kind in kinds) else None
        listed = listed or not isinstance(cell, str)
        for word in said:
            for part in [word] if len(word) > 1 else [(one,) for one in words.parts(word[0])]:
                total += 1
                found = words.sorted([part], lenient=True)
                known += bool(found)
                for field, labels in found.items():
                    fields.setdefault(field, set()).update(labels)
    # One text that comes again and again, such as "text", says nothing of what the column is.
    if not total or known < _ENOUGH * total or sum(map(len, fields.values())) < (1 if listed else 2):
        return None
    return next(iter(fields)) if len(fields) == 1 else MIXED


def _fold(name: str) -> str:
    return re.sub(r"[\s_.?-]", "", name).casefold()
