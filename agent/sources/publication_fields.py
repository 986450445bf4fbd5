"""Reads what a record says of a publication: which fields are the authors, the date, the venue, and so on.

The one place for all sources: those whose records are no flat fields give them under the names here. It is
read only when it is needed, since the readers of large dumps have better things to do.

Knows fields. Knows no file format.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..publication import Person, Publication
from ..text import identifiers
from ..text.dates import Parts, checked, date_of, iso, month_of
from .clean import clean
from .people import people

NAMES: dict[str, tuple[str, ...]] = {
    "authors": (
        "authorsparsed", "authorfullnames", "authors", "author", "creators", "authorships", "authorlist",
        "af", "fau", "au", "a1", "authornames", "creator",
    ),
    "date": (
        "date", "publicationdate", "versions", "published", "publishedat", "issued",
        "datepublished", "coverdate", "publisheddate", "publishedonline", "pubdate", "dp", "da",
        "y1", "issueddate", "updatedate",
    ),
    "year": (
        "year", "publicationyear", "pubyear", "yearpublished", "publishedyear", "py",
    ),
    "month": (
        "month",
    ),
    "day": (
        "day",
    ),
    "venue": (
        "venue", "journal", "journaltitle", "booktitle", "publicationtitle", "containertitle",
        "journalname", "sourcetitle", "publicationname", "conference", "conferencename",
        "proceedingstitle", "journalref", "hostvenue", "jt", "so", "jf", "jo", "t2", "ta",
        "secondarytitle", "repository", "school", "university", "institution", "publisher",
    ),
    "citation_key": (
        "citationkey", "citekey", "bibtexkey",
    ),
    "categories": (
        "categories", "category", "arxivcategories", "primaryclass", "primarycategory",
        "fieldsofstudy", "s2fieldsofstudy", "concepts",
    ),
    "keywords": (
        "keywords", "keyword", "authorkeywords", "kw", "de", "ot", "subjects", "subject", "tags",
        "manualtags", "automatictags", "indexkeywords",
    ),
    "pdf_url": (
        "pdfurl", "pdflink", "openaccesspdf", "linktopdf", "pdf", "urlpdf",
    ),
    "license": (
        "license", "licence", "licenseurl", "licenceurl",
    ),
}  # fmt: skip
"""Our names to theirs, folded, the likeliest first; of several, the first one with a value counts."""

_MOST_TEXT = 500
_MOST_TEXTS = 200
_APART = re.compile(r"[;\n|]")
_ARXIV_CATEGORY = re.compile(r"[a-z-]{2,9}(?:\.[A-Za-z-]{2,9})?")
_WITHIN = tuple("display_name name title default term tag category keyword word $ text".split())
"""Names under which objects keep a text."""

Told = Mapping[str, Sequence[object]]
"""The values of each field of ours, the likeliest first."""


def guessed(names: Mapping[str, str], given: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The fields of a record for each field of ours that is not given, from their folded names."""
    # Two letters are a tag of a database only beside others.
    tagged = not names.keys().isdisjoint(("ti", "t1"))
    for ours, guesses in NAMES.items():
        found = tuple(names[guess] for guess in guesses if guess in names and (tagged or len(guess) > 2))
        if found and ours not in given:
            yield ours, found


def publication(told: Told) -> Publication:
    """The publication from what a record says."""
    authors, more = _first_people(told.get("authors", ()))
    date = _date(told)
    return Publication(
        authors=authors,
        more_authors=more,
        year=date[0] if date else None,
        date=iso(date),
        venue=_first_text(told.get("venue", ())),
        arxiv_id=_identifier(told.get("arxiv_id", ()), identifiers.arxiv_id),
        doi=_identifier(told.get("doi", ()), identifiers.doi),
        citation_key=_first_text(told.get("citation_key", ())),
        categories=_first_texts(told.get("categories", ()), categories=True),
        keywords=_first_texts(told.get("keywords", ())),
        pdf_url=_address(told.get("pdf_url", ())),
        license=_address(told.get("license", ())) or _first_text(told.get("license", ())),
    )


def _first_people(values: Sequence[object]) -> tuple[tuple[Person, ...], bool]:
    for value in values:
        found = people(value)
        if found[0]:
            return found
    return (), False


def _date(told: Told) -> Parts | None:
    found = next((date for value in told.get("date", ()) if (date := date_of(value)) is not None), None)
    year = next((date for value in told.get("year", ()) if (date := date_of(value)) is not None), None)
    if year is None or (found is not None and found[0] == year[0]):
        return found
    if year[1]:
        return year
    # The year of a publication goes before the date of a preprint or an entry.
    month = next((month for value in told.get("month", ()) if (month := month_of(value))), None)
    return checked(year[0], month, next(iter(told.get("day", ())), None))


def _text(value: object) -> str:
    """A text, the first of a list of texts, or the name of an object."""
    if isinstance(value, str):
        return clean(value, _MOST_TEXT)
    if isinstance(value, list | tuple):
        return next(filter(None, map(_text, value[:3])), "")
    if isinstance(value, Mapping):
        return next((text for name in _WITHIN if (text := _text(value.get(name)))), "")
    return ""


def _first_text(values: Sequence[object]) -> str | None:
    return next((text for value in values if (text := _text(value)) and not _is_nothing(text)), None)


def _first_texts(values: Sequence[object], *, categories: bool = False) -> tuple[str, ...]:
    for value in values:
        if isinstance(value, str):
            texts = _separated(value[: _MOST_TEXT * _MOST_TEXTS], categories=categories)
        elif isinstance(value, list | tuple):
            texts = [_text(one) for one in value]
            if len(texts) == 1:
                texts = _separated(texts[0], categories=categories)
        else:
            continue
        if found := tuple(dict.fromkeys(text for text in texts if text and not _is_nothing(text))):
            return found[:_MOST_TEXTS]
    return ()


def _separated(text: str, *, categories: bool) -> list[str]:
    """The texts of a list in one string: `a; b`, a line each, `a, b`, or arXiv's `cs.LG stat.ML`."""
    text = text.strip().removeprefix("[").removesuffix("]")
    parts = _APART.split(text)
    if len(parts) == 1:
        parts = text.split(",")
    if categories and len(parts) == 1 and all(map(_ARXIV_CATEGORY.fullmatch, words := text.split())):
        parts = words
    return [clean(part.strip().strip(" '\""), _MOST_TEXT) for part in parts]


def _identifier(values: Sequence[object], known: Callable[[str], str | None]) -> str | None:
    for value in values:
        if text := _text(value if not isinstance(value, int | float) else str(value)):
            found = known(text)
            if found is not None:
                return identifiers.unversioned(found) if known is identifiers.arxiv_id else found
    return None


def _address(values: Sequence[object]) -> str | None:
    for value in values:
        text = value.get("url") if isinstance(value, Mapping) else value
        if isinstance(text, str) and text.startswith(("http://", "https://")) and len(text) < 2048:
            return clean(text, 2048) or None
    return None


def _is_nothing(text: str) -> bool:
    return text.casefold() in ("nan", "none", "null", "n/a", "na", "-", "--")
