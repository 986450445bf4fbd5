"""What tests of figures share."""

from typing import Any

import pytest

from papercards.evals import calibration, intervals, sheet


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals that are rough and quick, for tests that are about something else."""
    bootstrap = intervals.bootstrap

    def rough(*arguments: Any, **options: Any) -> list[intervals.Interval | None]:
        return bootstrap(*arguments, **options | {"resamples": 99})

    for module in (intervals, sheet, calibration):
        monkeypatch.setattr(module, "bootstrap", rough)
