"""Where the client's time goes, by package: py-spy's samples of the innermost Python frame.

Time in C belongs to the Python frame that called it; imports are the start's and left out.
"""

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench import Bench, Load, Skipped, failure
from processes import Client

LOAD = Load(papers=2000, latency_ms=100, in_flight=64)
SAMPLES_PER_S = 200

_IMPORT = "<frozen importlib._bootstrap"
_SITE = re.compile(r"site-packages/([^/:]+)")
_STDLIB = re.compile(r"lib/python3\.\d+/([^/:]+)")


def profile(bench: Bench) -> Iterator[tuple[str, dict[str, float]]]:
    """For naive and papercards, the shares of its time, largest first. Raises Skipped."""
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if spy is None:
        raise Skipped("py-spy is not installed: pip install py-spy")
    with bench.stub() as stub:
        for client, command in (
            ("naive", bench.naive(stub, bench.folder / "naive.jsonl")),
            ("papercards", bench.papercards(stub, bench.folder / "cards.jsonl", bench.folder / "cache")),
        ):
            stacks = bench.folder / f"{client}.stacks"
            options = ["-f", "raw", "--full-filenames", "-r", str(SAMPLES_PER_S), "-o", str(stacks)]
            with Client([spy, "record", *options, "--", *command], bench.folder / client) as process:
                ended = process.wait()
            if not stacks.exists():
                raise Skipped(f"py-spy could not look into the process: {failure(ended)}")
            bench.say(f"profile: {client}: {ended.seconds:.1f} s")
            yield client, shares(stacks.read_text(encoding="utf-8"))


def shares(stacks: str) -> dict[str, float]:
    """Folded stacks (`frame;frame;frame COUNT` a line) as shares by package, imports left out."""
    counts: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        innermost = stack.rpartition(";")[2]
        # Without a frame no Python ran; py-spy takes a pool's thread that waits for work as busy.
        if innermost and _IMPORT not in stack and not innermost.startswith("_worker ("):
            counts[_package(innermost)] += int(count)
    total = counts.total()
    return {name: count / total for name, count in counts.most_common()}


def table(profiles: dict[str, dict[str, float]], least: float = 0.01) -> str:
    """Clients side by side in Markdown; packages under `least` in all of them are one line."""
    names = dict.fromkeys(name for found in profiles.values() for name in found)
    large = [name for name in names if max(found.get(name, 0) for found in profiles.values()) >= least]
    large.sort(key=lambda name: -max(found.get(name, 0) for found in profiles.values()))
    lines = [f"|package|{'|'.join(profiles)}|", "|---" * (len(profiles) + 1) + "|"]
    for name in large:
        cells = (f"{found.get(name, 0):.1%}" for found in profiles.values())
        lines.append(f"|{name}|{'|'.join(cells)}|")
    rest = (
        f"{sum(share for name, share in found.items() if name not in large):.1%}"
        for found in profiles.values()
    )
    lines.append(f"|others|{'|'.join(rest)}|")
    return "\n".join(lines)


def _package(frame: str) -> str:
    for place in (_SITE, _STDLIB):
        if found := place.search(frame):
            return found[1].removesuffix(".py")
    if "/papercards/" in frame or "/agent/" in frame:
        return "papercards"
    return "naive.py" if "naive.py" in frame else "(other)"
