"""Records as web services write them: what is nested in them, beside the fields that papers are read from.

Hugging Face puts a paper into `paper`, OpenAlex turns an abstract into an index of its words, Semantic
Scholar keeps all names but its own in `externalIds`. The fields that a record has stay in it, so that
`--column` can name them.

Knows fields. Knows no file and no network.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter

from ..paper import Paper
from ..text.identifiers import arxiv_id
from .bounds import MAX_RECORD_BYTES, TOO_LONG
from .clean import clean
from .columns import BadRecord, Columns

_WORK = re.compile(r"https://openalex\.org/(W\d+)")
_MOST_WORDS = 1_000_000
"""Maximum words of an abstract."""


def paper(columns: Columns, record: object, where: str) -> Paper | BadRecord:
    """The paper of a record, nested or not, or why it holds none."""
    if type(record) is dict:
        if "abstract_inverted_index" in record:
            return _openalex(columns, record, where)
        if "paper" in record and isinstance(inner := record["paper"], dict):
            return columns.paper(_hugging_face(record, inner), where)
        if "externalIds" in record or "externalids" in record:
            if record.get("abstract", "") is None:
                bad = columns.without_abstract(
                    _semantic_scholar(record), where, "Semantic Scholar has no abstract for it"
                )
                return replace(bad, without_abstract=_called(record, where))
            return columns.paper(_semantic_scholar(record), where)
        if "tldr" in record and "provenance" in record:
            return BadRecord(where, "is a card, not a paper; give the source of its paper")
    return columns.paper(record, where)


def _hugging_face(record: dict[str, object], inner: dict[str, object]) -> dict[str, object]:
    return {
        **record,
        "title": inner.get("title"),
        "abstract": inner.get("summary") or inner.get("abstract"),
        "arxiv_id": inner.get("id"),
        "authors": inner.get("authors"),
        "date": inner.get("publishedAt") or record.get("publishedAt"),
    }


def _openalex(columns: Columns, record: dict[str, object], where: str) -> Paper | BadRecord:
    index = record["abstract_inverted_index"]
    if not index:
        if record.get("abstract") or "abstract" in columns.given:
            return columns.paper(record, where)
        bad = columns.without_abstract(_work(record, None), where, "OpenAlex has no abstract for it")
        return replace(bad, without_abstract=_called(record, where))
    if not isinstance(index, dict) or not all(map(_is_positions, index.values())):
        return BadRecord(where, "its abstract_inverted_index has no word positions")
    if sum(map(len, index.values())) > _MOST_WORDS:
        return BadRecord(where, f"its abstract has more than {_MOST_WORDS:,} words")
    # A word stands in the index once and in the abstract as often as the index says.
    if sum((len(word) + 1) * len(places) for word, places in index.items()) > MAX_RECORD_BYTES:
        return BadRecord(where, f"its abstract {TOO_LONG}")
    words = sorted(((at, word) for word, places in index.items() for at in places), key=itemgetter(0))
    return columns.paper(_work(record, " ".join(word for _, word in words)), where)


def _work(record: dict[str, object], abstract: str | None) -> dict[str, object]:
    doi = record.get("doi")
    found: dict[str, object] = {
        **record,
        "title": record.get("title") or record.get("display_name"),
        "abstract": abstract,
        "venue": within(record, "primary_location", "source", "display_name"),
        "pdf_url": within(record, "best_oa_location", "pdf_url"),
    }
    if isinstance(own := record.get("id"), str) and (work := _WORK.fullmatch(own)):
        found["id"] = f"openalex:{work[1]}"
    if "arxiv_id" not in record and isinstance(doi, str) and (arxiv := arxiv_id(doi)):
        found["arxiv_id"] = arxiv
    return found


def _called(record: Mapping[str, object], where: str) -> str:
    """What a paper without an abstract is called."""
    title = record.get("title") or record.get("display_name")
    return clean(title, 80) if isinstance(title, str) else where


def within(value: object, *path: str) -> object:
    """The value at a path through objects; None where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_positions(value: object) -> bool:
    return isinstance(value, list) and all(type(at) is int for at in value)


_IDS_OF_S2 = (("arxiv_id", "ArXiv"), ("doi", "DOI"), ("pmid", "PubMed"), ("pmcid", "PubMedCentral"))


def _semantic_scholar(record: dict[str, object]) -> dict[str, object]:
    # In its data sets all names are lower case.
    names = record.get("externalIds") or record.get("externalids")
    found = dict(record)
    if isinstance(names, Mapping):
        for ours, theirs in _IDS_OF_S2:
            if names.get(theirs) and ours not in record:
                found[ours] = names[theirs]
    number = record.get("paperId")
    if number is None and (corpus := record.get("corpusid")) is not None:
        found["id"] = f"s2:CorpusId:{corpus}"
    if isinstance(number, str) and "id" not in record:
        found["id"] = f"s2:{number}"
    return found
