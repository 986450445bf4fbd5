"""The wordings by which a text speaks to a model instead of to its readers.

Each has a weight: 1 is enough by itself, less needs company in the same sentence or an order beside it.
All of them are searched in one sentence, in lower case, with white space folded to single spaces and
without characters that show nothing. A gap is a bounded number of words and repetitions are possessive, so
that the time stays linear in the length of the sentence.

Knows words alone.
"""

import re
from collections.abc import Sequence

Pattern = re.Pattern[str]


def _gap(most: int) -> str:
    return rf"(?:\S{{1,40}}+ ){{0,{most}}}?"


def _any(words: str) -> str:
    """Words between white space as alternatives; `_` stands for a space."""
    return "(?:" + "|".join(word.replace("_", " ") for word in words.split()) + ")"


# Where an imperative can stand: at the start of a sentence or clause, or after a word that asks.
_HERE = (
    r"(?:(?:^|[.!?:;>*#\]|({}\"\u201c\u00ab\u2014\u2013\u3002\uff1a\uff01])[\s\"'\u201c\u2018\u00ab]{0,3}+(?:- )?"
    r"(?:(?:and|so|now|then|also|instead|first|finally|just|simply|therefore|hence|next|ok|okay|but) ,?)?"
    r"|\b(?:please|kindly|you (?:must|should|shall|will|need to|have to|are to|are asked to"
    r"|are required to|are instructed to|can)|asked to you to|reminder to|remember to|make sure to"
    r"|be sure to|from (?:here|now) on,?|henceforth,?|hereafter,?|instead,|therefore,|accordingly,"
    r"|instructed to|told to|requested to|required to|obliged to|expected to) ?(?:always |only )?)"
)

_MODEL = (
    r"(?:a\.?i\.?|artificial intelligence|llms?|(?:large |small )?(?:language|foundation|chat) models?"
    r"|(?:chat)?gpt(?:-\w+)?|claude|gemini|llama|qwen|copilot|chatbots?|(?:ai|virtual|digital|research) assistants?"
    r"|assistant|automat(?:ed|ic)(?: \w+){0,2}? (?:readers?|reviewers?|systems?|index(?:er|ing)s?|taggers?"
    r"|annotators?|tools?|pipelines?|summari[sz]ers?|agents?|classifiers?|software|parsers?|labell?ers?)"
    r"|machine (?:readers?|reviewers?|annotators?)|indexers?|(?:auto-?)?taggers?|annotators?|labell?ers?"
    r"|catalogu?ers?|summari[sz]ers?|crawlers?|bots?|curators?|screeners?|abstractors?"
    r"|(?:index|label|tag|catalog|catalogu|summari[sz]|classif|annotat|review|screen|pars)(?:ing|ying)"
    r" (?:system|software|engine|model|tool|agent|assistant|service|pipeline|program)s?)"
)
_PAPER = (
    r"(?:(?:this|the|our|present) (?:present |current |above |following |whole |entire )?(?:paper|article|work"
    r"|abstract|manuscript|submission|document|publication|preprint|entry|record|card|text|study|item)"
    r"|every sentence|each sentence|all sentences|(?:the|this) (?:first|last|next|previous|above) sentence)"
)
_FIELD = (
    r"(?:(?:main |primary |research |correct |right )?(?:tasks?|modalit(?:y|ies)|contributions?|labels?|tags?"
    r"|summar(?:y(?! statistic)|ies)|tl;?dr|topics?|categor(?:y|ies)|keywords?|index terms?|subject headings?"
    r"|data(?: types?| kinds?| field| modalit\w+)?|code(?: status| availability| field)?|answers?|output"
    r"|claims?|index card|card|entry|record|confidence|status|fields?|class|kind|rating|score|verdict))"
)
_FILE = (
    r"(?:label|tag|classify|categori[sz]e|index|file|list|catalogue?|mark|record|annotate|assign|register|enter"
    r"|place|set|fill|put|treat|rate|score|report|declare|describe|summari[sz]e|name|state|return|output|print"
    r"|write|answer|give|choose|select|pick|emit|produce|insert|include|add|append|repeat|copy|replace|change"
    r"|make|mention|recommend|accept|call|deem|note|say|respond|reply|prefer|keep|leave|quote|translate)"
)
_FILED = (
    r"(?:labell?ed|tagged|classified|categori[sz]ed|indexed|filed|listed|catalogued|cataloged|marked"
    r"|recorded|annotated|assigned|registered|entered|placed|set to|treated|rated|scored|reported"
    r"|declared|described|summari[sz]ed|given|deemed|returned|shelved|grouped|routed|mapped to|flagged)"
)
_MUST = (
    r"(?:must|should|shall|ought to|has to|have to|needs? to|is to|are to|will|may only|can only|is best"
    r"|are best|is properly|are properly|is correctly|is always|are always|deserves? to|wants? to)"
)
_MUST_NOW = _MUST.replace("|will|", "|")
_OVERRIDE = (
    r"(?:ignore|disregard|forget|override|overrule|bypass|neglect|discard|dismiss|drop|erase|cancel|supersede"
    r"|skip|suspend|abandon|set aside|put aside|throw away|pay no (?:attention|heed) to|take no notice of"
    r"|(?:do not|don't|stop|never|cease) (?:follow|following|obey|obeying|apply|applying|use|using|comply with"
    r"|heed|heeding))"
)
_EARLIER = (
    r"(?:previous|previously|prior|above|earlier|preceding|foregoing|existing|original|initial|system|old|former"
    r"|your|other|given|any|all|these|those|whatever|everything|so far|before|standing|default|current)"
)
_RULES = (
    r"(?:instructions?|prompts?|rules?|directions?|directives?|guidelines?|commands?|orders|guidance"
    r"|system messages?|constraints?|told|said before|requests?|training|definitions|programming"
    r"|came before|stands? (?:above|before)|was written (?:above|before)|comes before|context)"
)
_PRAISE = r"(?:positive|favou?rable|glowing|high(?:est)?|top|strong|perfect|excellent|enthusiastic|good|maximum|full)"

_KEY = (
    r"(?:tasks?|modalit(?:y|ies)|contributions?|claims|tldr|code_sentence|data_sentence|weights_sentence"
    r"|claim_kinds?)"
)

SHOUTED: Sequence[tuple[str, float, Pattern]] = [
    (name, weight, re.compile(pattern))
    for name, weight, pattern in (
        # Signs that no prose has: searched in the text as it is spelt, in lower case.
        ("token", 1.0, r"<\s?\|[^<>|]{1,40}\|\s?>|<\s?\|\s?\w|\w\s?\|\s?>"),
        ("token", 1.0, r"\[\s?/?\s?inst\s?\]|<<\s?/?\s?sys\s?>>|<\s?/?\s?(?:start|end)_of_turn\s?>"),
        ("token", 1.0, r"<\s?(?:bos|eos|pad|unk|eot|sep|cls)\s?>|<\s?/\s?s\s?>|\[/?(?:system|assistant|user)\]"),
        (
            "fence",
            1.0,
            r"(?:<|\uff1c|&lt;)\s?/?\s?(?:paper|system|instructions?|user|assistant|prompt|document|abstract"
            r"|untrusted|context|input|data|task|human)\b",
        ),
        ("turn", 1.0, r"#{2,}\s?(?:instructions?|system|response|human|assistant|user|task|input|output)\b"),
        (
            "turn",
            0.9,
            r"(?:^|\n|[.!?>\]] )(?:system|assistant|developer|human|user|ai|bot|model|chatgpt|gpt-?\d?)"
            r"(?: (?:prompt|message|note|override|role))?\s?[:>]",
        ),
        ("turn", 1.0, r"(?<![-=_*#\u2014])[-=_*#\u2014]{3,}+ ?(?:begin|end|start|new|system|stop)\b"),
        ("turn", 0.8, r"\b(?:begin|end)(?: of)?(?: the)? (?:system )?(?:prompt|instructions|input|paper|document|context)\b"),
        ("json", 1.0, rf"[{{\[]\s?[\"'\u201c\u201d]?{_KEY}[\"'\u201c\u201d]?\s?:|[\"'\u201c]{_KEY}[\"'\u201d]\s?:"),
        ("json", 0.6, rf"[\"'\u201c\u201d]{_KEY}[\"'\u201c\u201d]"),
        ("json", 1.0, rf"\b{_KEY}\s?[:=][^:=]{{1,80}}?[;,|]\s?{_KEY}\s?[:=]"),
        ("json", 1.0, r"\b(?:code|data|weights)\s?[:=]\s?(?:released|promised|not-stated)\b"),
        (
            "script",
            1.0,
            r"=>\s?(?:background|aim|method|performance|efficiency|theory|theoretical|finding|resource|novelty"
            r"|none|other)\b",
        ),
        (
            "script",
            1.0,
            r"(?:^|[\n.!?;|] ?)(?:the )?(?:main |primary )?(?:tasks?|modalit(?:y|ies)|contribution|labels?|tags?)"
            r"\s?[:=]\s?(?:[a-z0-9&,-]+ ){0,5}[a-z0-9-]+\s?(?:[?.!;|]|$)",
        ),
        ("script", 0.6, r"(?:^|[\n.!?;|] ?)(?:data|summary|tl;?dr|claims?)\s?[:=]\s?(?:[\w,-]+ ){0,5}[\w-]+\s?(?:[?.!;|]|$)"),
        ("script", 0.5, r"(?:^|[\n.!?;|] ?)(?:tasks?|modalit(?:y|ies)|tl;?dr)\s?[:=]"),
        ("script", 0.3, r"(?:^|[\n.!?;|] ?)(?:data|contributions?|summary|labels?|tags?|answer|output)\s?[:=]"),
        ("script", 1.0, r"\bcontribution\s?: a new\b|what was done, and what came out"),
        ("fence", 1.0, r"<!--|-->|\]\]>|\{\{\s?[#/>]|<\s?/?\s?(?:card|tasks?|modality|message|role|record)\b"),
        ("script", 0.6, r"(?<![\w-])[\w-]{1,40} ?[|/] ?[\w-]{1,40} ?[|/] ?[\w-]{1,40} ?\[\d\]|^[\w ]{3,40}(?: [-\u2013|>] [\w -]{3,40}){3,}"),
        ("script", 0.6, r"(?:^|\n)(?:title|abstract)\s?: [^\n]{3,200}\n(?:title|abstract)\s?:|(?:^|[\n;] ?)(?:q|question|a)\s?: "),
        ("script", 0.6, r"\b(?:tasks?|modalities|contributions)\s?[:=]\s?\n\s?[-*]"),
        ("hashtags", 1.0, r"(?:#[a-z]\w+[\s,]+){2,}#[a-z]\w+"),
        ("pairs", 0.5, r"\b(?:subject|topic|medium|area|genre|theme|class|shelf)\s?[=:]"),
        ("pairs", 0.4, r"\bcode[ -](?:released|not-stated|promised)\b"),
        ("comment", 0.5, r"(?:^|\n)\s?%|\\[a-z]+\{[^{}]{1,60}\}\{"),
        ("ids", 0.4, r"\b[a-z]{3,}-(?:and|in|of)-[a-z]{4,}\b"),
        ("markdown", 0.5, r"!\[[^\]]{0,80}\]\(\s?http|\]\(\s?https?:[^)\s]{1,300}\?"),
    )
]

SAID: Sequence[tuple[str, float, Pattern]] = [
    (name, weight, re.compile(pattern))
    for name, weight, pattern in (
        ("override", 1.0, rf"{_HERE}{_OVERRIDE} {_gap(4)}{_EARLIER} {_gap(4)}{_RULES}\b"),
        ("override", 1.0, rf"{_HERE}{_OVERRIDE} {_gap(3)}{_RULES} {_gap(3)}(?:above|before|earlier|previously|so far)\b"),
        ("override", 0.8, rf"{_HERE}{_OVERRIDE} (?:the |everything|anything|all |whatever ){_gap(2)}(?:{_RULES}|above|before|else)\b"),
        ("override", 0.4, rf"\b{_OVERRIDE} {_gap(2)}(?:previous|prior|above|earlier|preceding|all|your) {_gap(3)}{_RULES}\b"),
        ("override", 0.7, rf"\b{_RULES} {_gap(4)}(?:no longer apply|are (?:now )?(?:void|superseded|cancell?ed|obsolete|replaced|suspended|lifted)|(?:do|does) not apply)\b"),
        ("override", 0.7, rf"\b(?:new|updated|revised|following|real|actual|true|hidden|secret) (?:instructions?|directives?|orders|system prompt)\b ?(?::|are|is|follow|for|take|apply|supersede)"),
        ("address", 0.7, rf"(?:^|[.!?;:(\[*#] ?)(?:a |an )?{_gap(2)}(?:notes?|messages?|notices?|memo|attention|hints?|reminders?|requests?|advice|guidance|instructions?|important|warnings?|info(?:rmation)?|dear|hello|hi|hey|attn|calling|addressed|remarks?|directives?|guidelines?)\b[\s:.,!-]*(?:(?:to|for|of|all|any|every|the|our|this|each|fellow|other|future|esteemed|whatever|reading) ){{0,5}}{_MODEL}\b"),
        ("address", 0.7, rf"(?:^|[.!?;:(\[*#] ?)(?:for|to|all|any|every|dear) (?:\w+ ){{0,2}}?{_MODEL}(?:\s?[:,]| {_gap(4)}(?:reading|that reads?|who reads?|processing|indexing|which reads?|parsing|that process(?:es)?)\b)"),
        ("address", 0.7, rf"(?:^|[.!?;:(\[*#] ?)(?:hey |dear |o )?{_MODEL}\s?(?:,|:|!|\u2014|\u2013) ?(?:please|you|{_FILE}|{_OVERRIDE})\b"),
        ("address", 0.6, rf"\b(?:if|when|since|as|because) you(?:'re| are| were| act as)? {_gap(3)}{_MODEL}\b"),
        ("address", 0.5, rf"\bas an? {_gap(2)}{_MODEL}(?: reader| reviewer| model| assistant)?(?:,| you\b| your\b| please\b| must\b)"),
        ("address", 1.0, rf"\byou(?:'re| are) (?:now|no longer|hereby) (?:an? |the )?{_gap(3)}(?:{_MODEL}|expert|reviewer|librarian|persona|dan|free|allowed|unrestricted)\b"),
        ("address", 0.8, rf"\byou(?:'re| are) (?:now |hereby |no longer |an? |the ){_gap(3)}(?:{_MODEL}|expert|reviewer|librarian|helpful|obedient|assistant|persona|dan|mode|free|allowed|unrestricted|forbidden)\b"),
        ("address", 0.6, r"\byou (?:label|index|tag|classify|annotate|summari[sz]e|review|catalogue?|read|answer|always|only|must|should|shall|will|need to|have to|are (?:to|asked|required|instructed|told))\b"),
        ("address", 1.0, rf"\b(?:as|for|to|by) (?:an? |the |any |every |all )?{_gap(1)}{_MODEL}(?: \w+)?, ?(?:please |kindly |you must |you should |always )?(?:{_FILE}|{_OVERRIDE})\b"),
        ("address", 0.4, r"\byour (?:answer|output|response|reply|summary|card|labels?|instructions?|task|system|guidelines?|operators?|developers?|training|reply|job|role|review|score|rating|prompt)\b"),
        ("address", 0.5, rf"\b{_MODEL}(?: \w+){{0,3}} (?:must|should|shall|are to|is to|are (?:asked|requested|required|instructed|advised|encouraged|expected|reminded|urged) to|is (?:asked|requested|required|instructed|advised|expected) to|will please)\b"),
        ("file", 0.7, rf"{_HERE}{_FILE} {_gap(3)}{_PAPER}\b"),
        ("file", 0.7, rf"{_HERE}{_FILE} (?:down |out |only |just |exactly |as |in )?(?:the |its |their |a |your |following |this ){{0,2}}{_FIELD}\b"),
        ("file", 0.7, rf"\b(?:and|then|to|please|kindly|just) {_FILE} (?:this|it|the paper) (?:as|under|with|into)\b"),
        ("file", 0.3, rf"{_HERE}{_FILE} {_gap(2)}(?:as|under|with|to|into|only|exactly|verbatim|nothing)\b"),
        ("file", 0.7, rf"\b{_PAPER} {_gap(2)}{_MUST} {_gap(2)}(?:be {_gap(2)}{_FILED}|go under|carry|belong|receive|appear|count|come|rank|be (?:found|retrieved|ranked|shown))\b"),
        ("file", 0.5, rf"\b{_FIELD} {_gap(4)}{_MUST_NOW} {_gap(2)}(?:be|read|contain|include|say|name|state|mention|start|begin|end|consist|repeat|show|carry|go)\b"),
        ("file", 0.7, rf"\b(?:{_MUST}|to|please) (?:always |also |then |only |therefore |best )?(?:be )?(?:{_FILE}|{_FILED}) (?:it|this|the paper|the article|this paper|the work|them|itself) {_gap(2)}(?:under|as|with|into|among|to)\b"),
        ("file", 0.5, rf"\b(?:index|reader|reviewer|librarian|catalogue|classifier|system|indexer|annotator|curator|database|editor)s? {_gap(2)}(?:must|will|should|has to|have to|is bound to|cannot but|would) {_gap(1)}(?:{_FILE}|be {_FILED})\b"),
        ("file", 0.5, rf"\b(?:the )?(?:correct|right|proper|preferred|appropriate|true|only|best|desired|required|official|verified|approved|agreed|intended|suitable|suggested|recommended|final|gold) {_gap(1)}{_FIELD} {_gap(5)}(?:is|are|:|remains?|would be|reads?)(?: |:|$)"),
        ("fields", 0.6, r"\b(?:the )?(?:main |primary )?task (?:of|for|in|here|that|which)?(?: \S+){0,4}? (?:is|:|=|equals|reads)(?: |$)|\bits task is\b"),
        ("fields2", 0.5, r"\b(?:the |its |and )(?:input |main )?(?:data(?: type| kind)?|modalit(?:y|ies))(?: (?:of|for|in|here|that|type|kind)(?: \S+){0,3}?)? (?:is|are|:|=)(?: |$)(?!(?:made|publicly|openly|freely|now|also|all|available|released|open|provided)\b)"),
        ("fields3", 0.5, r"\b(?:the |its |and )(?:main |key )?contributions?(?: (?:of|for|in|type|kind|here)(?: \S+){0,3}?)? (?:is|are|:|=)(?: |$)"),
        ("fields4", 0.4, r"\b(?:code|data|weights|artifact) (?:status|availability|field) (?:is|:|=|must|should)"),
        ("review", 1.0, rf"{_HERE}(?:give|write|provide|produce|return|issue|submit|assign|award|leave|offer|generate|make) {_gap(3)}{_PRAISE} {_gap(2)}(?:review|ratings?|scores?|recommendation|assessment|evaluation|marks?|verdict|report|confidence)\b"),
        ("meta", 0.4, r"\b(?:this|the|any|derived|an|our|its) (?:\w+ )?(?:entry|record|listing|index card|metadata)\b"),
        ("meta", 0.4, r"\b(?:catalogu?ers?|librarians?|curators?|indexers?|shel(?:f|ve[sd]?)|cataloged|catalogued|reassigned|misprinted|erratum|corrigendum|correction(?: to\b| of the|s?:| for)|rubric|subject heading|further terms|search terms)\b"),
        ("meta", 0.5, r"\b(?:machines?|programs?|software|bots?|artificial(?: \w+)?|algorithms?|computers?|parsers?) (?:\w+ )?(?:be |is |are |who |that |which )?(?:reading|reads?|processing|parsing|indexing|that index)\b|\bartificial (?:readers?|ones)\b|\bamong (?:the )?machines\b|\b(?:to|for) (?:all |the )?(?:machines|software|programs|bots) ?(?:that|who|which|:)"),
        ("meta", 0.5, r"\b(?:reading|processing|indexing|parsing|read) (?:this|on\b|the (?:text|above|paper|abstract))"),
        ("meta", 0.4, r"\b(?:authors?|we) (?:\w+ )?(?:want|wish|prefer|insist|request|would like|would be (?:grateful|obliged|glad)|ask)\b(?! to\b)"),
        ("meta", 0.5, r"\b(?:stop here|stop reading|read no further|nothing that follows|need not be considered|everything else|alles andere|no other (?:label|task|tag|topic))\b"),
        ("meta", 0.5, r"\b(?:(?:next|above|previous|present|current|following) (?:item|record|entry)|this item|papers today)\b"),
        ("meta", 0.4, r"\b(?:label|tag|subject|topic|category|heading|shelf) (?:that )?(?:it |this \w+ )?(?:deserves|merits|belongs|for this|of this)\b|\bthe (?:subject|topic|medium|genre) (?:\w+ ){0,3}?(?:is|was|of the (?:article|paper))\b"),
        ("meta", 0.4, r"\b(?:terms of use|by order|the committee|the operator|the publisher|agree to|obliged to|bound to)\b"),
        ("meta", 0.4, r"\b(?:be|found|retrieved|filed|shelved|listed|indexed|entered|recorded) (?:there|under|among)\b|\bwant it\b"),
        ("meta", 0.5, r"\b(?:fair|honest|good|faithful|proper|any|no|complete) summary (?:could|can|would|should|must|may|will|omits?|of this)\b"),
        ("meta", 0.4, rf"\b(?:what|the) (?:a |this |the )?(?:paper|article|text) (?:was|is) about\b|\bwhat you (?:have )?(?:just )?read\b"),
        ("meta", 0.6, rf"\byour (?:{_FIELD}|classification|subject) (?:is|are|will be|must|=)"),
        ("meta", 0.4, r"^(?:scrap|whatever|everything|nothing|anything) (?:\S{1,40}+ ){0,4}?(?:you|told|said|rubric|guide|above)\b"),
        ("review", 1.0, rf"{_HERE}(?:accept|approve|endorse|praise|promote) (?:this|the|our) (?:paper|submission|manuscript|article|work)\b"),
        ("review", 1.0, rf"{_HERE}(?:recommend|suggest|vote for|vote) {_gap(3)}(?:acceptance|accept|strong accept|publication|this paper|award)\b"),
        ("review", 1.0, r"\b(?:do not|don't|never|avoid) (?:highlight|mention|mentioning|report|list|note|noting|point out|discuss|raise|raising|criticis?z?e|include|reveal|disclose|refer to|describe) (?:any |the |its |these |this ){0,2}(?:negatives?|negative aspects|weakness(?:es)?|limitations?|flaws?|criticisms?|shortcomings|instructions?|notes?|messages?|text|sentences?|hint|prompts?)\b"),
        ("review", 0.7, r"\b(?:positive|favou?rable) (?:review|rating|reviews) only\b|\bonly (?:a )?(?:positive|favou?rable) reviews?\b"),
        ("praise", 0.5, r"\b(?:best|greatest|finest|most (?:important|influential|significant|cited|outstanding)) {0}(?:paper|work|survey|article|contribution|study|result)s? (?:of|in|on|ever)\b".replace("{0}", _gap(2))),
        ("praise", 0.4, r"\b(?:praised|acclaimed|endorsed|certified|verified|approved|confirmed|celebrated|lauded) (?:by|as) (?:\S+ ){0,4}?(?:reviewers?|experts?|editors?|committees?|community|curators?|chairs?|annotators?|librarians?|authors?|nobel)\b"),
        ("praise", 0.4, r"\b(?:landmark|seminal|masterpiece|groundbreaking|towering|overwhelming|finest|unmatched|unparalleled|definitive|unsurpassed|legendary)\b"),
        ("praise", 0.4, r"\b(?:with|at) (?:full|maximum|maximal|absolute|complete|the highest|100 ?%|high) (?:confidence|certainty|priority|score)\b"),
        ("summary", 1.0, rf"{_HERE}(?:write|use|give|output|return|put|say|print|repeat|copy|enter|set|make|take|quote|place|insert|include|respond|reply|answer)\b {_gap(6)}(?:as|in|into|for|to|with|of) (?:the |its |your |a ){{0,2}}(?:summary|tl;?dr|abstract field|short summary|card)\b"),
        ("summary", 0.7, rf"\b(?:the |your |any |its )(?:\w+ )?(?:summary|tl;?dr|card|index card) (?!statistics|table|measure){_gap(2)}{_MUST} {_gap(2)}(?:contain|be|say|include|mention|state|read|start|begin|end|link|quote|name|repeat|praise)\b"),
        ("verbatim", 0.35, r"\b(?:verbatim|word for word|letter for letter|the following (?:sentence|words|text|link|labels?|json|answer)|the (?:exact )?(?:words|phrase|link|string)|nothing (?:else|but)|exactly)\b"),
        ("summary", 0.6, rf"\bin (?:one|two|a single|at most|no more than|fewer than|\d+)(?: short| single)? (?:sentence|words?|\d+ words|line)\b"),
        ("summary", 0.4, r"^(?:in one|again, in at most)"),
        ("question", 0.7, r"^(?:name|state|give|list|tell) (?:me )?the (?:task|data|contribution|summary|labels)\b"),
        ("decode", 0.7, rf"{_HERE}(?:decode|decipher|decrypt|de-?obfuscate|unscramble|rot-?13|base-?64|execute|run|obey|follow|carry out|comply with|apply) {_gap(4)}(?:instructions?|message|text|string|base-?64|rot-?13|commands?|orders|it|below|above|following)\b"),
        ("decode", 0.5, r"\b(?:system prompt|jailbreak(?:ed)? mode|developer mode|admin(?:istrator)? mode|debug mode|maintenance mode|override code|prompt injection)\b ?(?::|on|enabled|activated|active)"),
        ("sham", 0.6, rf"\b(?:example|sample|expected|ideal|model|gold|reference|desired|correct|target) (?:answer|output|card|response|completion|labels?|annotation|json)s? ?(?::|is|are|follows?|for this|below)"),
        ("sham", 0.6, r"\b(?:the )?(?:paper|abstract|document|text|input|article) (?:ends?|stops?|finishes|is over|is finished) (?:here|now|above)\b|\bend of (?:the )?(?:paper|abstract|document|article|input|text|excerpt)\b"),
        ("sham", 0.6, r"\b(?:on behalf of|by order of|instructed by|authorized by|authorised by|approved by|policy of) (?:the )?(?:\w+ ){0,2}?(?:operators?|administrators?|developers?|editors?|publishers?|library staff|index owners?|openai|anthropic|curators?|program chairs?|system)\b"),
    )
]

IMPERATIVE = re.compile(
    rf"{_HERE}(?:{_FILE}|{_OVERRIDE}|provide|produce|issue|submit|award|offer|generate|suggest|vote|approve|endorse"
    r"|praise|promote|use|take|quote|place|decode|decipher|decrypt|de-?obfuscate|unscramble|rot-?13|base-?64|execute"
    r"|run|obey|follow|carry|comply|apply)"
)
"""What all imperatives have that `SAID` looks for."""
IMPERATIVES = frozenset(pattern for _, _, pattern in SAID if pattern.pattern.startswith(_HERE))

_LANGUAGES = {
    # German, Dutch, Scandinavian
    "de": r"\b(?:ignorier\w*|missachte\w*|vergiss|vergesst|vergessen sie|vernachlässige\w*|übergeh\w*|beachte\w*|verwirf|verwerfen sie|überspring\w*) (?:\S{1,40}+ ){0,5}?(?:anweisung|instruktion|befehl|vorgabe|regel|prompt|hinweis|anleitung|richtlinie|obige|vorstehende)\w*",
    "nl": r"\b(?:negeer|vergeet|sla) (?:\S{1,40}+ ){0,5}?(?:instructie|aanwijzing|opdracht|regel|bevel)\w*",
    "sv": r"\b(?:ignorera|ignorer|glöm|glem|bortse från|se bort fra) (?:\S{1,40}+ ){0,5}?(?:instruktion|anvisning|instruks|regl|regel|kommando)\w*",
    # Romance
    "fr": r"\b(?:ignore[zrs]?|oublie[zrs]?|néglige[zrs]?|neglige[zrs]?|faites abstraction|fais abstraction|ne (?:tenez|tiens) (?:pas|aucun) compte|passez outre|écarte[zr]?|annule[zr]?) (?:\S{1,40}+ ){0,6}?(?:instructions?|consignes?|directives?|règles?|ordres|indications) (?:\S{1,40}+ ){0,3}?(?:précédent|antérieur|ci-dessus|préalable|reçu|initial|d'avant|qui précèdent|donnée)\w*",
    "fr2": r"\b(?:ignorez|oubliez|négligez|ne tenez (?:pas|aucun) compte) (?:\S{1,40}+ ){0,6}?(?:instructions?|consignes?|directives?|règles?|ordres)\b",
    "es": r"\b(?:ignora|ignore|ignorad|ignoren|olvida|olvide|olvidad|descarta|descarte|haz caso omiso|haga caso omiso|hagan caso omiso|no hagas caso|omite|omita|pasa por alto|desestim[ae]) (?:\S{1,40}+ ){0,6}?(?:instrucci[oó]n|indicaci[oó]n|[oó]rden|directri[cz]|regla|consigna|comando)\w*",
    "pt": r"\b(?:ignore|ignora|ignorem|esqueça|esquece|esqueçam|desconsidere|desconsidera|descarte|despreze) (?:\S{1,40}+ ){0,6}?(?:instruç|orientaç|ordens|regras|comandos|diretrizes|indicaç)\w*",
    "it": r"\b(?:ignora|ignorate|ignori|ignorare|dimentica|dimenticate|trascura|trascurate|non considerare|tralascia) (?:\S{1,40}+ ){0,6}?(?:istruzion|indicazion|direttiv|regole|comandi|ordini)\w*",
    "ro": r"\b(?:ignoră|ignorați|uită|uitați) (?:\S{1,40}+ ){0,5}?(?:instrucțiun|regul|comenzi)\w*",
    # Slavic
    "ru": r"(?:игнорируй|проигнорируй|забудь|не обращай внимания|отбрось|не следуй|пренебреги|отмени)(?:те)? (?:\S{1,40}+ ){0,5}?(?:инструкци|указани|команд|правил|распоряжени|подсказ|предыдущ)\w*",
    "uk": r"(?:ігноруй|проігноруй|забудь|відкинь|не зважай)(?:те)? (?:\S{1,40}+ ){0,5}?(?:інструкц|вказів|команд|правил)\w*",
    "pl": r"\b(?:zignoruj|ignoruj|zapomnij|pomiń|zlekceważ|odrzuć)(?:cie)? (?:\S{1,40}+ ){0,5}?(?:instrukcj|polece|wskazów|zasad|reguł)\w*",
    "cs": r"\b(?:ignoruj|ignorujte|zapomeň|zapomeňte|zapomeňte na|nedbej) (?:\S{1,40}+ ){0,5}?(?:pokyn|instrukc|příkaz|pravid)\w*",
    # Others
    "tr": r"(?:talimat|yönerge|komut|kural|emir)\w* (?:\S{1,40}+ ){0,3}?(?:yok ?say|görmezden gel|dikkate alma|unut|göz ardı et)\w*",
    "id": r"\b(?:abaikan|lupakan|hiraukan) (?:\S{1,40}+ ){0,4}?(?:instruksi|perintah|petunjuk|aturan)\w*",
    "vi": r"(?:bỏ qua|phớt lờ|quên) (?:\S{1,40}+ ){0,6}?(?:hướng dẫn|chỉ thị|chỉ dẫn|lệnh|quy tắc)",
    "fi": r"(?:jätä huomiotta|unohda|ohita|älä noudata) (?:\S{1,40}+ ){0,4}?(?:ohje|määräy|sääntö|käsky)\w*",
    "hu": r"(?:hagyd figyelmen kívül|felejtsd el|mellőzd) (?:\S{1,40}+ ){0,5}?(?:utasítás|szabály|parancs)\w*",
    "el": r"(?:αγνόησε|αγνοήστε|ξέχασε|ξεχάστε) (?:\S{1,40}+ ){0,5}?(?:οδηγ|εντολ|κανόν)\w*",
    "ar": r"(?:تجاهل|تجاهلوا|انس|أهمل|لا تتبع) ?(?:\S{1,40}+ ){0,4}?(?:التعليمات|الأوامر|التوجيهات|تعليمات|القواعد)",
    "he": r"(?:התעלם|התעלמו|שכח|שכחו) (?:\S{1,40}+ ){0,4}?(?:ההוראות|הוראות|מההוראות|הפקודות)|(?:התעלם|התעלמו) מ\S*הוראות",
    "fa": r"(?:دستورالعمل|دستور|دستورات)\S* (?:\S{1,40}+ ){0,5}?(?:نادیده|فراموش)",
    "hi": r"(?:निर्देश|आदेश|नियम)\S* (?:\S{1,40}+ ){0,3}?(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल|उपेक्षा)",
    "zh": r"(?:忽略|无视|忽视|忘记|忘掉|不要理会|不要遵循|不要遵守|请勿遵循|抛开|無視|忽視|忘記|不理會|略过|跳过|撤销)[^。！？]{0,14}(?:指令|指示|提示|命令|要求|规则|規則|說明|说明|内容|設定|设定|指引)",
    "ja": r"(?:指示|命令|プロンプト|指令|ルール|説明|規則)[^。]{0,10}(?:無視|忘れ|従わない|破棄)",
    "ko": r"(?:지시|명령|지침|프롬프트|안내|규칙)[^.。]{0,10}(?:무시|잊)",
}
FOREIGN: Sequence[Pattern] = [re.compile(pattern) for pattern in _LANGUAGES.values()]
"""Ignoring what was said before, in other languages."""

_IS = r"(?:ist|sind|lautet|est|sont|es|son|é|são|è|sono|is|zijn|to|jest|są|är|er)\b|[:=：是为為は\u2014]|—"
_FIELDS = (
    (r"aufgabe|tâche|tarea|tarefa|compito|taak|zadanie|задач|任务|任務|タスク|課題|과제|작업|görev|المهمة|uppgift",),
    (
        r"\bdaten\b|données|\bdatos\b|\bdados\b|\bdati\b|gegevens|\bdane\b|данны|модальност|modalit|数据|數據|模态"
        r"|資料|データ|モダリティ|데이터|\bveri|البيانات",
    ),
    (r"beitrag|contribution|contribuci[oó]n|contribuição|contributo|bijdrage|wkład|вклад|贡献|貢獻|貢献|寄与|기여|katkı|المساهمة",),
)
FOREIGN_FIELDS: Sequence[Pattern] = [
    re.compile(rf"(?:{words})[^.。;；,，\s]{{0,12}} ?(?:\S{{1,40}}+ ){{0,4}}?(?:{_IS})") for (words,) in _FIELDS
]
"""That the task, the data or the contribution is something; two of them in one sentence fill in a form."""

FOREIGN_ORDERS: Sequence[Pattern] = [
    re.compile(pattern)
    for pattern in (
        # an imperative to file, and this paper or a field of its card
        rf"{_HERE}(?:ordne|ordnen sie|klassifizier\w+|markier\w+|gib|geben sie|antwort\w+|schreib\w*|nenn\w*"
        r"|bewert\w+|trage?|tragen sie|kennzeichn\w+|verzeichn\w+|indizier\w+|führ\w*|stuf\w+) (?:\S{1,40}+ ){0,6}?"
        r"(?:artikel|arbeit|aufsatz|aufgabe|papier|beitrag|zusammenfassung|satz|text|antwort|bewertung|etikett)\w*",
        rf"{_HERE}(?:veuillez |merci de )?(?:classe[zr]?|étiquete[zr]|marque[zr]?|réponde?[zs]|réponds|indique[zr]?"
        r"|écri(?:vez|s|re)|donne[zr]?|inscri(?:vez|s)|indexe[zr]?|résume[zr]?|attribue[zr]?|range[zr]?|note[zr])"
        r" (?:\S{1,40}+ ){0,6}?(?:article|papier|travail|tâche|résumé|phrase|texte|étiquette|contribution|note|avis)s?\b",
        rf"{_HERE}(?:por favor,? )?(?:clasifi(?:ca|que)|etiquet[ae]|mar(?:ca|que)|respond[ae]|escrib[ae]|indi(?:ca|que)"
        r"|asign[ae]|resum[ae]|anot[ae]|regist(?:ra|re)|d[ae]) (?:\S{1,40}+ ){0,6}?(?:artículo|trabajo|tarea|resumen|frase"
        r"|texto|etiqueta|contribución|documento|paper|reseña)s?\b",
        rf"{_HERE}(?:classifi(?:ca|que)(?:te)?|etichetta(?:te)?|rotule|marque|segna(?:te)?|rispond[ie](?:te)?|responda"
        r"|scriv[ie](?:te)?|escreva|indi(?:ca|que)(?:te)?|indicizza(?:te)?|registre|resuma) (?:\S{1,40}+ ){0,6}?(?:articolo"
        r"|artigo|lavoro|trabalho|compito|tarefa|riassunto|resumo|frase|testo|texto|etichetta)\w*",
        rf"{_HERE}(?:пожалуйста,? )?(?:отнеси|классифицируй|пометь|отметь|ответь|напиши|укажи|выведи|поставь|запиши"
        r"|считай|назови|дай)(?:те)? (?:\S{1,40}+ ){0,6}?(?:стать|работ|задач|текст|аннотаци|резюме|предложени|ответ|оценк)\w*",
        r"(?:请|請|务必|務必|必须|必須|应当|應當|须|需要你|你)[^。！？]{0,12}(?:将|將|把|输出|輸出|标注|標註|标记|標記|分类|分類|归类"
        r"|歸類|回答|回复|给出|給出|写|寫|选择|選擇|填写|填寫|推荐|总结为|評|评)",
        r"(?:将|將|把)(?:本|该|此|這篇|这篇)(?:文|论文|論文|研究)?[^。！？]{0,10}(?:归|歸|分类|分類|标|標|列|视为|視為|评)",
        r"(?:この論文|本論文|本稿|この文書)を[^。]{0,30}(?:分類|ラベル|タグ|索引|評価|記録)[^。]{0,12}(?:ください|なさい|せよ|こと)",
        r"(?:出力|回答|記入|要約|記載|分類|推薦|返答)(?:して|し|せ)(?:ください|なさい|よ|ろ)",
        r"(?:출력|분류|표시|작성|답변|기록|평가|추천)(?:하십시오|하세요|하라|해라|해 ?주세요|할 것|하시오)",
        r"(?:صنف|اكتب|أجب|ضع|اعتبر) (?:\S{1,40}+ ){0,5}?(?:الورقة|البحث|الملخص|المقال|المهمة)",
        r"\b(?:bu makaleyi|bu çalışmayı|özeti) (?:\S{1,40}+ ){0,6}?(?:sınıflandır|etiketle|yaz|işaretle|değerlendir)\w*",
    )
]

FIELDS_OF_WORK = re.compile(
    r"speech|spoken|audio|music|robot|manipulation|medical|clinical|imag(?:e|ing)|photo|translat|multilingual|survey"
    r"|review of|video|graphs?\b|recommend|retriev|forecast|time series|anomal|segment|question answer|summari[sz]"
    r"|dialogue|chatbot|tabular|reinforcement|federated|cluster|causal|code generation"
    r"|molecul|protein|weather|climate|3d|point cloud|theorem|mathemat|symbolic|tagging|captioning|vision"
)
"""Words by which fields of work are known."""

RESEARCH = re.compile(
    r"\b(?:we|our|us|experiment|result|method|propos|evaluat|perform|state-of-the-art|existing|current|recent|however"
    r"|framework|approach|network|algorithm|attention|dataset|github|http|novel|show|demonstrat|compar|train|test"
    r"|significan|improv|although|despite|while|moreover|furthermore|for example|e\.g|\d|models|baselines?|studies"
    r"|applications?|challeng|problem)\w*"
)
"""Words by which a sentence of an abstract is known as one."""

NARROW = re.compile(
    r"entry|record|shel[fv]|curator|librarian|erratum|correct|misprint|reassign|machine|program|software|artificial"
    r"|reading|subject|topic|committee|operator|publisher|terms|agree|grateful|want|wish|from (?:here|now) on"
    r"|henceforth|stop |item|papers today|paper (?:is|was) about|^[qa] ?:|% ?\\|\| | - .* - |accept|towering|finest"
    r"|overwhelm|unparallel|unmatch|vtaber|qvfert|vafgeh|snoitcur|tpmorp|whatever|rubric|ignorier|hinweis|"
    r"\bmark |sentence|ignor|disregard|forget|overr|bypass|discard|dismiss|supersed|instruct|prompt|\byou\b|\byour\b|\bplease\b|kindly"
    r"|must|shall|should|ought|has to|have to|is to\b|are to\b|<|\[|=>|#|\{|\"|[:=]|\bai\b|a\.i\.|llm|assistant"
    r"|language model|gpt|index|tagg|label|annotat|catalog|summar|review|task|contribut|modalit|praise|best|most"
    r"|landmark|seminal|verbatim|exactly|decode|base64|rot13|never|do not|don't|[^\x00-\u024f\u2000-\u22ff]|-and-",
)
"""A sentence without any of these has no sign that weighs enough, and need not be looked at more closely."""
