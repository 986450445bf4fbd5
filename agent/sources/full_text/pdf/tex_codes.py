"""Decodes letters of TeX's own fonts if a file has no Unicode for them.

Old LaTeX embeds bitmap fonts (Type 3) that only have codes. Those of plain letters are ASCII; ligatures and
accents are below 32, in one of two encodings: OT1, of TeX's first fonts, and T1. The ligatures tell which one
a page uses. Each character becomes one character, so that positions stay valid.

Knows characters. Knows no pages.
"""

import re

_LIGATURES = "\ufb00\ufb01\ufb02\ufb03\ufb04"
_T1 = str.maketrans(
    dict(zip("\x1b\x1c\x1d\x1e\x1f", _LIGATURES, strict=True))
    | {
        "\x10": "\u201c",
        "\x11": "\u201d",
        "\x15": "\u2013",
        "\x16": "\u2014",
        "\x19": "\u0131",
        "\x1a": "\u0237",
    }
)
_OT1 = str.maketrans(
    dict(zip("\x0b\x0c\x0d\x0e\x0f", _LIGATURES, strict=True))
    | {"\x10": "\u0131", "\x11": "\u0237", "\x12": "\u02cb", "\x13": "\u00b4", "\x14": "\u02c7"}
    | {
        "\x15": "\u02d8",
        "\x17": "\u02da",
        "\x19": "\u00df",
        "\x1a": "\u00e6",
        "\x1b": "\u0153",
        "\x7f": "\u00a8",
    }
    | {"\\": "\u201c", '"': "\u201d", "{": "\u2013", "|": "\u2014"}
)
_OF_T1 = re.compile("[a-z][\x1b-\x1f]|[\x1b-\x1f][a-z]")
_OF_OT1 = re.compile("[a-z][\x0b\x0c\x0e\x0f]|[\x0b\x0c\x0e\x0f][a-z]")


def letters(text: str) -> str:
    """The characters of a page, with TeX codes as letters; PDFium's line ends are CR LF."""
    if text.isprintable():
        return text
    if _OF_OT1.search(text):
        # The code of fl is the one of CR.
        return "\r\n".join(line.translate(_OT1) for line in text.split("\r\n"))
    if _OF_T1.search(text):
        return text.translate(_T1)
    return text
