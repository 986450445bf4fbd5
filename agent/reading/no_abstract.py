"""Detects text that is not an abstract: placeholders, notices, and boilerplate of web pages.

A phrase that no author would use in an abstract is enough; phrases that also occur in papers about the web or
publishing count only if there are several.

Knows English and the placeholders of some other languages. Knows no papers.
"""

import re

_ABSTRACT = (
    r"(?:abstracts?|summary|summaries|description|synopsis|preview|content|text|r[ée]sum[ée]|resumen|resumo|sumario"
    r"|zusammenfassung|kurzfassung|abstrakt|abstract-?text|riassunto|samenvatting|sammanfattning|streszczenie|аннотаци\w+"
    r"|özet|摘要|要旨|抄録|초록)"
)
_NONE = (
    r"(?:no|not|none|without|missing|unavailable|absent|empty|pending|null|n ?/? ?a|kein\w*|nicht|ohne"
    r"|fehlt|aucun\w*"
    r"|sans|pas|non|sin|sem|não|nao|ningún|nessun\w*|senza|geen|niet|ingen|saknas|brak|нет|без|отсутствует|无|無|暂无"
    r"|なし|없음|yok)"
)
_PLACEHOLDER = re.compile(
    rf"(?:(?:there (?:is|was)|this (?:\w+ ){{1,3}}(?:has|have|does|had|comes|is published)|sorry|the|an?|we"
    rf" have)\b|\s)*+"
    rf"(?:{_NONE}\W+(?:\w+\W+){{0,2}}?{_ABSTRACT}|(?:full |author |english |article |original"
    rf" )?{_ABSTRACT}\W+"
    rf"(?:(?:is|are|was|of|for|in|to|this|the|article|item|paper|record|be|currently|est|ist|ha|n)\W+){{0,4}}{_NONE})"
    r"(?!\w)",
    re.IGNORECASE,
)
_CJK_PLACEHOLDER = re.compile(
    r"\W*+(?:暂?无|無)?\s*+(?:摘要|要旨|抄録|초록)\s*+(?:なし|无|無|없음|はありません)?\W*"
)
_WORDS = frozenset(
    (
        "|abstract|summary|description|none|null|nan|nil|na|n a|tbd|tba|tbc|todo|to do|test|unknown"
        "|undefined|missing"
        "|empty|pending|not available|not applicable|not provided|not given|unavailable|not found|nothing"
        "|no|yes"
        "|object object|value|ref|name|error|true|false|untitled|placeholder|coming soon|in preparation"
        "|in press"
        "|withdrawn|retracted|see pdf|see paper|see text|see full text|see attached|pdf|full text|xxx|xx"
        "|x|foo|bar"
        "|foo bar|hello world|to be added|to be announced|to be determined|to appear|under review|no data"
        "|no content"
        "|keine angabe|entfällt|sans objet|sin datos|ninguno|нет|b d"
    ).split("|")
)
_NOTICE = re.compile(
    r"(?:please )?(?:see|refer to|consult|click|download|read|open|view|find)\b(?=.{0,120}\b(?:pdf"
    r"|full[- ]?text|link"
    r"|attached|attachment|here|website|article|publisher|page)\b)|"
    r"(?:this|the) (?:is a pdf|first page|full text|pdf|extract|excerpt|following|article is only"
    r"|document is only)\b"
    r"|(?:the )?(?:full[- ]?text|abstract|pdf|article|paper|text) (?:is |are |can be )?"
    r"(?:only )?(?:available|found|provided|accessible)\b"
    r"|first page (?:preview|of)|(?:preview|extract) (?:of|not)|"
    r"(?:an? )?abstract (?:will be|to be|can be|may be)\b|to (?:read|view|access) (?:the|this)\b",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\W*(?:this|the) (?:\w+ )?(?:paper|article|manuscript|submission|preprint|work|note|version) (?:has"
    r" been|was|is)"
    r" (?:being |temporarily |now |been )*(?:withdrawn|retracted|removed|superseded)\b",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(
    r"\W*(?:lorem ipsum|as an ai\b|i(?:['\u2019]m| am) sorry|sorry,|i can(?:not|['\u2019]t) |sure[,!]"
    r" here|certainly[!,]"
    r"|dear (?:editors?|authors?|sir|colleagues?|prof)|we (?:thank|are grateful|would like to thank)\b|"
    r"(?:key ?words|index terms)\s*[:\u2014-]|"
    r"(?:figure|fig\.|table) \d+[.:]|received\b.{0,40}\baccepted\b|(?:from|to|subject|date): )",
    re.IGNORECASE,
)

_TITLE = re.compile(
    r"\W*+(?:untitled(?: document)?|no title|title(?: not available)?|no title\)?|n/?a|none|null|nan"
    r"|undefined"
    r"|unknown(?: title)?|access denied.*+|(?:error )?(?:40[0-9]|50[0-9])\b.{0,40}|(?:page|article|file"
    r"|document) not found.*+"
    r"|just a moment.*+|attention required.*+|please wait.*+|log ?in|sign in.*+|log in to.*+"
    r"|are you a robot.*+|robot check"
    r"|security check.*+|captcha.{0,100}challenge|verify(?:ing)? you are human.*+|one more step|checking your"
    r" browser.*+|redirecting.*+"
    r"|forbidden|service unavailable|bad gateway|internal server error|server error|home ?page|index of /.*+"
    r"|microsoft word\s*-.*+|powerpoint presentation|slide 1|[\w.() -]+\.(?:docx?|pdf|dvi|tex|ps|rtf|indd"
    r"|qxd|pptx?|txt)"
    r"|table of contents|editorial board|front ?matter|back ?matter|cover(?: and)?(?: image)?|masthead"
    r"|issue information"
    r"|instructions (?:for|to) authors|author index|subject index|cookies?(?: policy)?|privacy policy"
    r"|abstract|paper|article"
    r"|traceback.*+|object object|lorem ipsum.*+|test(?: test)*|document\d*|new document|manuscript)\W*",
    re.IGNORECASE,
)


def in_title(title: str) -> str:
    """Why a text is not a title; empty if it may be one."""
    return "is a placeholder or a message of a page" if _TITLE.fullmatch(title) else ""


def placeholder(text: str) -> str:
    """Why a short text is not an abstract; empty if it may be one."""
    words = re.findall(r"[^\W_]+", text)
    if " ".join(words).casefold() in _WORDS:
        return "is a placeholder"
    if len(words) <= 45 and (
        _PLACEHOLDER.match(text.lstrip(" \t\n([{<*\"'-")) or _CJK_PLACEHOLDER.fullmatch(text)
    ):
        return "is a placeholder"
    if len(words) <= 40 and _NOTICE.match(text.lstrip(" \t\n([{<*\"'-")):
        return "is a notice of where to find it"
    if _WITHDRAWN.match(text):
        return "is the notice that the paper was withdrawn"
    if _SAYS_SO.match(text):
        return "is another text than an abstract"
    return ""


_ALONE = re.compile(
    r"\b(?:(?:enable|activate|turn on|requires?|without|disabled|support) (?:javascript|cookies)"
    r"|javascript (?:is|must be|and"
    r" cookies)|(?:verify|confirm|prove|ensure) (?:that )?you(?:['\u2019]re| are) (?:a |not )?(?:human"
    r"|robot|real)"
    r"|are you a robot|not a robot|you have been blocked|checking your browser|unusual traffic|cloudflare"
    r" ray|ray id"
    r"|you (?:do not|don['\u2019]t|are not|need) (?:have )?(?:permission|authori[sz]ed?|access)|your ip"
    r" address"
    r"|access (?:to this \w+ )?(?:is |has been |was )?denied|(?:40[134]|50[0234]):? (?:forbidden|not"
    r" found|unauthorized|error"
    r"|internal|bad gateway|service)|(?:page|url) (?:you requested |that you \w+ )?(?:was |could |cannot "
    r"|can |is |does )?"
    r"(?:not|n['\u2019]t) (?:be )?(?:found|exist)|(?:bad gateway|internal server error|service (?:is"
    r" )?(?:temporarily )?"
    r"unavailable)|rate (?:limit )?exceeded|too many requests|log ?in (?:to|or|with|via|through)|sign"
    r" (?:in|up) (?:to|or|for|with|via)"
    r"|your (?:browser|institution|subscription|cart|session|account|library card)|forgot(?:ten)? (?:your"
    r" )?password"
    r"|(?:accept|reject|manage|allow)(?: all)? cookies|cookies? (?:policy|settings|preferences|notice)"
    r"|uses? cookies"
    r"|skip to (?:main )?(?:content|navigation)|add to (?:cart|basket)|(?:buy|purchase|rent) (?:this"
    r" )?(?:article|access|pdf|chapter)"
    r"|get access|institutional (?:access|login)|click (?:here|on)|terms (?:of use|and conditions|of"
    r" service)|privacy policy"
    r"|subscribe (?:to|now)|sign up|newsletter|follow us|all rights reserved|download (?:pdf|citation)"
    r"|share (?:this|on)"
    r"|permission is hereby granted|without warranty|provided [\"\u201c]?as is|creative commons"
    r"|licen[sc]ed? under"
    r"|distribution service and an open-access archive|back to top|site ?map|contact us|about us|main"
    r" menu|view all"
    r"|(?:e-?)?issn:? ?\d{4}|peer[- ]reviewed|open[- ]access journal|(?:international|official|scholarly"
    r"|academic|quarterly|monthly)"
    r" journal|(?:journal|magazine|series) (?:publishes|aims|is|covers|welcomes|invites|provides|seeks"
    r"|accepts)|editor-in-chief"
    r"|editorial (?:board|office)|impact factor|aims and scope|(?:instructions|guidelines|information)"
    r" for authors|submit your"
    r"|publishes? (?:original|high|research|articles|papers|peer)|original (?:research|contributions"
    r"|papers|articles)"
    r"|call for papers|(?:paper )?submission deadline|important dates|camera[- ]ready|program(?:me)?"
    r" committee"
    r"|notification of acceptance|volume \d+,? (?:issue|number|no)|published (?:by|in|online|quarterly"
    r"|monthly)|how to cite"
    r"|cite this article|corresponding author|received:? |accepted:? \d|manuscripts?\b|subscription"
    r"|latest (?:issue|articles|research)"
    r"|read the latest|explore|discover|find the|browse)"
)
_SURE = re.compile(
    r"\b(?:enable (?:javascript|cookies)|javascript (?:is (?:disabled|required)|and cookies to continue)"
    r"|you have been blocked|checking your"
    r" browser before|(?:systems?|have) detected unusual traffic|you (?:do not|don['\u2019]t) have"
    r" (?:permission|access) to"
    r"|permission is hereby granted, free of charge|arxiv is a free distribution service|verify(?:ing)?"
    r" (?:that )?you are (?:a )?human"
    r"|the requested url|cloudflare ray id|we use cookies|(?:this|our) (?:web)?site uses cookies"
    r"|reference #\d|rate exceeded"
    r"|to continue,? (?:please )?(?:log|sign) ?in|please (?:log|sign) ?in|access denied\W)"
)
STEMS = tuple(
    b"javascript,cookie,your ,captcha,denied,journal,issn,editor,manuscript,call for papers,free of"
    b" charge,log in"
    b",subscribe,publishes".split(b",")
)
"""One of these is in any text of some length that `page` has something against."""


def page(text: str) -> str:
    """Why a text is boilerplate of a page, a journal or a licence; empty if it is not."""
    words = len(text.split())
    # Much quicker than a pattern that takes capitals for the same.
    text = text.lower()
    if words <= 80 and _SURE.search(text):
        return "is what a page says of itself, or of access to it"
    crowd = {found[0] for found in _ALONE.finditer(text)}
    if len(crowd) >= 3 and 18 * len(crowd) >= words:
        return "is what a page, a journal or a licence says of itself"
    if len(crowd) >= 2 and words <= 25:
        return "is what a page, a journal or a licence says of itself"
    return ""
