"""Lays a paper out as the tokens that the embedded model reads, with the places where its states are taken.

The words are those of `prompts/stepwise.v2.md`. They are cut into tokens piece by piece, so that a place
is where a piece ends. What strangers wrote never becomes a special token: it can end no turn and begin none.

Knows papers and tokens. Knows no labels and no numbers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...paper import Paper
from ...taxonomy import LABEL_FIELDS
from ...text.invisible import visible
from ..prompting import sections

Tokenize = Callable[[str, bool], Awaitable[list[int]]]
"""From a text, and whether its special words are special, to its tokens."""

_ENDED = frozenset({"head", "mark", "ask", "gap", "summary", "again", "before", "after"})
"""Sections that end with their line."""


@dataclass(frozen=True, slots=True)
class Script:
    """The words around a paper."""

    sections: dict[str, str]
    version: str
    """`stepwise@` and eight hex digits of the file."""


def load_script(name: str = "stepwise.v2") -> Script:
    """A shipped script."""
    parts, version = sections(name)
    ended = {part: body.rstrip("\n") + ("\n" if part in _ENDED else "") for part, body in parts.items()}
    return Script(ended, version)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sentence stands: tokens `start` to `end` (one past the last), and the `mark` behind it."""

    start: int
    end: int
    mark: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """A paper as it is read."""

    tokens: list[int]
    sentences: tuple[Place, ...]
    """Those that were laid out, in order."""
    fields: dict[str, int]
    """Label field to the token at which its labels are read."""
    flags: tuple[str, ...]


class Typesetter:
    """Lays out papers for one model. Pieces that come again are cut into tokens once."""

    def __init__(self, tokenize: Tokenize, script: Script, context_tokens: int) -> None:
        self._tokenize = tokenize
        self._script = script
        self._context = context_tokens
        self._known: dict[str, list[int]] = {}

    async def transcript(self, paper: Paper, reserve: int) -> Transcript:
        """The paper; `reserve` tokens are left free for what is written.

        Sentences that do not fit are left out from the end, with the flag `abstract-cut` or `sections-cut`.
        """
        before, after = self._script.sections["head"].split("$title")
        title, hidden = visible(" ".join(paper.title.split()))
        texts = []
        for number in range(1, len(paper.sentences) + 1):
            text, odd = visible(" ".join(paper.sentence_text(number).split()))
            hidden = hidden or odd
            texts.append(text)
        cut = await asyncio.gather(self._tokenize(title, False), *(self._tokenize(t, False) for t in texts))
        mark = await self._piece(self._script.sections["mark"])
        tail, fields = await self._tail()
        tokens = [*await self._piece(before), *cut[0], *await self._piece(after)]
        room = self._context - reserve - len(tail)
        del tokens[room:]
        places: list[Place] = []
        for sentence in cut[1:]:
            if len(tokens) + len(sentence) + len(mark) > room:
                break
            start = len(tokens)
            tokens += sentence
            end = len(tokens)
            tokens += mark
            places.append(Place(start, end, len(tokens) - 1))
        base = len(tokens)
        flags = (("hidden-characters",) if hidden else ()) + (
            (paper.left_out(len(places) + 1),) if len(places) < len(texts) else ()
        )
        return Transcript(
            tokens + tail, tuple(places), {field: base + at for field, at in fields.items()}, flags
        )

    async def _tail(self) -> tuple[list[int], dict[str, int]]:
        """What follows the abstract, and where in it each field is read."""
        sections = self._script.sections
        tokens = list(await self._piece(sections["ask"]))
        fields = {}
        for number, field in enumerate(LABEL_FIELDS):
            if number:
                tokens += await self._piece(sections["gap"])
            tokens += await self._piece(sections[field])
            fields[field] = len(tokens) - 1
        return tokens, fields

    async def question(self, section: str) -> list[int]:
        """The tokens that ask for the summary (`summary`), or for another one (`again`)."""
        gap = await self._piece(self._script.sections["gap"]) if section == "summary" else []
        return [*gap, *await self._piece(self._script.sections[section])]

    async def own_question(self, script: Script, words: str) -> list[int]:
        """The tokens that ask a question of somebody's own."""
        gap = await self._piece(self._script.sections["gap"])
        before, after = [await self._piece(script.sections[name]) for name in ("before", "after")]
        return [*gap, *before, *await self._tokenize(words, False), *after]

    async def _piece(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = await self._tokenize(text, True)
        return self._known[text]
