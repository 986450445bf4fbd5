"""Picks one paper of a source.

Knows sources. Knows no model.
"""

from itertools import islice

from ..errors import BadInput, UsageError
from ..paper import Paper
from . import BadRecord, Options, open_source


def one_paper(source: str, pick: str | None, asked: Options) -> Paper:
    """The paper with a number, counted from 1, or with a part of a title; without `pick`, the only one.

    Bad records beside it do not matter. Raises UsageError if there is no such paper or there are several, and
    BadInput if it cannot be read.
    """
    records = open_source(source, asked)
    if pick is not None and not pick.isdigit():
        for record in records:
            if not isinstance(record, BadRecord) and pick.casefold() in record.title.casefold():
                return record
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
    if isinstance(first[0], BadRecord):
        raise BadInput(first[0].reason, where=first[0].where)
    return first[0]
