"""The error tree: what went wrong, where, and what to do next.

    PapercardsError            exit 1
    ├── UsageError             exit 2   the command line, a setting, a taxonomy file
    │   └── MissingExtra       exit 2   a feature whose package is not installed
    ├── EndpointError          exit 2   the endpoint cannot serve anyone: the batch stops
    ├── StorageError           exit 2   a disk is full or a folder cannot be written
    ├── BadInput               exit 1   a record or a source cannot be read
    ├── PaperFailed            exit 1   one paper got no card: the batch goes on
    ├── BudgetSpent            exit 1   the next call may cost more than is left: the batch stops
    ├── Stopped                exit 130 the user stopped the run before this paper was asked about
    ├── VerifyFailed           exit 1   a card does not match its paper
    └── GateMissed             exit 3   an evaluation is below its bounds

Imports nothing of the program at run time, so that every module can import it. An error is one line for the
user; `main` prints it and sets the exit code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .spent import Spent


class PapercardsError(Exception):
    """One sentence that says where, what, and what to do next.

    `where` is a file and line, a paper id or a URL; `next_step` is a sentence. Both may be empty. `spent` is
    the cost of the requests before it, as far as known; None if there were none. `retry_after_s` is set if a
    service limits the rate: seconds that it asks to wait, 60 if it does not say.
    """

    exit_code: ClassVar[int] = 1
    spent: "Spent | None" = None
    retry_after_s: float | None = None

    def __init__(self, message: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        end = "" if self.message.endswith((".", "!", "?")) else "."
        step = f"{end} {self.next_step}" if self.next_step else ""
        return " ".join(f"{place}{self.message}{step}".split())


class UsageError(PapercardsError):
    """The command line or the configuration is wrong."""

    exit_code = 2


class MissingExtra(UsageError):
    """A feature needs a package that is not installed by default."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs an extra that is not installed",
            next_step=f"Install it with: pip install 'papercards[{extra}]'; in a copy of the repository: pip "
            f"install '.[{extra}]'",
        )


@contextmanager
def importing(feature: str, extra: str) -> Iterator[None]:
    """Import in it what an extra brings; raises MissingExtra where it is not installed."""
    try:
        yield
    except ImportError as error:
        raise MissingExtra(feature, extra) from error


@contextmanager
def readable(path: Path, what: str, kind: type[PapercardsError] = UsageError, **more: Any) -> Iterator[None]:
    """Read a file of the user in it; raises `kind` where that cannot be done, or it is not UTF-8 text.

    `what` is what the file holds, such as `the labels`; `more` is passed on.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"cannot read {what}: {error.strerror}", where=str(path), **more) from error
    except UnicodeDecodeError as error:
        raise kind(f"cannot read {what}: not UTF-8 text", where=str(path), **more) from error


class EndpointError(PapercardsError):
    """The endpoint refuses or cannot be reached for any paper, so the run ends."""

    exit_code = 2


class StorageError(PapercardsError):
    """The cache or an output cannot be written or read."""

    exit_code = 2


class BadInput(PapercardsError):
    """A record, or a whole source, cannot be read."""


class PaperFailed(PapercardsError):
    """One paper got no card.

    `attempts` counts the requests that were sent for it. `alike` is the kind of a failure that is likely to
    affect other papers too: after several papers in a row, the run ends. Empty if it concerns this paper
    only.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        next_step: str = "",
        attempts: int = 0,
        alike: str = "",
        spent: "Spent | None" = None,
    ) -> None:
        super().__init__(message, where=where, next_step=next_step)
        self.attempts = attempts
        self.alike = alike
        self.spent = spent

    @property
    def unanswered(self) -> bool:
        """Whether it failed because of the endpoint, which tells nothing about the model."""
        return self.alike not in ("", "wrong answer", "cut off")


class BudgetSpent(PapercardsError):
    """The next call could exceed the budget of the run."""


class Stopped(PapercardsError):
    """The run was stopped before this paper was finished."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("stopped")


class VerifyFailed(PapercardsError):
    """A card does not match its paper."""


class GateMissed(PapercardsError):
    """An evaluation is below its bounds."""

    exit_code = 3
