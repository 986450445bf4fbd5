"""`papercards eval labels`: label files checked, compared, split, extended and converted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..resources import load_taxonomy
from . import options, reading, terminal, wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..paper import Paper

app = typer.Typer(help="Check, compare, split, extend and convert label files.", no_args_is_help=True)

File = Annotated[
    Path | None, typer.Argument(help="A label file; none: the one shipped.", metavar="LABELS.jsonl")
]
Papers = Annotated[
    str | None,
    typer.Option("--papers", help="Where the labelled papers are.", metavar="SOURCE"),
]
Output = Annotated[Path, typer.Option("--output", "-o", help="The label file to write.", metavar="FILE")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same choice.")]


@app.command("check")
def check(
    labels: File = None,
    papers: Papers = None,
    taxonomy: options.Taxonomy = None,
    column: options.Columns = None,
) -> None:
    """Print every fault of a label file, one a line; exit 1 if there is one."""
    from ..errors import BadInput
    from ..evals.label_check import check as faults_of
    from ..evals.labels import SEED_LABELS

    path = labels or SEED_LABELS
    known = _papers(papers, column, seed=labels is None)
    faults = faults_of(path, load_taxonomy(wiring.settings(taxonomy=taxonomy)), known)
    for fault in faults:
        print(terminal.clean(str(fault) if fault.severe else f"{fault} (a note)"))
    severe = sum(fault.severe for fault in faults)
    if severe:
        raise BadInput(f"{severe} fault{'s' if severe > 1 else ''}", where=str(path))
    terminal.note(f"{path}: no faults")


@app.command("agree")
def agree(
    labels: File = None,
    papers: Papers = None,
    column: options.Columns = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Say how far the passes of a label file agree."""
    from ..evals.agreement import agree as agreed
    from ..evals.labels import SEED_LABELS, read_labels
    from . import eval_tables

    labelled = read_labels(labels or SEED_LABELS)
    rows = agreed(labelled, _papers(papers, column, seed=labels is None) or ())
    if as_json:
        eval_tables.print_json(rows)
    else:
        eval_tables.print_agreement(rows)


@app.command("sample")
def sample(
    cards: Annotated[Path, typer.Argument(help="Cards of papers, labelled or not.", metavar="CARDS")],
    labels: Annotated[
        Path | None, typer.Option(help="Papers labelled so far; none: the shipped labels.", metavar="FILE")
    ] = None,
    other: Annotated[
        Path | None, typer.Option(help="Another tagger's cards, as the baseline's.", metavar="CARDS")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many papers.", metavar="N")] = 20,
    at_random: Annotated[
        bool, typer.Option("--random", help="Draw at random: what measuring needs.")
    ] = False,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the papers as JSON.")] = False,
) -> None:
    """Say which papers to label next, why, and what that would do to the intervals."""
    from ..evals.labels import SEED_LABELS, read_labels
    from ..evals.sampling import narrowing, suggest
    from ..sinks import read_cards
    from . import eval_tables

    known = read_labels(labels or SEED_LABELS)
    second = read_cards(other) if other is not None else ()
    chosen = suggest(read_cards(cards), known, n, other=second, seed=seed, at_random=at_random)
    if as_json:
        eval_tables.print_json(chosen)
        return
    narrower = {split: narrowing(known, len(chosen), split) for split in ("train", "dev", "test")}
    eval_tables.print_sample(chosen, narrower)


@app.command("split")
def split(
    labels: Annotated[Path, typer.Argument(help="A label file.", metavar="LABELS.jsonl")],
    output: Output,
    papers: Papers = None,
    seed: Seed = 0,
    again: Annotated[bool, typer.Option("--again", help="Assign papers anew that have a split.")] = False,
    column: options.Columns = None,
) -> None:
    """Assign papers to train, dev and test by main task, near-duplicates together."""
    from ..evals.splitting import split_file

    known = _papers(papers, column, seed=False) or ()
    sizes = split_file(labels, output, papers=known, seed=seed, again=again)
    terminal.note(f"{', '.join(f'{name} {size}' for name, size in sizes.items())} → {output}")


@app.command("convert")
def convert(
    source: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or a JSON array.", metavar="SOURCE")],
    mapping: Annotated[
        Path, typer.Option(help="Which shape it has and what its words mean; see docs.", metavar="FILE.yaml")
    ],
    output: Output,
    taxonomy: options.Taxonomy = None,
) -> None:
    """Turn a label file of another shape into one of ours, by a mapping file."""
    from ..evals.convert import convert as converted
    from ..evals.convert import write

    found = converted(source, mapping, load_taxonomy(wiring.settings(taxonomy=taxonomy)))
    write(found, output)
    terminal.note(f"{len(found.records)} papers, scored in {', '.join(found.scored)} → {output}")
    if found.silent:
        terminal.note(f"{found.silent} rows say nothing that could be scored and are left out")
    if found.omit:
        terminal.note(f"its words cannot bear these figures; pass over them: {', '.join(found.omit)}")
    for word, times in sorted(found.unmapped.items(), key=lambda item: (-item[1], item[0])):
        terminal.note(f"not in the mapping: {word} ({times})")


@app.command("fetch")
def fetch(
    labels: Annotated[
        str,
        typer.Argument(
            help="arxiv-train, arxiv-dev, or a label file whose records have a sha256 in place of a text.",
            metavar="FILE",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The label file to write; none: where --labels finds it.", metavar="FILE"
        ),
    ] = None,
    papers: Annotated[
        str | None,
        typer.Option("--papers", help="Take the texts from here instead of arXiv.", metavar="SOURCE"),
    ] = None,
    column: options.Columns = None,
) -> None:
    """Get the texts of labels that ship without them, by id from arXiv, and check each by its hash.

    Run it again to go on where it was cut off. A paper whose text has changed since is named and left out.
    """
    from ..errors import BadInput
    from ..evals.label_texts import SHIPPED, texts_path
    from ..evals.label_texts import fetch as fetched

    path = SHIPPED.get(labels, Path(labels))
    if not path.exists():
        raise BadInput("there is no such label file", where=labels, next_step=f"Known: {', '.join(SHIPPED)}")
    if output is None:
        output = texts_path(path.stem) if labels in SHIPPED else path.with_suffix(".texts.jsonl")
    found = fetched(path, output, reading.asked(wiring.settings(), column), source=papers, say=terminal.note)
    for name in found.changed:
        terminal.note(f"{name}: its text is not the one that was labelled, left out")
    for reason in found.missing:
        terminal.note(f"{reason}, left out")
    terminal.note(f"{found.there:,} labelled texts ({found.new:,} new) → {output}")
    if found.missing:
        raise typer.Exit(1)


def _papers(source: str | None, column: list[str] | None, *, seed: bool) -> "Iterator[Paper] | None":
    """The papers of a source; of none, those of the shipped corpus if `seed`."""
    from ..evals.labels import seed_papers
    from ..sources import BadRecord, open_source

    if source is None:
        return seed_papers() if seed else None
    records = open_source(source, reading.asked(wiring.settings(), column))
    return (record for record in records if not isinstance(record, BadRecord))
