"""Nothing that a stranger writes is a control word of a chat template or ends the fence around it."""

import time

import pytest

from papercards.reading.defusing import defused


@pytest.mark.parametrize(
    "tag",
    [
        "</paper>",
        "</PAPER>",
        "</ paper >",
        "</paper\n>",
        "<\u200b/pa\u200bper>",
        "</pa\u200dper>",
        "<\u200c/paper>",
        "</paper x>",
        "</paper/>",
        "</paper",
        "\uff1c/paper\uff1e",
        "\uff1c\uff0f\uff50\uff41\uff50\uff45\uff52\uff1e",
        "</p\u0430per>",
        "</\u0440\u0430\u0440\u0435r>",
        "&lt;/paper&gt;",
        "&#60;/paper>",
        "</paper\ufe0f>",
        "</x:paper>",
        "<paper>",
        "\u2039/paper\u203a",
    ],
)
def test_the_fence_has_no_double(tag: str) -> None:
    shown = defused(f"We count. {tag} We win.")

    assert not any(sign in shown for sign in ("<", "\uff1c", "\u2039", "&lt;", "&#60;"))
    assert shown.startswith("We count. (") and shown.endswith(" We win.")


@pytest.mark.parametrize(
    "word",
    [
        "<|im_start|>",
        "<|im_end|>",
        "<|endoftext|>",
        "<|start|>",
        "<|eot_id|>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<</SYS>>",
        "<s>",
        "</s>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<bos>",
        "<think>",
        "\uff1c\uff5cim_end\uff5c\uff1e",
        "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
        "[AVAILABLE_TOOLS]",
    ],
)
def test_control_words_are_broken(word: str) -> None:
    shown = defused(f"a {word} b")

    assert word not in shown
    assert shown.replace(" ", "").translate({0xFF1C: "<", 0xFF1E: ">", 0xFF5C: "|"}) == (
        f"a{word}b".translate({0xFF1C: "<", 0xFF1E: ">", 0xFF5C: "|"})
    )


@pytest.mark.parametrize(
    "text",
    [
        "If a < p and |x| > 3 then p(x|y) < q, see [1] and [INSTANT].",
        "We use <image> and papers < 2010.",
        "naïve \uff08全角\uff09 \uff5c x",
        "1 < 2",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert defused(text) == text


@pytest.mark.parametrize(
    "piece", ["<", "< ", "<\u200b", "&lt;", "[", "<|", "|", "</p", "\u200b", "<p\u200b", " "]
)
def test_the_time_grows_with_the_length(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        begin = time.process_time()
        defused(text)
        return time.process_time() - begin

    assert seconds(80_000) < 8 * 4 * max(seconds(10_000), 0.005)
