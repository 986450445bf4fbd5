"""Pages that a repository, an archive or a network put before a paper.

They name the paper, but their largest line is the repository's and their longest paragraph its terms of use.

Knows lines. Knows no titles and no abstracts.
"""

import re
from collections.abc import Sequence

from ..outline import kind_of
from .page import Page

_SAYINGS = (
    r"this (?:file|document|pdf|paper|version|article|item) (?:was |has been |is )?"
    r"(?:downloaded|made available|brought to you|the (?:author|accepted|published))",
    r"(?:version|work) (?:that was )?(?:accepted|submitted) for publication",
    r"(?:author'?s?|accepted|peer[- ]reviewed|published|submitted|document) (?:accepted )?(?:version|manuscript)\b",
    r"version of record|publisher'?s pdf",
    r"downloaded from",
    r"to cite this (?:version|article|document)|citation for published version|please cite|recommended citation",
    r"see discussions, stats, and author profiles",
    r"uploaded by .{0,40} on|requested enhancement",
    r"\bhal[- ]id\b|multi-disciplinary open access archive",
    r"general rights",
    r"take ?-?down policy|terms (?:and conditions )?of use|copyright and moral rights",
    r"eprints|research online|institutional repository|open access (?:repository|archive)|white rose",
    r"stable url|your use of the .{0,30}archive|link to (?:publication|published version)",
    r"further distribution|legal requirements associated|copyright owners",
    r"citations?\s+\d*\s*reads?\b",
)
_LEAST = 2
"""Different sayings; one alone may stand in the foot of a paper."""
_MOST_LINES = 70


def without_covers(pages: Sequence[Page]) -> Sequence[Page]:
    """The pages from the first one on that is no cover; all of them, where every one is."""
    for n, page in enumerate(pages):
        if page.lines and not is_cover(page):
            return pages[n:]
    return pages


def is_cover(page: Page) -> bool:
    """Whether a page speaks of a paper that stands behind it."""
    if len(page.lines) > _MOST_LINES:
        return False
    if any(kind_of(line.text) == "introduction" for line in page.lines):
        return False
    text = " ".join(line.text for line in page.lines).replace("\u2019", "'")
    return sum(re.search(saying, text, re.IGNORECASE) is not None for saying in _SAYINGS) >= _LEAST
