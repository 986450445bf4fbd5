"""The tables of `papercards eval`, as plain text on standard output."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...text.wording import counted
from . import terminal

if TYPE_CHECKING:
    from ...evals.labelling.agreement import Agreement
    from ...evals.labelling.sampling import Narrowing, Suggestion
    from ...evals.reporting.sheet import Sheet
    from ...evals.scoring.calibration import Transfer
    from ...evals.scoring.compare import Comparison
    from ...evals.scoring.intervals import Interval

SHOWN = {
    "f1": "F1",
    "macro_f1": "macro F1",
    "main_accuracy": "main label",
    "exact_accuracy": "exact set",
    "kind_accuracy": "kind",
    "kappa": "kappa",
    "accuracy": "status",
    "answered": "answered",
    "accuracy_of_answered": "of answered",
    "overlap": "overlap",
}
"""Figures shown in the terminal's table, in order; precision and recall appear beside F1."""
STATUSES = ("code", "data", "weights")
OF_ANSWERED = ("answered", "accuracy_of_answered")
"""Figures that say nothing new where every paper is answered."""


def figure(value: float | None, form: str = ".2f") -> str:
    """Format a number; a dash for an undefined value."""
    return "-" if value is None else f"{value:{form}}"


def between(interval: "Interval | None") -> str:
    """Format as `[0.63, 0.79]`; empty without an interval."""
    return "" if interval is None else f"[{interval.low:.2f}, {interval.high:.2f}]"


def print_json(value: Any) -> None:
    """Print any record of `evals` as JSON."""
    import json

    from pydantic import TypeAdapter

    data = TypeAdapter(type(value) if not isinstance(value, tuple) else tuple).dump_python(value, mode="json")
    print(json.dumps(data, ensure_ascii=False, indent=1))


def print_sheet(sheet: "Sheet", *, by_label: bool = False) -> None:
    """Print a run: figures with intervals, ceiling and floor; then trust, cost, summaries, calibration."""
    of = f" of {sheet.papers + sheet.unanswered}" if sheet.unanswered else ""
    print(f"{sheet.model} on {sheet.split}, {sheet.papers}{of} papers, {sheet.labels}")
    if sheet.unanswered:
        print(f"the endpoint failed for {counted(sheet.unanswered, 'paper')}; the figures cover the others")
    print(
        f"{'field':<15}{'figure':<12}{'value':>5}  {'95% interval':<14}{'ceiling':>7}{'floor':>7}"
        f"{'n':>6}{'precision':>11}{'recall':>8}"
    )
    last = ""
    for one in sheet.measures:
        if one.figure not in SHOWN:
            continue
        unanswered = sheet.not_answered.get(one.field, 0)
        if one.figure in OF_ANSWERED and not unanswered:
            continue
        if unanswered and sheet.of(one.field, "answered").value == 0:
            if one.field != last:
                print(f"{one.field:<15}not answered by this model ({counted(unanswered, 'paper')})")
            last = one.field
            continue
        if one.value is None and (one.figure != "f1" or not sheet.support.get(one.field)):
            continue
        shown = "all right" if one.figure == "accuracy" and one.field not in STATUSES else SHOWN[one.figure]
        line = f"{'' if one.field == last else one.field:<15}{shown:<12}"
        line += f"{figure(one.value):>5}  {between(one.interval):<14}"
        line += f"{figure(one.ceiling):>7}{figure(one.floor):>7}"
        if one.figure == "answered":
            line += f"{'':>6}  {counted(unanswered, 'paper')} not answered"
        if one.figure == "f1" and one.field in sheet.support:
            precision, recall = sheet.of(one.field, "precision"), sheet.of(one.field, "recall")
            line += f"{sheet.support[one.field]:>6}{figure(precision.value):>11}{figure(recall.value):>8}"
        print(line.rstrip())
        last = one.field
    if by_label:
        _print_labels(sheet)
    _print_summary(sheet)
    _print_trust(sheet)
    _print_calibration(sheet)
    if sheet.retest:
        print("self-agreement of the model over repeated queries:")
        print_agreement(sheet.retest)


def _print_labels(sheet: "Sheet") -> None:
    for field, rows in sheet.by_label.items():
        print(f"\n{field:<36}{'n':>5}{'precision':>11}{'recall':>8}{'F1':>6}")
        for row in rows:
            print(
                f"{row.label:<36}{row.support:>5}{figure(row.precision):>11}{figure(row.recall):>8}"
                f"{figure(row.f1):>6}"
            )
    print()


def _print_summary(sheet: "Sheet") -> None:
    def value(name: str) -> float | None:
        return sheet.of("summary", name).value

    words = value("words")
    if words is None:
        return
    numbers, names = (figure(value(f"{what}_not_in_source"), ".0%") for what in ("number", "name"))
    print(
        f"summaries: {words:.0f} words; {numbers} contain a number that is not in the paper, {names} a name"
    )
    if value("rouge_1") is not None:
        print(
            "  ROUGE-1/L (a sanity check, not a goal): "
            f"{figure(value('rouge_1'))}/{figure(value('rouge_l'))}; the title "
            f"{figure(value('rouge_1_of_title'))}/{figure(value('rouge_l_of_title'))}, the first sentence "
            f"{figure(value('rouge_1_of_first_sentence'))}/{figure(value('rouge_l_of_first_sentence'))}"
        )


def _print_trust(sheet: "Sheet") -> None:
    trust, cost = sheet.trust, sheet.cost
    parts = [
        f"{name} {figure(share.value, '.0%')} {between(share.interval)}".rstrip()
        for name, share in (
            ("quotes that verify", trust.verified),
            ("failed", trust.failed),
            ("re-asked", trust.reasked),
            ("flagged", trust.flagged),
            ("main task uncertain", trust.uncertain),
        )
    ]
    print(f"trust: {', '.join(parts)}")
    if not cost.calls:
        return
    tokens = cost.prompt_tokens + cost.completion_tokens
    made = max(1, sheet.papers - sheet.trust.failed.part)
    line = f"cost: {counted(cost.calls, 'call')}, {counted(tokens, 'token')}, {terminal.money(cost.cost_usd)}"
    if cost.cost_usd:
        line += f" ({terminal.money(cost.cost_usd / made)} a paper)"
    if cost.seconds_median is not None and cost.seconds_p90 is not None:
        line += f"; seconds a paper: median {cost.seconds_median:.1f}, 90% within {cost.seconds_p90:.1f}"
    print(line)


def _print_calibration(sheet: "Sheet") -> None:
    for field, table in sheet.calibration.items():
        if table.ece is not None and table.brier is not None:
            ece = f"ECE {table.ece:.3f} (by chance {between(table.ece_by_chance)})"
            brier = f"Brier {table.brier:.3f} {between(table.brier_interval)}".rstrip()
            print(f"calibration: {field} {ece}, {brier} over {counted(table.n, 'answer')}")
    for curve in sheet.curves.values():
        if curve.points:
            print(curve.line())


def print_comparison(found: "Comparison", show: int) -> None:
    """Print two runs: one line, the differences, the tests, the papers that changed."""
    from ...evals.scoring.compare import describe

    if found.narrowed:
        print(found.narrowed)
    print(found.line)
    print(f"A {found.first}, B {found.second}; differences are B - A, [95% interval, paired by paper]")
    for name, missing in (("A", found.only_first), ("B", found.only_second)):
        if missing:
            print(f"only in {name}, not counted: {counted(len(missing), 'paper')}")
    for one in found.differences:
        if one.difference is not None:
            print(f"  {one.verdict:<8}{describe(one)}")
    for test in found.tests:
        if test.only_first or test.only_second:
            print(
                f"  McNemar {test.field}: {test.only_first} right only in A, {test.only_second} only in B, "
                f"p = {test.p:.3f}"
            )
    if not found.changes:
        print("no answers changed")
        return
    papers = len({change.id for change in found.changes})
    print(f"{counted(len(found.changes), 'answer')} changed in {counted(papers, 'paper')}:")
    for change in found.changes[:show]:
        gain = change.first_errors - change.second_errors
        mark = "+" if gain > 0 else "-" if gain < 0 else "="
        print(
            terminal.clean(f"  {mark} {change.field}: {change.first} → {change.second}   {change.title[:60]}")
        )
    if len(found.changes) > show:
        print(f"  … and {len(found.changes) - show} more (--show N)")


def print_agreement(rows: "Sequence[Agreement]") -> None:
    """Print the agreement between passes, one row per field."""
    print(
        f"{'field':<15}{'papers':>7}{'F1':>7}{'same main':>11}{'exact':>7}{'alpha':>7}{'kappa':>7}{'kind':>7}"
    )
    some = any(row.papers for row in rows)
    for row in rows:
        if some and not row.papers:
            continue
        values = (row.f1, row.same_main, row.exact, row.alpha, row.kappa, row.same_kind)
        cells = [figure(value, ".3f") for value in values]
        rest = "".join(f"{cell:>7}" for cell in cells[2:])
        print(f"{row.field:<15}{row.papers:>7}{cells[0]:>7}{cells[1]:>11}{rest}")


def print_sample(chosen: "Sequence[Suggestion]", narrower: "Mapping[str, Narrowing]") -> None:
    """Print the papers to label next."""
    for one in chosen:
        print(terminal.clean(f"{one.score:.2f}  {one.id}  {one.title[:70]}  ({'; '.join(one.reasons)})"))
    if not chosen:
        print("all papers are labelled")
    for split, more in narrower.items():
        if chosen and more.width is not None:
            print(
                f"adding all {more.more} to {split} makes its intervals {1 - more.width:.0%} narrower "
                f"({more.papers} papers now)"
            )


def print_thresholds(rows: "Sequence[Transfer]", precision: float, fitted: str, checked: str) -> None:
    """Print the confidence needed for a precision, and whether it holds on the other split."""
    if not rows:
        print("no answer has a confidence")
    for row in rows:
        if row.fitted is None or row.checked is None:
            print(f"{row.field}: no confidence threshold reaches {precision:.0%} precision on {fitted}")
            continue
        print(
            f"{row.field}: confidence threshold {row.fitted.threshold:.2f}; on {fitted} it keeps "
            f"{row.fitted.coverage:.0%} of the answers with precision {figure(row.fitted.precision)}, on "
            f"{checked} {row.checked.coverage:.0%} with precision {figure(row.checked.precision)}"
        )
