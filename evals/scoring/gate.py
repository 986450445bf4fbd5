"""Lower bounds that an evaluation must reach, from a TOML file, and their outcome for people and for CI.

    [gate]
    use = "point"       # or "lower": the lower end of the 95% interval must reach the bound
    "tasks.f1" = 0.60
    "mean.f1" = 0.55

An undefined figure does not reach its bound, and neither does one without an interval if the lower end is
used: a gate that passes for lack of evidence protects nothing.

Knows figures and intervals; knows no runs and no terminal.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast
from xml.etree import ElementTree as ET

from papercards.errors import GateMissed, StorageError, UsageError, readable

from ...text.wording import did_you_mean
from ..label_file import FIELDS
from .score import FIGURES_OF, Values, may_be_own

if TYPE_CHECKING:  # NumPy and SciPy are only needed where intervals are computed
    from .intervals import Interval

Use = Literal["point", "lower"]

FIGURE_NAMES = (
    "mean.f1",
    *(f"{field}.{figure}" for field in FIELDS for figure in FIGURES_OF[field]),
    "claims.kappa",
)
"""Figures that a bound can be set on."""

_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Gate:
    """The bounds of a gate file."""

    where: str
    use: Use
    bounds: Mapping[str, float]
    """Lower bound (0 to 1) of each figure, by names of `FIGURE_NAMES` or of own fields, as in the file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One bound, and whether it was reached."""

    name: str
    bound: float
    use: Use
    value: float | None
    """Value of the figure; None if undefined."""
    counted: float | None
    """The value compared with the bound: the figure, or the lower end of its interval."""

    @property
    def passed(self) -> bool:
        """Whether the bound was reached; equality is enough."""
        # Rounding of the last digit must not decide.
        return self.counted is not None and self.counted >= self.bound - 1e-9

    @property
    def line(self) -> str:
        """`tasks.f1 is 0.588, below 0.6`."""
        sign = "reaches" if self.passed else "below"
        if self.value is None:
            return f"{self.name} is undefined, {sign} {self.bound:g}"
        if self.use == "point":
            return f"{self.name} is {_digits(self.value, self.bound)}, {sign} {self.bound:g}"
        if self.counted is None:
            return f"{self.name} is {self.value:.3f} and has no interval, {sign} {self.bound:g}"
        low = _digits(self.counted, self.bound)
        return f"{self.name} is {self.value:.3f}, its lower end {low}, {sign} {self.bound:g}"


def _digits(value: float, bound: float) -> str:
    """Format with three digits, or as many as distinguish the value from the bound."""
    for digits in range(3, 10):
        text = f"{value:.{digits}f}"
        if float(text) != bound or value == bound:
            return text
    return f"{value:.3f}"


def read_gate(path: Path) -> Gate:
    """Read and check a gate file. Raises UsageError."""
    with readable(path, "the gate"):
        text = path.read_text(encoding="utf-8")
    try:
        body = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not TOML: {error}", where=str(path)) from error
    table = body.get("gate")
    if not isinstance(table, dict):
        raise UsageError(
            "no table [gate]",
            where=str(path),
            next_step='Add one with lines such as "tasks.f1" = 0.60',
        )
    use = table.pop("use", "point")
    if use not in ("point", "lower"):
        raise UsageError(f"use is {use!r}", where=str(path), next_step='Use "point" or "lower"')
    bounds: dict[str, float] = {}
    for name, bound in _lines(table):
        if name not in FIGURE_NAMES and not may_be_own(*name.partition(".")[::2]):
            raise UsageError(
                f'unknown figure "{name}"',
                where=str(path),
                next_step=did_you_mean(name, FIGURE_NAMES) or f"Known: {', '.join(FIGURE_NAMES)}",
            )
        if name in bounds:
            raise UsageError(f"{name} is given twice", where=str(path))
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 <= bound <= 1:
            raise UsageError(
                f"the bound of {name} is {bound!r}", where=str(path), next_step="Use a number from 0 to 1"
            )
        bounds[name] = float(bound)
    if not bounds:
        raise UsageError(
            "the gate has no bounds",
            where=str(path),
            next_step='Add lines such as "tasks.f1" = 0.60',
        )
    return Gate(str(path), cast(Use, use), bounds)


def _lines(table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The lines of the table. Without quotes, TOML takes `tasks.f1` for a table in a table: the same."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", bound) for inner, bound in value.items())
        else:
            yield name, value


def check(
    gate: Gate,
    values: Values,
    intervals: Mapping[str, Mapping[str, "Interval | None"]] | None = None,
) -> tuple[Outcome, ...]:
    """Every bound with its outcome, in the order of the file.

    `values` and `intervals` are by field and figure; intervals are needed for `use = "lower"` only.
    """
    found = []
    for name, bound in gate.bounds.items():
        field, _, figure = name.partition(".")
        value = values.get(field, {}).get(figure)
        counted = value
        if gate.use == "lower":
            ends = (intervals or {}).get(field, {}).get(figure)
            counted = ends.low if ends is not None and value is not None else None
        found.append(Outcome(name, bound, gate.use, value, counted))
    return tuple(found)


def require(outcomes: Sequence[Outcome], *, model: str, where: str = "") -> None:
    """Raise GateMissed with every bound that was not reached. `where` is the gate file."""
    failed = [outcome.line for outcome in outcomes if not outcome.passed]
    if failed:
        raise GateMissed(f"{model}: {'; '.join(failed)}", where=where)


def junit(runs: Mapping[str, Sequence[Outcome]]) -> str:
    """The outcomes by model as JUnit XML, each bound a test case, each model a suite."""
    root = ET.Element("testsuites", name="papercards eval")
    for model, outcomes in runs.items():
        failures = sum(not outcome.passed for outcome in outcomes)
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_printable(model),
            tests=str(len(outcomes)),
            failures=str(failures),
            errors="0",
            skipped="0",
        )
        for outcome in outcomes:
            case = ET.SubElement(suite, "testcase", classname=_printable(model), name=outcome.name)
            if outcome.passed:
                ET.SubElement(case, "system-out").text = outcome.line
            else:
                ET.SubElement(case, "failure", message=outcome.line, type="GateMissed").text = outcome.line
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold even escaped."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def write_junit(path: Path, runs: Mapping[str, Sequence[Outcome]]) -> None:
    """Write `junit` to a file. Raises StorageError."""
    try:
        path.write_text(junit(runs), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot write the outcome: {error.strerror}", where=str(path)) from error
