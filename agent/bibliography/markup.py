"""Removes tags that exports leave in titles and abstracts: JATS of Crossref, HTML of Zotero and feeds.

Only tags with a name of JATS, MathML or HTML are removed: `x < y and z > w` stays. Blocks (`<jats:p>`) become
lines; a heading that only says "Abstract" is removed. A superscript becomes a power (`10^3`), reference marks
are removed, and of a formula given twice (MathML and TeX) one is kept. The five XML entities and numeric
entities become their characters, even in escaped tags. Text without any of this is returned unchanged.
"""

import html
import re

_BLOCKS = (
    "abstract|article|blockquote|body|br|div|h[1-6]|hr|li|ol|p|sec|section|title|ul|list|list-item|disp-formula|table|tr|td"
    "|dl|dt|dd|pre"
)
_INLINE = (
    "a|abbr|alternatives|b|bold|cite|code|em|ext-link|fixed-case|font|i|inline-formula|inline-graphic|italic|label|mark"
    "|monospace|named-content|overline|q|roman|s|sans-serif|sc|scp|small|span|strike|strong|styled-content|sub|sup|tt"
    "|u|underline|uri|wbr|xref|mml:\\w+|m:\\w+|math|mi|mn|mo|mrow|msub|msup|mfrac|mtext"
)
_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?"
_HEADING = re.compile(r"<((?:jats:)?title|h[1-6]|strong|b)>([^<>]{1,100})</\1\s*>", re.IGNORECASE)
_NO_LABELS = frozenset(("abstract", "summary"))
_TWICE = re.compile(
    r"<((?:jats:)?tex-math|(?:mml:)?annotation)\b[^<>]*>[^<]*+(?:<(?!/?\1\b)[^<]*+){0,100}+</\1\s*>|<!\[CDATA\[|\]\]>",
    re.IGNORECASE,
)
_MARK = re.compile(
    rf"(?:<(?:jats:)?sup>\s*)?<(?:jats:)?xref{_ATTRIBUTES}>(?:\s*<(?:jats:)?sup>)?[\d\s,\u2013*\u2020-]{{0,20}}"
    r"(?:</(?:jats:)?sup>\s*)?</(?:jats:)?xref>(?:\s*</(?:jats:)?sup>)?",
    re.IGNORECASE,
)
_POWER = re.compile(
    r"(?<=[\w)\]])<(jats:sup|sup)>\s*([-+\u2212\u2013]?(?:\d[\d.,]{0,8}|[a-z]))\s*</\1\s*>", re.IGNORECASE
)
_BLOCK = re.compile(rf"</?(?:jats:)?(?:{_BLOCKS}){_ATTRIBUTES}>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:jats:)?(?:{_INLINE}){_ATTRIBUTES}>", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:lt|gt|amp|quot|apos|nbsp|[a-z]dash|[lr][sd]quo|hellip|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE
)


_MOST = 200_000
"""Maximum characters: a longer text is not an abstract and is left unchanged."""


def plain(text: str) -> str:
    """The text without such tags and entities."""
    if len(text) > _MOST:
        return text
    bare = _without_tags(text)
    if "&" not in bare:
        return bare
    decoded = _ENTITY.sub(lambda one: html.unescape(one[0]), bare)
    # Tags may be written with entities, `&lt;p&gt;`; in a text that has tags of its own, those are meant
    # as shown.
    return _without_tags(decoded) if bare == text and "&lt;" in bare else decoded


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    bare = _HEADING.sub(_label, _MARK.sub("", _TWICE.sub("", without_comments(text))))
    bare = _TAG.sub("", _BLOCK.sub("\n", _POWER.sub(r"^\2", bare)))
    return "\n".join(filter(None, map(str.strip, bare.split("\n")))) if bare != text else text


def without_comments(text: str, instead: str = "") -> str:
    """The text without comments of HTML; one that never ends stays."""
    pieces: list[str] = []
    at = 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        pieces += [text[at:begin], instead]
        at = end + 3
    return "".join([*pieces, text[at:]]) if pieces else text


def _label(match: re.Match[str]) -> str:
    label = match[2].strip().rstrip(" .:")
    if label.casefold() in _NO_LABELS:
        return ""
    return match[2] if match[1].lower() in ("b", "strong") else f"<p>{label}: "
