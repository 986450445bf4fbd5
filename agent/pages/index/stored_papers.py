"""Converts papers to and from rows of the index.

Knows papers. Knows no cards.
"""

import json

from ...paper import Paper, Section

INSERT = "INSERT OR REPLACE INTO papers VALUES (?, ?, ?, ?, ?)"
SELECT = "SELECT title, abstract, coalesce(url, ''), sections FROM papers WHERE id = ?"


def row_of(paper: Paper) -> tuple[str, str, str, str | None, str]:
    """The values for `INSERT`."""
    sections = [[one.name, one.text, one.pages, one.whole] for one in paper.sections]
    return paper.id, paper.title, paper.abstract, paper.url, json.dumps(sections) if sections else ""


def paper_of(name: str, row: tuple[str, ...]) -> Paper:
    """The paper with that id, from a row of `SELECT`."""
    title, abstract, url, sections = row
    return Paper(
        name,
        title,
        abstract,
        url=url or None,
        sections=tuple(
            Section(name, text, tuple((start, page) for start, page in pages), whole)
            for name, text, pages, whole in json.loads(sections or "[]")
        ),
    )
