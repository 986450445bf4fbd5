"""Tags that libraries keep in titles and abstracts, taken out: the JATS of Crossref, the HTML of Zotero.

Only tags with a name of JATS or HTML go: `x < y and z > w` stays. Between blocks (`<jats:p>`) a line
ends; a heading that says no more than "Abstract" goes with its tags. The five entities of XML and numbered
ones become their characters. Text without any of this is given back as it is, letter for letter.
"""

import html
import re

_BLOCKS = "abstract|br|div|h[1-6]|li|ol|p|sec|section|title|ul|list|list-item|disp-formula"
_INLINE = (
    "a|b|bold|em|ext-link|font|i|inline-formula|italic|named-content|sc|small|span|strike|strong"
    "|sub|sup|tt|u|underline|xref"
)
_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?"
_HEADING = re.compile(r"<(jats:title|title|h[1-6])>\s*(?:abstract|summary)\s*[.:]?\s*</\1\s*>", re.IGNORECASE)
_BLOCK = re.compile(rf"\s*</?(?:jats:)?(?:{_BLOCKS}){_ATTRIBUTES}>\s*", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:jats:)?(?:{_INLINE}){_ATTRIBUTES}>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)


def plain(text: str) -> str:
    """The text without such tags and entities."""
    if "<" in text:
        bare = _TAG.sub("", _BLOCK.sub("\n", _HEADING.sub("", text)))
        if bare != text:
            text = re.sub(r"\n{2,}", "\n", bare).strip()
    return _ENTITY.sub(lambda one: html.unescape(one[0]), text) if "&" in text else text
