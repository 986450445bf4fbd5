"""What the stub endpoint answers: an instance of the schema that a request carries, in the form of its API.

Knows JSON values. Knows no HTTP, no faults and no time.
"""

import re
import time
from typing import Any

MARK = re.compile(r"\[doc (\d+)\]")
SUMMARY = (
    "The paper presents a training method that improves accuracy on several public benchmarks while "
    "lowering inference cost."
)
COMPLETION_TOKENS = 120


def instance(schema: dict[str, Any], text: str, root: dict[str, Any], index: int = 0) -> Any:
    """Something that fits the schema; `index` numbers the items of an array."""
    schema = resolved(schema, root)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return instance(schema[choice][0], text, root, index)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][index % len(schema["enum"])]
    match schema.get("type"):
        case "object":
            return {
                name: instance(part, text, root, index) for name, part in schema.get("properties", {}).items()
            }
        case "array":
            item = resolved(schema.get("items", {"type": "string"}), root)
            plain = "enum" in item or item.get("type") in ("string", "integer", "number")
            count = min(max(2 if plain else 4, schema.get("minItems", 0)), schema.get("maxItems", 4))
            return [instance(item, text, root, position) for position in range(count)]
        case "integer" | "number":
            return schema.get("minimum", 1) + index
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return text


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` points to."""
    while "$ref" in schema:
        node: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            node = node[step]
        schema = node
    return schema


def wanted(request: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The schema that the request carries, and the tool's name if it is one's."""
    if tools := request.get("tools"):
        choice = request.get("tool_choice")
        name = choice["function"]["name"] if isinstance(choice, dict) else tools[0]["function"]["name"]
        function = next(one["function"] for one in tools if one["function"]["name"] == name)
        return function["parameters"], name
    form = request.get("response_format") or {}
    schema = (form.get("json_schema") or {}).get("schema")
    return schema or {"type": "object", "properties": {"summary": {"type": "string"}}}, None


def document(request: dict[str, Any]) -> int | None:
    """N of the last `[doc N]` in what the user said."""
    for message in reversed(request.get("messages", [])):
        content = message.get("content") or ""
        if isinstance(content, list):
            content = " ".join(part.get("text", "") for part in content)
        if message.get("role") != "assistant" and (marks := MARK.findall(content)):
            return int(marks[-1])
    return None


def refusal(message: str, code: str) -> dict[str, Any]:
    """An error's body as hosted endpoints word it."""
    return {"error": {"message": f"{message} (stub)", "type": code, "param": None, "code": code}}


def completion(number: int, model: str, text: str, tool: str | None, prompt_tokens: int) -> dict[str, Any]:
    """A chat completion with that text, or with a call of the tool."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if tool:
        call = {"name": tool, "arguments": text}
        message["content"] = None
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": call}]
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": "fp_stub",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": COMPLETION_TOKENS,
            "total_tokens": prompt_tokens + COMPLETION_TOKENS,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }
