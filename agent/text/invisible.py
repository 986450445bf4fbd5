"""Finds and removes invisible characters, which a model reads but a person does not see.

Some of them are needed in one script and suspicious in another: a joiner in Persian or in an emoji, a
direction mark beside Hebrew, a variation selector after an ideograph. They are kept where they have a
function and count as hidden elsewhere.

Knows characters alone.
"""

import re

_COMPLEX = (
    "\u0590-\u061b\u061d-\u109f\u1100-\u11ff\u1700-\u18af\u1900-\u1cff\ua800-\uabff\ufb1d-\ufdff\ufe70-\ufefc"
    "\U00010800-\U00011fff"
)
"""Scripts with joining, stacking or right-to-left letters."""
_PICTURES = "\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff\ufe0f"
"""Symbols and emoji."""
_IDEOGRAPHS = "\u3001-\u303f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_RIGHT_TO_LEFT = re.compile("[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff]")
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069"
"""Marks, embeddings and isolates. The overrides U+202D and U+202E have no use in prose."""

_ALWAYS = (
    "[\u00ad\u034f\u17b4\u17b5\u180e\u200b\u202d\u202e\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
    "|\r(?!\n)"
)
_STRAY = (
    rf"(?<![{_COMPLEX}{_PICTURES}])[\u200c\u200d]"
    rf"|(?<![{_COMPLEX}{_PICTURES}{_IDEOGRAPHS}0-9#*])[\ufe00-\ufe0f]"
    "|(?<=[0-9#*])[\ufe00-\ufe0f](?!\u20e3)|(?<=\ufe0f)\ufe0f"
    rf"|(?<![{_IDEOGRAPHS}])[\U000e0100-\U000e01ef]"
    "|\u115f(?![\u1161-\u11a7])|(?<![\u1100-\u115e])\u1160"
)
"""Helper characters without a letter to act on."""
_HIDDEN = re.compile(f"(?:{_ALWAYS}|{_STRAY}|[{_DIRECTIONS}])+")
_HIDDEN_AMONG_RIGHT_TO_LEFT = re.compile(f"(?:{_ALWAYS}|{_STRAY}|[{_DIRECTIONS}]{{3,}})+")
"""Two adjacent direction marks can be the end and start of isolates; more are a hidden message."""


def hidden(text: str) -> list[tuple[int, int]]:
    """The ranges of invisible characters, half-open and in order."""
    if text.isascii() and text.isprintable():
        return []
    pattern = _HIDDEN_AMONG_RIGHT_TO_LEFT if _RIGHT_TO_LEFT.search(text) else _HIDDEN
    return [match.span() for match in pattern.finditer(text)]


def visible(text: str) -> tuple[str, bool]:
    """The text without invisible characters, and whether it had any.

    For text that a model or a person reads; offsets refer to the original text.
    """
    if text.isascii() and text.isprintable():
        return text, False
    pattern = _HIDDEN_AMONG_RIGHT_TO_LEFT if _RIGHT_TO_LEFT.search(text) else _HIDDEN
    shown, count = pattern.subn("", text)
    return shown, count > 0
