"""Removes a publisher's rights statement at the end or start of an abstract.

Databases append such lines to abstracts, where they would be read as statements of the paper. Only a
statement with a clear mark is removed (©, "(c) 2021", "Copyright", "All rights reserved"), and only with
sentences that say nothing else. The rest of the text is unchanged.

Knows text.
"""

import re

_TAIL = 800
"""Number of characters at the end that are examined."""
_SIGN = r"(?:\u00a9|&copy;|\(c\)|\bcopyright\b)"
_OWNED = (
    r"[\s:,]*(?i:by\s+|the\s+|\u00a9\s*|\(c\)\s*|copyright\s*){0,4}(?:of [^.]{1,120} is the property"
    r"|(?:19|20)\d\d|authors?\b|author\(s\)"
    r"|all rights|[A-Z0-9][^.;]{1,70}?[,\s](?:19|20)\d\d\b|[A-Z][^.;]{1,40}[.)]?\s*$)"
)
_DATABASE = r"(?i:[\[(]?[\w /,-]{0,40}database record\s*)?"
_STATEMENT = (
    rf"(?i:[\[(]?(?:crown\s+)?{_SIGN})(?:{_OWNED}"
    rf"|(?i:\s*(?:the\s+)?author))"
    r"|(?i:\ball rights (?:are )?reserved\b)|(?i:this (?:article|document|work|paper) is protected by"
    r" copyright)"
    r"|[\[(](?:PUBLICATION ABSTRACT|ABSTRACT FROM (?:AUTHOR|PUBLISHER))[\])]"
    r"|\bPublished by (?:Elsevier|Springer|Wiley|John Wiley|Oxford|Cambridge|Taylor|SAGE|IOP|AIP|BMJ"
    r"|Nature)[^.]{0,60}\."
)
_START = re.compile(_STATEMENT)
_START_OF_RECORD = re.compile(_DATABASE + _STATEMENT)
"""The same with what names the database before it, which takes four times as long."""
_LEGAL = re.compile(
    r"rights|reserved|publish|licen[cs]|open[- ]access|behalf|associa|society|\bltd\b|\binc\b|\bllc\b"
    r"|gmbh|b\.v|s\.a|press"
    r"|copyright|\u00a9|elsevier|springer|wiley|ieee|\bacm\b|authors?\b|creative|permission|government|production|hosting"
    r"|\bapa\b|sons|university|nature|science|foundation|institut|limited|academ|verlag|kgaa|group|doi|federation|college|karger|property|copied|emailed|users|abstracts",
    re.IGNORECASE,
)
_C = re.compile(r"\([cC]\)")
_SENTENCE = re.compile(r"[.!?;]\s+|\n+")
_FIRST = re.compile(
    r"\s*(?:copyright\s*)?(?:\u00a9|\(c\))\s*(?:copyright\s*)?(?:(?:19|20)\d\d,?\s*)?(?:by\s+|the\s+)*"
    r"(?:[^.]{0,60}?\b(?:B\.V\.|Ltd\.?|Inc\.?|S\.A\.|LLC\.?|GmbH\.?|IEEE\.?|ACM\.?|Author\(?s?\)?[.,]?|Authors?\.?|Nature\.?|Verlag\.?"
    r"|Sons\.?|Press\.?|Limited\.?|Society\.?|Association\.?)|[^.]{2,60}\.)(?:,?\s*(?:19|20)\d\d\.?)?"
    r"(?:\s*(?:published by|under|licen[cs]e|part of|on behalf)[^.]{0,80}\.)?(?:\s*all rights"
    r" reserved\.?)?\s*(?=[A-Z\u00c0-\u024f\u0400-\u9fff])",
    re.IGNORECASE,
)


def without_rights(abstract: str) -> str:
    """The abstract without such a statement before or after it."""
    tail = abstract[-_TAIL:]
    if (
        "\u00a9" in tail
        or "opyright" in tail
        or "eserved" in tail
        or _C.search(tail)
        or "Published by" in tail
        or "ABSTRACT" in tail
    ):
        abstract = _without_tail(abstract, tail)
    if abstract[:40].lstrip().lower().startswith(("\u00a9", "(c) 20", "(c) 19", "copyright \u00a9")):
        found = _FIRST.match(abstract)
        rest = abstract[found.end() :] if found else abstract
        return rest if rest.strip() else abstract
    return abstract


def _without_tail(abstract: str, tail: str) -> str:
    start_of = _START_OF_RECORD if "atabase record" in tail.casefold() else _START
    for found in start_of.finditer(tail):
        start = found.start()
        if found[0].lower().lstrip("[(").startswith("c)") and "(b)" in abstract:
            continue
        before = tail[:start].rstrip()
        # In the middle of a sentence it is a sign of a trade: `Stata (c) 2020 was used`.
        if before and before[-1] not in '.!?;:)]\u201d"\u3002\u00bb' and not tail[:start].endswith("\n"):
            continue
        rest = _SENTENCE.split(tail[found.end() :].strip(" .,)]"))
        if all(len(one) < 30 or _LEGAL.search(one) for one in rest):
            kept = abstract[: len(abstract) - len(tail) + start].rstrip()
            return kept if kept.strip() else abstract
    return abstract
