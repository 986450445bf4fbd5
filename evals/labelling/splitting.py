"""Assigns labelled papers to train, dev and test.

Papers are laid out by main task, in a random order within each, and dealt along that line to whichever split
is furthest behind its share. So every split gets its share of every task, as far as possible, and of the rare
tasks together (systematic sampling with implicit stratification; Cochran 1977, chapter 8). Near-duplicates
stay together. The order within a task is a hash of seed and id, so the same file and seed always give the
same splits.

Knows no models.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from papercards.errors import BadInput, UsageError
from papercards.paper import Paper
from papercards.sinks.files import write_lines

from ..label_file import Known, lines_of, shuffled
from .duplicates import groups

SHARES: Mapping[str, float] = MappingProxyType({"train": 0.35, "dev": 0.35, "test": 0.3})
"""Default share of the papers for each split."""


@dataclass(frozen=True, slots=True)
class Item:
    """The data that decides the split of a paper."""

    id: str
    stratum: str
    """Main task of the paper."""
    title: str
    abstract: str | None = None
    split: str | None = None
    """Existing split, which is kept; None if there is none yet."""


def assign(items: Iterable[Item], *, shares: Mapping[str, float] = SHARES, seed: int = 0) -> dict[str, str]:
    """The split of every item, by id.

    An item that has a split keeps it and counts for it; its near-duplicates join it, in the split that a
    model sees first (by the order of `shares`) where they are in several. Shares need not add up to 1. Raises
    UsageError for a share that is not positive.
    """
    if not shares or min(shares.values()) <= 0:
        raise UsageError("every split needs a share above 0")
    whole = sum(shares.values())
    wanted = {name: share / whole for name, share in shares.items()}
    every = list(items)
    clusters = [
        sorted((every[place] for place in places), key=lambda item: item.id)
        for places in groups([(item.title, item.abstract) for item in every])
    ]
    chosen: dict[str, str] = {}
    filled: Counter[str] = Counter()
    free = []
    for cluster in clusters:
        kept = {item.split for item in cluster if item.split is not None}
        if not kept:
            free.append(cluster)
            continue
        first = min(kept, key=lambda name: list(wanted).index(name) if name in wanted else len(wanted))
        filled[first] += len(cluster)
        chosen.update((item.id, first) for item in cluster)
    frequency = Counter(cluster[0].stratum for cluster in free)
    free.sort(
        key=lambda cluster: (
            -frequency[cluster[0].stratum],
            cluster[0].stratum,
            shuffled(seed, cluster[0].id),
        )
    )
    for cluster in free:
        after = sum(filled.values()) + len(cluster)
        best = max(wanted, key=lambda name: wanted[name] * after - filled[name])
        filled[best] += len(cluster)
        chosen.update((item.id, best) for item in cluster)
    return chosen


def split_file(
    path: Path,
    out: Path,
    *,
    papers: Iterable[Paper] = (),
    shares: Mapping[str, float] = SHARES,
    seed: int = 0,
    again: bool = False,
) -> dict[str, int]:
    """Rewrite a label file with a split for every record; returns the number of papers in each split.

    Records that have a split keep it unless `again`; those without one (which no other command reads) get
    theirs here. All else stays as it is, in the same order. Abstracts of `papers`, by id or title, serve to
    find near-duplicates. `out` may be `path`: it is replaced when whole. Raises BadInput with the line of a
    record that cannot be read, and StorageError if the result cannot be written.
    """
    known = Known(papers)
    records = []
    items: dict[str, Item] = {}
    for where, record in _records(path):
        item = _item(record, where, known, set(shares), again)
        if item.id in items:
            raise BadInput(f"duplicate of the paper {item.id}", where=where)
        items[item.id] = item
        records.append((item.id, record))
    chosen = assign(items.values(), shares=shares, seed=seed)
    lines = (json.dumps(_placed(record, chosen[name]), ensure_ascii=False) for name, record in records)
    write_lines(out, lines)
    return {name: list(chosen.values()).count(name) for name in shares}


def _records(path: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    for where, line in lines_of(path):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"not JSON: {error.msg}", where=where) from error
        except (ValueError, RecursionError) as error:
            raise BadInput(f"not JSON: {error}", where=where) from error
        if not isinstance(record, dict):
            raise BadInput("not a label record: not a JSON object", where=where)
        yield where, record


def _item(record: dict[str, Any], where: str, known: Known, splits: set[str], again: bool) -> Item:
    name, title, split = record.get("id"), record.get("title"), record.get("split")
    if not isinstance(name, str) or not isinstance(title, str) or not name or not title:
        raise BadInput("not a label record: it needs an id and a title", where=where)
    if split is not None and split not in splits and not again:
        raise BadInput(
            f"{split!r} is not one of the splits {', '.join(sorted(splits))}",
            where=where,
            next_step="Fix it, or reassign all papers with --again",
        )
    try:
        stratum = str(record["labels"][0]["tasks"][0])
    except (KeyError, IndexError, TypeError):
        stratum = ""
    abstract = record.get("abstract")
    if not isinstance(abstract, str):
        paper = known.paper(name, title)
        abstract = paper.abstract if paper is not None else None
    return Item(name, stratum, title, abstract, None if again else split)


def _placed(record: dict[str, Any], split: str) -> dict[str, Any]:
    if "split" in record:
        return {**record, "split": split}
    head = {"id": record["id"], "title": record["title"], "split": split}
    return head | record
