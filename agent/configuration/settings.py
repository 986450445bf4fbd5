"""The settings of a command: one frozen record, with units.

A setting comes from a flag, else the environment, else `papercards.toml`, else the default here. Reading
those is the command line's work; this module only says what there is and puts them in order.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Any, get_args, get_origin

from ..errors import UsageError
from ..model.catalogue import HostedPlan
from ..text.wording import did_you_mean
from .risky_settings import Risk, line_of, risks
from .trust import is_trusted

FILE_NAME = "papercards.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes what a command does."""

    model: str | None = None
    """Model as `provider/model`; None for the default."""
    plan: str | None = None
    """How a hosted model makes a card: `one-call` (default) or `decide`."""
    base_url: str | None = None
    """Address of the endpoint; the first one's of a pool."""
    pool: tuple[Mapping[str, Any], ...] = ()
    """The `[[pool]]` tables, two or more: endpoints that serve the same model (see `endpoint_table`)."""
    providers: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """The `[providers]` tables of the file, which extend the shipped ones."""
    taxonomy: str | None = None
    """Path of the taxonomy; None for the shipped one."""
    fields: str | None = None
    """Path of a fields file, or the name of a shipped one; None for the card's own fields alone."""
    only: str | None = None
    """Names of the fields that may be asked, with commas; None for all."""
    tuned: str | None = None
    """Path of a layer of own labels, written by `papercards tune`."""
    cache_dir: str | None = None
    models_dir: str | None = None
    concurrency: str | None = None
    """Papers processed in parallel, a number or `auto`, which adapts to rate limits; None for the model's
    default.
    """
    timeout_s: float | None = None
    """Timeout of one call in seconds; None for the model's default."""
    rpm: float | None = None
    """Maximum requests per minute."""
    tpm: float | None = None
    """Maximum tokens per minute."""
    max_cost: float | None = None
    """Maximum cost of a run in USD."""
    price: str | None = None
    """USD per million tokens as `prompt/completion`; None for the published price."""
    answer_tokens: int | None = None
    """Maximum tokens of an answer, reasoning included; None for the default."""
    reasoning_effort: str | None = None
    """`low`, `medium`, `high`, or another value of the endpoint; None for its default."""
    endpoint: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """The `[endpoint]` table of the file with request parameters."""
    offline: bool = False
    """Whether to use cached answers and papers only."""
    cache: bool = True
    contact: str | None = None
    """E-mail address or URL sent to the services that papers are read from."""
    insecure: bool = False
    """Whether a key may be sent to another machine over http."""
    summary: bool = True
    """Whether the embedded model, or a model with the plan `decide`, writes the summary in a call of its own;
    else it is a sentence of the abstract. With `one-call` the summary is part of the answer.
    """

    def __post_init__(self) -> None:
        """Raise UsageError for a number that cannot be."""
        for name in ("timeout_s", "rpm", "tpm", "max_cost", "answer_tokens"):
            number = getattr(self, name)
            if number is not None and not 0 < number < float("inf"):
                raise UsageError(f"{name} must be above 0, not {number}")
        if self.plan not in (None, *get_args(HostedPlan)):
            raise UsageError(f'plan is one-call or decide, not "{self.plan}"')
        for one in self.pool:
            if one.get("model", self.model) != self.model:
                raise UsageError(f"the endpoints of [[pool]] serve {one['model']}, not {self.model}")
        flight = self.concurrency or "auto"
        if flight != "auto" and not (flight.isdecimal() and int(flight) > 0):
            raise UsageError(f'concurrency is a number above 0 or auto, not "{flight}"')


def _kind(annotation: Any) -> type:
    """What a value in a file is: a plain type, a list of tables or a table."""
    origin = get_origin(annotation)
    if origin in (tuple, Mapping):
        return list if origin is tuple else dict
    kind: type = next(one for one in get_args(annotation) or (annotation,) if one is not NoneType)
    return kind


_TYPES: Mapping[str, type] = {one.name: _kind(one.type) for one in fields(Settings)}

ENVIRONMENT: Mapping[str, str] = {
    name: f"PAPERCARDS_{name.upper()}"
    for name, kind in _TYPES.items()
    if kind not in (list, dict) and name != "cache"
} | {"models_dir": "PAPERCARDS_MODELS", "timeout_s": "PAPERCARDS_TIMEOUT"}
"""Environment variable of each setting."""


def merge(flags: Mapping[str, object], environment: Mapping[str, str], file: Path) -> Settings:
    """Flags take precedence over environment, file and defaults; a flag that is None was not given.

    Raises UsageError for an invalid file or variable, and for a setting of a file that is risky (see
    `risky_settings`) and neither trusted nor given by a flag or a variable.
    """
    given: dict[str, object] = {}
    for name, variable in ENVIRONMENT.items():
        if text := environment.get(variable):
            given[name] = _from_text(name, text, variable)
    given.update({name: value for name, value in flags.items() if value is not None})
    if isinstance(urls := given.get("base_url"), list | tuple):
        given.pop("base_url")
        given.update(pooled(urls))
    values: dict[str, object] = {}
    if os.path.isfile(file):  # noqa: PTH113  (a folder that may not be entered has no settings)
        content = _read(file)
        values.update(parse(content, str(file)))
        if not is_trusted(file, content):
            risk = next(risks(values, given, file.absolute().parent), None)
            if risk is not None:
                raise _untrusted(file, content, risk)
    if "base_url" in given:
        values.pop("pool", None)
    values.update(given)
    return Settings(**values)  # type: ignore[arg-type]  # each value was checked against _TYPES


def pooled(urls: Sequence[str], tables: Sequence[Any] = (), where: str = "") -> dict[str, object]:
    """The settings for endpoints that serve the same model: addresses, or `[[pool]]` tables.

    Raises UsageError if they cannot be one pool.
    """
    if len(urls) == 1 and not tables:
        return {"base_url": urls[0]}
    from ..model.endpoint_table import check_pool

    named = "[[pool]]" if tables else "--base-url"
    pool = check_pool([*tables, *({"base_url": url} for url in urls)], named, where)
    return {"base_url": pool[0]["base_url"], "pool": pool} if pool else {}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read: {error}", where=str(file)) from error


def _untrusted(file: Path, content: bytes, risk: Risk) -> UsageError:
    line = line_of(risk.name, content.decode("utf-8"))
    instead = f", or give it yourself with {risk.flag}" if risk.flag else ""
    return UsageError(
        f"{risk.name} needs your trust: {risk.why}",
        where=f"{file}:{line}" if line else str(file),
        next_step=f"Read the file, then run: papercards trust{instead}",
    )


def parse(content: bytes, where: str) -> dict[str, object]:
    """The settings in the content of a file. Raises UsageError if it is invalid."""
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"cannot read: {error}", where=where) from error
    known = {field.name for field in fields(Settings)}
    for name, value in table.items():
        if name not in known:
            raise UsageError(
                f'unknown setting "{name}"',
                where=where,
                next_step=did_you_mean(name, known) or f"Known: {', '.join(sorted(known))}",
            )
        wanted = _TYPES[name]
        if name == "concurrency" and type(value) is int:
            table[name] = value = str(value)
        fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and wanted is not bool):
            kind = "a table" if wanted is dict else f"of type {wanted.__name__}"
            if wanted is list:
                kind = "tables: write [[pool]]"
            raise UsageError(f"{name} must be {kind}", where=where)
    if "providers" in table:
        from ..model.providers import check as checked

        table["providers"] = checked(table["providers"], where)
    if "endpoint" in table:
        from ..model.endpoint_table import check

        table["endpoint"] = check(table["endpoint"], where)
    if "pool" in table:
        if "base_url" in table:
            raise UsageError("give base_url or [[pool]], not both", where=where)
        pool = pooled((), table.pop("pool"), where)
        table.update(pool)
        for one in pool.get("pool", ()):  # type: ignore[attr-defined]  # a tuple
            if "model" in one:
                table.setdefault("model", one["model"])
    return table


def _from_text(name: str, text: str, variable: str) -> object:
    wanted = _TYPES[name]
    if wanted is bool:
        return text.lower() not in ("0", "false", "no")
    try:
        return wanted(text)
    except ValueError as error:
        raise UsageError(f'"{text}" is not a number', where=variable) from error
