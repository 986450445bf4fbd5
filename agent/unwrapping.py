"""An answer out of its wrapping: thinking, fences, words around it, one level of quoting or naming.

Models and gateways wrap a right answer in ways that a person would not mind. What is taken off here is
certain: nothing is guessed, no label is replaced by one that looks like it. What is still wrong after that
is the caller's to judge.

Knows JSON and its schemas. Knows no taxonomy and no papers.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_MOST = 200_000
"""Characters of an answer that are looked through."""
_TRIES = 200
"""Places where an object may begin that are tried."""
_THOUGHT_END = re.compile(
    r"</(?:think|thinking|thought|reasoning|reflection|scratchpad)>|◁/think▷", re.IGNORECASE
)
_BEGIN = re.compile(r'\{\s{0,40}"')
_DECODER = json.JSONDecoder()


def readings(text: str) -> Iterator[Any]:
    """The JSON values that an answer may stand for, the likeliest first."""
    text = text[:_MOST].strip("\ufeff\u200b \t\r\n")
    seen: set[str] = set()
    for piece in _pieces(text):
        if piece in seen:
            continue
        seen.add(piece)
        try:
            yield json.loads(piece)
            continue
        except (ValueError, RecursionError):
            pass
        yield from _objects(piece)


def fit(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value made to fit a schema as far as that is certain; what does not fit stays as it is.

    Surplus keys go, labels get the case and hyphens of the schema's, numbers in quotes become numbers, one
    item becomes a list of one, and an object inside a string, a list of one or one strange key comes out.
    """
    kind = schema.get("type")
    if kind == "object":
        return _object(value, schema)
    if kind == "array":
        if value is None:
            return []
        items = value if isinstance(value, list) else [value]
        return [fit(item, schema.get("items", {})) for item in items]
    if "enum" in schema or "const" in schema:
        return _option(value, schema)
    if kind == "integer":
        return _whole_number(value)
    return value


def _pieces(text: str) -> Iterator[str]:
    """The text, and parts of it that may be the answer alone."""
    yield text
    rest = text
    if (final := rest.rfind("<|channel|>final")) != -1:  # OpenAI's harmony format
        rest = rest[final:].partition("<|message|>")[2].partition("<|")[0]
    ends = list(_THOUGHT_END.finditer(rest))
    rest = (rest[ends[-1].end() :] if ends else rest).strip()
    for fenced in reversed(rest.split("```")[1::2]):
        # Behind the fence stands the name of a language, or nothing.
        first, _, body = fenced.partition("\n")
        yield (fenced if "{" in first else body).strip()
    yield rest


def _objects(text: str) -> Iterator[Any]:
    """The objects that stand in a text, outermost ones, from the last to the first."""
    found: list[Any] = []
    end = 0
    for number, begin in enumerate(_BEGIN.finditer(text)):
        if number == _TRIES:
            break
        if begin.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, begin.start())
            found.append(value)
        except (ValueError, RecursionError):
            continue
    yield from reversed(found)


def _object(value: Any, schema: Mapping[str, Any]) -> Any:
    properties: Mapping[str, Any] = schema.get("properties", {})
    for _ in range(3):
        if isinstance(value, str):
            try:
                value = json.loads(value.strip("\ufeff \r\n"))
            except (ValueError, RecursionError):
                return value
        elif isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and not _known(value, properties):
            inner: list[Any] = [one for one in value.values() if isinstance(one, dict)]
            inner = inner or [one for one in value.values() if isinstance(one, (str, list))]
            if len(inner) != 1:
                break
            value = inner[0]
        else:
            break
    if not isinstance(value, dict):
        return value
    names = {_plain(name): name for name in properties}
    fitted: dict[str, Any] = {}
    for key, item in value.items():
        name = key if key in properties else names.get(_plain(str(key)))
        if name is not None and (name not in fitted or key in properties):
            fitted[name] = fit(item, properties[name])
    return fitted


def _known(value: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    plain = {_plain(name) for name in properties}
    return any(_plain(str(key)) in plain for key in value)


def _option(value: Any, schema: Mapping[str, Any]) -> Any:
    options = schema["enum"] if "enum" in schema else [schema["const"]]
    if all(isinstance(option, int) for option in options):
        return _whole_number(value)
    if not isinstance(value, str) or value in options:
        return value
    return _by_plain_name(tuple(options)).get(_plain(value), value)


@lru_cache(maxsize=64)
def _by_plain_name(options: tuple[str, ...]) -> Mapping[str, str]:
    """The options by their plain names, those aside that two share."""
    names: dict[str, str] = {}
    twice = set()
    for option in options:
        plain = _plain(option)
        if plain in names:
            twice.add(plain)
        names[plain] = option
    return {name: option for name, option in names.items() if name not in twice}


def _plain(text: str) -> str:
    """A name without what people write differently: case, hyphens, spaces, quotes, a full stop."""
    return re.sub(r"[\s_\-\u2010-\u2015]+", "-", text.strip(" \t\r\n\"'`*.").casefold())


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, float) and value == value and abs(value) < 1e9 and value == int(value):
        return int(value)
    if isinstance(value, str):
        digits = value.strip(" []()#.")
        if digits.isascii() and digits.isdigit() and len(digits) < 10:
            return int(digits)
    return value
