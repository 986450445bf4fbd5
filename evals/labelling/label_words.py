"""Which label a word means: as the taxonomy spells it, or nearly, or by the user's table.

Spelling is forgiven as that of models' answers is (`unwrapping`): case, hyphens, spaces, quotes. Nothing is
replaced by a label that is only similar; that is said, and left to the user.

Knows words and the taxonomy. Knows no rows and no files.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from papercards.errors import UsageError
from papercards.fields.spec import Field
from papercards.model.unwrapping import fit
from papercards.taxonomy import LABEL_FIELDS, STATUSES, Taxonomy

from ...text.wording import did_you_mean
from ..label_file import ARTIFACTS, FIELDS
from .marks import Word

_OPEN = ("available", "public", "open")
_SILENT = ("none", "-", "n/a", "na", "not stated")
STATUS_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("yes", "y", "true", "1", "x", "ja", "\u2713", "\u2714", *_OPEN), "released"),
    **dict.fromkeys(("no", "n", "false", "0", "nein", "\u2717", "\u2718", *_SILENT), "not-stated"),
    **dict.fromkeys(("soon", "coming soon", "planned", "upon acceptance", "upon publication"), "promised"),
}
"""What tables say of code, data and weights, for what a card says."""
ALIASES: Mapping[str, str] = {
    **{field: field for field in FIELDS},
    **{field.removesuffix("s"): field for field in (*LABEL_FIELDS, "claims")},
    "modality": "modalities",
    "topic": "tasks",
    "topics": "tasks",
    "weight": "weights",
}
"""Fields by the names that columns and prefixes of labels have."""
SEPARATORS = (";", "|", "\n", "#", ",")
"""What stands between labels, the likeliest first."""
_PREFIX = re.compile(r"[:/=>|]|__")


class UnknownLabel(ValueError):
    """A word that is no label; the text says what it was taken for, and what may have been meant."""


class LabelWords:
    """The labels of a taxonomy by the words that mean them."""

    def __init__(
        self,
        taxonomy: Taxonomy,
        values: Mapping[str, str],
        separator: str | None,
        own: Sequence[Field] = (),
    ) -> None:
        """`values` maps words, ignoring case, to labels, or to nothing; `separator` stands between labels.

        Raises UsageError for a value that is no label.
        """
        self._name = taxonomy.name
        self.ids: dict[str, tuple[str, ...]] = {field: taxonomy.ids(field) for field in LABEL_FIELDS}
        self.ids["claims"] = taxonomy.claim_kinds
        self.ids |= dict.fromkeys(ARTIFACTS, STATUSES)
        self.own = {one.name: one for one in own}
        """Own fields, by name."""
        self.ids |= {one.name: tuple(one.options) for one in own if one.options}
        every = [name for ids in self.ids.values() for name in ids]
        for word, label in values.items():
            if label and label not in every:
                raise UsageError(
                    f'"{label}" is not a label of the taxonomy {self._name}',
                    where=word,
                    next_step=did_you_mean(label, every),
                )
        self._values = {word.casefold().strip(): label for word, label in values.items()}
        self.unknown: Counter[str] = Counter()
        """Words that were left out since they are no labels."""
        self.respelled: Counter[tuple[str, str]] = Counter()
        """Words that are not spelled as the label that they were read as, with the label."""
        self._separators = SEPARATORS if separator is None else (separator,)

    def label(self, field: str, word: str) -> str | None:
        """The label of a field that a word means; empty for none by the user's table, None if unknown."""
        mapped = self._values.get(word.casefold().strip())
        if mapped is not None and (not mapped or mapped in self.ids[field]):
            return mapped
        fitted = fit(word, {"enum": list(self.ids[field])})
        if fitted in self.ids[field]:
            return str(fitted)
        return STATUS_WORDS.get(word.casefold().strip(" .")) if field in ARTIFACTS else None

    def field(self, name: str) -> str | None:
        """The field of this name, in the singular or plural."""
        folded = name.casefold().strip()
        return folded if folded in self.own else ALIASES.get(folded)

    def labels(self, field: str, words: Sequence[Word], *, lenient: bool = False) -> list[str]:
        """The labels of a field that are meant, each once. Raises UnknownLabel for a word that means none.

        `lenient`: words that mean none are left out.
        """
        found = [self._meant(field, word, lenient=lenient) for word in words]
        return list(dict.fromkeys(label for labels in found for label in labels))

    def _meant(self, field: str, word: Word, *, lenient: bool) -> list[str]:
        # The last name of a path is the label; the others are groups, or the text of an option with an id.
        for part in (*reversed(word), "/".join(word)):
            if (label := self.label(field, part)) is not None:
                return self._took(word, label)
        found = []
        for part in self.parts(word[-1]):
            label = self.label(field, part)
            if label is not None:
                found += self._took((part,), label)
            elif lenient:
                self.unknown[part] += 1
            else:
                raise UnknownLabel(self._unknown(part, (field,)))
        return found

    def _took(self, word: Word, label: str) -> list[str]:
        if label and label not in word:
            self.respelled[word[-1], label] += 1
        return [label] if label else []

    def sorted(self, words: Sequence[Word], *, lenient: bool = False) -> dict[str, list[str]]:
        """The labels of all fields that are meant, by field.

        A word may name its field, as `task: robotics` or a path does. Raises UnknownLabel for a word that
        means none, or labels of several fields.
        """
        found: dict[str, list[str]] = {}
        for part in (part for word in words for part in self._alone(word)):
            meant = self._fields(part)
            if len(meant) == 1:
                ((field, label),) = meant.items()
                kept = found.setdefault(field, [])
                kept += [one for one in self._took(part, label) if one not in kept]
            elif lenient:
                self.unknown[part[-1]] += 1
            elif meant:
                raise UnknownLabel(
                    f'"{part[-1]}" may belong to {" and ".join(meant)}: write "{[*meant][-1]}: {part[-1]}"'
                )
            else:
                raise UnknownLabel(self._unknown(part[-1], tuple(self.ids)))
        return found

    def _alone(self, word: Word) -> Iterator[Word]:
        if len(word) > 1 or self._fields(word):
            yield word
        else:
            yield from ((part,) for part in self.parts(word[0]))

    def _fields(self, word: Word) -> dict[str, str]:
        """The fields that have such a label, with the label."""
        *groups, last = word
        if len(word) == 1 and (cut := _PREFIX.search(last)):
            groups, last = [last[: cut.start()]], last[cut.end() :].strip()
        named = next((name for group in groups if (name := self.field(group)) in self.ids), None)
        if named is not None:
            label = self.label(named, last)
            return {} if label is None else {named: label}
        fields = [field for field in self.ids if field not in ARTIFACTS]
        for part in reversed(word):
            found = {field: label for field in fields if (label := self.label(field, part)) is not None}
            if found:
                return found if any(found.values()) else dict(list(found.items())[:1])
        return {}

    def parts(self, text: str) -> list[str]:
        """A text cut at the likeliest separator that it has."""
        separator = next((one for one in self._separators if one in text), None)
        parts = text.split(separator) if separator else [text]
        return [part.strip() for part in parts if part.strip()]

    def _unknown(self, word: str, fields: Sequence[str]) -> str:
        if fields[0] in ARTIFACTS and len(fields) == 1:
            return f'"{word[:60]}" says neither yes nor no, nor {", ".join(STATUSES)}'
        ids = [name for field in fields for name in self.ids[field]]
        if len(fields) == 1 and fields[0] in self.own:
            near = did_you_mean(word, ids)
            return f'"{word[:60]}" is not one of the options of {fields[0]}{f". {near}" if near else ""}'
        what = f"the {fields[0]}" if len(fields) == 1 else "the labels"
        known = {name: name for name in ids} | {name.replace("-", " "): name for name in ids}
        near = did_you_mean(word, known)
        return f'"{word[:60]}" is not one of {what} of the taxonomy {self._name}{f". {near}" if near else ""}'
