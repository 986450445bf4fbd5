"""The real llama.cpp server, started as somebody else would, with chat templates of several kinds.

Weights of 135 million parameters write poor cards; what is checked is that every request is taken.
"""

import json
from pathlib import Path

import pytest

from tests.servers import llama_cpp
from tests.test_taxonomy import SMALL as TAXONOMY
from tests.wire.conftest import Program


@pytest.mark.slow
@pytest.mark.parametrize(
    "template",
    [
        pytest.param("", id="the file's own"),
        pytest.param(llama_cpp.GEMMA, id="without a system role"),
        pytest.param(llama_cpp.LONG_GEMMA, id="without a system role, which is found out on asking"),
    ],
)
def test_every_chat_template_is_asked_in_a_way_that_it_takes(
    program: Program, tmp_path: Path, smollm_file: Path, template: str
) -> None:
    # A short taxonomy: such weights read 3,000 tokens of labels slowly and to no use.
    (tmp_path / "small.yaml").write_text(TAXONOMY)
    papers = [{"title": f"Oaks {n}", "abstract": f"We study {n} oaks. They are tall."} for n in (3, 4)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    with llama_cpp.running(smollm_file, template=template) as url:
        ran = program(
            *("enrich", "p.jsonl", "-o", "cards.jsonl", "--taxonomy", "small.yaml"),
            *("-m", "small", "--base-url", url, "--answer-tokens", "300"),
        )

    assert ran.code in (0, 1), ran.stderr
    assert len(ran.cards) + len(ran.errors) == 2
    assert "Jinja" not in str(ran.errors)
    assert ran.record["counts"]["calls"] >= 2
    # So small a model may fail a paper, by what it writes and by nothing else.
    assert all("stayed wrong" in one["message"] or "cut off" in one["message"] for one in ran.errors)
    if "length" in template:
        assert "system" in ran.stderr
