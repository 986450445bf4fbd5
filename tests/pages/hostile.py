"""A card and its paper that try to be more than text."""

from papercards.card import Card, CardLink, Claim, Evidence, Label
from papercards.paper import Paper, Section
from papercards.reading.evidence import evidence as quoted
from tests.sinks.cards import card

TITLE = '<script>alert("title")</script>'
ABSTRACT = "</mark><img src=x onerror=alert(1)> We win. </script><script>alert(2)</script> \u2028 {{ 7*7 }}"
ID = 'x"><script>alert(3)</script>/../..?a#b'
_QUOTE = ABSTRACT[:44]


def hostile() -> tuple[Card, Paper]:
    """Every field holds markup, a section and its name too; the links lead to scripts."""
    section = Section("<img src=x onerror=alert(7)>", "<b>We win here, too.</b></mark></h2>", ((0, 2),))
    paper = Paper(ID, TITLE, ABSTRACT, url="javascript:alert(6)", sections=(section,))
    last = quoted(paper, len(paper.sentences))
    bad = "\"'><svg onload=alert(4)>"
    evidence = Evidence(start=0, end=len(_QUOTE), sentence=1, text=_QUOTE)
    plain = card(id=ID, title=TITLE, tldr=f"<b>{bad}", task=bad, flag=bad)
    held = plain.reproducibility
    return plain.model_copy(
        update={
            "modalities": (Label(label=bad),),
            "claims": (Claim(kind=bad, evidence=evidence), *plain.claims, Claim(kind=bad, evidence=last)),
            "reproducibility": held.model_copy(
                update={
                    "code": held.code.model_copy(update={"evidence": evidence}),
                    "links": (
                        CardLink(url="javascript:alert(5)", kind="code", start=0, end=7),
                        CardLink(url=f"https://a.b/{bad}", kind="other", start=0, end=7),
                    ),
                }
            ),
        }
    ), paper
