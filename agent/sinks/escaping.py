"""Escapes untrusted text for Markdown and for HTML in Markdown.

After `text`, nothing is left that a viewer reads as markup, and no address that it would turn into a link.
Links are only made by `link`, from http and https addresses.

Entities stand where viewers differ on backslashes; rules: CommonMark 0.31 and GitHub's extensions (tables,
strikethrough, autolinks, mathematics).
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from ..text.invisible import visible
from ..text.spans import Link

_BACKSLASHED = "\\`*_[]"
_AS_ENTITY = "|~$@{}#"
_MARKS = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    | {c: "\\" + c for c in _BACKSLASHED}
    | {c: f"&#{ord(c)};" for c in _AS_ENTITY}
)
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_AUTOLINK = re.compile(r"(www)\.|:(?=//)", re.IGNORECASE)
_LEADING_MARK = re.compile(r"[+\-=:]")
_LEADING_NUMBER = re.compile(r"^(\d+)([.)])")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])")
_TEMPLATE = re.compile(r"<(?=%)|\{(?=[{%#])|\$(?=[{=])")
_QUERY = re.compile(r"(^|`)(?=[ $]*=)")
_SAFE_IN_URL = "!#%&'()*+,-./:;=?@_~"


def text(raw: str) -> str:
    """The text on one line, with all markup escaped."""
    line = plain(raw).translate(_MARKS)
    line = _AUTOLINK.sub(lambda m: f"{m[1]}&#46;" if m[1] else "&#58;", line)
    if _LEADING_MARK.match(line):
        return f"&#{ord(line[0])};{line[1:]}"
    return _LEADING_NUMBER.sub(lambda m: f"{m[1]}&#{ord(m[2])};", line, count=1)


def code(raw: str) -> str:
    """The text as inline code, with enough backticks around it.

    In Obsidian even inline code can run: Dataview evaluates what begins with `=` or `$=`, and Templater looks
    for its marks everywhere.
    """
    line = _QUERY.sub(r"\1'", without_templates(plain(raw)))
    runs = [len(run) for run in re.findall("`+", line)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if not line or line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}" if line else ""


def inert(line: str) -> str:
    """The text without what begins a tag or the code of a template language."""
    return without_templates(_TAG.sub("‹", line))  # noqa: RUF001


def without_templates(line: str) -> str:
    """The text with a space in each `<%`, `{{`, `{%`, `{#`, `${` and `$=`, which programs run as code."""
    return _TEMPLATE.sub(r"\g<0> ", line)


def link(label: str, url: str | None) -> str:
    """`label` as a link, or as plain text if `url` is not an http or https address."""
    target = address(url)
    return f"[{text(label)}](<{target}>)" if target else text(label)


def address(url: str | None) -> str | None:
    """An http or https address, fit to stand between `<` and `>`; None for any other."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return quote(plain(parts.geturl()), safe=_SAFE_IN_URL, errors="replace").replace("&", "&amp;")


def with_links(raw: str, found: Iterable[Link]) -> str:
    """The text with its own addresses as links; `found` is in order and does not overlap."""
    pieces, at = [], 0
    for one in found:
        pieces += [_keep_edges(raw[at : one.start]), link(raw[one.start : one.end], one.url)]
        at = one.end
    return "".join([*pieces, _keep_edges(raw[at:])]).strip()


def _keep_edges(raw: str) -> str:
    """The same as `text`, but white space next to a link is kept as one space."""
    inner = text(raw)
    if not inner:
        return " " if raw else ""
    return f"{' ' * raw[:1].isspace()}{inner}{' ' * raw[-1:].isspace()}"


def plain(raw: str) -> str:
    """The text on one line, without invisible and direction-changing characters."""
    return " ".join(_DIRECTION.sub("", visible(" ".join(raw.split()))[0]).split())


def named(field: str) -> str:
    """The name of an own field for display: `Sample size`."""
    return field.replace("_", " ").capitalize()
