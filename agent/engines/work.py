"""What travels between the processes of a cluster: papers, and what a worker needs to make their cards.

Papers go as bytes that any process of the run can read; they come from this run's own processes only, which
is what Ray itself trusts.

Knows papers and settings. Knows no engine.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..configuration.settings import Settings
from ..id_set import mark
from ..model.keys import needed
from ..paper import Paper
from ..publication import Publication
from ..sources import BadRecord
from ..taxonomy import shipped

if TYPE_CHECKING:
    from ..fields.spec import FieldSet
    from ..model.cache import Cache
    from ..model.catalogue import Model
    from ..model.leases import Renew
    from ..reading.reader import Reader
    from ..runs.resources import Resources
    from ..taxonomy import Taxonomy

Record = Paper | BadRecord
RECORD = "record"
"""Column of packed records."""


def packed(record: Record) -> bytes:
    """A record as bytes."""
    if isinstance(record, BadRecord):
        return pickle.dumps((record.where, record.reason, record.without_abstract))
    told = record.told() if record.told is not None else None
    also = record.also() if record.also is not None else None
    one = record
    return pickle.dumps(
        (one.id, one.title, one.abstract, one.where, one.url, one.sections, one.flags, told, also)
    )


def unpacked(content: bytes) -> Record:
    """The record again; its publication says the same."""
    parts = pickle.loads(content)  # noqa: S301  made by `packed` in a process of this run
    if len(parts) == 3:
        return BadRecord(*parts)
    name, title, abstract, where, url, sections, flags, told, also = parts
    says = None if told is None else partial(_same, told)
    names = None if also is None else partial(_same_ids, also)
    return Paper(name, title, abstract, where, url, sections, flags, says, names)


def records_of(rows: Mapping[str, Any], columns: Mapping[str, str] | None) -> Iterator[Record]:
    """The records of a block: packed ones, or papers whose parts are in these columns."""
    if columns is None:
        yield from map(unpacked, rows[RECORD])
        return
    titles, abstracts = rows[columns["title"]], rows[columns["abstract"]]
    ids = rows[columns["id"]] if "id" in columns else [None] * len(titles)
    for title, abstract, own in zip(titles, abstracts, ids, strict=True):
        if title and abstract:
            yield Paper.of(str(title), str(abstract), id=None if own is None else str(own))
        else:
            yield BadRecord("", f"has no {'title' if not title else 'abstract'}")


def _same(told: Publication) -> Publication:
    return told


def _same_ids(also: tuple[str, ...]) -> tuple[str, ...]:
    return also


def row_mark(paper: Paper) -> int:
    """The 64-bit id of a paper's row; entries of a library count by their citation keys, too."""
    key = paper.publication.citation_key if paper.told is not None else None
    return mark(f"{paper.id}\n{key}" if key else paper.id)


def batch_mark(marks: Iterable[int]) -> int:
    """The 64-bit id of a batch, from the ids of its rows."""
    return int.from_bytes(blake2b(b"".join(one.to_bytes(8) for one in marks), digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a worker makes cards with: the settings of the run, and what their files held on the driver."""

    settings: Settings
    variables: Mapping[str, str] = field(repr=False)
    """Keys by the names of their variables; they go to the workers and into no log."""
    taxonomy: "Taxonomy | None"
    """None for the shipped one."""
    fields: "FieldSet"
    tuned: bytes | None

    @classmethod
    def of(cls, resources: "Resources", model: "Model", chosen: Settings) -> "Recipe":
        """The recipe of a run with these resources on the driver and these settings for the workers.

        Raises OSError if a file cannot be read.
        """
        tuned = Path(chosen.tuned).read_bytes() if chosen.tuned else None
        plain = replace(
            chosen,
            taxonomy=None,
            fields=None,
            only=None,
            tuned=None,
            cache_dir=None,
            providers=dict(chosen.providers),
            endpoint=dict(chosen.endpoint),
            pool=tuple(map(dict, chosen.pool)),
        )
        variables = needed(model, resources.surroundings.variables, chosen.pool)
        given = resources.taxonomy
        return cls(
            plain, variables, None if given.version == shipped().version else given, resources.fields, tuned
        )

    def open(
        self, say: Callable[[str], None], leases: "Renew", cache: "Cache | None"
    ) -> "tuple[Resources, Model, Reader]":
        """What a worker reads with; the resources are to be closed."""
        from ..runs.connections import Surroundings
        from ..runs.resources import Resources, choose_model

        with TemporaryDirectory(prefix="papercards-") as folder:
            chosen = self.settings
            if self.tuned is not None:
                layer = Path(folder) / "tuned.json"
                layer.write_bytes(self.tuned)
                chosen = replace(chosen, tuned=str(layer))
            resources = Resources(
                chosen, Surroundings(self.variables, say, leases=leases), self.taxonomy, cache
            )
            resources.fields = self.fields
            model = choose_model(chosen)
            return resources, model, resources.reader(model)
