"""Own fields on cards of models that are read and not asked.

Label fields are answered as an own taxonomy is: by likeness of the paper to the definitions of the options.
What neither that nor the other reader answers is null and says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..card import NOT_ANSWERED, UNCERTAIN, Answered, Card
from ..fields.spec import ARTIFACTS, Field, FieldSet
from ..fields.values import Value
from ..model.cache import Part
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS, Size, Taxonomy, shipped
from .draft import Draft, settled
from .evidence import field_value
from .reader import Reader, Reading, Wanted
from .reading_copy import reading_copy
from .stepwise.reader import StepwiseReader
from .tagger_reader import Tagger


class OwnLabelsReader:
    """Adds own fields to the cards of another reader."""

    def __init__(
        self, inner: Reader, fields: FieldSet, tagger: Callable[[Taxonomy], Tagger], name: str
    ) -> None:
        """`tagger` makes the tagger for a set of labels at the first paper; `name` is what cards say."""
        self.inner = inner
        self._fields = fields
        self._tagger = tagger
        self._name = name
        self._taggers: dict[str, Tagger] = {}
        self.made_by: Mapping[str, Part] = {**inner.made_by, "fields": fields.version, "fields_by": name}

    @property
    def specs(self) -> Mapping[str, str]:
        """The spec of each own field that is answered, by name."""
        own = self.inner.own.specs if isinstance(self.inner, StepwiseReader) else {}
        return {one.name: one.spec for one in self._fields.own if one.options or one.name in own}

    async def read(self, paper: Paper) -> Reading:
        """The card of a paper. Raises what the other reader raises."""
        reading = await self.inner.read(paper)
        card = reading.card
        text = reading_copy(paper).paper
        values = {one.name: self._value(one, text, card) for one in self._fields.own}
        there: dict[str, object] = {name: card.labels(name) for name in LABEL_FIELDS}
        there |= {name: card.reproducibility.artifact(name).status for name in ARTIFACTS}
        applied = settled(self._fields.own, {**there, "claims": card.claims, **values})
        own = {one.name: field_value(paper, one.type, applied[one.name]) for one in self._fields.own}
        answered = tuple(f"{one.name}@{one.spec}" for one in self._fields.own if one.options)
        made = card.provenance
        answers = (*made.answers, Answered(answer="", prompt=self._name, fields=answered, created=""))
        provenance = made.model_copy(update={"answers": answers if answered else made.answers})
        return Reading(card.model_copy(update={"fields": own, "provenance": provenance}), reading.spent)

    def wants(self, paper: Paper) -> Wanted | None:
        """What the other reader wants."""
        return self.inner.wants(paper)

    def stop(self) -> None:
        """Send no more requests."""
        self.inner.stop()

    async def close(self) -> None:
        """Close what was opened for reading."""
        await self.inner.close()

    def _value(self, one: Field, paper: Paper, card: Card) -> Value:
        if not one.options:
            held = card.fields.get(one.name)
            return Value(missing=NOT_ANSWERED) if held is None else Value(held.value, missing=held.missing)
        if one.name not in self._taggers:
            self._taggers[one.name] = self._tagger(_taxonomy(one))
        return _said(one, self._taggers[one.name].tag(paper))


def _said(one: Field, draft: Draft) -> Value:
    found = draft.tasks
    if not found:
        return Value(missing=UNCERTAIN)
    if one.type == "label":
        return Value(found[0].label, confidence=found[0].confidence)
    chances = tuple(each.confidence for each in found)
    return Value(tuple(each.label for each in found), confidence=chances[0], confidences=chances)


def _taxonomy(one: Field) -> Taxonomy:
    """The shipped labels with the options of a field in place of the tasks."""
    usual = shipped()
    size = Size(1, 1) if one.type == "label" else Size(max(1, one.size.least), one.size.most)
    return replace(
        usual,
        name=one.name,
        labels=MappingProxyType({**usual.labels, "tasks": one.options}),
        groups=MappingProxyType({**usual.groups, "tasks": dict.fromkeys(one.options, "")}),
        sizes=MappingProxyType({**usual.sizes, "tasks": size}),
        version=f"{one.name}@{one.spec}",
    )
