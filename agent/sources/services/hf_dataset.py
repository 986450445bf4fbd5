"""Streams a data set of the Hugging Face Hub or a local folder, with the `datasets` library.

`hf-dataset:OWNER/NAME` or `hf-dataset:OWNER/NAME:SPLIT`; an existing folder takes precedence over a name on
the Hub, with files under a `README.md` or written by `save_to_disk`. `--table` names the configuration
(subset).
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from ...errors import BadInput, PapercardsError, UsageError, importing
from ..columns import Columns, quoted
from ..interface import Options, Records, Reference
from .hf_folder import check_saved, find

_PREFIX = "hf-dataset:"
_SPLIT = re.compile(r"(.+):(\w+(?:\.\w+)*)", re.DOTALL)


def takes(spec: str) -> bool:
    """Whether it starts with `hf-dataset:`."""
    return spec.startswith(_PREFIX)


def read(spec: str, options: Options) -> Records:
    """The papers of one split. Raises UsageError if the split is unclear or a column is missing."""
    name, split = _parts(spec.removeprefix(_PREFIX))
    if not name:
        raise UsageError(
            "no data set given", where=spec, next_step="Use hf-dataset:OWNER/NAME or hf-dataset:FOLDER"
        )
    local = Path(name).is_dir()
    if options.offline and not local:
        raise UsageError(
            "cannot be fetched with --offline", where=spec, next_step="Give a folder that contains it"
        )
    if options.offline:
        # The library reads them once, when it is imported.
        os.environ.update({"HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"})
    with importing("A Hugging Face data set", "datasets"):
        import datasets
    datasets.disable_progress_bars()
    datasets.utils.logging.set_verbosity_error()
    columns = Columns(options.columns, abstract_needed=not options.fill_abstracts)
    try:
        place = Path(name).resolve() if local else name
        rows = _raw(_choose(spec, _load(spec, place, options.table), split))
        names = rows.column_names
        if not names:
            # Of JSON and CSV the library knows the columns only once it has read some.
            names = list(next(iter(rows), {}))
            if not names:
                raise BadInput("holds no papers", where=spec)
        needed = columns.demand(tuple(names), spec)
        selected: Iterable[dict[str, object]] = rows.select_columns(list(needed))
    except PapercardsError:
        raise
    except Exception as error:
        # What it raises comes from many libraries and has no common class.
        raise BadInput(f"cannot open: {_sentence(error)}", where=spec) from error
    return _papers(spec, selected, columns)


def _parts(named: str) -> tuple[str, str | None]:
    match = _SPLIT.fullmatch(named)
    if match is None or Path(named).is_dir():
        return named, None
    return match[1], match[2]


def _load(spec: str, place: Path | str, configuration: str | None) -> Any:
    """The library's result: rows, or rows by split."""
    import datasets

    if not isinstance(place, Path):
        return datasets.load_dataset(place, name=configuration, streaming=True)
    if any((place / file).is_file() for file in ("state.json", "dataset_dict.json")):
        check_saved(place, spec)
        return datasets.load_from_disk(str(place))
    found = find(place, configuration, spec)
    files = {split: [glob.escape(file) for file in some] for split, some in found.files.items()}
    return datasets.load_dataset(found.loader, data_files=files, streaming=True, **found.kwargs)


def _raw(rows: Any) -> Any:
    """The rows with pictures and sounds as they are stored: to decode one may be to fetch it."""
    import datasets

    features = dict(rows.features or {})
    for name, feature in features.items():
        if getattr(feature, "decode", False) is True:
            rows = rows.cast_column(name, type(feature)(decode=False))
    streamed = isinstance(rows, datasets.IterableDataset)
    return rows.decode(False) if streamed and rows.features else rows


def _choose(spec: str, loaded: Any, split: str | None) -> Any:
    if not isinstance(loaded, Mapping):
        if split is None or str(loaded.split) == split:
            return loaded
        raise UsageError(f'has no split "{split}"', where=spec, next_step="It has only one split: omit it")
    if split is None and len(loaded) == 1:
        return next(iter(loaded.values()))
    if split in loaded:
        return loaded[split]
    raise UsageError(
        "has several splits" if split is None else f'has no split "{split}"',
        where=spec,
        next_step=f"Add one after a colon. Its splits are: {quoted(loaded)}",
    )


def _papers(spec: str, rows: Iterable[dict[str, object]], columns: Columns) -> Records:
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            yield columns.paper(dict(row), f"{spec}:{number}")
    except Exception as error:
        raise BadInput(f"cannot read further: {_sentence(error)}", where=f"{spec}:{number + 1}") from error


def _sentence(error: Exception) -> str:
    """The first line of an error or of its causes."""
    causes: Iterator[BaseException | None] = iter((error, error.__cause__, error.__context__))
    lines = chain.from_iterable(str(one).splitlines() for one in causes if one is not None)
    return next((line.strip() for line in lines if line.strip()), type(error).__name__)[:300]


REFERENCE = Reference(
    "Hugging Face data set",
    ("hf-dataset:NAME", "hf-dataset:NAME:SPLIT", "hf-dataset:FOLDER"),
    takes,
    read,
    extra="datasets",
)
