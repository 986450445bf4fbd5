"""Adapts requests to an endpoint's refusals.

"OpenAI-compatible" endpoints refuse different things: gpt-5 a temperature of 0, older servers
`max_completion_tokens`, DeepSeek's reasoner a forced tool, Gemma's template a system role. Each says so in
its own words, which decide here what is left out, renamed or written differently.

Knows forms and refusals. Sends nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from .form import Form
from .providers import Mode
from .refusals import Refused, error_of

MOST_ANSWER_TOKENS = 32_768
"""Maximum tokens of an answer; a model that reasons longer about one paper is given up on."""

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
    r"|only user\b.{0,20}\bassistant|role.{0,40}\b(?:system|developer)\b"
    r"|\brole\b.{0,60}\buser\b.{0,9}\bassistant",
    re.IGNORECASE,
)
_SCHEMA = re.compile(
    r"response.?format|\bschema|_schema|json_object|structured output|guided|grammar|json mode",
    re.IGNORECASE,
)
_TOOLS = re.compile(r"\btools?\b|function.?call|\bfunctions?\b", re.IGNORECASE)
_TOOL_CHOICE = re.compile(r"tool.choice|forced? (?:tool|function)", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"\bmodel\b.{0,200}\b(?:not (?:exist|found|available|loaded|known|supported)|unknown|invalid|no such)"
    r"|(?:unknown|invalid|no such|not find|find no) model",
    re.IGNORECASE,
)
_ABOUT_FORM = re.compile(r"parameter|argument|field|value|format|schema|\btool|json|role", re.IGNORECASE)
_EFFORT = re.compile(
    r"reasoning.effort|\bthink(?:ing)?\b.{0,40}\bnot support|not support think", re.IGNORECASE
)
_LOGPROBS = re.compile(r"log.?prob", re.IGNORECASE)
_NO_THINKING = re.compile(r"enable_thinking\W.{0,20}\bfalse", re.IGNORECASE)
_TOKEN_NAMES = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
_AT_MOST = re.compile(
    r"(?:at most|maximum(?: value)?(?: is| of)?|less than or equal to|up to|<=|limit(?: is| of)?| and|,)"
    r"[^\d.]{0,20}(\d{2,7})(?! *>)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.-])\d{3,7}(?![\w.-])")
_CONTEXT = re.compile(
    r"(?:context (?:length|size|window)|max_model_len|n_ctx|must be <=)[^\d]{0,30}(\d{3,8})", re.IGNORECASE
)
_PROMPT = re.compile(
    r"(\d{1,8})(?: tokens)? (?:in|from|of) (?:the )?(?:messages|input|prompt)"
    r"|(\d{1,8}) (?:input|prompt|`inputs`)|prompt contains (?:at least )?(\d{1,8})",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"(?:requested|unsupported|invalid|unknown) (?:parameter|argument|field|request)|bad request"
    r"|unprocessable|validation (?:error|failed)|not implemented|not supported|unsupported|^error code: \d+$",
    re.IGNORECASE,
)
_VAGUE_LENGTH = 120
"""Messages longer than this many characters give a reason, even if it is not understood here."""
_CANNOT = re.compile(
    r"support|jinja|template|invalid|parse|compile|grammar|unknown|require|enable", re.IGNORECASE
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_LEAST_ANSWER_TOKENS = 300
_REFUSALS = frozenset({400, 404, 415, 422, 500, 501})


class Lesson(NamedTuple):
    """A change of the request learned from a refusal."""

    form: Form
    """The form to try next."""
    said: str
    """What the endpoint does not accept and what is done instead, for the user."""


def lesson_of(refusal: Refused, form: Form, full_name: str) -> Lesson | None:
    """The lesson of a refusal; None if there is none and the refusal must be shown to the user.

    `full_name`: the model as the user wrote it, with the part before the slash.
    """
    if form.logprobs and refusal.status in (*_REFUSALS, 403) and _LOGPROBS.search(refusal.said[:2_000]):
        return _without_logprobs(form)
    if refusal.status not in _REFUSALS or refusal.empty_account or refusal.moderated:
        return None
    names = {part for part in re.split(r"[.\[\]'\s]+", refusal.param) if part}
    details = list(_details(refusal.body))
    names.update(name for loc, _ in details for name in loc)
    # A validator may repeat the whole request; where it says what it means, that alone is believed.
    said = " ".join(" ".join((*loc, words)) for loc, words in details) or refusal.said[:2_000]
    # A name as Python writes it, where it is written as in Java.
    text = _HUMP.sub("_", " ".join((said, *names)))
    if (lesson := _room_in_context(text, form)) is not None:
        return lesson
    if refusal.too_long:
        return None
    # A server's own fault has words of all kinds; only a refusal is believed in everything.
    if refusal.status == 500:
        if _SYSTEM.search(text) and form.system_role:
            return _without_system(form)
        return _other_mode(text, form) if _CANNOT.search(text) else None
    lesson = next(_lessons(text, names, form), None)
    unknown = "model" in names or refusal.status == 404 or "model_not_found" in (refusal.code, refusal.kind)
    unknown = unknown or (lesson is None and not _ABOUT_FORM.search(text))
    if full_name != form.model_id and unknown and _NO_MODEL.search(text):
        # Servers of one's own often keep the part before the slash: openai/gpt-oss-20b.
        return Lesson(
            replace(form, model_id=full_name), f"does not know the model {form.model_id}: using {full_name}"
        )
    return lesson


def knows_no_model(refusal: Refused) -> bool:
    """Whether an endpoint says that it has no such model."""
    return refusal.code == "model_not_found" or _NO_MODEL.search(refusal.said[:2_000]) is not None


def with_room_to_think(form: Form) -> Lesson | None:
    """A higher token limit for a model whose reasoning used up the answer; None if it is at the maximum."""
    most = min(MOST_ANSWER_TOKENS, form.most_tokens or MOST_ANSWER_TOKENS)
    tokens = min(most, max(4_096, 4 * form.answer_tokens))
    if tokens <= form.answer_tokens:
        return None
    return Lesson(
        replace(form, answer_tokens=tokens),
        f"is a reasoning model: raised the answer limit to {tokens:,} tokens",
    )


def plainer(refusal: Refused, form: Form) -> Lesson | None:
    """A plainer request, for an endpoint that refuses without saying what.

    None if it gives a reason, or if no plainer request is left. It is a guess, to be confirmed by an answer.
    """
    if refusal.status not in (400, 404, 415, 422, 501) or refusal.empty_account or refusal.moderated:
        return None
    said = refusal.said.strip()
    if refusal.too_long or len(said) > _VAGUE_LENGTH or (said and not _VAGUE.search(said)):
        return None
    if refusal.status == 404 and "parameter" not in said:
        return None
    words = f"rejects the request ({refusal.status}) without a reason: trying"
    if form.logprobs:
        return Lesson(replace(form, logprobs=False), f"{words} it without logprobs")
    if (mode := _NEXT_MODE[form.mode]) is not None:
        return Lesson(replace(form, mode=mode), f"{words} {_MODE_NAMES[mode]}")
    if form.temperature is not None:
        return Lesson(replace(form, temperature=None), f"{words} it without a temperature")
    if form.system_role:
        return Lesson(replace(form, system_role=False), f"{words} it without a system role")
    return None


def _lessons(text: str, names: set[str], form: Form) -> Iterator[Lesson]:
    """The possible lessons of a message, the most specific first."""
    lower = text.lower()

    def named(name: str) -> bool:
        return name in names or re.search(rf"(?<![a-z_]){re.escape(name)}(?![a-z_])", lower) is not None

    if _NO_THINKING.search(text) and form.extra_body.get("enable_thinking") is not False:
        body = {**form.extra_body, "enable_thinking": False}
        yield Lesson(replace(form, extra_body=body), "requires enable_thinking to be false: set")
    for name in form.extra_body:
        if named(name.lower()):
            rest = {key: value for key, value in form.extra_body.items() if key != name}
            yield Lesson(replace(form, extra_body=rest), f"does not accept {name}: left out")
    if form.logprobs and (named("logprobs") or named("top_logprobs")):
        yield _without_logprobs(form)
    if form.reasoning_effort is not None and (named("reasoning_effort") or _EFFORT.search(text)):
        yield Lesson(replace(form, reasoning_effort=None), "does not accept reasoning_effort: left out")
    if form.temperature is not None and named("temperature"):
        yield Lesson(replace(form, temperature=None), "does not accept this temperature: left out")
    if any(named(name) for name in _TOKEN_NAMES):
        other = "max_completion_tokens" if form.tokens_name == "max_tokens" else "max_tokens"
        if (most := _at_most(text, form)) is not None:
            yield _limited(form, most)
        # Where both are named, one is the cure.
        elif named(form.tokens_name) and (form.tokens_name == "max_tokens" or not named(other)):
            yield _tokens_named(form)
    if form.system_role and _SYSTEM.search(text):
        yield _without_system(form)
    if form.mode == "json_schema" and form.strict and named("strict"):
        yield Lesson(replace(form, strict=False), "does not accept strict: left out")
    if form.mode == "tools" and form.force_tool and _TOOL_CHOICE.search(text):
        yield Lesson(
            replace(form, force_tool=False), "does not accept a forced tool call: asking for it instead"
        )
    if (lesson := _other_mode(text, form)) is not None:
        yield lesson


def _other_mode(text: str, form: Form) -> Lesson | None:
    about = {"json_schema": _SCHEMA, "json_object": _SCHEMA, "tools": _TOOLS}.get(form.mode)
    mode = _NEXT_MODE[form.mode]
    if about is None or mode is None or not about.search(text):
        return None
    said = f"does not accept {_MODE_NAMES[form.mode]}: using {_MODE_NAMES[mode]}"
    return Lesson(replace(form, mode=mode, force_tool=True), said)


def _at_most(text: str, form: Form) -> int | None:
    """The maximum answer tokens stated in the message, if less than requested."""
    asked = form.answer_tokens
    fits = [int(found) for found in _AT_MOST.findall(text) if 100 <= int(found) < asked]
    if not fits and str(asked) in text:
        fits = [int(found) for found in _NUMBER.findall(text) if 100 <= int(found) < asked]
    most = max(fits, default=None)
    return most - 1 if most is not None and "exclusive" in text else most


def _room_in_context(text: str, form: Form) -> Lesson | None:
    """A lower token limit, if the context has room for the prompt but not for the whole answer."""
    context, prompt = _CONTEXT.search(text), _PROMPT.search(text)
    if context is None or prompt is None:
        return None
    room = int(context[1]) - int(next(number for number in prompt.groups() if number)) - 16
    if not _LEAST_ANSWER_TOKENS <= room < form.answer_tokens:
        return None
    # The next prompt may be longer.
    return _limited(form, max(min(room, 1_200), room * 3 // 4))


def _limited(form: Form, tokens: int) -> Lesson:
    return Lesson(
        replace(form, answer_tokens=tokens, most_tokens=tokens),
        f"allows at most {tokens:,} tokens per answer",
    )


def _tokens_named(form: Form) -> Lesson:
    other = "max_completion_tokens" if form.tokens_name == "max_tokens" else "max_tokens"
    return Lesson(
        replace(form, tokens_name=other),  # type: ignore[arg-type]
        f"does not accept {form.tokens_name}: using {other}",
    )


def _without_logprobs(form: Form) -> Lesson:
    return Lesson(replace(form, logprobs=False), "does not give logprobs: confidences stay empty")


def _without_system(form: Form) -> Lesson:
    return Lesson(
        replace(form, system_role=False),
        "does not support the system role: moved the instructions to the first user message",
    )


def _details(body: object) -> Iterator[tuple[list[str], str]]:
    """Position and message of each fault in FastAPI's `detail`, which Mistral puts in its message."""
    holders = (body, error_of(body), error_of(body).get("message"))
    for holder in holders:
        details = holder.get("detail") if isinstance(holder, Mapping) else None
        for detail in details[:20] if isinstance(details, list) else []:
            loc = detail.get("loc") if isinstance(detail, Mapping) else None
            if isinstance(loc, list):
                parts = [part.lower() for part in loc if isinstance(part, str) and part != "body"]
                yield parts, str(detail.get("msg", ""))[:300]
