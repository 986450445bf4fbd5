"""Reference libraries: BibTeX, RIS, CSL-JSON and Zotero, as entries that can be read and annotated.

A file is never regenerated from its parsed form. An entry knows its position in the text, and tags become
edits: inserted pieces of text, with everything else unchanged byte for byte. Sources read entries here, sinks
and `annotate` add to them, so all agree on what an entry is.

Knows text. Knows no models, and no files on disk.
"""

from . import bibtex, csl, ris
from .entry import Kind

__all__ = ["KINDS", "Kind"]

KINDS: tuple[Kind, ...] = (bibtex.KIND, ris.KIND, csl.KIND)
