"""`papercards enrich --estimate`: the calls, tokens and cost of a run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..safety.redact import shown_url
from .shared import terminal

if TYPE_CHECKING:
    from ..model.pricing import Price
    from ..paper import Paper
    from ..reading.reader import Reader
    from ..sources import BadRecord


def print_estimate(
    model: str,
    reader: "Reader",
    records: "Iterable[Paper | BadRecord]",
    price: "Price | None",
    pool: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Print one line per figure on standard output; `model` is its name for people."""
    from ..runs.estimate import estimate

    sums = estimate(reader, records)
    rows = [("model", model), ("papers", f"{sums.papers:,}")]
    if sums.unreadable:
        rows.append(("no text to read", f"{sums.unreadable:,}"))
    if sums.filled:
        rows.append(("abstracts filled", f"{sums.filled:,}"))
    if sums.duplicates:
        rows.append(("duplicates", f"{sums.duplicates:,}"))
    rows += [
        ("cached", f"{sums.cached:,}"),
        ("calls", f"{sums.calls:,}"),
        ("prompt tokens", f"about {sums.prompt_tokens:,}"),
        ("completion tokens", f"about {sums.completion_tokens:,}, at most {sums.most_completion_tokens:,}"),
    ]
    if price is None:
        rows.append(("cost", "unknown: no published price; set it with --price PROMPT/COMPLETION"))
    else:
        usual, most = terminal.money(sums.cost(price)), terminal.money(sums.most(price))
        rows.append(("cost", f"about {usual}, at most {most} without retries"))
    whole = sum(one.get("weight", 1.0) for one in pool)
    for one in pool:
        rows.append(("at endpoint", f"{one.get('weight', 1.0) / whole:.0%} {shown_url(one['base_url'])}"))
    for name, value in rows:
        print(f"{name:<18} {value}")
