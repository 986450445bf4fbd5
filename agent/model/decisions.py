"""Typed questions and their answers, as decision endpoints write them.

Two forms are documented. System One (vLLM, SGLang, Ollama, Fireworks, Cloudflare, Perplexity, OpenRouter):
a `state` and a map of `noul` and `choice` questions, answered by a map. OpenAI (also vLLM, Fireworks): an
`input` and a list of `predicate` and `choice` questions, answered by a list. Cloudflare wraps its answer in
`result`.

Knows JSON values. Knows no HTTP, no papers and no labels.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .completion import mapping
from .providers import Wire
from .refusals import Refused

PATHS: Mapping[Wire, str] = {"systemone": "/systemone", "openai": "/decisions"}
"""Path of each form, below the base URL."""
YES, NO = "yes", "no"
Chances = Mapping[str, float]
"""Option to probability; they add up to 1."""

_ROUNDED = 0.005
"""Half a step of probabilities that are rounded to two decimals, the coarsest that is documented."""
_SLACK = 0.02


@dataclass(frozen=True, slots=True)
class Question:
    """A question with options, or a yes-or-no question."""

    id: str
    """Letters, digits, `.`, `_` and `-`."""
    instructions: str
    options: Mapping[str, str] | None = None
    """Option to its description, which may be empty; None for yes or no."""

    @property
    def names(self) -> tuple[str, ...]:
        """The options."""
        return (YES, NO) if self.options is None else tuple(self.options)


def body(form: Wire, model: str, state: str, questions: Sequence[Question]) -> bytes:
    """A request as JSON."""
    value: dict[str, Any] = {"model": model}
    if form == "systemone":
        value |= {"state": state, "questions": {one.id: _system_one(one) for one in questions}}
    else:
        value |= {"input": state, "questions": [_openai(one) for one in questions]}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _system_one(question: Question) -> dict[str, Any]:
    if question.options is None:
        return {"type": "noul", "instructions": question.instructions}
    criteria = {name: means or None for name, means in question.options.items()}
    return {"type": "choice", "instructions": question.instructions, "criteria": criteria}


def _openai(question: Question) -> dict[str, Any]:
    asked = {"name": question.id, "instructions": question.instructions}
    if question.options is None:
        return {"type": "predicate", **asked}
    choices = [
        {"value": name, "description": means} if means else {"value": name}
        for name, means in question.options.items()
    ]
    return {"type": "choice", **asked, "choices": choices}


def decisions_in(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The decisions in an endpoint's JSON, out of their envelope; None if there are none.

    Raises Refused for an envelope that says that the request failed.
    """
    if answer.get("success") is False:
        faults = answer.get("errors")
        said = mapping(faults[0] if isinstance(faults, list) and faults else None).get("message")
        raise Refused(400, str(said or "an error without a message"), body=dict(answer))
    inner = answer.get("result")
    found = inner if isinstance(inner, dict) and "answers" in inner else answer
    return dict(found) if isinstance(found.get("answers"), (dict, list)) else None


def read(
    answer: Mapping[str, Any], questions: Sequence[Question]
) -> tuple[dict[str, Chances], dict[str, str]]:
    """The probabilities of each question, and for the others why there are none; both by question id."""
    given = answer["answers"]
    if isinstance(given, list):
        given = dict(_by_name(given, questions))
    found: dict[str, Chances] = {}
    wrong: dict[str, str] = {}
    for question in questions:
        chances = _chances(mapping(given.get(question.id)), question)
        if isinstance(chances, str):
            wrong[question.id] = chances
        else:
            found[question.id] = chances
    return found, wrong


def _by_name(given: Sequence[object], questions: Sequence[Question]) -> Iterator[tuple[str, object]]:
    """List answers are in the order of their questions, and have their names where these are echoed."""
    whole = len(given) == len(questions)
    for place, one in enumerate(given):
        name = mapping(one).get("name")
        if isinstance(name, str):
            yield name, one
        elif whole:
            yield questions[place].id, one


def _chances(given: Mapping[str, object], question: Question) -> Chances | str:
    """The probabilities in one answer, or what is wrong with it."""
    if not given:
        return "is not answered"
    if given.get("type") == "refusal":
        return "is refused"
    table = _table(given.get("probabilities"))
    if question.options is None:
        yes: Any = given.get("noul", given.get("probability", table.get(YES, table.get("true"))))
        if not _is_chance(yes):
            return f"has no probability from 0 to 1 but {_shown(yes)}"
        return {YES: float(yes), NO: 1 - float(yes)}
    if not table:
        return "has no probabilities"
    if strange := next((name for name in table if name not in question.options), None):
        return f"has an option that was not given: {_shown(strange)}"
    if odd := [value for value in table.values() if not _is_chance(value)]:
        return f"has a probability of {_shown(odd[0])}"
    values = {name: float(table.get(name, 0.0)) for name in question.options}
    total = sum(values.values())
    if abs(total - 1) > _SLACK + _ROUNDED * len(values):
        return f"has probabilities that add up to {total:.2f}, not 1"
    return {name: value / total for name, value in values.items()}


def _table(value: object) -> dict[str, Any]:
    """Option to probability from a map, or from a list of options."""
    if isinstance(value, Mapping):
        return dict(value)
    options = [mapping(one) for one in value] if isinstance(value, list) else []
    return {str(one["value"]): one.get("probability") for one in options if "value" in one}


def _is_chance(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1


def _shown(value: object) -> str:
    return repr(value)[:60]
