"""The names that the first page says a paper has: its id of arXiv, its DOI.

Knows lines.
"""

import re

from ...identifiers import mentioned_arxiv_id
from .page import Page

_DOI = re.compile(
    r"(?:\bdoi\b[\s:]*|doi\.org/)(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE
)


def arxiv_id(page: Page) -> str | None:
    """From the stamp on the margin, or a line that is one."""
    for text in (*page.turned, *(line.text for line in page.lines if line.text.startswith("arXiv:"))):
        if text.lower().startswith("arxiv:") and (known := mentioned_arxiv_id(text)):
            return known
    return None


def doi(page: Page, subject: str) -> str | None:
    """The first that the first page, or the document's own subject, names as one."""
    for text in (*(line.text for line in page.lines), subject):
        if match := _DOI.search(text):
            return match[1].rstrip(".,;:)]}")
    return None
