"""What tests of all libraries ask of edits."""

from papercards.bibliography.charset import decoded, encoded
from papercards.bibliography.entry import Kind, applied
from papercards.bibliography.tags import Tags, tags
from tests.sinks.cards import card

TAGS = tags(card())
WORDS = ", ".join(TAGS.keywords)

HOSTILE = [
    "} @article{evil, title={x}}",
    'a " quote, \\ a backslash\\',
    "two\nlines\r\nER  - \nTY  - JOUR\n",
    "\\end{document} $unclosed 100% {{{",
    '"}]} , {"id": 1}',
    "]]>\x00\x1b[31m\u202e\ud800",
    "@string{a = {b}}",
    "`` '' -- --- ~ ^ _ & # {\\\"o}",
]


def tag_all(kind: Kind, data: bytes, marks: Tags = TAGS) -> bytes:
    """The library with the same tags in all its entries."""
    text = decoded(data)
    return encoded(applied(text, [edit for entry in kind.entries(text) for edit in entry.edits(marks)]))


def taken_out(kind: Kind, data: bytes, marks: Tags = TAGS) -> bytes:
    """The tagged library with what was put in cut out of it again, where nothing was replaced."""
    text = decoded(data)
    edits = sorted(edit for entry in kind.entries(text) for edit in entry.edits(marks))
    assert all(edit.start == edit.end for edit in edits)
    whole = applied(text, edits)
    pieces, at = [], 0
    for edit in edits:
        here = edit.start + sum(len(one.new) for one in edits if one < edit)
        pieces.append(whole[at:here])
        at = here + len(edit.new)
    return encoded("".join([*pieces, whole[at:]]))
