"""Makes new files from cards and their review file: corrected cards, or labels.

Corrections apply to the version of the card that they were made against, and to later ones that still say the
same in that place. Those of a changed place or a missing card are reported and skipped.

Knows cards, edits and label files. Knows no web.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..card import Card, parse_card
from ..evals.label_file import ClaimRecord, LabelRecord, MadeRecord, ReadingRecord, Split
from ..paper import Paper
from ..reading.evidence import cited
from ..sinks import destination, read_cards
from ..sinks.interface import LineSink, Sink
from ..taxonomy import LABEL_FIELDS, Taxonomy
from ..text.wording import counted
from .corrected import corrected
from .edits import ARTIFACTS, Edit, Key, Overlay, Place, version_of


@dataclass
class Outcome:
    """The counts and faults of a merge."""

    cards: int = 0
    """Number of cards read."""
    changed: int = 0
    """Number of cards with edits, or of papers with labels."""
    skipped: int = 0
    """Number of papers with edits that are not marked as done (labels only)."""
    beyond: int = 0
    """Number of claims of reviewed papers outside the abstract (labels only)."""
    faults: list[str] = field(default_factory=list)
    """What was skipped and why, one line each."""


def apply(cards: Path, overlay: Overlay, sink: Sink, papers: Mapping[str, Paper]) -> Outcome:
    """Write all cards of a file to a sink: corrected where there are edits, otherwise unchanged.

    The flags of a changed summary are recomputed if `papers` has its paper.

    Raises UsageError or BadInput if the file has no cards.
    """
    done = Outcome()
    carried: set[tuple[str, Place]] = set()
    edited = {key.card for key in overlay.cards()}
    for line, card, key in _with_keys(cards, overlay, done, carried):
        edits = overlay.of(key) if key is not None else {}
        if card.id in edited and (older := overlay.carried(card, version_of(card))):
            carried |= {(card.id, place) for place in older}
            edits = {**older, **edits}
        made = corrected(card, edits, papers.get(card.id)) if edits else card
        done.changed += bool(edits)
        if isinstance(sink, LineSink):
            sink.write_lines([made.to_json().encode() if edits or line is None else line])
        else:
            sink.write(made, None)
    return done


def to_labels(
    cards: Path,
    overlay: Overlay,
    split: Split,
    taxonomy: Taxonomy,
    papers: Mapping[str, Paper],
    write: Callable[[LabelRecord], None],
) -> Outcome:
    """Write a label record for each paper that was marked as done.

    Labels are about abstracts: claims in sections are skipped and counted. A paper whose code, data or
    weights are stated only in a section is skipped, since nobody reviewed what its abstract says. A record
    includes the abstract if `papers` has it.
    """
    done = Outcome()
    for _, card, key in _with_keys(cards, overlay, done):
        if key is None:
            continue
        if not overlay.reviewed(key):
            done.skipped += 1
            continue
        edits = overlay.of(key)
        made = corrected(card, edits)
        record = _record(made, edits, split, papers.get(card.id))
        wrong = [*_unfit(record, taxonomy), *_said_beyond(made)]
        if wrong:
            done.faults.append(f"{card.id}: {'; '.join(wrong)}: skipped")
            continue
        write(record)
        done.changed += 1
        done.beyond += sum(claim.evidence.section is not None for claim in made.claims)
    return done


def _with_keys(
    cards: Path, overlay: Overlay, done: Outcome, carried: Container[tuple[str, Place]] = ()
) -> Iterator[tuple[bytes | None, Card, Key | None]]:
    """Each card with its line (if it has one) and its key (if it has edits); faults at the end."""
    waiting = {key.card: 0 for key in overlay.cards()}
    used: set[Key] = set()
    for line, card in _lines(cards):
        done.cards += 1
        key = None
        if card.id in waiting:
            waiting[card.id] += 1
            mine = Key(card.id, version_of(card))
            if overlay.of(mine):
                key = mine
                used.add(mine)
        yield line, card, key
    for key in overlay.cards():
        if key not in used:
            edits = {
                place: edit for place, edit in overlay.of(key).items() if (key.card, place) not in carried
            }
            if not edits:
                continue
            people = ", ".join(sorted({edit.by for edit in edits.values()}))
            reason = (
                "made on an earlier version of the card"
                if waiting[key.card]
                else "the card is not in the file"
            )
            done.faults.append(
                f"{key.card}: {counted(len(edits), 'correction')} by {people} skipped: {reason}"
            )


def _lines(cards: Path) -> Iterator[tuple[bytes | None, Card]]:
    kind, path = destination(cards)
    if kind.name != "jsonl" or not path.exists():
        yield from ((None, card) for card in read_cards(cards))
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            yield line.rstrip(b"\n"), parse_card(line, f"{path}:{number}")


def _record(made: Card, edits: Mapping[Place, Edit], split: Split, paper: Paper | None) -> LabelRecord:
    held = made.reproducibility
    people = sorted({edit.by for edit in edits.values()})
    return LabelRecord(
        id=made.id,
        title=made.title,
        split=split,
        abstract=paper.abstract if paper else None,
        labels=[
            ReadingRecord(
                annotator="+".join(people),
                made=MadeRecord(how="corrected", saw=[made.provenance.model]),
                tasks=[one.label for one in made.tasks],
                modalities=[one.label for one in made.modalities],
                contributions=[one.label for one in made.contributions],
                claims=[
                    ClaimRecord(start=one.evidence.start, end=one.evidence.end, kind=one.kind)
                    for one in made.claims
                    if one.evidence.section is None
                ],
                code=held.code.status,
                data=held.data.status,
                weights=held.weights.status,
                # A summary that nobody looked at is the model's, not a person's.
                tldr=made.tldr if Place("tldr") in edits else None,
            )
        ],
    )


def _unfit(record: LabelRecord, taxonomy: Taxonomy) -> Iterable[str]:
    """Why the labels do not fit the taxonomy."""
    reading = record.labels[0]
    for name in LABEL_FIELDS:
        labels: list[str] = getattr(reading, name)
        size = taxonomy.sizes[name]
        if not size.least <= len(labels) <= size.most:
            yield f"{len(labels)} {name}, not {size.least} to {size.most}"
        yield from (f'"{one}" is not one of the {name}' for one in labels if one not in taxonomy.labels[name])
    kinds = {claim.kind for claim in reading.claims}
    yield from (
        f'"{one}" is not a kind of claim' for one in kinds if one not in taxonomy.labels["claim_kinds"]
    )


def _said_beyond(card: Card) -> Iterator[str]:
    """Statuses stated outside the abstract."""
    for name, evidence in cited(card):
        if name in ARTIFACTS and evidence.section is not None:
            yield f"{name}: stated in {evidence.place}, not in the abstract"
