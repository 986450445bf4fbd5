"""Selects the wanted sections of a full text, given as headings and paragraphs.

Headings differ from journal to journal; only letters are compared, so that `5. CONCLUSIONS`, `Concluding
remarks` and the spaced `C O N C L U S I O N` are one kind. Shared by all formats with full texts.

Knows headings and paragraphs. Knows no file format.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ...errors import UsageError
from ...paper import Section
from ...text.wording import did_you_mean

MAX_CHARACTERS = 40_000
"""Maximum characters of all sections of a paper together, about 10,000 tokens; the rest is cut."""

_KINDS: tuple[tuple[str, str], ...] = (
    ("abstract", r"(articleinfo|the|extended|short)?abstract"),
    (
        "keywords",
        r"(additional|author)?keywords?(andphrases)?|indexterms|ccsconcepts|categoriesandsubject(descriptors?)?|generalterms|acmreferenceformat",
    ),
    ("contents", r"(tableof)?contents?|listof(figures|tables|abbreviations|symbols)"),
    ("references", r"references?(cited|andnotes)?|bibliography|literature(cited)?|workscited"),
    (
        "appendix",
        r"(technical|online)?append(ix|ices)\w*|supplementary?\w*|supplementalmaterials?"
        r"|supporting(information|material)",
    ),
    (
        "thanks",
        r"acknowledge?ments?(and\w+)?|funding\w*|(financial)?support|authorcontributions?\w*|contributions?"
        r"|(declarationof)?(competing|conflicts?of)(financial)?interests?\w*|ethic\w*|consent\w*|credit\w*"
        r"|abouttheauthors?",
    ),
    (
        "availability",
        r"(?=\w*(availability|datasharing|codesharing))\w+"
        r"|(data|code|software|dataandcode|codeanddata)(access|deposition|release|statement)\w*"
        r"|reproducibility(statement)?|open(practices|science|research)\w*",
    ),
    ("conclusion", r"(?=\w*conclu(sion|ding))\w+|summary((and|&)\w+)?|(final|closing)(remarks|thoughts)\w*"),
    ("limitations", r"\w{0,20}limitations?(and\w{0,20})?"),
    ("discussion", r"(?=\w*discussion)\w+"),
    ("introduction", r"(general)?introduction\w*"),
    ("background", r"\w*(relatedworks?|background|preliminaries|literaturereview|priorwork)"),
    (
        "method",
        r"(our|proposed|the)?(methods?|methodology|approach|model)|materials?andmethods?|methodsand\w+",
    ),
    (
        "results",
        r"(main|experimental|empirical)?(results?|experiments?|evaluations?|findings|analysis)(and\w+)?",
    ),
)
"""Kinds, and what the letters of a heading of that kind look like; the first that fits counts."""

_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
_NUMBER = re.compile(
    r"(?:(?:Section|Chapter|Appendix) )?"
    r"(?P<number>(?:\d{1,2}|[A-H])(?:\.\d{1,2}){0,3}|[IVX]{1,5})(?:[.):]?\s+|[.):](?=[A-Z]))"
)
_NOT_READ = frozenset({"abstract", "keywords", "contents", "references", "thanks"})
_WORK = re.compile(
    r"\b(?:code|data|datasets?|models?|weights|checkpoints?|software|implementation|project|demo|package"
    r"|repository|website)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"https?://|www\.|github|gitlab|huggingface|hugging face|zenodo|\bavailable\b|\breleased?\b"
    r"|open[- ]?sourced?",
    re.IGNORECASE,
)
"""A note that has both says where the work is."""
_NOTES = "Notes"

NAMES = tuple(
    (
        "abstract introduction background method results discussion limitations conclusion "
        "availability appendix all"
    ).split()
)
"""Names of sections that can be chosen."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading."""

    text: str
    level: int
    """1 for a section, 2 for a part of one, and so on."""
    kind: str = ""
    """Kind of the heading, if the format states it; else it is derived from the text."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    pages: tuple[tuple[int, int], ...] = ()
    """As `Section.pages`."""
    note: bool = False
    """A footnote or a line that stands alone: beside the text that it interrupts."""


Block = Heading | Paragraph


def check_names(names: Iterable[str]) -> None:
    """Raise UsageError for an unknown section name."""
    for name in names:
        if name not in NAMES:
            raise UsageError(
                f'unknown section "{name}"',
                where="--sections",
                next_step=did_you_mean(name, NAMES) or f"Known sections: {', '.join(NAMES)}",
            )


@lru_cache(maxsize=4096)  # a line is asked about when it is read, and again when it is placed
def kind_of(heading: str) -> str:
    """What a heading stands over: one of `NAMES`, `keywords`, `contents`, `references`, `thanks`, or ""."""
    words = sum(len(word) > 1 for word in heading.split())
    if words <= 10 and len(heading) <= 100:
        # `A B S T R A C T` looks as if it had a number.
        for text in (heading, unnumbered(heading)):
            letters = "".join(re.findall(r"[^\W\d_]|&", text.casefold()))
            for kind, pattern in _PATTERNS:
                if letters and pattern.fullmatch(letters):
                    return kind
    return ""


def unnumbered(heading: str) -> str:
    """The heading without its number."""
    match = _NUMBER.match(heading)
    return heading[match.end() :] if match else heading


def number_level(heading: str) -> int | None:
    """Depth of a heading by its number: 1 for `5`, `V.` and `A`, 2 for `5.1`; None without a number."""
    match = _NUMBER.match(heading)
    return match["number"].count(".") + 1 if match else None


def pick(blocks: Sequence[Block], wanted: Sequence[str]) -> tuple[Section, ...]:
    """The wanted sections, in the order of the text, together at most `MAX_CHARACTERS`.

    `conclusion` is the discussion where a paper has nothing that is called a conclusion. To `availability`
    belong notes that say where code or data are.
    """
    asked = set(wanted)
    if not asked - {"abstract"}:
        return ()
    found = _sections(blocks)
    if "conclusion" in asked and not any(kind == "conclusion" for kind, _, _ in found):
        asked.add("discussion")
    chosen = [
        (name, paragraphs)
        for kind, name, paragraphs in found
        if paragraphs and (kind in asked or ("all" in asked and kind not in _NOT_READ))
    ]
    if asked & {"availability", "all"}:
        notes = [b for b in blocks if isinstance(b, Paragraph) and b.note and _says_where(b.text)]
        if notes:
            chosen.append((_NOTES, notes))
    return _bounded(_section(name, paragraphs) for name, paragraphs in _named(chosen))


def _says_where(text: str) -> bool:
    return _WORK.search(text) is not None and _PLACE.search(text) is not None


def _sections(blocks: Sequence[Block]) -> list[tuple[str, str, list[Paragraph]]]:
    """Kind, name and paragraphs of every section; what stands under its own subsections belongs to it too.

    A subsection of a kind that is known is a section of its own beside: limitations under a discussion.
    """
    found: list[tuple[str, str, list[Paragraph]]] = []
    open_: list[tuple[int, list[Paragraph]]] = []
    for block in blocks:
        if isinstance(block, Heading):
            kind = block.kind or kind_of(block.text)
            open_ = [one for one in open_ if one[0] < block.level]
            if kind or not open_:
                paragraphs: list[Paragraph] = []
                found.append((kind, " ".join(unnumbered(block.text).split()).rstrip(" .:"), paragraphs))
                open_.append((block.level, paragraphs))
        elif not block.note and open_:
            open_[-1][1].append(block)
    return found


def _named(chosen: list[tuple[str, list[Paragraph]]]) -> Iterable[tuple[str, list[Paragraph]]]:
    """Each with a name that no other has."""
    used: set[str] = set()
    times: Counter[str] = Counter()
    for given, paragraphs in chosen:
        unique = name = given or "Section"
        while unique in used:
            times[name] += 1
            unique = f"{name} ({times[name] + 1})"
        used.add(unique)
        yield unique, paragraphs


def _section(name: str, paragraphs: Sequence[Paragraph]) -> Section:
    text = ""
    pages: list[tuple[int, int]] = []
    for paragraph in paragraphs:
        text += "\n\n" if text else ""
        for at, page in paragraph.pages:
            if not pages or pages[-1][1] != page:
                pages.append((len(text) + at, page))
        text += paragraph.text
    return Section(name, text, tuple(pages))


def _bounded(sections: Iterable[Section]) -> tuple[Section, ...]:
    kept: list[Section] = []
    room = MAX_CHARACTERS
    for section in sections:
        if len(section.text) > room:
            end = max(section.text.rfind(stop, 0, room) + len(stop) - 1 for stop in (". ", ".\n", "\n\n"))
            if end > 0:
                kept.append(
                    replace(
                        section,
                        text=section.text[:end].rstrip(),
                        whole=False,
                        pages=tuple(p for p in section.pages if p[0] < end),
                    )
                )
            elif kept:
                kept[-1] = replace(kept[-1], whole=False)
            break
        kept.append(section)
        room -= len(section.text)
    return tuple(kept)
