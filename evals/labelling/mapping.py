"""The mapping file of `labels convert`: its options in YAML, for tables that are converted again and again.

Knows settings. Knows no tables.
"""

from pathlib import Path
from typing import Any, cast

import yaml

from papercards.errors import UsageError, readable
from papercards.fields.spec import Field

from ...text.wording import did_you_mean
from ..label_file import Split
from .convert import Wishes

_SETTINGS = ("columns", "values", "separator", "split")


def wishes(
    mapping: Path | None,
    *,
    columns: dict[str, str],
    values: dict[str, str],
    separator: str | None,
    split: str,
    lenient: bool,
    table: str | None,
    own: tuple[Field, ...] = (),
) -> Wishes:
    """The options of the command line over those of the file. Raises UsageError for faults of either."""
    given = _read(mapping) if mapping is not None else {}
    where = str(mapping or "")
    named = _names(given.get("columns"), "columns", where) | columns
    meant = _names(given.get("values"), "values", where) | values
    chosen = given.get("split", split)
    if chosen not in ("train", "dev", "test"):
        raise UsageError(f'there is no split "{chosen}"', where=where, next_step="Use train, dev or test")
    between = separator if separator is not None else given.get("separator")
    if between is not None and (not isinstance(between, str) or not between):
        raise UsageError("the separator is empty", where=where)
    return Wishes(named, meant, between, cast("Split", chosen), lenient, table, own)


def _read(path: Path) -> dict[str, Any]:
    with readable(path, "the mapping"):
        text = path.read_text(encoding="utf-8")
    try:
        # The base loader leaves every scalar as text: "yes" and "no" stay what the table says.
        given = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"not YAML: {getattr(error, 'problem', error)}", where=place) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"not YAML: {error}", where=str(path)) from error
    if not isinstance(given, dict):
        raise UsageError("a mapping file must map names to values", where=str(path))
    for name in given:
        if name not in _SETTINGS:
            near = did_you_mean(str(name), _SETTINGS)
            raise UsageError(
                f'unknown setting "{name}"',
                where=str(path),
                next_step=near or f"Settings: {', '.join(_SETTINGS)}",
            )
    return given


def _names(value: object, name: str, where: str) -> dict[str, str]:
    if value is None or value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise UsageError(f'"{name}" must map names to names', where=where)
    empty = ("null", "~", "none") if name == "values" else ()
    return {str(key): "" if item in empty else item for key, item in value.items()}
