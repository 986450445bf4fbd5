"""More layouts: those that were added after the first ones were read well."""

from .layouts import Document, Layout, article, body, people, t
from .texts import Text, latex, plain


def cvpr(text: Text, v: int) -> Document:
    """Two columns, the abstract in italics, a ruler in the copy for reviewers."""
    ruler = (
        r"\usepackage[switch]{lineno}\linenumbers\renewcommand\thelinenumber{\ifnum\value{linenumber}<100 0\fi\arabic{linenumber}}"
        if v == 0
        else ""
    )
    mark = (
        r"\fancyhead[C]{\small CVPR 2024 Submission \#1234. CONFIDENTIAL REVIEW COPY. DO NOT DISTRIBUTE.}"
        if v == 0
        else ""
    )
    front = rf"""\twocolumn[{{\vskip 1em\begin{{center}}{{\Large\bfseries {latex(text.title)}\par}}\vskip 2em {"Anonymous CVPR submission" + t("//") + "Paper ID 1234" if v == 0 else people(text)}\\{text.places[0] if v else "~"}\end{{center}}\vskip 2em}}]
\begin{{center}}\large\bfseries Abstract\end{{center}}{{\itshape {latex(text.abstract)}\par}}
"""
    looks = (
        r"\usepackage{fancyhdr}\pagestyle{fancy}\usepackage[margin=.9in,headheight=14pt]{geometry}\fancyhf{}\renewcommand\headrulewidth{0pt}"
        + mark
        + r"\fancyfoot[C]{\thepage}\usepackage{titlesec}\titlelabel{\thetitle.\quad}"
    )
    return Document(article(looks + ruler, front + body(text, 13)))


def jmlr(text: Text, v: int) -> Document:
    """A journal's line above, the editor below the authors, a centred heading, keywords in the line."""
    front = rf"""{{\noindent\small Journal of Example Learning Research 25 (2024) 1-38 \hfill Submitted 3/23; Revised 1/24; Published 5/24\par}}\vskip 3em
\begin{{center}}{{\Large\bfseries {latex(text.title)}\par}}\end{{center}}\vskip 1em
{"".join(t(f"/noindent{{/bfseries {n}}} /hfill {{/scshape a@example.org}}//////noindent{{/itshape {p}}}/par/medskip ") for n, p in zip(text.authors, text.places * 3, strict=False))}
\noindent\textbf{{Editor:}} An Editor\vskip 2em\begin{{center}}\textbf{{Abstract}}\end{{center}}\begin{{quote}}{latex(text.abstract)}

\noindent\textbf{{Keywords:}} small models, calendars, forecasts\end{{quote}}
\vskip 1em {{\renewcommand\thefootnote{{}}\footnotetext{{\copyright 2024 {text.authors[0]} and others. License: CC-BY 4.0, see https://example.org/licenses/by/4.0/.}}}}
"""
    return Document(
        article(
            r"\usepackage[margin=1.25in]{geometry}",
            front + body(text, 8, numbered=v == 0),
            font="" if v else "times",
        )
    )


def plos(text: Text, v: int) -> Document:
    """One column on the right of a wide margin, with the particulars of the paper on the margin."""
    side = rf"""\begin{{minipage}}[t]{{.25\textwidth}}\vspace{{0pt}}\scriptsize\sffamily\raggedright \fbox{{OPEN ACCESS}}\\[1ex]\textbf{{Citation:}} Muster A, Beispiel B (2020) {latex(text.title)}. Examples ONE 15(5): e0123456. https://doi.org/10.1000/journal.pone.0123456\\[1ex]\textbf{{Editor:}} An Editor, {text.places[0]}\\[1ex]\textbf{{Received:}} March 3, 2020\\[1ex]\textbf{{Accepted:}} May 5, 2020\\[1ex]\textbf{{Data Availability Statement:}} All files are available from the office.\\[1ex]\textbf{{Funding:}} The authors received no funding.\end{{minipage}}\hfill"""
    front = rf"""{{\noindent\sffamily RESEARCH ARTICLE\par}}\vskip 1em {{\noindent\sffamily\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em{{\noindent\sffamily\bfseries {people(text)}\par}}\vskip 1ex{{\noindent\sffamily\footnotesize $^1$ {text.places[0]}\par\noindent * a@example.org\par}}\vskip 2em
\noindent {side}\begin{{minipage}}[t]{{.7\textwidth}}\vspace{{0pt}}{{\sffamily\large\bfseries Abstract}}\\[1ex]{latex(text.abstract)}{t("////[2ex]{/sffamily/large/bfseries Introduction}////[1ex]") + text.body[0] if v else ""}\end{{minipage}}\vskip 1em
"""
    return Document(article(r"\usepackage[margin=.8in]{geometry}", front + body(text, 8, numbered=False)))


def report(text: Text, v: int) -> Document:
    """A report of an institute: its name in large letters, a number, then the paper, on a page of its own or not."""
    cover = rf"""\begin{{center}}{{\Huge\bfseries {text.places[0]}\par}}\vskip 1em {{\large Technical Report TR-2020-17\par}}\vskip 6em{{\LARGE\bfseries {latex(text.title)}\par}}\vskip 2em {people(text, marks=False)}\vskip 2em May 2020\end{{center}}{t("/newpage") if v == 0 else ""}"""
    return Document(
        article(
            r"\usepackage[margin=1.1in]{geometry}",
            rf"{cover}\section*{{Abstract}}{latex(text.abstract)}{t('/newpage') if v == 0 else ''}"
            + body(text, 8),
            "11pt",
        )
    )


def bilingual(text: Text, v: int) -> Document:
    """An abstract in another language beside the English one."""
    other = "Wir untersuchen, wie kleine Modelle die Last von vier St\u00e4dten vorhersagen. Ein gemeinsamer Encoder liest die Last der letzten Woche, und ein leichter Kopf gibt den n\u00e4chsten Tag aus. Der Fehler sinkt auf drei \u00f6ffentlichen Datens\u00e4tzen um f\u00fcnf Prozent."
    first = rf"\section*{{Zusammenfassung}}{other}" if v == 0 else ""
    last = (
        r"\section*{R\'esum\'e}Nous \'etudions comment de petits mod\`eles pr\'evoient la charge de quatre villes. Un encodeur partag\'e lit la charge de la semaine pass\'ee, et une t\^ete l\'eg\`ere donne le jour suivant, avec une erreur plus faible."
        if v
        else ""
    )
    front = rf"""\begin{{center}}{{\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em {people(text)}\\{text.places[0]}\end{{center}}{first}\section*{{Abstract}}{latex(text.abstract)}{last}
"""
    return Document(article("", front + body(text, 8)))


def medicine(text: Text, v: int) -> Document:
    """Parts of the abstract in capitals in the line, a box with key points, two columns below."""
    sentences = text.abstract.split(". ")
    cut = max(1, len(sentences) // 3)
    parts = [". ".join(sentences[:cut]) + ".", ". ".join(sentences[cut:-1]) + ".", sentences[-1]]
    names = (
        ("IMPORTANCE", "RESULTS", "CONCLUSIONS AND RELEVANCE")
        if v == 0
        else ("Background", "Findings", "Interpretation")
    )
    said = "\n\n".join(
        rf"\noindent\textbf{{{n}}} {latex(p)}\vskip 1ex" for n, p in zip(names, parts, strict=True)
    )
    front = rf"""{{\noindent\sffamily\small Examples Medicine | \textbf{{Original Investigation}}\par}}\vskip 1em{{\noindent\huge {latex(text.title)}\par}}\vskip 1em{{\noindent\small {people(text, marks=False)}\par}}\vskip 1em\hrule\vskip 1em
{t("/noindent{/sffamily/bfseries Abstract}/par/vskip 1ex") if v == 0 else t("/noindent{/sffamily/bfseries Summary}/par/vskip 1ex")}
{said}
{{\noindent\footnotesize\itshape Examples Med. 2020;3(5):e201234. doi:10.1000/examples.2020.1234\par}}\vskip 1em
"""
    return Document(
        article(r"\usepackage[margin=.9in]{geometry}", front + body(text, 10, numbered=False)),
        abstract=" ".join(f"{n} {plain(p)}" for n, p in zip(names, parts, strict=True)),
    )


def usenix(text: Text, v: int) -> Document:
    """Two columns, `Abstract` as a section, authors in rows above."""
    front = rf"""\title{{{latex(text.title)}}}\author{{{t(" /and ").join(n + t("//////{/it ") + text.places[0] + "}" for n in text.authors[:3])}}}\date{{}}\maketitle
{t("/subsection*{Abstract}") if v == 0 else t("/begin{abstract}")}{latex(text.abstract)}{"" if v == 0 else t("/end{abstract}")}
"""
    return Document(article(r"\usepackage[margin=.9in]{geometry}", front + body(text, 13), "twocolumn,10pt"))


def chapter(text: Text, v: int) -> Document:
    """A chapter of a book: its number beside the title, an abstract that spans the page, a running foot."""
    front = rf"""{{\noindent\huge\bfseries Chapter {v + 3}\par}}\vskip 1ex{{\noindent\huge\bfseries {latex(text.title)}\par}}\vskip 2em{{\noindent\large\bfseries {people(text, marks=False)}\par}}\vskip 3em
\noindent\textbf{{Abstract}}\ \ {latex(text.abstract)}

\vskip 1em\noindent\textbf{{Keywords}}\ \ Small models $\cdot$ Calendars $\cdot$ Forecasts\vskip 2em
{{\renewcommand\thefootnote{{}}\footnotetext{{{text.authors[0]} ($\ast$)\\ {text.places[0]}\\ e-mail: a@example.org\\[1ex] \copyright\ Springer Example 2020. A. Editor (ed.), \emph{{Examples in Practice}}, https://doi.org/10.1000/978-3-030-99999-9\_3}}}}
"""
    return Document(article(r"\usepackage[margin=1.3in]{geometry}", front + body(text, 8)))


MORE: dict[str, tuple[Layout, int, str]] = {
    "cvpr": (cvpr, 2, "abstract in italics, ruler in the copy for reviewers"),
    "jmlr": (jmlr, 2, "journal's line above, keywords in the line"),
    "plos": (plos, 2, "particulars on a wide margin"),
    "report": (report, 2, "name of an institute in large letters"),
    "bilingual": (bilingual, 2, "abstract in another language beside it"),
    "medicine": (medicine, 2, "parts in the line, without colons"),
    "usenix": (usenix, 2, "two columns by LaTeX's own class"),
    "chapter": (chapter, 2, "chapter of a book"),
}
"""As `layouts.LAYOUTS`."""
