"""`papercards stats`: shares by group, with intervals, as a table or a plot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from ..text.wording import counted
from .cards import CARDS
from .shared import options, terminal

if TYPE_CHECKING:
    from ..statistics.shares import Statistics


def stats(
    cards: CARDS,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="One or two fields to group by, such as year or year,task (default: all papers together).",
            metavar="FIELD,FIELD",
        ),
    ] = None,
    share: Annotated[
        list[str] | None,
        typer.Option(
            help="What to give the share of: a condition such as code=released or venue~neurips, or a field, "
            "such as task, for each of its values. May be given several times (default: code, data and "
            "weights released; without --by, all tags).",
            metavar="CONDITION|FIELD",
        ),
    ] = None,
    where: options.Where = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Label file of a random sample of the papers, to correct shares for the model's errors "
            "where a group has enough labels.",
            metavar="FILE",
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(help="Split of the label file to use: dev, test or train.", metavar="NAME")
    ] = "dev",
    labelled_cards: Annotated[
        Path | None,
        typer.Option(
            help="Cards of labelled papers that are not in CARDS, by the same model.", metavar="FILE"
        ),
    ] = None,
    small: Annotated[
        int, typer.Option(min=0, help="Mark groups with fewer papers than this.", metavar="N")
    ] = 10,
    output: Annotated[
        list[Path] | None,
        options.to_file(
            "Write a table (.csv .tsv .json .jsonl) or a plot (.svg .pdf .png) instead of printing. May "
            "be given several times."
        ),
    ] = None,
) -> None:
    """Give the share of papers with a feature, such as released code, by year or another field.

    Shares have 95% intervals: Wilson's, which take the cards as they are, or with --labels prediction-powered
    ones, corrected for the model's errors. Papers with an unknown value are counted and named.
    """
    from ..sinks import destination, read_cards
    from ..statistics import output as outputs
    from ..statistics.shares import stats as shares

    outputs.check(output or ())
    inputs = [destination(path)[1].resolve() for path in (cards, labelled_cards) if path is not None]
    if any(path.resolve() in inputs for path in output or ()):
        raise UsageError(
            "is both an input and an output", where=str(cards), next_step="Choose another output"
        )
    if labelled_cards is not None and labels is None:
        raise UsageError("needs labels", where="--labelled-cards", next_step="Add --labels FILE")
    found = shares(
        read_cards(cards),
        by=by or (),
        share=share or (),
        where=where or (),
        labels=labels,
        split=split,
        labelled_cards=read_cards(labelled_cards) if labelled_cards is not None else (),
        small=small,
    )
    notes = found.notes
    if output:
        notes += outputs.write_stats(found, *output)
    else:
        _print(found)
    for line in notes:
        terminal.note(line)
    used = f", {counted(found.labelled, 'labelled paper')}" if found.labelled is not None else ""
    where_to = f" → {', '.join(map(str, output))}" if output else ""
    terminal.note(f"{counted(found.papers, 'card')}{used}, {counted(len(found.rows), 'share')}{where_to}")


def _print(found: "Statistics") -> None:
    from ..statistics.layout import value_in_words, words

    corrected = found.labelled is not None
    columns = [(name.replace("_", " "), {"overflow": "fold"}) for name in (*found.by, "feature")]
    figures = ("n", "with", *["of cards", "labelled"] * corrected, "share", f"{found.level:.0%} interval")
    rows = []
    for row in found.rows:
        cells = [value_in_words(one, name) for name, one in zip(found.by, row.group, strict=True)]
        cells += [words(row.feature), f"{row.n:,}", f"{row.count:,}"]
        if corrected:
            cells += [_percent(row.count / row.n if row.n else None)]
            cells += ["" if row.labelled is None else f"{row.labelled:,}"]
        between = "" if row.low is None else f"[{_percent(row.low)}, {_percent(row.high)}]"
        rows.append([*cells, _percent(row.share), between, ", ".join(row.marks)])
    right = {"justify": "right", "no_wrap": True}
    terminal.print_table([*columns, *((name, right) for name in figures), ("", {})], rows)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
