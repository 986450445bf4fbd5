"""LaTeX to text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papercards.bibliography import latex
from papercards.bibliography.tags import one_line


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            r"G{\"o}del, {\"{O}}, \"o, na\"{\i}ve, \v{S}koda, \c c, {\'E}mile",
            "Gödel, Ö, ö, naïve, Škoda, ç, Émile",
        ),
        (r"Stra\ss e, {\ss}, \L{}\'od\'z, \AA ngstr{\o}m", "Straße, ß, Łódź, Ångstrøm"),
        (
            r"\alpha is learnt, $\alpha_{i} \le \frac{1}{2}$ and \(x^2\) are kept",
            "\N{GREEK SMALL LETTER ALPHA} is learnt, $\\alpha_{i} \\le \\frac{1}{2}$ and \\(x^2\\) are kept",
        ),
        (r"{A {Nested {Title}} of {BERT}}", "A Nested Title of BERT"),
        (r"5\% of R\&D, \$5, a\_b, \{x\}, \#1", "5% of R&D, $5, a_b, {x}, #1"),
        ("a bare 50% of A & B costs $5 million", "a bare 50% of A & B costs $5 million"),
        (
            r"``quoted'' words -- and---more, Fig.~3 at http://x.org/~me",
            "“quoted” words \u2013 and—more, Fig. 3 at http://x.org/~me",
        ),
        (
            r"\emph{it \textbf{works}} {\em well} with \url{https://a.b/c_d}",
            "it works well with https://a.b/c_d",
        ),
        (r"see \href{https://a.b}{the code}", "see the code (https://a.b)"),
        (r"line\\break \LaTeX{} \unknown here", r"line break LaTeX \unknown here"),
        ("wrapped\n    at will", "wrapped at will"),
        (r"\input{/etc/passwd}", "/etc/passwd"),
    ],
)
def test_latex_becomes_text(value: str, text: str) -> None:
    assert latex.text(value) == text


@given(st.text().map(one_line))
def test_what_is_escaped_reads_as_it_was(line: str) -> None:
    assert latex.text(latex.escaped(line)) == line


@given(st.text().map(one_line))
def test_escaped_text_has_its_braces_in_pairs_however_they_are_counted(line: str) -> None:
    for ascii_only in (False, True):
        escaped = latex.escaped(line, ascii_only=ascii_only)
        depth = 0
        for c in escaped:
            depth += (c == "{") - (c == "}")
            assert depth >= 0
        assert depth == 0
        assert "\n" not in escaped
        assert r"\{" not in escaped and r"\}" not in escaped
        assert escaped.isascii() or not ascii_only


@pytest.mark.parametrize("unit", ["$", "{", r"\'", "$a", r"\a{", "`", r"\href{", r"$\a", r"\c ", "\\", "-"])
def test_hostile_values_take_no_longer_than_their_length(unit: str) -> None:
    assert isinstance(latex.text(unit * 50_000), str)
