"""arXiv, asked for papers by id, by URL, by a list of them, or by a query of its search.

Ids are asked a hundred at a time and papers come in the order of the ids; a query's come by relevance, or the
newest first. A version that is named is the version that is read; without one it is the latest. What arXiv
asks of its users, three seconds from one request to the next, is kept.

The API: https://info.arxiv.org/help/api/user-manual.html
"""

import io
import logging
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BadInput, MissingExtra, UsageError
from ..paper import Paper
from .categories import Wanted
from .columns import BadRecord, Columns
from .interface import Format, Input, Options, Records, Reference
from .lines import BOM, raw_lines
from .web import PAPER_S, Keep, Refused, Service, Web

if TYPE_CHECKING:
    import arxiv

SERVICE = Service("arxiv", "arXiv", "https://export.arxiv.org", interval_s=3.0)

_IDS_AT_ONCE = 100
_PAGE = 100
_MOST_RESULTS = 10_000
"""arXiv gives no more of one query."""

_ID = r"(?:\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v[1-9]\d*)?"
_URL = r"https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/"
_NAMED = re.compile(rf"(?:arxiv:\s*|{_URL})?({_ID})(?:\.pdf)?/?(?:[?#]\S*)?", re.IGNORECASE)
_TAKEN = re.compile(rf"arxiv:|arxiv-query:|{_URL}", re.IGNORECASE)
_QUERY = "arxiv-query:"

_ERROR = re.compile(rb"<id>\s*https?://arxiv\.org/api/errors.*?<summary[^>]*>(.*?)</summary>", re.DOTALL)
_NONE = re.compile(rb"<opensearch:totalResults[^>]*>\s*0\s*<")


def takes(spec: str) -> bool:
    """Whether it begins as a name of arXiv papers does."""
    return _TAKEN.match(spec) is not None


def read(spec: str, options: Options) -> Records:
    """The papers of `arxiv:ID,ID`, an address or `arxiv-query:QUERY`.

    Raises UsageError for an id that can be none and for an empty query, MissingExtra without the library.
    """
    _library()
    if spec.lower().startswith(_QUERY):
        query = spec[len(_QUERY) :].strip()
        if not query:
            raise UsageError("the query is empty", where=spec, next_step=f"As {_QUERY}cat:cs.LG")
        return _search(query, options)
    ids = []
    for word in re.sub(r"(?i)^arxiv:", "", spec).split(","):
        if not (word := word.strip()):
            continue
        if (known := arxiv_id(word)) is None:
            raise UsageError(f'"{word}" is no arXiv id', where=spec, next_step="As arxiv:2401.03955")
        ids.append((f"arxiv:{known}", known))
    if not ids:
        raise UsageError("names no paper", where=spec, next_step="As arxiv:2401.03955")
    return _by_id(ids, options)


def read_list(source: Input) -> Records:
    """The papers of a file of ids and addresses, one a line; blank lines and `#` comments are passed over."""
    _library()
    return _by_id(_ids_of(source), source.options)


def count_list(stream: BinaryIO) -> int:
    """How many ids a file names, without asking for any."""
    return sum(1 for line in raw_lines(stream) if _word(line or b""))


def arxiv_id(word: str) -> str | None:
    """The id in a word or an address, its version with it; None: it is none."""
    found = _NAMED.fullmatch(word.strip())
    # Of an old id's subject class, as in math.GT/0309136, arXiv says nothing in its answers.
    return re.sub(r"\.[a-z]{2}(?=/)", "", found[1].lower()) if found else None


def _library() -> None:
    try:
        import arxiv  # noqa: F401
    except ImportError as error:
        raise MissingExtra("Reading from arXiv", "sources") from error


def _ids_of(source: Input) -> Iterator[tuple[str, str | BadRecord]]:
    for number, line in enumerate(raw_lines(source.stream), start=1):
        where = f"{source.name}:{number}"
        word = _word(line or b"")
        if word:
            yield where, arxiv_id(word) or BadRecord(where, "is no arXiv id and no address of one")


def _word(line: bytes) -> str:
    """What a line says, comments left out."""
    return re.split(r"(?:^|\s)#", line.decode("utf-8", "replace").strip())[0].strip()


def _by_id(ids: Iterable[tuple[str, str | BadRecord]], options: Options) -> Records:
    web = Web(SERVICE, options)
    wanted = Wanted.of(options.categories)
    every = iter(ids)
    while some := list(islice(every, _IDS_AT_ONCE)):
        names = list(dict.fromkeys(one for _, one in some if isinstance(one, str)))
        found = _ask(web, names) if names else {}
        for where, one in some:
            if isinstance(one, BadRecord):
                yield one
            elif one in found:
                result = found[one]
                if isinstance(result, BadRecord):
                    yield BadRecord(where, result.reason)
                elif wanted is None or wanted.has(result.categories):
                    yield _paper(result, where)
            else:
                yield BadRecord(where, "arXiv has no such paper")


def _ask(web: Web, names: list[str]) -> "dict[str, arxiv.Result | BadRecord]":
    """What arXiv has of these ids, under each of the names that were asked."""
    import arxiv

    def keep(body: bytes) -> float | None:
        if not _is_feed(body):
            return None
        # An answer that lacks a paper is not for long: it may be there tomorrow.
        return PAPER_S if body.count(b"<entry") >= len(names) else web.query_s

    found: dict[str, arxiv.Result | BadRecord] = {}
    try:
        search = arxiv.Search(id_list=names, max_results=len(names))
        # The latest of several versions of a paper answers to its name without one.
        for result in sorted(_results(web, search, keep, len(names)), key=_version):
            name = result.get_short_id()
            found[name] = found[re.sub(r"v\d+$", "", name)] = result
    except Refused as error:
        # One id that arXiv does not understand spoils the answer for all: it is searched for by halves.
        if len(names) == 1:
            return {names[0]: BadRecord("", error.message)}
        half = len(names) // 2
        return _ask(web, names[:half]) | _ask(web, names[half:])
    return found


def _is_feed(body: bytes) -> bool:
    return b"<feed" in body and body.rstrip().endswith(b"</feed>")


def _version(result: "arxiv.Result") -> int:
    found = re.search(r"v(\d+)$", result.entry_id)
    return int(found[1]) if found else 0


def _search(query: str, options: Options) -> Records:
    import arxiv

    web = Web(SERVICE, options)
    wanted = Wanted.of(options.categories)
    if wanted is not None:
        query = f"({query}) AND ({' OR '.join(f'cat:{name}' for name in wanted.names)})"

    def keep(body: bytes) -> float | None:
        # At times a page comes empty that is not; asked again, it is there.
        return web.query_s if _is_feed(body) and (b"<entry" in body or _NONE.search(body)) else None

    most = min(options.limit or _MOST_RESULTS, _MOST_RESULTS)
    order = arxiv.SortCriterion.SubmittedDate if options.newest else arxiv.SortCriterion.Relevance
    search = arxiv.Search(query, max_results=most, sort_by=order)
    number = 0
    for number, result in enumerate(_results(web, search, keep, min(most, _PAGE)), start=1):  # noqa: B007
        if wanted is None or wanted.has(result.categories):
            yield _paper(result, f"arxiv:{result.get_short_id()}")
    if number == _MOST_RESULTS and options.limit != number:
        yield BadRecord(
            f"{_QUERY}{query}",
            f"arXiv gives the first {number:,} papers of a query alone: narrow it, as with submittedDate",
        )


def _paper(result: "arxiv.Result", where: str) -> Paper | BadRecord:
    record: dict[str, object] = {
        "title": result.title,
        "abstract": result.summary,
        "arxiv_id": result.get_short_id(),
        "url": result.entry_id,
    }
    return Columns().paper(record, where)


def _results(web: Web, search: "arxiv.Search", keep: Keep, page: int) -> "Iterator[arxiv.Result]":
    """What the library reads of the answers, its requests made our way."""
    import arxiv
    import requests

    class Session(requests.Session):
        def get(self, url: str | bytes, **_: object) -> requests.Response:  # type: ignore[override]
            body = web.get(str(url), keep)
            if body is None:
                raise BadInput("there is no API of arXiv at this address", where=web.base)
            if found := _ERROR.search(body):
                said = " ".join(found[1].decode("utf-8", "replace").split())
                raise Refused(f"arXiv does not understand this: {said[:200]}")
            response = requests.Response()
            response.status_code = 200
            response.raw = io.BytesIO(body)
            return response

    # Without a handler, its warnings of entries that it skips would go to standard error.
    logging.getLogger("arxiv").addHandler(logging.NullHandler())
    client = arxiv.Client(page_size=page, delay_seconds=0, num_retries=0)
    client.query_url_format = f"{web.base}/api/query?{{}}"
    client._session = Session()
    try:
        yield from client.results(search)
    except (arxiv.ArxivError, ValueError) as error:
        raise BadInput("arXiv answers with something that cannot be read", where=web.base) from error


def looks_like(head: bytes) -> bool:
    """Whether every line is an id or an address of arXiv, or a comment, and one at least is no comment."""
    *lines, last = head.removeprefix(BOM).split(b"\n")
    # The head may end within a line.
    if not lines or not re.fullmatch(rb"\S{0,99}", last):
        lines.append(last)
    words = [word for line in lines if (word := _word(line))]
    return bool(words) and all(map(_NAMED.fullmatch, words))


FORMAT = Format("list of arXiv ids", (".txt",), read_list, looks_like, count_list, extra="sources")

REFERENCE = Reference(
    "arXiv", ("arxiv:ID,ID", "https://arxiv.org/abs/ID", "arxiv-query:QUERY"), takes, read, extra="sources"
)
