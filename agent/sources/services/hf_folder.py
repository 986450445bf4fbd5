"""The files of a data set's folder: what its README names is looked for inside of it alone.

The README of a stranger's data set may name addresses, other files of this machine and links; the library
would fetch and read them all. Here a README chooses among the files of its folder, and nothing else.

Knows files and names of splits. Knows no papers.
"""

import glob
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ...errors import BadInput, UsageError

_README_BYTES = 1 << 20
_LOADERS = {
    ".parquet": "parquet",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".arrow": "arrow",
    ".txt": "text",
}
_SPLITS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev"},
    "test": {"test", "testing", "eval", "evaluation"},
}
_SHARD = re.compile(r"data/(\w+(?:\.\w+)*)-[0-9]{5}-of-[0-9]{5}")
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})
_NO_DATA = frozenset(
    {"config.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
)
_KWARGS = ("sep", "delimiter", "encoding", "field")
"""What a configuration may say beside its files: how they are written."""


@dataclass(frozen=True, slots=True)
class Found:
    """What to hand to the library."""

    loader: str
    """The library's name of the format: `parquet`, `json`, `csv`, `arrow`, `text`."""
    files: Mapping[str, list[str]]
    """Sorted full paths by split."""
    kwargs: Mapping[str, str]


def find(folder: Path, configuration: str | None, spec: str) -> Found:
    """The files of a configuration, or of the folder where its README names none.

    Raises UsageError for a configuration that is not there, BadInput for files that are not in the folder.
    """
    root = folder.resolve()
    chosen = _configuration(root, configuration, spec)
    named = chosen.get("data_files")
    below = root / _inside(str(chosen.get("data_dir", "")), spec)
    patterns = _patterns(named) if named is not None else _usual(below)
    files = {split: _matches(below, root, wanted, spec) for split, wanted in patterns.items()}
    kinds = Counter(_loader(file) for some in files.values() for file in some)
    kinds.pop(None, None)
    if not kinds:
        raise BadInput("no data files in a known format", where=spec)
    loader = str(kinds.most_common(1)[0][0])
    kwargs = {name: chosen[name] for name in _KWARGS if isinstance(chosen.get(name), str)}
    mine = {split: [str(file) for file in some if _loader(file) == loader] for split, some in files.items()}
    if all(_format(Path(file)) == ".tsv" for some in mine.values() for file in some):
        kwargs.setdefault("sep", "\t")
    return Found(loader, {split: some for split, some in mine.items() if some}, kwargs)


def check_saved(folder: Path, spec: str) -> None:
    """Raise BadInput where what `save_to_disk` left refers to anything outside of its folder."""
    root = folder.resolve()
    splits = _json(root / "dataset_dict.json").get("splits")
    named = splits if isinstance(splits, list) else []
    for place in [root, *(root / _inside(str(name), spec) for name in named)]:
        files = _json(place / "state.json").get("_data_files")
        for file in files if isinstance(files, list) else []:
            name = str(file.get("filename") if isinstance(file, dict) else file)
            _require_inside(place / _inside(name, spec), root, spec)
        for own in ("state.json", "dataset_info.json"):
            _require_inside(place / own, root, spec)


def _configuration(root: Path, wanted: str | None, spec: str) -> dict[str, Any]:
    listed = _front_matter(root).get("configs")
    configs = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
    names = [str(one.get("config_name", "default")) for one in configs]
    if wanted is not None:
        if wanted not in names:
            raise UsageError(
                f'has no configuration "{wanted}"',
                where=spec,
                next_step=f"Its configurations: {', '.join(names) or 'none, so omit --table'}",
            )
        return configs[names.index(wanted)]
    if len(configs) <= 1:
        return configs[0] if configs else {}
    for one, name in zip(configs, names, strict=True):
        if one.get("default") is True or name == "default":
            return one
    raise UsageError(
        "has several configurations", where=spec, next_step=f"Choose one with --table: {', '.join(names)}"
    )


def _front_matter(root: Path) -> dict[str, Any]:
    try:
        with (root / "README.md").open(encoding="utf-8", errors="replace") as file:
            text = file.read(_README_BYTES)
        if not text.startswith("---"):
            return {}
        found = yaml.safe_load(text[3:].partition("\n---")[0])
    except (OSError, yaml.YAMLError, ValueError, OverflowError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _patterns(named: object) -> dict[str, list[str]]:
    """By split, from any of the shapes that `data_files` may have."""
    if isinstance(named, dict):
        return {str(split): _texts(paths) for split, paths in named.items()}
    if isinstance(named, list) and any(isinstance(one, dict) for one in named):
        found: dict[str, list[str]] = {}
        for one in named:
            if isinstance(one, dict):
                found.setdefault(str(one.get("split", "train")), []).extend(_texts(one.get("path")))
        return found
    return {"train": _texts(named)}


def _texts(value: object) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one]


def _usual(folder: Path) -> dict[str, list[str]]:
    """By split, as names of files and folders usually tell it; where none does, all is `train`."""
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if _loader(file) is not None]
    for told in (_shard_of, _split_of):
        found: dict[str, list[str]] = {}
        for name in names:
            if split := told(name):
                found.setdefault(split, []).append(glob.escape(name))
        if found:
            return found
    return {"train": [glob.escape(name) for name in names]}


def _shard_of(name: str) -> str | None:
    match = _SHARD.match(name)
    return match[1] if match else None


def _split_of(name: str) -> str | None:
    parts = re.split(r"[-._ 0-9/]+", name.lower())
    return next((split for split, words in _SPLITS.items() if words & set(parts)), None)


def _matches(folder: Path, root: Path, patterns: Iterable[str], spec: str) -> list[Path]:
    found: set[Path] = set()
    for pattern in patterns:
        inside = str(_inside(pattern, spec))
        try:
            matched = list(folder.glob(inside)) if inside != "." else []
        except (ValueError, NotImplementedError, OSError) as error:
            raise BadInput(f'"{pattern}" is not a valid file pattern: {error}', where=spec) from error
        for file in matched:
            parts = file.relative_to(folder).parts
            if any(part.startswith((".", "__")) for part in parts) or file.name in _NO_DATA:
                continue
            if _loader(file) is not None and file.is_file():
                _require_inside(file, root, spec)
                found.add(file)
    return sorted(found)


def _inside(name: str, spec: str) -> PurePosixPath:
    """A name from a README as a path below the folder. Raises BadInput for one that leads elsewhere."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":/" in name or "::" in name or name.startswith("~"):
        raise BadInput(
            f'its README names "{name[:100]}", which is outside the folder and therefore not read',
            where=spec,
            next_step="If you want it, give it as a separate source",
        )
    return path


def _require_inside(file: Path, root: Path, spec: str) -> None:
    if not file.resolve().is_relative_to(root) or "::" in str(file):
        raise BadInput(
            f"{file.name} is a link to a file outside the folder and therefore not read",
            where=spec,
            next_step="If you want it, replace the link with the file",
        )


def _format(file: Path) -> str:
    ends = [end.lower() for end in file.suffixes[-2:]]
    return ends[-2] if len(ends) == 2 and ends[-1] in _PACKED else "".join(ends[-1:])


def _loader(file: Path) -> str | None:
    return _LOADERS.get(_format(file))


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes()) if os.path.isfile(path) else {}  # noqa: PTH113
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
