"""Detects cover pages that a repository, an archive or a network put before a paper.

They name the paper, but their largest line is the repository's and their longest paragraph its terms of use.

Knows lines. Knows no titles and no abstracts.
"""

from collections.abc import Sequence

from ..outline import kind_of
from .page import Page

_SAYINGS = (
    (
        "this file was",
        "this document was",
        "this pdf was",
        "this item was",
        "this version is",
        "is brought to you",
    ),
    ("accepted for publication", "submitted for publication"),
    ("author's version", "authors' version", "author version", "accepted version", "accepted manuscript"),
    ("author manuscript", "peer reviewed version", "peer-reviewed version", "published version"),
    ("document version", "version of record", "publisher's pdf", "publisher's version"),
    ("downloaded from", "available from"),
    ("to cite this", "citation for published", "please cite", "recommended citation", "suggested citation"),
    ("see discussions, stats, and author profiles",),
    ("was uploaded by", "requested enhancement"),
    (
        "hal id",
        "open access archive",
        "open access repository",
        "institutional repository",
        "research online",
    ),
    ("general rights", "copyright and moral rights"),
    (
        "take down policy",
        "takedown policy",
        "take-down policy",
        "terms of use",
        "terms and conditions of use",
    ),
    ("eprints", "white rose", "dspace", "stable url", "handle.net"),
    ("your use of", "link to publication", "link to published"),
    ("further distribution", "legal requirements associated", "copyright owners", "rights holders"),
)
"""Typical phrases of covers, grouped by kind."""
_LEAST = 2
"""Minimum kinds of phrases on a cover; a single one may be in the footer of a paper."""
_MOST_LINES = 70
_MOST_PAGES = 3


def without_covers(pages: Sequence[Page]) -> Sequence[Page]:
    """The pages from the first one that is not a cover; all of them if every page is one."""
    for n, page in enumerate(pages):
        if page.lines and not is_cover(page):
            return pages[n:]
    return pages


def is_cover(page: Page) -> bool:
    """Whether a page is a cover of the paper after it."""
    if page.number > _MOST_PAGES or len(page.lines) > _MOST_LINES:
        return False
    if any(kind_of(line.text) == "introduction" for line in page.lines):
        return False
    text = " ".join(line.text for line in page.lines).replace("\u2019", "'").casefold()
    return sum(any(words in text for words in kind) for kind in _SAYINGS) >= _LEAST
