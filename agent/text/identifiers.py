"""Recognises ids of papers in all common forms and normalises them.

An arXiv id with or without its version, an address of arXiv or of a site that mirrors it, an arXiv DOI; a DOI
bare, as an address or within a publisher's address; pages of the ACL Anthology and of OpenReview. Escapes,
brackets around a word and punctuation after it are removed; nothing is guessed.

Knows text alone.
"""

import html
import re
from collections.abc import Iterable
from urllib.parse import unquote

_LONGEST = 2048
"""Maximum characters of an id or its address; longer text is not matched."""

_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs"
    "|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol"
    "|physics|plasm-ph|q-alg|q-bio|quant-ph|solv-int|supr-con"
)
"""Archives of arXiv ids before April 2007."""

_MONTH = "(?:0[1-9]|1[0-2])"
_NEW_ID = rf"(?:(?:0[7-9]|1[0-4]){_MONTH}\.\d{{4}}|(?:1[5-9]|[2-4]\d){_MONTH}\.\d{{5}})"
_ID = (
    rf"(?:{_NEW_ID}"
    rf"|(?:{_ARCHIVES})(?:\.[a-z-]{{2,9}})?/\d\d{_MONTH}\d{{3}})(?!\d)(?:v[1-9]\d{{0,2}}(?!\d))?"
)
"""Four digits after the point until 2014, five since."""

_ARXIV_SITE = (
    r"(?:https?:)?(?://)?(?:"
    r"(?:[a-z]{2,9}\.)?(?:labs\.)?arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)"
    r"|ar5iv\.labs\.arxiv\.org/(?:abs|html|pdf)|(?:www\.)?ar5iv\.org/(?:abs|html|pdf)|xxx\.lanl\.gov/(?:abs|pdf)"
    r"|(?:www\.)?alphaxiv\.org/(?:abs|pdf|overview)|(?:www\.)?arxiv-vanity\.com/papers"
    r"|(?:www\.)?(?:huggingface\.co|hf\.co)/papers|(?:www\.)?semanticscholar\.org/arxiv|scirate\.com/arxiv)/"
)
_DOI_SITE = r"(?:https?:)?(?://)?(?:www\.)?(?:dx[.-])?doi[.-]org(?:\.[\w.-]+)?/"
_DOI_MARK = rf"(?:doi\s*+:?\s*+|info:doi/|urn:doi:|{_DOI_SITE})"

_ARXIV = re.compile(
    rf"(?:oai:arxiv\.org:|arxiv\s*+[:.]\s*+|{_ARXIV_SITE}|{_DOI_MARK}{{0,3}}10\.48550/arxiv\.)?({_ID})(?:\.pdf)?"
    r"(?:\s*+[\[(][a-z]+(?:-[a-z]+)*(?:\.[a-z-]+)?[\])])?/?(?:[?#].*)?",
    re.IGNORECASE,
)
_ARXIV_MENTIONED = re.compile(
    rf"(?:\barxiv(?:\s++\[?(?:e-?prints?|preprints?|id|number)\]?){{0,3}}\s*+[:.]?\s*+|{_ARXIV_SITE}|10\.48550/arxiv\.|\babs/)({_ID})",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"({_ID})", re.IGNORECASE)
_BARE_NEW_ID = re.compile(_NEW_ID)
"""As nearly all ids of arXiv are written; they need no further look."""
_MARKED = re.compile(r"arxiv|alphaxiv|papers/|lanl\.gov/|\.pdf$|[\])]$", re.IGNORECASE)
"""A word without any of these is a bare id."""
_TO_MEND = re.compile(r"[%&\\]")
_SUBJECT = re.compile(r"\.[a-z-]+(?=/)")
_DOI = re.compile(rf"{_DOI_MARK}{{0,3}}(10\.\d{{4,9}}(?:\.\d{{1,9}}){{0,9}}/\S+)", re.IGNORECASE)
_PUBLISHER = re.compile(
    r"https?://[^/?#\s]+/(?:[^?#\s]*/)?(?:doi(?:/[a-z]+)?|articles?|content|chapter)/(10\.\d{4,9}/[^?#\s]+)"
    r"|https?://[^/?#\s]+/[^?#\s]*\?(?:[^#\s]*&)?(?:id|doi)=(10\.\d{4,9}/[^&#\s]+)",
    re.IGNORECASE,
)
_PUBLISHERS_TAIL = re.compile(
    r"(?:/(?:full|fulltext|abstract|pdf|epdf|epub|html|meta|references|summary)|(?:v\d{1,2})?\.full(?:\.pdf|-text)?"
    r"|(?:v\d{1,2})?\.full|\.pdf|(?<=\d{6})v\d{1,2})/?$",
    re.IGNORECASE,
)
_ACL = re.compile(
    r"(?:https?://)?(?:www\.)?(?:aclanthology\.org|aclweb\.org/anthology)/(?:papers/\w/\w+/)?"
    r"([a-z]\d\d-\d{4,5}|\d{4}\.[a-z0-9_]+(?:-[a-z0-9_]+)*\.\d+)(?:v\d)?(?:\.pdf|\.bib)?/?(?:[?#].*)?",
    re.IGNORECASE,
)
_OPENREVIEW = re.compile(
    r"(?:https?://)?(?:www\.)?openreview\.net/(?:forum|pdf|revisions|attachment)\?(?:[^#\s]*&)?id=([\w-]{6,24})"
    r"(?:[&#].*)?",
    re.IGNORECASE,
)
_PMID = re.compile(
    r"(?:\bpmid\s*+[:/]?\s*+|pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/|europepmc\.org/\w{1,20}/med/)"
    r"([1-9]\d{0,8})(?!\d)",
    re.IGNORECASE,
)
_PMCID = re.compile(r"\bpmc([1-9]\d{0,8})(?!\d)", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"[1-9]\d{0,8}")
_LATEX_URL = re.compile(r"\\(?:url|href|path)\s*\{([^{}]*)\}.*", re.DOTALL)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,4}|#x[0-9a-f]{1,4});", re.IGNORECASE)
_ESCAPED = re.compile(r"%(?:25|2f|3a|28|3c|3b|5b)", re.IGNORECASE)
_AROUND = ".,;:!?'\"`*\u201c\u201d\u2018\u2019 "
_BEFORE = "<([{'\"`*\u201c\u2018"
"""Opening characters that may come before an id, with their closing ones after it."""
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}


def arxiv_id(word: str) -> str | None:
    """The arXiv id in a word or address, with its version if given; None if it is not one.

    The subject class of an old id is left out, as in arXiv's own answers: `math.GT/0309136` is
    `math/0309136`.
    """
    return _arxiv(_bare(word)) if _may_be(word) else None


def doi(word: str) -> str | None:
    """The DOI in a word or address, in lower case; None if it is not one.

    A publisher's address counts if it contains the DOI.
    """
    return _doi(_bare(word)) if _may_be(word) else None


def name(word: str) -> str | None:
    """`arxiv:…`, `doi:…`, `acl:…` or `openreview:…` for a word or an address that is the id of a paper.

    A version is dropped. None if it is not an id.
    """
    return first_name((word,))


def first_name(words: Iterable[str]) -> str | None:
    """The name of the paper that all of these words are ids of, as `name` gives it; None without an id.

    An arXiv id goes before a DOI, and a DOI before the page of a conference.
    """
    others = []
    for word in words:
        if _BARE_NEW_ID.fullmatch(word):
            return f"arxiv:{word}"
        if _may_be(word):
            bare = _bare(word)
            if found := _arxiv(bare):
                return f"arxiv:{unversioned(found)}"
            others.append(bare)
    for bare in others:
        if found := _doi(bare):
            return f"doi:{found}"
    for bare in others:
        if "/" not in bare:
            continue
        if match := _ACL.fullmatch(bare):
            return f"acl:{match[1] if match[1][0].isdigit() else match[1].upper()}"
        if match := _OPENREVIEW.fullmatch(bare):
            return f"openreview:{match[1]}"
    return None


def mentioned_arxiv_id(*texts: str) -> str | None:
    """The first marked arXiv id in texts, such as `CoRR abs/2401.00003`; None if there is none."""
    each = (_ARXIV_MENTIONED.search(unquote(text[:_LONGEST])) for text in texts)
    return next((_plain(found[1]) for found in each if found), None)


def pmid(text: str, *, bare: bool = False) -> str | None:
    """The first marked PubMed id in a text: the number in `PMID: 32076265` or in an address of PubMed.

    `bare`: a text that is only a number counts too.
    """
    text = text[:_LONGEST].strip()
    found = _PMID.search(text)
    return found[1] if found else text if bare and _BARE_NUMBER.fullmatch(text) else None


def pmcid(text: str, *, bare: bool = False) -> str | None:
    """The first id of PubMed Central in a text, such as `PMC7096066`; `bare` as for `pmid`."""
    text = text[:_LONGEST].strip()
    if found := _PMCID.search(text):
        return f"PMC{found[1]}"
    return f"PMC{text}" if bare and _BARE_NUMBER.fullmatch(text) else None


def unversioned(arxiv: str) -> str:
    """An arXiv id without its version."""
    return arxiv.partition("v")[0] if arxiv[0].isdigit() else re.sub(r"v\d+$", "", arxiv)


def _unescaped(text: str) -> str:
    """The text with HTML escapes resolved; `&note=` in an address is not an escape."""
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text


def _may_be(word: str) -> bool:
    """Whether a word could be an id: every id has a point or a slash, and is not very long."""
    return len(word) <= _LONGEST and ("." in word or "/" in word or "%" in word)


def _arxiv(bare: str) -> str | None:
    if bare.startswith("10.") and not bare.startswith("10.48550/"):
        return None  # any other DOI
    found = _PLAIN.fullmatch(bare)
    if found is None and _MARKED.search(bare):
        found = _ARXIV.fullmatch(bare)
    return _plain(found[1]) if found else None


def _doi(bare: str) -> str | None:
    if "10." not in bare:
        return None
    if found := _DOI.fullmatch(bare):
        text = found[1]
        if "doi.org" in bare.lower():
            text = re.split(r"[?#]", text, maxsplit=1)[0]
        return _bare(text).lower()
    if found := _PUBLISHER.match(bare):
        return _bare(_PUBLISHERS_TAIL.sub("", found[1] or found[2])).lower()
    return None


def _plain(found: str) -> str:
    found = found.lower()
    return found if found[0].isdigit() else _SUBJECT.sub("", found)


def _bare(word: str) -> str:
    """A word without surrounding characters and escapes."""
    text = word.strip()
    if text[:1].isalnum() and text[-1:].isalnum() and not _TO_MEND.search(text):
        return text
    if match := _LATEX_URL.fullmatch(text):
        text = match[1].strip()
    text = _unescaped(text)
    # An address within an address may be escaped twice.
    for _ in range(2):
        if _ESCAPED.search(text):
            text = unquote(text)
    while text:
        last = text[-1]
        unopened = last in _PAIRS and text.count(last) > text.count(_PAIRS[last])
        if last in _AROUND or unopened:
            text = text[:-1]
        elif text[0] in _BEFORE:
            text = text[1:]
        else:
            break
    return text
