r"""Converts LaTeX in BibTeX fields to readable text and back.

`text` is one pass over what it knows: accents (`\"{o}`), symbols (`\alpha`, `\ss`; their letters are
pylatexenc's), escapes (`\%`), braces, quotes and dashes. Mathematics between dollars is kept unchanged, since
a formula is harder to read without its markup; so are unknown commands. Only markup is dropped: a bare `%` or
`&`, which LaTeX reads as a comment or a column, is taken as a character that an export forgot to escape.

`escaped` writes text so that BibTeX and LaTeX see only letters, with braces always in pairs: BibTeX counts
them even after a backslash. `text(escaped(s)) == s` for text on one line.
"""

import re
import unicodedata
from functools import lru_cache

_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
    "t": "\u0361",
}
_BASE = r"(?:\\([ij])(?![A-Za-z])\s?|([^\W\d_]))"
_TOKEN = re.compile(
    r"(?P<math>\$\$?(?!\s)[^$\\{}]*(?:(?:\\.|[{}])[^$\\{}]*)*(?<!\s)\$\$?(?!\d)|\\\(.{1,300}?\\\))"
    r"|\\(?P<environment>begin|end)\s*\{[^{}]*\}"
    r"|\\(?P<bare>[`'^~=.\"])\s*\{\s*\}"
    rf"|\\(?P<accent>[`'^~=.\"]|[uvHcdbrkt](?![A-Za-z]))\s*(?:\{{\s*{_BASE}\s*\}}|{_BASE})"
    r"|\\href\s*\{(?P<target>[^{}]*)\}\s*\{(?P<shown>[^{}]*)\}"
    r"|\\(?P<escaped>[%&$#_{}])"
    r"|\\(?P<space>[\\ \n,;:!/-])"
    r"|\\(?P<name>[A-Za-z]+)(?:(?P<void>\s*\{\s*\})|\*?(?P<argument>\s*(?=\{))|(?P<gap>[ \t]*))"
    r"|(?P<brace>[{}])"
    r"|(?P<tie>(?<=[\w.,;:)}])~(?=[\w({$\\]))"
    r"|(?P<dashes>---|(?<=[\w\s}])--(?=[\w\s{]))"
    r"|(?P<quotes>``|\'\')",
    re.DOTALL,
)
_BASES = range(_TOKEN.groupindex["accent"] + 1, _TOKEN.groupindex["accent"] + 5)
_LATEX = re.compile(r"[\\{}$~`']|--")
"""A value without any of these contains no LaTeX."""

_NOTHING = frozenset("!/-")
_DECLARATIONS = frozenset("em bf it tt sc sl sf rm bfseries itshape ttfamily scshape small large".split())
"""Commands that change what follows and print nothing themselves."""

_SHOWN = {
    **{name: name for name in ("TeX", "LaTeX", "BibTeX")},
    **dict.fromkeys(("newline", "par", "item"), " "),
    "textbraceleft": "{",
    "textbraceright": "}",
    "textless": "<",
    "textgreater": ">",
    "textasciicircum": "^",
}
"""Symbols that pylatexenc omits or writes differently."""


def text(value: str) -> str:
    """A field's value as text, with white space collapsed as in BibTeX."""
    if _LATEX.search(value):
        value = _TOKEN.sub(_decoded, value)
    return " ".join(value.split())


def _decoded(match: re.Match[str]) -> str:
    got = match[0]
    match match.lastgroup:
        case "bare" | "escaped":
            return match[match.lastgroup]
        case "shown":
            shown, target = match["shown"], match["target"]
            return shown if shown == target else f"{shown} ({target})"
        case "space":
            return "" if match["space"] in _NOTHING else " "
        case "void" | "argument" | "gap":
            return _command(match["name"], match.lastgroup, got)
        case "brace":
            return ""
        case "tie" | "environment":
            return " "
        case "dashes":
            return "\u2014" if got == "---" else "\u2013"
        case "quotes":
            return "\u201c" if got == "``" else "\u201d"
    if match["math"] is not None:
        return got
    base = next(group for group in match.group(*_BASES) if group)
    return unicodedata.normalize("NFC", base + _ACCENTS[match["accent"]])


def _command(name: str, form: str, got: str) -> str:
    symbol = _symbol(name)
    if symbol:
        # LaTeX eats the space behind a command: `Stra\ss e` means it, `\alpha is` does not.
        within_word = unicodedata.name(symbol[0], "").startswith("LATIN")
        return f"{symbol} " if form == "gap" and got[-1] in " \t" and not within_word else symbol
    # Of `\emph{x}` the content stays; a command without any is left to be seen.
    return "" if form == "argument" or name in _DECLARATIONS else got


@lru_cache(maxsize=2048)
def _symbol(name: str) -> str:
    """The symbol of a command without arguments; empty if it is not a symbol."""
    from pylatexenc.latex2text import get_default_latex_context_db

    spec = get_default_latex_context_db().get_macro_spec(name)
    shown = getattr(spec, "simplify_repl", None)
    if not isinstance(shown, str) or "%" in shown or shown.startswith("<"):
        shown = ""
    return _SHOWN.get(name) or shown.strip()


_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        '"': '{"}',
        **{c: "\\" + c for c in "%&$#_"},
    }
)
_LIGATURE = re.compile(r"-(?=-)|`(?=`)|'(?=')")


def escaped(line: str, *, ascii_only: bool = False) -> str:
    """Escape text for use inside a field, in braces or quotes.

    With `ascii_only`, other letters become LaTeX commands, or `?` if there is none.
    """
    safe = _LIGATURE.sub(r"\g<0>{}", line.translate(_ESCAPES))
    if not ascii_only or safe.isascii():
        return safe
    from pylatexenc.latexencode import unicode_to_latex

    latex: str = unicode_to_latex(
        safe, non_ascii_only=True, unknown_char_policy="keep", unknown_char_warning=False
    )
    return latex.encode("ascii", "replace").decode()
