"""Deals the papers of a run to several machines, by a hash of their ids.

`3/8` is the third of eight parts. The same paper is in the same part wherever it stands, so that duplicates
meet; each part keeps the order of the source.

Knows papers and file names. Knows no run.
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

from ..errors import UsageError
from ..paper import Paper
from ..sources import BadRecord
from .same_paper import SamePapers

MOST = 10_000
"""Maximum number of parts."""

_WRITTEN = re.compile(r"([1-9]\d{0,4})/([1-9]\d{0,4})")
_NAMED = re.compile(r"(.+)\.part-([1-9]\d{0,4})-of-([1-9]\d{0,4})")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of several."""

    number: int
    """From 1."""
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The part written as `3/8`. Raises UsageError for anything else."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None or not int(found[1]) <= int(found[2]) <= MOST:
            raise UsageError(
                f'--part takes K/N with K from 1 to N, at most {MOST}, not "{text}"',
                next_step="Give --part 1/4 for the first of four parts",
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def deal(
        self, records: Iterable[Paper | BadRecord], *, by_id_only: bool = False
    ) -> Iterator[Paper | BadRecord]:
        """The records of this part; all records of one paper are in that of the first (`SamePapers`)."""
        same, parts = SamePapers(by_id_only=by_id_only), array("H")
        for record in records:
            number = part_of(record, self.of)
            if isinstance(record, Paper):
                earlier, _ = same.add(record)
                if earlier is None:
                    parts.append(number)
                else:
                    number = parts[earlier]
            if number == self.number:
                yield record

    def path(self, output: Path) -> Path:
        """`cards.part-3-of-8.jsonl` for `cards.jsonl`."""
        return output.with_name(f"{output.stem}.part-{self.number}-of-{self.of}{output.suffix}")


def part_of(record: Paper | BadRecord, parts: int) -> int:
    """Number of the part, from 1, that a record belongs to."""
    name = record.id if isinstance(record, Paper) else record.where
    digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % parts + 1


def parts_of(output: Path) -> dict[Part, Path]:
    """The files beside an output that are parts of it."""
    found = {}
    for path in output.parent.glob(f"*{output.suffix}"):
        named = _NAMED.fullmatch(path.stem)
        if named is not None and named[1] == output.stem:
            found[Part(int(named[2]), int(named[3]))] = path
    return found
