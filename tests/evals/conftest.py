"""What tests of figures share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from papercards.evals.reporting import sheet
from papercards.evals.scoring import calibration, intervals


@pytest.fixture
def few_resamples() -> Iterator[None]:
    """Intervals that are rough and quick, for tests that are about something else."""
    with rough_intervals():
        yield


@contextmanager
def rough_intervals() -> Iterator[None]:
    """The same for what several tests share."""
    bootstrap = intervals.bootstrap

    def rough(*arguments: Any, **options: Any) -> list[intervals.Interval | None]:
        return bootstrap(*arguments, **options | {"resamples": 99})

    with pytest.MonkeyPatch.context() as patch:
        for module in (intervals, sheet, calibration):
            patch.setattr(module, "bootstrap", rough)
        yield
