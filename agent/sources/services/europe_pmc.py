"""Reads papers from Europe PMC by their ids in PubMed or PubMed Central, and their full texts.

`pmc:PMC7096066`, `pmid:32076265`, or addresses of PubMed, PubMed Central and Europe PMC. Papers are requested
fifty at a time; they can be looked up by DOI and by title, too. Full texts are those with open access.

The API: https://europepmc.org/RestfulWebService
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from ...text import identifiers
from ..interface import Options, Records, Reference
from ..service_records import within
from .ids import Asker, by_id, ids_of, in_parts
from .service import Service
from .titles import ByTitle, by_title, searched
from .web import PAPER_S, Web

SERVICE = Service(
    "europepmc",
    "Europe PMC",
    "https://www.ebi.ac.uk",
    interval_s=0.2,
    wants_contact=True,
)

IDS_AT_ONCE, TITLES_AT_ONCE = 50, 10
_RESULTS_OF_TITLE = 5
_REST = "/europepmc/webservices/rest"
_TAKEN = re.compile(
    r"pmc:|pmc?id:|https?://(?:www\.)?(?:europepmc\.org/(?:article|abstract)|(?:pmc|pubmed)\.ncbi\.nlm\.nih\.gov"
    r"|ncbi\.nlm\.nih\.gov/(?:pmc/articles|pubmed))/",
    re.IGNORECASE,
)
_XML = frozenset(("application/xml", "text/xml"))


def takes(spec: str) -> bool:
    """Whether it starts like an id of PubMed or PubMed Central, or an address there."""
    return _TAKEN.match(spec) is not None


def is_id(word: str) -> bool:
    """Whether a word is an id of PubMed Central, such as `PMC7096066`."""
    return re.fullmatch(r"PMC\d{1,9}", word) is not None


def read(spec: str, options: Options) -> Records:
    """The papers of `pmc:ID,ID`, `pmid:ID,ID` or an address.

    Raises UsageError for an invalid id, MissingExtra without requests.
    """
    kind, _, rest = spec.partition(":")
    words = [spec] if rest.startswith("//") or not rest else rest.split(",")

    def known(word: str) -> str | None:
        pmcid = identifiers.pmcid(word, bare=kind.lower() in ("pmc", "pmcid"))
        pmid = identifiers.pmid(word, bare=kind.lower() == "pmid")
        return pmcid or (f"PMID{pmid}" if pmid else None)

    form = "pmc:PMC7096066 or pmid:32076265"
    names = ids_of(spec, words, known, "an id of PubMed or PubMed Central", form)
    return in_parts(asker(options), ((name, name) for name in names), IDS_AT_ONCE)


def asker(options: Options) -> Asker:
    """A function that requests up to fifty of `PMC…`, `PMID…` or DOIs.

    Raises MissingExtra without requests.
    """
    web = Web(SERVICE, options)

    def address(name: str) -> str:
        return web.base + _path([_condition(name)], 1)

    return by_id(SERVICE, web, address, lambda some, _: _together(web, some))


def titles(options: Options) -> ByTitle:
    """A function that looks up ten papers by title. Raises MissingExtra without requests."""
    web = Web(SERVICE, options)

    def path(some: Sequence[str]) -> str:
        conditions = [f'TITLE:"{searched(title)}"' for title in some]
        return _path(conditions, _RESULTS_OF_TITLE * len(some))

    return by_title(web, lambda title: web.base + path([title]), lambda some: _results(web, path(some)))


def full_text(web: Web, pmcid: str) -> bytes | None:
    """The JATS of a paper's full text; None if it has none with open access. Raises what `get` raises."""
    return web.get(f"{web.base}{_REST}/{pmcid}/fullTextXML", lambda _: PAPER_S, _XML)


def _condition(name: str) -> str:
    if name.startswith("PMID"):
        return f"(EXT_ID:{name[4:]} AND SRC:MED)"
    return f"PMCID:{name}" if name.startswith("PMC") else 'DOI:"{}"'.format(name.replace('"', ""))


def _path(conditions: Sequence[str], most: int) -> str:
    asked = {"query": " OR ".join(conditions), "resultType": "core", "format": "json", "pageSize": most}
    return f"{_REST}/search?{urlencode(asked)}"


def _together(web: Web, names: list[str]) -> dict[str, object]:
    # A paper may be there as a preprint and as an article of the same DOI.
    records = _results(web, _path(list(map(_condition, names)), 2 * len(names)))
    found: dict[str, object] = {}
    for record in sorted(records, key=lambda one: not one["abstract"], reverse=True):
        for name in (record["pmcid"], f"PMID{record['pmid']}", str(record["doi"]).lower()):
            found[str(name)] = record
    return found


def _results(web: Web, path: str) -> list[dict[str, object]]:
    answer = web.json(web.base + path, web.absent_s)
    results = web.listed(within(answer, "resultList", "result"), "papers")
    return [_record(one) for one in results if isinstance(one, dict)]


def _record(result: Mapping[str, object]) -> dict[str, object]:
    pmcid, pmid, title = result.get("pmcid"), result.get("pmid"), result.get("title")
    authors = within(result, "authorList", "author")
    url = f"https://europepmc.org/article/{result.get('source')}/{result.get('id')}"
    return {
        # PubMed puts a full stop behind titles.
        "title": title.removesuffix(".") if isinstance(title, str) else None,
        "abstract": result.get("abstractText"),
        "doi": result.get("doi"),
        "id": pmcid or (f"PMID{pmid}" if pmid else None),
        "pmid": pmid,
        "pmcid": pmcid,
        "url": f"https://pmc.ncbi.nlm.nih.gov/articles/{pmcid}/" if pmcid else url,
        "authors": [_author(one) for one in authors]
        if isinstance(authors, list)
        else result.get("authorString"),
        "date": result.get("firstPublicationDate"),
        "year": result.get("pubYear"),
        "venue": within(result, "journalInfo", "journal", "title"),
        "keywords": within(result, "keywordList", "keyword"),
        "license": result.get("license"),
    }


def _author(one: object) -> object:
    group = within(one, "collectiveName")
    return {"literal": group} if group else one


REFERENCE = Reference(
    "Europe PMC",
    ("pmc:ID,ID", "pmid:ID,ID", "https://pmc.ncbi.nlm.nih.gov/articles/ID"),
    takes,
    read,
    is_id=is_id,
    texts=True,
    extra="sources",
)
