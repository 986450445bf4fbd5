"""A Ray cluster: connecting to it or starting one here, what its nodes are, and the actors of a run.

Knows Ray. Knows no papers.
"""

import logging
import os
import platform
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from ..errors import EndpointError, MissingExtra, UsageError
from ..runs.record import NodeRecord
from ..safety.redact import holds_a_secret
from .buckets import SHELVES
from .keeper import Board, Keeper
from .place import Place


def ray_module() -> Any:
    """Ray. Raises MissingExtra if it is not installed."""
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise MissingExtra("A run on Ray", "ray")
    # Read when Ray is imported: nothing is reported to its makers, and its own log goes to its files.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    import ray.data

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster; without an address that of `RAY_ADDRESS`, else one of this machine.

    A connection that is there already is used and left open. Raises EndpointError if there is no cluster.
    """
    ray = ray_module()
    if ray.is_initialized():
        yield ray
        return
    # Processes of a cluster that starts here would inherit the keys, and would hear of Ctrl-C before the run
    # has ended. Workers are sent the keys that they need.
    secrets = {name: os.environ.pop(name) for name in list(os.environ) if holds_a_secret(name)}
    main = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        ray.init(
            address=address or os.environ.get("RAY_ADDRESS") or "local",
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise EndpointError(
            f"cannot connect to Ray: {str(error).splitlines()[0]}",
            where=address or "",
            next_step="Check --engine ray=ADDRESS, or give --engine ray to use this machine alone",
        ) from error
    finally:
        os.environ.update(secrets)
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
    try:
        yield ray
    finally:
        ray.shutdown()


def _look(folder: str, name: str, content: bytes) -> dict[str, Any]:
    return {
        "name": socket.gethostname(),
        "papercards": metadata.version("papercards"),
        "python": platform.python_version(),
        "version": metadata.version("ray"),
        "sees": not folder or Place(folder).read(name) == content,
    }


def nodes(ray: Any, folder: str = "", name: str = "", content: bytes = b"") -> list[NodeRecord]:
    """The nodes, each of which must see a file of a folder with this content; without those that just died.

    Raises UsageError if one has another version of papercards or of Python, or does not see the file.
    """
    from ray.exceptions import NodeDiedError, TaskUnschedulableError, WorkerCrashedError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    alive = [one for one in ray.nodes() if one["Alive"]]
    look = ray.remote(num_cpus=0)(_look)
    asked = [
        look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(one["NodeID"], soft=False)).remote(
            folder, name, content
        )
        for one in alive
    ]
    found = []
    for one, answer in zip(alive, asked, strict=True):
        try:
            said = ray.get(answer)
        except (NodeDiedError, TaskUnschedulableError, WorkerCrashedError):
            continue  # it has died since it was listed
        sees, resources = said.pop("sees"), one["Resources"]
        node = NodeRecord(
            cpus=resources.get("CPU", 0.0), memory_mb=int(resources.get("memory", 0)) >> 20, **said
        )
        if node.papercards != metadata.version("papercards"):
            raise UsageError(
                f"papercards {node.papercards} is installed there, and {metadata.version('papercards')} here",
                where=node.name,
                next_step="Install the same version on all nodes",
            )
        if not sees:
            raise UsageError(
                f"the node does not see {folder}",
                where=node.name,
                next_step="Write to a folder that all nodes share, or to an address such as s3://b/cards.jsonl",
            )
        found.append(node)
    return found


def board(ray: Any) -> Any:
    """The board of a run, on this node: it dies with the driver only."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return (
        ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Board)
        .options(scheduling_strategy=here, max_concurrency=1000)
        .remote()
    )


def keepers(ray: Any, count: int, cache: str | None, done: str | None, run: int) -> list[Any]:
    """The keepers of a run, spread over the nodes; one that dies begins anew from what is on disk."""
    made = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy="SPREAD")(Keeper)
    return [
        made.options(max_concurrency=1000).remote(
            cache,
            "".join(one for at, one in enumerate(SHELVES) if at * count // len(SHELVES) == number),
            done,
            run,
            (number, count),
        )
        for number in range(count)
    ]
