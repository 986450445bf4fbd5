"""What flags, environment and terminal give a run: settings, keys, notes, progress bars."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .. import keys, models
from ..errors import UsageError
from ..redact import shown_url
from ..settings import FILE_NAME, Settings, merge

if TYPE_CHECKING:
    from ..resources import Resources


def settings(**flags: object) -> Settings:
    """The settings of this invocation; a flag that is None was not given, and an empty variable is not set.

    Raises UsageError for a flag or a line of the file that is empty: mostly a variable that was not set.
    """
    if flags.get("no_cache"):
        flags["cache"] = False
    flags.pop("no_cache", None)
    variables = {name: value for name, value in os.environ.items() if value.strip()}
    chosen = merge(flags, variables, Path(FILE_NAME))
    for setting in fields(chosen):
        value = getattr(chosen, setting.name)
        if isinstance(value, str) and not value.strip():
            flag = f"--{setting.name.replace('_', '-')}"
            raise UsageError(f"{flag} is empty", next_step="Say a value, or leave it out")
    return chosen


def endpoint_url(model: models.Model) -> str:
    """Where a hosted model is asked. Raises UsageError for what is no address."""
    return keys.endpoint_url(model, os.environ)


def first_line(papers: int | None, model: models.Model) -> str:
    """`5 papers with openai/gpt-4.1-mini at api.openai.com`; None: nobody has counted them."""
    count = "some papers" if papers is None else "1 paper" if papers == 1 else f"{papers:,} papers"
    return f"{count} with {named(model)}"


def named(model: models.Model) -> str:
    """The model and, for a hosted one, where it is asked: `openai/gpt-4.1-mini at api.openai.com`."""
    if model.plan == "baseline" or model.file is not None:
        return model.name
    url = endpoint_url(model)
    return f"{model.name} at {urlsplit(shown_url(url)).netloc or shown_url(url)}"


@contextmanager
def resources(chosen: Settings) -> "Iterator[Resources]":
    """What a run works with, told of this process's environment and terminal; closed whatever happens."""
    from ..resources import Resources, Surroundings
    from . import terminal

    opened = Resources(
        chosen, Surroundings(os.environ, terminal.note, tuple(sys.argv[1:]), terminal.bytes_bar)
    )
    try:
        yield opened
    finally:
        opened.close()
