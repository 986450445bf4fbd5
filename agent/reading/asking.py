"""Which fields a request asks, and which of them earlier answers gave already.

A set of fields has one prompt and one wire schema. Every set that was ever asked is noted beside the cache
with the spec of each field, so that a later run with other fields finds what is still good.

Knows prompts and specs. Knows no requests.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from pydantic import BaseModel

from ..fields.spec import ARTIFACTS, NO_OWN, SHIPPED, Field, FieldSet
from ..fields.values import Text
from ..model.cache import Cache, key_of
from ..paper import Paper
from ..taxonomy import LABEL_FIELDS, Taxonomy, shipped
from ..text.spans import digest
from .answers import Parts, answer_type
from .draft import DraftArtifact
from .instructions import is_order
from .prompting import Prompt, card_prompt, shipped_spec

_MOST_NOTED = 200


@dataclass(frozen=True, slots=True)
class Noted:
    """A set of fields that was asked: what of it stands in the keys of its answers."""

    prefix: str
    schema: str
    specs: Mapping[str, str]
    """Spec of each field, by name."""
    prompt: str
    """Version of the prompt."""
    sentences: int | None = None
    """Number of sentences for which the schema was made; None for all papers."""
    answer_tokens: int | None = None
    """Maximum tokens of an answer, which grow with the fields; None for the usual number."""


@dataclass(frozen=True)
class Asking:
    """A set of fields that is asked in one request."""

    names: tuple[str, ...]
    own: tuple[Field, ...]
    taxonomy: Taxonomy
    specs: Mapping[str, str]
    _kinds: dict[int | None, tuple[type[BaseModel], str]] = field(default_factory=dict, compare=False)

    @cached_property
    def prompt(self) -> Prompt:
        """The prompt for these fields."""
        schema = self.kind(None)[0].model_json_schema()
        return card_prompt(self.taxonomy, schema, shipped=self._shipped, own=self.own)

    def kind(self, sentences: int | None) -> tuple[type[BaseModel], str]:
        """The answer type and the digest of its schema; `sentences` as `answer_type` has it."""
        if sentences not in self._kinds:
            kind = answer_type(self.taxonomy, sentences, shipped=self._shipped, own=self.own)
            self._kinds[sentences] = (kind, digest(str(kind.model_json_schema())))
        return self._kinds[sentences]

    def noted(self, sentences: int | None, answer_tokens: int | None = None) -> Noted:
        """What is noted of this set."""
        schema, prompt = self.kind(sentences)[1], self.prompt
        return Noted(prompt.prefix_digest, schema, dict(self.specs), prompt.version, sentences, answer_tokens)

    @property
    def _shipped(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name in SHIPPED)


class Askings:
    """The sets of fields of a run, made as they are needed."""

    def __init__(self, taxonomy: Taxonomy, fields: FieldSet) -> None:
        self.fields = fields
        self._taxonomy = taxonomy
        self._made: dict[tuple[str, ...], Asking] = {}
        self.specs = {name: shipped_spec(taxonomy, name) for name in fields.shipped}
        self.specs |= {one.name: one.spec for one in fields.own}

    @cached_property
    def whole(self) -> Asking:
        """All fields of the run."""
        return self.of(self.fields.asked)

    def of(self, names: Sequence[str]) -> Asking:
        """The request for some of the fields."""
        key = tuple(name for name in self.fields.asked if name in names)
        if key not in self._made:
            own = tuple(one for one in self.fields.own if one.name in key)
            self._made[key] = Asking(key, own, self._taxonomy, {name: self.specs[name] for name in key})
        return self._made[key]

    def text(self, paper: Paper, sentences: int) -> Text:
        """What a model was shown of a paper, for checking own fields."""
        places: dict[str, set[int]] = {place: set() for one in self.fields.own for place in one.places}
        number = 0
        for section, spans in paper.parts if places else ():
            name = "abstract" if section is None else section.name.casefold()
            for place, numbers in places.items():
                if place.rstrip("s") in name:
                    numbers.update(range(number + 1, number + len(spans) + 1))
            number += len(spans)
        shown = [paper.sentence_text(number) for number in range(1, sentences + 1)]
        allowed = {place: frozenset(n for n in some if n <= sentences) for place, some in places.items()}
        return Text(paper.title, shown, allowed, is_order)


class Notebook:
    """The sets of fields that were asked of a model before, kept beside its answers."""

    def __init__(self, cache: Cache | None, endpoint: str, model: str, *, read_only: bool = False) -> None:
        self._cache = cache
        self._read_only = read_only
        self._name = key_of({"endpoint": endpoint, "asked": model})

    def __iter__(self) -> Iterator[Noted]:
        """The sets, the newest first; the shipped fields are always there."""
        yield from reversed(list(self._sets.values()))
        usual = _usual()
        if (usual.prefix, usual.schema) not in self._sets:
            yield usual

    def add(self, one: Noted) -> None:
        """Note a set of fields whose answer is in the cache."""
        if self._cache is None or self._read_only or (one.prefix, one.schema) in self._sets:
            return
        self._sets[one.prefix, one.schema] = one
        kept = list(self._sets.values())[-_MOST_NOTED:]
        rows = [{name: getattr(each, name) for name in Noted.__slots__} for each in kept]
        self._cache.keep_note(self._name, json.dumps(rows))

    @cached_property
    def _sets(self) -> dict[tuple[str, str], Noted]:
        text = self._cache.note(self._name) if self._cache is not None else None
        try:
            return {(one.prefix, one.schema): one for row in json.loads(text or "[]") if (one := _noted(row))}
        except (ValueError, TypeError, RecursionError):
            return {}


@cache
def _usual() -> Noted:
    return Askings(shipped(), NO_OWN).whole.noted(None)


def _noted(row: dict[str, object]) -> Noted | None:
    one = Noted(**row)  # type: ignore[arg-type]
    sound = isinstance(one.specs, dict) and all(isinstance(spec, str) for spec in one.specs.values())
    return (
        one if sound and all(isinstance(text, str) for text in (one.prefix, one.schema, one.prompt)) else None
    )


NOTHING_ASKED: Parts = {
    "tldr": "",
    "claims": (),
    **dict.fromkeys(LABEL_FIELDS, ()),
    **dict.fromkeys(ARTIFACTS, DraftArtifact("not-stated")),
}
"""What a card has for shipped fields that were not asked."""
