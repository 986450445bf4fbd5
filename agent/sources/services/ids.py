"""Looks up papers by their ids, many in one request; and what names of papers and of queries look like.

Knows no service.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from ...errors import UsageError
from ...paper import Paper
from ..columns import BadRecord, Columns
from ..interface import Listing, Records
from ..service_records import paper
from .service import Service
from .web import Refused, Web

Asker = Callable[[Sequence[tuple[str, str]]], "list[Paper | BadRecord | None]"]
"""Maps positions and ids to papers, in order; None for a skipped one. Raises what `Web.get` raises."""


def by_id(
    service: Service,
    web: Web,
    address: Callable[[str], str],
    ask: Callable[[list[str], Mapping[str, str]], Mapping[str, object]],
) -> Asker:
    """A function that looks up some ids in one request or a few.

    `address` is that of an id alone, by which its record is kept; `ask` requests the records of some ids, and
    has these addresses. A `Refused` as a record is not kept.
    """

    def asked(names: Sequence[tuple[str, str]]) -> list[Paper | BadRecord | None]:
        urls = {name: address(name) for _, name in names}
        found = web.together(urls, lambda some: ask(some, urls))
        return [_made(found[name], where) for where, name in names]

    def _made(record: object, where: str) -> Paper | BadRecord:
        if record is None:
            return BadRecord(where, f"not found on {service.name}")
        if isinstance(record, Refused):
            return BadRecord(where, record.message)
        return paper(Columns(), record, where)

    return asked


def in_parts(ask: Asker, names: Iterable[tuple[str, str]], at_once: int) -> Records:
    """The papers of any number of positions and ids."""
    every = iter(names)
    while some := list(islice(every, at_once)):
        yield from filter(None, ask(some))


def ids_of(
    spec: str, words: Iterable[str], known: Callable[[str], str | None], what: str, form: str
) -> list[str]:
    """The ids in the words of a name, as `known` gives them; empty words do not count.

    Raises UsageError for a word that is none, and where there is no word.
    """
    found = []
    for word in filter(None, (word.strip().rstrip(",") for word in words)):
        if (one := known(word)) is None:
            raise UsageError(f'"{word}" is not {what}', where=spec, next_step=f"Use a form such as {form}")
        found.append(one)
    if not found:
        raise UsageError("no paper given", where=spec, next_step=f"Use a form such as {form}")
    return found


def query_of(spec: str, prefix: str, example: str) -> str:
    """The query behind a prefix; empty for another word. Raises UsageError for an empty query."""
    if not spec.lower().startswith(prefix):
        return ""
    if query := spec[len(prefix) :].strip():
        return query
    raise UsageError("the query is empty", where=spec, next_step=f"Use a form such as {prefix}{example}")


def newest(prefix: str) -> Callable[[str], Listing]:
    """How much a word shows: a query, by its prefix, from the newest paper on, and ids all of it."""
    return lambda spec: Listing.NEWEST if spec.lower().startswith(prefix) else Listing.WHOLE
