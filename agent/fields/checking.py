"""Checks the YAML nodes of a fields file, and makes the fields of them.

Every mistake is noted with its line and a remedy, and the reading goes on.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast, get_args

import yaml

from ..card import NOT_STATED, FieldType
from ..taxonomy import Size
from .spec import SHIPPED, TYPES, Demand, Field, FieldSet

RESERVED = frozenset(
    (
        "id citation_key title authors year venue url tldr main_task main_task_confidence claims links "
        "flags model prompt taxonomy created calls prompt_tokens completion_tokens cost_usd seconds "
        "candidates date arxiv_id doi categories keywords pdf_url source status reproducibility provenance "
        "publication fields number paper card sentence aliases tags confidence citekey arxiv"
    ).split()
)
"""Names that cards and tables have already."""

_TOP = ("name", "version", "shipped", "fields")
_KEYS = ("type", "question", "options", "size", "unit", "evidence", "from", "when", "of")
_ONLY = {"options": ("label", "labels"), "size": ("labels",), "unit": ("quantity",), "of": ("list",)}
"""Keys that belong to some types."""
_NEEDED = {
    "label": ("options", "Add options: with id: definition, one on a line"),
    "labels": ("options", "Add options: with id: definition, one on a line"),
    "quantity": ("unit", "Add unit: such as mg, or use type: number"),
    "list": ("of", "Add of: with the fields of each record"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OPTION = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_ENDINGS = ("_sentence", "_unit", "_evidence", "_high")
_LONGEST = 2000
_MOST_FIELDS = 60
_MOST_OPTIONS = 250
_EVIDENCE: tuple[Demand, ...] = get_args(Demand)
_WRITTEN = ("number", "quantity", "date", "list")
_TRUTH = {"true": "yes", "on": "yes", "false": "no", "off": "no"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a fields file."""

    line: int
    """From 1."""
    what: str
    remedy: str


class Reading:
    """One file being read, with the mistakes so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._keys: dict[int, yaml.Node] = {}
        """The names of fields, by the identity of what stands below them."""
        self._whens: dict[str, yaml.Node] = {}

    def whole(self, root: yaml.Node | None, name: str) -> FieldSet:
        """The fields of a file, as far as they are right."""
        if root is None:
            self._fault(None, "the file is empty", "Start from one of papercards fields init")
            return FieldSet()
        top = self._mapping(root, "the file", _TOP)
        title = self._scalar(top.get("name"), "name") or name
        shipped = self._shipped(top.get("shipped"))
        node = top.get("fields")
        if node is None:
            self._fault(root, "there is no fields section", "Add fields: and below it a name for each")
            return FieldSet()
        given = self._mapping(node, "fields")
        if len(given) > _MOST_FIELDS:
            self._fault(node, f"{len(given)} fields are too many for one request", f"Keep {_MOST_FIELDS}")
        if not given and isinstance(node, yaml.MappingNode) and shipped in ((), SHIPPED):
            self._fault(
                node, "fields is empty", "Name a field below it, or some of the card's own in shipped"
            )
        own = [self._field(key, value, names=given) for key, value in given.items()]
        fields = tuple(one for one in own if one is not None)
        self._conditions(fields, shipped)
        return FieldSet(title, shipped, fields)

    def _fault(self, node: yaml.Node | None, what: str, remedy: str) -> None:
        self.faults.append(Fault(node.start_mark.line + 1 if node is not None else 1, what, remedy))

    def _mapping(self, node: yaml.Node, what: str, known: tuple[str, ...] = ()) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"{what} must have names with values", "Write name: value, one on a line")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(key, f"a name in {what} must be plain text", "Write name: value")
            elif key.value in found:
                self._fault(key, f'"{key.value}" is given twice in {what}', "Delete or rename one of them")
            elif known and key.value not in known:
                self._fault(key, f'"{key.value}" is no part of {what}', _instead(key.value, known))
            else:
                found[key.value] = value
                self._keys[id(value)] = key
        return found

    def _scalar(self, node: yaml.Node | None, what: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip() or node.tag.endswith(":null"):
            self._fault(node, f"{what} has no text", f"Write {what}: and its text on one line")
            return None
        text = " ".join(node.value.split())
        if any(one < " " or one == "\x7f" for one in text):
            self._fault(node, f"{what} has a character that cannot be seen", "Type it again")
        elif len(text) > _LONGEST:
            self._fault(node, f"{what} has {len(text):,} characters", f"Say it in {_LONGEST:,}")
        return text

    def _texts(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        """One text, or a list of them."""
        items = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(text for item in items if (text := self._scalar(item, what)) is not None)

    def _choice(self, node: yaml.Node | None, what: str, known: tuple[str, ...]) -> str | None:
        value = self._scalar(node, what)
        if value is None or value in known:
            return value
        self._fault(node, f'{what} cannot be "{value}"', _instead(value, known))
        return None

    def _shipped(self, node: yaml.Node | None) -> tuple[str, ...]:
        names = self._texts(node, "shipped")
        if node is None or names == ("all",):
            return SHIPPED
        for name in names:
            if name not in SHIPPED and names != ("none",):
                self._fault(node, f'"{name}" is no shipped field', _instead(name, (*SHIPPED, "all", "none")))
        return tuple(name for name in SHIPPED if name in names)

    def _field(
        self, name: str, node: yaml.Node, *, names: Mapping[str, object], inner: bool = False
    ) -> Field | None:
        before = len(self.faults)
        given = self._mapping(node, name, _KEYS)
        node = self._keys[id(node)]
        whole = len(self.faults) == before
        self._check_name(name, node, inner=inner)
        type_ = self._choice(given.get("type"), f"the type of {name}", TYPES)
        question = self._scalar(given.get("question"), "question")
        if whole and "type" not in given:
            self._fault(node, f"{name} has no type", f"Add type: with one of {', '.join(TYPES)}")
        if whole and "question" not in given:
            self._fault(node, f"{name} has no question", "Add question: with what is to be answered")
        self._check_keys(name, type_, given, node if whole else None, inner=inner)
        evidence = self._choice(given.get("evidence"), f"the evidence of {name}", _EVIDENCE)
        options = self._options(name, given["options"]) if "options" in given else {}
        size = self._size(name, given.get("size"), len(options))
        unit = self._scalar(given.get("unit"), "unit")
        parts = self._parts(name, given["of"]) if "of" in given and not inner else ()
        places = self._texts(given.get("from"), "from")
        when = self._when(name, given["when"], names) if "when" in given and not inner else None
        if len(self.faults) > before or type_ is None or question is None:
            return None
        usual: Demand = "none" if inner else "required" if type_ in _WRITTEN else "optional"
        demand = cast("Demand", evidence) if evidence is not None else usual
        places = tuple(place.casefold() for place in places)
        kind = cast("FieldType", type_)
        return Field(name, kind, question, MappingProxyType(options), size, unit, demand, places, when, parts)

    def _check_name(self, name: str, node: yaml.Node, *, inner: bool) -> None:
        if not _NAME.fullmatch(name):
            other = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40]
            better = other if _NAME.fullmatch(other) else "sample_size"
            self._fault(node, f'"{name}" is no name for a field', f'Use a-z, 0-9 and "_", such as {better}')
        elif name.endswith(_ENDINGS):
            ending = name[name.rindex("_") :]
            self._fault(node, f"{name} ends as a column of its own does", f"Leave {ending} off its name")
        elif inner and name == "sentence":
            self._fault(node, "every record has a sentence of its own", "Leave sentence out, or rename it")
        elif name in SHIPPED and not inner:
            self._fault(node, f"{name} is a shipped field", "Rename it, or change its labels with --taxonomy")
        elif name in RESERVED and not inner:
            self._fault(node, f"{name} is a part of every card", f"Rename it, for instance to own_{name}")

    def _check_keys(
        self,
        name: str,
        type_: str | None,
        given: Mapping[str, yaml.Node],
        node: yaml.Node | None,
        *,
        inner: bool,
    ) -> None:
        """Check which keys there are; `node` is None where one is misspelt, and may be the one missed."""
        for key in ("evidence", "from", "when"):
            if inner and key in given:
                self._fault(
                    given[key], f"{key} belongs to the list, not to {name}", f"Move {key} to the list"
                )
        if inner and type_ in ("list", "labels"):
            self._fault(node, f"{name} lies in a list and cannot be {type_} itself", "Use a single value")
        if type_ is None:
            return
        for key, types in _ONLY.items():
            if key in given and type_ not in types:
                remedy = f"Use type: {types[0]}, or delete {key}"
                self._fault(given[key], f"{name} has type {type_}, which has no {key}", remedy)
        key, remedy = _NEEDED.get(type_, ("type", ""))
        if node is not None and key not in given:
            self._fault(node, f"{name} has type {type_}, but no {key}", remedy)

    def _options(self, name: str, node: yaml.Node) -> dict[str, str]:
        what = f"the options of {name}"
        if isinstance(node, yaml.SequenceNode):
            first = next((item.value for item in node.value if isinstance(item, yaml.ScalarNode)), "rct")
            self._fault(node, f"{what} have no definitions", f'Write "{first}: what it means", without "-"')
            return {}
        found: dict[str, str] = {}
        given = self._mapping(node, what)
        for option, means in given.items():
            if option == NOT_STATED:
                self._fault(means, f"{what} have {NOT_STATED}, which is always there", "Delete it")
            elif not _OPTION.fullmatch(option):
                self._fault(
                    means, f'"{option}" in {what} is not a valid id', 'Use a-z, 0-9, ".", "_" and "-"'
                )
            elif not isinstance(means, yaml.ScalarNode) or not means.value.strip():
                self._fault(means, f"{option} in {what} has no definition", f"Write {option}: what it means")
            else:
                found[option] = self._scalar(means, f"{option} in {what}") or ""
        entries = len(node.value) if isinstance(node, yaml.MappingNode) else 2
        if not 2 <= entries <= _MOST_OPTIONS:
            remedy = f"Give 2 to {_MOST_OPTIONS}, or use type: boolean or text"
            self._fault(node, f"{what} are {entries} in number", remedy)
        return found

    def _size(self, name: str, node: yaml.Node | None, options: int) -> Size:
        usual = Size(0, min(3, options) or 3)
        if node is None:
            return usual
        ends = self._texts(node, "size")
        if len(ends) != 2 or not all(map(str.isdecimal, ends)) or not int(ends[0]) <= int(ends[1]) > 0:
            self._fault(node, f"the size of {name} must be [least, most]", "Write size: [0, 3]")
            return usual
        if options and int(ends[1]) > options:
            self._fault(node, f"{name} has only {options} options", f"Write size: [{ends[0]}, {options}]")
        return Size(int(ends[0]), int(ends[1]))

    def _parts(self, name: str, node: yaml.Node) -> tuple[Field, ...]:
        given = self._mapping(node, f"the parts of {name}")
        if isinstance(node, yaml.MappingNode) and not node.value:
            self._fault(node, f"{name} has no parts", _NEEDED["list"][1])
        parts = [self._field(key, value, names={}, inner=True) for key, value in given.items()]
        return tuple(one for one in parts if one is not None)

    def _when(
        self, name: str, node: yaml.Node, names: Mapping[str, object]
    ) -> tuple[str, tuple[str, ...]] | None:
        self._whens[name] = node
        conditions = self._mapping(node, f"when of {name}")
        if len(conditions) != 1:
            if conditions:
                remedy = "Name one, as in when: {design: rct}"
                self._fault(node, f"when of {name} names several fields", remedy)
            return None
        ((other, values),) = conditions.items()
        if other == name or (other not in names and other not in SHIPPED):
            others = tuple(one for one in names if one != name)
            self._fault(node, f'when of {name} names "{other}", no other field', _instead(other, others))
            return None
        return other, tuple(_TRUTH.get(text.lower(), text) for text in self._texts(values, "when"))

    def _conditions(self, fields: tuple[Field, ...], shipped: tuple[str, ...]) -> None:
        """Check what needs all fields: that a condition can be true."""
        by_name = {one.name: one for one in fields}
        for one in fields:
            if one.when is None:
                continue
            node, (other, values) = self._whens[one.name], one.when
            if other in SHIPPED and other not in shipped:
                self._fault(
                    node, f"{one.name} depends on {other}, which is not asked", f"Add {other} to shipped"
                )
            choices = by_name[other].choices if other in by_name else ()
            for value in values:
                if choices and value not in choices:
                    self._fault(node, f'{other} is never "{value}"', _instead(value, choices))
            seen = {one.name}
            while other in by_name and (condition := by_name[other].when) is not None:
                if other in seen:
                    self._fault(node, f"{one.name} depends on itself", "Delete one of the when lines")
                    break
                seen.add(other)
                other = condition[0]


def _instead(given: str, known: Iterable[str]) -> str:
    known = tuple(known)
    if near := difflib.get_close_matches(given.lower(), known, 1, 0.6):
        return f"Did you mean {near[0]}?"
    shown = ", ".join(known[:12])
    return f"Use one of {shown}{', …' if len(known) > 12 else ''}" if known else "Delete it"
