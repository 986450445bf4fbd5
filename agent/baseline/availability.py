"""What a sentence says of code, data and weights being given out: rules over its words.

A sentence counts if it says that something is given out (a verb of releasing, "is available", a link) and
names the thing: after the verb in "we release the code", before it in "the code is available". "Will be" and
"upon acceptance" make a promise of it. A bare link to a repository is code.

Knows text only; how far a rule is to be believed is fitted elsewhere, see `offers`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Artifact = Literal["code", "data", "weights"]
ARTIFACTS: tuple[Artifact, ...] = ("code", "data", "weights")

Rule = Literal["said", "linked", "promised", "named", "silent"]
"""What fired: said in words, a bare link, a promise, only a thing of our own named, nothing."""

_GIVE = re.compile(
    r"\b(?:we|authors|i)\b(?:(?!\b(?:propos|suggest|encourag|advocat"
    r"|urg)\w* to\b)[^.;]){0,60}?\b(?P<active>open[- ]?sourc(?:e|ed|ing)|releas(?:e|ed|ing)|publish(?:ed)?"
    r"|shar(?:e|ed)|mak(?:e|ing)|made|distribute|provid(?:e|ed)|contribut(?:e|ing))\b",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"\b(?:avail\w*able|accessible|open[- ]?source[d]?|public(?:ly)?|online|downloadable|free(?:ly)?)\b",
    re.IGNORECASE,
)
_STRONG = ("open", "relea", "publi", "distr")
_GIVEN = re.compile(
    r"\b(?:is|are|be|been|being|was|were|now)\b[^.;,]{0,40}?\b(?:releas(?:ed)?|open[- ]?sourced?"
    r"|published|available"
    r"|accessible|downloadable|hosted|provided (?:at|on|in|via|under)|shared)\b"
    r"|\b(?:available|accessible|released|hosted|open[- ]?sourced)\s*+"
    r"(?:at|on|here|via|under|from|through|in|for|as|online|open|:)?"
    r"(?=[\s:.,;(]*+(?:https?:|www\.|github|the following|hugging|\S{1,100}\.(?:com|org|io)/|$))"
    r"|\bmade (?:publicly |freely |openly )?available\b"
    r"|\bcan be (?:found|accessed|downloaded|obtained) (?:at|on|here|via|from|through|online|under)\b",
    re.IGNORECASE,
)
_RESOURCE = re.compile(
    r"\bour\b(?P<thing>[^.;]{0,60})\b(?:as|is|are|being)\b[^.;]{0,60}"
    r"\b(?:publicly available|openly available|open[- ]source[d]?)\b",
    re.IGNORECASE,
)
_PROVIDED = re.compile(
    r"\b(?:we|paper|work) (?:also |further |additionally )?provides? (?P<thing>(?:[\w-]+ ){0,3}"
    r"(?:data ?sets?|corpora|checkpoints|weights|pre-?trained models)\b[^.;]{0,60}(?:\b(?:and|,) "
    r"(?:models|checkpoints|weights|code))?)",
    re.IGNORECASE,
)
"""What is provided outright; a paper that provides "a model of" something provides a thought."""
_TO_COME = re.compile(r"\bwill\b[^.;]{0,80}\bopen[- ]?source[d]?\b(?P<thing>[^.;]{0,60})", re.IGNORECASE)
_ANY = re.compile(
    r"code|implement|script|librar|tool|packag|software|reposit|workflow|simulator|framework|github|http|www"
    r"|data|corp|benchmark|annotation|test suite|collection|model|checkpoint|weight|parameter|llm|hugging"
)
"""Without any of these no rule fires, and most sentences need not be looked at more closely."""
_LIBRARY = re.compile(
    r"\b(?:is|are|as|an?|our)\b[^.;,]{0,30}\bopen[- ]?source[d]?\b[^.;,]{0,30}\b"
    r"(?:library|toolkit|package|toolbox|framework|software|implementation|codebase|platform|tool)\b",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"\bwill\b[^.;]{0,60}\b(?:releas|open|publi|avail|shar|provid|access|made|host|appl)\w*"
    r"|\b(?:upon|after|on) (?:acceptance|publication)\b|\bto be (?:released|open|made|published)\b"
    r"|\b(?:plan|intend)\w* (?:to|on) (?:releas|open|publish|shar|mak)\w*|\bsoon\b|\bcoming\b",
    re.IGNORECASE,
)
NOUNS: dict[Artifact, re.Pattern[str]] = {
    "code": re.compile(
        r"\b(?:codes?|codebases?|source code|implementations?|implemented|scripts?|librar(?:y|ies)"
        r"|toolkit|toolbox|package"
        r"|software|repository|workflows?|simulator|evaluation framework|training framework|tools?"
        r"|our (?:open[- ]?sourced? )?github)\b",
        re.IGNORECASE,
    ),
    "data": re.compile(
        r"\b(?:data ?sets?|data-sets?|data|corpus|corpora|benchmarks?|annotations?|test suite|testbed"
        r"|collection)\b"
        r"(?! (?:loader|process|prepar|clean|pipeline|generat|augment|scien|mining|synthes))",
        re.IGNORECASE,
    ),
    "weights": re.compile(r"\b(?:models?|checkpoints?|weights|parameters|\w*LLMs?)\b", re.IGNORECASE),
}
_NOT_WEIGHTS = re.compile(
    r"\b(?:codes?|implementations?|codebase|scripts?) (?:of|for|to|behind|implementing|accompanying) [^,;]*"
    r"|\bmodel (?:code|implementations?|zoo|training|definition|evaluation|card|selection|merging)s?\b"
    r"|\b(?:data|dataset|datasets|predictions?|outputs?) (?:of|for|from|to) [^,;]*",
    re.IGNORECASE,
)
_REPOSITORY = re.compile(
    r"(?:github|gitlab|bitbucket)\.(?:com|org)/\S+|4open\.science/r/|\bon GitHub\b", re.IGNORECASE
)
_PAGES = re.compile(r"huggingface\.co/(?P<data>datasets/)?\S+", re.IGNORECASE)
_LONGEST = 2_000
"""Characters of a sentence that are looked at; each statement in it is searched from its verb on."""
_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_OWN = re.compile(r"\b(?:our|we|this)\b", re.IGNORECASE)
_SITE = re.compile(r"\w\.io/", re.IGNORECASE)
_CUES = {
    "give": _GIVE,
    "given": _GIVEN,
    "resource": _RESOURCE,
    "provided": _PROVIDED,
    "to-come": _TO_COME,
    "library": _LIBRARY,
    "promise": _PROMISE,
    "free": _FREE,
    "own": _OWN,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is in a sentence that may speak of an artifact."""

    bare: str
    """The sentence with `<link>` for each link."""
    rules: Mapping[Artifact, Rule]
    cues: frozenset[str]
    """Names of what else was seen: `link`, `repository`, `give`, …"""


def evidence(text: str) -> Evidence | None:
    """What a sentence has; None if it cannot speak of an artifact."""
    text = text[:_LONGEST]
    if not _ANY.search(text.lower()):
        return None
    links = _LINK.findall(text)
    bare = _LINK.sub(" <link> ", text)
    cues = {name for name, pattern in _CUES.items() if pattern.search(bare)}
    cues |= {"link"} if links else set()
    cues |= {"repository"} if _REPOSITORY.search(text) else set()
    cues |= {"site"} if _SITE.search(text) else set()
    return Evidence(bare, _rules(text, bare, len(links)), frozenset(cues))


def _rules(text: str, bare: str, links: int) -> dict[Artifact, Rule]:
    rule: Rule = "promised" if _PROMISE.search(bare) else "said"
    found: dict[Artifact, Rule] = dict.fromkeys(_named(bare), rule)
    # A repository beside another link is not where the data are that are named with it.
    if links > (1 if found else 0) and _REPOSITORY.search(text):
        found.setdefault("code", "linked")
    for page in _PAGES.finditer(text):
        artifact: Artifact = "data" if page["data"] else "weights"
        if found.get(artifact) != "promised":
            found[artifact] = "linked"
    if _OWN.search(text):
        for artifact, nouns in NOUNS.items():
            if nouns.search(bare):
                found.setdefault(artifact, "named")
    return found


def _named(bare: str) -> list[Artifact]:
    """The artifacts that a sentence gives out, or promises to."""
    parts: list[str] = []
    for give in _GIVE.finditer(bare):
        verb, rest = give["active"].lower(), bare[give.end() :]
        if verb.startswith(_STRONG) or _FREE.search(rest) or "<link>" in rest:
            parts.append(rest)
    parts += [bare[: given.end()] for given in _GIVEN.finditer(bare)]
    for pattern in (_RESOURCE, _PROVIDED, _TO_COME):
        parts += [match["thing"] for match in pattern.finditer(bare)]
    found = _things(parts)
    if not found and "<link>" in bare:
        found = _things([bare])
    if _LIBRARY.search(bare) and "code" not in found:
        found.append("code")
    return found


def _things(parts: Sequence[str]) -> list[Artifact]:
    found: list[Artifact] = []
    for part in parts:
        trimmed = _NOT_WEIGHTS.sub(" ", part)
        for artifact in ARTIFACTS:
            where = trimmed if artifact == "weights" else part
            if NOUNS[artifact].search(where) and artifact not in found:
                found.append(artifact)
    return found
