"""Whether code, data and weights are to be had: rules over the sentences of an abstract.

A sentence counts if it says that something is given out (a verb of releasing, "is available", a link) and
names the thing: after the verb in "we release the code", before it in "the code is available". "Will be" and
"upon acceptance" make a promise of it. A bare link to a repository is code.

Knows text only; which status a rule makes how likely is fitted elsewhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..card import Status

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
_NOUNS: dict[Artifact, re.Pattern[str]] = {
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
    r"(?:github|gitlab|bitbucket)\.(?:com|org|io)/\S+|4open\.science/r/|\bon GitHub\b", re.IGNORECASE
)
_PAGES = re.compile(r"huggingface\.co/(?P<data>datasets/)?\S+", re.IGNORECASE)
_LONGEST = 2_000
"""Characters of a sentence that are looked at; each statement in it is searched from its verb on."""
_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_OWN = re.compile(r"\b(?:our|we|this)\b", re.IGNORECASE)
_RANK: dict[Rule, int] = {"said": 4, "linked": 3, "promised": 2, "named": 1, "silent": 0}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rules make of one artifact."""

    rule: Rule
    status: Status
    sentence: int | None
    """From 1; None if no sentence states anything."""


def find(sentences: Sequence[str]) -> dict[Artifact, Finding]:
    """The status of code, data and weights, each with the sentence that says so."""
    best: dict[Artifact, Finding] = {
        artifact: Finding("silent", "not-stated", None) for artifact in ARTIFACTS
    }
    for number, text in enumerate(sentences, start=1):
        for artifact, rule in _rules(text).items():
            if _RANK[rule] > _RANK[best[artifact].rule]:
                status: Status = "released" if rule in ("said", "linked") else "not-stated"
                if rule == "promised":
                    status = "promised"
                best[artifact] = Finding(rule, status, None if rule == "named" else number)
    return best


def _rules(text: str) -> dict[Artifact, Rule]:
    text = text[:_LONGEST]
    if not _ANY.search(text.lower()):
        return {}
    links = _LINK.findall(text)
    bare = _LINK.sub(" <link> ", text)
    named = _named(bare)
    found: dict[Artifact, Rule] = {}
    if named:
        rule: Rule = "promised" if _PROMISE.search(bare) else "said"
        found = dict.fromkeys(named, rule)
    elif _REPOSITORY.search(text) and links:
        found = {"code": "linked"}
    for page in _PAGES.finditer(text):
        found.setdefault("data" if page["data"] else "weights", "linked")
    if _OWN.search(text):
        for artifact, nouns in _NOUNS.items():
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
            if _NOUNS[artifact].search(where) and artifact not in found:
                found.append(artifact)
    return found
