"""A mutation fuzzer over everything that reads files which others made.

`python -m tests.trust.fuzzing READER SECONDS [SEED]` fuzzes one reader in a process of its own and prints a
line of JSON: executions, what gave something, errors that are not the project's, the slowest input, memory.
Inputs that break something are written to the folder in PAPERCARDS_FUZZ_KEEP.
"""

# ruff: noqa: E501

import gzip
import io
import json
import logging
import os
import random
import re
import resource
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from papercards.card import parse_card
from papercards.configuration.settings import merge
from papercards.errors import PapercardsError
from papercards.evals.label_file import read_labels
from papercards.evals.labelling.label_check import check as check_labels
from papercards.paper import Paper
from papercards.reading.tagger_reader import BaselineReader
from papercards.review.passes import Passes
from papercards.review.review_file import ReviewFile
from papercards.runs.provider_batch.state import load as load_state
from papercards.runs.record import read_record
from papercards.sinks import dataset_readme, delimited, feed_xml, markdown, vault_note
from papercards.sinks.own_columns import OwnColumns
from papercards.sources import BadRecord, Options, open_source
from papercards.sources.files import paper_lists
from papercards.taxonomy import parse as parse_taxonomy
from papercards.taxonomy import shipped

MOST_S = 5.0
"""Of processor time, for one input."""
MOST_MB = 600
"""That the largest input may add to the memory of the process."""

HERE = Path(__file__).parent
SEEDS = HERE / "seeds"
_MOST_BYTES = 400_000
_baseline = BaselineReader(shipped())

Reader = Callable[[bytes, Path], bool]
"""Reads the bytes, by way of a file in a folder if it must; whether they gave anything. Raises
PapercardsError, and nothing else, for what it cannot read."""


def _through(paper: Paper) -> None:
    """What a run does with a paper."""
    if len(paper.abstract) > 20_000:
        return
    card = _baseline.card(paper)
    assert parse_card(card.to_json(), "x") == card
    markdown.section(card)
    delimited.row(card, OwnColumns())
    note = vault_note.fresh(vault_note.front_of(card), vault_note.block_of(card))
    assert vault_note.read_head(note) is not None
    for claim in card.claims:
        evidence = claim.evidence
        text = paper.abstract
        if evidence.section is not None:
            text = next(one.text for one in paper.sections if one.name == evidence.section)
        assert text[evidence.start : evidence.end] == evidence.text


def _source(name: str) -> Reader:
    def read(data: bytes, folder: Path) -> bool:
        (folder / name).write_bytes(data)
        given = 0
        for record in open_source(str(folder / name), Options(sections=("all",), offline=True)):
            if isinstance(record, BadRecord):
                record.reason.encode()
                continue
            given += 1
            if given < 4:
                _through(record)
        return given > 0

    return read


def _names(
    names: Callable[[BinaryIO], Iterator[tuple[int, str, str]]], looks_like: Callable[[bytes], bool]
) -> Reader:
    return lambda data, _folder: bool(list(names(io.BytesIO(data)))) and looks_like(data)


def _taxonomy(data: bytes, folder: Path) -> bool:
    parse_taxonomy(data.decode("utf-8", "replace"), name="x", where="x")
    return True


def _labels(data: bytes, folder: Path) -> bool:
    (folder / "l.jsonl").write_bytes(data)
    check_labels(folder / "l.jsonl")
    list(read_labels(folder / "l.jsonl"))
    return True


def _card(data: bytes, folder: Path) -> bool:
    card = parse_card(data, "x")
    card.to_json()
    markdown.section(card)
    delimited.row(card, OwnColumns())
    vault_note.fresh(vault_note.front_of(card), vault_note.block_of(card))
    return True


def _review(data: bytes, folder: Path) -> bool:
    (folder / "r.jsonl").write_bytes(data)
    ReviewFile(folder / "r.jsonl")
    return True


def _work(data: bytes, folder: Path) -> bool:
    (folder / "w.jsonl").write_bytes(data)
    Passes(folder / "w.jsonl")
    return True


def _record(data: bytes, folder: Path) -> bool:
    (folder / "x.run.json").write_bytes(data)
    read_record(folder / "x.run.json")
    return True


def _state(data: bytes, folder: Path) -> bool:
    (folder / "x.batch.json").write_bytes(data)
    load_state(folder / "x.batch.json")
    return True


def _note(data: bytes, folder: Path) -> bool:
    text = data.decode("utf-8", "replace")
    head = vault_note.read_head(text)
    vault_note.merged(text, {"aliases": ("T",), "id": "x", "tags": ("task/a",), "model": "m"}, "block")
    return head is not None


def _readme(data: bytes, folder: Path) -> bool:
    text = data.decode("utf-8", "replace")
    front, _ = dataset_readme._front(text, "x")
    return bool(front)


def _feed(data: bytes, folder: Path) -> bool:
    try:
        feed_xml.parse(data)
    except feed_xml.NoFeed:
        return False
    return True


def _settings(data: bytes, folder: Path) -> bool:
    (folder / "s.toml").write_bytes(data)
    merge({}, {}, folder / "s.toml")
    return True


@dataclass(frozen=True)
class Target:
    """A reader, and what its inputs are made from."""

    read: Reader
    seeds: Callable[[], list[bytes]]
    slow: bool = False
    """Whether every input takes another process."""


def _files(*names: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        found = [path for name in names for path in sorted(SEEDS.parent.parent.glob(name))]
        assert found, names
        return [path.read_bytes()[:20_000] for path in found]

    return seeds


def _batch_state() -> list[bytes]:
    from tests.deferred.test_state import sent, state

    return [state(sent(file_id="f", batch_id="b")).model_dump_json().encode()]


def _sqlite() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/p.db")
        connection.execute("CREATE TABLE papers (title TEXT, abstract TEXT, id INTEGER)")
        connection.executemany(
            "INSERT INTO papers VALUES (?, ?, ?)", [(f"T{n}", "We do it. " * 9, n) for n in range(40)]
        )
        connection.commit()
        connection.close()
        return [Path(f"{folder}/p.db").read_bytes()]


def _parquet() -> list[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = []
    for options in ({"compression": "none"}, {"use_dictionary": False}, {"data_page_version": "2.0"}):
        out = io.BytesIO()
        table = pa.table({"title": [f"T{n}" for n in range(9)], "abstract": ["We do it."] * 9})
        pq.write_table(table, out, **options)
        made.append(out.getvalue())
    return made


def _xlsx() -> list[bytes]:
    from tests.trust import hostile_files

    with tempfile.TemporaryDirectory() as folder:
        cell = hostile_files.cell
        row = f'<row r="2">{cell("A2", "T")}{cell("B2", "We do it.")}</row>'
        return [hostile_files.workbook(Path(folder), "p.xlsx", hostile_files.HEADER, row).read_bytes()]


def _pdf() -> list[bytes]:
    from tests.sources import pdfs

    return [pdfs.one_column()]


def _gzip() -> list[bytes]:
    return [gzip.compress((SEEDS / "records.jsonl").read_bytes())]


_REAL = "sources/real_files/"
_LIBRARIES = "libraries/"
_OWN = "trust/seeds/"

TARGETS: dict[str, Target] = {
    "listing": Target(_source("x.txt"), _files(f"{_OWN}listing.txt")),
    "BibTeX": Target(_source("x.bib"), _files(f"{_OWN}*.bib", f"{_REAL}*.bib", f"{_LIBRARIES}*.bib")),
    "RIS": Target(_source("x.ris"), _files(f"{_OWN}*.ris", f"{_REAL}*.ris", f"{_LIBRARIES}*.ris")),
    "MEDLINE": Target(_source("x.nbib"), _files(f"{_OWN}medline.nbib")),
    "Web of Science": Target(_source("x.ciw"), _files(f"{_OWN}wos.ciw")),
    "EndNote": Target(_source("x.enw"), _files(f"{_OWN}endnote.enw")),
    "RefWorks": Target(_source("x.txt"), _files(f"{_OWN}refworks.txt")),
    "NoteExpress": Target(_source("x.net"), _files(f"{_OWN}noteexpress.net")),
    "CSL": Target(_source("x.json"), _files(f"{_LIBRARIES}zotero-csl.json")),
    "Zotero JSON": Target(_source("x.json"), _files(f"{_LIBRARIES}better-bibtex.json")),
    "Zotero RDF": Target(_source("x.rdf"), _files(f"{_LIBRARIES}zotero.rdf")),
    "CSV": Target(_source("x.csv"), _files(f"{_OWN}table.csv", f"{_REAL}*.csv")),
    "TSV": Target(_source("x.tsv"), _files(f"{_OWN}table.tsv")),
    "JSONL": Target(_source("x.jsonl"), _files(f"{_OWN}records.jsonl")),
    "JSON": Target(_source("x.json"), _files(f"{_OWN}records.json", f"{_OWN}list.json", f"{_REAL}*.json")),
    "Atom": Target(_source("x.atom"), _files(f"{_OWN}feed.atom", f"{_REAL}*.atom")),
    "RSS": Target(_source("x.rss"), _files(f"{_OWN}rss.xml", f"{_REAL}42-arxiv-rss.xml")),
    "OAI-PMH": Target(_source("x.xml"), _files(f"{_OWN}oai.xml")),
    "PubMed XML": Target(_source("x.xml"), _files(f"{_OWN}pubmed.xml", f"{_REAL}42-pubmed.xml")),
    "ACL XML": Target(_source("x.xml"), _files(f"{_OWN}anthology.xml", f"{_REAL}42-anthology.xml")),
    "EndNote XML": Target(_source("x.xml"), _files(f"{_OWN}endnote.xml")),
    "MODS": Target(_source("x.xml"), _files(f"{_OWN}mods.xml")),
    "JATS": Target(_source("x.nxml"), _files(f"{_OWN}jats.nxml", f"{_REAL}44-two-languages.xml")),
    "HTML": Target(_source("x.html"), _files(f"{_OWN}paper.html", f"{_REAL}*.html")),
    "HF page": Target(_source("x.html"), _files(f"{_OWN}hub.html")),
    "plain text": Target(_source("x.txt"), _files(f"{_OWN}paper.txt")),
    "list of ids": Target(_names(paper_lists.ids, paper_lists.is_of_ids), _files(f"{_OWN}ids.txt")),
    "reading list": Target(
        _names(paper_lists.mentions, paper_lists.is_reading_list),
        _files(f"{_OWN}reading-list.md", f"{_REAL}*.md"),
    ),
    "gzip": Target(_source("x.jsonl.gz"), _gzip),
    "SQLite": Target(_source("x.db"), _sqlite),
    "Parquet": Target(_source("x.parquet"), _parquet, slow=True),
    "spreadsheet": Target(_source("x.xlsx"), _xlsx, slow=True),
    "PDF": Target(_source("x.pdf"), _pdf, slow=True),
    "taxonomy": Target(_taxonomy, _files(f"{_OWN}taxonomy.yaml")),
    "labels": Target(_labels, _files(f"{_OWN}labels.jsonl")),
    "card": Target(_card, _files(f"{_OWN}card.jsonl")),
    "review file": Target(_review, _files(f"{_OWN}review.jsonl")),
    "work file": Target(_work, _files(f"{_OWN}work.jsonl")),
    "run record": Target(_record, _files(f"{_OWN}run.json")),
    "batch state": Target(_state, _batch_state),
    "note": Target(_note, _files(f"{_OWN}note.md")),
    "README": Target(_readme, _files(f"{_OWN}readme.md")),
    "feed": Target(_feed, _files(f"{_OWN}feed.atom", f"{_OWN}feed-rss.xml")),
    "settings": Target(_settings, _files(f"{_OWN}settings.toml")),
}

_PIECES: tuple[bytes, ...] = (
    *(b"\x00|\xff\xfe|\xef\xbb\xbf|\xed\xa0\x80|\xf0\x9f\x98\x80|\xe2\x80\xae|\xf3\xa0\x80\x81|\xe2\x80\xa8").split(b"|"),
    *(b'\r \r\n \n\n " \' \\ \\" { } [ ] < > & , ; : # $ % ~ @ ( ) (( .. ... | ^ * _ = + - /').split(b" "),
    *b"&#0; &#xD800; &amp; &b; &x *x <!-- --> <![CDATA[ ]]> <?x ?> null true 1e999 -1 NaN Infinity".split(),
    *b"\\ud800 \\u0000 \\N{DEGREE_SIGN} \"\\U99999999\" \"\\x\" @article{ @string{ \\alpha \\begin{x}".split(),
    *b"<<: 2026-13-45 --- ... !!python/object:os.system title abstract id doi 10.1/ arXiv: http:// www.".split(),
    *b"https://a.b/c endobj stream obj xref trailer %PDF-1.7 /Count PAR1 PK\x03\x04 \x1f\x8b".split(),
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>", b"TY  - ", b"ER  - ", b"PMID- 1\n", b"AB  - ", b"%0 ", b"? ", b"- ", b"|", b">\n",
    b" ", b"\t", b"\n", b"\xc2\xa0", b"9" * 5000, b"a" * 300, b"0" * 40, b'{"a":' * 300, b"[" * 2000, b"<a>" * 400,
    b"/Length 99999999", b"/Kids [1 0 R]", b"\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x08",
)  # fmt: skip


def mutated(data: bytes, seeds: list[bytes], chance: random.Random) -> bytes:
    """The data with a few changes: bytes, pieces, repetitions, parts of other inputs, values replaced."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 9, 20))):
        size = len(found)
        at = chance.randrange(size + 1)
        match chance.randrange(9) if size else 1:
            case 0:
                found[min(at, size - 1)] = chance.randrange(256)
            case 1:
                found[at:at] = chance.choice(_PIECES)
            case 2:
                del found[at : at + chance.choice((1, 2, 5, 20, 200))]
            case 3:
                part = found[at : at + chance.choice((1, 5, 30, 300))]
                found[at:at] = part * chance.choice((1, 1, 2, 30))
            case 4:
                other, width = chance.randrange(size), chance.choice((3, 10, 60))
                found[at : at + width] = found[other : other + width]
            case 5:
                seed = chance.choice(seeds)
                other = chance.randrange(len(seed) + 1)
                found[at:at] = seed[other : other + chance.choice((5, 40, 400))]
            case 6:
                found[at : at + chance.choice((1, 4, 30))] = chance.choice(_PIECES)
            case 7:
                if chance.random() < 0.3:
                    del found[at:]
            case 8:
                values = list(re.finditer(rb'(?<=["{>:])[^"{}<>]{1,80}(?=["}<,])', bytes(found[:20_000])))
                if values:
                    value = chance.choice(values)
                    found[value.start() : value.end()] = chance.choice(_PIECES)
    return bytes(found[:_MOST_BYTES])


class _TooSlow(BaseException):
    pass


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise _TooSlow


@dataclass
class Report:
    """What came of fuzzing one reader."""

    reader: str
    executions: int = 0
    gave: int = 0
    """Executions that gave papers, or whatever the reader reads."""
    refused: int = 0
    """Those that ended in an error of the project's own."""
    foreign: dict[str, bytes] = field(default_factory=dict)
    """Other errors, and an input for each."""
    slow: list[bytes] = field(default_factory=list)
    worst_s: float = 0.0
    added_mb: int = 0
    """By how much the memory of the process grew at most."""


def fuzz(reader: str, seconds: float, seed: int) -> Report:
    """Read mutations of a reader's seeds for so long, the seeds themselves first."""
    target, chance, report = TARGETS[reader], random.Random(f"{reader} {seed}"), Report(reader)
    seeds = target.seeds()
    pool = list(seeds)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    old = signal.signal(signal.SIGPROF, _alarm)
    logging.disable(
        logging.CRITICAL
    )  # what libraries say of an input may be no text that a test report holds
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        try:
            while report.executions < len(seeds) or time.monotonic() < end:
                number = report.executions
                data = seeds[number] if number < len(seeds) else mutated(chance.choice(pool), seeds, chance)
                if _one(target, data, Path(folder), report) and chance.random() < 0.02 and len(pool) < 60:
                    pool.append(data)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, old)
            logging.disable(logging.NOTSET)
    report.added_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    return report


def _one(target: Target, data: bytes, folder: Path, report: Report) -> bool:
    report.executions += 1
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, MOST_S)
    try:
        gave = target.read(data, folder)
        report.gave += gave
    except PapercardsError as error:
        str(error).encode()
        report.refused += 1
    except _TooSlow:
        report.slow.append(data)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [one for one in frames if "/papercards/" in one.filename] or list(frames)
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}"
        report.foreign.setdefault(re.sub(r"\d+", "N", f"{type(error).__name__} at {place}"), data)
        if os.environ.get("PAPERCARDS_FUZZ_TRACE"):
            traceback.print_exc()
    else:
        return gave
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        report.worst_s = max(report.worst_s, time.process_time() - begin)
    return False


def main() -> None:
    """Fuzz one reader and say what came of it."""
    reader, seconds = sys.argv[1], float(sys.argv[2])
    report = fuzz(reader, seconds, int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30))
    if keep := os.environ.get("PAPERCARDS_FUZZ_KEEP"):
        for number, data in enumerate([*report.foreign.values(), *report.slow]):
            Path(keep, f"{reader.replace(' ', '-')}-{number}.bin").write_bytes(data)
    shown = {name: getattr(report, name) for name in ("reader", "executions", "gave", "refused", "added_mb")}
    shown |= {"foreign": list(report.foreign), "slow": len(report.slow), "worst_s": round(report.worst_s, 2)}
    print(json.dumps(shown))  # noqa: T201


if __name__ == "__main__":
    main()
