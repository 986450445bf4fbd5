"""Picks one paper of a source.

Knows sources. Knows no model.
"""

from itertools import islice

from ..errors import BadInput, UsageError
from ..paper import Paper
from . import BadRecord, Options, open_source
from .abstracts import filled


def one_paper(source: str, pick: str | None, asked: Options) -> Paper:
    """The paper with a number, counted from 1, or with a part of a title; without `pick`, the only one.

    Bad records beside it do not matter. Raises UsageError if there is no such paper or there are several, and
    BadInput if it cannot be read.
    """
    records = open_source(source, asked)
    if pick is not None and not pick.isdigit():
        for record in records:
            title = _title(record, asked)
            if title is not None and pick.casefold() in title.casefold():
                return _filled(record, asked)
        raise UsageError(f'no title contains "{pick}"', where=source)
    number = 1 if pick is None else int(pick)
    first = list(islice(records, number - 1, number + (pick is None))) if number else []
    if len(first) > 1:
        raise UsageError(
            "several papers found",
            where=source,
            next_step="Choose one with --pick N or --pick PART-OF-TITLE, or use enrich",
        )
    if not first and pick is not None:
        raise UsageError(f"no paper number {pick}", where=source)
    if not first:
        raise BadInput("no paper found", where=source)
    return _filled(first[0], asked)


def _title(record: Paper | BadRecord, asked: Options) -> str | None:
    """The title of a paper, also of one whose abstract can be looked up; None for other bad records."""
    if isinstance(record, Paper):
        return record.title
    lacking = record.lacking() if asked.fill_abstracts and record.lacking is not None else None
    return lacking.paper.title if lacking is not None else None


def _filled(record: Paper | BadRecord, asked: Options) -> Paper:
    """The paper, with its abstract looked up if that is wanted. Raises BadInput for a bad record."""
    found = next(filled([record], asked))
    if isinstance(found, BadRecord):
        raise BadInput(found.reason, where=found.where)
    return found
