"""What is known of a paper beside its text: who wrote it, when and where it was published.

Sources read it, cards carry it and outputs write it. It changes neither the id of a paper nor what a model is
asked. Everything is optional: what a source does not say is None or empty, and nothing is guessed.

Knows no source and no output.
"""

import re
from dataclasses import dataclass
from functools import cache
from json.encoder import encode_basestring
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

MOST_AUTHORS = 5000
"""Maximum number of authors; of a longer list, the first ones are kept and `more_authors` is set."""


def _absent(value: object) -> bool:
    return not value


def none_is_empty(value: object) -> object:
    """Replaces None by an empty list: a Parquet file has null where a card leaves a list out."""
    return () if value is None else value


_Text = Annotated[str | None, Field(exclude_if=_absent)]
_Texts = Annotated[tuple[str, ...], BeforeValidator(none_is_empty), Field(exclude_if=_absent)]


@dataclass(frozen=True, slots=True)
class Person:
    """An author: a person by the parts of the name, or a literal name, such as that of a group."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    family: _Text = None
    """Family name with its particles: `van der Berg`."""
    given: _Text = None
    """Given names or initials."""
    suffix: _Text = None
    """Suffix such as `Jr`."""
    literal: _Text = None
    """The whole name if it has no parts: `ATLAS Collaboration`."""

    @property
    def name(self) -> str:
        """The name in reading order: `Jan van der Berg Jr`."""
        if self.literal:
            return self.literal
        return " ".join(part for part in (self.given, self.family, self.suffix) if part)

    @property
    def inverted(self) -> str:
        """The name with the family name first, as in a bibliography: `van der Berg, Jr, Jan`."""
        if self.literal:
            return self.literal
        return ", ".join(part for part in (self.family, self.suffix, self.given) if part)

    @property
    def short(self) -> str:
        """The name for a citation: the family name, or the whole of a literal name."""
        return self.family or self.literal or self.given or ""


@dataclass(frozen=True, slots=True)
class Publication:
    """Authors, date, venue, identifiers and subjects of a paper, as far as the source has them."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    authors: Annotated[
        tuple[Person, ...],
        BeforeValidator(none_is_empty),
        Field(exclude_if=_absent, max_length=MOST_AUTHORS),
    ] = ()
    """Authors, in the order of the source."""
    more_authors: Annotated[bool, BeforeValidator(bool), Field(exclude_if=_absent)] = False
    """Whether the paper has more authors than are listed: the source says "and others", or has over 5,000."""
    year: Annotated[int | None, Field(exclude_if=_absent, ge=1000, le=9999)] = None
    """Year of publication."""
    date: Annotated[
        str | None, Field(exclude_if=_absent, pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")
    ] = None
    """Date of publication in ISO 8601 as far as it is known: `2024`, `2024-03` or `2024-03-05`."""
    venue: _Text = None
    """Journal, conference or book, as written in the source."""
    arxiv_id: _Text = None
    """arXiv id without a version."""
    doi: _Text = None
    """DOI in lower case."""
    citation_key: _Text = None
    """Key of the entry in the library that it came from."""
    categories: _Texts = ()
    """Categories of the archive, such as `cs.LG`, or fields of study."""
    keywords: _Texts = ()
    """Keywords of the authors or of the database."""
    url: _Text = None
    """Web page of the paper."""
    pdf_url: _Text = None
    """Address of its PDF."""
    source: _Text = None
    """Source and place of the paper, such as `library.bib:64`."""
    license: _Text = None
    """Licence of the text: its address, such as `http://arxiv.org/licenses/…`, or its name."""
    abstract_source: _Text = None
    """Service that the abstract is from and its record there, such as `OpenAlex: doi:10.1000/182`; None if it
    is from the source of the paper."""

    @property
    def byline(self) -> str:
        """The authors for a citation: `Zhang`, `Zhang and Li`, `Zhang et al.`; empty if unknown."""
        if not self.authors:
            return ""
        first = self.authors[0].short
        if len(self.authors) == 2 and not self.more_authors:
            return f"{first} and {self.authors[1].short}"
        return f"{first} et al." if len(self.authors) > 1 or self.more_authors else first

    @property
    def credits(self) -> str:
        """The first authors, venue and year: `Zhang, Müller, Li +2 · NeurIPS 2024`; empty if unknown."""
        names = ", ".join(one.short for one in self.authors[:3])
        if self.more_authors:
            names += " et al."
        elif len(self.authors) > 3:
            names += f" +{len(self.authors) - 3}"
        return " · ".join(filter(None, (names, f"{self.venue or ''} {self.year or ''}".strip())))

    @property
    def cited(self) -> str:
        """Authors, venue and year on one line: `Zhang et al. · NeurIPS · 2024`; empty if unknown."""
        return " · ".join(filter(None, (self.byline, self.venue, str(self.year or ""))))


NOTHING = Publication()
"""The publication of a paper of which nothing is known."""

_NO_FILE = re.compile(r"[a-z][a-z0-9-]+:|huggingface\.co/")
"""The start of a position that is an id or an address."""
_NAMES = ("family", "given", "suffix", "literal")
_ARXIV_MONTH = re.compile(r"(?:[a-z-]+/)?(\d\d)(0[1-9]|1[0-2])")


def json_of(publication: Publication) -> str:
    """The publication as JSON, as pydantic would write it; empty if nothing is known.

    Written by hand, since a rerun writes one for every card and does little else.
    """
    text = encode_basestring
    one = publication
    found: list[str] = []
    if one.authors:
        found.append(f'"authors":[{",".join(map(_person_json, one.authors))}]')
    if one.more_authors:
        found.append('"more_authors":true')
    if one.year:
        found.append(f'"year":{one.year}')
    for name, value in (
        ("date", one.date),
        ("venue", one.venue),
        ("arxiv_id", one.arxiv_id),
        ("doi", one.doi),
        ("citation_key", one.citation_key),
    ):
        if value:
            found.append(f'"{name}":{text(value)}')
    if one.categories:
        found.append(f'"categories":[{",".join(map(text, one.categories))}]')
    if one.keywords:
        found.append(f'"keywords":[{",".join(map(text, one.keywords))}]')
    for name, value in (
        ("url", one.url),
        ("pdf_url", one.pdf_url),
        ("source", one.source),
        ("license", one.license),
        ("abstract_source", one.abstract_source),
    ):
        if value:
            found.append(f'"{name}":{text(value)}')
    return f"{{{','.join(found)}}}" if found else ""


def parsed(text: str) -> Publication | None:
    """The publication from `json_of`; None for nothing."""
    return _adapter().validate_json(text) if text else None


def publication_of(record: object) -> Publication:
    """The publication in a card's JSON, as far as it can be read."""
    try:
        return _adapter().validate_python(record) if record else NOTHING
    except ValidationError:
        return NOTHING


@cache
def _adapter() -> TypeAdapter[Publication]:
    return TypeAdapter(Publication)


def _person_json(person: Person) -> str:
    if person.family and person.given and not person.suffix and not person.literal:
        return f'{{"family":{encode_basestring(person.family)},"given":{encode_basestring(person.given)}}}'
    parts = ((name, getattr(person, name)) for name in _NAMES)
    return "{" + ",".join(f'"{name}":{encode_basestring(value)}' for name, value in parts if value) + "}"


def with_publication(card: bytes, publication: str) -> bytes:
    """The JSON of a card without its publication, with it added as the last field."""
    if not publication:
        return card
    return b'%b,"publication":%b}' % (card[:-1], publication.encode())


def arxiv_date(arxiv_id: str | None) -> str | None:
    """The month in an arXiv id: `2024-01` for `2401.03955`."""
    found = _ARXIV_MONTH.match(arxiv_id) if arxiv_id else None
    return f"{'19' if found[1] > '90' else '20'}{found[1]}-{found[2]}" if found else None


def place(where: str) -> str | None:
    """A position in a source, such as `library.bib:64`: a file without its folders."""
    if not where.isascii():
        where = where.encode("utf-8", "replace").decode()  # a file name may be no valid text
    if ("/" in where or "\\" in where) and (where[0] == "/" or not _NO_FILE.match(where)):
        where = where.rpartition("/")[2].rpartition("\\")[2]
    return where or None


def columns(publication: Publication) -> dict[str, Any]:
    """The publication in columns of a table: lists as tuples of text, authors with the family name first."""
    authors = tuple(person.inverted for person in publication.authors)
    rest = (name for name in Publication.__slots__ if name not in ("authors", "more_authors", "url"))
    return {
        "authors": authors + ("et al.",) * publication.more_authors,
        **{name: getattr(publication, name) for name in rest},
    }
