"""How much of the set is read right: `python -m tests.sources.pdf_set.measure [dev|held|all] [-v] [--root TREE]`.

A title or an abstract is right where it has the letters of the truth: compared are the characters that are
neither blanks nor hyphens or dashes, after NFKC, with straight quotes, and without regard to case, since small
capitals are capitals in many fonts. A document that holds no paper is right
where it is set aside. `--root` measures another tree of the program, as one from before a change.
"""

import argparse
import importlib.util
import json
import sys
import tarfile
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TRUTH = Path(__file__).parent / "truth.jsonl"
PAPERS = Path(__file__).parent / "papers.tar.xz"
FIELDS = ("title", "abstract", "conclusion", "availability")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_DASHES = frozenset("-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212")

Reader = Callable[[bytes], dict[str, Any]]


def letters(text: str) -> str:
    """What is compared of a text."""
    folded = unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()
    return "".join(c for c in folded if not c.isspace() and c not in _DASHES)


def documents(half: str = "all") -> Iterator[dict[str, str]]:
    """What is known of each document of a half."""
    for line in TRUTH.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if half in ("all", record["file"].split("/", 1)[0]):
            yield record


def unpacked() -> dict[str, bytes]:
    """The PDFs of the set by their names in the truth."""
    with tarfile.open(PAPERS) as archive:
        return {one.name: file.read() for one in archive if (file := archive.extractfile(one))}


def read_by(root: Path | None = None) -> Reader:
    """Our reader, of this tree or of another one."""
    if root is not None:
        spec = importlib.util.spec_from_file_location(
            "papercards", root / "agent" / "__init__.py", submodule_search_locations=[str(root / "agent")]
        )
        assert spec is not None
        sys.modules["papercards"] = importlib.util.module_from_spec(spec)
    from papercards.sources.confined import Broken
    from papercards.sources.full_text.pdf.document import read_document

    def read(content: bytes) -> dict[str, Any]:
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            file.write(content)
            file.flush()
            try:
                return read_document(file.name, ("abstract", "conclusion", "availability"))
            except Broken as error:
                return {"error": str(error)}

    return read


def judged(truth: dict[str, str], said: dict[str, Any]) -> dict[str, bool]:
    """Which fields are right; `set aside` for a document that holds no paper."""
    if truth.get("error"):
        return {"set aside": "error" in said}
    sections = {one["name"].casefold(): one["text"] for one in said.get("sections", ())}
    found = {
        "title": said.get("title", ""),
        "abstract": said.get("abstract", ""),
        "conclusion": sections.get("conclusion", ""),
        "availability": next((t for n, t in sections.items() if "availability" in n), ""),
    }
    return {one: letters(found[one]) == letters(truth[one]) for one in FIELDS if truth[one]}


def table(half: str, read: Reader, *, verbose: bool = False) -> tuple[list[str], float]:
    """Lines of a Markdown table, a layout each, and the seconds that reading took."""
    right: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    seconds = 0.0
    papers = unpacked()
    for truth in documents(half):
        start = time.perf_counter()
        said = read(papers[truth["file"]])
        seconds += time.perf_counter() - start
        verdict = judged(truth, said)
        for layout in (truth["layout"], "all"):
            for field, good in verdict.items():
                right[layout][field][0] += good
                right[layout][field][1] += 1
        if verbose:
            _explain(truth, said, verdict)
    columns = (*FIELDS, "set aside")
    lines = ["| layout | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for layout in sorted(right, key=lambda one: (one == "all", one)):
        cells = (f"{r[0]}/{r[1]}" if (r := right[layout].get(c)) else "" for c in columns)
        lines.append(f"| {layout} | " + " | ".join(cells) + " |")
    return lines, seconds


def _explain(truth: dict[str, str], said: dict[str, Any], verdict: dict[str, bool]) -> None:
    for field in (one for one, good in verdict.items() if not good):
        print(f"== {truth['file']} {field}: {said.get('error', '')}")
        if field in ("title", "abstract") and "error" not in said:
            print(_difference(truth[field], said[field]))
        elif field != "set aside" and "error" not in said:
            print(
                f"   want {truth[field]!r}\n   got  {[(s['name'], s['text'][:300]) for s in said['sections']]}"
            )
        elif field == "set aside":
            print(f"   got  {said['title']!r}, {said['abstract'][:200]!r}")


def _difference(want: str, got: str) -> str:
    """What was to be read and what was, from where they part."""
    wanted, found = want.split(), got.split()
    same = next((n for n, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), 0)
    return f"   want ... {' '.join(wanted[max(0, same - 4) :])[:150]!r}\n   got  ... {' '.join(found[max(0, same - 4) :])[:300]!r}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("half", nargs="?", choices=("dev", "held", "all"), default="all")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--root", type=Path)
    chosen = parser.parse_args()
    lines, seconds = table(chosen.half, read_by(chosen.root), verbose=chosen.verbose)
    print("\n".join(lines))
    print(f"\n{seconds:.2f} s")


if __name__ == "__main__":
    main()
