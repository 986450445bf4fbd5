"""A folder with a data set is read, and nothing else: no address, no other file, no link out of it."""

import json
import os
from pathlib import Path

import pytest

from papercards.errors import BadInput, UsageError
from papercards.paper import Paper
from papercards.sources import Options, open_source
from tests.trust.conftest import Host

pytest.importorskip("datasets")

ROW = json.dumps({"title": "Secret", "abstract": "It is secret. It is 12% better."}) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of its own, beside a file that is none of its business."""
    for name in ("HF_DATASETS_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    (tmp_path / "secret.jsonl").write_text(ROW)
    folder = tmp_path / "data set [1]"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "own.jsonl").write_text(ROW.replace("Secret", "Own"))
    return folder


def readme(folder: Path, data_files: object, **more: object) -> None:
    config = {"config_name": "default", "data_files": data_files} | more
    (folder / "README.md").write_text(f"---\n{json.dumps({'configs': [config]})}\n---\n")


def titles(folder: Path, split: str = "", *, offline: bool = False, table: str | None = None) -> list[str]:
    records = open_source(f"hf-dataset:{folder}{split}", Options(offline=offline, table=table))
    return [record.title for record in records if isinstance(record, Paper)]


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize(
    "shape",
    [
        lambda one: one,
        lambda one: [one],
        lambda one: {"train": one},
        lambda one: [{"split": "a", "path": one}],
    ],
)
def test_no_address_in_a_readme_is_asked(shape: object, offline: bool, folder: Path, host: Host) -> None:
    assert callable(shape)
    for url in (f"{host.url}/x.jsonl", f"json://x::{host.url}/x.jsonl", f"simplecache::{host.url}/x.jsonl"):
        readme(folder, shape(url))
        with pytest.raises(BadInput, match="not in the folder"):
            titles(folder, offline=offline)
    assert host.asked == []


@pytest.mark.parametrize(
    "name", ["../secret.jsonl", "data/../../secret.jsonl", "{tmp}/secret.jsonl", "~/x.jsonl"]
)
def test_no_file_outside_is_read(name: str, folder: Path, tmp_path: Path) -> None:
    readme(folder, name.format(tmp=tmp_path))
    with pytest.raises(BadInput, match="not in the folder"):
        titles(folder)
    readme(folder, "secret.jsonl", data_dir="..")
    with pytest.raises(BadInput, match="not in the folder"):
        titles(folder)


@pytest.mark.parametrize("named", [None, "data/*.jsonl", "**/*.jsonl", "data/link.jsonl", "more/*.jsonl"])
def test_no_link_out_of_it_is_followed(named: str | None, folder: Path, tmp_path: Path) -> None:
    (folder / "data" / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (folder / "more").symlink_to(tmp_path)
    if named is not None:
        readme(folder, named)
    with pytest.raises(BadInput, match="link that leads out"):
        titles(folder)


def test_a_folder_s_own_files_are_read_with_and_without_a_readme(folder: Path) -> None:
    assert titles(folder) == ["Own"]
    for named in ("data/own.jsonl", "data/*", "**/*.jsonl", {"train": ["data/own.jsonl"]}):
        readme(folder, named)
        assert titles(folder, offline=True) == ["Own"]
    readme(folder, [{"split": "x", "path": "own.jsonl"}], data_dir="data")
    assert titles(folder, ":x") == ["Own"]
    (folder / "data" / "rows.tsv").write_text("title\tabstract\nTabbed\tIt is so. It works.\n")
    readme(folder, "data/rows.tsv")
    assert titles(folder) == ["Tabbed"]


def test_splits_are_told_by_names_where_no_readme_does(folder: Path) -> None:
    (folder / "data" / "own.jsonl").unlink()
    for name in ("train", "x-test", "dev_1"):
        (folder / "data" / f"{name}.jsonl").write_text(ROW.replace("Secret", name))
    assert titles(folder, ":train") == ["train"] and titles(folder, ":test") == ["x-test"]
    for name in ("train-00000-of-00002", "odd-00001-of-00002"):
        (folder / "data" / f"{name}.jsonl").write_text(ROW.replace("Secret", name))
    assert titles(folder, ":odd") == ["odd-00001-of-00002"]


def test_a_configuration_is_chosen_by_table(folder: Path) -> None:
    (folder / "b.jsonl").write_text(ROW.replace("Secret", "B"))
    configs = [
        {"config_name": "a", "data_files": "data/own.jsonl"},
        {"config_name": "b", "data_files": "b.jsonl"},
    ]
    (folder / "README.md").write_text(f"---\n{json.dumps({'configs': configs})}\n---\n")
    assert titles(folder, table="b") == ["B"]
    with pytest.raises(UsageError, match=r"several configurations.*a, b"):
        titles(folder)
    with pytest.raises(UsageError, match='no configuration "c"'):
        titles(folder, table="c")


@pytest.mark.parametrize(
    "text", ["---\n[[[", "---\nconfigs: 7\n---\n", "---\na: 2026-13-45\n---\n", "---\n" + "[" * 5000]
)
def test_a_readme_that_is_no_good_names_nothing(text: str, folder: Path) -> None:
    (folder / "README.md").write_text(text)
    assert titles(folder) == ["Own"]


def test_what_save_to_disk_left_refers_to_nothing_outside(tmp_path: Path) -> None:
    import datasets

    rows = datasets.Dataset.from_dict({"title": ["A"], "abstract": ["We do it. It works."]})
    rows.save_to_disk(str(tmp_path / "other"))
    datasets.DatasetDict({"x": rows}).save_to_disk(str(tmp_path / "saved"))
    assert titles(tmp_path / "saved") == ["A"]
    state = tmp_path / "saved" / "x" / "state.json"
    good = json.loads(state.read_text())
    for name in (
        "../../other/data-00000-of-00001.arrow",
        str(tmp_path / "other" / "data-00000-of-00001.arrow"),
    ):
        state.write_text(json.dumps(good | {"_data_files": [{"filename": name}]}))
        with pytest.raises(BadInput, match="not in the folder"):
            titles(tmp_path / "saved")
    (tmp_path / "saved" / "dataset_dict.json").write_text('{"splits": ["../other"]}')
    with pytest.raises(BadInput, match="not in the folder"):
        titles(tmp_path / "saved")


def test_a_picture_where_an_address_should_be_is_not_fetched(
    folder: Path, host: Host, tmp_path: Path
) -> None:
    import datasets
    import pyarrow.parquet

    picture = {"bytes": None, "path": f"{host.url}/x.png"}
    row = {"title": "A", "abstract": "We do it. It works.", "url": picture}
    kinds = {"title": datasets.Value("string"), "abstract": datasets.Value("string")}
    stored = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    rows = datasets.Dataset.from_list([row], features=datasets.Features(kinds | {"url": stored}))
    rows.save_to_disk(str(tmp_path / "saved"))
    # Saved as a picture it would be fetched there and then.
    info = tmp_path / "saved" / "dataset_info.json"
    said = json.loads(info.read_text())
    said["features"]["url"] = {"_type": "Image"}
    info.write_text(json.dumps(said))
    (folder / "data" / "own.jsonl").unlink()
    features = datasets.Features(kinds | {"url": datasets.Image()})
    table = rows.data.table.replace_schema_metadata(features.arrow_schema.metadata)
    pyarrow.parquet.write_table(table, folder / "data" / "rows.parquet")
    for place in (folder, tmp_path / "saved"):
        titles(place)
    assert host.asked == []
