"""Layouts of conferences and journals in LaTeX, after how their papers look.

Each function takes a text and the number of the variant and returns a document. Class files that publishers
give away (IEEEtran, acmart, llncs, revtex) are used where they are installed and are not kept here; the
others are drawn from the looks of the page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .texts import AVAILABLE, Text, latex, plain


@dataclass(frozen=True)
class Document:
    """A LaTeX source and what should be read of it, where that is not simply the text's title and abstract."""

    source: str
    title: str = ""
    abstract: str = ""
    error: bool = False
    """No paper is to be had from it."""


Layout = Callable[[Text, int], Document]


def article(preamble: str, content: str, options: str = "", font: str = "times") -> str:
    """A whole document."""
    return rf"""\documentclass[{options}]{{article}}
{t("/usepackage[T1]{fontenc}/usepackage{") + font + "}" if font else ""}\usepackage[utf8]{{inputenc}}
\usepackage{{amsmath,url,xcolor,graphicx}}\urlstyle{{same}}
\pdfinfo{{/Producer (test)}}
{preamble}
\begin{{document}}
{content}
\end{{document}}
"""


def body(text: Text, paragraphs: int = 10, *, headings: bool = True, numbered: bool = True) -> str:
    """Sections, or paragraphs alone."""
    paras = [latex(one) for one in text.body[:paragraphs]]
    if not headings:
        return "\n\n".join(paras)
    section = r"\section" if numbered else r"\section*"
    third = max(1, len(paras) // 3)
    parts = [("Introduction", paras[:third]), ("Related Work", paras[third : 2 * third])]
    parts += [("Experiments", paras[2 * third :]), ("Conclusion", [latex(text.conclusion)])]
    out = "\n".join(f"{section}{{{name}}}\n" + "\n\n".join(words) for name, words in parts)
    return f"{out}\n\\section*{{Data Availability}}\n{latex(AVAILABLE)}\n{references()}"


def t(words: str) -> str:
    """LaTeX with its backslashes written as slashes: before Python 3.12, f-strings hold none in expressions."""
    return words.replace("/", "\\")


def joined(paragraphs: Sequence[str]) -> str:
    """Paragraphs as LaTeX has them."""
    return "\n\n".join(paragraphs)


def references() -> str:
    """Four works that do not exist."""
    items = "\n".join(
        rf"\bibitem{{r{n}}} A. Muster and B. Beispiel. A title of some length. Journal of Examples {n}, 2019."
        for n in range(1, 5)
    )
    return f"\\begin{{thebibliography}}{{9}}\n{items}\n\\end{{thebibliography}}"


def people(text: Text, marks: bool = True) -> str:
    """The authors in one line."""
    return ", ".join(f"{name}$^{{{n % 2 + 1}}}$" if marks else name for n, name in enumerate(text.authors))


def icml(text: Text, v: int) -> Document:
    """Two columns, the abstract in the first, the affiliations in a foot note."""
    front = rf"""\twocolumn[{{\hrule height1pt\vskip .2in\begin{{center}}{{\Large\bfseries {latex(text.title)}\par}}\end{{center}}
\vskip .1in\hrule height1pt\vskip .2in\begin{{center}}{{\bfseries {people(text)}}}\end{{center}}\vskip .2in}}]
{{\renewcommand\thefootnote{{}}\footnotetext{{$^1${text.places[0]}. Correspondence to: {text.authors[0]} $<$a@example.org$>$.
\\ \emph{{Proceedings of the 41st International Conference on Examples}}, Musterstadt, 2024. PMLR 235. Copyright 2024 by the author(s).}}}}
\begin{{center}}\large\bfseries Abstract\end{{center}}\begin{{quote}}\vspace{{-.8em}}{latex(text.abstract)}\end{{quote}}
"""
    head = (
        r"\usepackage{fancyhdr}\pagestyle{fancy}\fancyhead[C]{\small\bfseries " + latex(text.title)[:40] + "}"
    )
    margins = r"\usepackage[margin=.9in,columnsep=.25in]{geometry}"
    return Document(article(margins + (head if v % 2 else ""), front + body(text, 13)))


def neurips(text: Text, v: int) -> Document:
    """One column with line numbers, as reviewers get it."""
    authors = r"Anonymous Author(s)\\Affiliation\\\texttt{email}" if v % 2 == 0 else people(text, marks=False)
    numbers = r"\usepackage[switch]{lineno}" if v == 3 else r"\usepackage{lineno}"
    start = r"\linenumbers" if v < 4 else ""
    front = rf"""\begin{{center}}\hrule height4pt\vskip .25in{{\LARGE\bfseries {latex(text.title)}\par}}\vskip .25in\hrule height1pt
\vskip .2in {{\bfseries {authors}}}\end{{center}}\vskip .2in {start}
\centerline{{\large\bfseries Abstract}}\vspace{{.5ex}}\begin{{quote}}{latex(text.abstract)}\par\end{{quote}}
{{\renewcommand\thefootnote{{}}\footnotetext{{Submitted to the 38th Conference on Examples (EXAMPLES 2024). Do not distribute.}}}}
"""
    margins = r"\usepackage[textwidth=5.5in,textheight=9in]{geometry}\renewcommand\linenumberfont{\normalfont\tiny\sffamily}"
    return Document(article(numbers + margins, front + body(text, 8), font="" if v == 2 else "times"))


def acl(text: Text, v: int) -> Document:
    """Two columns with a ruler on both margins."""
    width = "03" if v % 2 else "02"
    ruler = rf"""\usepackage{{eso-pic}}\newcounter{{rulerrow}}
\newcommand\ruler[2]{{\put(#1,0){{\color{{gray}}\sffamily\scriptsize
  \setcounter{{rulerrow}}{{0}}\loop\ifnum\value{{rulerrow}}<54
  \put(0,\the\numexpr 735-12*\value{{rulerrow}}\relax){{\makebox[0pt][l]{{\ifnum\numexpr#2+\value{{rulerrow}}\relax<10 0\fi
  \ifnum\numexpr#2+\value{{rulerrow}}\relax<100 0\fi\the\numexpr#2+\value{{rulerrow}}\relax}}}}
  \stepcounter{{rulerrow}}\repeat}}}}
\setlength\unitlength{{1bp}}
\AddToShipoutPictureBG{{\ruler{{{"28" if width == "03" else "40"}}}{{\numexpr(\value{{page}}-1)*108\relax}}\ruler{{560}}{{\numexpr(\value{{page}}-1)*108+54\relax}}}}"""
    margins = r"\usepackage[margin=1in,columnsep=.25in]{geometry}"
    if v in (3, 4):  # line by line at the text, as newer templates do
        ruler = r"\usepackage[switch]{lineno}\linenumbers\renewcommand\linenumberfont{\normalfont\sffamily\color{gray}\scriptsize}\renewcommand\thelinenumber{\ifnum\value{linenumber}<10 00\else\ifnum\value{linenumber}<100 0\fi\fi\arabic{linenumber}}"
    front = rf"""\twocolumn[{{\begin{{center}}{{\Large\bfseries {latex(text.title)}\par}}\vskip 1em
{{\bfseries {"Anonymous ACL submission" if v % 2 == 0 else people(text)}}}\end{{center}}\vskip 2em}}]
\begin{{center}}\large\bfseries Abstract\end{{center}}\begin{{quote}}\small {latex(text.abstract)}\par\end{{quote}}
"""
    return Document(article(ruler + margins, front + body(text, 13)))


def ieee(text: Text, v: int) -> Document:
    """The class of the IEEE: `Abstract---` in bold in the line."""
    kind = "conference" if v % 2 == 0 else "journal"
    terms = r"\begin{IEEEkeywords}small models, calendars, forecasts\end{IEEEkeywords}" if v != 2 else ""
    names = (
        r"\author{"
        + r"\and ".join(
            rf"\IEEEauthorblockN{{{name}}}\IEEEauthorblockA{{{place}}}"
            for name, place in zip(text.authors, text.places * 3, strict=False)
        )
        + "}"
        if kind == "conference"
        else rf"\author{{{people(text, marks=False)}\thanks{{Manuscript received April 19, 2021. The authors are with the {text.places[0]}.}}}}"
        r"\markboth{IEEE Transactions on Examples, Vol. 14, No. 8, August 2021}{Muster \MakeLowercase{\textit{et al.}}: Small Models}"
    )
    drop = r"\IEEEPARstart{E}{nergy} " if kind == "journal" else ""
    words = body(text, 13)
    if drop:
        words = words.replace("\\section{Introduction}\n", "\\section{Introduction}\n" + drop, 1)
    source = rf"""\documentclass[{kind}]{{IEEEtran}}\usepackage[T1]{{fontenc}}\usepackage[utf8]{{inputenc}}\usepackage{{amsmath,url}}\urlstyle{{same}}
\pdfinfo{{/Producer (test)}}
\begin{{document}}\title{{{latex(text.title)}}}{names}\maketitle
\begin{{abstract}}{latex(text.abstract)}\end{{abstract}}{terms}
{words}\end{{document}}
"""
    return Document(source)


def lncs(text: Text, v: int) -> Document:
    """The class of Springer's lecture notes: `Abstract.` in bold in the line."""
    running = r"\pagestyle{headings}" if v % 2 else ""
    authors = r" \and ".join(rf"{n}\inst{{{i % len(text.places) + 1}}}" for i, n in enumerate(text.authors))
    keys = r"\keywords{Small models \and Calendars \and Forecasts.}" if v != 3 else ""
    source = rf"""\documentclass[runningheads]{{llncs}}\usepackage[T1]{{fontenc}}\usepackage[utf8]{{inputenc}}\usepackage{{amsmath,url}}\urlstyle{{same}}
\pdfinfo{{/Producer (test)}}
{running}\begin{{document}}\title{{{latex(text.title)}{t("/thanks{Supported by the Fund of Examples.}") if v == 1 else ""}}}\author{{{authors}}}
\authorrunning{{{text.authors[0]} et al.}}\titlerunning{{Small models}}\institute{{{t(" /and ").join(text.places)}\\ \email{{a@example.org}}}}
\maketitle\begin{{abstract}}{latex(text.abstract)}{keys}\end{{abstract}}
{body(text, 8)}\end{{document}}
"""
    return Document(source)


def letter(text: Text, v: int) -> Document:
    """A letter in the class of the APS: no word `Abstract`, no headings after it."""
    options = (
        "aps,prl,twocolumn",
        "aps,prl,twocolumn,superscriptaddress",
        "aps,prl,preprint",
        "aps,prb,twocolumn",
        "aps,prl,twocolumn",
    )[v % 5]
    authors = "".join(
        rf"\author{{{n}}}\affiliation{{{p}}}" for n, p in zip(text.authors, text.places * 3, strict=False)
    )
    pacs = r"\pacs{05.45.Tp, 89.65.Gh}" if v == 4 else ""
    source = rf"""\documentclass[{options}{",showpacs" if v == 4 else ""}]{{revtex4-2}}\usepackage[T1]{{fontenc}}\usepackage[utf8]{{inputenc}}\usepackage{{amsmath,url}}\urlstyle{{same}}
\pdfinfo{{/Producer (test)}}
\begin{{document}}\title{{{latex(text.title)}}}{authors}\date{{{"(Received 3 March 2020; published 5 May 2020)" if v == 1 else "March 3, 2020"}}}
\begin{{abstract}}{latex(text.abstract)}\end{{abstract}}{pacs}\maketitle
{body(text, 12, headings=v == 3)}
{t("/emph{Conclusion.}---") + latex(text.conclusion) if v != 3 else ""}
\end{{document}}
"""
    return Document(source)


def arxiv(text: Text, v: int) -> Document:
    """One column as most write at home, with the stamp of arXiv."""
    stamp = rf"""\usepackage{{eso-pic}}\AddToShipoutPictureBG*{{\put(12,200){{\rotatebox{{90}}{{\color{{gray}}\LARGE arXiv:240{v + 1}.0{v}955v2\ \ [cs.LG]\ \ 8 Jan 2024}}}}}}\setlength\unitlength{{1bp}}"""
    title, note = latex(text.title), r"\thanks{We thank the city of Musterstadt.}" if v % 2 else ""
    if v in (2, 5):  # the class of the AMS: title in capitals, abstract in the line, below the authors
        source = rf"""\documentclass{{amsart}}\usepackage[utf8]{{inputenc}}\usepackage{{url,graphicx,xcolor}}\urlstyle{{same}}{stamp}
\pdfinfo{{/Producer (test)}}
\begin{{document}}\title{{{title}}}\author{{{text.authors[0]}}}\address{{{text.places[0]}}}\author{{{text.authors[1]}}}
\keywords{{small models, calendars}}\subjclass[2020]{{62M10, 68T05}}\begin{{abstract}}{latex(text.abstract)}\end{{abstract}}\maketitle
{body(text, 8)}\end{{document}}"""
        return Document(source, title=plain(text.title).upper())
    contents = r"\tableofcontents" if v == 3 else ""
    front = rf"""\title{{{title}{note}}}\author{{{t(" /and ").join(text.authors)}}}\date{{{"January 8, 2024" if v else ""}}}\maketitle
\begin{{abstract}}{latex(text.abstract)}\end{{abstract}}{contents}"""
    return Document(article(stamp, front + body(text, 8), "11pt", font="lmodern" if v == 1 else ""))


def biorxiv(text: Text, v: int) -> Document:
    """A manuscript with the notice of the server above each page and, at times, line numbers."""
    notice = r"""\usepackage{fancyhdr}\pagestyle{fancy}\fancyhf{}\renewcommand\headrulewidth{0pt}\setlength\headheight{40pt}
\fancyhead[C]{\parbox{6.2in}{\sffamily\fontsize{6}{7}\selectfont bioRxiv preprint doi: \url{https://doi.org/10.1101/2021.02.03.429999}; this version posted February 4, 2021.
The copyright holder for this preprint (which was not certified by peer review) is the author/funder, who has granted bioRxiv a license to display the preprint in perpetuity. It is made available under a CC-BY 4.0 International license.}}
\fancyfoot[R]{\thepage}\usepackage[margin=1in]{geometry}\usepackage{setspace}"""
    name = ("Abstract", "Summary", "ABSTRACT", "Abstract:", "Abstract")[v % 5]
    lines = r"\usepackage{lineno}" if v % 2 else ""
    apart = r"\newpage" if v in (1, 2) else r"\vskip 1em"
    front = rf"""\begin{{flushleft}}{{\Large\bfseries {latex(text.title)}\par}}\vskip 1em {people(text)}\\[1ex]
$^1${text.places[0]}\\$^2${text.places[-1]}\\$^*$Correspondence: a@example.org\end{{flushleft}}{apart}
{t("/linenumbers") if v % 2 else ""}{t("/doublespacing") if v in (1, 3) else ""}
\section*{{{name}}}{latex(text.abstract)}

{t("/noindent/textbf{Keywords:} small models, calendars, forecasts") if v != 4 else ""}
"""
    return Document(
        article(
            notice + lines,
            front + body(text, 8, numbered=v == 4),
            "11pt",
            font="helvet" if v == 2 else "times",
        )
    )


def thesis(text: Text, v: int) -> Document:
    """A title page, more front matter, and the abstract on a page of its own."""
    university = "University of Somewhere" if v % 2 else "FJORD COLLEGE"
    first = rf"""\begin{{titlepage}}\centering {{{t("/Huge") if v == 3 else t("/Large")}\scshape {university}\par}}\vskip 1em {text.places[0]}\vskip 6em
{{\huge\bfseries {latex(text.title)}\par}}\vskip 3em {{\large {text.authors[0]}}}\vskip 3em
A thesis submitted in partial fulfilment of the requirements for the degree of Doctor of Philosophy\vskip 2em June 2019\end{{titlepage}}"""
    oath = r"\chapter*{Declaration}I declare that this thesis is my own work and has not been submitted for any other degree. Where others contributed, this is stated. The text has fewer words than the rules of the college allow, and the figures were drawn by me or are used with permission of those who drew them.\clearpage"
    between = (
        oath,
        "",
        oath,
        r"\chapter*{Acknowledgements}I thank my office, my flat and my friends. They bore with me through many months, and none of them ever asked when it would be finished, for which I am grateful.\clearpage",
        oath,
    )[v % 5]
    abstract = rf"\chapter*{{Abstract}}{latex(text.abstract)}\clearpage"
    source = rf"""\documentclass[11pt,oneside]{{report}}{t("/usepackage[T1]{fontenc}/usepackage{times}") if v % 2 else ""}\usepackage[utf8]{{inputenc}}\usepackage{{amsmath,url}}\urlstyle{{same}}
\pdfinfo{{/Producer (test)}}\begin{{document}}{first}{between}{abstract}{t("/tableofcontents") if v != 1 else ""}
\chapter{{Introduction}}{joined(text.body[:4])}\chapter{{Conclusion}}{latex(text.conclusion)}\end{{document}}"""
    return Document(source)


def elsevier(text: Text, v: int) -> Document:
    """A box of particulars beside the abstract."""
    keys = r"\emph{Keywords:}\\Small models\\Energy forecasts\\Calendar features\\City load"
    dates = r"\emph{Article history:}\\Received 3 March 2020\\Accepted 5 May 2020\\Available online 7 May 2020\\[1ex]"
    spaced = v % 2 == 0
    info = "A\\,R\\,T\\,I\\,C\\,L\\,E\\, I\\,N\\,F\\,O" if spaced else "Article info"
    name = "A\\,B\\,S\\,T\\,R\\,A\\,C\\,T" if spaced else "Abstract"
    if v == 2:
        info, name = "a r t i c l e \\ \\ i n f o", "a b s t r a c t"
    box = rf"""\begin{{minipage}}[t]{{.27\textwidth}}\small {info}\\[-.5ex]\rule{{\textwidth}}{{.4pt}}\\\footnotesize\raggedright {dates if v != 1 else ""}{keys}\end{{minipage}}\hfill
\begin{{minipage}}[t]{{.68\textwidth}}\small {name}\\[-.5ex]\rule{{\textwidth}}{{.4pt}}\\\footnotesize {latex(text.abstract)}\\[1ex]\hspace*{{\fill}}\copyright\ 2020 Example Press Ltd. All rights reserved.\end{{minipage}}"""
    front = rf"""{t("/twocolumn[{") if v != 3 else ""}\begin{{center}}\scriptsize Journal of Examples 112 (2020) 1--9\\[1ex]\rule{{\textwidth}}{{.4pt}}\\\small Contents lists available at ScienceDirect\\[1ex]
{{\LARGE Journal of Examples}}\\[1ex]\footnotesize journal homepage: www.example.org/locate/joe\\\rule{{\textwidth}}{{2pt}}\end{{center}}
{{\noindent\Large {latex(text.title)}\par}}\vskip 1ex{{\noindent\normalsize {people(text)}\par}}\vskip .5ex{{\noindent\scriptsize\itshape $^1$ {text.places[0]}\par}}
\vskip 1ex\noindent\rule{{\textwidth}}{{.4pt}}\vskip 1ex\noindent {box}\vskip 1ex\noindent\rule{{\textwidth}}{{.4pt}}\vskip 1em{"}]" if v != 3 else ""}
"""
    return Document(
        article(r"\usepackage[margin=.8in]{geometry}\usepackage{amssymb}", front + body(text, 13))
    )


def nature(text: Text, v: int) -> Document:
    """The abstract in bold or large above two columns, and no word that says so."""
    label = ("ARTICLE", "Letter", "nature examples", "ARTICLE OPEN", "RESEARCH ARTICLE")[v % 5]
    size = r"\large" if v in (2, 4) else r"\normalsize\bfseries"
    head = r"\usepackage{fancyhdr}\pagestyle{fancy}\fancyfoot[C]{\scriptsize NATURE EXAMPLES | (2020) 11:1234 | https://doi.org/10.1000/s41467-020-99999-9 | www.example.org/naturecomms}"
    front = rf"""{t("/twocolumn[{") if v != 3 else ""}{{\noindent\sffamily\color{{gray}}{t("/Huge") if v == 2 else t("/small")} {label}\par}}\vskip 2pt{{\noindent\sffamily\scriptsize https://doi.org/10.1000/s41467-020-99999-9\par}}\vskip 1em
{{\noindent\sffamily\huge\bfseries\raggedright {latex(text.title)}\par}}\vskip 1em{{\noindent\sffamily {people(text)}\par}}\vskip 1em
{{\noindent{size} {latex(text.abstract)}\par}}\vskip 2em{"}]" if v != 3 else ""}
{{\renewcommand\thefootnote{{}}\footnotetext{{\sffamily $^1${text.places[0]}. $^2${text.places[-1]}. email: a@example.org}}}}
"""
    return Document(
        article(
            head + r"\usepackage[margin=.7in,headheight=15pt]{geometry}",
            front
            + body(text, 12, headings=False)
            + rf"\section*{{Methods}}{text.body[12]}\section*{{Data availability}}{latex(AVAILABLE)}",
        )
    )


def acm(text: Text, v: int) -> Document:
    """The class of the ACM, and its older look with categories and general terms."""
    if v % 3 == 2:
        terms = (
            r"\section*{Categories and Subject Descriptors} D.3.4 [\textbf{Software}]: Tools; H.1.2 [\textbf{Models}]: Human factors"
            if v == 2
            else r"\vskip 1ex\noindent\textbf{Categories and Subject Descriptors:} D.3.4 [Software]: Tools"
        )
        others = (
            r"\section*{General Terms} Design, Experimentation, Measurement\section*{Keywords} energy, forecasts, small models"
            if v == 2
            else r"\vskip 1ex\noindent\textbf{General Terms:} Design, Measurement\vskip 1ex\noindent\textbf{Keywords:} energy, forecasts"
        )
        front = rf"""\twocolumn[{{\begin{{center}}{{\sffamily\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em {people(text)}\\{text.places[0]}\\a@example.org\end{{center}}\vskip 1em}}]
{{\renewcommand\thefootnote{{}}\footnotetext{{Permission to make digital or hard copies of all or part of this work for personal or classroom use is granted without fee provided that copies are not made or distributed for profit. Copyright 2010 ACM 978-1-60558-999-9/10/04 ...\$10.00.}}}}
\section*{{{"ABSTRACT" if v == 2 else "Abstract"}}}{latex(text.abstract)}
{terms}
{others}
"""
        return Document(
            article(
                r"\usepackage[margin=.75in]{geometry}",
                front + body(text, 12).replace("Introduction", "INTRODUCTION"),
            )
        )
    kind = ("sigconf", "acmsmall")[v % 2]
    authors = "".join(
        rf"\author{{{n}}}\affiliation{{\institution{{{p}}}\city{{Musterstadt}}\country{{Nowhere}}}}"
        for n, p in zip(text.authors, text.places * 3, strict=False)
    )
    teaser = (
        r"\begin{teaserfigure}\rule{\textwidth}{30pt}\caption{A bar that shows nothing but itself.}\end{teaserfigure}"
        if v == 3
        else ""
    )
    source = rf"""\PassOptionsToPackage{{expansion=false}}{{microtype}}\documentclass[{kind},{"review," if v == 4 else ""}nonacm={"true" if v == 3 else "false"}]{{acmart}}\usepackage[utf8]{{inputenc}}
\pdfinfo{{/Producer (test)}}\setcopyright{{acmlicensed}}\acmDOI{{10.1000/1122445.1122456}}\acmConference[Examples '24]{{Conference on Examples}}{{June 2024}}{{Musterstadt}}
\begin{{document}}\title{{{latex(text.title)}}}{authors}
\begin{{abstract}}{latex(text.abstract)}\end{{abstract}}
\ccsdesc[500]{{Computing methodologies~Neural networks}}\ccsdesc[300]{{Applied computing~Forecasting}}
\keywords{{small models, calendars, forecasts}}{teaser}\maketitle
{body(text, 12)}\end{{document}}"""
    return Document(source)


def iclr(text: Text, v: int) -> Document:
    """Title and headings in small capitals that are capitals of two sizes."""
    head = (
        "Under review as a conference paper at ICLR 2025",
        "Published as a conference paper at ICLR 2024",
    )[v % 2]
    front = rf"""{{\noindent\LARGE\scshape {latex(text.title)}\par}}\vskip 1em\noindent{{\bfseries {"Anonymous authors" if v % 2 == 0 else people(text, marks=False)}}}\\{"Paper under double-blind review" if v % 2 == 0 else text.places[0]}\vskip 2em
{t("/linenumbers") if v == 2 else ""}\centerline{{\large\scshape Abstract}}\begin{{quote}}{latex(text.abstract)}\end{{quote}}
"""
    looks = rf"""\usepackage{{titlesec}}\titleformat*{{\section}}{{\large\scshape\raggedright}}\usepackage{{fancyhdr}}\pagestyle{{fancy}}\fancyhead[L]{{{head}}}
\usepackage[textwidth=5.5in,textheight=9in,headheight=15pt]{{geometry}}\usepackage{{lineno}}"""
    return Document(article(looks, front + body(text, 8)), title=plain(text.title).upper())


def structured(text: Text, v: int) -> Document:
    """An abstract in parts with headings of their own, as medicine has it, or with a box on the margin."""
    sentences = text.abstract.split(". ")
    cut = max(1, len(sentences) // 3)
    parts = [". ".join(sentences[:cut]) + ".", ". ".join(sentences[cut:-1]) + ".", sentences[-1]]
    names = (("Background", "Methods", "Conclusions"), ("Objective", "Results", "Conclusion"))[v % 2]
    if v in (0, 1):
        said = "\n\n".join(
            rf"\noindent\textbf{{{n}:}} {latex(p)}" for n, p in zip(names, parts, strict=False)
        )
        expected = "\n\n".join(f"{n}: {plain(p)}" for n, p in zip(names, parts, strict=False))
    elif v == 2:
        said = "\n\n".join(rf"\subsection*{{{n}}} {latex(p)}" for n, p in zip(names, parts, strict=False))
        expected = "\n\n".join(f"{n}: {plain(p)}" for n, p in zip(names, parts, strict=False))
    else:
        said, expected = latex(text.abstract), ""
    if v > 2:  # with what to cite on the left
        side = r"\begin{minipage}[t]{.24\textwidth}\vspace{0pt}\scriptsize\raggedright\textbf{Citation:} Muster, A.; Beispiel, B. Small Models. \emph{Examples} \textbf{2021}, 9, 123.\\[2ex]Received: 3 March 2021\\Accepted: 5 May 2021\\Published: 7 May 2021\\[2ex]\textbf{Publisher's Note:} We stay neutral with regard to claims in maps.\\[2ex]\textbf{Copyright:} \copyright\ 2021 by the authors. Licensee Example, Musterstadt. This article is an open access article distributed under the terms of the licence.\end{minipage}\hfill"
        front = rf"""{{\noindent\small\itshape Article\par}}{{\noindent\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em{{\noindent\bfseries {people(text)}\par}}\vskip 1em
\noindent {side}\begin{{minipage}}[t]{{.72\textwidth}}\vspace{{0pt}}\footnotesize $^1$ {text.places[0]}; a@example.org\\[2ex]\normalsize\textbf{{Abstract:}} {said}\\[2ex]\textbf{{Keywords:}} small models; calendars; forecasts\end{{minipage}}\vskip 2em
"""
    else:
        front = rf"""{{\noindent\sffamily\bfseries RESEARCH ARTICLE\hfill Open Access\par}}\vskip 1em{{\noindent\LARGE\sffamily\bfseries {latex(text.title)}\par}}\vskip 1em{{\noindent\sffamily {people(text)}\par}}\vskip 1em
{t("/noindent/textbf{Abstract}") + chr(10) + chr(10) if v < 2 else t("/section*{Abstract}")}{said}

\noindent\textbf{{Keywords:}} small models, calendars

"""
    return Document(
        article(r"\usepackage[margin=.9in]{geometry}", front + body(text, 8, numbered=v != 2)),
        abstract=expected,
    )


def manuscript(text: Text, v: int) -> Document:
    """As a word processor prints it: a running head, double spacing, the abstract on a page of its own or not."""
    head = r"\noindent Running head: SMALL MODELS\vskip 6em" if v % 2 else ""
    front = rf"""{head}\begin{{center}}{{{t("/bfseries") if v != 2 else ""} {latex(text.title)}\par}}\vskip 1em {people(text, marks=False)}\\{text.places[0]}\end{{center}}
{t("/vskip 4em Author Note/par Correspondence concerning this article should be addressed to A. Muster, ") + text.places[0] + t("./newpage") if v % 2 else ""}
{t("/begin{center}Abstract/end{center}") if v != 2 else t("/noindent ABSTRACT/par")}
\noindent {latex(text.abstract)}

\emph{{Keywords:}} small models, calendars

{t("/newpage") if v == 1 else ""}"""
    return Document(
        article(
            r"\usepackage[margin=1in]{geometry}\usepackage{setspace}\doublespacing",
            front + body(text, 6, numbered=False),
            "12pt",
        )
    )


def aaai(text: Text, v: int) -> Document:
    """Two columns, a small abstract, headings in the middle, a copyright line at the foot."""
    front = rf"""\twocolumn[{{\begin{{center}}{{\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em{{\large\bfseries {people(text)}}}\\[1ex]$^1${text.places[0]}\\a@example.org\end{{center}}\vskip 2em}}]
{{\renewcommand\thefootnote{{}}\footnotetext{{Copyright \copyright\ 2024, Association for the Advancement of Examples. All rights reserved.}}}}
\begin{{center}}\bfseries Abstract\end{{center}}\begin{{quote}}\small {latex(text.abstract)}\end{{quote}}
"""
    looks = r"\usepackage{titlesec}\titleformat*{\section}{\Large\bfseries\centering}\usepackage[margin=.75in]{geometry}"
    return Document(article(looks, front + body(text, 13, numbered=v % 2 == 0)))


def siam(text: Text, v: int) -> Document:
    """Title in small bold capitals, `Abstract.`, key words and subject classes in the line."""
    front = rf"""{{\renewcommand\thefootnote{{}}\footnotetext{{Received by the editors March 3, 2020; published electronically May 5, 2020. \textbf{{Funding:}} The Fund of Examples.}}}}\begin{{center}}{{\bfseries\uppercase{{{latex(text.title)}}}\par}}\vskip 1.5em {{\small\scshape {t(" /normalfont and/scshape/ ").join(text.authors[:2])}}}\end{{center}}\vskip 1em
\begin{{quote}}\small\hspace*{{1.5em}}\textbf{{Abstract.}} {latex(text.abstract)}

\textbf{{Key words.}} small models, calendars, forecasts

\textbf{{{"AMS subject classifications" if v % 2 else "MSC codes"}.}} 62M10, 68T05\end{{quote}}
"""
    return Document(
        article(r"\usepackage[margin=1.4in]{geometry}", front + body(text, 8), font=""),
        title=plain(text.title).upper(),
    )


def society(text: Text, v: int) -> Document:
    """A journal with significance box, dates below the abstract, and headings that run in."""
    box = rf"\fbox{{\begin{{minipage}}{{.95\linewidth}}\small\textbf{{Significance}}\\ {text.body[9]}\end{{minipage}}}}\vskip 1em"
    front = rf"""{{\noindent\sffamily\bfseries\large PEXAS \hfill RESEARCH ARTICLE\par}}\vskip 1em{{\noindent\sffamily\LARGE\bfseries {latex(text.title)}\par}}\vskip 1ex{{\noindent\bfseries {people(text)}\par}}{{\noindent\footnotesize Edited by A. Editor, {text.places[0]}, and approved May 5, 2020 (received for review March 3, 2020)\par}}\vskip 1em
{{\noindent\bfseries {latex(text.abstract)}\par}}\vskip 1ex{{\noindent\footnotesize small models $|$ calendars $|$ forecasts\par}}\vskip 1em
{box if v % 2 else ""}"""
    return Document(
        article(
            r"\usepackage[margin=.8in]{geometry}",
            front + body(text, 10, headings=False) + rf"\section*{{Materials and Methods}}{text.body[11]}",
        )
    )


def workshop(text: Text, v: int) -> Document:
    """A venue as large as the title above it, or a place below it."""
    venue = (
        "Proceedings of the 3rd Example Meeting on Forecasts",
        r"Journal of Examples \textbf{12} (2019)",
    )[v % 2]
    size = r"\LARGE" if v < 2 else r"\huge"
    front = rf"""{{\noindent {size}\bfseries {venue}\par}}\vskip 2em\begin{{center}}{{\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em {people(text)}\\{text.places[0]}\end{{center}}
\section*{{Abstract}}{latex(text.abstract)}
"""
    return Document(article("", front + body(text, 8)))


LAYOUTS: dict[str, tuple[Layout, int, str]] = {
    "icml": (icml, 5, "two columns, abstract in the first"),
    "neurips": (neurips, 5, "one column with line numbers"),
    "acl": (acl, 5, "two columns with a ruler or line numbers"),
    "ieee": (ieee, 5, "two columns, Abstract— in the line"),
    "lncs": (lncs, 5, "one column, Abstract. in the line"),
    "letter": (letter, 5, "no heading over the abstract and none after it"),
    "arxiv": (arxiv, 6, "one column with the stamp of arXiv"),
    "biorxiv": (biorxiv, 5, "manuscript with a notice above each page"),
    "thesis": (thesis, 5, "title page, abstract on a page of its own"),
    "elsevier": (elsevier, 5, "box of particulars beside the abstract"),
    "nature": (nature, 5, "abstract without a heading above two columns"),
    "acm": (acm, 6, "categories, terms and reference format below the abstract"),
    "iclr": (iclr, 4, "title and headings in small capitals"),
    "structured": (structured, 5, "abstract in parts, or box on the margin"),
    "manuscript": (manuscript, 4, "double spacing, running head, title page"),
    "workshop": (workshop, 4, "name of the venue as large as the title"),
    "aaai": (aaai, 2, "two columns, centred headings"),
    "siam": (siam, 2, "title in capitals, all in the line"),
    "society": (society, 2, "abstract in bold, box beside it"),
}
"""A function, how many variants of it are made, and what it is about."""
