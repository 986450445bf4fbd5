"""Reads the text of a Hugging Face papers page, as copied from a browser.

It has two banner lines, then titles and abstracts in turn, one line each. The button text `Subscribe` is
attached to the first title only. There are no ids.
"""

import re

from ..bounds import TOO_LONG
from ..columns import BadRecord
from ..interface import Format, Input, Records
from ..lines import not_utf8, raw_lines

_BANNER = b"Get trending papers in your email inbox"
_BUTTON = re.compile(r"Subscribe(?=\S)")


def read(source: Input) -> Records:
    """The papers of a listing; `where` is the line of the title."""
    lines = enumerate(raw_lines(source.stream), start=1)
    first = True
    for number, line in lines:
        if line is not None and (not line.strip() or line.startswith(_BANNER)):
            continue
        where = f"{source.name}:{number}"
        _, abstract = next(lines, (0, b""))
        if line is None or abstract is None:
            yield BadRecord(where, TOO_LONG)
        else:
            try:
                title = line.decode().strip()
                text = abstract.decode().strip("\r\n")
            except UnicodeDecodeError as error:
                yield BadRecord(where, not_utf8(error))
            else:
                if first:
                    title = _BUTTON.sub("", title, count=1) if _BUTTON.match(title) else title
                yield source.columns.paper({"title": title, "abstract": text}, where)
        first = False


def looks_like(head: bytes) -> bool:
    """Whether the first line is the page's banner."""
    return head.startswith(_BANNER)


FORMAT = Format("Hugging Face papers listing", (".txt", ".md"), read, looks_like)
