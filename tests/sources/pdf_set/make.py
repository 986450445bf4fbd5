"""Typeset the set: `python -m tests.sources.pdf_set.make [LAYOUT ...]`.

Needs pdflatex with the classes of publishers (Debian: texlive-latex-extra, texlive-publishers,
texlive-fonts-recommended, texlive-science, cm-super-minimal) and pikepdf. The PDFs and their truth are kept in the
tree, so that reading them needs neither. Every second variant of a layout is of the half that is held back.
"""

import hashlib
import io
import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pikepdf

from .layouts import LAYOUTS as COMMON
from .layouts import Layout
from .measure import PAPERS, TRUTH, documents, unpacked
from .more import MORE
from .odd import ODD, finish
from .texts import AVAILABLE, invented, plain

HELD_ONLY = frozenset({"aaai", "siam", "society"})
"""Layouts that development never looks at."""
LAYOUTS: dict[str, tuple[Layout, int, str]] = {**COMMON, **ODD, **MORE}


def main(names: list[str]) -> None:
    """Make the layouts of these names, or all."""
    truth = {one["file"]: one for one in documents()} if TRUTH.exists() else {}
    papers = unpacked() if PAPERS.exists() else {}
    for number, layout in enumerate(LAYOUTS):
        if names and layout not in names:
            continue
        for v in range(LAYOUTS[layout][1]):
            record, content = make(layout, v, number)
            truth[record["file"]], papers[record["file"]] = record, unpressed(content)
            print(record["file"], flush=True)
    lines = (json.dumps(truth[file], ensure_ascii=False) for file in sorted(truth))
    TRUTH.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with tarfile.open(PAPERS, "w:xz", preset=9 | lzma.PRESET_EXTREME) as archive:
        for file in sorted(papers):
            entry = tarfile.TarInfo(file)
            entry.size = len(papers[file])
            archive.addfile(entry, io.BytesIO(papers[file]))


def make(layout: str, v: int, number: int) -> tuple[dict[str, str], bytes]:
    """Typeset one document: what it says, and the PDF."""
    text = invented(37 * number + v, formulas=layout not in ("scan", "bitmaps"))
    document = LAYOUTS[layout][0](text, v)
    half = "held" if v % 2 or layout in HELD_ONLY else "dev"
    record = {"file": f"{half}/{layout}-{v + 1}.pdf", "layout": layout}
    content = finish(layout, v, typeset(document.source))
    if document.error:
        return {**record, "error": "yes"}, content
    said = {
        "title": document.title or plain(text.title),
        "abstract": document.abstract or plain(text.abstract),
        "conclusion": plain(text.conclusion) if r"{Conclusion}" in document.source else "",
        "availability": AVAILABLE if r"{Data Availability}" in document.source else "",
    }
    return record | said, content


def unpressed(content: bytes) -> bytes:
    """The document with its streams as they are: all fonts of the set pack better together."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        document.save(
            out,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            deterministic_id=True,
        )
    return out.getvalue()


def typeset(source: str) -> bytes:
    """The PDF of a LaTeX source, the same bytes each time."""
    setup = (
        r"\pdfcompresslevel=9\pdfobjcompresslevel=2\pdfminorversion=5\pdfsuppressptexinfo=-1"
        r"\pdftrailerid{}\pdfinfoomitdate=1"
        # Times and Helvetica are not embedded, which halves the set; the class of the ACM needs its own.
        + ("" if "{acmart}" in source or r"\pdfmapfile" in source else r"\pdfmapfile{pdftex_ndl14.map} ")
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "paper.tex").write_text(setup + source)
        for _ in range(2):
            done = subprocess.run(
                ["pdflatex", "-interaction=nonstopmode", "paper.tex"],
                cwd=folder,
                capture_output=True,
                env={"PATH": "/usr/bin:/bin", "HOME": folder, "SOURCE_DATE_EPOCH": "1577836800"},
                check=False,
            )
        made = Path(folder) / "paper.pdf"
        log = (Path(folder) / "paper.log").read_text(errors="replace")
        errors = [line for line in log.splitlines() if line.startswith("!")]
        if errors or not made.exists():
            digest = hashlib.sha256(source.encode()).hexdigest()[:8]
            Path(f"/tmp/{digest}.tex").write_text(setup + source)
            raise SystemExit(f"/tmp/{digest}.tex: {errors[:3]} {done.returncode}")
        return made.read_bytes()


if __name__ == "__main__":
    main(sys.argv[1:])
