"""Every way in, by name and by extension; which one fits a file or a word of the command line."""

from functools import cache
from pathlib import Path

from ..errors import BadInput, UsageError
from ..plugins import plugged
from . import (
    arxiv_api,
    atom,
    delimited,
    duckdb,
    hf_api,
    hf_dataset,
    hf_listing,
    hf_page,
    id_list,
    jats,
    json_document,
    jsonl,
    libraries,
    oai,
    openalex,
    parquet,
    pdf,
    plain,
    semantic_scholar,
    sqlite,
    web_page,
    zotero,
    zotero_json,
    zotero_rdf,
)
from .interface import Format, Reference
from .streams import why_no_text

FORMATS: tuple[Format, ...] = (
    hf_listing.FORMAT,
    *libraries.FORMATS,
    zotero_json.FORMAT,
    zotero_rdf.FORMAT,
    jsonl.FORMAT,
    json_document.FORMAT,
    delimited.FORMAT,
    parquet.FORMAT,
    sqlite.FORMAT,
    duckdb.FORMAT,
    pdf.FORMAT,
    atom.FORMAT,
    oai.FORMAT,
    jats.FORMAT,
    hf_page.FORMAT,
    web_page.FORMAT,
    id_list.FORMAT,
    plain.FORMAT,
)
"""In the order in which they are asked: the one that takes any text comes last."""

REFERENCES: tuple[Reference, ...] = (
    arxiv_api.REFERENCE,
    hf_api.REFERENCE,
    hf_dataset.REFERENCE,
    openalex.REFERENCE,
    semantic_scholar.REFERENCE,
    zotero.REFERENCE,
)

GROUP = "papercards.sources"
"""The entry points under which other distributions add a `Format` or a `Reference`."""


def known_extensions() -> tuple[str, ...]:
    """What a file's name may end in, sorted."""
    return tuple(sorted({ext for kind in (*FORMATS, *_plugged_formats()) for ext in kind.extensions}))


def known_sources() -> tuple[Format | Reference, ...]:
    """Every way in, those of other distributions last."""
    return (*FORMATS, *REFERENCES, *_plugged())


@cache
def _plugged() -> tuple[Format | Reference, ...]:
    return plugged(GROUP, Format, Reference)


def _plugged_formats() -> tuple[Format, ...]:
    return tuple(one for one in _plugged() if isinstance(one, Format))


def reference(spec: str) -> Reference | None:
    """The way in that takes a word of the command line for a name of its own."""
    for one in REFERENCES:
        if one.takes(spec):
            return one
    if _exists(spec):
        return None
    if known := next((one for one in REFERENCES if one.is_id(spec)), None):
        return known
    # Looking for other distributions takes time, which what is plainly a file need not wait for.
    if ":" not in spec:
        return None
    return next((one for one in _plugged() if isinstance(one, Reference) and one.takes(spec)), None)


def _exists(spec: str) -> bool:
    try:
        return Path(spec).exists()
    except (OSError, ValueError):
        return False


def choose(name: str, extension: str, head: bytes) -> Format:
    """The format of a file, from its name's extension and its first bytes.

    Raises UsageError for an extension that nobody knows, BadInput for content that is no text or not
    of the kind that the extension promises.
    """
    formats: tuple[Format, ...] = FORMATS
    if extension and not any(extension in kind.extensions for kind in FORMATS):
        formats = (*_plugged_formats(), *FORMATS)
    fitting = [f for f in formats if extension in f.extensions] if extension else list(formats)
    if not fitting:
        # Known content may have an unknown name, but not any text: a .tex is no abstract.
        fitting = [f for f in formats[:-1] if f.sniff(head)]
        if not fitting and not why_no_text(head):
            raise UsageError(
                f'"{extension}" is no kind of file that can be read',
                where=name,
                next_step=f"Known are: {' '.join(known_extensions())}",
            )
    for kind in fitting:
        if kind.binary and kind.sniff(head):
            return kind
    texts = [kind for kind in fitting if not kind.binary]
    if why := why_no_text(head):
        raise BadInput(why if texts or not fitting else f"is no {fitting[0].name} file: {why}", where=name)
    if not texts:
        raise BadInput(f"is no {fitting[0].name} file", where=name)
    return texts[0] if len(texts) == 1 else next((f for f in texts if f.sniff(head)), texts[-1])
