"""Reads and checks a fields file: YAML, each mistake with its line and its remedy.

    name: clinical
    shipped: [tldr, tasks]        # all if left out; none: []
    fields:
      sample_size:
        type: number
        question: How many people took part?

Knows no papers and no models.
"""

from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ..errors import UsageError, readable
from ..text.wording import did_you_mean
from .checking import Fault, Reading
from .spec import NO_OWN, Field, FieldSet

EXAMPLES = ("clinical", "materials", "ml-results")
"""The files that are shipped as beginnings."""


class BadFields(UsageError):
    """A fields file with mistakes; the message is about the first one."""

    def __init__(self, faults: list[Fault], where: str) -> None:
        self.faults = sorted(faults, key=lambda one: one.line)
        first = self.faults[0]
        more = f" (papercards fields check lists all {len(faults)} mistakes)" if len(faults) > 1 else ""
        super().__init__(first.what, where=f"{where}:{first.line}", next_step=first.remedy + more)


def load(path: Path) -> FieldSet:
    """Read and check a fields file. Raises UsageError, BadFields with every mistake."""
    remedy = f"Start from a shipped file with papercards fields init NAME ({', '.join(EXAMPLES)})"
    with readable(path, "the fields", next_step=remedy):
        text = path.read_text(encoding="utf-8-sig")
    return parse(text, name=path.stem, where=str(path))


def chosen(name: str | None, only: str | None) -> FieldSet:
    """The fields of a file or a shipped example; `only` names those that may be asked, with commas.

    Raises UsageError, BadFields for a file with mistakes.
    """
    fields = NO_OWN
    if name is not None:
        shipped = name in EXAMPLES and not Path(name).exists()
        fields = parse(example(name), name=name, where=name) if shipped else load(Path(name))
    if only is None:
        return fields
    names = frozenset(filter(None, (part.strip() for part in only.split(","))))
    for one in sorted(names.difference(fields.asked)) or ([] if names else [""]):
        known = ", ".join(fields.asked)
        raise UsageError(
            f'no field "{one}"',
            where="--only",
            next_step=did_you_mean(one, fields.asked) or f"The fields are: {known}",
        )
    return replace(fields, only=names)


def example(name: str) -> str:
    """The text of a shipped fields file. Raises UsageError for an unknown name."""
    if name not in EXAMPLES:
        raise UsageError(f'no example "{name}"', next_step=f"There are: {', '.join(EXAMPLES)}")
    return (resources.files("papercards.prompts") / "fields" / f"{name}.yaml").read_text(encoding="utf-8")


def parse(text: str, *, name: str, where: str) -> FieldSet:
    """Check the text of a fields file. Raises BadFields with every mistake."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        there = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
        remedy = 'Put texts with ": " or "#" in quotes'
        if "\t" in there[:40]:
            remedy = "Indent with spaces, not tabs"
        elif there.startswith("---"):
            remedy = "Delete this line and the document below it"
        elif "{" in there:
            remedy = "Put the texts between { and } in quotes"
        raise BadFields([Fault(line, f"not YAML: {error.problem}", remedy)], where) from error
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise BadFields([Fault(1, f"not YAML: {said}", "See papercards fields init")], where) from error
    read = Reading()
    fields = read.whole(root, name)
    if read.faults:
        raise BadFields(read.faults, where)
    return fields


def written(fields: FieldSet) -> str:
    """The fields as a file that `parse` reads as the same."""
    root: dict[str, Any] = {"name": fields.name, "shipped": list(fields.shipped)}
    root["fields"] = {one.name: _entry(one) for one in fields.own}
    return str(yaml.safe_dump(root, sort_keys=False, allow_unicode=True, width=110))


def _entry(one: Field, *, inner: bool = False) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": one.type, "question": one.question}
    if one.options:
        entry["options"] = dict(one.options)
    if one.type == "labels":
        entry["size"] = [one.size.least, one.size.most]
    if one.unit:
        entry["unit"] = one.unit
    if not inner:
        entry["evidence"] = one.evidence
    if one.places:
        entry["from"] = list(one.places)
    if one.when:
        entry["when"] = {one.when[0]: list(one.when[1])}
    if one.parts:
        entry["of"] = {part.name: _entry(part, inner=True) for part in one.parts}
    return entry
