"""Every promise of SECURITY.md names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_promise_names_a_test_that_is_there() -> None:
    promises = PAGE.split("## What is promised")[1].split("## What is not")[0]
    file = ""
    named = 0
    for word in re.findall(r"`((?:[\w/]+\.py)?(?:::test_\w+)?)`", promises):
        path, _, test = word.partition("::")
        file = path or file
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, word
        named += 1
    assert named >= 20
    for promise in promises.split("\n- ")[1:]:
        assert ".py" in promise or "::test_" in promise, promise
