"""Checks without a model whether a title and an abstract can be those of a paper.

Text that is clearly something else (a placeholder, a login page, source code, references, wrongly decoded
text) must not become a card that looks like any other. Statistics of the whole text come first and cost
microseconds; only an unusual text is examined closely, and only passages that almost never occur in an
abstract count against it. In doubt a text passes.

Knows text. Knows no papers and no formats; what pages, notices and placeholders say is in `no_abstract`.
"""

import re
import string
from collections.abc import Callable

from . import no_abstract

LONGEST_TITLE = 500
"""Maximum characters of a title; the longest titles in PubMed have about 400."""
LONGEST_ABSTRACT = 80_000
"""Maximum characters of an abstract, ten pages; extended abstracts have up to about 10,000."""
_FEWEST_LETTERS = 8

_LETTERS = string.ascii_letters.encode()
_DIGITS = string.digits.encode()
_SPACE = b" \t\n\r\f"
_PROSE = _LETTERS + _SPACE + b".,;:'\"-()" + bytes(range(0x80, 0x100))
_NO_CONTROLS = bytes(range(0x20, 0x7F)) + _SPACE
_SHORT = 600
"""Length in bytes below which few abstracts but most placeholders are."""
_SMALL_WORDS = (b" and ", b" to ", b" in ", b" a ", b" de ", b" la ", b" und ", b" is ")
_STOP = frozenset(
    (
        "the of and to in a is we that for with by on an are this it as our from be was were or at not can "
        "have which has i its his how what do does there all no "
        "de la le les des du et en un une que est pour dans nous sur par ce cette qui au aux l d "
        "el los las del y una por con se es como al sus para son lo "
        "o os as da do dos das e um uma que com não em no na são ao mais "
        "der die das den dem des und ist von mit zu ein eine einer wir auf für im nicht wird werden sich"
        " auch "
        "il lo gli di che per con non sono nel della delle dei si è alla "
        "het een van voor zijn wordt met dat niet te op "
        "och att som är en av för med på den det i ett vi og er til ikke på "
        "i w na z nie się jest do oraz że są dla przez v ve se je na pro jsou by "
        "ve bir bu ile için olarak olan de da dan yang untuk dengan pada ini adalah dari dalam "
        "a az és egy hogy nem si în la cu pe care este din sau ja on ei että se oli ovat kui "
        "cum non ad ex per quod qui kwa ya wa na katika ang ng mga sa at và của các là trong "
        "и в на с что не по для из к мы как это от та в і з що не"  # noqa: RUF001
    ).split()
)
"""Function words of about twenty languages."""

_WORD = re.compile(r"[^\W\d_]+")
_MATH = re.compile(r"\$\$?[^$]{1,2000}\$\$?|\\[A-Za-z]+")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_TAG = re.compile(r"</?[A-Za-z][\w:-]{0,30}(?:\s[^<>]{0,500})?/?>|<!--|&(?:[a-z]{2,8}|#\d{2,5});")
_CODE = re.compile(
    r"^[ \t]*(?:def |class \w+[(:]|import \w|from \w[\w.]* import|#include|#!/|return\b.*;|(?:public"
    r"|private|static)"
    r" [\w<>\[\]]+ |(?:function|var|let|const) \w+ ?[=(]|package \w[\w.]*;|using \w[\w.]*;|for ?\(|while"
    r" ?\(|if ?\("
    r"|\}|SELECT .* FROM |INSERT INTO |CREATE TABLE |print\(|\w+ = \w+\(|sudo |\$ \w|git \w+ |diff --git"
    r"|@@ -\d)"
    r"|\w\(\)[;.{ ]|[;{]\s*$|=>\s*\{|\bself\.\w+|!==|===",
    re.MULTILINE,
)
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^[ \t]*File \"[^\"\n]{1,300}\", line \d+|^[ \t]+at [\w.$<>]+\(|"
    r"\bat [\w$]+(?:\.[\w$<>]+)+\([\w.]*(?::\d+)?\)|(?:Exception|Error): |panicked at|segmentation fault"
    r"|core dumped|0x[0-9a-f]{8,}",
    re.MULTILINE | re.IGNORECASE,
)
_LOG = re.compile(
    r"^\W{0,2}(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d|\[(?:INFO|WARN|ERROR|DEBUG)\]|\b(?:INFO|WARN(?:ING)?"
    r"|DEBUG) ",
    re.MULTILINE,
)
_REFERENCE = re.compile(
    r"^[ \t]*(?:\[\d{1,3}\]|\(\d{1,3}\)|\d{1,3}\.)\s|\bet al\b|\bpp?\.\s?\d|\bvol\.\s?\d|\bdoi:|doi\.org/"
    r"|\beds?\.\)"
    r"|\b[A-Z][\w'-]{1,30},\s(?:[A-Z]\.[ -]?){1,3}|\((?:19|20)\d\d[a-z]?\)"
    r"|\b\d{1,4}(?:\(\d{1,3}\))?[:,]\s?\d+[-\u2013]\d+"
    r"|\bProc(?:eedings|\.)|\barXiv:\d{4}|\bIn: |\b(?:19|20)\d\d[a-z]?\.(?:\s|$)",
    re.MULTILINE,
)
_ADDRESS = re.compile(
    r"@[\w-]{1,60}\.[\w.]+|\b(?:Universit|Universidad|Institut|Department|Departamento|Dept\b|Laborator|Facult"
    r"|School of|College|Hospital|Academy|Centre|Center for|P\.?\s?O\.? Box|Street|Avenue|Road\b|Tel\b"
    r"|Fax\b|ORCID)"
    r"|\b[A-Z]{0,2}[- ]?\d{4,6}\b"
)
_MOJIBAKE = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|\u00e2(?:\u20ac|\u201a\u00ac|\u0080)|[\u00d0\u00d1][\u0080-\u00bf\u2018-\u203a\u20ac\u0152-\u0192]"
    "|\u00ef\u00bb\u00bf|\u00ef\u00bf\u00bd|[\ue000-\uf8ff\ufffd]|\\(cid:\\d+\\)"
    "|[\u00e3\u00e4-\u00e9][\u0080-\u009f\u201a-\u203a][\u0080-\u00bf\u0152-\u203a]"
)
_HEADING = re.compile(r"(?:^|[.!?\n]\s{0,4})(?:abstract|summary)\s*[:.\u2014\u2013\n-]", re.IGNORECASE)
_LABEL = re.compile(
    r"\b(BACKGROUND|OBJECTIVES?|AIMS?|PURPOSE|METHODS?|RESULTS?|CONCLUSIONS?|FINDINGS)\s?:", re.IGNORECASE
)
_FIELD = re.compile(
    r"^[ \t]*(?:TY  ?- |PMID ?- |%[0TAX] "
    r"|@\w{3,14}\s*\{|[A-Z][A-Z0-9] {1,4}- |(?:title|authors?|doi|journal|keywords)"
    r"\s*[:=])",
    re.MULTILINE | re.IGNORECASE,
)
_BLOB = re.compile(r"[A-Za-z0-9+/=_-]{80,}|data:[\w/+.-]+;base64|(?:\\x[0-9a-f]{2}){8}|(?:[0-9a-f]{2} ){16}")
_LEADERS = re.compile(r"(?<!\.)\.{4,}+\s{0,9}\d|(?:\s\.){4,}")
_LATEX = re.compile(r"\\(?:documentclass|usepackage|begin\{document|maketitle|section\*?\{|bibliography\{)")
_SAME = re.compile(r"(.)\1{19}", re.DOTALL)


def fault(title: str, abstract: str) -> str:
    """Why these cannot be the title and the abstract of a paper; empty if they may be."""
    if why := _title_fault(title):
        return f"its title {why}"
    if why := _abstract_fault(abstract):
        return f"its abstract {why}"
    if len(abstract) < 2 * len(title) and _letters(abstract) == _letters(title):
        return "its abstract only repeats its title"
    return ""


def _letters(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))


def _title_fault(title: str) -> str:
    if len(title) > LONGEST_TITLE:
        return f"has {len(title):,} characters; it may contain the abstract or the authors"
    if not _WORD.search(title):
        return "has no letters"
    if len(title) < 120 and (why := no_abstract.in_title(title)):
        return why
    if not title.isascii() and _is_mojibake(title):
        return _WRONGLY_DECODED
    if _ODD_IN_TITLE.isdisjoint(title) and " - " not in title and (" " in title or len(title) < 32):
        return ""
    return _odd_title(title)


_ODD_IN_TITLE = frozenset("<>{}=|@\\/_%;")
_WRONGLY_DECODED = "has letters that were decoded wrongly; write the source as UTF-8"


def _odd_title(title: str) -> str:
    if len(_TAG.findall(title)) >= 2:
        return "is full of markup"
    if len(_FIELD.findall(title)) or re.search(r"\b[A-Z][A-Z0-9]  ?- .*\b[A-Z][A-Z0-9]  ?- ", title):
        return "looks like a record of a bibliography"
    if re.match(r"[\[{]\s*[\"'{\[]", title) or title.startswith("\\documentclass"):
        return "is data or source text"
    bare = _URL.sub("", title).strip(" \t-|:.")
    if not bare or re.fullmatch(
        r"[\w.+-]+@[\w.-]+|(?:doi:\s*)?10\.\d{4,9}/\S+", title.strip(), re.IGNORECASE
    ):
        return "is an address"
    if " " not in title and (_BLOB.fullmatch(title) or re.fullmatch(r"[0-9a-fA-F-]{32,}", title)):
        return "is data, not words"
    if len(_CODE.findall(title)) >= 2 or _TRACE.match(title):
        return "is source code or an error message of a program"
    return ""


def _abstract_fault(text: str) -> str:
    data = text.encode("utf-8", "replace")
    size = len(data)
    if size > LONGEST_ABSTRACT and len(text) > LONGEST_ABSTRACT:
        return f"has {len(text):,} characters: a full text rather than an abstract"
    rest = data.translate(None, _PROSE)
    lower = data.lower()
    if size < _SHORT:
        if why := no_abstract.placeholder(text) or no_abstract.page(text):
            return why
        letters = sum(map(str.isalpha, text)) + 2 * sum(c.isalpha() and c > "\u2e80" for c in text)
        if letters < _FEWEST_LETTERS:
            return "is too short"
    for sign, check in _SIGNS:
        if sign in rest and (why := check(text)):
            return why
    for stem, check in _STEMS:
        if stem in lower and (why := check(text)):
            return why
    if size != len(text) and _is_mojibake(text):
        return _WRONGLY_DECODED
    if rest:
        digits = len(rest) - len(rest.translate(None, _DIGITS))
        if len(rest.translate(None, _NO_CONTROLS)) > 2:
            return "has control characters that do not occur in text"
        if (20 * len(rest) > size or 25 * digits > size) and (why := _odd_characters(text)):
            return why
    spaces, lines = data.count(b" "), data.count(b"\n")
    if (10 * (spaces + lines) < size and size == len(text)) and (why := _blob(text)):
        return why
    if lines > 4 and size < 50 * lines and (why := _short_lines(text)):
        return why
    if size > 160 and lower.count(lower[:80]) > 2:
        return "repeats the same text many times"
    small = lower.count(b" the ") + lower.count(b" of ")
    if 150 * small < size and 200 * (small + sum(map(lower.count, _SMALL_WORDS))) < size:
        return _no_sentences(text)
    return ""


def _is_mojibake(text: str) -> bool:
    return len(_MOJIBAKE.findall(text)) > 1 + len(text) // 500


def _odd_characters(text: str) -> str:
    """Why a text with many digits or symbols is not an abstract; mathematics may be one."""
    if len(_TRACE.findall(text)) >= 3:
        return "is the error message of a program"
    if len(_LOG.findall(text)) >= 3:
        return "is the log of a program"
    bare = _MATH.sub(" ", text)
    words = _WORD.findall(bare)
    if why := _code_or_list(text, bare, len(words)):
        return why
    shown = sum(not c.isspace() for c in bare)
    if len(text) > 40 and 2 * sum(map(len, words)) < shown:
        return "is mostly digits and symbols"
    # One short sentence and where the code is, that may be all an author had to say.
    urls = len(_URL.findall(text))
    if urls and len(_WORD.findall(_URL.sub(" ", text))) < (4 if urls == 1 else 8):
        return "is a list of web addresses"
    if 3 * sum(len(one) for one in _URL.findall(text)) > 2 * len(text):
        return "is a list of web addresses"
    if re.match(r"\s*[\[{]", text) and len(re.findall(r"[\"']\s*:", text)) >= 3:
        return "is data (JSON), not text"
    if text.count("|") > max(8, len(words) // 4):
        return "is a table"
    return ""


def _list(text: str, words: int) -> str:
    if 7 * len(_REFERENCE.findall(text)) > words:
        return "is a list of references"
    if 6 * len(_ADDRESS.findall(text)) > words:
        return "is a list of addresses"
    return ""


def _blob(text: str) -> str:
    bare = _URL.sub(" ", text)
    found = _BLOB.findall(bare)
    if found and 2 * sum(map(len, found)) > len(bare):
        return "is encoded data, not text"
    return _no_sentences(text)


def _short_lines(text: str) -> str:
    return _code_or_list(text, text, len(_WORD.findall(text)))


def _code_or_list(text: str, bare: str, words: int) -> str:
    if 12 * len(_CODE.findall(text)) > words:
        return "is source code"
    return _list(bare, words)


def _no_sentences(text: str) -> str:
    """Why a text with few function words is not an abstract; unknown languages pass."""
    words = _WORD.findall(text)
    folded = [word.casefold() for word in words]
    small = sum(word in _STOP for word in folded)
    if len(_TRACE.findall(text)) >= 3:
        return "is the error message of a program"
    if why := _code_or_list(text, text, len(words)):
        return why
    if 15 * small > len(words) or len(words) < 6:
        return ""
    if len(words) >= 12 and 4 * len(set(folded)) < len(words):
        return "repeats the same text many times"
    if _SAME.search(text):
        return "repeats the same text many times"
    latin = text.isascii()
    capital = sum(word[0].isupper() for word in words)
    if latin and len(words) >= 10 and 5 * capital > 3 * len(words):
        return "is a list of names"
    if 3 * len(re.findall(r"[,;|\u00b7\u2022\n]", text)) > len(words) and not re.search(r"[.!?]\s", text):
        return "is a list of words"
    if latin and len(words) >= 12 and not small and not _sounds(folded):
        return "is not text in any language"
    return ""


def _sounds(words: list[str]) -> bool:
    """Whether most words are pronounceable: they have vowels, and no long run without."""
    odd = sum(
        bool(re.search(r"[^aeiouyw]{5}|[aeiouy]{4}", word)) or not re.search("[aeiouy]", word)
        for word in words
    )
    return 3 * odd < len(words)


def _markup(text: str) -> str:
    found = _TAG.findall(text)
    if len(found) >= 4 and 25 * len(found) > len(_WORD.findall(text)):
        return "is full of markup"
    return ""


def _two_records(text: str) -> str:
    if len(_FIELD.findall(text)) >= 3:
        return "contains a record of a bibliography; use the file extension of its format"
    if len(_HEADING.findall(text)) >= 2:
        return "contains more than one abstract"
    return ""


def _labels_twice(text: str) -> str:
    labels = [label.casefold().rstrip("s") for label in _LABEL.findall(text)]
    first = labels[: len(set(labels))]
    if len(first) >= 3 and labels[len(first) : 2 * len(first)] == first:
        return "contains more than one abstract"
    return ""


def _references(text: str) -> str:
    if sum(map(text.count, ("et al", "pp.", "niversit", "@", "doi"))) < 3:
        return ""
    return _list(text, len(_WORD.findall(text)))


_Check = Callable[[str], str]


def _repeated(least: int, pattern: re.Pattern[str], why: str) -> _Check:
    """A check for texts that have a pattern so many times."""
    return lambda text: why if len(pattern.findall(text)) >= least else ""


_trace = _repeated(2, _TRACE, "is the error message of a program")
_SIGNS: tuple[tuple[bytes, _Check], ...] = (
    (b"</", _markup),
    (b"<", _markup),
    (b"&;", _markup),
    (b"\\{", _repeated(2, _LATEX, "is a LaTeX source")),
    (b"@", _references),
    (b"@{", _two_records),
    (b"%", _two_records),
)
"""The same checks, for the characters of a text other than letters and prose punctuation."""
_STEMS: tuple[tuple[bytes, _Check], ...] = (
    (b"ty  -", _two_records),
    (b"title:", _two_records),
    (b"abstract", _two_records),
    (b"results:", _labels_twice),
    (b"et al", _references),
    (b"pp. ", _references),
    (b"university", _references),
    (b".....", _repeated(3, _LEADERS, "is a table of contents")),
    (b"exception", _trace),
    (b"traceback", _trace),
    *((stem, no_abstract.page) for stem in no_abstract.STEMS),
)
"""Byte patterns that a text must contain to be examined closely."""
