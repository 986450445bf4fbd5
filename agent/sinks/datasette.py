"""Writes metadata for Datasette on an SQLite file of cards: facets, search, titles, sources.

Metadata as https://docs.datasette.io/en/stable/metadata.html has it; Datasette 1.0 takes the same file.
"""

from collections.abc import Iterable
from typing import Any

from .relational import (
    ABSTRACTS,
    ARTIFACTS,
    AUTHORS,
    CANDIDATES,
    CARDS,
    CLAIMS,
    CONTRIBUTIONS,
    FIELDS,
    LINKS,
    MODALITIES,
    PAPERS,
    PROVENANCE,
    RECORDS,
    TABLES,
    TASKS,
    Column,
)

_MORE: dict[str, dict[str, Any]] = {
    PAPERS.name: {
        "facets": [
            *({"array": name} for name in ("tasks", "modalities", "contributions")),
            *("year", "venue", "code", "data"),
        ],
        "fts_table": "papers_fts",
        "fts_pk": "number",
        "label_column": "title",
        "sort": "number",
        "size": 50,
    },
    AUTHORS.name: {"facets": ["name"]},
    TASKS.name: {"facets": ["label"]},
    MODALITIES.name: {"facets": ["label"]},
    CONTRIBUTIONS.name: {"facets": ["label"]},
    CANDIDATES.name: {"facets": ["field", "label"]},
    CLAIMS.name: {"facets": ["kind"]},
    ARTIFACTS.name: {"facets": ["kind", "status"]},
    LINKS.name: {"facets": ["kind"]},
    FIELDS.name: {"facets": ["field", "value", "missing"]},
    RECORDS.name: {"facets": ["field", "part"]},
    PROVENANCE.name: {"facets": ["model", "prompt", "taxonomy"]},
    ABSTRACTS.name: {"hidden": True},
    CARDS.name: {"hidden": True},
}


def metadata(database: str, sources: tuple[str, ...], own: Iterable[Column] = ()) -> dict[str, Any]:
    """The metadata of a database of that name; `own` are the columns of own fields."""
    tables = {table.name: {"description": table.about, **_MORE[table.name]} for table in TABLES}
    facets = [*tables[PAPERS.name]["facets"]]
    for one in own:
        if one.kind == "list":
            facets.append({"array": one.name})
        elif one.kind == "text" and not one.name.endswith(("_evidence", "_unit")):
            facets.append(one.name)
    tables[PAPERS.name]["facets"] = facets
    return {
        "title": "Paper cards",
        "description": "Research papers: a sentence, tags, claims with evidence, what is there to reuse.",
        "source": ", ".join(sources) if sources else "papercards",
        "databases": {database: {"tables": tables}},
    }
