"""From marked spans of a text to claims: sentences of the abstract, with a kind.

Tools count in code points, or in the UTF-16 units of JavaScript, where an emoji is two; the text that a tool
repeats decides. A mark that covers at least half of a sentence is that sentence, one of several sentences is
each of them, and a shorter one stays as it is.

Knows texts. Knows no files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from papercards.text.spans import sentences

from ..label_file import LabelledClaim, folded
from .label_words import LabelWords
from .marks import Mark

_MOST_TITLE = 400
"""Characters of a first paragraph that may be a title."""


@dataclass(frozen=True, slots=True)
class Text:
    """What was annotated, and where the abstract stands in it."""

    whole: str
    title: str
    abstract: str
    start: int
    """First character of the abstract in the whole."""


def text_of(whole: str, title: str, abstract: str | None) -> Text:
    """The parts of an annotated text; without an abstract, the title is its first paragraph or line."""
    if abstract is not None:
        at = whole.find(abstract)
        return Text(whole, title, abstract, at) if at >= 0 else Text(abstract, title, abstract, 0)
    rest = whole
    if title and whole.startswith(title):
        rest = whole[len(title) :]
    elif not title:
        for end in ("\n\n", "\n"):
            first, found, behind = whole.strip().partition(end)
            if found and len(first) <= _MOST_TITLE and behind.strip():
                title, rest = " ".join(first.split()), whole[whole.index(first) + len(first) :]
                break
    body = rest.strip()
    return Text(whole, title, body, len(whole) - len(rest) + rest.index(body) if body else len(whole))


@dataclass(slots=True)
class Claims:
    """The claims of an annotated text, and what did not become one."""

    claims: list[LabelledClaim]
    partial: int = 0
    """Marks of less than half a sentence, kept as they are."""
    doubled: int = 0
    """Marks on a sentence that is a claim already."""
    outside: int = 0
    """Marks outside of the abstract, as in the title."""


def claims_of(text: Text, marks: Iterable[Mark], words: LabelWords, *, lenient: bool = False) -> Claims:
    """The claims that the marks mean. Raises ValueError for a mark that is not where it says.

    Raises UnknownLabel for one whose label is no kind of claim, unless `lenient`.
    """
    found = Claims([])
    spans = [(one.start, one.end) for one in sentences(text.abstract)]
    taken: dict[tuple[int, int], str] = {}
    for mark in marks:
        kinds = words.labels("claims", mark.labels, lenient=lenient)
        if not kinds:
            continue
        start, end = (place - text.start for place in placed(text.whole, mark))
        start, end = max(start, 0), min(end, len(text.abstract))
        if start >= end:
            found.outside += 1
            continue
        covered = [one for one in spans if 2 * (min(end, one[1]) - max(start, one[0])) >= one[1] - one[0]]
        found.partial += not covered
        for place in covered or [(start, end)]:
            if place in taken:
                found.doubled += 1
            taken.setdefault(place, kinds[0])
    found.claims = [LabelledClaim(*place, kind) for place, kind in sorted(taken.items())]
    return found


def placed(whole: str, mark: Mark) -> tuple[int, int]:
    """Where a mark stands in code points. Raises ValueError if its text is not there."""
    start, end = mark.start, mark.end
    if mark.text is None:
        if 0 <= start < end <= len(whole):
            return start, end
        raise ValueError(f"the span {start}-{end} is not in the text of {len(whole):,} characters")
    wanted = _plain(mark.text)
    if _plain(whole[max(start, 0) : end]) == wanted:
        return start, end
    units = whole.encode("utf-16-le")
    try:
        start, end = (len(units[: 2 * place].decode("utf-16-le")) for place in (start, end))
        if _plain(whole[start:end]) == wanted:
            return start, end
    except UnicodeDecodeError:
        pass
    if whole.count(mark.text) == 1:
        start = whole.index(mark.text)
        return start, start + len(mark.text)
    raise ValueError(f'the span {mark.start}-{mark.end} is not "{mark.text[:40]}"')


def _plain(text: str) -> str:
    # Label Studio writes line ends as a backslash and an n.
    return folded(text.replace("\\n", " "))


def role_marks(listed: Sequence[str], roles: Sequence[str], abstract: str | None) -> tuple[str, list[Mark]]:
    """The abstract and a mark for each of its sentences, from lists of sentences and of their roles.

    Without an abstract, the sentences joined by spaces are it. Raises ValueError for lists of different
    length, and for a sentence that the abstract does not have in this order.
    """
    if len(listed) != len(roles):
        raise ValueError(f"{len(listed)} sentences and {len(roles)} roles")
    text = " ".join(listed) if abstract is None else abstract
    marks, position = [], 0
    for sentence, role in zip(listed, roles, strict=True):
        start = text.find(sentence, position)
        if start < 0:
            raise ValueError(f'the abstract does not contain "{sentence[:40]}" at this position')
        position = start + len(sentence)
        if sentence.strip():
            marks.append(Mark(start, position, ((role,),)))
    return text, marks
