"""Invented papers: titles, abstracts and filler, as LaTeX and as the plain text that a reader should get.

Every sentence is our own. A paper is drawn from the pools below with its number as the seed, so that the
set can be made again letter for letter.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

MARKUP = {
    "square": ("$x^2$", "x^2"),
    "alpha": (r"$\alpha$", "\u03b1"),
    "beta": (r"$\beta$", "\u03b2"),
    "co2": (r"CO$_2$", "CO2"),
    "order": (r"$O(n \log n)$", "O(n log n)"),
    "power": (r"$10^{6}$", "10^6"),
    "half": (r"$p < 0.05$", "p < 0.05"),
    "pm": (r"$\pm$", "\u00b1"),
    "times": (r"$\times$", "\u00d7"),
    "percent": (r"\%", "%"),
    "amp": (r"\&", "&"),
    "system": (r"\textsc{LoadReader}", "LoadReader"),
    "it": (r"\emph{calendar}", "calendar"),
    "note": (r"\footnote{These two wrote the paper together, and share its errors.}", ""),
    "url": (r"\url{https://example.org/data/load-v2}", "https://example.org/data/load-v2"),
    "q": ("``", "\u201c"),
    "p": ("''", "\u201d"),
    "apos": ("'", "\u2019"),
    "dash": ("--", "\u2013"),
    "long": ("---", "\u2014"),
}
"""What stands in braces: as LaTeX, and as it reads."""

SUBJECTS = (
    ("city load", "the load of a city", "hourly demand"),
    ("river floods", "the level of a river", "gauge readings"),
    ("bird songs", "the song of a bird", "field recordings"),
    ("bakery waste", "the waste of a bakery", "daily sales"),
    ("fjord traffic", "the traffic of a fjord", "ferry logs"),
    ("office air", "the air of an office", "{co2} readings"),
    ("protein folds", "the fold of a protein", "contact maps"),
    ("court rulings", "the outcome of a ruling", "case files"),
    ("wind farms", "the yield of a wind farm", "turbine logs"),
    ("coffee roasts", "the colour of a roast", "reflectance curves"),
    ("glacier flow", "the flow of a glacier", "satellite frames"),
    ("chess endings", "the value of an ending", "tablebase entries"),
    ("na\u00efve listeners", "the ear of a listener", "audio ratings"),
    ("graph queries", "the cost of a query", "query traces"),
    ("soft robots", "the shape of a soft robot", "strain readings"),
    ("fluid mixing", "the mixing of a fluid", "dye images"),
)

TITLES = (
    "Small Models Forecast {S}",
    "Learning {S} from Few Labels",
    "What Calendars Say of {S}: A Study in Four Cities",
    "Efficient and Affordable Filters for {S}",
    "On the Difficulty of {S} and Why It Is Not Sufficient",
    "Towards State-of-the-Art {S} with Self-Supervised Encoders: Methods, Measurements, and a Long List of "
    "What We Could Not Explain",
    "Fr\u00e9chet Means for {S}",
    "Do Na\u00efve Baselines Suffice? Revisiting {S} with Poincar\u00e9 Embeddings",
    "LoadReader: Reading {S} Once",
    "A Benchmark of {S} across Offices, Flats and Fields",
    "Can a Calendar Replace a Sensor? {S} in Practice",
    "Low-Rank Adaptation of Encoders for {S} under Shifts of Season and of Scale",
)

_BRACED = re.compile(r"\{(\w+)\}")
_FORMULAS = frozenset(MARKUP) - {"percent", "amp", "q", "p", "apos", "dash", "long", "url"}

OPENING = (
    "We study how far {s} can be forecast by small models.",
    "Forecasts of {s} are costly, since every site needs a model of its own.",
    "Many methods for {s} rest on sensors that few sites can afford.",
    "How {o} changes from one day to the next is still not understood in sufficient detail.",
    "Reading {o} from {d} is difficult where labels are scarce.",
)
MIDDLE = (
    "A shared encoder reads {d} of the past week, and a light-weight head gives the next day.",
    "We propose {system}, an efficient filter that treats the {it} as a signal of its own.",
    "Our approach combines a well-known decomposition with a self-supervised objective, and its cost grows as {order}.",
    "The method needs one pass over {d}, keeps {power} values in memory, and has no hyperparameters.",
    "We first show that the na\u00efve estimator is biased, then correct it with a Poincar\u00e9 map of low rank.",
    "Under a mild assumption on the {alpha}-mixing of {d}, the estimator is consistent and its error falls as {square} does.",
    "In contrast to earlier work, we do not fine-tune the encoder, which makes the comparison of different sites straightforward.",
    "Following G\u00f6del and \u00c5ngstr\u00f6m (2019), we call such a model {q}frugal{p}: it says nothing where it knows nothing.",
)
RESULTS = (
    "On three public data sets the error falls by 12.5{percent} ({half}), while training takes a tenth of the time.",
    "Across 24 sites it lowers the mean absolute error from 3.1 {pm} 0.2 to 2.4 {pm} 0.1.",
    "It is 30{percent} faster than the state-of-the-art and 4{times} smaller, at the same accuracy.",
    "In a field trial of nine months, staff accepted 87{percent} of its suggestions without a change.",
    "The gain is largest for sites with fewer than 50 days of records, where other methods offer no help.",
    "Neither the choice of {beta} nor the order of the sites affects the finding.",
)
CLOSING = (
    "An ablation shows that the {it} features matter most.",
    "We discuss where the method fails, and what a reader should not conclude from it.",
    "Code and data are available at {url}.",
    "These findings suggest that simple, specific models deserve a second look before larger ones are built.",
    "We release the benchmark{apos}s 1{dash}5 year records{long}with all their gaps{long}for further work.",
)
FILLER = (
    "Energy systems need forecasts that are quick and cheap, and many teams train large networks on data that few others may see.",
    "In this text we ask how far a small model goes when it is given a good calendar and an honest baseline.",
    "Earlier work looked at single buildings and at whole countries, and found that the weather of the day before matters most.",
    "The rest of the text is organised as is usual in this field, and the appendix has tables for every site and every month.",
    "Our numbers were computed twice, on two machines, with one seed each, and differ in the third digit only.",
    "We describe the data first, then the model, and then what went wrong when the sensors were replaced in spring.",
    "A light-weight head is fitted for each site by least squares, which takes less than a second on an old laptop.",
    "The encoder is self-supervised: it sees the past week with gaps and has to fill them from what it knows of other sites.",
    "Whether such a model suffices in practice depends on how its errors are paid for, which we come back to below.",
    "State-of-the-art methods fine-tune all their weights, so that a comparison of different sites is not straightforward.",
    "Affordable sensors drift, and the offset of one of ours grew by two percent in a month before anyone noticed.",
    "We leave the difficult question of holidays that move through the year to the next section and to further work.",
)
CONCLUSIONS = (
    "We have shown that small models read {d} well enough to be of use. What remains difficult is the first week of a "
    "new site, for which no method that we know of is sufficient. Future work should look at moving holidays.",
    "A calendar and a light-weight head suffice for {s} in most of our sites. The error that is left comes from sensors, "
    "not from the model, and we expect no further gain from larger encoders.",
)
AVAILABLE = "All data and code are available at https://example.org/data/load-v2 under the MIT licence."
NAMES = (
    "Ada Muster",
    "B. J. Beispiel",
    "Ren\u00e9e D\u00e9l\u00e8ve",
    "J\u00fcrgen \u00d6hlstr\u00f6m",
    "Xin Example",
    "M. \u0141ukaszewicz",
    "Sof\u00eda Nu\u00f1ez",
    "Paul O'Sample",
    "K. Fjeldstad",
    "Tran Vi Du",
    "Anna-Lena Probst",
    "C. Efficax",
)
PLACES = (
    "Department of Examples, University of Somewhere",
    "Example Institute of Technology, Musterstadt",
    "Office of Affairs, Fjord College",
    "Sample Research Laboratory",
)


@dataclass(frozen=True)
class Text:
    """One invented paper; the fields are in our markup, `latex` and `plain` write them out."""

    title: str
    abstract: str
    body: tuple[str, ...]
    """Paragraphs."""
    conclusion: str
    authors: tuple[str, ...]
    places: tuple[str, ...]


def invented(number: int, *, formulas: bool = True) -> Text:
    """The paper of a number. Without `formulas`, it has no markup but quotes and dashes."""
    draw = random.Random(number)
    subject, of_one, data = SUBJECTS[number % len(SUBJECTS)]

    def fill(words: str) -> str:
        words = words.replace("{s}", subject).replace("{o}", of_one).replace("{d}", data)
        return words.replace("{S}", _capitals(subject))

    def pick(pool: Sequence[str], count: int) -> list[str]:
        allowed = [one for one in map(fill, pool) if formulas or _FORMULAS.isdisjoint(_BRACED.findall(one))]
        return draw.sample(allowed, min(count, len(allowed)))

    sentences = [
        *pick(OPENING, 1 + number % 2),
        *pick(MIDDLE, 2 + number % 3),
        *pick(RESULTS, 1 + number % 2),
        *pick(CLOSING, 1 + (number // 2) % 2),
    ]
    return Text(
        fill(TITLES[(number * 5 + number // 12) % len(TITLES)]),
        " ".join(sentences),
        tuple(" ".join(draw.sample(FILLER, 5)) for _ in range(14)),
        fill(CONCLUSIONS[number % 2]),
        tuple(draw.sample(NAMES, 2 + number % 4)),
        tuple(draw.sample(PLACES, 1 + number % 2)),
    )


def _capitals(words: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in words.split())


def latex(words: str) -> str:
    """As LaTeX."""
    return _BRACED.sub(lambda m: MARKUP[m[1]][0], words)


def plain(words: str) -> str:
    """As a reader should get it: powers as `^2`, what is lowered on the line, marks of notes left out."""
    return " ".join(_BRACED.sub(lambda m: MARKUP[m[1]][1], words).split())
