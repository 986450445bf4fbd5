"""Reads and checks label sets in YAML, each label with its definition.

A taxonomy file has the groups `tasks`, `modalities`, `contributions`, `claim_kinds` and `artifact_status`; a
group maps ids to definitions, or names of sub-groups to such maps, and is the shipped one if it is left out.
`sizes` may say how many labels a paper gets (`tasks: [1, 3]`). Faults are reported with their lines.

Knows no papers and no models.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import yaml

from .errors import UsageError
from .text.spans import digest

LABEL_FIELDS = ("tasks", "modalities", "contributions")
"""The fields of a card that hold a list of labels."""

STATUSES = ("released", "promised", "not-stated")
"""The statuses of code, data and weights; their meaning is fixed by the card, not by the file."""

_SHIPPED = "ml-papers"
GROUPS = (*LABEL_FIELDS, "claim_kinds", "artifact_status")
_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Size:
    """Minimum and maximum number of labels per paper."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The labels that a card can have, in the order of the file, which has no meaning."""

    name: str
    labels: Mapping[str, Mapping[str, str]]
    """Group to id to definition; the groups are `GROUPS`."""
    groups: Mapping[str, Mapping[str, str]]
    """Group to id to the name of its sub-group, `""` for none."""
    sizes: Mapping[str, Size]
    """Sizes of each of `LABEL_FIELDS`."""
    version: str
    """Version: `name@` and eight hex digits of the content's SHA-256."""

    def __hash__(self) -> int:
        return hash(self.version)

    def ids(self, group: str) -> tuple[str, ...]:
        """The label ids of a group."""
        return tuple(self.labels[group])

    @property
    def claim_kinds(self) -> tuple[str, ...]:
        """The ids of the claim kinds."""
        return self.ids("claim_kinds")


def load(path: Path) -> Taxonomy:
    """Read and check a taxonomy file. Raises UsageError with every fault's line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot read the taxonomy: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise UsageError("the taxonomy is not UTF-8 text", where=str(path)) from error
    return parse(text, name=path.stem, where=str(path))


def shipped_file() -> str:
    """The text of the taxonomy file shipped with papercards."""
    return (resources.files("papercards.prompts") / "taxonomies" / f"{_SHIPPED}.yaml").read_text(
        encoding="utf-8"
    )


@cache
def shipped() -> Taxonomy:
    """The taxonomy shipped with papercards."""
    return parse(shipped_file(), name=_SHIPPED, where=_SHIPPED)


def parse(text: str, *, name: str, where: str) -> Taxonomy:
    """Check the text of a taxonomy file. Raises UsageError with every fault's line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"not YAML: {error.problem}", where=f"{where}:{line}") from error
    except RecursionError as error:
        raise UsageError("is nested too deeply", where=where) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise UsageError(f"not YAML: {error}", where=where) from error
    faults: list[str] = []
    sections = _mapping(root, "the file", faults) if root is not None else {}
    labels: dict[str, Mapping[str, str]] = {}
    groups: dict[str, Mapping[str, str]] = {}
    for key, node in sections.items():
        if key in GROUPS:
            labels[key], groups[key] = _labels(key, node, faults)
        elif key not in ("version", "sizes", "name"):
            faults.append(f"line {node.start_mark.line + 1}: unknown section {key}")
    if not faults and (left_out := [group for group in GROUPS if group not in labels]):
        if where == _SHIPPED or not labels:
            faults += [f"section {group} is missing" for group in left_out]
        else:
            labels |= {group: shipped().labels[group] for group in left_out}
            groups |= {group: shipped().groups[group] for group in left_out}
    sizes = _sizes(sections.get("sizes"), labels, faults)
    if "artifact_status" in labels and set(labels["artifact_status"]) != set(STATUSES):
        faults.append(f"artifact_status must have the ids {', '.join(STATUSES)} and no others")
    if faults:
        raise UsageError("; ".join(faults), where=where, next_step="Fix the file and try again")
    named = sections.get("name")
    name = named.value if isinstance(named, yaml.ScalarNode) else name
    content = [name]
    for group in GROUPS:
        content += [group, *(part for item in labels[group].items() for part in item)]
    content += [f"{size.least}-{size.most}" for size in sizes.values()]
    return Taxonomy(
        name=name,
        labels=MappingProxyType(labels),
        groups=MappingProxyType(groups),
        sizes=MappingProxyType(sizes),
        version=f"{name}@{digest(*content)[:8]}",
    )


def _mapping(node: yaml.Node, what: str, faults: list[str]) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        meant = (
            "sections to labels, as papercards taxonomy init prints"
            if what == "the file"
            else ('labels to definitions, such as "battery: electrode materials"')
        )
        faults.append(f"line {node.start_mark.line + 1}: {what} must map {meant}")
        return {}
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            faults.append(f"line {line}: a name must be plain text")
        elif key.value in found:
            faults.append(f"line {line}: {key.value} is given twice")
        else:
            found[key.value] = value
    return found


def _labels(group: str, node: yaml.Node, faults: list[str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    means: dict[str, str] = {}
    belongs: dict[str, str] = {}

    def add(name: str, value: yaml.Node, subgroup: str) -> None:
        line = value.start_mark.line + 1
        if not _ID.fullmatch(name):
            faults.append(f'line {line}: "{name}" is not a valid id: use a-z, 0-9, ".", "_" and "-"')
        elif name in means:
            faults.append(f"line {line}: {name} is given twice in {group}")
        elif not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            faults.append(f"line {line}: {name} has no definition")
        else:
            means[name] = " ".join(value.value.split())
            belongs[name] = subgroup

    for name, value in _mapping(node, group, faults).items():
        if isinstance(value, yaml.MappingNode):
            for inner, definition in _mapping(value, name, faults).items():
                add(inner, definition, name)
        else:
            add(name, value, "")
    if not means:
        faults.append(f"line {node.start_mark.line + 1}: {group} has no labels")
    return MappingProxyType(means), MappingProxyType(belongs)


def _sizes(
    node: yaml.Node | None, labels: Mapping[str, Mapping[str, str]], faults: list[str]
) -> dict[str, Size]:
    given = _mapping(node, "sizes", faults) if node is not None else {}
    sizes: dict[str, Size] = {}
    for field in LABEL_FIELDS:
        available = len(labels.get(field, {})) or 3
        sizes[field] = Size(1, min(3, available))
        if field not in given:
            continue
        line = given[field].start_mark.line + 1
        try:
            value = yaml.safe_load(yaml.serialize(given[field]))
        except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
            value = None
        if (
            not isinstance(value, list)
            or len(value) != 2
            or not all(isinstance(end, int) and not isinstance(end, bool) for end in value)
            or not 0 <= value[0] <= value[1]
            or value[1] < 1
        ):
            faults.append(f"line {line}: the size of {field} must be [least, most], as in [1, 3]")
            continue
        if value[1] > available:
            faults.append(f"line {line}: {field} has only {available} labels, not {value[1]}")
        sizes[field] = Size(value[0], value[1])
    faults += [f"sizes has an unknown field {name}" for name in given if name not in LABEL_FIELDS]
    return sizes
