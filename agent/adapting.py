"""From an endpoint's refusal to a request that it may take.

"OpenAI-compatible" endpoints refuse different things: gpt-5 a temperature of 0, older servers
`max_completion_tokens`, DeepSeek's reasoner a forced tool, Gemma's template a system role. Each says so in
its own words, and those words decide here what is left out, renamed or written differently.

Knows forms and refusals. Sends nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from .form import Form
from .models import Mode
from .refusals import Refused, error_of

MOST_ANSWER_TOKENS = 32_768
"""A model that thinks longer than this about one paper is given up."""

_NEXT_MODE: Mapping[Mode, Mode | None] = {
    "json_schema": "tools",
    "tools": "json_object",
    "json_object": "text",
    "text": None,
}
_MODE_NAMES: Mapping[Mode, str] = {
    "json_schema": "a JSON schema",
    "tools": "tools",
    "json_object": "JSON mode",
    "text": "plain text",
}
_SYSTEM = re.compile(
    r"\b(?:system|developer)\b.{0,30}\b(?:role|message|prompt|instruction)|roles? must alternate"
    r"|only user and assistant|role.{0,20}\b(?:system|developer)\b",
    re.IGNORECASE,
)
_SCHEMA = re.compile(
    r"response_format|json_schema|json_object|structured output|guided|grammar|json mode", re.IGNORECASE
)
_TOOLS = re.compile(r"\btools?\b|function.?call|\bfunctions\b", re.IGNORECASE)
_TOOL_CHOICE = re.compile(r"tool_choice|forced? (?:tool|function)", re.IGNORECASE)
_NO_MODEL = re.compile(r"\bmodel\b.{0,200}\b(?:not|unknown|no such|invalid)\b|unknown model", re.IGNORECASE)
_AT_MOST = re.compile(
    r"(?:at most|maximum(?: value)?(?: is| of)?|less than or equal to|up to|<=|limit(?: is| of)?)"
    r"\D{0,20}(\d{2,7})",
    re.IGNORECASE,
)
_REFUSALS = frozenset({400, 404, 415, 422, 500, 501})


class Lesson(NamedTuple):
    """What was learned from a refusal."""

    form: Form
    """To try next."""
    said: str
    """What the endpoint does not take and what is done instead, for the user."""


def lesson_of(refusal: Refused, form: Form, full_name: str) -> Lesson | None:
    """What a refusal teaches; None: nothing, it must be explained to the user.

    `full_name`: the model as the user wrote it, with the part before the slash.
    """
    if refusal.status not in _REFUSALS or refusal.empty_account or refusal.moderated or refusal.too_long:
        return None
    said = refusal.said[:2_000]
    # A server's own fault has words of all kinds; only a refusal is believed in everything.
    if refusal.status == 500:
        return _without_system(form) if _SYSTEM.search(said) and form.system_role else None
    names = {*_parameters(refusal)}
    text = " ".join((said, *names))
    if full_name != form.model_id and refusal.status in (400, 404) and _NO_MODEL.search(said):
        # Servers of one's own often keep the part before the slash: openai/gpt-oss-20b.
        return Lesson(replace(form, model_id=full_name), f"knows no {form.model_id}: asking for {full_name}")
    return next(_lessons(text, names, form), None)


def with_room_to_think(form: Form) -> Lesson | None:
    """A higher ceiling, for a model whose thinking used the answer's tokens up."""
    if form.answer_tokens >= MOST_ANSWER_TOKENS:
        return None
    tokens = min(MOST_ANSWER_TOKENS, max(4_096, 4 * form.answer_tokens))
    return Lesson(
        replace(form, answer_tokens=tokens), f"thinks before it answers: answers may take {tokens:,} tokens"
    )


def _lessons(text: str, names: set[str], form: Form) -> Iterator[Lesson]:
    """The lessons that the words allow, the most particular first."""
    lower = text.lower()

    def named(name: str) -> bool:
        return name in names or re.search(rf"(?<![a-z_]){re.escape(name)}(?![a-z_])", lower) is not None

    for name in form.extra_body:
        if named(name.lower()):
            rest = {key: value for key, value in form.extra_body.items() if key != name}
            yield Lesson(replace(form, extra_body=rest), f"does not take {name}: left out")
    if form.reasoning_effort is not None and (named("reasoning_effort") or "reasoning effort" in lower):
        yield Lesson(replace(form, reasoning_effort=None), "does not take reasoning_effort: left out")
    if form.temperature is not None and named("temperature"):
        yield Lesson(replace(form, temperature=None), "does not take this temperature: left out")
    if named(form.tokens_name):
        most = _AT_MOST.search(text)
        if most is not None and 100 <= int(most[1]) < form.answer_tokens:
            tokens = int(most[1])
            yield Lesson(replace(form, answer_tokens=tokens), f"allows at most {tokens:,} tokens an answer")
        if form.tokens_name == "max_tokens" and named("max_completion_tokens"):
            yield _tokens_named(form)
        if most is None and not named("max_tokens" if form.tokens_name != "max_tokens" else "-"):
            yield _tokens_named(form)
    if form.system_role and _SYSTEM.search(text):
        yield _without_system(form)
    if form.mode == "json_schema" and form.strict and named("strict"):
        yield Lesson(replace(form, strict=False), "does not take strict: left out")
    if form.mode == "tools" and form.force_tool and _TOOL_CHOICE.search(text):
        yield Lesson(replace(form, force_tool=False), "cannot be made to call a tool: asked to")
    about = {"json_schema": _SCHEMA, "json_object": _SCHEMA, "tools": _TOOLS}.get(form.mode)
    if about is not None and about.search(text) and (mode := _NEXT_MODE[form.mode]) is not None:
        yield Lesson(
            replace(form, mode=mode, force_tool=True),
            f"does not take {_MODE_NAMES[form.mode]}: asking with {_MODE_NAMES[mode]}",
        )


def _tokens_named(form: Form) -> Lesson:
    other = "max_completion_tokens" if form.tokens_name == "max_tokens" else "max_tokens"
    return Lesson(
        replace(form, tokens_name=other),  # type: ignore[arg-type]
        f"does not take {form.tokens_name}: using {other}",
    )


def _without_system(form: Form) -> Lesson:
    return Lesson(
        replace(form, system_role=False),
        "knows no system role: the instructions stand in the first user message",
    )


def _parameters(refusal: Refused) -> Iterator[str]:
    """The parameters that a refusal names: OpenAI's `param`, FastAPI's `detail` with its `loc`."""
    if refusal.param:
        yield from (part for part in re.split(r"[.\[\]']+", refusal.param) if part)
    body = refusal.body if isinstance(refusal.body, Mapping) else {}
    for holder in (body, error_of(body)):
        details = holder.get("detail")
        for detail in details if isinstance(details, list) else []:
            loc = detail.get("loc") if isinstance(detail, Mapping) else None
            if isinstance(loc, list):
                yield from (str(part).lower() for part in loc if isinstance(part, str))
