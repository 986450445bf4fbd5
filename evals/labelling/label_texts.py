"""Fetches the texts of labels that ship without them, from arXiv or a given source, checked by hash.

A label file with hashes says of each record which title and abstract were labelled. What comes is kept as a
label file of its own, with the texts in it, and rewritten after every hundred papers, so that a fetch that is
cut off goes on where it stopped. A text that is not the one that was labelled is named and left out.

Knows label files and sources. Knows no models.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import platformdirs

from papercards.errors import BadInput
from papercards.paper import Paper
from papercards.sinks.files import refuse, write_lines
from papercards.sources import BadRecord, Options, open_source

from ..label_file import ARXIV_DEV, ARXIV_TRAIN, Labelled, folded, lines_of, read_labels, text_hash

AT_ONCE = 100
"""Papers that are asked for in one request."""

SHIPPED = {path.stem: path for path in (ARXIV_TRAIN, ARXIV_DEV)}
"""Label files that come with the package without their texts, by name."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Result of a fetch."""

    there: int
    """Records with a text."""
    new: int
    """Texts that were downloaded in this call."""
    changed: tuple[str, ...]
    """Ids of papers whose title or abstract is not the one that was labelled."""
    missing: tuple[str, ...]
    """Ids of which no text came, each with the reason: `arxiv:2401.00001: not found on arXiv`."""


def texts_path(name: str) -> Path:
    """Path of the texts of a shipped label file, in the user's cache directory."""
    return platformdirs.user_cache_path("papercards") / "labels" / f"{name}.jsonl"


def label_file(given: Path) -> Path:
    """The file that a word names: itself, or for the name of a shipped one, where its texts are kept.

    Raises BadInput where those were not fetched.
    """
    name = str(given)
    if name not in SHIPPED or given.exists():
        return given
    path = texts_path(name)
    if not path.exists():
        raise BadInput(
            "the texts of these labels are missing",
            where=name,
            next_step=f"Run: papercards eval labels fetch {name}",
        )
    return path


def with_texts(labels: Path) -> tuple[Labelled, ...] | None:
    """The labels of a shipped file with their texts; None if the texts were not downloaded."""
    path = texts_path(labels.stem)
    return read_labels(path) if path.exists() else None


def fetch(
    labels: Path,
    target: Path,
    options: Options,
    *,
    source: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> Fetched:
    """Write the records of `labels` with title and abstract to `target`, those first that it has already.

    Without `source`, arXiv is asked for each missing id. Raises BadInput for a record without a hash,
    and where nothing can be had from the source; what came before is kept.
    """
    lines = {item.id: json.loads(line) for item, line in _records(labels)}
    hashes = {name: str(record["sha256"]) for name, record in lines.items()}
    texts = {name: text for name, text in _kept(target) if _fits(text, hashes.get(name))}
    before, changed, missing = len(texts), list[str](), list[str]()
    wanted = [name for name in lines if name not in texts]
    for some in _asked(wanted, source, options):
        for name, found in some:
            if isinstance(found, str):
                missing.append(f"{name}: {found}")
            elif _fits(found, hashes[name]):
                texts[name] = found
            else:
                changed.append(name)
        _write(target, lines, texts)
        say(f"{len(texts):,} of {len(lines):,} texts")
    return Fetched(len(texts), len(texts) - before, tuple(changed), tuple(missing))


Text = tuple[str, str]
"""Title and abstract."""


def _records(labels: Path) -> Iterator[tuple[Labelled, str]]:
    for item, (_, line) in zip(read_labels(labels), lines_of(labels), strict=True):
        if item.sha256 is None:
            raise BadInput("the record has no sha256", where=item.where)
        yield item, line


def _kept(target: Path) -> Iterator[tuple[str, Text]]:
    if target.exists():
        for item in read_labels(target):
            if item.abstract is not None:
                yield item.id, (item.title, item.abstract)


def _fits(text: Text, sha256: str | None) -> bool:
    return text_hash(*text) == sha256


def _asked(wanted: list[str], source: str | None, options: Options) -> Iterator[list[tuple[str, Text | str]]]:
    """What comes for each id, a hundred at a time: its text, or why there is none."""
    if source is not None:
        have = {one.id: (one.title, one.abstract) for one in _papers(open_source(source, options))}
        yield [(name, have.get(name, f"not found in {source}")) for name in wanted]
        return
    names = iter(wanted)
    while some := list(islice(names, AT_ONCE)):
        records = open_source(",".join(some), replace(options, limit=None))
        found: dict[str, Text | str] = {}
        for record in records:
            if isinstance(record, Paper):
                found[record.id] = (record.title, record.abstract)
            else:
                found[record.where] = record.reason
        yield [(name, found.get(name, "not found on arXiv")) for name in some]


def _papers(records: Iterable[Paper | BadRecord]) -> Iterator[Paper]:
    return (record for record in records if isinstance(record, Paper))


def _write(target: Path, lines: dict[str, dict[str, Any]], texts: dict[str, Text]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(target, error)
    there = ((record, map(folded, texts[name])) for name, record in lines.items() if name in texts)
    records = ({**record, "title": title, "abstract": abstract} for record, (title, abstract) in there)
    write_lines(target, (json.dumps(record, ensure_ascii=False) for record in records))
