"""All source formats, and the choice of one for a file or a word of the command line."""

from functools import cache

from ..errors import BadInput, UsageError
from ..plugins import plugged
from ..safety.safe_files import exists
from . import harvest
from .files import (
    atom,
    delimited,
    duckdb,
    hf_listing,
    json_document,
    jsonl,
    oai,
    paper_lists,
    parquet,
    plain,
    spreadsheet,
    sqlite,
    tagged,
    xml_records,
    zotero_json,
    zotero_rdf,
)
from .files import references as libraries
from .full_text import hf_page, jats, pdf, web_page
from .head import why_no_text
from .interface import Format, Options, Records, Reference
from .services import arxiv_api, europe_pmc, hf_api, hf_dataset, openalex, semantic_scholar, zotero
from .texts import with_sections
from .unpacked import SUFFIXES, refuse_known
from .xml_stream import root_of

FORMATS: tuple[Format, ...] = (
    hf_listing.FORMAT,
    *libraries.FORMATS,
    *tagged.FORMATS,
    zotero_json.FORMAT,
    zotero_rdf.FORMAT,
    jsonl.FORMAT,
    json_document.FORMAT,
    delimited.FORMAT,
    spreadsheet.FORMAT,
    parquet.FORMAT,
    sqlite.FORMAT,
    duckdb.FORMAT,
    pdf.FORMAT,
    atom.FORMAT,
    oai.FORMAT,
    *xml_records.FORMATS,
    jats.FORMAT,
    hf_page.FORMAT,
    web_page.FORMAT,
    *paper_lists.FORMATS,
    plain.FORMAT,
)
"""Formats in the order in which they are tried; plain text comes last."""

PLAIN_TEXT = plain.FORMAT
"""The plain text format, whose extensions only promise text; the content decides."""

TABLES: tuple[Format, ...] = tuple(
    module.FORMAT for module in (jsonl, json_document, delimited, spreadsheet, parquet, sqlite, duckdb)
)
"""Formats of records with named fields."""

REFERENCES: tuple[Reference, ...] = (
    arxiv_api.REFERENCE,
    hf_api.REFERENCE,
    hf_dataset.REFERENCE,
    openalex.REFERENCE,
    semantic_scholar.REFERENCE,
    europe_pmc.REFERENCE,
    zotero.REFERENCE,
    harvest.FEED,
    harvest.OAI,
)

GROUP = "papercards.sources"
"""Entry point group for plugins that add a `Format` or a `Reference`."""


def known_extensions() -> tuple[str, ...]:
    """All known file extensions, sorted."""
    return tuple(
        sorted({ext for kind in (*FORMATS, *_plugged_formats()) for ext in kind.extensions} | set(SUFFIXES))
    )


def known_sources() -> tuple[Format | Reference, ...]:
    """All sources, plugins last."""
    return (*FORMATS, *REFERENCES, *_plugged())


@cache
def _plugged() -> tuple[Format | Reference, ...]:
    return plugged(GROUP, Format, Reference)


def _plugged_formats() -> tuple[Format, ...]:
    return tuple(one for one in _plugged() if isinstance(one, Format))


def reference(spec: str) -> Reference | None:
    """The way in that takes a word of the command line for a name of its own."""
    # Names of services have a colon, so that what is plainly a file asks none of them.
    if ":" in spec and (known := next((one for one in REFERENCES if one.takes(spec)), None)):
        return known
    if exists(spec):
        return None
    if known := next((one for one in REFERENCES if one.is_id(spec)), None):
        return known
    # Looking for other distributions takes time.
    if ":" not in spec:
        return None
    return next((one for one in _plugged() if isinstance(one, Reference) and one.takes(spec)), None)


def read_by(one: Reference, spec: str, options: Options) -> Records:
    """The papers of a name, with sections where they are wanted and can be fetched."""
    records = one.read(spec, options)
    return with_sections(records, options) if one.texts else records


def recognized(name: str, head: bytes) -> Format | None:
    """The format of a text by its content; None if it may be the title and abstract of a paper."""
    tagged_like_xml = head.lstrip().startswith(b"<")
    for kind in FORMATS[:-1]:
        xml = any(extension in (".xml", ".html", ".rdf") for extension in kind.extensions)
        if (tagged_like_xml or not xml) and kind.sniff(head):
            return kind
    return None


def choose(name: str, extension: str, head: bytes) -> Format:
    """The format of a file, from its name's extension and its first bytes.

    Raises UsageError for an unknown extension, BadInput for content that is not text or does not match the
    extension.
    """
    if extension in PLAIN_TEXT.extensions and (known := recognized(name, head)):
        return known
    formats: tuple[Format, ...] = FORMATS
    if extension and not any(extension in kind.extensions for kind in FORMATS):
        formats = (*_plugged_formats(), *FORMATS)
    fitting = [f for f in formats if extension in f.extensions] if extension else list(formats)
    if not fitting:
        # Known content may have an unknown name, but not any text: a .tex is no abstract.
        fitting = [f for f in formats[:-1] if f.sniff(head)]
        if not fitting:
            refuse_known(name, head)
        if not fitting and not why_no_text(head):
            raise UsageError(
                f'files with the extension "{extension}" cannot be read',
                where=name,
                next_step=f"Known extensions: {' '.join(known_extensions())}",
            )
    for kind in fitting:
        if kind.binary and kind.sniff(head):
            return kind
    texts = [kind for kind in fitting if not kind.binary]
    refuse_known(name, head)
    if why := why_no_text(head):
        raise BadInput(why if texts or not fitting else f"is not a {fitting[0].name} file: {why}", where=name)
    if not texts:
        raise BadInput(f"is not a {fitting[0].name} file", where=name)
    chosen = texts[0] if len(texts) == 1 else next((f for f in texts if f.sniff(head)), texts[-1])
    if extension == ".xml" and not chosen.sniff(head) and (root := root_of(head)[1]):
        raise BadInput(
            f'is XML with the unsupported root "{root[:40]}"',
            where=name,
            next_step="Formats for XML: "
            + ", ".join(kind.name for kind in FORMATS if ".xml" in kind.extensions),
        )
    return chosen


def table_format(name: str, extension: str, head: bytes) -> Format:
    """The one of `TABLES` that a file has. Raises UsageError or BadInput if it has none."""
    fitting = [kind for kind in TABLES if extension in kind.extensions]
    chosen = next((kind for kind in fitting or TABLES if kind.sniff(head)), None)
    if chosen is None and not fitting:
        known = " ".join(ending for kind in TABLES for ending in kind.extensions)
        raise UsageError("is not a table", where=name, next_step=f"Tables: {known}")
    chosen = chosen or fitting[-1]
    if not chosen.binary:
        refuse_known(name, head)
        if why := why_no_text(head):
            raise BadInput(why, where=name)
    return chosen
