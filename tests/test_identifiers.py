"""Ids of papers in every form in which people write them: one paper, one name."""

import time

import pytest

from papercards.paper import page_of, paper_id
from papercards.text.identifiers import arxiv_id, doi, mentioned_arxiv_id, name

SICI = "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o"


@pytest.mark.parametrize(
    "word",
    [
        "2401.03955",
        " 2401.03955\t",
        "arXiv:2401.03955",
        "ARXIV: 2401.03955",
        "arXiv:2401.03955 [cs.LG]",
        "arXiv:2401.03955 (cs.LG)",
        "(arXiv:2401.03955).",
        "2401.03955.pdf",
        "arxiv.org/abs/2401.03955",
        "https://arxiv.org/abs/2401.03955/",
        "https://arxiv.org/abs/2401.03955?context=cs#comments",
        "http://www.arxiv.org/pdf/2401.03955.pdf",
        "https://arxiv.org/html/2401.03955",
        "https://export.arxiv.org/abs/2401.03955",
        "//arxiv.org/abs/2401.03955",
        "https://ar5iv.labs.arxiv.org/html/2401.03955",
        "https://www.alphaxiv.org/abs/2401.03955",
        "https://huggingface.co/papers/2401.03955",
        "hf.co/papers/2401.03955",
        "10.48550/arXiv.2401.03955",
        "https://doi.org/10.48550/ARXIV.2401.03955",
        "doi:https://doi.org/10.48550/arXiv.2401.03955",
        "oai:arXiv.org:2401.03955",
        "<https://arxiv.org/abs/2401.03955>",
        "“2401.03955”,",
        "*2401.03955*",
        r"\url{https://arxiv.org/abs/2401.03955}",
        "https%3A%2F%2Farxiv.org%2Fabs%2F2401.03955",
        "https%253A%252F%252Farxiv.org%252Fabs%252F2401.03955",
    ],
)
def test_each_form_of_an_arxiv_id_is_that_id(word: str) -> None:
    assert arxiv_id(word) == "2401.03955"
    assert name(word) == paper_id("T", "A", url=word) == "arxiv:2401.03955"


@pytest.mark.parametrize(
    ("word", "id_"),
    [
        ("arXiv:2401.03955v2", "2401.03955v2"),
        ("https://arxiv.org/pdf/2401.03955V12.pdf", "2401.03955v12"),
        ("10.48550/arXiv.2401.03955v1", "2401.03955v1"),
        ("hep-th/9901001", "hep-th/9901001"),
        ("arXiv:hep-th/9901001v3 [hep-th]", "hep-th/9901001v3"),
        ("math.GT/0309136", "math/0309136"),
        ("cond-mat.mes-hall/0309136", "cond-mat/0309136"),
        ("arxiv.org/abs/hep-th%2F9901001", "hep-th/9901001"),
        ("https://arxiv.org/pdf/math.GT/0309136.pdf", "math/0309136"),
        ("0704.0001", "0704.0001"),
        ("1412.1234", "1412.1234"),
        ("1501.12345", "1501.12345"),
    ],
)
def test_versions_and_old_ids(word: str, id_: str) -> None:
    assert arxiv_id(word) == id_


@pytest.mark.parametrize(
    "word",
    [
        "2413.00001",  # no such month
        "2401.0395",  # a zero that a spreadsheet lost
        "1412.12345",  # five digits came in 2015
        "0612.0001",  # before such ids
        "2401.039555",
        "data/2401001",
        "foo/0309136",
        "12345.67890",
        "3.14159",
        "v2",
        "",
        "https://example.org/abs/2401.03955",
        "https://arxiv.org.example.org/abs/2401.03955",
        "https://example.org/?u=arxiv.org/abs/2401.03955",
        "https://arxiv.org/list/cs.LG/recent",
    ],
)
def test_what_only_looks_like_an_arxiv_id_is_none(word: str) -> None:
    assert arxiv_id(word) is None


@pytest.mark.parametrize(
    ("word", "id_"),
    [
        ("10.1000/182", "10.1000/182"),
        ("doi:10.1000/182", "10.1000/182"),
        ("DOI 10.1000/182.", "10.1000/182"),
        ("https://doi.org/10.1000/ABC", "10.1000/abc"),
        ("http://dx.doi.org/10.1000/182", "10.1000/182"),
        ("www.doi.org/10.1000/182", "10.1000/182"),
        ("https://doi.org/10.1000%2F182", "10.1000/182"),
        ("https://doi.org/10.1000/182?utm_source=x#top", "10.1000/182"),
        ("https://doi-org.proxy.example.edu/10.1000/182", "10.1000/182"),
        ("info:doi/10.1000/182", "10.1000/182"),
        ("[10.1000/182];", "10.1000/182"),
        ("10.1234.5/a[b]c", "10.1234.5/a[b]c"),
        ("10.1016/S0140-6736(97)11096-0", "10.1016/s0140-6736(97)11096-0"),
        ("(10.1016/S0140-6736(97)11096-0)", "10.1016/s0140-6736(97)11096-0"),
        ("10.1016/0370-2693(85)90001-0).", "10.1016/0370-2693(85)90001-0"),
        ("10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O", SICI),
        ("https://doi.org/10.1002/(SICI)1097-4571(199806)49:8%3C693::AID-ASI4%3E3.0.CO;2-O", SICI),
        ("10.1002%2F(SICI)1097-4571(199806)49%3A8%3C693%3A%3AAID-ASI4%3E3.0.CO%3B2-O", SICI),
        ("10.1002/(SICI)1097-4571(199806)49:8&lt;693::AID-ASI4&gt;3.0.CO;2-O", SICI),
        ("https://dl.acm.org/doi/pdf/10.1145/3292500.3330701?download=true", "10.1145/3292500.3330701"),
        ("https://onlinelibrary.wiley.com/doi/full/10.1002/asi.20001", "10.1002/asi.20001"),
        ("https://link.springer.com/article/10.1007/s10994-021-05961-4", "10.1007/s10994-021-05961-4"),
        ("https://journals.plos.org/plosone/article?id=10.1371/journal.pone.01", "10.1371/journal.pone.01"),
        ("https://www.biorxiv.org/content/10.1101/2020.01.01.123456v1.full.pdf", "10.1101/2020.01.01.123456"),
        ("https://iopscience.iop.org/article/10.1088/1742-6596/1/1/001/meta", "10.1088/1742-6596/1/1/001"),
    ],
)
def test_each_form_of_a_doi_is_that_doi(word: str, id_: str) -> None:
    assert doi(word) == id_
    assert paper_id("T", "A", doi=word) == f"doi:{id_}"


@pytest.mark.parametrize(
    "word", ["10.1/x", "10.1000", "1210.1000/182", "https://example.org/10.1000/182", "x"]
)
def test_what_only_looks_like_a_doi_is_none(word: str) -> None:
    assert doi(word) is None


@pytest.mark.parametrize(
    ("word", "id_"),
    [
        ("https://aclanthology.org/2024.acl-long.1/", "acl:2024.acl-long.1"),
        ("https://aclanthology.org/p19-1001v2.pdf", "acl:P19-1001"),
        ("https://www.aclweb.org/anthology/P19-1001", "acl:P19-1001"),
        ("https://openreview.net/forum?id=rJ4km2R5t7&noteId=x", "openreview:rJ4km2R5t7"),
        ("https://openreview.net/pdf?id=rJ4km2R5t7", "openreview:rJ4km2R5t7"),
    ],
)
def test_pages_of_conferences_name_their_papers(word: str, id_: str) -> None:
    assert name(word) == paper_id("T", "A", url=word, given="key2019") == id_
    assert name(page_of(id_) or "") == id_
    assert paper_id("T", "A", url=word, doi="10.1000/182") == "doi:10.1000/182"


@pytest.mark.parametrize(
    "text",
    [
        "arXiv preprint arXiv:2401.03955v2 [cs.LG], 2024",
        "arXiv e-prints, p. arXiv:2401.03955",
        "arXiv preprint 2401.03955",
        "arXiv [Preprint] 2401.03955",
        "CoRR abs/2401.03955",
        "abs/2401.03955",
        "Available at https://arxiv.org/abs/2401.03955.",
        "Preprint: https://doi.org/10.48550/arXiv.2401.03955 (2024)",
        r"\url{https://arxiv.org/pdf/2401.03955}",
    ],
)
def test_an_id_is_found_where_a_text_says_that_it_is_one(text: str) -> None:
    assert (mentioned_arxiv_id(text) or "").startswith("2401.03955")


@pytest.mark.parametrize(
    "text", ["pages 2401.03955", "version 2401.03955 of it", "arXiv", "arXiv:2401.0395555"]
)
def test_a_number_in_a_text_is_no_id(text: str) -> None:
    assert mentioned_arxiv_id(text) is None


@pytest.mark.parametrize(
    "evil",
    [
        "(" * 100_000,
        "10.1000/" + ")" * 100_000,
        "https://x/" + "doi/" * 30_000,
        "https://x/y?" + "id=&" * 30_000,
        "https://openreview.net/forum?" + "a&" * 50_000,
        "arxiv " * 20_000,
        "arxiv" + " preprint" * 20_000,
        "doi:" * 30_000,
        "%252f" * 20_000,
    ],
)
def test_a_strangers_text_costs_little_time(evil: str) -> None:
    begin = time.process_time()
    for find in (arxiv_id, doi, name, mentioned_arxiv_id):
        for text in (evil, evil[:2048]):
            find(text)
    assert time.process_time() - begin < 2.0
