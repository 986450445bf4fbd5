"""Draws risk against coverage of several runs, a row for each corpus, as `docs/quality.md` shows it.

    python -m papercards.evals.reporting.coverage docs/images/coverage.svg RESULT...

The results are those that `papercards eval run -o` writes. The same results give the same bytes. Needs the
`eval` extra (Matplotlib).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..scoring.calibration import Curve, curves
from ..scoring.run import RunResult, read_result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIELDS = {"tasks": "main task", "claims": "claims"}
"""Fields that are drawn, with the titles of their columns."""
_STYLES = ("-", "--", ":", "-.")


def draw(results: Sequence[RunResult], target: Path) -> None:
    """Write the drawing: a row for each label set and split, a line for each model."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "papercards", "svg.fonttype": "none"})
    from matplotlib import pyplot as plt

    corpora: dict[str, list[RunResult]] = {}
    for result in results:
        corpora.setdefault(f"{result.labels.partition('@')[0]}, {result.split}", []).append(result)
    figure, grid = plt.subplots(
        len(corpora), len(FIELDS), figsize=(7.2, 2.6 * len(corpora)), layout="constrained", squeeze=False
    )
    for row, (corpus, runs) in zip(grid, corpora.items(), strict=True):
        found = [(run.model, curves(run.judged)) for run in runs]
        for axes, (field, title) in zip(row, FIELDS.items(), strict=True):
            _panel(axes, f"{corpus}: {title}", [(model, by_field[field]) for model, by_field in found])
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)


def _panel(axes: "Axes", title: str, found: Sequence[tuple[str, Curve]]) -> None:
    for place, (model, curve) in enumerate(found):
        points = [(one.coverage, 1 - one.precision) for one in curve.points if one.precision is not None]
        axes.step(
            [coverage for coverage, _ in points],
            [risk for _, risk in points],
            _STYLES[place % len(_STYLES)],
            where="post",
            lw=1.3,
            label=model,
        )
    axes.axhline(0.1, color="0.7", lw=1)
    unit = found[0][1].unit
    axes.set(xlim=(0, 1), ylim=(0, 0.6), xlabel=f"share of {unit} answered", ylabel="share wrong")
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7, frameon=False)


if __name__ == "__main__":
    draw([read_result(Path(one)) for one in sys.argv[2:]], Path(sys.argv[1]))
