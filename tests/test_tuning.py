"""`papercards tune`: a layer of own labels over a tagger, where it is used, and when it is refused."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from papercards.evals.label_file import SEED_CORPUS, SEED_LABELS
from papercards.reading.own_layer import read_layer
from tests.conftest import Run, environment_of
from tests.in_process import call

pytest.importorskip("sklearn")

SUBJECTS = {
    "beekeeping": ("hives", "queens", "honey", "drones", "swarms", "nectar", "combs", "pollen"),
    "sailing": ("keels", "rudders", "regattas", "masts", "harbours", "tides", "sails", "winches"),
    "baking": ("sourdough", "ovens", "crusts", "flour", "rye", "yeast", "loaves", "crumbs"),
}
TAXONOMY = """
version: 1
tasks:
  beekeeping: one craft
  sailing: another craft
  baking: a third craft
modalities: {text: words, other: anything else}
contributions: {method: a new way, study: a study}
claim_kinds: {finding: something was found}
artifact_status:
  released: is there
  promised: will be
  not-stated: nothing said
"""


def records(size: int, seed: int = 0) -> list[dict[str, Any]]:
    """Papers whose task only their words tell, not the taxonomy's definitions."""
    drawn = random.Random(seed)
    made = []
    for number in range(size):
        task = list(SUBJECTS)[number % len(SUBJECTS)]
        one, two, three, four = drawn.sample(SUBJECTS[task], 4)
        made.append(
            {
                "id": f"p{seed}-{number}",
                "title": f"On {one} and {two}",
                "abstract": f"We look at {three} near {four} in spring. It was found that {one} matter.",
                "split": "train",
                "fields": ["tasks"],
                "labels": [
                    {
                        "annotator": "ana",
                        "tasks": [task],
                        "modalities": ["text"],
                        "contributions": ["study"],
                        "claims": [],
                        "code": "not-stated",
                        "data": "not-stated",
                        "weights": "not-stated",
                    }
                ],
            }
        )
    return made


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def crafts(tmp_path: Path) -> Path:
    path = tmp_path / "crafts.yaml"
    path.write_text(TAXONOMY, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer that `papercards tune` makes of 60 labelled papers; each test writes its own copy."""
    folder = tmp_path_factory.mktemp("tuned")
    labels = written(folder / "mine.jsonl", records(60))
    (folder / "crafts.yaml").write_text(TAXONOMY, encoding="utf-8")
    done = call(
        ["tune", "--labels", str(labels), "--taxonomy", "crafts.yaml"],
        folder,
        environment_of(folder / "home"),
    )
    assert done.returncode == 0 and "kept" in done.stderr, done.stderr
    return folder / "crafts.tuned.json"


def first_tasks(path: Path) -> list[str]:
    cards = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [card["tasks"][0]["label"] if card["tasks"] else "" for card in cards]


def test_own_labels_teach_what_no_definition_says(
    run: Run, tmp_path: Path, crafts: Path, layer: Path
) -> None:
    truth = records(30, seed=1)
    papers = written(
        tmp_path / "papers.jsonl", [{k: r[k] for k in ("id", "title", "abstract")} for r in truth]
    )

    shared = ("enrich", papers, "-m", "baseline", "--taxonomy", crafts)
    before = run(*shared, "-o", "before.jsonl")
    after = run(*shared, "--tuned", layer, "-o", "after.jsonl")

    assert before.returncode == after.returncode == 0, after.stderr
    wanted = [record["labels"][0]["tasks"][0] for record in truth]
    right = [
        sum(map(str.__eq__, first_tasks(tmp_path / f"{name}.jsonl"), wanted)) for name in ("before", "after")
    ]
    assert right[0] < 20 and right[1] >= 28
    card = json.loads((tmp_path / "after.jsonl").read_text().splitlines()[0])
    assert card["provenance"]["prompt"].endswith(read_layer(layer).version)
    assert json.loads((tmp_path / "after.run.json").read_text())["settings"]["tuned"] == str(layer)


def test_cards_without_the_layer_are_not_taken_for_cards_with_it(
    run: Run, tmp_path: Path, crafts: Path, layer: Path
) -> None:
    labels = written(tmp_path / "mine.jsonl", records(60))
    shutil.copy(layer, tmp_path / "mine.json")
    (tmp_path / "papercards.toml").write_text('model = "baseline"\ntaxonomy = "crafts.yaml"\n')
    run("enrich", labels, "-o", "a.jsonl")
    (tmp_path / "papercards.toml").write_text(
        'model = "baseline"\ntaxonomy = "crafts.yaml"\ntuned = "mine.json"\n'
    )
    done = run("enrich", labels, "-o", "b.jsonl")
    again = run("rerun", "b.run.json", "--offline")

    assert done.returncode == 0 and again.returncode == 0, done.stderr + again.stderr
    prompts = [
        json.loads((tmp_path / name).read_text().splitlines()[0])["provenance"]["prompt"]
        for name in ("a.jsonl", "b.jsonl")
    ]
    assert "tuned@" not in prompts[0] and "tuned@" in prompts[1]
    own = run("enrich", labels, "--fields", "ml-results", "-o", "own.jsonl")
    assert own.returncode == 0, own.stderr
    tuned = [json.loads((tmp_path / name).read_text().splitlines()[0]) for name in ("b.jsonl", "own.jsonl")]
    assert tuned[0]["tasks"] == tuned[1]["tasks"] and tuned[1]["fields"]["baselines"]["missing"]


def test_a_layer_outside_the_folder_needs_trust(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "papercards.toml").write_text('tuned = "../mine.json"\n')

    done = run("enrich", written(folder / "p.jsonl", records(1)), "-m", "baseline", cwd=folder)

    assert done.returncode == 2 and "tuned needs your trust" in done.stderr


@pytest.mark.slow
def test_papers_that_the_tagger_was_fitted_on_change_nothing(run: Run, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in SEED_LABELS.read_text(encoding="utf-8").splitlines()]
    some = [row for row in rows if row["split"] == "train"][:30]
    done = run("tune", "--labels", written(tmp_path / "some.jsonl", some), "--papers", SEED_CORPUS)

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("not surely better, left as it is") == 4
    assert "nothing was written" in done.stderr and not list(tmp_path.glob("*.tuned.json"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": "local/minilm"}, "is for local/minilm, not for baseline"),
        ({"tagger": "baseline@00000000"}, "were fitted for the tagger baseline@00000000"),
        ({"taxonomy": "other@00000000"}, "were fitted for the taxonomy other@00000000"),
        ({"features": []}, "not a file of papercards tune"),
        ({"fields": 3}, "not a file of papercards tune"),
    ],
)
def test_a_layer_for_something_else_is_refused(
    run: Run, tmp_path: Path, crafts: Path, layer: Path, change: dict[str, Any], said: str
) -> None:
    labels = written(tmp_path / "mine.jsonl", records(60))
    (tmp_path / "other.json").write_text(json.dumps(json.loads(layer.read_text()) | change))

    done = run("enrich", labels, "-m", "baseline", "--taxonomy", crafts, "--tuned", "other.json")

    assert done.returncode in (1, 2) and said in done.stderr.splitlines()[-1] and not done.stdout


def test_too_few_labels_are_refused_in_one_line(run: Run, tmp_path: Path, crafts: Path) -> None:
    done = run("tune", "--labels", written(tmp_path / "mine.jsonl", records(5)), "--taxonomy", crafts)

    assert done.returncode == 1 and "5 labelled papers; tuning needs at least 20" in done.stderr


def test_the_embedded_model_whose_states_are_read_cannot_be_tuned(
    run: Run, tmp_path: Path, crafts: Path
) -> None:
    labels = written(tmp_path / "mine.jsonl", records(60))

    done = run("tune", "--labels", labels, "--taxonomy", crafts, "-m", "local/qwen2.5-coder-1.5b")

    assert done.returncode == 2 and "own labels cannot be fitted over local/qwen2.5-coder" in done.stderr
