"""What the model fills in: its class name, field names and order are words that the model reads.

The wire schema is flat and compact (enums, arrays of enums, integers; no `$ref`, no `anyOf`, no bounds):
llama.cpp grammars fail open on more. Bounds and truth are checked here, in code, against the paper: what
fails is a reason that the model is asked again with. Knows no offsets, cost or storage.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from ..card import Status
from ..errors import PaperFailed
from ..fields import wire
from ..fields.spec import ARTIFACTS, SHIPPED, Field
from ..fields.values import Text
from ..fields.values import read as read_value
from ..model.unwrapping import fit, readings
from ..spent import Spent
from ..taxonomy import LABEL_FIELDS, STATUSES, Taxonomy
from ..text.spans import strange_numbers, words
from .draft import MAX_WORDS, DraftArtifact, DraftClaim, Scored, settled
from .instructions import is_order


class Wire(BaseModel):
    """What a model fills in: closed to other fields, its schema with its parts in place of `$ref`."""

    model_config = ConfigDict(extra="forbid")

    _inlined: ClassVar[dict[str, Any] | None] = None

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The wire schema, computed once a class."""
        if cls._inlined is None:
            cls._inlined = _inline(super().model_json_schema(*args, **kwargs))
        return cls._inlined


def _inline(schema: dict[str, Any]) -> dict[str, Any]:
    definitions = schema.pop("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return walk(definitions[node["$ref"].rsplit("/", 1)[-1]])
            return {
                key: walk(value)
                for key, value in node.items()
                if not (key in ("title", "description") and isinstance(value, str))
            }
        return [walk(item) for item in node] if isinstance(node, list) else node

    return {"title": schema["title"], **walk(schema)}


def answer_type(
    taxonomy: Taxonomy,
    sentences: int | None = None,
    *,
    shipped: Iterable[str] = SHIPPED,
    own: Iterable[Field] = (),
) -> type[BaseModel]:
    """The class that a model fills in for these fields, by default for a whole card.

    With `sentences`, only numbers up to it can be written where the endpoint enforces the schema: small
    models run past the end. Without, one schema serves all papers.
    """
    make = _answer_type.__wrapped__ if own else _answer_type
    return make(taxonomy, sentences, tuple(shipped), tuple(own))


@lru_cache(maxsize=16)
def _answer_type(
    taxonomy: Taxonomy, sentences: int | None, shipped: tuple[str, ...], own: tuple[Field, ...]
) -> type[BaseModel]:
    def enum(ids: Iterable[str]) -> Any:
        return Literal[tuple(ids)]

    def record(name: str, number: Any, **parts: Any) -> Any:
        wanted: Any = {part: (kind, ...) for part, kind in parts.items()}
        return list[create_model(name, __base__=Wire, sentence=(number, ...), **wanted)]  # type: ignore[misc]

    some, maybe = _numbers(1, sentences), _numbers(0, sentences)
    fields: dict[str, Any] = {}
    for name in shipped:
        if name == "tldr":
            fields[name] = (str, ...)
        elif name == "claims":
            fields[name] = (record("Claim", some, kind=enum(taxonomy.claim_kinds)), ...)
        elif name in ARTIFACTS:
            fields[name] = (enum(STATUSES), ...)
            fields[f"{name}_sentence"] = (maybe, ...)
        else:
            fields[name] = (list[enum(taxonomy.ids(name))], ...)  # type: ignore[misc]
    for field in own:
        if field.type == "list":
            parts = {part.name: wire.kind(part) for part in field.parts}
            fields[field.name] = (record(field.name.title(), maybe, **parts), ...)
        else:
            fields |= wire.schema(field, maybe)
    return create_model("Card", __base__=Wire, **fields)


def _numbers(first: int, last: int | None) -> Any:
    return int if last is None else Literal[tuple(range(first, last + 1))]


Parts = dict[str, Any]
"""What an answer says of each field: the values of a `Draft`, and a `Value` for each own field."""


class WrongAnswer(Exception):
    """An answer that breaks the rules; `str` of it is what the model is told.

    `parts` is there when nothing but the summary or own fields are wrong: good enough to keep, with `flags`.
    """

    def __init__(self, reasons: list[str], parts: Parts | None, flags: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"- {reason}" for reason in reasons))
        self.reasons = reasons
        self.parts = parts
        self.flags = flags


def parse(
    text: str,
    kind: type[BaseModel],
    taxonomy: Taxonomy,
    source: str,
    sentences: int,
    *,
    own: Sequence[Field] = (),
    shown: Text | None = None,
) -> Parts:
    """What an answer says. `source` is all that the summary may take a number from.

    `sentences` is how many the model was shown, and `shown` what they say, which own fields are checked
    against. Raises WrongAnswer with every reason at once.
    """
    values = _values(text, kind)
    reasons: list[str] = []
    parts: Parts = {}
    for name in (field for field in SHIPPED if field in values):
        if name in LABEL_FIELDS:
            parts[name] = _labels(name, values[name], taxonomy, reasons)
        elif name == "claims":
            parts[name] = _claims(values[name], sentences, reasons)
        elif name in ARTIFACTS:
            parts[name] = _artifact(name, values, sentences, reasons)
    flags: tuple[str, ...] = ()
    if "tldr" in values:
        # A model cut in the middle of an emoji writes half of it, which no file takes.
        parts["tldr"] = tldr = " ".join(values["tldr"].encode(errors="ignore").decode().split())
        flags = summary_flags(tldr, source)
        if not tldr:
            reasons.append("tldr is empty: write one sentence")
    for field in own:
        assert shown is not None
        parts[field.name] = read_value(field, values, shown)
    refused = [reason for value in settled(own, parts).values() for reason in value.refused]
    if reasons or flags or refused:
        whole = parts if not reasons else None
        raise WrongAnswer([*reasons, *(ADVICE[flag] for flag in flags), *refused], whole, flags)
    return parts


def _values(text: str, kind: type[BaseModel]) -> dict[str, Any]:
    """What an answer holds, out of its wrapping. Raises WrongAnswer."""
    if not text.strip():
        raise WrongAnswer(["the answer is empty"], None, ())
    try:
        return kind.model_validate_json(text).model_dump()
    except ValidationError as error:
        wrong = error
    for value in readings(text):
        fitted = fit(value, kind.model_json_schema())
        if not isinstance(fitted, dict) or not fitted.keys() & kind.model_fields.keys():
            continue
        for name in ARTIFACTS:
            if fitted.get(name) == "not-stated" and fitted.get(f"{name}_sentence") is None:
                fitted[f"{name}_sentence"] = 0
        try:
            return kind.model_validate(fitted).model_dump()
        except ValidationError as error:
            # What is told is about the likeliest reading.
            if wrong.errors()[0]["type"] == "json_invalid" or len(error.errors()) < len(wrong.errors()):
                wrong = error
    raise WrongAnswer([_reason(fault) for fault in wrong.errors()[:5]], None, ())


ADVICE = {  # what the model is told about each flag of a summary
    "summary-too-long": f"tldr has more than {MAX_WORDS} words: write one shorter sentence",
    "number-not-in-source": "tldr has a number that the paper does not have: leave it out",
    "summary-not-prose": "tldr is no sentence about the paper: say what was done and what came out",
}

_PARROTED = re.compile(
    r"\s*+(?:[{<]|\[\s*+[\"'{\[]|=>"
    r"|[\"'*#>(\s-]*+(?:main )?(?:task|modalit|contribution|data|label|tag|summary|tl;?dr|title|abstract"
    r"|answer|output|claim)\w{0,4}\s?[:=])",
    re.IGNORECASE,
)
"""How an answer begins that fills in a form, ours or another's."""


def summary_flags(tldr: str, source: str) -> tuple[str, ...]:
    """What is wrong with a summary that could still be kept."""
    flags = []
    if len(words(tldr)) > MAX_WORDS:
        flags.append("summary-too-long")
    if strange_numbers(tldr, source):
        flags.append("number-not-in-source")
    if _PARROTED.match(tldr) or is_order(tldr):
        flags.append("summary-not-prose")
    return tuple(flags)


def _labels(name: str, ids: list[str], taxonomy: Taxonomy, reasons: list[str]) -> tuple[Scored, ...]:
    unique = list(dict.fromkeys(ids))
    size = taxonomy.sizes[name]
    if len(unique) < size.least:
        reasons.append(f"{name} has {len(unique)} labels: give at least {size.least}")
    if len(unique) > 2 * size.most:
        reasons.append(f"{name} has {len(unique)} labels: give at most {size.most}, the main one first")
    # The main one comes first, so the surplus is the least of them.
    return tuple(Scored(label) for label in unique[: size.most])


def _claims(items: list[dict[str, Any]], sentences: int, reasons: list[str]) -> tuple[DraftClaim, ...]:
    kinds: dict[int, str] = {}
    for item in items:
        number = item["sentence"]
        if not 1 <= number <= sentences:
            reasons.append(f"claims has sentence {number}: the paper has 1 to {sentences}")
        else:
            kinds.setdefault(number, item["kind"])
    return tuple(DraftClaim(number, kinds[number]) for number in sorted(kinds))


def _artifact(name: str, values: dict[str, Any], sentences: int, reasons: list[str]) -> DraftArtifact:
    status, number = cast("Status", values[name]), values[f"{name}_sentence"]
    if status == "not-stated":
        return DraftArtifact(status)
    if not 1 <= number <= sentences:
        reasons.append(
            f"{name} is {status} but {name}_sentence is {number}: give the sentence that says so, "
            f"1 to {sentences}, or say not-stated"
        )
        return DraftArtifact("not-stated")
    return DraftArtifact(status, number)


def _reason(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    given = fault.get("input")
    shown = f" (given: {json.dumps(given)[:60]})" if isinstance(given, (str, int, float)) else ""
    return f"{place or 'the answer'}: {fault['msg'][:300]}{shown}"


def give_up(wrong: WrongAnswer, *, where: str, attempts: int, spent: Spent) -> PaperFailed:
    """The error for a paper whose answers stayed wrong."""
    return PaperFailed(
        f"the model's answer stayed wrong: {'; '.join(wrong.reasons)}",
        where=where,
        next_step="Try a larger model with --model",
        attempts=attempts,
        alike="wrong answer",
        spent=spent,
    )
