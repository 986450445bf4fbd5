"""Documents that are more than one typeset text: covers before papers, slides, scans, fonts without Unicode."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
from PIL import Image

from .layouts import Document, article, arxiv, body, icml, lncs, people, t
from .texts import Text, latex, plain

COVERS = (
    # A repository of a university
    r"{\LARGE\bfseries This may be the author's version of a work that was accepted for publication in the following source:\par}\vskip 2em"
    r" %(authors)s (2020)\par %(title)s.\par\emph{Journal of Examples}, 1(1), pp. 1--8.\vskip 2em This file was downloaded from: \url{https://eprints.example.edu/1/}"
    r"\vskip 2em\textbf{Notice:} Please note that this document may not be the version of record (i.e.\ published version) of the work. Author manuscript versions can be identified by an absence of publisher branding.",
    # An archive of a country
    r"\begin{center}{\huge\bfseries %(title)s\par}\vskip 1em %(authors)s\end{center}\vskip 3em{\Large\bfseries To cite this version:\par}\vskip 1em"
    r" %(authors)s. %(title)s. Journal of Examples, 2020, 1 (1), pp.1-8. $\langle$10.1000/load.1$\rangle$. $\langle$hal-01234567$\rangle$"
    r"\vskip 3em\begin{center}{\Large\bfseries HAL Id: hal-01234567\par}\url{https://hal.example.org/hal-01234567}\par Submitted on 7 May 2020\end{center}\vskip 2em"
    r"\textbf{HAL} is a multi-disciplinary open access archive for the deposit and dissemination of scientific research documents, whether they are published or not. The documents may come from teaching and research institutions in many countries, or from public or private research centers.",
    # A network of researchers
    r"{\small See discussions, stats, and author profiles for this publication at: \url{https://www.example.org/publication/34099999}}\vskip 2em"
    r"{\Large %(title)s\par}\vskip 1em Article in Journal of Examples $\cdot$ May 2020\par DOI: 10.1000/load.1\vskip 1em CITATIONS\par 12\par READS\par 345\vskip 2em \textbf{%(authors)s}\par\vskip 5em"
    r" All content following this page was uploaded by the first author on 07 May 2020. The user has requested enhancement of the downloaded file.",
    # A library with a frame of its own
    r"{\Huge\bfseries University of Somewhere\par}{\LARGE Research Online\par}\vskip 3em{\large\bfseries %(title)s\par}\vskip 1em %(authors)s\vskip 2em\textbf{Document Version}\par Peer reviewed version"
    r"\vskip 1em\textbf{General rights}\par Copyright and moral rights for the publications made accessible in the public portal are retained by the authors and/or other copyright owners. It is a condition of accessing publications that users recognise and abide by the legal requirements associated with these rights."
    r"\vskip 1em\textbf{Take down policy}\par If you believe that this document breaches copyright please contact us providing details, and we will remove access to the work immediately and investigate your claim.",
)


def cover(text: Text, v: int) -> Document:
    """A page of a repository before the paper."""
    first = COVERS[v % 4] % {"title": latex(text.title), "authors": people(text, marks=False)}
    if v % 2:
        front = rf"\title{{{latex(text.title)}}}\author{{{t(' /and ').join(text.authors)}}}\date{{}}\maketitle\begin{{abstract}}{latex(text.abstract)}\end{{abstract}}"
    else:
        front = rf"\setcounter{{page}}{{1}}\begin{{center}}{{\LARGE\bfseries {latex(text.title)}\par}}\vskip 1em {people(text)}\\{text.places[0]}\end{{center}}\section*{{Abstract}}{latex(text.abstract)}"
    return Document(
        article(
            r"\usepackage[margin=1in]{geometry}",
            rf"\thispagestyle{{empty}}{first}\newpage " + front + body(text, 7),
        )
    )


def slides(text: Text, v: int) -> Document:
    """A talk: no paper."""
    words = [
        r"\begin{{frame}}{{{}}}\begin{{itemize}}{}\end{{itemize}}\end{{frame}}".format(
            head, "".join(rf"\item {one}." for one in paragraph.split(". ")[: 3 + v % 2])
        )
        for head, paragraph in zip(
            ("Motivation", "Data", "Model", "Results", "Outlook"), text.body, strict=False
        )
    ]
    if v % 2:
        words[0] = rf"\begin{{frame}}{{Introduction}}{text.body[0]}\end{{frame}}"
    source = rf"""\documentclass{{beamer}}\usepackage[T1]{{fontenc}}\usepackage[utf8]{{inputenc}}{t("/usetheme{Madrid}") if v > 1 else ""}
\pdfinfo{{/Producer (test)}}
\title{{{latex(text.title)}}}\author{{{text.authors[0]}}}\institute{{{text.places[0]}}}\date{{May 2020}}
\begin{{document}}\frame{{\titlepage}}{"".join(words)}\begin{{frame}}{{Thank you}}Questions?\end{{frame}}\end{{document}}"""
    return Document(source, error=True)


_AS_OCR_HAS_IT = str.maketrans({"\u2013": "-", "\u2014": "-", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


def scan(text: Text, v: int) -> Document:
    """To be made a picture by `scanned`."""
    return Document(icml(text, 1).source if v % 2 else arxiv(text, 1).source, error=v != 3)


def scanned(made: bytes, v: int) -> bytes:
    """Pages as pictures: 0 alone, 1 with a line of text that a library put on each, 2 with a cover of text
    before them, 3 with the words that OCR found behind the picture."""
    typeset = pypdfium2.PdfDocument(made)
    out = pypdfium2.PdfDocument.new()
    for n, page in enumerate(list(typeset)[:2]):
        width, height = page.get_size()
        picture = page.render(scale=1.0, grayscale=True).to_pil().convert("L").quantize(4).convert("L")
        shot = io.BytesIO()
        if v == 3:
            _behind(picture, page, width, height, shot)
        else:
            _flat(
                picture,
                shot,
                width,
                height,
                ("", f"Downloaded from a library by 192.0.2.7 on May 7, 2020; page {n + 1}")[v == 1],
            )
        out.import_pages(pypdfium2.PdfDocument(shot.getvalue()))
    if v == 2:
        front = _cover_of_a_scan()
        out.import_pages(pypdfium2.PdfDocument(front), index=0)
    kept = io.BytesIO()
    out.save(kept)
    return kept.getvalue()


def _sheet(width: float, height: float) -> "object":
    from fpdf import FPDF

    pdf = FPDF(unit="pt", format=(width, height))
    pdf.set_creation_date(datetime(2020, 1, 1, tzinfo=UTC))
    pdf.add_page()
    return pdf


def _flat(picture: Image.Image, into: io.BytesIO, width: float, height: float, line: str) -> None:
    pdf = _sheet(width, height)
    pdf.image(picture, 0, 0, width, height)
    if line:
        pdf.set_font("Helvetica", size=7)
        pdf.text(60, height - 12, line)
    into.write(bytes(pdf.output()))


def _behind(picture: Image.Image, page: "object", width: float, height: float, into: io.BytesIO) -> None:
    from papercards.sources.full_text.pdf.page import read_page

    pdf = _sheet(width, height)
    pdf.text_mode = 3
    for line in read_page(page, 1).lines:
        pdf.set_font("Times", "B" if line.bold else "", line.size)
        pdf.text(line.x0, height + line.y, line.text.translate(_AS_OCR_HAS_IT))
    pdf.image(picture, 0, 0, width, height)
    into.write(bytes(pdf.output()))


def _cover_of_a_scan() -> bytes:
    pdf = _sheet(612, 792)
    pdf.set_margins(72, 72)
    for size, words in (
        (18, "An Essay on the Load of Cities"),
        (11, "Author(s): A. Muster"),
        (11, "Source: Journal of Examples, Vol. 3, No. 2 (Mar., 1958), pp. 101-110"),
        (11, "Published by: Example Society"),
        (11, "Stable URL: https://www.example.org/stable/2027599"),
        (
            9,
            "Your use of the archive indicates your acceptance of its Terms and Conditions of Use. The archive is a not-for-profit service that helps scholars, researchers, and students discover, use, and build upon a wide range of content. We use information technology and tools to increase productivity and facilitate new forms of scholarship.",
        ),
    ):
        pdf.set_font("Times", size=size)
        pdf.multi_cell(0, 1.3 * size, words, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(6)
    return bytes(pdf.output())


def bitmaps(text: Text, v: int) -> Document:
    """Bitmap fonts of old LaTeX: 0 and 1 with the letters' codes, 2 and 3 to lose them in `codeless`."""
    source = (lncs(text, 0) if v % 2 else arxiv(text, 0)).source
    source = source.replace(r"\usepackage[T1]{fontenc}", "").replace(r"\usepackage{times}", "")
    return Document(r"\pdfmapfile{}" + source, error=v >= 2)


def codeless(made: bytes) -> bytes:
    """The document with the codes of all letters in its fonts moved, so that nothing says what they are."""
    import pikepdf

    with pikepdf.open(io.BytesIO(made)) as document:
        for page in document.pages:
            fonts = page.Resources.Font
            content = pikepdf.parse_content_stream(page)
            moved = []
            for operands, operator in content:
                if str(operator) == "Tj":
                    operands = [pikepdf.String(_moved(bytes(operands[0])))]
                elif str(operator) == "TJ":
                    operands = [
                        pikepdf.Array(
                            [
                                pikepdf.String(_moved(bytes(one))) if isinstance(one, pikepdf.String) else one
                                for one in operands[0]
                            ]
                        )
                    ]
                moved.append((operands, operator))
            page.Contents = document.make_stream(pikepdf.unparse_content_stream(moved))
            for font in fonts.values():
                _renamed(font)
        out = io.BytesIO()
        document.save(out, compress_streams=True, deterministic_id=True)
    return out.getvalue()


def _moved(codes: bytes) -> bytes:
    return bytes((one * 7 + 3) % 256 for one in codes)


def _renamed(font: "object") -> None:
    import pikepdf

    if font.get("/Moved"):
        return
    first, widths = int(font.FirstChar), list(font.Widths)
    table = {(first + n): width for n, width in enumerate(widths)}
    names = {}
    at = 0
    for one in font.Encoding.Differences:
        if isinstance(one, pikepdf.Name):
            names[at] = one
            at += 1
        else:
            at = int(one)
    procs = font.CharProcs
    differences, new_procs = [], {}
    new_widths = [0] * 256
    for code, name in names.items():
        new = _moved(bytes([code]))[0]
        if name in procs:
            differences += [new, pikepdf.Name(f"/g{new}")]
            new_procs[f"/g{new}"] = procs[name]
        new_widths[new] = table.get(code, 0)
    font.FirstChar, font.LastChar = 0, 255
    font.Widths = pikepdf.Array(new_widths)
    font.Encoding = pikepdf.Dictionary(Type=pikepdf.Name.Encoding, Differences=pikepdf.Array(differences))
    font.CharProcs = pikepdf.Dictionary(new_procs)
    if "/ToUnicode" in font:
        del font["/ToUnicode"]
    font["/Moved"] = True


def misnamed(text: Text, v: int) -> Document:
    """A title in the document's own particulars that is none of this paper."""
    wrong = (
        "Proceedings of the 3rd Example Meeting on Forecasts",
        "Journal of Examples 2020.1:1-8",
        "Microsoft Word - load_final(2).doc",
        "University of Somewhere",
        "Introduction",
    )[v % 5]
    lines = {
        0: "Proceedings of the 3rd Example Meeting on Forecasts, pages 1--8, 2007",
        1: "Journal of Examples 2020.1:1-8",
    }
    foot = rf"\usepackage{{fancyhdr}}\pagestyle{{fancy}}\fancyfoot[C]{{{lines[v]}}}" if v in lines else ""
    made = arxiv(text, 0 if v % 2 else 4)
    source = made.source.replace(
        r"\pdfinfo{/Producer (test)}",
        rf"\pdfinfo{{/Producer (test) /Title ({wrong.replace('(2)', '')})}}{foot}",
    )
    if foot:
        source = source.replace(r"\maketitle", r"\maketitle\thispagestyle{fancy}")
    return Document(source)


ODD = {
    "cover": (cover, 5, "page of a repository before the paper"),
    "misnamed": (misnamed, 5, "wrong title in the document's particulars"),
    "slides": (slides, 4, "a talk: to be set aside"),
    "scan": (scan, 4, "pictures: to be set aside, but where OCR left words"),
    "bitmaps": (bitmaps, 4, "Type 3 fonts, with and without letters' codes"),
}
"""As `layouts.LAYOUTS`."""


def finish(layout: str, v: int, made: bytes) -> bytes:
    """What is done to a typeset document."""
    if layout == "scan":
        return scanned(made, v)
    if layout == "bitmaps" and v >= 2:
        return codeless(made)
    return made


__all__ = ["ODD", "Path", "finish", "plain"]
