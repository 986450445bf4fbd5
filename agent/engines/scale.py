"""What a run over very many papers takes: `python -m papercards.engines.scale --papers 100e6`.

Multiplies the figures of docs/scale.md and docs/performance.md; each can be replaced by one's own.
"""

import argparse
import sys
from collections.abc import Sequence

from ..text.wording import counted

FIGURES: dict[str, tuple[float, str]] = {
    "papers": (100e6, "papers"),
    "prompt-tokens": (4_500, "tokens of a prompt"),
    "cached": (0.9, "share of them that the endpoint has in its prompt cache"),
    "completion-tokens": (250, "tokens of an answer"),
    "price": (0.10, "USD per million prompt tokens"),
    "cached-price": (0.025, "USD per million cached prompt tokens"),
    "completion-price": (0.40, "USD per million completion tokens"),
    "requests-per-minute": (300_000, "requests a minute that the endpoints allow or manage"),
    "workers": (32, "workers"),
    "in-flight": (256, "requests in flight of a worker"),
    "latency": (2.0, "seconds of an answer"),
    "worker-rate": (250, "papers a second that one worker manages with a core"),
    "paper-bytes": (1_600, "bytes of a paper in its source"),
    "card-bytes": (2_700, "bytes of a card as JSONL"),
    "log-bytes": (1_500, "bytes of an answer in the log, until the run has ended"),
    "answer-bytes": (400, "bytes of an answer in its bucket, compressed"),
    "id-seconds": (0.35e-6, "seconds that a keeper takes for the id of a card when a run starts again"),
}


def told(given: dict[str, float]) -> list[str]:
    """The result in lines."""
    papers = given["papers"]
    fresh = given["prompt-tokens"] * (1 - given["cached"])
    tokens = fresh * given["price"] + given["prompt-tokens"] * given["cached"] * given["cached-price"]
    usd = papers * (tokens + given["completion-tokens"] * given["completion-price"]) / 1e6
    rates = {
        "requests a minute": given["requests-per-minute"] / 60,
        "requests in flight": given["workers"] * given["in-flight"] / given["latency"],
        "the workers' CPUs": given["workers"] * given["worker-rate"],
    }
    slowest = min(rates, key=lambda name: rates[name])
    hours = papers / rates[slowest] / 3600
    keepers = min(16, 1 + given["workers"] // 4)
    batch = max(
        1.0, min(8 << 20, papers * given["paper-bytes"] / (given["workers"] * 32)) / given["paper-bytes"]
    )
    gigabytes = {name: papers * given[f"{name}-bytes"] / 1e9 for name in ("paper", "card", "log", "answer")}
    shards = counted(int(papers / batch) + 1, "shard")
    early, run = papers * 8 / 1e9 / keepers, papers * 24 / 1e9 / keepers
    return [
        f"requests       {papers:,.0f}, {papers * given['prompt-tokens'] / 1e9:,.0f} billion prompt tokens",
        f"cost           ${usd:,.0f}",
        f"time           {hours:,.1f} hours at {rates[slowest]:,.0f} papers/s, bounded by {slowest}",
        f"to read        {gigabytes['paper']:,.0f} GB of papers",
        f"to write       {gigabytes['card']:,.0f} GB of cards in {shards}",
        f"cache          {gigabytes['answer']:,.0f} GB; {gigabytes['log']:,.0f} GB of logs until it ends",
        f"ids of cards   {papers * 8 / 1e9:.1f} GB beside the cards; odds that two papers share one: "
        f"{papers**2 / 2**65:.1g}",
        f"memory of ids  {run:.2f} GB in each of {keepers:.0f} keepers, {early:.2f} GB after a restart",
        f"restart        {papers * given['id-seconds'] / 60:.1f} minutes until the ids are read",
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Print the calculation."""
    parser = argparse.ArgumentParser(prog="python -m papercards.engines.scale", description=__doc__)
    for name, (usual, what) in FIGURES.items():
        parser.add_argument(f"--{name}", type=float, default=usual, help=f"{what} (default: {usual:,g})")
    given = vars(parser.parse_args(words))
    sys.stdout.write("\n".join(told({name.replace("_", "-"): value for name, value in given.items()})) + "\n")


if __name__ == "__main__":
    main()
