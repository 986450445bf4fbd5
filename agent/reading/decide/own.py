"""Own label and boolean fields as questions to a decision endpoint, and what the answers say.

Knows own fields. Knows no endpoints and no cards.
"""

from collections.abc import Mapping
from string import Template

from ...card import NOT_STATED
from ...fields.spec import Field
from ...fields.values import Value
from ...model.decisions import NO, YES, Chances, Question
from .questions import NONE, sections
from .scoring import EVEN

ANSWERED = ("label", "labels", "boolean")
"""Types of fields that have options."""


def own_questions(one: Field, sentences: list[int], most_options: int) -> list[Question]:
    """The questions for a field that may be answered from these sentences, by number."""
    said = sections("decide-own.v1")
    options = {YES: "", NO: ""} if one.type == "boolean" else dict(one.options)
    if one.type == "labels" or len(options) >= most_options:
        ask = Template(said["label"])
        found = [
            Question(
                f"own.{one.name}.{label}", ask.substitute(question=one.question, label=label, means=means)
            )
            for label, means in options.items()
        ]
    else:
        found = [Question(f"own.{one.name}", one.question, {**options, NOT_STATED: said["not-stated"]})]
    if one.evidence != "none":
        numbers = dict.fromkeys(map(str, sentences[: most_options - 1]), "") | {NONE: said["no-sentence"]}
        where = Template(said["where"]).substitute(question=one.question)
        found.append(Question(f"own.{one.name}..where", where, numbers))
    return found


def own_value(one: Field, decided: Mapping[str, Chances]) -> Value:
    """The value of a field; its sentence is the likeliest one."""
    where = decided.get(f"own.{one.name}..where", {NONE: 1.0})
    best = max(where, key=lambda number: where[number])
    sentence = None if best == NONE else int(best)
    if sentence is None and (one.evidence == "required" or (one.places and one.evidence != "none")):
        return Value(missing=NOT_STATED)
    whole = decided.get(f"own.{one.name}")
    if whole is not None:
        given = max(whole, key=lambda option: whole[option])
        chance = round(whole[given], 4)
        if given == NOT_STATED:
            return Value(missing=NOT_STATED, confidence=chance)
        value = given == YES if one.type == "boolean" else given
        return Value(value, confidence=chance, sentence=sentence)
    ranked = sorted(
        ((round(decided[f"own.{one.name}.{label}"][YES], 4), label) for label in one.options),
        key=lambda pair: -pair[0],
    )
    least, most = (0, 1) if one.type == "label" else (one.size.least, one.size.most)
    chosen = [pair for place, pair in enumerate(ranked[:most]) if pair[0] >= EVEN or place < least]
    if not chosen:
        return Value(missing=NOT_STATED)
    chances, labels = zip(*chosen, strict=True)
    if one.type == "label":
        return Value(labels[0], confidence=chances[0], sentence=sentence)
    return Value(labels, confidence=chances[0], confidences=chances, sentence=sentence)
