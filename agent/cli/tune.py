"""`papercards tune`: fits one's own labels or corrections over a tagger or a hosted model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ..errors import BadInput, PaperFailed, importing
from ..model.catalogue import BASELINE, Model
from ..runs.resources import Resources, choose_model
from ..text.wording import counted
from .shared import options, terminal, wiring
from .shared.papers import of_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..evals.fitting.fit_confidence import Calibrated
    from ..evals.fitting.fit_own import Gain, Pairs
    from ..paper import Paper
    from ..reading.reader import Reader

SUFFIX = ".tuned.json"
T = TypeVar("T")


@options.grouped
def tune(
    labels: Annotated[
        Path,
        typer.Option(
            help="Your labels, or corrections from papercards review to-labels.", metavar="FILE.jsonl"
        ),
    ],
    papers: Annotated[
        str | None,
        typer.Option(help="Source of the papers, if the labels have no abstracts.", metavar="SOURCE"),
    ] = None,
    split: Annotated[
        str, typer.Option(help="Fit on this split only: train, dev or test (default: all).", metavar="SPLIT")
    ] = "",
    output: Annotated[
        Path | None,
        options.to_file(
            "File to write (default: beside the taxonomy, named after it, else papercards.tuned.json)."
        ),
    ] = None,
    model: options.Model = None,
    *,
    flags: options.EndpointFlags,
    pace: options.PaceFlags,
    column: options.Columns = None,
) -> None:
    """Fit a model to your own labels; use the file with --tuned.

    The baseline or local/minilm is changed only where cross-validation on your labels is better, and nothing
    is sent anywhere. A hosted model is asked about each paper, and its probabilities are calibrated.
    """
    from dataclasses import replace

    from ..evals.label_file import join, labels_version, read_labels
    from ..evals.labelling.label_texts import label_file

    with importing("papercards tune", "eval"):
        import sklearn  # noqa: F401  (asked for here, so that its absence is one clear line)

        from ..evals.fitting.fit_own import LEAST_PAPERS
    asked = wiring.settings(flags, pace, model=model)
    chosen = replace(asked, tuned=None, fields=None, only=None, model=asked.model or BASELINE.name)
    entry = choose_model(chosen)
    path = label_file(labels)
    with wiring.resources(chosen) as resources:
        items = read_labels(path, split=split or None, taxonomy=resources.taxonomy)
        pairs = join(items, of_source(papers, column, chosen) if papers else ())
        if len(pairs) < LEAST_PAPERS:
            raise BadInput(
                f"{counted(len(pairs), 'labelled paper')}; tuning needs at least {LEAST_PAPERS}",
                where=str(labels),
                next_step="Label more; papercards eval labels sample says which",
            )
        target = output or _beside(chosen.taxonomy)
        hosted = entry.plan in ("one-call", "decide")
        terminal.note(f"{counted(len(pairs), 'paper')} with {wiring.named(entry, chosen.pool)}")
        fit = _hosted if hosted else _tagger
        version = fit(resources, entry, pairs, labels_version(path, items), target)
    if version is not None:
        plan = " --plan decide" if entry.plan == "decide" else ""
        terminal.note(f"{version} → {target}; use it with: --tuned {target} -m {entry.name}{plan}")


def _tagger(resources: "Resources", entry: "Model", pairs: "Pairs", labels: str, target: Path) -> str | None:
    """Fit a layer over a tagger; its version, None if nothing was written."""
    from ..evals.fitting.fit_own import fit_own
    from ..reading.own_layer import ADAPTER
    from ..sinks.files import write_file

    tagger, name = resources.tagger(entry)
    layer, gains = fit_own(pairs, tagger, resources.taxonomy, name=name, model=entry.name, labels=labels)
    for gain in gains:
        terminal.note(_told(gain))
    if not layer.fields and layer.claims is None:
        terminal.note("no field is surely better with your labels, so nothing was written")
        return None
    write_file(target, [ADAPTER.dump_json(layer), b"\n"])
    return layer.version


def _hosted(resources: "Resources", entry: "Model", pairs: "Pairs", labels: str, target: Path) -> str | None:
    """Calibrate the probabilities of a hosted model, which is asked about each paper; the fit's version."""
    import asyncio
    from dataclasses import replace

    from ..evals.fitting.fit_confidence import fit_answers, fit_decisions
    from ..reading.confidence import ADAPTER, Confidences
    from ..reading.decide.questions import words
    from ..sinks.files import write_file

    papers = [paper for _, paper in pairs]
    if entry.plan == "decide":
        decider = resources.decide(entry, tuned=False)
        scores = asyncio.run(_ask(decider, decider.scores, papers, resources.concurrency(entry)))
        answered = [(pair, one) for pair, one in zip(pairs, scores, strict=True) if one is not None]
        fields, told = fit_decisions(
            [pair for pair, _ in answered], [one for _, one in answered], resources.taxonomy
        )
        prompt = words().state.version
    else:
        reader = resources.raw_reader(entry)
        readings = asyncio.run(_ask(reader, reader.read, papers, resources.concurrency(entry)))
        judged = [(one.card, item) for one, (item, _) in zip(readings, pairs, strict=True) if one is not None]
        fields, told = fit_answers(judged)
        prompt = reader.prompt.version
    for one in told:
        terminal.note(_calibrated(one))
    if not fields:
        terminal.note("no field has enough answers with a probability, so nothing was written")
        return None
    raw = Confidences.raw(entry.name, entry.plan)
    found = replace(
        raw,
        prompt=prompt,
        taxonomy=resources.taxonomy.version,
        labels=labels,
        papers=len(papers),
        fields=fields,
    )
    write_file(target, [ADAPTER.dump_json(found), b"\n"])
    return found.version


async def _ask(
    reader: "Reader", ask: "Callable[[Paper], Awaitable[T]]", papers: "Sequence[Paper]", most: int
) -> "list[T | None]":
    """The answer for each paper; None for one that failed, which is told."""
    import asyncio

    slots = asyncio.Semaphore(most)

    async def one(paper: "Paper") -> "T | None":
        async with slots:
            try:
                return await ask(paper)
            except PaperFailed as error:
                terminal.note(f"papercards: {error}")
                return None

    try:
        return await asyncio.gather(*map(one, papers))
    finally:
        await reader.close()


def _beside(taxonomy: str | None) -> Path:
    return Path(taxonomy).with_suffix(SUFFIX) if taxonomy else Path(f"papercards{SUFFIX}")


def _told(gain: "Gain") -> str:
    change = f"{gain.field}: F1 {gain.before:.2f} to {gain.after:.2f} in cross-validation on your labels"
    return f"{change}, {'kept' if gain.kept else 'not surely better, left as it is'}"


def _calibrated(one: "Calibrated") -> str:
    if not one.kept or one.before is None or one.after is None:
        few = f"too few right or wrong answers with a probability ({one.answers} in all)"
        return f"{one.field}: {few}, left as it is"
    return (
        f"{one.field}: calibration error {one.before:.2f} to {one.after:.2f} in cross-validation "
        f"on {counted(one.answers, 'answer')}"
    )
