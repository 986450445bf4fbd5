"""A card and its paper that try to be more than text."""

from papercards.card import Card, CardLink, Claim, Evidence, Label
from papercards.paper import Paper
from tests.sinks.cards import card

TITLE = '<script>alert("title")</script>'
ABSTRACT = "</mark><img src=x onerror=alert(1)> We win. </script><script>alert(2)</script> \u2028 {{ 7*7 }}"
ID = 'x"><script>alert(3)</script>/../..?a#b'
_QUOTE = ABSTRACT[:44]


def hostile() -> tuple[Card, Paper]:
    """Every field holds markup; the links lead to scripts."""
    bad = "\"'><svg onload=alert(4)>"
    evidence = Evidence(start=0, end=len(_QUOTE), sentence=1, text=_QUOTE)
    plain = card(id=ID, title=TITLE, tldr=f"<b>{bad}", task=bad, flag=bad)
    held = plain.reproducibility
    return plain.model_copy(
        update={
            "modalities": (Label(label=bad),),
            "claims": (Claim(kind=bad, evidence=evidence), *plain.claims),
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
    ), Paper(ID, TITLE, ABSTRACT, url="javascript:alert(6)")
