"""Shapes of other label formats, and how to read a row of each.

A shape covers only some fields: the others are not scored (`fields` of a label record), and `omit` names the
figures that it does not support. A new shape is a class with the members of `Shape` and a line in `SHAPES`.
Knows rows and mappings; knows no files, models or cards.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol, get_args

from papercards.card import Status
from papercards.errors import BadInput, UsageError
from papercards.taxonomy import STATUSES, Taxonomy

from ...text.wording import did_you_mean
from ..label_file import ARTIFACTS, LabelledClaim, Reading

Row = Mapping[str, Any]
"""One line of the source: a cell of a CSV file is text, that of a JSON file any JSON value."""

_COMMON = ("shape", "columns", "split", "splits")
_NOTHING = Reading("", (), (), (), (), "not-stated", "not-stated", "not-stated", None)


@dataclass(frozen=True, slots=True)
class Reader:
    """A row with its position, read by the names of the mapping's `columns`."""

    row: Row
    columns: Mapping[str, str]
    where: str

    def has(self, name: str) -> bool:
        """Whether the mapping names this column and the row fills it."""
        return self.row.get(self.columns.get(name, "")) not in (None, "")

    def text(self, name: str) -> str:
        """The cell as text without surrounding white space. Raises BadInput if it is empty or a list."""
        value = self._cell(name)
        if isinstance(value, list | dict):
            raise BadInput(f'"{self.columns[name]}" is not text', where=self.where)
        return str(value).strip()

    def texts(self, name: str, separator: str = "") -> list[str]:
        """The cell as a list of texts: a JSON list, or text cut at the separator if there is one."""
        value = self._cell(name)
        if isinstance(value, str) and separator:
            value = [part.strip() for part in value.split(separator) if part.strip()]
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise BadInput(f'"{self.columns[name]}" is not a list of texts', where=self.where)
        return [str(part) for part in value]

    def _cell(self, name: str) -> Any:
        column = self.columns.get(name, name)
        if not self.has(name):
            raise BadInput(f'the row has no "{column}"', where=self.where)
        return self.row[column]


@dataclass(frozen=True, slots=True)
class Given:
    """The content of one row."""

    reading: Reading
    abstract: str | None
    """The abstract; None to use the column `abstract`, or if the paper comes from another source."""
    silent: bool = False
    """Whether the row has no scorable label."""


class Shape(Protocol):
    """One shape of a label file, configured by its mapping."""

    scored: tuple[str, ...]
    """The fields of `score.FIELDS` that the source covers."""
    omit: tuple[str, ...]
    """Figures of these fields that the source does not support, such as `tasks.main_accuracy`."""

    def read(self, row: Reader) -> Given:
        """Read a row. Raises BadInput with the row's position."""


class SentenceRoles:
    """One role per sentence, as in CSAbstruct and PubMed RCT (`shape: sentence-roles`).

    `roles` maps a role to a claim kind, or to null for no claim. With a column `abstract` the sentences are
    looked up in it in order; without, they make the abstract, joined by spaces.
    """

    scored: tuple[str, ...] = ("claims",)
    omit: tuple[str, ...] = ("claims.kind_accuracy",)

    def __init__(self, given: Row, taxonomy: Taxonomy, where: str, unmapped: dict[str, int]) -> None:
        roles = given.get("roles")
        if not isinstance(roles, dict) or not roles:
            raise UsageError('"roles" must map roles to claim kinds or null', where=where)
        self._roles = {str(role): kind for role, kind in roles.items()}
        kinds = {kind for kind in self._roles.values() if kind is not None}
        _known(kinds, taxonomy, "claim_kinds", where)
        if len(kinds) > 1:
            # Roles that tell several kinds apart can be held to them.
            self.omit = ()
        _no_others(given, ("roles",), where)

    def read(self, row: Reader) -> Given:
        """Claims at the sentences whose role has a kind."""
        sentences = row.texts("sentences")
        roles = row.texts("labels")
        if len(sentences) != len(roles):
            raise BadInput(f"{len(sentences)} sentences and {len(roles)} labels", where=row.where)
        abstract = str(row.row[row.columns["abstract"]]) if row.has("abstract") else " ".join(sentences)
        claims = []
        position = 0
        for sentence, role in zip(sentences, roles, strict=True):
            start = abstract.find(sentence, position)
            if start < 0:
                raise BadInput(
                    f'the abstract does not contain "{sentence[:40]}" at this position', where=row.where
                )
            position = start + len(sentence)
            if role not in self._roles:
                raise BadInput(f'the mapping has no role "{role}"', where=row.where)
            kind = self._roles[role]
            if kind is not None and sentence.strip():
                claims.append(LabelledClaim(start, position, kind))
        return Given(replace(_NOTHING, claims=tuple(claims)), abstract)


class Keywords:
    """Keywords of a paper, mapped to tasks (`shape: keywords`).

    `keywords` maps a keyword, ignoring case, to a task; unmapped keywords are skipped and counted. Authors
    list keywords in no order and omit some: see `omit`, and do not rely on the precision.
    """

    scored: tuple[str, ...] = ("tasks",)
    omit: tuple[str, ...] = ("tasks.main_accuracy",)

    def __init__(self, given: Row, taxonomy: Taxonomy, where: str, unmapped: dict[str, int]) -> None:
        table = texts(given.get("keywords"), "keywords", where)
        _known(set(table.values()), taxonomy, "tasks", where)
        self._tasks = {word.casefold().strip(): task for word, task in table.items()}
        self._separator = str(given.get("separator", ";"))
        self._unmapped = unmapped
        _no_others(given, ("keywords", "separator"), where)

    def read(self, row: Reader) -> Given:
        """The tasks of the keywords, each once."""
        tasks = []
        for word in row.texts("keywords", self._separator) if row.has("keywords") else []:
            task = self._tasks.get(word.casefold().strip())
            if task is None:
                self._unmapped[word] = self._unmapped.get(word, 0) + 1
            elif task not in tasks:
                tasks.append(task)
        return Given(replace(_NOTHING, tasks=tuple(tasks)), None, silent=not tasks)


class Stated:
    """Whether code, data or weights are stated to be available (`shape: stated`).

    `columns` names the columns of one or more of `code`, `data`, `weights`; `values` maps their cells,
    ignoring case, to a status.
    """

    omit: tuple[str, ...] = ()

    def __init__(self, given: Row, taxonomy: Taxonomy, where: str, unmapped: dict[str, int]) -> None:
        columns = texts(given.get("columns", {}), "columns", where)
        self.scored = tuple(name for name in ARTIFACTS if name in columns)
        if not self.scored:
            raise UsageError(f'"columns" must name at least one of {", ".join(ARTIFACTS)}', where=where)
        self._values: dict[str, Status] = {}
        for word, status in texts(given.get("values"), "values", where).items():
            for known in get_args(Status):
                if status == known:
                    self._values[word.casefold().strip()] = known
                    break
            else:
                raise UsageError(f'"{status}" is not one of {", ".join(STATUSES)}', where=where)
        if set(self._values.values()) <= {"not-stated", "released"}:
            # A source of yes and no cannot tell a promise from a release.
            self.omit = tuple(f"{name}.accuracy" for name in self.scored)
        _no_others(given, ("values",), where)

    def read(self, row: Reader) -> Given:
        """The statuses that the row has; an empty cell is a fault, since it is no answer."""
        found: dict[str, Status] = {}
        for name in self.scored:
            word = row.text(name)
            if word.casefold() not in self._values:
                raise BadInput(f'the mapping has no value "{word}" for {name}', where=row.where)
            found[name] = self._values[word.casefold()]
        return Given(
            replace(
                _NOTHING,
                code=found.get("code", "not-stated"),
                data=found.get("data", "not-stated"),
                weights=found.get("weights", "not-stated"),
            ),
            None,
        )


SHAPES: Mapping[str, Callable[[Row, Taxonomy, str, dict[str, int]], Shape]] = MappingProxyType(
    {"sentence-roles": SentenceRoles, "keywords": Keywords, "stated": Stated}
)
"""Shapes by their name in the mapping. Called with the mapping, the taxonomy, the mapping's path for
messages, and a dict that counts unmapped values.
"""


def choose(given: Row, taxonomy: Taxonomy, where: str, unmapped: dict[str, int]) -> Shape:
    """The shape of a mapping, configured by it. Raises UsageError for a fault in the mapping."""
    name = given.get("shape")
    if not isinstance(name, str) or name not in SHAPES:
        raise UsageError(f'"shape" must be one of {", ".join(SHAPES)}', where=where)
    return SHAPES[name](given, taxonomy, where, unmapped)


def texts(value: object, name: str, where: str) -> dict[str, str]:
    """A part of a mapping that maps names to names. Raises UsageError for anything else."""
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise UsageError(f'"{name}" must map names to names', where=where)
    return {str(key): str(item) for key, item in value.items()}


def _known(labels: Iterable[object], taxonomy: Taxonomy, group: str, where: str) -> None:
    for label in sorted(str(label) for label in labels):
        if label not in taxonomy.labels[group]:
            raise UsageError(
                f'"{label}" is not one of the {group} of the taxonomy {taxonomy.name}',
                where=where,
                next_step=did_you_mean(label, taxonomy.ids(group)),
            )


def _no_others(given: Row, own: tuple[str, ...], where: str) -> None:
    odd = sorted(set(given) - {*_COMMON, *own})
    if odd:
        near = did_you_mean(odd[0], [*_COMMON, *own])
        raise UsageError(f'unknown name "{odd[0]}"', where=where, next_step=near)
