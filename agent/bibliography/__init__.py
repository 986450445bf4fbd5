"""Reference libraries: BibTeX, RIS, CSL-JSON and Zotero, as entries that can be read and written into.

A file is never written anew from what was understood of it. An entry knows where it stands in the text, and
tags become edits: pieces of text put in at places, everything else byte for byte as it was. Sources read
entries here, sinks and `annotate` write into them, so both mean the same by an entry.

Knows text. Knows no models, and no files on disk.
"""

from . import bibtex, csl, ris
from .entry import Kind

__all__ = ["KINDS", "Kind"]

KINDS: tuple[Kind, ...] = (bibtex.KIND, ris.KIND, csl.KIND)
