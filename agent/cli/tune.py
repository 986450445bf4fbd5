"""`papercards tune`: fits a layer of one's own labels or corrections over a tagger."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runs.resources import choose_model
from ..text.wording import counted
from .shared import options, source_options, terminal, wiring

if TYPE_CHECKING:
    from ..evals.fitting.fit_own import Gain

SUFFIX = ".tuned.json"


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
        typer.Option(
            "--output",
            "-o",
            help="File to write (default: beside the taxonomy, named after it, else papercards.tuned.json).",
            metavar="FILE",
        ),
    ] = None,
    model: options.Model = None,
    taxonomy: options.Taxonomy = None,
    column: options.Columns = None,
) -> None:
    """Fit your own labels over the baseline or local/minilm; use the file with --tuned.

    Only what is better in cross-validation on your labels is changed. Nothing is sent anywhere.
    """
    from dataclasses import replace

    from ..errors import BadInput, MissingExtra
    from ..evals.label_file import join, labels_version, read_labels
    from ..evals.labelling.label_texts import label_file
    from ..model.catalogue import BASELINE
    from ..sinks.files import write_file
    from ..sources import open_source, readable

    try:
        import sklearn  # noqa: F401  (asked for here, so that its absence is one clear line)

        from ..evals.fitting.fit_own import LEAST_PAPERS, fit_own
        from ..reading.own_layer import ADAPTER
    except ImportError as error:
        raise MissingExtra("papercards tune", "eval") from error
    asked = wiring.settings(model=model, taxonomy=taxonomy)
    chosen = replace(asked, tuned=None, model=asked.model or BASELINE.name)
    entry = choose_model(chosen)
    path = label_file(labels)
    with wiring.resources(chosen) as resources:
        items = read_labels(path, split=split or None, taxonomy=resources.taxonomy)
        asked_of = source_options.asked(chosen, options.SourceFlags(column))
        pairs = join(items, readable(open_source(papers, asked_of)) if papers else ())
        if len(pairs) < LEAST_PAPERS:
            raise BadInput(
                f"{counted(len(pairs), 'labelled paper')}; tuning needs at least {LEAST_PAPERS}",
                where=str(labels),
                next_step="Label more; papercards eval labels sample says which",
            )
        tagger, name = resources.tagger(entry)
        terminal.note(f"{counted(len(pairs), 'paper')} with {entry.name}")
        layer, gains = fit_own(
            pairs,
            tagger,
            resources.taxonomy,
            name=name,
            model=entry.name,
            labels=labels_version(path, items),
        )
    for gain in gains:
        terminal.note(_told(gain))
    if not layer.fields and layer.claims is None:
        terminal.note("no field is surely better with your labels, so nothing was written")
        return
    target = output or _beside(chosen.taxonomy)
    write_file(target, [ADAPTER.dump_json(layer), b"\n"])
    terminal.note(f"{layer.version} → {target}; use it with: --tuned {target} -m {entry.name}")


def _beside(taxonomy: str | None) -> Path:
    return Path(taxonomy).with_suffix(SUFFIX) if taxonomy else Path(f"papercards{SUFFIX}")


def _told(gain: "Gain") -> str:
    change = f"{gain.field}: F1 {gain.before:.2f} to {gain.after:.2f} in cross-validation on your labels"
    return f"{change}, {'kept' if gain.kept else 'not surely better, left as it is'}"
