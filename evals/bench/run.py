"""Measures papercards against a loopback endpoint; README.md says what each scenario shows.

python evals/bench/run.py cold faults [--repeat 3] [--json FILE]
python evals/bench/run.py all
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import figures
import papers
import profiling
from bench import Bench, Load, Skipped
from processes import HERE, PREFIX, cores
from scenarios import SCENARIOS

NAMES = (*SCENARIOS, "profile")


def main() -> None:
    """Run what was asked for, print the table, write the JSON file."""
    options = parse()
    # So that a run which is told to end still cleans up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rounds: list[figures.Row] = []
    medians: list[figures.Row] = []
    profiles: dict[str, dict[str, float]] = {}
    skipped: dict[str, str] = {}
    for name in NAMES if "all" in options.scenarios else dict.fromkeys(options.scenarios):
        load = profiling.LOAD if name == "profile" else SCENARIOS[name][1]
        with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
            bench = prepare(name, changed(load, options), Path(folder), options)
            try:
                if name == "profile":
                    profiles.update(profiling.profile(bench))
                else:
                    found = figures.with_ratios(SCENARIOS[name][0](bench))
                    rounds += found
                    medians += figures.medians(found)
            except Skipped as why:
                skipped[name] = str(why)
    if medians:
        print(figures.table(medians))
    if profiles:
        print(f"\n{profiling.table(profiles)}")
    for name, reason in skipped.items():
        print(f"\n{name}: skipped: {reason}")
    if options.json:
        result = {
            "machine": machine(),
            "repeat": options.repeat,
            "rows": [figures.values(row) for row in medians],
            "rounds": [figures.values(row) for row in rounds],
            "profiles": profiles,
            "skipped": skipped,
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measures papercards against a loopback endpoint.")
    parser.add_argument(
        "scenarios", nargs="+", choices=(*NAMES, "all"), metavar="SCENARIO", help=", ".join(NAMES)
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; medians are given (%(default)s)")
    parser.add_argument("--papers", type=int, help="instead of the scenario's own number")
    parser.add_argument("--latency-ms", type=float, help="instead of the scenario's own")
    parser.add_argument("--in-flight", type=int, help="instead of the scenario's own")
    parser.add_argument(
        "--flags", type=shlex.split, default=[], help="more flags for papercards, as one word"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="medians and every run")
    return parser.parse_args()


def changed(load: Load, options: argparse.Namespace) -> Load:
    """The scenario's load with what was asked for instead."""
    given = {"papers": options.papers, "latency_ms": options.latency_ms, "in_flight": options.in_flight}
    return replace(load, **{name: value for name, value in given.items() if value is not None})


def prepare(name: str, load: Load, folder: Path, options: argparse.Namespace) -> Bench:
    """Papers and task on disk."""
    task = folder / "task.json"
    # In a process of its own: a child's peak memory is never less than what its parent held at the fork.
    subprocess.run([sys.executable, str(HERE / "task.py"), str(task)], check=True)
    return Bench(
        name=name,
        load=load,
        repeat=options.repeat,
        folder=folder,
        papers=papers.write(folder / "papers.jsonl", load.papers),
        task=task,
        flags=tuple(options.flags),
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "cores": cores(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {
            name: importlib.metadata.version(name) for name in ("papercards", "openai", "instructor")
        },
    }


if __name__ == "__main__":
    main()
