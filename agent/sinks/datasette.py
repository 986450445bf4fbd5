"""Writes metadata for Datasette on an SQLite file of cards: facets, search, titles, sources.

Metadata as https://docs.datasette.io/en/stable/metadata.html has it; Datasette 1.0 takes the same file.
"""

from collections.abc import Iterable
from typing import Any

from .relational import PAPERS, TABLES, Column

_MORE: dict[str, dict[str, Any]] = {
    "papers": {
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
    "authors": {"facets": ["name"]},
    "tasks": {"facets": ["label"]},
    "modalities": {"facets": ["label"]},
    "contributions": {"facets": ["label"]},
    "candidates": {"facets": ["field", "label"]},
    "claims": {"facets": ["kind"]},
    "artifacts": {"facets": ["kind", "status"]},
    "links": {"facets": ["kind"]},
    "fields": {"facets": ["field", "value", "missing"]},
    "records": {"facets": ["field", "part"]},
    "provenance": {"facets": ["model", "prompt", "taxonomy"]},
    "abstracts": {"hidden": True},
    "cards": {"hidden": True},
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
