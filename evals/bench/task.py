"""What a card asks of a model, as a file for clients that know no papercards.

    python evals/bench/task.py task.json

`messages` are the instructions and worked examples that stand before each paper; `labels` are the sets that
its fields draw from.
"""

import json
import sys
from importlib import resources
from pathlib import Path

from papercards.reading.answers import answer_type
from papercards.reading.prompting import card_prompt
from papercards.taxonomy import LABEL_FIELDS, STATUSES, parse


def task() -> dict[str, object]:
    """Of the shipped prompt and taxonomy."""
    file = resources.files("papercards.prompts") / "taxonomies" / "ml-papers.yaml"
    taxonomy = parse(file.read_text(encoding="utf-8"), name="ml-papers", where="ml-papers")
    prompt = card_prompt(taxonomy, answer_type(taxonomy).model_json_schema())
    labels = {name: list(taxonomy.ids(name)) for name in LABEL_FIELDS}
    labels |= {"claim_kinds": list(taxonomy.claim_kinds), "artifact_status": list(STATUSES)}
    return {"messages": list(prompt.prefix), "labels": labels}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(task()), encoding="utf-8")
