"""Typeset the set: `python -m tests.sources.pdf_set.make [LAYOUT ...]`.

Needs pdflatex with the classes of publishers (Debian: texlive-latex-extra, texlive-publishers,
texlive-fonts-recommended, texlive-science, cm-super-minimal) and pikepdf. The PDFs and their truth are kept in the
tree, so that reading them needs neither. Every second variant of a layout is of the half that is held back.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .layouts import LAYOUTS
from .more import MORE
from .odd import ODD, finish
from .texts import AVAILABLE, invented, plain

FOLDER = Path(__file__).parent
TRUTH = FOLDER / "truth.jsonl"
HELD_ONLY = frozenset({"aaai", "siam", "society"})
"""Layouts that development never looks at."""


def main(names: list[str]) -> None:
    """Make the layouts of these names, or all."""
    known = {**LAYOUTS, **ODD, **MORE}
    truth = [json.loads(line) for line in TRUTH.read_text().splitlines()] if TRUTH.exists() else []
    kept = {one["file"]: one for one in truth if one["layout"] in known}
    for number, layout in enumerate(known):
        if names and layout not in names:
            continue
        for v in range(known[layout][1]):
            record = make(layout, v, number)
            kept[record["file"]] = record
            print(record["file"], flush=True)
    lines = (json.dumps(kept[file], ensure_ascii=False) for file in sorted(kept))
    TRUTH.write_text("\n".join(lines) + "\n")


def make(layout: str, v: int, number: int) -> dict[str, str]:
    """Typeset one document; what it says."""
    text = invented(37 * number + v, formulas=layout not in ("scan", "bitmaps"))
    document = {**LAYOUTS, **ODD, **MORE}[layout][0](text, v)
    half = "held" if v % 2 or layout in HELD_ONLY else "dev"
    file = FOLDER / half / f"{layout}-{v + 1}.pdf"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(finish(layout, v, typeset(document.source)))
    record = {"file": f"{half}/{file.name}", "layout": layout}
    if document.error:
        return {**record, "error": "yes"}
    return {
        **record,
        "title": document.title or plain(text.title),
        "abstract": document.abstract or plain(text.abstract),
        "conclusion": plain(text.conclusion) if r"{Conclusion}" in document.source else "",
        "availability": AVAILABLE if r"{Data Availability}" in document.source else "",
    }


def typeset(source: str) -> bytes:
    """The PDF of a LaTeX source, the same bytes each time; at most three pages are kept by short texts."""
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
