"""`papercards eval labels`: checks, compares, splits, extends and converts label files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInput
from ..runs.resources import load_taxonomy
from ..text.wording import counted
from .command_help import Commands, example
from .shared import options, source_options, terminal, wiring
from .shared.papers import of_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..paper import Paper

app = typer.Typer(
    cls=Commands, help="Check, compare, split, extend and convert label files.", no_args_is_help=True
)

File = Annotated[
    Path | None,
    typer.Argument(help="Label file (default: the one shipped with papercards).", metavar="LABELS.jsonl"),
]
Papers = Annotated[
    str | None,
    typer.Option("--papers", help="Source of the labelled papers.", metavar="SOURCE"),
]
Output = Annotated[Path, options.to_file("Label file to write.")]
SHOWN_ASIDE = 20
"""Rows that were set aside and are printed, at most; the errors file has all."""
Seed = Annotated[int, typer.Option(help="Random seed; the same seed gives the same selection.", metavar="N")]


@app.command("check", epilog=example("papercards eval labels check labels.jsonl"))
def check(
    labels: File = None,
    papers: Papers = None,
    taxonomy: options.Taxonomy = None,
    column: options.Columns = None,
) -> None:
    """Check a label file; print one fault per line and exit 1 if there are any."""
    from ..evals.label_file import SEED_LABELS
    from ..evals.labelling.label_check import check as faults_of

    path = labels or SEED_LABELS
    known = _papers(papers, column, seed=labels is None)
    faults = faults_of(path, load_taxonomy(wiring.settings(taxonomy=taxonomy)), known)
    for fault in faults:
        print(terminal.clean(str(fault) if fault.severe else f"{fault} (a note)"))
    severe = sum(fault.severe for fault in faults)
    if severe:
        raise BadInput(f"{severe} fault{'s' if severe > 1 else ''}", where=str(path))
    terminal.note(f"{path}: no faults")


@app.command("agree", epilog=example("papercards eval labels agree labels.jsonl"))
def agree(
    labels: File = None,
    papers: Papers = None,
    column: options.Columns = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Report the agreement between the annotation passes of a label file."""
    from ..evals.label_file import SEED_LABELS, read_labels
    from ..evals.labelling.agreement import agree as agreed
    from .shared import eval_tables

    labelled = read_labels(labels or SEED_LABELS)
    rows = agreed(labelled, _papers(papers, column, seed=labels is None) or ())
    if as_json:
        eval_tables.print_json(rows)
    else:
        eval_tables.print_agreement(rows)


@app.command("sample", epilog=example("papercards eval labels sample cards.jsonl -n 20"))
def sample(
    cards: Annotated[Path, typer.Argument(help="Cards of labelled and unlabelled papers.", metavar="CARDS")],
    labels: Annotated[
        Path | None,
        typer.Option(help="Labels so far (default: the labels shipped with papercards).", metavar="FILE"),
    ] = None,
    other: Annotated[
        Path | None, typer.Option(help="Cards of a second tagger, such as the baseline.", metavar="CARDS")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Number of papers to suggest.", metavar="N")] = 20,
    at_random: Annotated[
        bool, typer.Option("--random", help="Draw at random, as a measurement needs.")
    ] = False,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the papers as JSON.")] = False,
) -> None:
    """Suggest papers to label next, with reasons and the effect on the intervals."""
    from ..evals.label_file import SEED_LABELS, read_labels
    from ..evals.labelling.sampling import narrowing, suggest
    from ..sinks import read_cards
    from .shared import eval_tables

    known = read_labels(labels or SEED_LABELS)
    second = read_cards(other) if other is not None else ()
    chosen = suggest(read_cards(cards), known, n, other=second, seed=seed, at_random=at_random)
    if as_json:
        eval_tables.print_json(chosen)
        return
    narrower = {split: narrowing(known, len(chosen), split) for split in ("train", "dev", "test")}
    eval_tables.print_sample(chosen, narrower)


@app.command("split", epilog=example("papercards eval labels split labels.jsonl -o split.jsonl"))
def split(
    labels: Annotated[Path, typer.Argument(help="A label file.", metavar="LABELS.jsonl")],
    output: Output,
    papers: Papers = None,
    seed: Seed = 0,
    again: Annotated[
        bool, typer.Option("--again", help="Also reassign papers that already have a split.")
    ] = False,
    column: options.Columns = None,
) -> None:
    """Split papers into train, dev and test by main task, keeping near-duplicates together."""
    from ..evals.labelling.splitting import split_file

    known = _papers(papers, column, seed=False) or ()
    sizes = split_file(labels, output, papers=known, seed=seed, again=again)
    terminal.note(f"{', '.join(f'{name} {size}' for name, size in sizes.items())} → {output}")


@app.command(
    "convert",
    epilog=example("papercards eval labels convert table.csv --column task=Aufgabe -o mine.jsonl"),
)
def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, TSV, a spreadsheet, JSONL, JSON, Parquet or a database; or an export of Label Studio "
            "(JSON, JSON-MIN), doccano or Prodigy (JSONL).",
            metavar="SOURCE",
        ),
    ],
    output: Output,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="Name a column whose own name does not say what it holds; may be given several times. "
            "Fields: title, abstract, text, id, doi, task, modality, contribution, claims, code, data, "
            "weights, tldr, annotator, split; labels for a column with labels of several fields.",
            metavar="FIELD=COLUMN",
        ),
    ] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--value",
            help="The label that a word means, such as NER=information-extraction; WORD= for none. May be "
            "given several times.",
            metavar="WORD=LABEL",
        ),
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            help="Separator between the labels of a cell (default: ; or | or # or a comma, or a line end).",
            metavar="TEXT",
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(help="Split of rows that name none: train, dev or test.", metavar="SPLIT")
    ] = "dev",
    skip_unknown: Annotated[
        bool,
        typer.Option(
            "--skip-unknown", help="Leave out words that are no labels, instead of setting their rows aside."
        ),
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option(
            help="YAML file with these settings: columns, values, separator, split.", metavar="FILE.yaml"
        ),
    ] = None,
    table: options.Table = None,
    taxonomy: options.Taxonomy = None,
    fields: Annotated[
        Path | None,
        typer.Option(help="Fields file, if the table has values of your own fields.", metavar="FILE.yaml"),
    ] = None,
) -> None:
    """Convert a table of labels, or an export of an annotation tool, to a label file.

    Columns are found by their names and their content. Rows that are wrong are set aside in
    NAME.errors.jsonl, and the exit code is 1.
    """
    from ..evals.labelling.convert import convert as converted
    from ..evals.labelling.convert import write
    from ..evals.labelling.mapping import wishes
    from ..fields.file import load as load_fields
    from ..sinks.errors_file import ErrorsFile, errors_path

    chosen = wishes(
        mapping,
        columns=source_options.pairs(column, "--column", "FIELD=COLUMN"),
        values=source_options.pairs(value, "--value", "WORD=LABEL"),
        separator=separator,
        split=split,
        lenient=skip_unknown,
        table=table,
        own=load_fields(fields).own if fields is not None else (),
    )
    found = converted(sources, load_taxonomy(wiring.settings(taxonomy=taxonomy)), chosen)
    write(found, output)
    for line in found.notes():
        terminal.note(line)
    labelled = ", ".join(f"{field} in {papers:,}" for field, papers in found.papers.items())
    terminal.note(f"{counted(len(found.records), 'paper')}: {labelled} → {output}")
    errors = ErrorsFile(errors_path(output))
    for one in found.aside:
        errors.write(None, one.where, "BadInput", one.reason, 0)
    errors.close()
    for one in found.aside[:SHOWN_ASIDE]:
        terminal.note(f"  {one.where}: {one.reason}")
    if found.aside:
        terminal.note(
            f"{counted(len(found.aside), 'row')} set aside → {errors.path}; fix them, say what a word means "
            "with --value WORD=LABEL, or leave such words out with --skip-unknown"
        )
        raise typer.Exit(1)


@app.command("fetch", epilog=example("papercards eval labels fetch arxiv-dev"))
def fetch(
    labels: Annotated[
        str,
        typer.Argument(
            help="arxiv-train, arxiv-dev, or a label file whose records have a sha256 instead of a text.",
            metavar="FILE",
        ),
    ],
    output: Annotated[
        Path | None,
        options.to_file("Label file to write (default: where --labels finds it)."),
    ] = None,
    papers: Annotated[
        str | None,
        typer.Option("--papers", help="Source of the texts instead of arXiv.", metavar="SOURCE"),
    ] = None,
    column: options.Columns = None,
) -> None:
    """Download the texts of labels that are shipped without them, and check their hashes.

    Run it again to continue after an interruption. Papers whose text has changed are reported and left out.
    """
    from ..evals.labelling.label_texts import SHIPPED, texts_path
    from ..evals.labelling.label_texts import fetch as fetched

    path = SHIPPED.get(labels, Path(labels))
    if not path.exists():
        raise BadInput("no such label file", where=labels, next_step=f"Known labels: {', '.join(SHIPPED)}")
    if output is None:
        output = texts_path(path.stem) if labels in SHIPPED else path.with_suffix(".texts.jsonl")
    asked = source_options.asked(wiring.settings(), options.SourceFlags(column))
    found = fetched(path, output, asked, source=papers, say=terminal.note)
    for name in found.changed:
        terminal.note(f"{name}: its text has changed since it was labelled, left out")
    for reason in found.missing:
        terminal.note(f"{reason}, skipped")
    terminal.note(f"{counted(found.there, 'labelled text')} ({found.new:,} new) → {output}")
    if found.missing:
        raise typer.Exit(1)


def _papers(source: str | None, column: list[str] | None, *, seed: bool) -> "Iterator[Paper] | None":
    """The papers of a source; without a source, the shipped corpus if `seed`."""
    from ..evals.label_file import seed_papers

    if source is None:
        return seed_papers() if seed else None
    return of_source(source, column)
