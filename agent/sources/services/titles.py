"""Looks up papers by their titles, several in one request, and keeps the answer to each title.

Knows no service.
"""

import re
from collections.abc import Callable, Sequence

from ...paper import Paper
from ...text.titles import likeness
from ..columns import Columns
from ..service_records import paper
from .halving import by_halves
from .web import Web

ByTitle = Callable[[Sequence[str]], dict[str, list[Paper]]]
"""Maps titles to the papers with such a title that have an abstract; raises what `Web.get` raises."""

Record = dict[str, object]
_MOST_WORDS = 40
"""Maximum words of a title that are searched for."""


def searched(title: str) -> str:
    """The words of a title, for a query in which no sign may have a meaning."""
    return " ".join(re.findall(r"[^\W_]+", title)[:_MOST_WORDS])


def by_title(web: Web, address: Callable[[str], str], ask: Callable[[list[str]], list[Record]]) -> ByTitle:
    """A function that looks up some titles in one request.

    `address` is that of a title alone, by which its answer is kept; `ask` requests records for some titles,
    as `service_records` or `Columns` read them.
    """

    def several(titles: list[str]) -> dict[str, object]:
        records = ask(titles)
        return {
            title: [one for one in records if likeness(title, _title(one)) != "other"] or None
            for title in titles
        }

    def look_up(titles: Sequence[str]) -> dict[str, list[Paper]]:
        urls = {title: address(title) for title in titles if searched(title)}
        found = web.together(urls, lambda missing: by_halves(several, missing, lambda _: None))
        return {title: _papers(web.base, records) for title, records in found.items()}

    return look_up


def _title(record: Record) -> str:
    title = record.get("title") or record.get("display_name")
    return title if isinstance(title, str) else ""


def _papers(where: str, records: object) -> list[Paper]:
    made = [paper(Columns(), one, where) for one in records] if isinstance(records, list) else []
    return [one for one in made if isinstance(one, Paper)]
