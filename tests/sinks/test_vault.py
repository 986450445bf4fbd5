"""A vault of notes: what is in it, that its links lead somewhere, and that a person's words stay."""

import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pathvalidate import is_valid_filename

from papercards.card import Artifact, Card, Label
from papercards.errors import PapercardsError, StorageError
from papercards.paper import Paper
from papercards.sinks import Output, RemarkingSink, destination, open_sink
from papercards.sinks.front_matter import Unreadable, changed, fields
from papercards.sinks.safe_names import MOST_BYTES, key, safe_name, unique_name
from papercards.sinks.vault import FORMAT
from tests.conftest import SEED, Run

from .cards import card

LINK = re.compile(r"\[\[([^\]|]+)\|([^\]|]+)\]\]")


def write(folder: Path, *cards: Card, paper: Paper | None = None) -> tuple[str, ...]:
    sink = FORMAT.open(Output(folder))
    for one in cards:
        sink.write(one, paper)
    sink.close()
    assert isinstance(sink, RemarkingSink)
    return tuple(sink.remarks)


def notes(folder: Path) -> dict[str, str]:
    """Every file, by its path in the vault."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes().decode()
        for file in folder.rglob("*")
        if file.is_file()
    }


def state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(file): (file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes())
        for file in folder.rglob("*")
        if file.is_file()
    }


def broken_links(folder: Path) -> list[str]:
    """The links that lead to no note, as Obsidian looks for it: by its path from the root, in any case."""
    found = notes(folder)
    there = {key(path) for path in found}
    bodies = [re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL) for text in found.values()]
    return [target for text in bodies for target, _ in LINK.findall(text) if key(f"{target}.md") not in there]


def front(text: str) -> dict[str, object]:
    found = yaml.safe_load(text.split("---\n")[1])
    assert isinstance(found, dict)
    return found


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """The note of a paper in a vault of its own."""
    write(tmp_path / "v", card())
    return tmp_path / "v" / "papers" / "Tiny Time Mixers.md"


def test_the_seed_papers_become_notes_whose_links_all_lead_somewhere(run: Run, tmp_path: Path) -> None:
    first = run("enrich", SEED, "-m", "baseline", "-o", "vault:notes")
    before = state(tmp_path / "notes")
    second = run("enrich", SEED, "-m", "baseline", "-o", "notes/")

    assert first.returncode == second.returncode == 0, first.stderr
    found = notes(tmp_path / "notes")
    assert sum(path.startswith("papers/") for path in found) == 215
    assert broken_links(tmp_path / "notes") == []
    assert state(tmp_path / "notes") == before, "a second run wrote something"
    listed = {
        target
        for path, text in found.items()
        if path.startswith("tasks/")
        for target, _ in LINK.findall(text)
    }
    assert {f"{target}.md" for target in listed} == {path for path in found if path.startswith("papers/")}
    assert "20 papers, for 16 of them the main label." in found["tasks/time-series-forecasting.md"]
    assert "predicting future values of a time series" in found["tasks/time-series-forecasting.md"]
    assert "215 papers." in found["Paper cards.md"]
    assert "[[tasks/time-series-forecasting|time-series-forecasting]] · 20" in found["Paper cards.md"]


def test_a_note_says_what_the_card_says(note: Path) -> None:
    text = note.read_text()

    assert front(text) == {
        "aliases": ["Tiny Time Mixers"],
        "id": "arxiv:2401.03955",
        "url": "https://arxiv.org/abs/2401.03955",
        "year": 2024,
        "date": "2024-01",
        "arxiv": "2401.03955",
        "tags": [
            "task/time-series-forecasting",
            "modality/time-series",
            "contribution/method",
            "contribution/dataset",
            "code/released",
            "weights/promised",
            "claim/performance",
        ],
        "confidence": 0.9,
        "model": "local/m",
        "created": "2026-11-23T21:00:00Z",
    }
    assert "\n# Tiny Time Mixers\n\n2024-01\n\nSmall models forecast well.\n" in text
    assert "[[tasks/time-series-forecasting|time-series-forecasting]]" in text
    assert "\n> **performance** · “It is 40% better.”\n" in text
    assert "- Weights: **promised** · “We will release weights.”" in text
    assert "(<https://github.com/a/b_c>) (code)" in text


def test_what_a_person_wrote_stays(note: Path) -> None:
    text = note.read_text()
    text = text.replace("tags:\n", "rating: 5  # mine\n\n# a comment\ntags:\n- to-read\n")
    text = text.replace("aliases:\n", "aliases:\n- TTM\n")
    text = "Above.\n".join(text.split("<!-- papercards:begin", 1)).replace(
        "Above.\n", "Above.\n<!-- papercards:begin"
    )
    note.write_text(text + "\nMy thoughts. [[Elsewhere]]\n")
    remarks = write(note.parent.parent, card(tldr="Other words.", task="clustering"))

    new = note.read_text()
    assert remarks == ()
    assert "rating: 5  # mine\n\n# a comment\ntags:\n" in new
    assert "\n\nAbove.\n<!-- papercards:begin" in new
    assert new.endswith("\nMy thoughts. [[Elsewhere]]\n")
    assert "Other words." in new
    assert "Small models forecast well." not in new
    tags, aliases = front(new)["tags"], front(new)["aliases"]
    assert isinstance(tags, list)
    assert "to-read" in tags
    assert "task/clustering" in tags
    assert "task/time-series-forecasting" not in tags
    assert aliases == ["Tiny Time Mixers", "TTM"]

    before = state(note.parent.parent)
    write(note.parent.parent, card(tldr="Other words.", task="clustering"))
    assert state(note.parent.parent) == before


def test_a_front_matter_that_says_the_same_keeps_its_form(note: Path) -> None:
    text = note.read_text()
    tags = re.search(r"tags:\n((?:- .*\n)+)", text)
    assert tags is not None
    flow = ", ".join(line.removeprefix("- ") for line in tags[1].splitlines())
    text = text.replace(tags[0], f"tags: [{flow}, mine]\n").replace("id: arxiv", "id:   'arxiv")
    text = text.replace("03955\nurl", "03955'   # its id\nurl").replace("\n", "\r\n")
    note.write_bytes(b"\xef\xbb\xbf" + text.encode())
    before = note.read_bytes()
    write(note.parent.parent, card())

    assert note.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: re.sub(r"<!-- papercards:begin.*", "", text),
        lambda text: text.replace("<!-- papercards:end -->", ""),
        lambda text: text.replace("model: local/m", "model: [local/m"),
        lambda text: text.replace("model: local/m", "model: local/m\nmodel: other"),
        lambda text: text.replace("tldr", "tldr").encode().replace(b"Small models", b"Small \xff models"),
    ],
    ids=["no begin", "no end", "broken YAML", "a key twice", "not UTF-8"],
)
def test_a_note_that_is_no_longer_ours_is_never_written(note: Path, spoil: object) -> None:
    assert callable(spoil)
    spoilt = spoil(note.read_text())
    note.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    before = note.read_bytes()
    remarks = write(note.parent.parent, card(tldr="Other words."))

    assert note.read_bytes() == before
    if remarks:  # its id could be read
        assert "papers/Tiny Time Mixers.md" in remarks[0]
        assert "\n" not in remarks[0]
        assert len(list(note.parent.iterdir())) == 1


def test_the_notes_left_alone_are_named_once_at_the_end(run: Run, tmp_path: Path) -> None:
    run("enrich", SEED, "-m", "baseline", "-o", "notes/", "--limit", "9")
    for file in (tmp_path / "notes" / "papers").iterdir():
        file.write_text(file.read_text().replace("<!-- papercards:begin", "<!--"))
    done = run("enrich", SEED, "-m", "baseline", "-o", "notes/", "--limit", "9")

    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if "not changed, since" in line]
    assert len(told) == 1
    assert told[0].endswith(" and 4 more")


def test_a_paper_keeps_its_note_when_it_is_renamed_or_the_note_is_moved(note: Path) -> None:
    vault = note.parent.parent
    write(vault, card(title="Tiny Time Mixers, revised"))
    assert front(note.read_text())["aliases"] == ["Tiny Time Mixers, revised", "Tiny Time Mixers"]

    (vault / "read").mkdir()
    note.rename(vault / "read" / "TTM.md")
    write(vault, card(title="Third title"))
    assert "# Third title" in (vault / "read" / "TTM.md").read_text()
    assert list(note.parent.iterdir()) == []
    assert "[[read/TTM|Third title]]" in (vault / "tasks" / "time-series-forecasting.md").read_text()


def test_of_a_note_and_its_copy_the_note_is_brought_up_to_date(note: Path) -> None:
    copy = note.with_name("Tiny Time Mixers 1.md")
    copy.write_bytes(note.read_bytes())
    before = copy.read_bytes()
    write(note.parent.parent, card(tldr="Other words."))

    assert copy.read_bytes() == before
    assert "Other words." in note.read_text()


def test_index_notes_list_what_is_in_the_vault_now(tmp_path: Path) -> None:
    vault = tmp_path / "v"
    write(vault, card(id="a", title="A", task="x"), card(id="b", title="B", task="x"))
    write(vault, card(id="c", title="C", task="x"), card(id="b", title="B", task="y"))
    text = (vault / "tasks" / "x.md").read_text()
    assert "2 papers" in text
    assert "[[papers/A|A]]\n- [[papers/C|C]]\n" in text

    (vault / "papers" / "A.md").unlink()
    mine = vault / "tasks" / "x.md"
    mine.write_text(f"My words on x.\n{mine.read_text()}")
    write(vault, card(id="c", title="C", task="y"))
    assert mine.read_text().startswith("My words on x.\n")
    assert "No paper of the vault has this label." in mine.read_text()
    assert "2 papers" in (vault / "tasks" / "y.md").read_text()
    assert "tasks/x" not in (vault / "Paper cards.md").read_text()
    assert broken_links(vault) == []


def test_a_definition_is_given_only_where_the_label_has_it(tmp_path: Path) -> None:
    write(tmp_path / "v", card())

    assert "predicting future values" not in (tmp_path / "v/tasks/time-series-forecasting.md").read_text()


def test_notes_of_a_persons_own_are_neither_read_as_papers_nor_written(tmp_path: Path) -> None:
    vault = tmp_path / "v"
    (vault / "papers").mkdir(parents=True)
    (vault / "tasks").mkdir()
    mine = {
        vault / "papers" / "tiny time mixers.md": "mine\n",
        vault / "Paper cards.md": "my home\n",
        vault / "tasks" / "ideas.md": "my ideas\n",
        vault / "202401.md": "---\nid: 202401\n---\nmy slip\n",
    }
    for file, text in mine.items():
        file.write_text(text)
    remarks = write(vault, card())

    assert {file: file.read_text() for file in mine} == mine
    assert "Paper cards.md" in remarks[0]
    assert len(list((vault / "papers").iterdir())) == 2


HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\system32\\x",
    "..",
    "a\0b",
    "]] [[x|y]] #h ^b %% == {{t}}",
    "CON",
    "nul.txt",
    "Trailing. . ",
    ".hidden",
    "\u202egnp.exe",
    "x" * 1000,
    "é" * 1000,
    "?*:<>|\"'",
    "\x1b[31mred\x1b[0m",
    "<script>alert(1)</script>",
    "<!-- papercards:end -->",
    "---\nid: other",
    "Cafe\u0301",
    "Caf\u00e9",
    "CAF\u00c9",
    "note.md",
    "- yes",
    "null",
    "😀" * 100,
    "\u0301",
]


def test_no_title_or_id_leaves_the_folder_or_breaks_a_link(tmp_path: Path) -> None:
    vault = tmp_path / "outer" / "v"
    cards = [
        card(id=f"{title}{n}", title=title, task=title, claim=title, tldr=title)
        for n, title in enumerate(HOSTILE)
    ]
    cards.append(card(id="x" * 100_000, title="y" * 100_000))
    write(vault, *cards)
    before = state(tmp_path)
    write(vault, *cards)

    assert state(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["outer"]
    assert [path.name for path in (tmp_path / "outer").iterdir()] == ["v"]
    found = notes(vault)
    assert len([path for path in found if path.startswith("papers/")]) == len(cards)
    assert len({key(path) for path in found}) == len(found)
    for path in found:
        for part in Path(path).parts:
            assert is_valid_filename(part, platform="universal"), path
            assert len(part.encode()) <= MOST_BYTES + len(".md"), path
    assert broken_links(vault) == []
    for path, text in found.items():
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), path
        rendered = MarkdownIt("commonmark").render(text)
        assert "<script" not in rendered, path
        head, _, body = text.partition("<!-- papercards:begin")
        assert body.count("papercards:end -->") == 1, path
        bare = LINK.sub("", body)
        assert not re.search(r"\[\[|%%|==| \^|(^|\s)#\w", bare, re.MULTILINE), path
        assert "[[" not in str(front(head)["aliases"] if head else ""), path


@given(st.text(max_size=300))
def test_every_title_makes_a_name_for_every_system(title: str) -> None:
    name = unique_name(title, "id", {key("taken")})

    assert is_valid_filename(f"{name}.md", platform="universal")
    assert len(name.encode()) <= MOST_BYTES
    assert not set(name) & set("[]|#^/\\:")
    assert not name.endswith((".", " "))
    assert safe_name(name) == name


def test_names_that_are_one_on_some_system_are_told_apart() -> None:
    taken: set[str] = set()
    for number, title in enumerate(["Straße", "STRASSE", "Cafe\u0301", "CAF\u00c9", "x" * 200, "x" * 201]):
        taken.add(key(unique_name(title, str(number), taken)))

    assert len(taken) == 6


def test_yaml_that_is_a_trap_costs_nothing() -> None:
    deep = "a: " + "[" * 20_000 + "]" * 20_000
    bomb = "a: &a [x,x]\n" + "".join(
        f"{c}: &{c} [*{chr(ord(c) - 1)},*{chr(ord(c) - 1)}]\n" for c in "bcdefgh"
    )

    assert fields(deep)["a"].value is None
    assert fields(bomb)["h"].value is None
    assert changed(bomb, {"a": "1"}).startswith("a: '1'\n")
    for trap in ("!!python/object/apply:os.system [id]", "[a]", "{a: b}", "a: 1\na: 2", "? [a]\n: b", "a: ["):
        with pytest.raises(Unreadable):
            fields(trap)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_out_of_the_vault_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.md").write_text("theirs")
    vault = tmp_path / "v"
    vault.mkdir()
    (vault / "papers").symlink_to(outside)
    with pytest.raises(StorageError, match="outside the vault"):
        FORMAT.open(Output(vault))

    (vault / "papers").unlink()
    (vault / "Paper cards.md").symlink_to(outside / "x.md")
    (vault / ".papercards.partial").symlink_to(outside / "x.md")
    remarks = write(vault, card())
    assert "Paper cards.md" in remarks[0]
    assert [file.read_text() for file in outside.iterdir()] == ["theirs"]


def test_two_runs_do_not_write_to_one_vault(tmp_path: Path) -> None:
    sink = FORMAT.open(Output(tmp_path / "v"))
    with pytest.raises(StorageError, match="another run"):
        FORMAT.open(Output(tmp_path / "v"))
    sink.abandon()
    write(tmp_path / "v", card())

    assert not [path for path in (tmp_path / "v").iterdir() if path.name.startswith(".")]


def test_a_stopped_run_leaves_whole_notes(tmp_path: Path) -> None:
    sink = FORMAT.open(Output(tmp_path / "v"))
    sink.write(card(), None)
    sink.abandon()

    assert "papers/Tiny Time Mixers.md" in notes(tmp_path / "v")
    assert "Paper cards.md" not in notes(tmp_path / "v")


def test_a_disk_that_refuses_is_one_line(read_only: Path) -> None:
    with pytest.raises(StorageError) as caught:
        FORMAT.open(Output(read_only / "v"))

    assert "\n" not in str(caught.value)


def test_a_folder_means_a_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes").mkdir()
    Path("file").write_text("")

    assert destination(Path("notes")) == (FORMAT, Path("notes"))
    assert destination(Path("vault:new")) == (FORMAT, Path("new"))
    assert destination(Path()) == (FORMAT, tmp_path)
    assert destination(Path("vault:~/x"))[1] == Path("~/x").expanduser()
    with pytest.raises(PapercardsError):
        destination(Path("file"))
    with pytest.raises(PapercardsError):
        destination(Path("/"))
    with pytest.raises(StorageError, match="is a file, but a folder is needed"):
        open_sink(Path("vault:file"))


def test_a_rerun_from_elsewhere_finds_the_vault_again(run: Run, tmp_path: Path) -> None:
    run("enrich", SEED, "-m", "baseline", "-o", "notes/", "--limit", "2")
    before = state(tmp_path / "notes")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run("rerun", "../notes.run.json", cwd=elsewhere)

    assert done.returncode == 0, done.stderr
    assert state(tmp_path / "notes") == before
    assert list(elsewhere.iterdir()) == []


def test_labels_that_no_tag_can_hold_are_spelt_so_that_it_can(tmp_path: Path) -> None:
    odd = card().model_copy(
        update={
            "tasks": (Label(label="a b.c"), Label(label="///"), Label(label="NLP"), Label(label="nlp")),
            "modalities": (),
            "reproducibility": card().reproducibility.model_copy(
                update={"code": Artifact(status="not-stated")}
            ),
        }
    )
    write(tmp_path / "v", odd)
    found = notes(tmp_path / "v")

    tags = front(found["papers/Tiny Time Mixers.md"])["tags"]
    assert isinstance(tags, list)
    assert tags[:3] == ["task/a-b-c", "task/NLP", "task/nlp"]
    assert not [tag for tag in tags if tag.startswith("code/")]
    assert broken_links(tmp_path / "v") == []
    assert [path for path in found if path.startswith("tasks/")] in (
        ["tasks/a-b-c.md", "tasks/NLP.md"],
        ["tasks/NLP.md", "tasks/a-b-c.md"],
    )
