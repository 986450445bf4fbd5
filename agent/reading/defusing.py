"""Neutralises control tokens and fences in text from papers.

Control tokens of any model are broken by a space, and tags that look like the fence around a paper lose their
bracket, in any spelling. A reader still sees the text, and sentences keep their numbers.

Knows characters alone.
"""

import re
import unicodedata

_UNSEEN = "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*+"
_OPEN = "(?:[<\uff1c\u2039\u276e\u3008\u27e8\ufe64\u02c2]|&(?:lt|#60|#x3c);)"
_LETTERS = (
    "[p\u0440\u03c1\uff50]",
    "[a\u0430\u03b1\uff41]",
    "[p\u0440\u03c1\uff50]",
    "[e\u0435\u03b5\uff45]",
    "[r\u0433\uff52]",
)
_SLASH = "(?:[/\uff0f\u2044\u2215\u29f8\\\\]|&#47;)"
_GAP = rf"(?:{_UNSEEN}\s)*+{_UNSEEN}"
_FENCE = re.compile(
    rf"{_OPEN}(?={_GAP}(?:{_SLASH}{_GAP})?+(?:\w{{1,20}}:)?{_UNSEEN.join(_LETTERS)})", re.IGNORECASE
)
_ANY_TAG = re.compile(rf"{_OPEN}(?=\W{{0,4}}?[^\W\d_])|[^\x00-\x7f]")
_CONTROL = re.compile(
    r"<(?=[|\uff5c\u2502])|(?<=[|\uff5c\u2502])>|\[(?=\s?/?\s?(?:INST|SYSTEM|AVAILABLE_TOOLS|TOOL_\w{4,12})\s?\])"
    r"|<(?=<\s?/?\s?SYS\s?>>)|(?<=SYS>)>|<(?=\s?/?\s?s\s?>)"
    r"|<(?=\s?/?\s?(?:start_of_turn|end_of_turn|bos|eos|pad|unk|sep|cls|mask|think|tool_call|tool_response|system"
    r"|user|assistant|human|instructions?)\s?>)",
    re.IGNORECASE,
)


_SIGNS = {
    chr(code): plain
    for code in (*range(0x2000, 0x3100), *range(0xFE00, 0x10000))
    if (plain := unicodedata.normalize("NFKC", chr(code))) in ("<", ">", "|", "[", "]", "/")
}
"""Characters that normalisation turns into characters of control tokens."""


def defused(text: str) -> str:
    """The text with control tokens and look-alikes of the fence broken."""
    if _ANY_TAG.search(text) is None and "[" not in text and "|" not in text:
        return text
    text = _FENCE.sub("(", text)
    if not text.isascii():
        composed = "".join(_SIGNS.get(c, c) for c in text)
        if len(_CONTROL.findall(composed)) > len(_CONTROL.findall(text)):
            text = composed
    return _CONTROL.sub(
        lambda match: f"{match.group()} " if match.group() in "<[" else f" {match.group()}", text
    )
