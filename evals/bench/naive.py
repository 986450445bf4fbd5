"""The loop that is written by hand: instructor, AsyncOpenAI, a semaphore, `gather`.

    python evals/bench/naive.py task.json papers.jsonl out.jsonl --base-url URL [-j 64] [--timeout S]

It does the job of `papercards enrich`: the same instructions, worked examples and labels (`task.json`, which
task.py writes), the same fields of the answer, one JSON object a line on disk.
"""

import argparse
import asyncio
import enum
import json
import sys
from pathlib import Path
from typing import Any

import instructor
from openai import AsyncOpenAI
from pydantic import BaseModel, create_model


def record_type(labels: dict[str, list[str]]) -> type[BaseModel]:
    """The answer type: the fields of a card."""
    enums: dict[str, Any] = {
        name: enum.Enum(name.title(), {label: label for label in ids}, type=str)
        for name, ids in labels.items()
    }
    claim: Any = create_model("Claim", sentence=(int, ...), kind=(enums["claim_kinds"], ...))
    fields: dict[str, Any] = {"tldr": (str, ...)}
    fields |= {name: (list[enums[name]], ...) for name in ("tasks", "modalities", "contributions")}
    fields["claims"] = (list[claim], ...)
    for name in ("code", "data", "weights"):
        fields |= {name: (enums["artifact_status"], ...), f"{name}_sentence": (int, ...)}
    return create_model("Record", **fields)


async def main(options: argparse.Namespace) -> int:
    """Ask for every paper; gives how many failed."""
    task = json.loads(options.task.read_text(encoding="utf-8"))
    record = record_type(task["labels"])
    timeout = {"timeout": options.timeout} if options.timeout else {}
    client = instructor.from_openai(
        AsyncOpenAI(base_url=options.base_url, api_key="none", **timeout), mode=instructor.Mode.JSON_SCHEMA
    )
    semaphore = asyncio.Semaphore(options.concurrency)
    failed = 0

    with options.papers.open(encoding="utf-8") as source, options.out.open("w", encoding="utf-8") as out:

        async def one(paper: dict[str, str]) -> None:
            nonlocal failed
            words = f"Title: {paper['title']}\nAbstract: {paper['abstract']}"
            try:
                async with semaphore:
                    answer = await client.chat.completions.create(
                        model="stub",
                        messages=[*task["messages"], {"role": "user", "content": words}],
                        response_model=record,
                    )
            except Exception as error:
                failed += 1
                print(f"{paper['id']}: {type(error).__name__}", file=sys.stderr)
                return
            out.write(json.dumps({"id": paper["id"], **answer.model_dump(mode="json")}) + "\n")

        await asyncio.gather(*(one(json.loads(line)) for line in source))
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("papers", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--concurrency", "-j", type=int, default=64)
    parser.add_argument("--timeout", type=float)
    sys.exit(1 if asyncio.run(main(parser.parse_args())) else 0)
