import pytest

from papercards.reading.proper_names import names, strange_names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We train ImageNet models", ("ImageNet",)),
        ("Researchers in Spain use a Model", ("Spain", "Model")),
        ("GPT-4o is here, GPT-4o", ("GPT-4o",)),
        ("it is 40% better than 2d ones", ()),
        ("A I", ()),
    ],
)
def test_what_is_written_as_a_name(text: str, found: tuple[str, ...]) -> None:
    assert names(text) == found


def test_the_first_word_of_a_source_is_known_in_any_case() -> None:
    assert strange_names("the Transformer", "transformers are large") == ()
    assert strange_names("an LSTM-based Net", "an LSTM") == ("Net",)
