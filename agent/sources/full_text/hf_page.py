"""Reads a saved HTML page of Hugging Face papers.

Such a page contains its data as JSON in `data-props` attributes, with ids and full abstracts, which are read.
If there are none, its `article` elements are read as shown. No script of the page is run and nothing is
fetched.
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import BadInput, importing
from ..columns import Columns
from ..interface import Format, Input, Records
from ..service_records import paper

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_MAX_BYTES = 64 << 20
_ADDRESS = re.compile(r"(?:https?://(?:www\.)?huggingface\.co)?/papers/(\d{4}\.\d{4,5})")


def read(source: Input) -> Records:
    """The papers of a page; `where` counts them from 1.

    Raises MissingExtra without lxml, BadInput if it is too long or not HTML.
    """
    with importing("Reading HTML", "sources"):
        from lxml import etree
    data = source.stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise BadInput(f"is a page of more than {_MAX_BYTES >> 20} MB", where=source.name)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise BadInput(f"is not valid HTML: {error.msg}", where=source.name) from error
    if root is None:
        raise BadInput("is not HTML", where=source.name)
    return _papers(source, root)


def _papers(source: Input, root: "Element") -> Records:
    columns, number = Columns(), 0
    for number, record in enumerate(_embedded(root), start=1):
        yield paper(columns, record, f"{source.name}, paper {number}")
    if number:
        return
    for number, article in enumerate(_outermost(root, "article"), start=1):
        where = f"{source.name}, paper {number}"
        fields = _shown(article)
        if fields.get("abstract"):
            yield columns.paper(fields, where)
        else:
            why = "the page does not show its abstract; read it as arxiv:ID"
            yield columns.without_abstract(fields, where, why)


def _embedded(root: "Element") -> Iterator[dict[str, object]]:
    """The records in the JSON of a page: of a list `dailyPapers`, or the one `paper`."""
    for element in root.iterfind(".//*[@data-props]"):
        try:
            props = json.loads(element.get("data-props"))
        except (ValueError, RecursionError):
            continue
        if not isinstance(props, dict):
            continue
        listed = props.get("dailyPapers")
        for record in listed if isinstance(listed, list) else [props]:
            inner = record.get("paper") if isinstance(record, dict) else None
            # The head and foot of every page embed props of their own; a paper's have a summary.
            if isinstance(inner, dict) and (listed or "summary" in inner):
                yield record


def _outermost(root: "Element", tag: str) -> Iterator["Element"]:
    """Elements of a tag that lie in no other of it, in the order of the page."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag == tag:
            yield element
        else:
            waiting.extend(reversed(element))


def _shown(article: "Element") -> dict[str, object]:
    """What an article of the page shows."""
    texts = [" ".join("".join(one.itertext()).split()) for one in article.iter("p")]
    for link in article.iterfind(".//h3//a[@href]"):
        if found := _ADDRESS.match(link.get("href")):
            return {
                "title": "".join(link.itertext()),
                "abstract": max(texts, key=len, default=None),
                "arxiv_id": found[1],
            }
    return {}


def looks_like(head: bytes) -> bool:
    """Whether it is HTML that mentions Hugging Face papers in its head."""
    start = head.lstrip()[:200].lower()
    html = start.startswith((b"<!doctype html", b"<html")) or b"<html" in start
    # Pages of papers elsewhere may link to the hub.
    return html and b"huggingface.co/papers" in head and b"citation_title" not in head.lower()


FORMAT = Format("Hugging Face page", (".html", ".htm"), read, looks_like, extra="sources")
