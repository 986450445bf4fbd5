"""CSV and TSV for spreadsheets: a row a paper, lists joined, all on one line.

No cell is a formula: one that a spreadsheet would run gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection). Cards cannot be read back from it.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO

from ..card import Artifact, Card, Label
from ..paper import Paper, page_of
from .escaping import plain
from .files import PartialFile
from .interface import Format, Output

COLUMNS = (
    "id", "title", "url", "tldr",
    "main_task", "main_task_confidence", "tasks", "modalities", "contributions",
    "claims", "code", "code_evidence", "data", "data_evidence", "weights", "weights_evidence",
    "links", "flags",
    "model", "prompt", "taxonomy", "created",
    "calls", "prompt_tokens", "completion_tokens", "cost_usd", "seconds", "candidates",
)  # fmt: skip
"""The header; `docs/outputs.md` says what is in them."""

_FORMULA = re.compile("[\t\r\n]|[\\s\"']*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
"""What a cell begins with that some spreadsheet takes for a formula, or strips to find one; the last four are
the wide forms of the first. Quotes and spaces before it do not matter."""

Cell = str | float | None


class DelimitedSink:
    """Cards as rows."""

    def __init__(self, output: Output, separator: str) -> None:
        self._file = PartialFile(output.path)
        self.files: Sequence[PartialFile] = (self._file,)
        self._separator = separator

    def write(self, card: Card, paper: Paper | None) -> None:
        """Add a row."""
        self._add(_row(card, paper))

    def close(self) -> None:
        """Give the file its name; without cards it has its header."""
        if not self._file.whole:
            self._file.commit(b"" if self._file.size else self._line(COLUMNS))

    def abandon(self) -> None:
        """Leave the rows in `NAME.partial`."""
        self._file.abandon()

    def _add(self, cells: Iterable[Cell]) -> None:
        header = b"" if self._file.size else self._line(COLUMNS)
        self._file.append(header + self._line(cells))

    def _line(self, cells: Iterable[Cell]) -> bytes:
        line = StringIO()
        written = [inert(cell) if isinstance(cell, str) else cell for cell in cells]
        csv.writer(line, delimiter=self._separator, lineterminator="\n").writerow(written)
        return line.getvalue().encode()


def inert(cell: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _row(card: Card, paper: Paper | None) -> list[Cell]:
    made, there = card.provenance, card.reproducibility
    main = card.tasks[0] if card.tasks else None
    cells: list[Cell] = [
        card.id,
        card.title,
        page_of(card.id, paper.url if paper else None),
        card.tldr,
        card.main_task,
        main.confidence if main else None,
        _joined(card.tasks),
        _joined(card.modalities),
        _joined(card.contributions),
        " | ".join(f"{claim.kind}: {claim.evidence.text}" for claim in card.claims),
        *_artifact(there.code),
        *_artifact(there.data),
        *_artifact(there.weights),
        "; ".join(dict.fromkeys(link.url for link in there.links)),
        "; ".join(card.flags),
        made.model,
        made.prompt,
        made.taxonomy,
        made.created,
        made.calls,
        made.tokens.prompt,
        made.tokens.completion,
        made.cost_usd,
        made.seconds,
        "; ".join(f"{one.field}: {one.shown}" for one in card.candidates),
    ]
    return [plain(cell) if isinstance(cell, str) else cell for cell in cells]


def _joined(labels: Iterable[Label]) -> str:
    return "; ".join(label.label for label in labels)


def _artifact(artifact: Artifact) -> tuple[str, str | None]:
    return artifact.status, artifact.evidence.text if artifact.evidence else None


CSV = Format("csv", (".csv",), lambda output: DelimitedSink(output, ","))
TSV = Format("tsv", (".tsv", ".tab"), lambda output: DelimitedSink(output, "\t"))
