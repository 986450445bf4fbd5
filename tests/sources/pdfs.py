"""PDFs as papers come: written with fpdf2 from the text of seed papers, so that it is known what they say."""

import io
import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import pypdfium2
from fpdf import FPDF
from PIL import Image, ImageDraw

from papercards.paper import Paper
from papercards.sources import open_source
from tests.conftest import SEED

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
AVAILABILITY = "All data and code are available at https://github.com/example/counting under the MIT licence."


@cache
def seed() -> tuple[Paper, ...]:
    return tuple(one for one in open_source(str(SEED)) if isinstance(one, Paper))


@dataclass(frozen=True)
class Text:
    """What a document says."""

    title: str
    abstract: str
    body: tuple[str, ...]
    conclusion: str


@cache
def text(number: int = 0) -> Text:
    """Of the seed papers whose letters are plain, the ones from `number` on."""
    plain = [p for p in seed() if p.abstract.isascii() and "\n" not in p.abstract and "\\" not in p.abstract]
    chosen = plain[number : number + 12]
    return Text(
        chosen[0].title,
        chosen[0].abstract,
        tuple(one.abstract for one in chosen[2:]),
        chosen[1].abstract,
    )


def soft(words: str) -> str:
    """With soft hyphens in long words, where fpdf2 may break them."""
    return re.sub(r"[a-z]{8,}", lambda m: "\u00ad".join((m[0][:3], m[0][3:6], m[0][6:])), words)


def ligated(words: str) -> str:
    for letters, one in (
        ("ffi", "\ufb03"),
        ("ffl", "\ufb04"),
        ("ff", "\ufb00"),
        ("fi", "\ufb01"),
        ("fl", "\ufb02"),
    ):
        words = words.replace(letters, one)
    return words


class Sheets(FPDF):
    """Letter paper, a running head on every page but the first, page numbers below."""

    head = "A. Author and B. Writer: Counting in many ways"

    def __init__(self) -> None:
        super().__init__(format="letter", unit="pt")
        self.set_margins(72, 72)
        self.set_auto_page_break(True, 72)
        self.add_page()

    def header(self) -> None:
        if self.page_no() > 1:
            self.set_font("Times", size=8)
            self.text(72, 40, self.head)

    def footer(self) -> None:
        self.set_font("Times", size=9)
        self.text(300, 760, str(self.page_no()))

    def say(
        self, words: str, font: str = "Times", size: float = 10, style: str = "", align: str = "J"
    ) -> None:
        # It takes a tenth of a second to read, and few use it.
        if font == "Serif" and f"serif{style}" not in self.fonts:
            self.add_font(font, style, str(FONTS / f"DejaVuSerif{'-Bold' if style else ''}.ttf"))
        self.set_font(font, style, size)
        self.multi_cell(0, 1.2 * size, words, align=align, new_x="LMARGIN", new_y="NEXT")

    def front(self, title: str) -> None:
        self.say(title, size=17, style="B", align="C")
        self.ln(8)
        self.say("Ada Lovelace, Charles Babbage", align="C")
        self.say("University of Somewhere", size=9, align="C")
        self.ln(14)

    def heading(self, words: str, font: str = "Times") -> None:
        self.ln(8)
        self.say(words, font, 12, "B", "L")
        self.ln(4)

    def made(self) -> bytes:
        return bytes(self.output())


@cache
def one_column(
    number: int = 0, *, abstract: str = "Abstract", hyphens: bool = False, ligatures: bool = False
) -> bytes:
    said = text(number)
    change = soft if hyphens else str
    font = "Serif" if ligatures else "Times"
    change = ligated if ligatures else change
    pdf = Sheets()
    pdf.front(said.title)
    if abstract:
        pdf.heading(abstract)
    pdf.say(change(said.abstract), font)
    pdf.heading("1   Introduction")
    for part in said.body[:4]:
        pdf.say(change(part), font)
        pdf.ln(6)
    pdf.heading("2   Experiments")
    for part in said.body[4:]:
        pdf.say(change(part), font)
        pdf.ln(6)
    pdf.heading("3   Conclusion")
    pdf.say(change(said.conclusion), font)
    pdf.heading("Data Availability")
    pdf.say(change(AVAILABILITY), font)
    pdf.heading("References")
    for part in said.body:
        pdf.say(f"[1] A. Author. {part[:90]}. 2023.", font)
    return pdf.made()


@cache
def two_columns(number: int = 0, *, across: bool = False) -> bytes:
    """`across`: written line by line over both columns, as some programs do."""
    said = text(number)
    pdf = Sheets()
    pdf.front(said.title)
    top = pdf.get_y() + 10
    blocks = [
        ("B", "Abstract"),
        ("", said.abstract),
        ("B", "1   Introduction"),
        *(("", part) for part in said.body[:6]),
        ("B", "2   Conclusion"),
        ("", said.conclusion),
        ("B", "Data Availability"),
        ("", AVAILABILITY),
        ("B", "References"),
        *(("", f"[1] A. Author. {part[:80]}. 2023.") for part in said.body),
    ]
    lines: list[tuple[str, str]] = []
    for style, words in blocks:
        pdf.set_font("Times", style, 11 if style else 10)
        cut = pdf.multi_cell(222, 12, soft(words), dry_run=True, output="LINES", align="L")
        lines += [("", ""), *((style, line) for line in cut)] if style else [("", line) for line in cut]
    at = 0
    while at < len(lines):
        rows = int((720 - top) / 12)
        left, right = lines[at : at + rows], lines[at + rows : at + 2 * rows]
        placed = [(72, n, line) for n, line in enumerate(left)] + [
            (318, n, line) for n, line in enumerate(right)
        ]
        if across:
            placed.sort(key=lambda one: one[1])
        for x, n, (style, words) in placed:
            pdf.set_font("Times", style, 11 if style else 10)
            pdf.text(x, top + 12 * n, words)
        at += 2 * rows
        if at < len(lines):
            pdf.add_page()
            top = 80
    return pdf.made()


def rotated(quarter: int) -> bytes:
    """Pages that are laid on their side by as many degrees, the text with them or not."""
    document = pypdfium2.PdfDocument(one_column())
    for page in document:
        page.set_rotation(quarter)
    return _saved(document)


def sideways() -> bytes:
    """A landscape page whose text runs up a portrait sheet, and a stamp across it."""
    said = text()
    pdf = Sheets()
    with pdf.rotation(90, 72, 700):
        pdf.set_font("Times", "B", 16)
        pdf.text(72, 716, said.title[:60])
        pdf.set_font("Times", size=10)
        lines = pdf.multi_cell(560, 12, said.abstract, dry_run=True, output="LINES", align="L")
        pdf.text(72, 740, "Abstract")
        for n, line in enumerate(lines):
            pdf.text(72, 756 + 12 * n, line)
        pdf.set_font("Times", "B", 12)
        pdf.text(72, 780 + 12 * len(lines), "1   Introduction")
    pdf.set_font("Times", size=9)
    pdf.text(300, 60, "Draft")
    return pdf.made()


def stamped() -> bytes:
    """With arXiv's stamp on the margin of its first page."""
    document = pypdfium2.PdfDocument(one_column())
    pdf = FPDF(format="letter", unit="pt")
    pdf.add_page()
    pdf.set_font("Times", size=20)
    with pdf.rotation(90, 30, 560):
        pdf.text(30, 560, "arXiv:2401.03955v2  [cs.LG]  8 Jan 2024")
    stamp = pypdfium2.PdfDocument(bytes(pdf.output()))
    page = document[0]
    page.insert_obj(stamp.page_as_xobject(0, document).as_pageobject())
    page.gen_content()
    return _saved(document)


def encrypted(password: str = "secret") -> bytes:
    pdf = Sheets()
    pdf.set_encryption(owner_password="owner", user_password=password)
    pdf.front("Nothing to see")
    pdf.heading("Abstract")
    pdf.say(text().abstract)
    pdf.heading("1   Introduction")
    pdf.say(text().body[0])
    return pdf.made()


def scanned() -> bytes:
    picture = Image.new("L", (850, 1100), 255)
    ImageDraw.Draw(picture).text((100, 100), text().abstract[:80])
    pdf = FPDF(format="letter", unit="pt")
    for _ in range(3):
        pdf.add_page()
        pdf.image(picture, 0, 0, 612, 792)
    return bytes(pdf.output())


def long(pages: int = 300) -> bytes:
    """A thesis: the pages of a chapter over and over, with a conclusion on the last page but two."""
    said = text()
    start, chapter, end = Sheets(), Sheets(), Sheets()
    start.front(said.title)
    start.heading("Abstract")
    start.say(said.abstract)
    start.heading("1   Introduction")
    start.say(said.body[0])
    for number in range(6):
        chapter.heading(f"2.{number + 1}   A part of a chapter")
        for part in said.body:
            chapter.say(part)
            chapter.ln(6)
    end.heading("3   Conclusion")
    end.say(said.conclusion)
    for _ in range(2):
        end.add_page()
        end.heading("References")
        end.say("[1] A. Author. A title of some length, in a journal of some name. 2023.")
    document = pypdfium2.PdfDocument(start.made())
    middle, last = pypdfium2.PdfDocument(chapter.made()), pypdfium2.PdfDocument(end.made())
    while len(document) < pages - len(last):
        document.import_pages(middle, list(range(min(len(middle), pages - len(last) - len(document)))))
    document.import_pages(last)
    return _saved(document)


def corrupt() -> bytes:
    return b"%PDF-1.7\n" + bytes(range(256)) * 40


def cut_off() -> bytes:
    """The first half of a file, as a download leaves it."""
    whole = one_column()
    return whole[: len(whole) // 2]


def bomb(megabytes: int = 4096) -> bytes:
    """A page whose content is gigabytes of blanks, packed twice into kilobytes."""
    packer = zlib.compressobj(9)
    block = b" " * (1 << 20)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush every block is packed alike.
    once = head + (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)) * megabytes
    twice = zlib.compress(once, 9)
    return raw(twice, b"/Filter [/FlateDecode /FlateDecode]")


def raw(content: bytes, filters: bytes = b"") -> bytes:
    """A one-page document with this content stream."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), filters, content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
    ]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    for place in places:
        out.write(b"%010d 00000 n \n" % place)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def _saved(document: pypdfium2.PdfDocument) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
