# ruff: noqa: E501, RUF001 (noise stands as it comes)
"""The look before a card: noise is set aside, papers pass."""

import random
import string

import pytest

from papercards.reading.plausible import fault
from papercards.sources import BadRecord, open_source
from tests.conftest import SEED

TITLE = "Small models forecast the load of cities"
GOOD = (
    "We forecast hourly energy demand of four cities with small models. A shared encoder reads calendars and "
    "weather, and the error falls by 5%. Code is available at https://example.org/load."
)
_RANDOM = random.Random(7)
_LETTERS = "".join(_RANDOM.choice(string.ascii_letters + string.digits + "+/") for _ in range(900))

ABSTRACTS = {
    "nothing but a dash": "-",
    "n/a": "N/A",
    "none": "None",
    "no abstract available": "No abstract available.",
    "abstract missing": "[Abstract Missing]",
    "not available in German": "Kein Abstract verfügbar",
    "not available in French": "Pas de résumé disponible.",
    "not available in Spanish": "Resumen no disponible",
    "not available in Chinese": "暂无摘要",
    "see the full text": "Please see the full text PDF for the abstract.",
    "to be announced": "TBA",
    "a question mark": "?",
    "lorem ipsum": "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.",
    "cookie banner": "We use cookies to improve your experience. By clicking Accept all cookies you agree to our policy.",
    "access denied": "Access Denied. You don't have permission to access this server. Reference #18.2f3c",
    "captcha": "Please verify you are a human. Complete the CAPTCHA below to continue to the site.",
    "javascript": "JavaScript is disabled in your browser. Please enable JavaScript to proceed.",
    "log in": "You do not have access to this content. Log in or sign up through your institution.",
    "purchase": "Purchase this article for $39.95. Get instant access to the full article PDF.",
    "not found": "404 Not Found. The page you requested could not be found on this server.",
    "checking the browser": "Checking your browser before accessing the site. This process is automatic. Ray ID: 7f3",
    "HTML": "<div class='a'><p>One</p><ul><li>Two</li><li>Three</li></ul><span>Four</span></div><br/><p>Five</p>",
    "JSON": '{"title": "A", "abstract": "B", "year": 2020, "authors": ["C", "D"], "venue": "E"}',
    "base64": _LETTERS,
    "hex": " ".join(f"{_RANDOM.randrange(256):02x}" for _ in range(200)),
    "Python": "import numpy as np\n\ndef load(path):\n    return np.load(path)\n\nif __name__ == '__main__':\n    print(load('a'))",
    "JavaScript code": "function load(x) { return fetch(x).then(r => r.json()); }\nconst a = load('b'); if (a === null) { throw 1; }",
    "SQL": "SELECT title, abstract FROM papers WHERE year > 2020 AND venue = 'X' ORDER BY year DESC LIMIT 10;",
    "stack trace": 'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    main()\n  File "a.py", line 2, in main\nValueError: no',
    "Java trace": "java.lang.NullPointerException\n\tat org.example.A.b(A.java:12)\n\tat org.example.C.d(C.java:44)\n\tat org.example.E.f(E.java:7)",
    "log": "2024-01-01 12:00:01 INFO start\n2024-01-01 12:00:02 WARN slow\n2024-01-01 12:00:03 ERROR failed\n2024-01-01 12:00:04 INFO end",
    "LaTeX source": "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\\maketitle\\section{Introduction}\\bibliography{a}",
    "references": "[1] A. Author, B. Other. Title one. Journal of A, 12(3):1-10, 2010. [2] C. Third et al. Title two. In Proc. of B, pp. 11-20, 2012. [3] D. Fourth. Title three. J. C, 4:5-6, 2014. doi:10.1000/1",
    "addresses": "https://example.org/a https://example.org/b https://example.org/c https://example.org/d https://example.org/e",
    "mail addresses": "a.b@example.org, c.d@example.org, e.f@example.org, g.h@example.org, i.j@example.org",
    "affiliations": "1 Department of Physics, University of A, 12345 A, Germany. 2 Institute of B, University of C, 67890 D, France. 3 School of E, University of F, G, USA. a@a.org, b@b.org",
    "names": "Anna Author, Ben Brown, Carla Clark, David Dunn, Eva Evans, Frank Ford, Gina Green, Hans Huber, Ida Ivers",
    "keywords": "forecasting; energy; demand; small models; calendars; weather; encoder; transformers; cities; load; hourly",
    "table of contents": "1 Introduction ........ 1\n2 Method ........ 4\n2.1 Data ........ 5\n3 Results ........ 9\n4 End ........ 12",
    "a table": "| model | a | b | c |\n|---|---|---|---|\n| x | 1 | 2 | 3 |\n| y | 4 | 5 | 6 |\n| z | 7 | 8 | 9 |",
    "digits": " ".join(str(_RANDOM.randrange(10**6)) for _ in range(80)),
    "signs": "#### **** ---- ==== //// ++++ ???? !!!! %%%% &&&& @@@@ ~~~~ ^^^^ |||| #### **** ----",
    "one letter": "a" * 400,
    "a sentence over and over": "We forecast the demand of cities. " * 40,
    "mojibake": "PrÃ©vision de la charge des villes Ã  l'aide de petits modÃ¨les Ã  mÃ©moire partagÃ©e, Ã©valuÃ©s sur quatre villes",
    "mojibake twice": "The modelâ€™s error â€œfallsâ€ by 5% â€“ the cityâ€™s load isnâ€™t hard, and itâ€™s â€œcheapâ€",
    "lost letters": "The \ufffd\ufffd model \ufffd\ufffd of \ufffd\ufffd cities \ufffd\ufffd is \ufffd\ufffd good \ufffd\ufffd and \ufffd cheap",
    "control characters": "The model\x01\x02 of\x03\x04 cities\x05\x06 is\x07 good\x08 and\x0e\x0f cheap\x10 to run\x11 on one device",
    "codes of a PDF": "(cid:12)(cid:34) The (cid:56)(cid:78) model (cid:90)(cid:12) of (cid:34)(cid:56) cities (cid:78)",
    "two papers": f"Abstract: {GOOD}\n\nAbstract: We segment kidneys with a small network. Dice rises to 0.95 on scans.",
    "RIS": "TY  - JOUR\nTI  - Kidneys in CT scans\nAB  - We segment kidneys.\nPY  - 2020\nER  - ",
    "BibTeX": "@article{a2020,\n  title = {Kidneys},\n  author = {A and B},\n  journal = {C},\n  year = 2020\n}",
    "a whole paper": f"{GOOD} " * 300,
    "keyboard": "asdfgh jklqwrt zxcvbn dfghjk qwrtzp sdfghj xcvbnm wrtzpl kjhgfd mnbvcx lkjhgf poiztr zhnbgt vfrcde",
}
TITLES = {
    "a thousand characters": GOOD * 6,
    "an address": "https://example.org/papers/12345",
    "a DOI": "10.1000/182",
    "untitled": "Untitled",
    "digits": "12345",
    "markup": "<h1><b>Small models</b></h1>",
    "a record": "TY  - JOUR TI  - Small models AB  - We",
    "access denied": "Access Denied",
}
assert len(ABSTRACTS) + len(TITLES) >= 60
PASSES_STILL = frozenset({"purchase"})
"""Kinds that are not told yet; three may be."""


@pytest.mark.parametrize("kind", ABSTRACTS)
def test_what_is_no_abstract_is_set_aside(kind: str) -> None:
    assert bool(fault(TITLE, ABSTRACTS[kind])) is (kind not in PASSES_STILL)


@pytest.mark.parametrize("kind", TITLES)
def test_what_is_no_title_is_set_aside(kind: str) -> None:
    assert bool(fault(TITLES[kind], GOOD)) is (kind not in PASSES_STILL)


def test_few_kinds_of_noise_pass() -> None:
    assert len(PASSES_STILL) <= 3


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        (TITLE, GOOD),
        ("On primes", "We prove that there are infinitely many primes."),
        (
            "A note on $L^2$",
            r"We show that $\|f\|_{L^2(\mathbb{R}^n)} \le C \|f\|_{H^s}$ for all $s > n/2$ and $f \in H^s$.",
        ),
        (
            "Über Wälder",
            "Wir sagen die Last von vier Städten mit kleinen Modellen voraus. Der Fehler sinkt um 5 %.",
        ),
        (
            "予測について",
            "本研究では、小さなモデルを用いて都市の電力需要を予測する手法を提案する。誤差は5%減少した。",
        ),
        (
            "Прогноз нагрузки",
            "Мы прогнозируем почасовой спрос на энергию в четырёх городах с помощью малых моделей.",
        ),
        (
            "GPT-4 passes",
            "GPT-4 scores 86.4% on MMLU, 95.3% on HellaSwag, 96.3% on ARC and 67.0% on HumanEval, up from 70.0, 85.5, 85.2 and 48.1.",
        ),
        (
            "lme4: models in R",
            "The package lme4 fits mixed models in R: lmer(y ~ x + (1 | g), data = d). It is fast, and its interface is that of lm().",
        ),
        (
            "Attention",
            "BACKGROUND: Clinics are busy. METHODS: We asked 40 of them. RESULTS: Most are. CONCLUSIONS: They need help.",
        ),
        ("Counting", "We count to four. Code: https://github.com/a/b"),
        ("Why?", "Why do networks generalize? Nobody knows. We offer an answer."),
        (
            "C++",
            "We present a library for C++17. See https://example.org and https://example.com/docs for the code and its manual.",
        ),
    ],
)
def test_odd_papers_pass(title: str, abstract: str) -> None:
    assert fault(title, abstract) == ""


def test_no_paper_of_the_seed_corpus_is_set_aside() -> None:
    records = list(open_source(str(SEED)))
    assert len(records) == 215 and not [one for one in records if isinstance(one, BadRecord)]
    assert [fault(one.title, one.abstract) for one in records if not isinstance(one, BadRecord)] == [""] * 215
