"""Connects a run to flags, environment and terminal: settings, keys, notes, progress bars."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...configuration.settings import FILE_NAME, Settings, merge
from ...errors import UsageError
from ...model import catalogue as models
from ...model import keys
from ...runs.resources import Resources
from ...safety.redact import shown_url
from ...text.wording import counted
from .options import EndpointFlags, PaceFlags

Pool = Sequence[Mapping[str, Any]]
"""The `[[pool]]` tables of the settings."""


def settings(*groups: EndpointFlags | PaceFlags, **flags: object) -> Settings:
    """The settings of this invocation; a flag that is None was not given, an empty variable is unset.

    Raises UsageError for an empty flag or an empty setting of the file, which usually is an unset variable.
    """
    for group in groups:
        flags |= {flag.name: getattr(group, flag.name) for flag in fields(group)}
    for name in ("cache", "summary"):
        if flags.pop(f"no_{name}", None):
            flags[name] = False
    variables = {name: value for name, value in os.environ.items() if value.strip()}
    chosen = merge(flags, variables, Path(FILE_NAME))
    for setting in fields(chosen):
        value = getattr(chosen, setting.name)
        if isinstance(value, str) and not value.strip():
            flag = f"--{setting.name.replace('_', '-')}"
            raise UsageError(f"{flag} is empty", next_step="Give a value, or leave it out")
    return chosen


def first_line(papers: int | None, model: models.Model, pool: Pool = ()) -> str:
    """`5 papers with openai/gpt-4.1-mini at api.openai.com`; None if not counted."""
    count = "some papers" if papers is None else counted(papers, "paper")
    return f"{count} with {named(model, pool)}"


def named(model: models.Model, pool: Pool = ()) -> str:
    """The model and, for a hosted one, where it is: `openai/gpt-4.1-mini at api.openai.com`.

    Raises UsageError if the address is not valid.
    """
    if model.plan == "baseline" or model.file is not None:
        return model.name
    urls = [one["base_url"] for one in pool] or [keys.endpoint_url(model, os.environ)]
    return f"{model.name} at {', '.join(urlsplit(shown_url(url)).netloc or shown_url(url) for url in urls)}"


@contextmanager
def resources(chosen: Settings) -> "Iterator[Resources]":
    """The resources of a run, with this process's environment and terminal; closed at the end.

    At the end it is said what each endpoint of a pool did.
    """
    from ...runs.connections import Surroundings
    from . import terminal

    # NumPy reads it when it is loaded. The encoder takes two papers at a time, each in one thread: threads
    # that share the small products of one paper mostly wait for each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    opened = Resources(
        chosen, Surroundings(os.environ, terminal.note, tuple(sys.argv[1:]), terminal.bytes_bar)
    )
    try:
        yield opened
    finally:
        for share in opened.shares.values():
            terminal.note(str(share))
        opened.close()
