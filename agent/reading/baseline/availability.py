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
    r"\b(?:we|authors(?! (?:of|in)\b)|i)\b(?:(?!\b(?:propos|suggest|encourag|advocat"
    r"|urg)\w* to\b)[^.;]){0,60}?\b(?P<active>open[- ]?sourc(?:e|ed|ing)|releas(?:e|ed|ing)"
    r"|(?<!first )publish(?:ed)?|shar(?:e|ed)|mak(?:e|ing)|made|distribute|provid(?:e|ed)"
    r"|contribut(?:e|ing))\b",
    re.IGNORECASE,
)
_RELEASING = re.compile(
    r"\b(?P<active>releas(?:ing|es)|open[- ]?sourc(?:ing|es)|publish(?:ing|es)|sharing|offer(?:s|ing)?"
    r"|contribut(?:es|ing)|mak(?:es|ing)|provid(?:es|ing)|find|download|access|obtain|host)\b",
    re.IGNORECASE,
)
"""The same without one who does it: "by releasing a data set", "XNet releases its weights"."""
_PURPOSE = re.compile(
    r"\b(?:in (?:the )?hopes?|hoping|in order to|so that|to (?:make|help|facilitate|advance|foster|support"
    r"|enable|encourage|promote|further|spur|accelerate|stimulate|aid|allow|democrati[sz]e|broaden|benefit"
    r"|catalyze|inspire|train|evaluate|study)|contributing to"
    r"|for (?:future|further|training|evaluating|fine-?tuning))\b",
    re.IGNORECASE,
)
"""What something is given out for is not what is given out."""
_VERB = re.compile(
    r"(?:\b(?:we|authors|i|and|also|or|to|will|have|by|fully|further|additionally|openly|hereby|publicly|then"
    r"|finally|are|is)|,) $"
)
"""What stands before "open-source" where that is a verb: "a popular open-source model" gives nothing out."""
_FREE = re.compile(
    r"\b(?:avail\w*able|accessible|open[- ]?(?:source[d]?|weights?|access)|public(?:ly)?|online"
    r"|downloadable|free(?:ly)?|to the (?:public|community)|(?:github|gitlab"
    r"|hugging ?face|zenodo|figshare|kaggle|pypi))\b",
    re.IGNORECASE,
)
_STRONG = ("open", "relea", "publi", "distr")
_GIVEN = re.compile(
    r"\b(?:is|are|be|been|being|was|were|now)\b(?:(?!\b(?:not|never|rarely|seldom|hardly|often|usually"
    r"|neither|longer)\b)[^.;,]){0,40}?\b(?:releas(?:ed)?|open[- ]?sourced?"
    r"|published|available"
    r"|accessible|downloadable|hosted|provided (?:at|on|in|via|under)|shared|made public"
    r"|(?:on|at|in) (?:our )?(?:github|gitlab|hugging ?face|zenodo|figshare|kaggle|pypi))\b"
    r"|\b(?:available|accessible|released|hosted|open[- ]?sourced)\s*+"
    r"(?:at|on|here|via|under|from|through|in|for|as|online|open|:)?"
    r"(?=[\s:.,;(]*+(?:https?:|www\.|github|the following|hugging|\S{1,100}\.(?:com|org|io)/|$))"
    r"|\bmade (?:publicly |freely |openly )?available\b"
    r"|\bcan be (?:found|accessed|downloaded|obtained)\s*+"
    r"(?:(?:at|on|here|via|from|through|online|under)\b|<link>)",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(
    r"\b(?:when|whenever|if|where|wherever|unless|although|because|as long as|even though|whose)\b"
    r"[^,;:]{0,80}$"
    r"|\b(?:not|never|no longer)\b[^,;:]{0,20}$",
    re.IGNORECASE,
)
"""Neither a condition ("when enough data is") nor a denial is an announcement."""
_RESOURCE = re.compile(
    r"\bour\b(?P<thing>[^.;]{0,60})\b(?:as|is|are|being)\b[^.;]{0,60}"
    r"\b(?:publicly available|openly available|open[- ]source[d]?)\b",
    re.IGNORECASE,
)
_PROVIDED = re.compile(
    r"\b(?:we|paper|work) (?:also |further |additionally )?provides? (?P<thing>(?:[\w-]+ ){0,6}"
    r"(?:data ?sets?|corpora|checkpoints|weights|pre-?trained models)\b[^.;]{0,60}(?:\b(?:and|,) "
    r"(?:models|checkpoints|weights|code))?)",
    re.IGNORECASE,
)
"""What is provided outright; a paper that provides "a model of" something provides a thought."""
_WITH_PAPER = re.compile(
    r"\b(?:(?:released|published|distributed|shared|made available|open[- ]?sourced)"
    r" (?:along ?side|(?:along |together )?with|in|as part of|by) (?:this|our|the present)"
    r" (?:paper|work|article|study|report)"
    r"|(?:provided|released|given|distributed) to (?:the |all )?"
    r"(?:participants|teams|community|public|researchers))\b"
    r"(?: (?:also )?(?:include|comprise|contain|consist|are|is)\w*\b[^.;]{0,80})?",
    re.IGNORECASE,
)
"""What comes with the paper, or is handed to those who take part in what it describes."""
_OWN_OPEN = re.compile(
    r"\b(?:introduc|present|releas|develop|construct|propos|build|offer|collect|creat)\w*\b"
    r"(?:(?!\b(?:outperform\w*|compar\w*|than|exist\w*|other|over|us(?:e|es|ing)|leverag\w*|on|for|in|from|with|via"
    r"|across|against)\b)(?:[^.;]|\.(?=\d))){0,80}"
    r"\b(?:open[- ]?(?:source[d]?|weights?|access)|(?:public|open|free)ly[- ](?:available|accessible))\b"
    r"(?P<thing>[^.;,]{0,60}?\b(?:models?|\w*LLMs?|checkpoints|weights|data ?sets?|corpus|corpora|benchmarks?"
    r"|framework|toolkit|library|package|software)\b)",
    re.IGNORECASE,
)
"""What is introduced as open is given out."""
_TO_COME = re.compile(r"\bwill\b[^.;]{0,80}\bopen[- ]?source[d]?\b(?P<thing>[^.;]{0,60})", re.IGNORECASE)
_ANY = re.compile(
    r"code|implement|script|librar|tool|packag|software|reposit|workflow|simulator|framework|github|http|www"
    r"|data|corp|benchmark|annotation|test suite|collection|model|checkpoint|weight|parameter|llm|hugging"
    r"|platform|pipeline|prototype|engine|system|plug-?in|notebook|\bapps?\b|environment|\bapi\b|treebank|testbed"
)
"""Without any of these no rule fires, and most sentences need not be looked at more closely."""
_LIBRARY = re.compile(
    r"\b(?:is|are|as|an?|our)\b(?:(?!\b(?:on|us(?:es?|ed|ing)|with|from|via|against|than|over)\b)[^.;,]){0,30}"
    r"\bopen[- ]?source[d]?\b[^.;,]{0,40}\b(?:library|toolkit|package"
    r"|toolbox|framework|software|implementation|codebase|platform|tool|prototype|pipeline|system|engine"
    r"|approach|simulator|application|api|project|solution)\b",
    re.IGNORECASE,
)
_TAKEN = re.compile(r"\b(?:on|us(?:e|es|ed|ing)|with|from|via|against|than|over) $", re.IGNORECASE)
"""What stands before an open library that the paper takes and does not give."""
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
        r"|software|repository(?! of (?:[\w-]+ )?(?:papers|references|literature))|workflows?|simulator"
        r"|evaluation framework|training framework|tools?"
        r"|our (?:open[- ]?sourced? )?github)\b",
        re.IGNORECASE,
    ),
    "data": re.compile(
        r"\b(?:data ?sets?|data-sets?|data|data ?bases?|corpus|corpora|benchmarks?|annotations?|test suite"
        r"|testbed|treebank|collection|\w{2,30}(?:bench|data|dataset))\b"
        r"(?! (?:loader|process(?:ing|or)|preparation|clean(?:ing|er)|pipeline|generat(?:ion|or|ing)"
        r"|augmentation|scien|mining|synthesis|protocol|schema|recipe|curation))",
        re.IGNORECASE,
    ),
    "weights": re.compile(
        r"\b(?:(?<!3d )(?<!3-d )(?<!cad )(?<!mesh )models?|checkpoints?|weights|parameters"
        r"|\w*LLMs?|[\w.-]{2,40}-\d{1,4}(?:\.\d{1,3})?[bm])\b",
        re.IGNORECASE,
    ),
}
_PROGRAM = re.compile(
    r"\b(?:frameworks?|platforms?|pipelines?|prototypes?|engines?|systems?|plug-?ins?|notebooks?|toolkits"
    r"|toolboxes|packages|repositories|apps?|environments?|api)\b",
    re.IGNORECASE,
)
"""Things that are code if they are given out, and not if they are only spoken of."""
_NOT_WEIGHTS = re.compile(
    r"\b(?:codes?|implementations?|codebase|scripts?) (?:of|for|to|behind|implementing|accompanying) [^,;]*"
    r"|\bmodel (?:code|implementations?|zoo|training|definition|evaluation|card|selection|merging)s?\b"
    r"|\b(?:data|dataset|datasets|predictions?|outputs?) (?:of|for|from|to) [^,;]*",
    re.IGNORECASE,
)
_REPOSITORY = re.compile(
    r"(?:github|gitlab|bitbucket)\.(?:com|org)/\S+|4open\.science/r/|\bon GitHub\b", re.IGNORECASE
)
_LISTING = re.compile(
    r"\b(?:lists?|collection|repository|summary|compilation) of (?:[\w-]+ ){0,5}(?:papers|references"
    r"|literature|works|publications|studies|readings)\b|\b(?:papers|references|literature) list\b",
    re.IGNORECASE,
)
"""A page of references is not code."""
_PAGES = re.compile(r"huggingface\.co/(?P<data>datasets/)?\S+", re.IGNORECASE)
_LONGEST = 2_000
"""Characters of a sentence that are looked at; each statement in it is searched from its verb on."""
_LINK = re.compile(r"https?://\S+|www\.\S+|\bthis https? URL\b", re.IGNORECASE)
_HREF = re.compile(r"\$?\\href\{([^{}]{1,300})\}\{[^{}]{0,200}\}\$?")
"""A link as LaTeX has it."""
_OWN = re.compile(r"\b(?:our|we|this)\b", re.IGNORECASE)
_NEW = re.compile(
    r"\b(?:new|novel|first|introduc|present|construct|collect|creat|propos|develop|curat|compil|annotat)\w*",
    re.IGNORECASE,
)
_USED = re.compile(
    r"\b(?:on|using|with|from)\b[^.;,]{0,40}\b(?:public\w*|open\w*|available)\b"
    r"|\b(?:existing|several|multiple|other|popular|many)\b[^.;,]{0,30}\b(?:public\w*|open\w*|available)\b",
    re.IGNORECASE,
)
_SITE = re.compile(r"\w\.io/", re.IGNORECASE)
_CUES = {
    "give": _GIVE,
    "releasing": _RELEASING,
    "with-paper": _WITH_PAPER,
    "own-open": _OWN_OPEN,
    "given": _GIVEN,
    "resource": _RESOURCE,
    "provided": _PROVIDED,
    "to-come": _TO_COME,
    "library": _LIBRARY,
    "promise": _PROMISE,
    "free": _FREE,
    "own": _OWN,
    "new": _NEW,
    "used": _USED,
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
    text = _HREF.sub(r"\1", text[:_LONGEST])
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
    listing = _LISTING.search(bare) is not None
    # A repository beside another link is not where the data are that are named with it.
    if not listing and links > (1 if found else 0) and _REPOSITORY.search(text):
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
    for give in (*_GIVE.finditer(bare), *_RELEASING.finditer(bare)):
        verb, rest = give["active"].lower(), bare[give.end() :]
        start = give.start("active")
        if verb.startswith("open") and not _VERB.search(bare[max(0, start - 20) : start].lower()):
            continue
        if verb.endswith("ing") and not bare[:start].strip():
            continue  # "Releasing code is good practice."
        if (purpose := _PURPOSE.search(rest)) and "<link>" not in rest:
            rest = rest[: purpose.start()]
        if verb.startswith(_STRONG) or _FREE.search(rest) or "<link>" in rest:
            parts.append(rest)
    parts += [
        bare[: given.end()] for given in _GIVEN.finditer(bare) if not _SUPPOSED.search(bare[: given.start()])
    ]
    parts += [re.split("[.;,]", bare[: given.start()])[-1] + given[0] for given in _WITH_PAPER.finditer(bare)]
    for pattern in (_RESOURCE, _PROVIDED, _OWN_OPEN, _TO_COME):
        parts += [_PURPOSE.split(match["thing"])[0] for match in pattern.finditer(bare)]
    found = _things(parts)
    if not found and "<link>" in bare:
        found = _things([bare])
    if "code" not in found and any(
        not _TAKEN.search(bare[max(0, one.start() - 10) : one.start()]) for one in _LIBRARY.finditer(bare)
    ):
        found.append("code")
    return found


def _things(parts: Sequence[str]) -> list[Artifact]:
    found: list[Artifact] = []
    for part in parts:
        trimmed = _NOT_WEIGHTS.sub(" ", part)
        here: list[Artifact] = [
            artifact
            for artifact in ARTIFACTS
            if NOUNS[artifact].search(trimmed if artifact == "weights" else part)
        ]
        if not here and _PROGRAM.search(part):
            here = ["code"]
        found += [artifact for artifact in here if artifact not in found]
    return found
