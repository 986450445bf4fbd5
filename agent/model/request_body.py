"""Builds the JSON body of a request from a form, an answer type and messages.

The part shared by all papers is serialised once; a paper adds its last message. instructor turns the answer
type into what the endpoint enforces (a JSON schema or a tool); it is used through its handlers, since its
patched `create` builds a new class and schema on each call and renders paper text as a Jinja template.

Knows no endpoints and no papers.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from .form import Form


class Requests:
    """Builds requests, and caches their shared parts."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, type[BaseModel]], dict[str, Any]] = {}
        self._frames: dict[type[BaseModel], tuple[Form, Sequence[Mapping[str, object]], bytes, bytes]] = {}

    def first(
        self, form: Form, kind: type[BaseModel], prefix: Sequence[Mapping[str, object]], last: str
    ) -> bytes:
        """The first request for a paper."""
        frame = self._frames.get(kind)
        if frame is None or frame[0] is not form or frame[1] is not prefix:
            whole = _bytes(self._whole(form, kind, prefix, _HERE, []))
            before, after = whole.split(_bytes(_HERE)[1:-1])
            self._frames[kind] = frame = (form, prefix, before, after)
        return frame[2] + _bytes(last)[1:-1] + frame[3]

    def again(
        self,
        form: Form,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
        more: list[dict[str, Any]],
    ) -> bytes:
        """A request that re-asks; `more` are the messages after the first one."""
        return _bytes(self._whole(form, kind, prefix, last, more))

    def _whole(
        self,
        form: Form,
        kind: type[BaseModel],
        prefix: Sequence[Mapping[str, object]],
        last: str,
        more: list[dict[str, Any]],
    ) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [dict(message) for message in prefix]
        if form.mode in ("json_object", "text"):
            schema = json.dumps(kind.model_json_schema(), ensure_ascii=False)
            _say_first(messages, f"{_BY_WORDS}{schema}")
        messages.append({"role": "user", "content": last})
        if not form.system_role and messages[0].get("role") == "system":
            rules = messages.pop(0)["content"]
            messages[0] = {"role": "user", "content": f"{rules}\n\n{messages[0]['content']}"}
        return {**self._form(form, kind), "messages": [*messages, *more]}

    def _form(self, form: Form, kind: type[BaseModel]) -> dict[str, Any]:
        """The request for an answer type without messages; built once."""
        key = (form.to_json(), kind)
        if key not in self._forms:
            asked = _enforced(form, kind)
            asked["model"] = form.model_id
            if form.temperature is not None:
                # Written as a whole number where it is one, as it always was.
                asked["temperature"] = int(form.temperature) if form.temperature == 0 else form.temperature
            asked[form.tokens_name] = form.answer_tokens
            if form.reasoning_effort is not None:
                asked["reasoning_effort"] = form.reasoning_effort
            if form.logprobs:
                asked |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
            self._forms[key] = asked | dict(form.extra_body)
        return self._forms[key]


def told(text: str, wrong: str) -> list[dict[str, Any]]:
    """Messages with an invalid answer and its faults, as plain text, which every endpoint accepts.

    An empty answer is re-asked without messages, since endpoints accept no empty message.
    """
    if not text.strip():
        return []
    return [
        {"role": "assistant", "content": text},
        {
            "role": "user",
            "content": f"That answer is wrong:\n{wrong}\nAnswer again, whole and corrected, in that form.",
        },
    ]


TOP_LOGPROBS = 5
"""Alternatives of each token; all providers that give any give so many."""
_HERE = "\x00here\x00"
"""Placeholder for a paper's text while a request is serialised; it occurs in no paper."""
_BY_WORDS = "\n\nAnswer with one JSON object that fits this JSON schema, and with nothing else:\n"


def _say_first(messages: list[dict[str, Any]], words: str) -> None:
    """Add words to the instructions."""
    if messages and messages[0].get("role") == "system":
        messages[0] = {**messages[0], "content": f"{messages[0]['content']}{words}"}
    else:
        messages.insert(0, {"role": "system", "content": words.strip()})


def _enforced(form: Form, kind: type[BaseModel]) -> dict[str, Any]:
    """The part of a request that constrains the answer to the schema."""
    if form.mode == "text":
        return {}
    if form.mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    from instructor import Mode
    from instructor.v2.core.providers import Provider
    from instructor.v2.core.registry import mode_registry

    mode = Mode.JSON_SCHEMA if form.mode == "json_schema" else Mode.TOOLS
    handlers = mode_registry.get_handlers(Provider.OPENAI, mode)
    _, asked = handlers.request_handler(response_model=kind, kwargs={"messages": []})
    if form.mode == "json_schema":
        asked["response_format"]["json_schema"].pop("strict", None)
        if form.strict:
            # Without `strict` OpenAI treats the schema as a hint.
            asked["response_format"]["json_schema"]["strict"] = True
    if form.mode == "tools" and not form.force_tool:
        asked["tool_choice"] = "auto"
    del asked["messages"]
    return dict(asked)


def _bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
