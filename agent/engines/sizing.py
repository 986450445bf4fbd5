"""How many CPUs each worker is given, so that all of them fit on the machines of a cluster.

Reading takes none, so it can never wait for the CPUs that the workers hold.

Knows numbers.
"""

from collections.abc import Sequence

from ..errors import UsageError
from ..text.wording import counted


def cpus_per_worker(nodes: Sequence[float], workers: int) -> float:
    """The largest share of a CPU, at most 1, with which so many workers fit on nodes with these CPUs.

    Raises UsageError if there is no CPU at all.
    """
    shares = sorted(
        {min(1.0, cpus / count) for cpus in nodes if cpus for count in range(1, workers + 1)}, reverse=True
    )
    for share in shares:
        # Ray counts in steps of 1/10,000.
        whole = int(share * 10_000) / 10_000
        if whole and sum(int(cpus / whole + 1e-9) for cpus in nodes) >= workers:
            return whole
    raise UsageError(
        f"{counted(workers, 'worker')} do not fit on the {sum(nodes):g} CPUs of the cluster",
        next_step="Give fewer with --workers, or add nodes",
    )


def batch_bytes(total: int | None, workers: int) -> int:
    """Bytes of papers in a batch: enough batches that all workers end at about the same time."""
    return min(8 << 20, max(64 << 10, (total or 64 << 20) // (workers * 32)))
