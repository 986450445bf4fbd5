"""Writes metadata for Datasette on an SQLite file of cards: facets, search, titles, sources.

Metadata as https://docs.datasette.io/en/stable/metadata.html has it; Datasette 1.0 takes the same file.
"""

from typing import Any

from .relational import (
    ABSTRACTS,
    ARTIFACTS,
    AUTHORS,
    CANDIDATES,
    CARDS,
    CLAIMS,
    CONTRIBUTIONS,
    LINKS,
    MODALITIES,
    PAPERS,
    PROVENANCE,
    TABLES,
    TASKS,
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
    PROVENANCE.name: {"facets": ["model", "prompt", "taxonomy"]},
    ABSTRACTS.name: {"hidden": True},
    CARDS.name: {"hidden": True},
}


def metadata(database: str, sources: tuple[str, ...]) -> dict[str, Any]:
    """The metadata of a database of that name whose papers come from `sources`."""
    tables = {table.name: {"description": table.about, **_MORE[table.name]} for table in TABLES}
    return {
        "title": "Paper cards",
        "description": "Research papers: a sentence, tags, claims with evidence, what is there to reuse.",
        "source": ", ".join(sources) if sources else "papercards",
        "databases": {database: {"tables": tables}},
    }
