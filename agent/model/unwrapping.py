"""Extracts an answer from its wrapping: reasoning, fences, surrounding text, quoting or naming.

Models and gateways wrap valid answers in harmless ways. Only certain wrappings are removed: nothing is
guessed, and no label is replaced by a similar one. The caller judges what is still wrong after that.

Knows JSON and its schemas. Knows no taxonomy and no papers.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_MOST = 200_000
"""Maximum characters of an answer that are examined."""
_TRIES = 200
"""Maximum number of positions tried as the start of an object."""
_THOUGHT_END = re.compile(
    r"</(?:think|thinking|thought|reasoning|reflection|scratchpad)>|◁/think▷", re.IGNORECASE
)
_BEGIN = re.compile(r'\{\s{0,40}"')
_LAST_COMMA = re.compile(r",\s*(?=[}\]])")
_DECODER = json.JSONDecoder(strict=False)
_DEEPEST = 3
"""Maximum levels of names, lists and quotes around an object."""
_MOST_INSIDE = 12
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


def readings(text: str) -> Iterator[Any]:
    """The JSON values that an answer may mean, most likely first."""
    text = text[:_MOST].strip("\ufeff\u200b \t\r\n")
    seen: set[str] = set()
    for piece in _pieces(text):
        if piece in seen:
            continue
        seen.add(piece)
        value = _loads(piece)
        if value is None and piece.startswith('{\\"'):
            value = _loads(f'"{piece}"')  # an object inside a string that lost its quotes
        if value is not None:
            yield value
        else:
            yield from _objects(piece)


def fit(value: Any, schema: Mapping[str, Any]) -> Any:
    """Fit a value to a schema as far as that is certain; the rest stays unchanged.

    Extra keys are removed, labels get the case and hyphens of the schema, quoted numbers become numbers, a
    single item becomes a list of one and, except for strings, the other way round, numbers become text and
    `true` becomes `yes` where that is asked for, and an object is taken out of surrounding strings, lists and
    names if there is no other one like it.
    """
    kind = schema.get("type")
    if kind == "object":
        return _object(value, schema)
    if kind == "array":
        return _items(value, schema.get("items", {}))
    if isinstance(value, list) and len(value) == 1 and kind != "string":
        value = value[0]
    if "enum" in schema or "const" in schema:
        return _option(value, schema)
    if kind == "integer":
        return _whole_number(value)
    if kind == "string" and not isinstance(value, str | bool | dict | list):
        return "" if value is None else str(value)
    # Half of a character, which JSON can write, no file takes.
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _loads(text: str) -> Any:
    """Parse JSON, allowing line ends in strings and trailing commas; None if it is not JSON."""
    for read in (text, _LAST_COMMA.sub("", text)) if text[-1:] in ("}", "]") else (text,):
        try:
            return _DECODER.decode(read)
        except (ValueError, RecursionError):
            continue
    return None


def _pieces(text: str) -> Iterator[str]:
    """The text, and parts of it that may be the bare answer."""
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
    """The outermost objects in a text, from the last to the first."""
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
    names = {_plain(name): name for name in properties}
    found = list(_alike(value, names, _DEEPEST))
    if len(found) != 1:
        return value
    fitted: dict[str, Any] = {}
    for key, item in found[0].items():
        name = key if key in properties else names.get(_plain(str(key)))
        if name is not None and (name not in fitted or key in properties):
            fitted[name] = fit(item, properties[name])
    return fitted


def _alike(value: Any, names: Mapping[str, str], depth: int) -> Iterator[dict[str, Any]]:
    """The objects in a value that have most of these names."""
    if isinstance(value, str) and "{" in value and depth:
        value = _loads(value.strip("\ufeff \r\n"))
        if isinstance(value, str):
            yield from _alike(value, names, depth - 1)
    if isinstance(value, dict):
        if 2 * len({_plain(str(key)) for key in value} & names.keys()) > len(names):
            yield value
            return
        value = list(value.values())
    if isinstance(value, list) and depth:
        for inner in value[:_MOST_INSIDE]:
            yield from _alike(inner, names, depth - 1)


def _items(value: Any, schema: Mapping[str, Any]) -> Any:
    if value is None:
        return []
    if isinstance(value, str) and "enum" in schema and "," in value and _option(value, schema) == value:
        value = value.split(",")
    return [fit(item, schema) for item in (value if isinstance(value, list) else [value])]


def _option(value: Any, schema: Mapping[str, Any]) -> Any:
    options = schema["enum"] if "enum" in schema else [schema["const"]]
    if isinstance(value, dict):
        # {"label": "summarization", "confidence": 0.9}
        inside = [one for one in value.values() if isinstance(one, str)]
        known = {fitted for one in inside if (fitted := _option(one, schema)) in options}
        return known.pop() if len(known) == 1 else value
    if all(isinstance(option, int) for option in options):
        return _whole_number(value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if not isinstance(value, str) or value in options:
        return value
    names = _by_plain_name(tuple(options))
    # The prompt lists each label with what it means; some models copy the line.
    return names.get(_plain(value)) or names.get(_plain(value.partition(":")[0]), value)


@lru_cache(maxsize=64)
def _by_plain_name(options: tuple[str, ...]) -> Mapping[str, str]:
    """The options by their normalised names, without ambiguous ones."""
    names: dict[str, str] = {}
    twice = set()
    for option in options:
        plain = _plain(option)
        if plain in names:
            twice.add(plain)
        names[plain] = option
    return {name: option for name, option in names.items() if name not in twice}


def _plain(text: str) -> str:
    """A normalised name: without case, hyphens, spaces, quotes and a final full stop."""
    words = _HUMP.sub("-", text.strip(" \t\r\n\"'`*."))
    return re.sub(r"[\s_\-\u2010-\u2015]+", "-", words.casefold())


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
