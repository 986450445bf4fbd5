"""papercards: reads research papers and writes a card for each, with evidence for every claim.

`Session` reads papers, `open_source` and `read_cards` read files; docs/python-api.md shows how. Names are
loaded when they are first used, so importing papercards costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .card import Card as Card
    from .card_files import read_cards as read_cards
    from .card_files import write_cards as write_cards
    from .errors import BadInput as BadInput
    from .errors import BudgetSpent as BudgetSpent
    from .errors import EndpointError as EndpointError
    from .errors import MissingExtra as MissingExtra
    from .errors import PapercardsError as PapercardsError
    from .errors import PaperFailed as PaperFailed
    from .errors import StorageError as StorageError
    from .errors import UsageError as UsageError
    from .paper import Paper as Paper
    from .publication import Person as Person
    from .publication import Publication as Publication
    from .runs.counts import Counts as Counts
    from .runs.job import Job as Job
    from .session import Failure as Failure
    from .session import Session as Session
    from .sources import BadRecord as BadRecord
    from .sources import open_source as open_source
    from .statistics.output import write_stats as write_stats
    from .statistics.shares import Statistics as Statistics
    from .statistics.shares import stats as stats
    from .taxonomy import Taxonomy as Taxonomy

    __version__: str

_HOMES = {
    name: home
    for home, names in {
        "card": "Card",
        "card_files": "read_cards write_cards",
        "errors": "BadInput BudgetSpent EndpointError MissingExtra PaperFailed PapercardsError StorageError "
        "UsageError",
        "paper": "Paper",
        "publication": "Person Publication",
        "runs.counts": "Counts",
        "runs.job": "Job",
        "session": "Failure Session",
        "sources": "BadRecord open_source",
        "statistics.output": "write_stats",
        "statistics.shares": "Statistics stats",
        "taxonomy": "Taxonomy",
    }.items()
    for name in names.split()
}
"""Public names and the modules that hold them; nothing else is public."""

__all__ = [*sorted(_HOMES), "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata  # takes 30 ms

        return metadata.version("papercards")
    if (home := _HOMES.get(name)) is None:
        raise AttributeError(f"module papercards has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
