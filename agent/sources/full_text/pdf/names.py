"""Finds the ids of a paper on its first page: arXiv id and DOI.

Knows lines.
"""

import re

from ....text.identifiers import mentioned_arxiv_id
from .page import Page

_DOI = re.compile(
    r"(?:\bdoi\b[\s:]*|doi\.org/)(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE
)


def arxiv_id(page: Page) -> str | None:
    """The arXiv id from the stamp on the margin, or from a line of its own."""
    for text in (*page.turned, *(line.text for line in page.lines if line.text.startswith("arXiv:"))):
        if text.lower().startswith("arxiv:") and (known := mentioned_arxiv_id(text)):
            return known
    return None


def doi(page: Page, subject: str) -> str | None:
    """The first DOI on the first page or in the document's subject."""
    for text in (*(line.text for line in page.lines), subject):
        if match := _DOI.search(text):
            return match[1].rstrip(".,;:)]}")
    return None
