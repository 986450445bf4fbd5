"""The sentence encoder: pieces, network, windows, and the tagger that reads with it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from papercards.errors import StorageError
from papercards.local.store import find
from papercards.model.catalogue import LOCAL
from papercards.paper import Paper
from papercards.reading.baseline.parameters import fitted, version
from papercards.reading.encoder.bert import HEADS, MOST_PIECES, Bert, _gelu
from papercards.reading.encoder.embedding import LAYERS, Encoder
from papercards.reading.encoder.tagger import EncodedTagger, connect, load_fit
from papercards.reading.encoder.wordpiece import VOCABULARY, WordPiece
from papercards.taxonomy import LABEL_FIELDS, Taxonomy, parse

MODEL = LOCAL["local/minilm"]


def write_network(
    path: Path, width: int = 384, layers: int = 6, pieces: int = 30522
) -> dict[str, np.ndarray]:
    """A network with random weights as a safetensors file."""
    random = np.random.default_rng(0)
    drawn = (random.standard_normal(1_000_003) * 0.05).astype("<f4")

    def some(*shape: int) -> np.ndarray:
        """The same numbers over and over, from another place each time: to draw all takes half a second."""
        return np.resize(np.roll(drawn, random.integers(drawn.size)), shape)

    arrays = {
        "embeddings.word_embeddings.weight": some(pieces, width),
        "embeddings.position_embeddings.weight": some(MOST_PIECES, width),
        "embeddings.token_type_embeddings.weight": some(2, width),
        "embeddings.LayerNorm.weight": 1 + some(width),
        "embeddings.LayerNorm.bias": some(width),
    }
    for layer in range(layers):
        name = f"encoder.layer.{layer}"
        inner = 4 * width
        shapes = {
            "attention.self.query": (width, width),
            "attention.self.key": (width, width),
            "attention.self.value": (width, width),
            "attention.output.dense": (width, width),
            "intermediate.dense": (inner, width),
            "output.dense": (width, inner),
        }
        for part, shape in shapes.items():
            arrays[f"{name}.{part}.weight"] = some(*shape)
            arrays[f"{name}.{part}.bias"] = some(shape[0])
        for part in ("attention.output", "output"):
            arrays[f"{name}.{part}.LayerNorm.weight"] = 1 + some(width)
            arrays[f"{name}.{part}.LayerNorm.bias"] = some(width)
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, array in arrays.items():
        end = at + array.nbytes
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(a.tobytes() for a in arrays.values()))
    return arrays


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder") / "model.safetensors"
    write_network(path)
    return path


@pytest.fixture(scope="module")
def tagger(network: Path, taxonomy: Taxonomy) -> EncodedTagger:
    return connect(MODEL, network, taxonomy, network.parent)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("We propose AutoML.", "we propose auto ##ml ."),
        ("naïve Café", "naive cafe"),
        ("state-of-the-art: 3.5x", "state - of - the - art : 3 . 5 ##x"),
        ("$\\alpha^2$ under_score", "$ \\ alpha ^ 2 $ under _ score"),
        ("360° 中文 “q”", "360 ##° 中 文 “ q ”"),
        ("a\u200bb soft\u00adhyphen\ttab", "ab soft ##hy ##ph ##en tab"),
        ("\ufffd", ""),
        ("x" * 101, "[UNK]"),
    ],
)
def test_texts_are_cut_as_bert_cuts_them(text: str, pieces: str) -> None:
    known = VOCABULARY.read_text(encoding="utf-8").split("\n")

    assert [known[number] for number in WordPiece()(text)] == pieces.split()


def test_the_network_computes_what_its_definition_says(tmp_path: Path) -> None:
    """Word by word and head by head, with Python's own error function."""
    width = 2 * HEADS
    w = write_network(tmp_path / "net", width=width, layers=1, pieces=50)
    pieces = [3, 14, 15, 9]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return w[f"{name}.weight"] @ x + w[f"{name}.bias"]

    def normed(x: np.ndarray, name: str) -> np.ndarray:
        scale = math.sqrt(float(((x - x.mean()) ** 2).mean()) + 1e-12)
        return (x - x.mean()) / scale * w[f"{name}.LayerNorm.weight"] + w[f"{name}.LayerNorm.bias"]

    words = [
        normed(
            w["embeddings.word_embeddings.weight"][piece]
            + w["embeddings.position_embeddings.weight"][place]
            + w["embeddings.token_type_embeddings.weight"][0],
            "embeddings",
        )
        for place, piece in enumerate(pieces)
    ]
    layer = "encoder.layer.0"
    expected = []
    for word in words:
        heard = np.zeros(width)
        for head in range(HEADS):
            part = slice(2 * head, 2 * head + 2)
            query = linear(word, f"{layer}.attention.self.query")[part]
            keys = [linear(other, f"{layer}.attention.self.key")[part] for other in words]
            values = [linear(other, f"{layer}.attention.self.value")[part] for other in words]
            raised = [math.exp(float(query @ key) / math.sqrt(2)) for key in keys]
            heard[part] = sum(r * v for r, v in zip(raised, values, strict=True)) / sum(raised)
        state = normed(linear(heard, f"{layer}.attention.output.dense") + word, f"{layer}.attention.output")
        inner = linear(state, f"{layer}.intermediate.dense")
        thought = np.array([0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in inner])
        expected.append(normed(linear(thought, f"{layer}.output.dense") + state, f"{layer}.output"))

    (found,) = Bert(tmp_path / "net").states(pieces)

    assert found == pytest.approx(np.array(expected), abs=1e-5)


def test_gelu_is_right_to_a_millionth() -> None:
    values = np.linspace(-8, 8, 2001, dtype=np.float32)

    exact = [0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in values.tolist()]

    assert _gelu(values) == pytest.approx(np.array(exact), abs=2e-6)


@pytest.mark.parametrize("content", [b"", b"\x05\x00\x00\x00\x00\x00\x00\x00[1,2]", b"x" * 100])
def test_a_file_that_is_no_network_is_one_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad").write_bytes(content)

    with pytest.raises(StorageError):
        Bert(tmp_path / "bad")


def test_a_text_longer_than_the_network_takes_is_read_in_windows(network: Path) -> None:
    encoder = Encoder(Bert(network))
    sentences = [f"Sentence {number} says that we measured it with care." for number in range(120)]

    found = encoder.embed("A title", [sentences, ["A section of its own."]])
    start = encoder.embed("A title", [sentences[:5]])

    assert found.whole.shape == (len(LAYERS), 384) and found.sentences.shape == (121, 384)
    assert np.linalg.norm(found.whole, axis=1) == pytest.approx(1.0)
    assert np.abs(found.sentences).sum(axis=1).min() > 0
    assert encoder.embed("A title", [[]]).sentences.shape == (0, 384)
    assert not np.allclose(found.whole, start.whole)


def test_a_draft_has_the_sizes_of_the_taxonomy_and_the_rules_of_the_baseline(
    tagger: EncodedTagger, taxonomy: Taxonomy
) -> None:
    paper = Paper("p", "A network", "We release the code on GitHub. It beats all others by 12%.")

    draft, scores = tagger.tag(paper), tagger.scores(paper)

    assert len(draft.tasks) <= taxonomy.sizes["tasks"].most
    assert draft.code.status == "released" and draft.code.sentence == 1
    assert len(scores.sentences) == 2
    for field in LABEL_FIELDS:
        assert scores.labels[field].keys() == taxonomy.labels[field].keys()
    assert tagger.scores(paper) == scores


def test_a_taxonomy_of_ones_own_needs_no_fitting(network: Path, tmp_path: Path) -> None:
    text = (
        "tasks:\n  beekeeping: hives, bees, honey\n  sailing: hulls, keels and sails\n"
        "modalities:\n  honey: honey itself\ncontributions:\n  loom: a new way to weave\n"
        "claim_kinds:\n  taste: it tastes good\n  yield: kilograms of it\n"
        "artifact_status:\n  released: now\n  promised: later\n  not-stated: nothing\n"
    )
    bees = connect(MODEL, network, parse(text, name="bees", where="bees"), tmp_path)
    again = connect(MODEL, network, parse(text, name="bees", where="bees"), tmp_path)
    paper = Paper("p", "Bees", "Bees in hives make honey. We show that it tastes better than ever.")

    assert set(bees.scores(paper).labels["tasks"]) == {"beekeeping", "sailing"}
    assert len(list(tmp_path.glob("definitions-*.npz"))) == 1
    assert again.scores(paper).labels["tasks"] == pytest.approx(bees.scores(paper).labels["tasks"])


def test_what_ships_was_fitted_on_the_baseline_that_ships() -> None:
    fit, probes = load_fit(MODEL.model_id)

    assert fit.baseline == version(fitted()) and fit.fitted_on == fitted().fitted_on
    assert probes.labels.shape == (len(LAYERS), len(fit.labels), 385)
    assert probes.kind.shape == (len(fit.claims.kinds), 385)


@pytest.mark.slow
def test_the_real_weights_tell_like_sentences_from_unlike_ones() -> None:
    import platformdirs

    assert MODEL.file is not None
    file = find(MODEL.file, platformdirs.user_cache_path("papercards") / "models")
    if file is None:
        pytest.skip("the weights are not here: papercards models pull local/minilm")
    encoder = Encoder(Bert(file))
    eating, bread, carrying = map(
        encoder.text,
        ["A man is eating food.", "A man is eating a piece of bread.", "The girl is carrying a baby."],
    )

    assert float(eating @ bread) == pytest.approx(0.7553, abs=0.001)
    assert float(eating @ carrying) == pytest.approx(-0.1050, abs=0.001)
    assert float(bread @ carrying) == pytest.approx(-0.0610, abs=0.001)
