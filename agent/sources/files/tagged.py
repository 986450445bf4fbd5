"""Reads records with a tag before each line: MEDLINE (.nbib), Web of Science, EndNote, RefWorks, NoteExpress.

They differ in what a tag looks like, in which one begins a record and in what they call things; a line
without a tag goes on with the one above. RIS is of the same kind, and written into, so it is in
`bibliography`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from ..bounds import MAX_RECORD_BYTES, TOO_LONG
from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..lines import raw_lines, text_of


@dataclass(frozen=True, slots=True)
class _Dialect:
    name: str
    extensions: tuple[str, ...]
    sign: re.Pattern[bytes]
    """Pattern of the start of the first record."""
    proof: re.Pattern[bytes] | None
    """Pattern of what follows the start in a file of this kind; None if the start is enough."""
    tag: re.Pattern[str]
    """Pattern of a tag and the text after it."""
    begins: str
    ends: str
    title: tuple[str, ...]
    abstract: tuple[str, ...]
    doi: tuple[str, ...]
    id: tuple[str, ...]
    url: tuple[str, ...] = ()
    published: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tags of the fields of the publication."""


_TWO_LETTERS = re.compile(r"([A-Z][A-Z0-9])(?: (.*)|$)")
_DIALECTS = (
    _Dialect(
        "MEDLINE",
        (".nbib", ".medline"),
        re.compile(rb"^PMID ?- ?\d+[ \t\r]*$", re.MULTILINE),
        re.compile(rb"^(?:TI|OWN|STAT|DCOM|AB)  ?- ", re.MULTILINE),
        re.compile(r"([A-Z]{2,4}) {0,2}- ?(.*)"),
        "PMID",
        "",
        ("TI", "TT", "BTI"),
        ("AB", "OAB"),
        ("LID", "AID"),
        ("PMID",),
        published={
            "authors": ("FAU", "AU"),
            "date": ("DP", "DEP"),
            "venue": ("JT", "TA"),
            "keywords": ("OT", "MH"),
        },
    ),
    _Dialect(
        "Web of Science",
        (".ciw", ".isi"),
        re.compile(rb"^PT [A-Z][ \t\r]*$", re.MULTILINE),
        re.compile(rb"^(?:TI|AU|SO) ", re.MULTILINE),
        _TWO_LETTERS,
        "PT",
        "ER",
        ("TI",),
        ("AB",),
        ("DI", "D2"),
        ("UT",),
        published={
            "authors": ("AF", "AU", "CA"),
            "year": ("PY",),
            "month": ("PD",),
            "venue": ("SO",),
            "keywords": ("DE",),
            "categories": ("WC",),
        },
    ),
    _Dialect(
        "EndNote",
        (".enw",),
        re.compile(rb"^%0 [A-Z]", re.MULTILINE),
        re.compile(rb"^%[TAX] ", re.MULTILINE),
        re.compile(r"%(\S)(?: (.*)|$)"),
        "0",
        "",
        ("T",),
        ("X",),
        ("R",),
        ("M", "F"),
        ("U",),
        {
            "authors": ("A",),
            "date": ("8",),
            "year": ("D",),
            "venue": ("J", "B"),
            "keywords": ("K",),
            "citationkey": ("F",),
        },
    ),
    _Dialect(
        "RefWorks",
        (),
        re.compile(rb"^RT [A-Z]", re.MULTILINE),
        re.compile(rb"^(?:T1|A1|JF) ", re.MULTILINE),
        _TWO_LETTERS,
        "RT",
        "",
        ("T1",),
        ("AB",),
        ("DO",),
        ("ID",),
        ("LK", "UL"),
        {
            "authors": ("A1",),
            "year": ("YR",),
            "date": ("FD",),
            "venue": ("JF", "JO", "T2"),
            "keywords": ("K1",),
        },
    ),
    _Dialect(
        "NoteExpress",
        (".net",),
        re.compile(rb"^\{Reference Type\}: ", re.MULTILINE),
        None,
        re.compile(r"\{([\w /]+)\}: ?(.*)"),
        "Reference Type",
        "",
        ("Title",),
        ("Abstract",),
        ("DOI",),
        ("Accession Number",),
        ("URL",),
        {"authors": ("Author",), "year": ("Year",), "venue": ("Journal",), "keywords": ("Keywords",)},
    ),
)
_DOI = re.compile(r"10\.\d{4,9}/\S+")


def read(dialect: _Dialect, source: Input) -> Records:
    """The papers of a file; `where` is the line on which a record begins."""
    for number, fields in _records(dialect, source):
        where = f"{source.name}:{number}"
        yield BadRecord(where, fields) if isinstance(fields, str) else source.columns.paper(fields, where)


def _records(dialect: _Dialect, source: Input) -> Iterator[tuple[int, dict[str, object] | str]]:
    lines: list[tuple[str, str]] = []
    begin, size, fault = 0, 0, ""
    for number, raw in enumerate(raw_lines(source.stream), start=1):
        line = text_of(raw) if raw is not None else ""
        fault = fault or (
            TOO_LONG if raw is None else "is not valid UTF-8; save it as UTF-8" if line is None else ""
        )
        text = (line or "").rstrip("\r\n")
        found = dialect.tag.match(text)
        if found and found[1] == dialect.begins:
            if lines:
                yield begin, fault or _fields(dialect, lines)
            lines, begin, size, fault = [], number, 0, ""
        if not begin:
            continue
        size += len(text)
        if size > MAX_RECORD_BYTES:
            fault = fault or TOO_LONG
            lines = lines[:1]
        if found:
            if found[1] == dialect.ends:
                yield begin, fault or _fields(dialect, lines)
                lines, begin = [], 0
                continue
            lines.append((found[1], (found[2] or "").strip()))
        elif text.strip():
            lines.append(("", text.strip()))
    if lines:
        yield begin, fault or _fields(dialect, lines)


def _fields(dialect: _Dialect, lines: list[tuple[str, str]]) -> dict[str, object]:
    found: dict[str, str] = {}
    within = ""
    for tag, value in lines:
        within = tag or within
        before = found.get(within, "")
        # A name is a line of its own, with a tag or without.
        apart = tag or within in dialect.published.get("authors", ())
        found[within] = before + ("\n" if apart and before else " " if before else "") + value

    def first(tags: tuple[str, ...]) -> str | None:
        return next((found[tag] for tag in tags if found.get(tag)), None)

    doi = _DOI.search(" ".join(found.get(tag, "") for tag in dialect.doi))
    own = first(dialect.id)
    if dialect.begins == "PMID" and own:
        own = f"PMID{own}"
    record: dict[str, object] = {
        "title": first(dialect.title),
        "abstract": first(dialect.abstract),
        "doi": doi[0] if doi else None,
        "id": own.split("\n")[0] if own else None,
        "url": (first(dialect.url) or "").split("\n")[0] or None,
        **{name: first(tags) for name, tags in dialect.published.items()},
    }
    return {**found, **{name: value for name, value in record.items() if value}}


def _looks_like(dialect: _Dialect, head: bytes) -> bool:
    found = dialect.sign.search(head, 0, 20_000)
    if found is None or dialect.proof is None:
        return found is not None
    return dialect.proof.search(head, found.end(), 20_000) is not None


FORMATS = tuple(
    Format(one.name, one.extensions, partial(read, one), partial(_looks_like, one)) for one in _DIALECTS
)
