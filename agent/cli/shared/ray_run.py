"""Runs `enrich --engine ray` from the command line."""

import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UsageError
from . import terminal, wiring
from .drive import Screen, end
from .terminal import note

if TYPE_CHECKING:
    from ...configuration.settings import Settings
    from ...model.catalogue import Model
    from ...runs.job import Job


def run_on_ray(job: "Job", chosen: "Settings", model: "Model", engine: str, workers: int | None) -> int:
    """Run a job on a cluster, from its first line to its last; returns the exit code."""
    from ...engines.ray_run import Engine, enrich
    from ...engines.shards import Layout

    cluster = Engine.of(engine, workers, chosen.cache_dir)
    if not job.outputs:
        raise UsageError("a run on Ray needs an output", next_step="Give -o cards.jsonl or -o cards.parquet")
    screen = Screen(None, free=model.plan == "baseline")
    here = replace(chosen, cache=False, cache_dir=None)
    # Ray prints what dies, and what it does then, on standard output.
    quiet = terminal.loudness is not terminal.Loudness.VERBOSE
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere if quiet else sys.stderr),
        wiring.resources(here) as resources,
    ):
        note(f"{wiring.first_line(job.count(), model)} on Ray")
        screen.progress.total = job.count()
        try:
            whole = enrich(job, resources, model, chosen, cluster, screen, screen.progress.show)
        finally:
            screen.progress.show(last=True)
    layout = Layout.of(job.outputs[0])
    return end(screen.progress, [layout.cards], layout.beside("errors.jsonl"), whole=whole)
